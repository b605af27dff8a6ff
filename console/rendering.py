"""Renders the console's pages: templates that escape everything, and a fresh nonce for the scripts of each page."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension

from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.access import Who

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
SAID_SECONDS = 30  # for which a word about what was done waits for the page that shows it
_LONGEST_SAID = 300
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
NO_SCRIPTS = CONTENT_SECURITY_POLICY.format(scripts="'none'")


@dataclass(frozen=True)
class Place:
    """An entry of the navigation. key: pressed after g."""

    path: str
    name: str
    icon: str
    key: str
    role: Role = Role.VIEWER


PLACES = (
    Place("/queue", "Queue", "queue", "q"),
    Place("/knowledge", "Knowledge", "book", "k"),
    Place("/findings", "Findings", "question", "f"),
    Place("/reports", "Reports", "chart", "r"),
    Place("/letters", "Letters", "letter", "l"),
    Place("/staff", "Staff", "people", "s", Role.ADMIN),
)


class _Nonces(Extension):
    """Gives each script that a template names the page's nonce. What people typed is never seen by this."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return source.replace("<script ", '<script nonce="{{ nonce }}" ')


class Renderer:
    """Pages, parts of pages for htmx, and the way back after a form."""

    def __init__(self, is_https: bool = False, templates: Path = TEMPLATES) -> None:
        """Prepare an environment that escapes everything and fails on a name it does not know."""
        self.environment = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_Nonces],
        )
        self.environment.filters |= {"day": in_words_day, "moment": in_words_moment, "machine": machine_time}
        self._is_https = is_https
        self._said = "__Host-desk-said" if is_https else "desk-said"

    def page(
        self, request: Request, who: "Who | None", template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A whole page. Templates extend base.html and know: who, csrf, path, said, places."""
        response = self._rendered(request, who, template, status, {"said": self._waiting(request), **values})
        if self._said in request.cookies:
            response.delete_cookie(self._said, path="/", secure=self._is_https, httponly=True, samesite="strict")
        return response

    def part(
        self, request: Request, who: "Who | None", template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A piece of a page, for htmx to put in its place."""
        return self._rendered(request, who, template, status, values)

    def go(self, request: Request, path: str, said: str = "") -> Response:
        """Send the browser to a page after a form. said: a sentence for its top, which holds no personal data."""
        response: Response = RedirectResponse(path, 303)
        if request.headers.get("hx-request"):  # a script would follow a redirect by itself and show it in the part
            response = Response(status_code=204, headers={"HX-Redirect": path})
        if said:
            response.set_cookie(
                self._said,
                base64.urlsafe_b64encode(said[:_LONGEST_SAID].encode()).decode(),
                max_age=SAID_SECONDS,
                path="/",
                secure=self._is_https,
                httponly=True,
                samesite="strict",
            )
        return response

    def _rendered(
        self, request: Request, who: "Who | None", template: str, status: int, values: dict[str, Any]
    ) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        visit = getattr(request.state, "visit", None)
        csrf = who.csrf if who else visit.csrf if visit else ""
        known = {"who": who, "csrf": csrf, "nonce": nonce, "path": request.url.path, "places": _places(who)}
        text = self.environment.get_template(template).render(known | values)
        policy = CONTENT_SECURITY_POLICY.format(scripts=f"'nonce-{nonce}'")
        return HTMLResponse(text, status, headers={"Content-Security-Policy": policy})

    def _waiting(self, request: Request) -> str:
        """What the form before had to say."""
        try:
            return base64.urlsafe_b64decode(request.cookies.get(self._said, "").encode())[:_LONGEST_SAID].decode()
        except (binascii.Error, ValueError):
            return ""


def _places(who: "Who | None") -> tuple[Place, ...]:
    return tuple(place for place in PLACES if who.may(place.role)) if who else ()


def in_words_day(value: date | datetime) -> str:
    """Mon 2 Mar 2026; a time's day in UTC."""
    day = value.astimezone(timezone.utc) if isinstance(value, datetime) else value
    return f"{day:%a} {day.day} {day:%b %Y}"


def in_words_moment(value: datetime) -> str:
    """2 Mar 2026, 14:05 UTC."""
    moment = value.astimezone(timezone.utc)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def machine_time(value: date | datetime) -> str:
    """For <time datetime>."""
    return value.isoformat()
