"""Puts the channel together and keeps it running: who we are, how updates come, what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.channels.telegram.announcing import Webhook, announced, reached_by, who_we_are
from bot.channels.telegram.arrivals import Arrivals
from bot.channels.telegram.bindings import Bindings
from bot.channels.telegram.buttons import Buttons
from bot.channels.telegram.calls import Calls
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.groups import Groups
from bot.channels.telegram.patience import Stopped, pause
from bot.channels.telegram.polling import Poller
from bot.channels.telegram.sender import TelegramSender
from bot.channels.telegram.siblings import Siblings
from bot.channels.telegram.webhook import PATH, add_webhook
from bot.channels.telegram.writing import Writer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.desk import Desk
    from bot.reception import Reception
    from bot.telegram_settings import TelegramSettings
    from pii.encryption import Vault
    from pii.redacted import Redacted
    from policies_kb.knowledge import KnowledgeBase, Policy
    from tickets.chats import Chats
    from tickets.identity import Identity
    from tickets.inbox import Inbox, Item
    from tickets.retention import Keeper
    from tickets.store import Store

REFUSED_SECONDS = 60.0  # until Telegram is asked again who we are, if it would not say


@dataclass(frozen=True)
class House:
    """What the channel works with. secret: signs its buttons; welcome: the first words about a policy."""

    desk: "Desk"
    reception: "Reception"
    knowledge: "KnowledgeBase"
    store: "Store"
    vault: "Vault"
    inbox: "Inbox"
    chats: "Chats"
    keeper: "Keeper"
    identity: "Identity"
    forgetting: Callable[[str, Sequence[str]], Awaitable[str]]
    welcome: "Callable[[Policy], str]"
    secret: "Redacted"
    base_url: str
    clock: Callable[[], datetime]


class Telegram:
    """The running channel. wake_inbox, wake_outbox: something arrived; something is to be sent."""

    def __init__(
        self,
        settings: "TelegramSettings",
        house: House,
        wake_inbox: Callable[[], None],
        wake_outbox: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._base_url = house.base_url
        self._calls = Calls(settings.token, settings.api_url)
        self.arrivals = Arrivals(house.inbox, house.chats, house.clock, wake_inbox)
        self._channel = _channel(settings, house, self._calls, self.arrivals, wake_outbox)
        bot = settings.source.partition(":")[2]
        self.sender = TelegramSender(self._calls, house.chats, house.vault, house.clock, bot)

    @property
    def source(self) -> str:
        """The name of this bot's messages in the inbox."""
        return self._settings.source

    async def handle(self, item: "Item") -> None:
        """See bot.inbound.Handler."""
        await self._channel.handle(item)

    def add_routes(self, app: "FastAPI") -> None:
        """The webhook, where Telegram is to call."""
        if self._settings.mode == "webhook":
            add_webhook(app, self.arrivals, self._settings.secret)

    async def run(self, stop: asyncio.Event) -> None:
        """Until the event is set. Telegram may be away at any time: everything is tried again."""
        try:
            while (bot := await who_we_are(self._calls, stop)) is None:
                await pause(REFUSED_SECONDS, stop)
            self.arrivals.bot = bot
            asyncio.ensure_future(announced(self._calls, stop))
            if self._settings.mode == "webhook":
                await reached_by(self._calls, Webhook(f"{self._base_url}{PATH}", self._settings.secret), stop)
                await stop.wait()
            else:
                await reached_by(self._calls, None, stop)
                await Poller(self._calls, self.arrivals).run(stop)
        except Stopped:
            return

    async def close(self) -> None:
        """Once nothing is sent any more."""
        await self.sender.close()


def _channel(
    settings: "TelegramSettings",
    house: House,
    calls: Calls,
    arrivals: Arrivals,
    wake: Callable[[], None],
) -> TelegramChannel:
    buttons = Buttons(house.secret)
    base = house.knowledge

    def served() -> Sequence[str]:
        return [policy for policy in base.ids if not settings.policies or policy in settings.policies]

    async def has_spoken(conversation: str) -> bool:
        held = await asyncio.to_thread(house.keeper.my_data, conversation)
        return held.messages > 0 or held.last_talk is not None

    bindings = Bindings(house.chats, served, base.name_of, buttons, house.clock)
    writer = Writer(house.store, house.vault, buttons, base.name_of, house.base_url, house.clock, wake)
    groups = Groups(house.desk, house.inbox, house.chats, calls, bindings, writer, arrivals, has_spoken)
    return TelegramChannel(
        desk=house.desk,
        reception=house.reception,
        inbox=house.inbox,
        chats=house.chats,
        calls=calls,
        bindings=bindings,
        writer=writer,
        groups=groups,
        welcome=lambda policy: house.welcome(base.get(policy)),
        has_spoken=has_spoken,
        forgetting=house.forgetting,
        siblings=Siblings(house.chats, house.keeper, house.identity, base.name_of, house.clock),
    )
