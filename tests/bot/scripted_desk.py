"""The front page in a browser over a desk that says what a test tells it to: no model, no server, no network."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

from bot.web.pages import STATIC, Pages, PolicyCard

SITE = "http://desk.example.org"
CARDS = (
    PolicyCard(
        "klasso", "Klasso", "Video calls for schools", "2025-01", "/p/klasso/2025-01", ("Do you record calls?",)
    ),
    PolicyCard("klantra", "Klantra", "A CRM", "2025-02", "/p/klantra/2025-02"),
)
RECEIPT = {
    "reference": "KLS-7F3K-92QD",
    "rights": ["deletion", "access"],
    "received": "2026-01-31T12:00:00+00:00",
    "status": "unverified",
    "answer_by": "2026-03-02",
    "working": ["answer, GDPR Art. 12(3): received Sat 31 Jan 2026 -> one month -> Mon 2 Mar 2026"],
    "is_target": False,
    "proof": "code_sent",
    "created": True,
}


def quote(text: str, role: str = "answer") -> dict[str, Any]:
    """A quote as the API gives it."""
    return {
        "clause": "c1",
        "section": "Your rights",
        "text": text,
        "items": [],
        "lead_in": "",
        "start": 0,
        "end": len(text),
        "policy": "klasso",
        "version": "2025-01",
        "url": "/p/klasso/2025-01#c1",
        "role": role,
        "label": "",
    }


def answer(kind: str, topic: str, text: str, **more: Any) -> dict[str, Any]:
    """An answer as the API gives it, with one quote."""
    role = "related" if kind == "silent" else "answer"
    empty: dict[str, Any] = {"steps": [], "note": "", "condition": ""}
    return {"kind": kind, "topic": topic, "quotes": [quote(text, role)]} | empty | more


def message(text: str, **more: Any) -> dict[str, Any]:
    """A message of the desk as the API gives it."""
    empty = {
        "answer": None,
        "more_answers": [],
        "request": None,
        "letter": "",
        "closing": "",
        "buttons": [],
        "kind": "",
    }
    return {"id": "m-1", "text": text} | empty | more


@dataclass
class ScriptedDesk:
    """What is said, and what was asked.

    says: replies in their order; news: all there is; fails: polls answer 500; holds: polls wait in `held`.
    """

    says: list[dict[str, Any]] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    fails: bool = False
    holds: bool = False
    held: list[Route] = field(default_factory=list)
    demo_mail: bool = False
    sessions: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    polls: list[tuple[int, str]] = field(default_factory=list)  # after, and the header Authorization

    def on(self, page: Page) -> Page:
        """Serve a page's requests, and open it."""
        page.route("**/*", self._serve)
        page.goto(f"{SITE}/?policy=klasso")
        page.wait_for_selector("#log .desk-says")
        return page

    def tells(self, text: str, sequence: int) -> None:
        """Something of the support team, to be fetched."""
        self.news.append({"sequence": sequence, "at": "2026-02-03T10:00:00+00:00", "text": text})

    def release(self) -> None:
        """Answer the polls that were held."""
        self.holds = False
        for route in self.held:
            self._serve(route)

    def _serve(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith("/static/"):
            path = STATIC / url.path.removeprefix("/static/")
            route.fulfill(body=path.read_bytes(), content_type=mimetypes.guess_type(path.name)[0] or "text/plain")
        elif self.holds and route.request.method == "GET" and url.path.startswith("/api/"):
            self.held.append(route)
        elif url.path.startswith("/api/"):
            status, body = self._answer(route, parse_qs(url.query))
            route.fulfill(status=status, body=json.dumps(body), content_type="application/json")
        else:
            page = Pages().demo(CARDS, "", demo_mail=self.demo_mail)
            route.fulfill(body=page, content_type="text/html; charset=utf-8")

    def _answer(self, route: Route, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        request = route.request
        if request.url.endswith("/api/sessions"):
            self.sessions += 1
            return 201, {"token": f"token-{self.sessions}", "messages": [message("I am a machine.")]}
        if request.method == "POST":
            self.heard.append(json.loads(request.post_data or "{}"))
            return 200, {"id": self.heard[-1]["id"], "replies": [self.says.pop(0)]}
        after = int(query["after"][0])
        self.polls.append((after, request.headers.get("authorization", "")))
        if self.fails:
            return 500, {"error": {"code": "trouble", "message": "Trouble."}}
        fresh = [one for one in self.news if one["sequence"] > after]
        return 200, {"messages": fresh, "next": max((one["sequence"] for one in fresh), default=after)}
