"""Who and what the world consists of: people, chats, messages, pressed buttons; each in the Bot API's own JSON."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Wire = dict[str, Any]
KEPT_MESSAGES = 5_000  # of one chat; older ones are forgotten, so that a flood does not fill the memory


@dataclass
class Person:
    """Somebody with the app. has_met: the bot has heard from them, so that it may know them."""

    id: int
    name: str
    language: str = "en"
    has_met: bool = False
    has_started: bool = False
    has_blocked: bool = False

    def wire(self) -> Wire:
        """A `User`. Real ones often have a user name; these have none, because nothing may rest on it."""
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}


@dataclass
class Chat:
    """A private chat, whose number is its person's, or a group."""

    id: int
    title: str
    members: list[Person]
    is_group: bool = False
    messages: "deque[Message]" = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))
    typing_until: datetime | None = None

    def wire(self) -> Wire:
        """A `Chat`."""
        if self.is_group:
            return {"id": self.id, "title": self.title, "type": "supergroup"}
        return {"id": self.id, "first_name": self.title, "type": "private"}

    def message(self, message_id: int) -> "Message | None":
        """One of its messages that has not been deleted."""
        for message in reversed(self.messages):
            if message.id == message_id:
                return message
        return None


@dataclass(frozen=True)
class Button:
    """A button under a message. data: what a press sends; url: what it opens."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass
class Message:
    """A message. author: None is the bot; content: what is not text, in the Bot API's own fields."""

    id: int
    chat: Chat
    author: Person | None
    date: int
    text: str = ""
    entities: list[Wire] = field(default_factory=list)
    content: Wire = field(default_factory=dict)
    keyboard: list[list[Wire]] = field(default_factory=list)
    reply_to: "Message | None" = None
    edited: int | None = None

    @property
    def buttons(self) -> list[list[Button]]:
        """Its inline keyboard, row by row."""
        return [[Button(one["text"], one.get("callback_data"), one.get("url")) for one in row] for row in self.keyboard]

    def wire(self, bot: Wire, *, with_reply: bool = True) -> Wire:
        """A `Message`, as the Bot API gives it. with_reply: a replied message does not tell what it replies to."""
        made: Wire = {
            "message_id": self.id,
            "from": bot if self.author is None else self.author.wire(),
            "chat": self.chat.wire(),
            "date": self.date,
        }
        if self.edited is not None:
            made["edit_date"] = self.edited
        if with_reply and self.reply_to is not None:
            made["reply_to_message"] = self.reply_to.wire(bot, with_reply=False)
        if self.text:
            made["text"] = self.text
        if self.entities:
            made["entities"] = self.entities
        if self.keyboard:
            made["reply_markup"] = {"inline_keyboard": self.keyboard}
        return {**made, **self.content}


@dataclass
class Press:
    """A pressed button: a `CallbackQuery`. answer: what the bot said to it, once it did."""

    id: str
    person: Person
    message: Message
    data: str
    at: datetime
    answer: "Answer | None" = None


@dataclass(frozen=True)
class Answer:
    """How the bot answered a press: nothing, a short notice, or one that has to be closed."""

    text: str = ""
    is_alert: bool = False
    url: str = ""
