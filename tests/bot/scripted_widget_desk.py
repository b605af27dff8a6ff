"""The widget on a foreign site in a browser, over a desk that says what a test tells it to: two servers on loopback.

The site sends the strictest Content-Security-Policy under which the widget has to work. The desk is a real server,
because a stream of events, a request of another origin and a connection that breaks are what is to be tested.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scripted_desk import message

from bot.web.bundle import bundle

POLICY = {
    "id": "klasso",
    "name": "Klasso",
    "about": "Video calls for schools",
    "version": "2025-01",
    "url": "/p/klasso/2025-01",
    "examples": ["Do you record calls?", "How do I delete my account?"],
}
WELCOME = message("I am a machine. Ask me about Klasso's privacy policy.")
CLAUSE = b"<!doctype html><title>Policy</title><main><p>One.</p><p id='c1'>You may delete your account.</p></main>"


@dataclass
class WidgetDesk:
    """What is said, and what was heard. Its switches may be turned while the browser talks to it.

    says: replies in their order; is_down: connections are cut unanswered; cuts: that many messages are answered, but
    the connection breaks before the reply is through; refusals: (status, headers, code) of the next messages.
    """

    script: bytes
    says: list[dict[str, Any]] = field(default_factory=list)
    is_down: bool = False
    cuts: int = 0
    refusals: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    holds: threading.Event | None = None
    sessions: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)  # tokens that are worth nothing any more
    streams: int = 0
    replies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    begins: dict[str, int] = field(default_factory=dict)  # the last event before a session, which does not get it
    cookies: list[str] = field(default_factory=list)
    bell: threading.Condition = field(default_factory=threading.Condition)
    epoch: int = 0  # a stream of an earlier one ends

    def tells(self, text: str) -> None:
        """Something of the support team."""
        self.happens("news", {"text": text, "at": "2026-02-03T10:00:00+00:00"})

    def restart(self) -> None:
        """End every stream, as a server does that is restarted."""
        with self.bell:
            self.epoch += 1
            self.bell.notify_all()

    def answer(self, sent: dict[str, Any]) -> list[dict[str, Any]]:
        """The reply to a message; the same to the same id."""
        if sent["id"] not in self.replies:
            self.heard.append(sent)
            said = self.says.pop(0) if self.says else message(f"You said: {sent.get('text', 'a button')}")
            self.replies[sent["id"]] = [said]
            if said.get("kind") == "forgotten":
                self.events.clear()
            else:
                self.happens("reply", {"to": sent["id"], "said": sent.get("text"), "replies": [said]})
        return self.replies[sent["id"]]

    def happens(self, name: str, data: dict[str, Any]) -> None:
        """An event of the stream."""
        with self.bell:
            self.events.append((len(self.events) + 1, name, data))
            self.bell.notify_all()


class _Handler(BaseHTTPRequestHandler):
    """What both servers share: an answer, and silence on the terminal."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def give(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        """Send an answer whole."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def _desk_handler(desk: WidgetDesk, site: Callable[[], str]) -> type[_Handler]:
    class DeskHandler(_Handler):
        def end_headers(self) -> None:
            if self.headers.get("Origin") == site():
                self.send_header("Access-Control-Allow-Origin", site())
                self.send_header("Access-Control-Expose-Headers", "Retry-After")
            super().end_headers()

        def cut(self) -> None:
            self.close_connection = True
            self.connection.close()

        def json(self, status: int, body: Any, **headers: str) -> None:
            self.give(status, json.dumps(body).encode(), "application/json", **headers)

        def refuse(self, status: int, code: str, **headers: str) -> None:
            self.json(status, {"error": {"code": code, "message": f"Refused: {code}."}}, **headers)

        def do_OPTIONS(self) -> None:
            if desk.is_down:
                self.cut()
                return
            allowed = {"Access_Control_Allow_Headers": "authorization, content-type", "Access_Control_Max_Age": "0"}
            self.give(204, b"", "text/plain", Access_Control_Allow_Methods="GET, POST", **allowed)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if desk.is_down and url.path.startswith("/api/"):
                self.cut()
                return
            if url.path == "/widget.js":
                self.give(200, desk.script, "text/javascript; charset=utf-8")
            elif url.path == "/api/policies":
                self.json(200, {"policies": [POLICY]})
            elif url.path == "/api/events":
                self.stream(int(parse_qs(url.query)["after"][0]))
            elif url.path.startswith("/p/"):
                self.give(200, CLAUSE, "text/html; charset=utf-8")
            else:
                self.refuse(404, "not_found")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            desk.cookies += self.headers.get_all("Cookie") or []
            if desk.is_down:
                self.cut()
                return
            if self.path == "/api/sessions":
                self.open_session(body)
                return
            if (self.headers.get("Authorization") or "").removeprefix("Bearer ") in desk.over | {""}:
                self.refuse(401, "session_expired")
                return
            if self.path == "/api/votes":
                desk.votes.append(body)
                self.give(204, b"", "text/plain")
                return
            self.take_message(body)

        def open_session(self, body: dict[str, Any]) -> None:
            desk.sessions.append(body)
            if body["policy"] != POLICY["id"]:
                self.refuse(404, "unknown_policy")
                return
            if body.get("login") == "forged":
                self.refuse(403, "login_refused")
                return
            opened = {"token": f"token-{len(desk.sessions)}", "policy": POLICY, "messages": [WELCOME]}
            if not body.get("resume"):
                desk.begins[str(opened["token"])] = len(desk.events)
            resumed = bool(body.get("resume")) and body.get("login") != "somebody else"
            self.json(201, opened | {"logged_in": bool(body.get("login")), "resumed": resumed})

        def take_message(self, body: dict[str, Any]) -> None:
            if desk.holds:
                desk.holds.wait(10)
            if desk.refusals:
                status, headers, code = desk.refusals.pop(0)
                self.refuse(status, code, **headers)
                return
            replies = desk.answer(body)
            if desk.cuts:
                desk.cuts -= 1
                self.cut()
                return
            self.json(200, {"id": body["id"], "replies": replies})

        def stream(self, after: int) -> None:
            if (self.headers.get("Authorization") or "").removeprefix("Bearer ") in desk.over | {""}:
                self.refuse(401, "session_expired")
                return
            token = self.headers["Authorization"].removeprefix("Bearer ")
            after = max(after, desk.begins.get(token, 0))
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            desk.streams += 1
            epoch = desk.epoch
            try:
                while epoch == desk.epoch and not desk.is_down:
                    with desk.bell:
                        fresh = [event for event in desk.events if event[0] > after]
                        if not fresh:
                            desk.bell.wait(0.3)
                    for sequence, name, data in fresh:
                        after = sequence
                        self.wfile.write(
                            f"event: {name}\r\nid: {sequence}\r\ndata: {json.dumps(data)}\r\n\r\n".encode()
                        )
                    if not fresh:
                        self.wfile.write(b": still here\r\n\r\n")
            except OSError:
                pass  # the browser has gone
            desk.streams -= 1

    return DeskHandler


