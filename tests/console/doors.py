"""The console with its doors only: behind each, in place of the page, a word that says that somebody is inside."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from staff_people import URL, Person

from console.app import create_app
from console.house import House
from console.pages import PAGES

INSIDE = "inside"


def console_of_doors(house: House, pages: tuple[str, ...] = PAGES) -> FastAPI:
    """The app with the real guard. Only /account is a real page, because forms take their token from it."""
    app = create_app(house, pages)
    handled = app.state.guard._handled

    async def stop(request: Request, handle: Any) -> Response:
        if request.url.path in ("/account", "/account/second-factor") and "inside" not in request.query_params:
            answer: Response = await handled(request, handle)
            return answer
        return PlainTextResponse(INSIDE)

    app.state.guard._handled = stop
    return app


def path_of(name: str) -> str:
    """A path to knock at, from "GET /request/{reference}"."""
    return re.sub(r"\{[^}]*\}", "x", name.split()[1]) + "?inside=1"


def at_all_doors(person: Person, **headers: str) -> list[str]:
    """The doors that somebody passes who knocks at all of them, as the console's own pages would."""
    table, token, passed = person.client.app.state.table, person.token(), []
    for method, path in table:
        name = f"{method} {path}"
        form = {"token": token} if method == "POST" else None
        answer = person.client.request(method, path_of(name), data=form, headers={"origin": URL, **headers})
        if answer.text == INSIDE:
            passed.append(name)
    return passed
