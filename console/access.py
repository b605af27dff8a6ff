"""Who may do what in the console: every route is hung in here with the role that it needs.

`Routes.get` and `Routes.post` are the only way in. A route that was added otherwise fails `create_app` (see
`check_doors`), so that none can be forgotten. What a changing call has to show is in console.guard.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from pii.redacted import Redacted
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.guard import Guard
    from tickets.staff import Member
    from tickets.staff_login import StaffSession

RANK = {role: number for number, role in enumerate(Role)}
STATIC_PATH = "/static"
_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class AccessError(RuntimeError):
    """A route that nobody said a role for, or that is there twice: the console does not start."""


class Stage(str, Enum):
    """How far somebody has to have come in."""

    ANYBODY = "anybody"  # the login itself
    BEGUN = "begun"  # the password was right; what else is asked for may still be open
    INSIDE = "inside"


@dataclass(frozen=True)
class Door:
    """One route. role counts for those who are inside; confirm: the password is asked for again.

    upload: so many bytes a form with a file may have; 0 where no file is taken.
    """

    method: str
    path: str
    role: Role
    stage: Stage = Stage.INSIDE
    confirm: bool = False
    upload: int = 0

    def admits(self, role: Role) -> bool:
        """Whether that role may pass. Each role may do what those before it may."""
        return RANK[role] >= RANK[self.role]


@dataclass(frozen=True)
class Who:
    """Who calls. csrf: goes into forms as `token`; confirmed: the password was shown again within ten minutes."""

    member: "Member"
    csrf: str
    confirmed: bool
    token: Redacted = field(default=Redacted(""), repr=False)  # of the session, for what its owner does with it

    def may(self, role: Role) -> bool:
        """Whether this member has that role, or one above it."""
        return RANK[self.member.role] >= RANK[role]


@dataclass(frozen=True)
class Visit:
    """One call's session, if it has any; without one the token only ties forms to this browser."""

    token: Redacted
    csrf: str
    session: "StaffSession | None" = None
    is_new: bool = False  # the browser does not have the token yet


def who_of(request: Request) -> Who:
    """Who calls, for those who have passed the door."""
    found: Who = request.state.who
    return found


def visit_of(request: Request) -> Visit:
    """The call's session."""
    found: Visit = request.state.visit
    return found


class Routes:
    """Hangs handlers into the app. A handler takes (request, who, …); what follows is FastAPI's: path, query, form."""

    def __init__(self, app: FastAPI, guard: "Guard") -> None:
        self._app = app
        self.guard = guard
        self._doors: dict[tuple[str, str], Door] = {}

    @property
    def table(self) -> Mapping[tuple[str, str], Door]:
        """Every route by (method, path)."""
        return dict(self._doors)

    def get(
        self, path: str, *, role: Role = Role.VIEWER, stage: Stage = Stage.INSIDE
    ) -> Callable[[_Handler], _Handler]:
        """A page, or a part of one. It changes nothing."""
        return self._add(Door("GET", path, role, stage))

    def post(
        self, path: str, *, role: Role, confirm: bool = False, stage: Stage = Stage.INSIDE, upload: int = 0
    ) -> Callable[[_Handler], _Handler]:
        """What a form is sent to. confirm: only within ten minutes of the password, which is asked for if need be.

        upload: the most bytes of a multipart form, which may hold one file.
        """
        return self._add(Door("POST", path, role, stage, confirm, upload))

    def _add(self, door: Door) -> Callable[[_Handler], _Handler]:
        if (door.method, door.path) in self._doors:
            raise AccessError(f"{door.method} {door.path} is there twice")
        if door.upload and (door.confirm or door.stage is not Stage.INSIDE):
            raise AccessError(f"{door.method} {door.path} takes a file: only from those inside, and without a password")
        self._doors[door.method, door.path] = door

        def hang(handler: _Handler) -> _Handler:
            _give_who(handler)
            self._app.router.add_api_route(
                door.path,
                handler,
                methods=[door.method],
                response_model=None,
                include_in_schema=False,
                route_class_override=_guarded(self.guard, door),
            )
            return handler

        return hang


def _give_who(handler: Callable[..., Any]) -> None:
    """Let FastAPI fill `who: Who` from the call, which it would take for a part of the body."""
    signature = inspect.signature(handler)
    parameters = [
        parameter.replace(annotation=Annotated[Who, Depends(who_of)])
        if parameter.annotation in (Who, "Who")
        else parameter
        for parameter in signature.parameters.values()
    ]
    handler.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]


def _guarded(guard: "Guard", door: Door) -> type[APIRoute]:
    """A route that asks the guard before it looks at anything that was sent."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Any]:
            handle = super().get_route_handler()

            async def enter(request: Request) -> Any:
                return await guard.admit(door, request, handle)

            return enter

    return GuardedRoute


def check_doors(routes: Iterable[BaseRoute], table: Mapping[tuple[str, str], Door]) -> None:
    """Raise AccessError for a route that has no door, and so no role."""
    for route in routes:
        if isinstance(route, Mount) and route.path == STATIC_PATH:
            continue
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or {""}
        open_ones = sorted(f"{method} {path}" for method in methods if (method, path) not in table)
        if open_ones or type(route).__name__ != "GuardedRoute":
            raise AccessError(f"{', '.join(open_ones) or path} has no role: add it with routes.get or routes.post")
