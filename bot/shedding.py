"""Turns away what is too much before it costs anything: by conversation, by address and over all, as ASGI middleware.

Everybody may come now and then; who keeps knocking waits longer. While much is under way, those who have been coming
often are turned away first, so that a flood does not drown the others.

Addresses and tokens live in memory only. Behind a proxy the last entry of X-Forwarded-For counts, which the proxy
wrote; what a client put before it is not looked at, so spoofed headers fill one bucket.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.buckets import Buckets, Rate
from bot.limits import Receive, Scope, Send, refuse

if TYPE_CHECKING:
    from bot.metrics import Metrics

OF_A_CONVERSATION = Rate(burst=20, every=1.5, penalty=1.0)  # a person types one message in some seconds
OF_AN_ADDRESS = Rate(burst=120, every=0.1)  # an office behind one address
OPENING = Rate(burst=60, every=1.0)  # conversations opened from one address
OF_ALL = Rate(burst=60, every=0.018)  # messages; about what one process answers
MESSAGES, SESSIONS = "/api/messages", "/api/sessions"
TOO_MANY = "Too many messages come from here just now. Please wait a moment."
BUSY = "Very many people are asking just now. Please wait a moment."


@dataclass
class Gate:
    """The buckets. is_busy: whether much is under way."""

    is_busy: Callable[[], bool] = lambda: False
    conversations: Buckets = field(default_factory=lambda: Buckets(OF_A_CONVERSATION))
    addresses: Buckets = field(default_factory=lambda: Buckets(OF_AN_ADDRESS))
    openings: Buckets = field(default_factory=lambda: Buckets(OPENING))
    all: Buckets = field(default_factory=lambda: Buckets(OF_ALL))

    def wait(self, path: str, method: str, address: str, token: str, now: float) -> tuple[int, str]:
        """The seconds to wait and why; 0 for a call that may pass."""
        is_message = path == MESSAGES and method == "POST"
        if is_message and (wait := self.conversations.take(token or address, now)):
            return wait, "conversation"
        if wait := self.addresses.take(address, now):
            return wait, "address"
        if path == SESSIONS:
            return self.openings.take(address, now), "address"
        if not is_message:
            return 0, ""
        # Half of what can be answered is kept for those who come now and then.
        is_scarce = self.is_busy() or self.all.level("all", now) < self.all.rate.burst / 2
        if is_scarce and not self.conversations.is_calm(token or address, now):
            return 2, "busy"
        return self.all.take("all", now), "busy"


class Shedding:
    """Middleware for the calls that cost something: the API's, and those that change anything."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        gate: Gate,
        metrics: "Metrics",
        behind_proxy: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._gate = gate
        self._metrics = metrics
        self._behind_proxy = behind_proxy
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or refuse it with the seconds to wait: 429 for who came too often, 503 for too many."""
        if scope["type"] != "http" or not _costs(scope):
            await self._app(scope, receive, send)
            return
        token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        address = address_of(scope, self._behind_proxy)
        wait, why = self._gate.wait(scope["path"], scope["method"], address, token.decode("latin-1"), self._clock())
        if not wait:
            await self._app(scope, receive, send)
            return
        self._metrics.shed.labels(why).inc()
        status, message = (503, BUSY) if why == "busy" else (429, TOO_MANY)
        await refuse(send, status, "too_many", message, retry_after=wait)


def _costs(scope: Scope) -> bool:
    path = scope["path"]
    if path.startswith("/telegram/"):
        return False  # it comes from one address, is only written down, and has a bound of its own
    return scope["method"] not in ("GET", "HEAD", "OPTIONS") or path.startswith("/api/")


def address_of(scope: Scope, behind_proxy: bool) -> str:
    """Who calls: the peer, or whom the one proxy in front names."""
    peer: Any = scope.get("client") or ("unknown", 0)
    named = [value for name, value in scope["headers"] if name == b"x-forwarded-for"] if behind_proxy else []
    last = named[-1].rpartition(b",")[2].strip() if named else b""
    return last.decode("latin-1")[:64] or str(peer[0])
