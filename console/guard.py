"""The guard at the console's doors: form and origin first, then the session, the form's token, the role, the password.

A changing call is refused unless it is a plain form, comes from one of our own pages (Origin), and carries the token
that only those pages know (a keyed hash of the session, in the field `token` or the header X-Token). A form with a file
is taken at few doors; it may be large, so there the role comes first, and then the form is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from console.access import Door, Stage, Visit, Who
from console.cookie import SessionCookie
from console.uploading import BROKEN_OFF, MULTIPART, BodyTooLargeError, form_of, media_type, too_large
from pii.logs import describe
from pii.redacted import Redacted
from tickets.errors import TicketError
from tickets.staff_login import Outcome

if TYPE_CHECKING:
    from console.house import House
    from tickets.staff_login import StaffSession, Step

FORM = "application/x-www-form-urlencoded"
AGAIN = "again"  # the field in which the password is asked for once more
HASHERS = 2  # passwords that are hashed at once: each takes 64 MB
LONGEST_LINE = 50  # of those who wait for that
_log = structlog.get_logger("console.guard")

Handle = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A call that is not let in; title and text are for the person who made it."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


NOT_A_FORM = (415, "This is not a form", "The console takes the forms of its own pages and nothing else.")
ELSEWHERE = (403, "Not from this site", "What was sent does not come from a page of this console.")
OUT_OF_DATE = (
    403,
    "This page is out of date",
    "Nothing was saved. Go back, load the page again and send it once more.",
)
SESSION_OVER = (
    401,
    "You are not logged in any more",
    "Nothing was saved. Log in in another tab, then come back here: what you typed is still in the form.",
)
STEP_PATHS = {
    Outcome.PASSWORD_CHANGE: "/first-password",
    Outcome.SETUP_SECOND_FACTOR: "/second-factor/new",
    Outcome.SECOND_FACTOR: "/second-factor",
    Outcome.DONE: "/queue",
}
TOO_MANY = (503, "Very many are logging in just now", "Please try again in a moment.")
NOT_THIS_ROLE = "This needs the role {needed}; yours is {role}. An administrator can change that."


def form_token(token: Redacted) -> str:
    """What a page of that session carries in its forms. The session's token cannot be worked out from it."""
    return hmac.new(token.reveal().encode(), b"privacy desk console form", hashlib.sha256).hexdigest()


