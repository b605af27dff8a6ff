"""Groups: questions about the policy, for all to read. Anything personal is sent to a private chat and not kept.

Each member has a conversation of their own: what one said is never used in answering another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from bot.channels.telegram import speech
from bot.channels.telegram.arrivals import Arrivals
from bot.channels.telegram.bindings import Bindings
from bot.channels.telegram.calls import Calls
from bot.channels.telegram.heard import Heard, Kind
from bot.channels.telegram.presses import Press
from bot.channels.telegram.rendered import Key
from bot.channels.telegram.writing import To, Writer
from bot.desk import TROUBLE, Desk, Turn
from bot.intake import COMMANDS, IntakeError, take
from tickets.chats import Bound, Chat, Chats
from tickets.identity import looks_like_code

if TYPE_CHECKING:
    from tickets.inbox import Inbox, Item

CHANNEL = "telegram"
MOST_IN_A_LANE = 20
PUBLIC_INTENTS = frozenset({"ask_policy", "small_talk", "more", "out_of_scope", "nonsense", "other_language"})
"""What may be answered where others read along. "yes" and "no" are not: they may open a request."""
_PUBLIC_COMMANDS = {"help", "start"}
_log = structlog.get_logger("bot.telegram")


@dataclass
class Groups:
    """has_spoken: whether a conversation was answered in before."""

    desk: Desk
    inbox: "Inbox"
    chats: Chats
    calls: Calls
    bindings: Bindings
    writer: Writer
    arrivals: Arrivals
    has_spoken: Callable[[str], Awaitable[bool]]

    async def handle(self, item: "Item", heard: Heard, chat: Chat, press: Press | None) -> None:
        """Answer one update of a group and settle it. Raises what keeps it from being answered."""
        group = Chat(chat.bot, chat.chat)
        if heard.kind is Kind.MIGRATED:
            await self._moved(item, heard, group)
        elif heard.kind is Kind.JOINED:
            await self._joined(item, group)
        elif press is not None:
            await self._pressed(item, group, press)
        elif heard.kind not in (Kind.TEXT, Kind.COMMAND, Kind.START, Kind.UNREADABLE):
            await self._settled(item)
        else:
            await self._spoken(item, heard, chat, group)

    async def _spoken(self, item: "Item", heard: Heard, chat: Chat, group: Chat) -> None:
        named = self.bindings.named(heard.text.reveal()) if heard.kind is Kind.START else None
        bound = await (self.bindings.bind(group, named) if named else self.bindings.current(group))
        to = self._to(group, bound, heard)
        if bound is None or (heard.kind is Kind.COMMAND and heard.name == "policy" and self.bindings.only is None):
            await self._choose(item, to, bound)
        elif heard.kind is Kind.COMMAND and heard.name == "policy":
            await self._say(item, to, speech.ONLY_ONE, bound)
        elif heard.kind is Kind.START:
            await self._say(item, to, speech.IN_THIS_GROUP, bound)
        elif heard.kind is Kind.UNREADABLE:
            await self.writer.say(item, to, speech.NO_TEXT.format(what=heard.name))
        elif await asyncio.to_thread(self.inbox.waiting, item.lane) > MOST_IN_A_LANE:
            await self.writer.say(item, to, speech.SLOW_DOWN)
        else:
            await self._asked(item, heard, chat, bound, to)

    async def _asked(self, item: "Item", heard: Heard, chat: Chat, bound: Bound, to: To) -> None:
        text = heard.text.reveal()
        if heard.kind is Kind.COMMAND:
            if heard.name not in _PUBLIC_COMMANDS:
                await self.writer.say(item, replace(to, is_sent_there=True), speech.IN_PRIVATE)
                return
            text = COMMANDS[heard.name]
        try:
            taken = take(text)
            is_personal = bool(taken.found) or looks_like_code(text) is not None or await self._is_personal(taken.read)
        except IntakeError as error:
            await self.writer.say(item, to, str(error))
            return
        except Exception as error:  # noqa: BLE001  whatever the assistant raises, the person hears of it
            _log.error("telegram_not_understood", kind=type(error).__name__)
            await self.writer.say(item, to, TROUBLE)
            return
        if is_personal:
            await self.writer.say(item, replace(to, is_sent_there=True), speech.IN_PRIVATE)
            return
        own = await self.bindings.bind(chat, bound.policy)  # this member's own memory
        turn = Turn.typed(own.conversation, own.policy, heard.message_key, taken, CHANNEL)
        await self._answered(item, turn, replace(to, conversation=own.conversation))

    async def _is_personal(self, text: str) -> bool:
        parsed: dict[str, Any] = await self.desk.understand(text)
        intent = parsed.get("intent") or {}
        return str(intent.get("name") or "").split("/")[0] not in PUBLIC_INTENTS

    async def _answered(self, item: "Item", turn: Turn, to: To) -> None:
        if not await self.has_spoken(turn.conversation):
            to = replace(to, greeting=speech.MACHINE.format(company=self.bindings.name_of(turn.policy)))
        closing = self.writer.closing(item, to)
        await closing.close_now(await self.desk.reply(turn, closing))
        self.writer.wake()

    async def _choose(self, item: "Item", to: To, bound: Bound | None) -> None:
        words = speech.CHANGE.format(company=self.bindings.name_of(bound.policy)) if bound else speech.CHOOSE
        await self.writer.say(item, replace(to, private=None), words, self.bindings.picker())

    async def _pressed(self, item: "Item", group: Chat, press: Press) -> None:
        """In a group only the picker has buttons that act."""
        picked = self.bindings.picked(group, press.pressed.data)
        if picked is None:
            press.answer(speech.GONE)
            await self._settled(item)
            return
        press.answer()
        bound = await self.bindings.bind(group, picked)
        await self._say(item, self._to(group, bound, None), speech.IN_THIS_GROUP, bound)
        press.show_choice(group.chat)

    async def _joined(self, item: "Item", group: Chat) -> None:
        to = To(group, self.bindings.scope(group))
        bound = await self.bindings.current(group)
        await self.writer.say(item, to, speech.JOINED, () if bound else self.bindings.picker())

    async def _moved(self, item: "Item", heard: Heard, group: Chat) -> None:
        """A group that became a supergroup has another number; what it is about stays."""
        bound = await asyncio.to_thread(self.chats.current, group)
        if bound is not None and heard.moved_to is not None:
            await self.bindings.bind(Chat(group.bot, heard.moved_to), bound.policy)
        await self._settled(item)

    async def _say(self, item: "Item", to: To, words: str, bound: Bound) -> None:
        await self.writer.say(item, to, words.format(company=self.bindings.name_of(bound.policy)))

    def _to(self, group: Chat, bound: Bound | None, heard: Heard | None) -> To:
        """The group, in answer to a message. Nothing of it goes through a conversation of the group's own."""
        username = self.arrivals.bot.username if self.arrivals.bot else ""
        start = f"?start={quote(bound.policy)}" if bound else ""
        private = Key(speech.OPEN_PRIVATE, url=f"https://t.me/{username}{start}") if username else None
        reply_to = heard.message_id if heard else 0
        return To(group, self.bindings.scope(group), None, reply_to=reply_to, private=private)

    async def _settled(self, item: "Item") -> None:
        await asyncio.to_thread(self.inbox.settle, item, self.writer.clock())
