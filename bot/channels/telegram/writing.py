"""Puts replies into the outbox, each in the transaction that settles the message it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bot.channels.telegram.buttons import Buttons, TooLongError
from bot.channels.telegram.rendered import Key
from bot.channels.telegram.rendering import Place, rendered
from bot.channels.telegram.sender import REPLY, sealed_chat
from bot.channels.telegram.siblings import ABOUT_REQUESTS
from bot.closing import Closing
from bot.desk import Button, Reply
from pii.redacted import Redacted
from tickets.outbox import Letter, post
from tickets.vocabulary import Way

if TYPE_CHECKING:
    from pii.encryption import Vault
    from tickets.chats import Chat
    from tickets.inbox import Item
    from tickets.store import Store, Unit

FORGOTTEN = "forgotten"
_log = structlog.get_logger("bot.telegram")


@dataclass(frozen=True)
class To:
    """Where an answer goes. conversation: None where no policy is bound. scope: in which its buttons hold.

    greeting: what is said before it. words: said instead of a reply that is but a text.
    private: the address of a private chat with us, for answers in a group, where nothing personal is shown and
    offers lead there and nothing personal is shown; is_sent_there: the answer itself is to go there.
    """

    chat: "Chat"
    scope: str
    conversation: str | None = None
    greeting: str = ""
    words: str = ""
    reply_to: int = 0
    private: Key | None = None
    also: str = ""
    is_sent_there: bool = False


@dataclass(frozen=True)
class Writer:
    """wake: called after something was posted."""

    store: "Store"
    vault: "Vault"
    buttons: Buttons
    name_of: Callable[[str], str]
    base_url: str
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None

    def closing(self, item: "Item", to: To) -> Closing:
        """The end of this item: the reply goes out with whatever is kept of the conversation."""
        return Closing(self.store, item, self.clock, lambda unit, reply: self._post(unit, reply, to))

    async def say(self, item: "Item", to: To, text: str, buttons: tuple[Button, ...] = ()) -> None:
        """Answer with words of our own, and settle. Raises tickets.errors.StoreError."""
        await self.closing(item, to).close_now(Reply(text, buttons=buttons))
        self.wake()

    def _post(self, unit: "Unit", reply: Reply, to: To) -> str | None:
        # Where no policy is bound there is no conversation yet. A forgotten one has its address until this is sent.
        recipient = to.conversation or sealed_chat(self.vault, to.chat)
        place = Place(self.base_url, self.name_of, lambda payload: self._data(to.scope, payload), to.reply_to)
        shown = _public(reply) if to.private else reply
        if to.words and not (reply.failed or reply.answer or reply.request or reply.kind):
            shown = replace(shown, text=to.words)
        if to.also and reply.kind in ABOUT_REQUESTS:
            shown = replace(shown, closing="\n\n".join(filter(None, (shown.closing, to.also))))
        message = rendered(shown, place, to.greeting)
        if to.private is not None and (reply.buttons or to.is_sent_there):
            message = replace(message, rows=((to.private,),))
        if not message.text:
            return None
        letter = Letter(Way.TELEGRAM, recipient, REPLY, Redacted(recipient), "", message.to_json())
        return post(unit, self.vault, letter, self.clock())

    def _data(self, scope: str, payload: str) -> str:
        try:
            return self.buttons.data(scope, payload)
        except TooLongError:
            _log.error("telegram_button_left_out", size=len(payload))
            return ""


def _public(reply: Reply) -> Reply:
    """What of a reply may stand in a group: offers and what is personal belong into a private chat."""
    return replace(reply, buttons=(), request=None, letter="", closing="" if reply.buttons else reply.closing)
