"""The webhook: each update is posted to the bot's address until it is taken.

As the real server (telegram-bot-api/WebhookActor.cpp): order is kept within a chat, not between chats; up to
`max_connections` posts run at once; any 2xx takes an update; after anything else it is posted again, first a second
later, then with doubling waits up to 60-120 seconds, or when the bot's Retry-After says (up to an hour).
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import httpx

from bot.channels.fake_telegram.mailbox import Update
from bot.channels.fake_telegram.world import World

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
DEFAULT_CONNECTIONS = 40
LONGEST_WAIT = 60  # seconds; the real one is chosen at random between this and its double
LONGEST_RETRY_AFTER = 3_600  # seconds
TIMEOUT = 60.0  # seconds of the wall clock, for one post


class Postman:
    """Carries a bot's updates to its webhook, while one is set."""

    def __init__(self, world: World, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """transport: in place of the network, for tests."""
        self._world = world
        self._transport = transport
        self._round: asyncio.Task[None] | None = None
        self.url = self.secret = ""
        self.connections = DEFAULT_CONNECTIONS
        self.last_error: tuple[int, str] | None = None  # when (seconds since 1970), what

    @property
    def is_set(self) -> bool:
        """Whether a webhook is set."""
        return bool(self.url)

    async def start(self, url: str, secret: str, connections: int) -> None:
        """Deliver there from now on."""
        await self.stop()
        self.url, self.secret, self.connections = url, secret, connections
        self.last_error = None
        self._round = asyncio.create_task(self._deliver())
        self._world.changed()

    async def stop(self) -> None:
        """Deliver nothing any more. What is on its way may have arrived or not."""
        self.url = self.secret = ""
        if self._round is not None:
            self._round.cancel()
            with suppress(asyncio.CancelledError, RuntimeError):
                await self._round
            self._round = None

    async def _deliver(self) -> None:
        world, event = self._world, self._world.bell.listen()
        lanes: dict[int, asyncio.Task[None]] = {}
        slots = asyncio.Semaphore(self.connections)
        async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT) as client:
            try:
                while True:
                    lanes = {lane: task for lane, task in lanes.items() if not task.done()}
                    for lane in {update.lane for update in world.pending()}:
                        if lane not in lanes:
                            lanes[lane] = asyncio.create_task(self._deliver_lane(lane, client, slots))
                    await world.bell.wait(event, 1.0)
            finally:
                world.bell.leave(event)
                for task in lanes.values():
                    task.cancel()
                await asyncio.gather(*lanes.values(), return_exceptions=True)  # before the client is closed

    async def _deliver_lane(self, lane: int, client: httpx.AsyncClient, slots: asyncio.Semaphore) -> None:
        """One chat's updates, one after the other, until none is left."""
        while mine := [update for update in self._world.pending() if update.lane == lane]:
            for update in mine:
                await self._deliver_one(update, client, slots)

    async def _deliver_one(self, update: Update, client: httpx.AsyncClient, slots: asyncio.Semaphore) -> None:
        """Until the bot takes it, or it is too old."""
        wait, failures, pace = 1.0, 0, self._world.pace
        while update.expires > pace.now():
            async with slots:
                retry_after = await self._post(update, client)
            if retry_after is None:
                self._world.mailbox.done([update])
                self._world.changed()
                return
            if retry_after == 0 and failures > 0:
                wait = min(random.uniform(LONGEST_WAIT, 2 * LONGEST_WAIT), wait * 2)
            failures += 1
            await asyncio.sleep(pace.real(retry_after or wait))

    async def _post(self, update: Update, client: httpx.AsyncClient) -> float | None:
        """None if the bot took it; otherwise the seconds after which the bot wants it again, 0 if it does not say."""
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        if self._world.faults.is_down:
            return 0
        try:
            response = await client.post(self.url, json=update.wire, headers=headers)
        except httpx.TimeoutException:
            return self._failed("Read timeout expired")
        except (httpx.HTTPError, httpx.InvalidURL):
            return self._failed("Connection refused")
        if response.is_success:
            return None
        self._failed(f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}")
        return _retry_after(response)

    def _failed(self, reason: str) -> float:
        self.last_error = (self._world.pace.stamp(), reason)
        return 0

    def info(self) -> dict[str, Any]:
        """A `WebhookInfo`."""
        told: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.pending()),
        }
        if self.is_set:
            told["max_connections"] = self.connections
        if self.last_error is not None:
            told["last_error_date"], told["last_error_message"] = self.last_error
        if self._world.mailbox.allowed:
            told["allowed_updates"] = sorted(self._world.mailbox.allowed)
        return told


def _retry_after(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(min(int(asked), LONGEST_RETRY_AFTER)) if asked.isdecimal() else 0.0
