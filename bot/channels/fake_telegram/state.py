"""What the world consists of and the bookkeeping beneath it; world.py is what tests and the page work with."""

from __future__ import annotations

import random
import re
import secrets
import threading

from bot.channels.fake_telegram.clock import Bell, Pace
from bot.channels.fake_telegram.faults import Faults
from bot.channels.fake_telegram.formatting import LONGEST_TEXT, found_entities, units
from bot.channels.fake_telegram.limits import SendingLimits
from bot.channels.fake_telegram.mailbox import Mailbox
from bot.channels.fake_telegram.people import Chat, Message, Person, Press, Wire

DEMO_TOKEN = "1:demo"
DEMO_USERNAME = "privacy_desk_demo_bot"
TOKEN_FORM = re.compile(r"[1-9]\d*:[\w-]+", re.ASCII)
BOT_NAME = "Privacy Desk"
KEPT_PRESSES = 5_000


class State:
    """The fields of a world, and what every change of it does: number, date, keep, tell the bot, wake who waits."""

    def __init__(
        self,
        token: str = DEMO_TOKEN,
        username: str = DEMO_USERNAME,
        *,
        speed: float = 1.0,
        limits: bool = False,
        strict_urls: bool = False,
        first_update: int | None = None,
    ) -> None:
        """An empty world.

        speed: how fast its time runs, for waits, ages and rates alike; 60 makes a minute last a second.
        limits: whether Telegram's sending rates hold. strict_urls: whether addresses without a dot are refused.
        first_update: the first update's number; at random if None.
        """
        self.token, self.username = token, username
        self.pace, self.bell, self.faults = Pace(speed), Bell(), Faults()
        self.mailbox = Mailbox(first_update)
        self.strict_urls, self.limits = strict_urls, SendingLimits() if limits else None
        self.lock = threading.RLock()
        self.bot: Wire = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": BOT_NAME, "username": username}
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self.presses: dict[str, Press] = {}
        self.commands: dict[tuple[str, str], list[Wire]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.calls: dict[str, int] = {}
        self.version, self.is_over = 0, False
        self.id = secrets.token_hex(8)  # tells a page that the server was started anew
        self._random = random.SystemRandom()
        self._last_message = self._random.randrange(10, 500)

    def changed(self) -> None:
        """Something happened: who waits looks again."""
        with self.lock:
            self.version += 1
        self.bell.ring()

    def end(self) -> None:
        """The server stops: who waits for news is let go."""
        self.is_over = True
        self.bell.ring()

    def keep(self, message: Message) -> Message:
        """Put a message into its chat."""
        with self.lock:
            message.chat.messages.append(message)
        self.changed()
        return message

    def next_message_id(self) -> int:
        """Unlike with the real server no two messages of the world share a number; a bot must not rest on it."""
        with self.lock:
            self._last_message += 1
            return self._last_message

    def find_message(self, message_id: int) -> Message:
        """A message by its number. Raises KeyError."""
        with self.lock:
            for chat in self.chats.values():
                if message := chat.message(message_id):
                    return message
        raise KeyError(f"no message {message_id}")

    def sees(self, message: Message) -> bool:
        """Whether the bot is told of a person's message: in groups only if it is meant for the bot ("privacy mode")."""
        if not message.chat.is_group:
            return True
        text = message.text or str(message.content.get("caption", ""))
        command = re.match(r"/\w+(?:@(\w+))?", text)
        if command:
            return command.group(1) in (None, self.username)
        is_reply = message.reply_to is not None and message.reply_to.author is None
        return is_reply or f"@{self.username}" in text

    def tell(self, kind: str, message: Message) -> None:
        """A message as an update, if the bot sees it."""
        if self.sees(message):
            self.mailbox.put(kind, message.wire(self.bot), message.chat.id, self.pace.now())

    def post(self, chat_id: int, person: Person, content: Wire, reply_to: int | None) -> int:
        """A person's message: its number."""
        with self.lock:
            chat, text = self.chats[chat_id], str(content.get("text", ""))
            message = Message(self.next_message_id(), chat, person, self.pace.stamp(), text, found_entities(text))
            message.content = {name: value for name, value in content.items() if name != "text"}
            message.reply_to = chat.message(reply_to) if reply_to is not None else None
            if not chat.is_group:
                self._opened(chat, person)
            person.has_met = person.has_met or self.sees(message)
            self.keep(message)
            self.tell("message", message)
        self.changed()
        return message.id

    def _opened(self, chat: Chat, person: Person) -> None:
        """Who writes has started the bot, and has ended a block."""
        person.has_started = True
        if person.has_blocked:
            person.has_blocked = False
            self.tell_membership(chat, person, "kicked", "member")

    def tell_membership(self, chat: Chat, person: Person, before: str, after: str) -> None:
        """The bot was blocked, unblocked, added or removed."""
        change = {
            "chat": chat.wire(),
            "from": person.wire(),
            "date": self.pace.stamp(),
            "old_chat_member": self._member(before),
            "new_chat_member": self._member(after),
        }
        self.mailbox.put("my_chat_member", change, chat.id, self.pace.now())
        self.changed()

    def _member(self, status: str) -> Wire:
        until = {"until_date": 0} if status == "kicked" else {}
        return {"user": self.bot, "status": status, **until}

    def remember(self, press: Press) -> None:
        """Keep a press until it is answered or very many came after it."""
        with self.lock:
            self.presses[press.id] = press
            while len(self.presses) > KEPT_PRESSES:
                del self.presses[next(iter(self.presses))]

    def free_number(self, low: int, high: int) -> int:
        """A number that no chat has; beyond 32 bits for people, as real ones may be."""
        while True:
            number = self._random.randrange(low, high)
            if number not in self.chats and -1_000_000_000_000 - number not in self.chats:
                return number


def as_typed(text: str) -> list[str]:
    """A text as the app sends it: without spaces around it, and a long one in several messages. Raises ValueError."""
    rest = text.strip()
    if not rest:
        raise ValueError("the app sends no empty message")
    parts = []
    while units(rest) > LONGEST_TEXT:
        fits = rest[:LONGEST_TEXT]
        while units(fits) > LONGEST_TEXT:
            fits = fits[:-1]
        parts.append(fits)
        rest = rest[len(fits) :]
    return [*parts, rest]
