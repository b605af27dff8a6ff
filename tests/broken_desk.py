"""A desk whose assistant fails, over the real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from builders import fresh_conversation, fresh_id
from fakes import FailingAgent

from bot.desk import Desk, Reply, Turn
from bot.launch import Parts
from bot.menu import Menu
from tickets.errors import StoreUnavailableError
from tickets.spool import Spool


class Broken:
    """A desk whose assistant fails, with a menu and a spool of its own."""

    def __init__(
        self, parts: Parts, folder: Path, agent: Any = None, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.spool = Spool(folder / "spool", parts.vault)
        self.parts = replace(parts, spool=self.spool)
        self.menu = Menu(parts.knowledge, parts.requests, parts.box, self.spool, clock or parts.clock)
        self.desk = Desk(agent or FailingAgent(10**6), patience=0.2, menu=self.menu)
        self.conversation = fresh_conversation()

    async def say(self, text: str) -> Reply:
        """Type a message."""
        turn = await self.parts.reception.typed(self.conversation, "klasso", fresh_id(), text)
        return await self.desk.reply(turn)

    async def press(self, payload: str, message_id: str = "") -> Reply:
        """Press a button."""
        turn = Turn.of_button(self.conversation, "klasso", message_id or fresh_id(), payload)
        return await self.desk.reply(turn)

    def filed(self) -> list[Any]:
        """What lies in the store for this conversation."""
        return list(self.parts.requests.status_of(self.conversation))


def down(*_: Any, **__: Any) -> Any:
    """Stands for any call of a store that is down."""
    raise StoreUnavailableError("the disk is full")


def payloads(reply: Reply) -> list[str]:
    """What the buttons of a reply carry."""
    return [button.payload for button in reply.buttons]