def _site_handler(desk_url: Callable[[], str]) -> type[_Handler]:
    class SiteHandler(_Handler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            options = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
            if url.path == "/host.css":
                self.give(200, HOST_CSS.encode(), "text/css")
                return
            csp = f"default-src 'none'; script-src {desk_url()}; connect-src {desk_url()}; style-src 'self'"
            page = host_page(desk_url(), **options)
            self.give(200, page.encode(), "text/html; charset=utf-8", Content_Security_Policy=csp)

    return SiteHandler


# A site that does its worst: no size, colour or position of it may reach the widget.
HOST_CSS = """
html { font-size: 62.5%; } body { font: 20px/3 serif; letter-spacing: 0.3em; color: #333333; background: #ffffff; }
* { text-transform: uppercase !important; }
button, div, p, a, dialog { color: red !important; margin: 40px !important; }
"""


def host_page(desk_url: str, lang: str = "en", copies: str = "1", style: str = "", **options: str) -> str:
    """A page of a foreign site; options become the attributes of the script element."""
    data = "".join(
        f' data-{name}="{escape(value)}"' for name, value in ({"policy": "klasso"} | options).items() if value
    )
    script = f'<script src="{desk_url}/widget.js"{data} async></script>' * int(copies)
    css = '<link rel="stylesheet" href="/host.css">' if style else ""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Example Company</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{css}</head>'
        f'<body><main><h1>Example Company</h1><p>Welcome. <a href="#more">More</a></p></main>{script}</body></html>'
    )


@contextmanager
def running() -> Iterator[tuple[WidgetDesk, str, str]]:
    """A desk, its address, and the address of a site that shows its widget."""
    desk = WidgetDesk(bundle())
    urls: dict[str, str] = {}
    handlers = {
        "desk": _desk_handler(desk, lambda: urls["site"]),
        "site": _site_handler(lambda: urls["desk"]),
    }
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), handler) for name, handler in handlers.items()}
    for name, server in servers.items():
        server.daemon_threads = True
        urls[name] = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield desk, urls["desk"], urls["site"]
    finally:
        desk.restart()
        for server in servers.values():
            server.shutdown()
            server.server_close()
