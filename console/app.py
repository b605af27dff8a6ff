"""The console's app: the pages behind their doors, and what somebody sees when something is not to be had."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from console.access import STATIC_PATH, Routes, check_doors
from console.guard import Guard, RefusedError
from console.house import House
from console.pages import PAGES
from console.rendering import STATIC
from console.shielding import BodyLimit, Headers
from console.uploading import Caps
from tickets.errors import InputError, MoveError, StoreError, TicketError, UnknownRequestError

NOT_THERE = ("Not here", "There is no such page, or no such request.")
NOT_TAKEN = ("That could not be read", "A field is missing or is not as it should be. Go back and look at: {fields}.")
NOT_POSSIBLE = "That is not possible"
NO_STORE = (
    "The database cannot be reached",
    "Nothing was saved. Please try again in a minute; what you typed is still in the form.",
)


def create_app(house: House, pages: Iterable[str] = PAGES) -> FastAPI:
    """The app, ready to be served. pages: modules of console.pages. Raises AccessError for a route without a role."""
    app = FastAPI(title="Privacy Desk console", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    guard = Guard(house)
    routes = Routes(app, guard)
    for name in pages:
        import_module(f"console.pages.{name}").add(routes, house)
    app.mount(STATIC_PATH, StaticFiles(directory=STATIC), name="static")
    check_doors(app.routes, routes.table)
    app.state.house, app.state.guard, app.state.table = house, guard, routes.table
    _add_errors(app, house)
    app.add_middleware(BodyLimit, uploads=Caps(routes.table.values()))
    app.add_middleware(Headers, is_https=house.settings.is_https)
    return app


def _add_errors(app: FastAPI, house: House) -> None:
    """Each kind of trouble as a calm page that tells nothing of the inside."""

    def answer(request: Request, status: int, title: str, text: str) -> Response:
        who = getattr(request.state, "who", None)
        if not request.headers.get("hx-request"):
            return house.look.page(request, who, "trouble.html", status, title=title, text=text)
        response = house.look.part(request, who, "trouble_part.html", status, title=title, text=text)
        response.headers.update({"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"})
        return response

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return answer(request, error.status, error.title, error.text)

    @app.exception_handler(RequestValidationError)
    async def not_taken(request: Request, error: RequestValidationError) -> Response:
        fields = sorted({str(entry["loc"][-1]) for entry in error.errors()})
        return answer(request, 422, NOT_TAKEN[0], NOT_TAKEN[1].format(fields=", ".join(fields)[:200]))

    @app.exception_handler(TicketError)
    async def not_possible(request: Request, error: TicketError) -> Response:
        if isinstance(error, UnknownRequestError):
            return answer(request, 404, *NOT_THERE)
        if isinstance(error, StoreError):
            return answer(request, 503, *NO_STORE)
        status = 409 if isinstance(error, MoveError) else 422 if isinstance(error, InputError) else 400
        return answer(request, status, NOT_POSSIBLE, str(error))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return answer(request, 404, *NOT_THERE)
        return answer(request, error.status_code, NOT_POSSIBLE, "This page cannot be used like that.")
