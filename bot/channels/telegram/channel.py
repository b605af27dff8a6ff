"""Works on one update of the inbox: who speaks about whose policy, what they want, and what is answered.

Private chats are handled here, groups in .groups. Whatever is answered settles the update in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.channels.telegram import speech
from bot.channels.telegram.bindings import Bindings
from bot.channels.telegram.calls import Calls
from bot.channels.telegram.heard import Heard, Kind, unpacked
from bot.channels.telegram.presses import Courtesies, Press, Used
from bot.channels.telegram.siblings import Siblings
from bot.channels.telegram.typing_sign import Typing
from bot.channels.telegram.updates import UNREADABLE
from bot.channels.telegram.writing import FORGOTTEN, To, Writer
from bot.desk import Desk, Reply, Turn
from bot.intake import COMMANDS, IntakeError
from bot.reception import Reception
from pii.redacted import Redacted
from tickets.chats import Bound, Chat, Chats
from tickets.identity import looks_like_code

if TYPE_CHECKING:
    from bot.channels.telegram.groups import Groups
    from tickets.inbox import Inbox, Item

CHANNEL = "telegram"
MOST_IN_A_LANE = 20  # messages of one person; while more wait, the oldest is answered without being read
MOST_GREETED = 20_000


@dataclass
class TelegramChannel:
    """welcome: the notice that comes before the first answer about a policy. has_spoken: whether it was given before.

    forgetting: erases a conversation and others with it, and says what stays (see bot.forgetting).
    """

    desk: Desk
    reception: Reception
    inbox: "Inbox"
    chats: Chats
    calls: Calls
    bindings: Bindings
    writer: Writer
    groups: "Groups"
    welcome: Callable[[str], str]
    has_spoken: Callable[[str], Awaitable[bool]]
    forgetting: Callable[[str, Sequence[str]], Awaitable[str]]
    siblings: Siblings
    _greeted: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _used: Used = field(default_factory=Used)

    def __post_init__(self) -> None:
        self._typing = Typing(self.calls)
        self._courtesies = Courtesies()

    async def handle(self, item: "Item") -> None:
        """Answer one update and settle it. Raises what keeps it from being answered: then it is tried again."""
        heard = unpacked(item.body)
        press = Press(self.calls, self._courtesies, heard.pressed) if heard.pressed else None
        try:
            if heard.chat is None or heard.kind is Kind.IGNORED:
                await self._settled(item)
            elif heard.is_group:
                await self.groups.handle(item, heard, heard.chat, press)
            else:
                await self._private(item, heard, heard.chat, press)
        finally:
            if press is not None:
                press.answer()

    async def _private(self, item: "Item", heard: Heard, chat: Chat, press: Press | None) -> None:
        if heard.kind is Kind.BLOCKED:
            for conversation in (await asyncio.to_thread(self.chats.conversations_of, chat))[:1]:
                await asyncio.to_thread(self.chats.blocked, conversation, self.writer.clock())
            await self._settled(item)
            return
        await asyncio.to_thread(self.chats.unblocked, chat)
        if heard.kind is Kind.UNBLOCKED:
            await self._settled(item)
        elif press is not None:
            await self._pressed(item, heard, chat, press)
        elif heard.kind is Kind.COMMAND and heard.name == "policy":
            await self._choose(item, chat)
        else:
            await self._spoken(item, heard, chat)

    async def _spoken(self, item: "Item", heard: Heard, chat: Chat) -> None:
        named = self.bindings.named(heard.text.reveal()) if heard.kind in (Kind.START, Kind.COMMAND) else None
        bound = await (self.bindings.bind(chat, named) if named else self.bindings.current(chat))
        if named and heard.kind is Kind.COMMAND:
            heard = replace(heard, text=Redacted(""))  # "/delete klasso": it was the policy that was meant
        if bound is None:
            await self._choose(item, chat)
        elif heard.kind is Kind.EDITED:
            await self._say(item, chat, bound, speech.EDITED)
        elif heard.kind is Kind.UNREADABLE:
            words = speech.NO_CONTACT if heard.name == UNREADABLE["contact"] else speech.NO_TEXT
            await self._say(item, chat, bound, words.format(what=heard.name))
        elif await asyncio.to_thread(self.inbox.waiting, item.lane) > MOST_IN_A_LANE:
            await self._say(item, chat, bound, speech.SLOW_DOWN)
        else:
            await self._typed(item, heard, chat, bound)

    async def _typed(self, item: "Item", heard: Heard, chat: Chat, bound: Bound) -> None:
        if looks_like_code(heard.text.reveal()) is not None:
            # It is answered where it is awaited; what the chat is about stays as it is.
            bound = await self.siblings.awaiting_code(chat, bound) or bound
        try:
            turn = await self.reception.typed(
                bound.conversation, bound.policy, heard.message_key, words_of(heard), CHANNEL
            )
        except IntakeError as error:
            await self._say(item, chat, bound, str(error))
            return
        started = speech.STARTED.format(company=self.bindings.name_of(bound.policy))
        await self._answered(item, chat, bound, turn, started if heard.kind is Kind.START else "")

    async def _pressed(self, item: "Item", heard: Heard, chat: Chat, press: Press) -> None:
        picked = self.bindings.picked(chat, press.pressed.data)
        if picked is not None:
            press.answer()
            before = await self.bindings.current(chat)
            bound = await self.bindings.bind(chat, picked)
            company = self.bindings.name_of(picked)
            words = speech.NOW_ABOUT
            if before is None:  # what was asked before could not be answered
                words = f"{speech.STARTED} {speech.ASK_AGAIN}"
            elif await self._is_first(bound.conversation):
                words = speech.STARTED
            elif await self.desk.is_asking(bound.conversation):
                words = speech.GOES_ON
            await self._say(item, chat, bound, words.format(company=company))
            press.show_choice(chat.chat)
            return
        known, payload = await self.siblings.pressed(chat, press.pressed.data, self.writer.buttons)
        if known is None or self._used.has(item.lane, heard):
            press.answer(speech.GONE)
            await self._settled(item)
            press.take_buttons(chat.chat)
            return
        press.answer()
        turn = Turn.of_button(known.conversation, known.policy, heard.message_key, payload, CHANNEL)
        await self._answered(item, chat, known, turn)
        self._used.add(item.lane, heard)
        press.show_choice(chat.chat)

    async def _answered(self, item: "Item", chat: Chat, bound: Bound, turn: Turn, started: str = "") -> None:
        to = replace(await self._to(chat, bound), also=await self.siblings.told(chat, bound))
        # The notice greets already: a second "hello" after it is left out.
        closing = self.writer.closing(item, replace(to, words=started if to.greeting else ""))
        async with self._typing.shown(chat.chat):
            reply = await self.desk.reply(turn, closing)
            if reply.kind == FORGOTTEN:
                reply = await self._forgotten(chat, bound, reply)
            await closing.close_now(reply)
        self._remember(bound, reply)
        self.writer.wake()

    async def _forgotten(self, chat: Chat, bound: Bound, reply: Reply) -> Reply:
        """What was said in one conversation of a chat is asked to be erased: so are its others."""
        others = await asyncio.to_thread(self.chats.conversations_of, chat)
        for conversation in (bound.conversation, *others):
            self._greeted.pop(conversation, None)
        others = tuple(one for one in others if one != bound.conversation)
        return replace(reply, text=await self.forgetting(bound.conversation, others)) if others else reply

    async def _choose(self, item: "Item", chat: Chat) -> None:
        only = self.bindings.only
        bound = await self.bindings.current(chat)
        if only is not None and bound is not None:
            await self._say(item, chat, bound, speech.ONLY_ONE.format(company=self.bindings.name_of(only)))
            return
        conversation = bound.conversation if bound else None
        company = self.bindings.name_of(bound.policy) if bound else ""
        words = speech.CHANGE.format(company=company) if bound else speech.CHOOSE
        to = To(chat, self.bindings.scope(chat), conversation)
        await self.writer.say(item, to, words, self.bindings.picker())

    async def _say(self, item: "Item", chat: Chat, bound: Bound, text: str) -> None:
        await self.writer.say(item, await self._to(chat, bound), text)
        self._remember(bound, None)

    async def _to(self, chat: Chat, bound: Bound) -> To:
        """The person, with the notice before the first answer, or the company where it is not the one they chose."""
        to = To(chat, bound.conversation, bound.conversation)
        if await self._is_first(bound.conversation):
            return replace(to, greeting=self.welcome(bound.policy))
        current = await self.bindings.current(chat)
        if current is not None and current.conversation != bound.conversation:
            return replace(to, greeting=speech.ABOUT.format(company=self.bindings.name_of(bound.policy)))
        return to

    async def _is_first(self, conversation: str) -> bool:
        return conversation not in self._greeted and not await self.has_spoken(conversation)

    def _remember(self, bound: Bound, reply: Reply | None) -> None:
        if reply is not None and reply.kind == FORGOTTEN:
            return
        self._greeted[bound.conversation] = None
        while len(self._greeted) > MOST_GREETED:
            self._greeted.popitem(last=False)

    async def _settled(self, item: "Item") -> None:
        """There is nothing to say."""
        await asyncio.to_thread(self.inbox.settle, item, self.writer.clock())


def words_of(heard: Heard) -> str:
    """What was said, in words: of a command those that it stands for."""
    text = heard.text.reveal()
    if heard.kind is Kind.START:
        return COMMANDS["start"]
    if heard.kind is not Kind.COMMAND:
        return text
    if heard.name not in COMMANDS:
        return f"{heard.name} {text}".strip()
    if heard.name == "code" and text:
        return text
    return f"{COMMANDS[heard.name]}\n{text}".strip()