class Guard:
    """Lets calls in, or refuses them before their handler sees anything."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self.cookie = SessionCookie(house.settings.is_https)
        self._hashers = asyncio.Semaphore(HASHERS)
        self._waiting = 0

    async def admit(self, door: Door, request: Request, handle: Handle) -> Response:
        """The whole way of a call. Raises RefusedError for one that is not let in."""
        if door.method == "POST":
            self._check_form(door, request)
        visit = request.state.visit = await self._visit(request)
        if (elsewhere := self._elsewhere(door, request, visit)) is not None:
            return elsewhere
        if door.method == "POST" and not door.upload:
            await self._check_token(request, visit)
        who = request.state.who = _who(visit, self._house.clock())
        if door.stage is Stage.INSIDE:
            assert who is not None  # _elsewhere has sent everybody else away
            if not door.admits(who.member.role):
                words = NOT_THIS_ROLE.format(needed=door.role.value, role=who.member.role.value)
                raise RefusedError(403, "Not with your role", words)
            if door.upload:
                return await self._with_file(door, request, visit, handle)
            if door.confirm and not who.confirmed:
                return await self._ask_again(request, who, handle)
        response = await self._handled(request, handle)
        if visit.is_new:
            self.cookie.set(response, visit.token)
        return response

    async def hashing(self, step: "Callable[[], Step]") -> "Step":
        """A step that hashes a password: not in the loop, and not many at once."""
        if self._waiting >= LONGEST_LINE:
            raise RefusedError(*TOO_MANY)
        self._waiting += 1
        try:
            async with self._hashers:
                return await asyncio.to_thread(step)
        finally:
            self._waiting -= 1

    def address_of(self, request: Request) -> str:
        """Who calls: the peer, or whom the one proxy in front names."""
        named = request.headers.getlist("x-forwarded-for") if self._house.settings.behind_proxy else []
        last = named[-1].rpartition(",")[2].strip() if named else ""
        return last[:64] or (request.client.host if request.client else "unknown")

    def _check_form(self, door: Door, request: Request) -> None:
        if media_type(request.headers.get("content-type", "")) not in (FORM, MULTIPART if door.upload else FORM):
            raise RefusedError(*NOT_A_FORM)
        if request.headers.getlist("origin") == [] or not self._is_ours(request):
            raise RefusedError(*ELSEWHERE)

    def _is_ours(self, request: Request) -> bool:
        return all(origin in self._house.settings.origins for origin in request.headers.getlist("origin"))

    async def _visit(self, request: Request) -> Visit:
        token = self.cookie.read(request)
        if token is None:
            made = Redacted(secrets.token_urlsafe(24))
            return Visit(made, form_token(made), is_new=True)
        now, is_activity = self._house.clock(), "x-polled" not in request.headers
        session = await asyncio.to_thread(lambda: self._house.logins.session(token, now, is_activity=is_activity))
        return Visit(token, form_token(token), session)

    def _elsewhere(self, door: Door, request: Request, visit: Visit) -> Response | None:
        """Where somebody is sent who has not come far enough in, or who seems not to have."""
        if door.stage is Stage.ANYBODY:
            return None
        if visit.session is None:
            if door.method == "POST" or request.headers.get("hx-request"):
                raise RefusedError(*SESSION_OVER)
            if visit.is_new and request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
                # A link on another site: the browser keeps a strict cookie back, though the person may be logged in.
                return self._house.look.page(request, None, "arriving.html", target=_path(request))
            return RedirectResponse(f"/login?next={quote(_path(request))}", 303)
        if door.stage is Stage.INSIDE and not visit.session.is_complete:
            return RedirectResponse(next_step(visit.session), 303)
        return None

    async def _check_token(self, request: Request, visit: Visit, form: FormData | None = None) -> None:
        if form is None:
            await request.body()  # kept, so that the handler can read the form too
            form = await request.form()
        given = request.headers.get("x-token") or form.get("token")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), visit.csrf.encode()):
            raise RefusedError(*OUT_OF_DATE)

    async def _with_file(self, door: Door, request: Request, visit: Visit, handle: Handle) -> Response:
        """A form that may be large: it is read only now that it is known who sends it, and closed afterwards."""
        try:
            form = await form_of(request, door.upload)
            await self._check_token(request, visit, form)
            return await self._handled(request, handle)
        except BodyTooLargeError:
            raise RefusedError(*too_large(door.upload)) from None
        except ClientDisconnect:
            raise RefusedError(*BROKEN_OFF) from None
        finally:
            await request.close()

    async def _ask_again(self, request: Request, who: Who, handle: Handle) -> Response:
        """Ask for the password where it is needed, with what was typed kept in the page; then go on with it."""
        form = await request.form()
        password = form.get(AGAIN)
        step: Step | None = None
        if isinstance(password, str) and password:
            given, now = Redacted(password[:1_000]), self._house.clock()
            step = await self.hashing(lambda: self._house.logins.confirm(who.token, given, now))
            if step.outcome is Outcome.DONE and step.token is not None:
                token = step.token
                request.state.visit = Visit(token, form_token(token), request.state.visit.session)
                request.state.who = Who(who.member, form_token(token), True, token)
                response = await self._handled(request, handle)
                if not self.cookie.is_in(response):
                    self.cookie.set(response, token)
                return response
        kept = [(name, value) for name, value in form.multi_items() if name not in (AGAIN, "token")]
        values = {"action": _path(request), "kept": kept, "wait": step.wait_seconds if step else 0}
        page = self._house.look.page(request, who, "confirm.html", status=403, is_wrong=step is not None, **values)
        # A part of a page cannot hold this: it takes the place of the whole content.
        page.headers.update({"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"})
        return page

    async def _handled(self, request: Request, handle: Handle) -> Response:
        """What the handler answers. A failure that nobody foresaw is told of by its place alone."""
        try:
            return await handle(request)
        except (HTTPException, RequestValidationError, TicketError, RefusedError):
            raise
        except Exception as error:
            _log.error("page_failed", route=request.scope["route"].path, kind=describe(error)["type"], exc_info=error)
            raise RefusedError(
                500,
                "Something went wrong here",
                "It was noted. If you were saving something, look whether it is there.",
            ) from error


def next_step(session: "StaffSession") -> str:
    """The page on which a login goes on."""
    return STEP_PATHS[session.missing]


def _path(request: Request) -> str:
    """The path and query that were asked for: of this site, whatever was sent."""
    path = quote("/" + request.scope["path"].lstrip("/"))
    query = quote(request.scope["query_string"].decode("latin-1"), safe="=&%+,:;/?@!$'()*~-._")
    return f"{path}?{query}" if query else path


def _who(visit: Visit, now: datetime) -> Who | None:
    """The member, once all was shown that is asked for."""
    session: StaffSession | None = visit.session
    if session is None or not session.is_complete:
        return None
    return Who(session.member, visit.csrf, session.is_confirmed(now), visit.token)
