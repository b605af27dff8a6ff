"""The world around the bot: people who write to it, and what it said to them. Plain Python, from any thread."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from bot.channels.fake_telegram.formatting import found_entities
from bot.channels.fake_telegram.mailbox import Update
from bot.channels.fake_telegram.people import Answer, Button, Chat, Message, Person, Press, Wire
from bot.channels.fake_telegram.state import State, as_typed

PRESSES_APART = 3 << 33  # the real server queues a person's presses apart from their messages
_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")


class World(State):
    """Everything on the other side of the Bot API. Each `say`, `press` … becomes an update for the bot."""

    # People and chats

    def new_person(self, name: str = "Ann", *, has_started: bool = False) -> int:
        """Somebody new, and their private chat: its number. A bot cannot write to them before they have started it."""
        with self.lock:
            number = self.free_number(5_000_000_000, 8_000_000_000)
            person = Person(number, name, has_met=has_started, has_started=has_started)
            self.people[number] = person
            self.chats[number] = Chat(number, name, [person])
        self.changed()
        return number

    def new_group(self, title: str, people: Sequence[int]) -> int:
        """A group of these people and the bot, which has just been added: the group's number."""
        with self.lock:
            number = -1_000_000_000_000 - self.free_number(1_000_000_000, 3_000_000_000)
            members = [self.people[person] for person in people]
            self.chats[number] = Chat(number, title, members, is_group=True)
            self.tell_membership(self.chats[number], members[0], "left", "member")
        return number

    # What they do

    def start(self, chat: int, payload: str = "") -> int:
        """Press "Start", as by a deep link t.me/<bot>?start=<payload>: the message's number."""
        if not _START_PAYLOAD.fullmatch(payload):
            raise ValueError("a start payload has up to 64 letters, digits, _ and -")
        return self.say(chat, f"/start {payload}".strip())

    def say(self, chat: int, text: str, *, reply_to: int | None = None) -> int:
        """Write in a private chat: the message's number; of the last one where a long text had to be cut in several."""
        parts = as_typed(text)
        return [self.post(chat, self.people[chat], {"text": part}, reply_to) for part in parts][-1]

    def say_in_group(
        self, group: int, person: int, text: str, mention: bool = True, reply_to_bot: int | None = None
    ) -> int:
        """Write in a group. mention: with the bot's name first; reply_to_bot: the number of a message of the bot's.

        As with the real server's privacy mode the bot sees commands, mentions of it, and replies to it; nothing else.
        """
        if mention and f"@{self.username}" not in text and not text.startswith("/"):
            text = f"@{self.username} {text}"
        return [self.post(group, self.people[person], {"text": part}, reply_to_bot) for part in as_typed(text)][-1]

    def send_photo(self, chat: int, caption: str = "", *, person: int | None = None) -> int:
        """A picture."""
        photo = {**self._file("photo"), "width": 90, "height": 60, "file_size": 1_253}
        content: Wire = {"photo": [photo], **({"caption": caption} if caption else {})}
        return self.send(chat, content, person=person)

    def send_voice(self, chat: int, seconds: int = 4, *, person: int | None = None) -> int:
        """A voice message."""
        voice = {**self._file("voice"), "duration": seconds, "mime_type": "audio/ogg", "file_size": 9_410}
        return self.send(chat, {"voice": voice}, person=person)

    def send_contact(self, chat: int, phone: str = "+44 20 7946 0123", *, person: int | None = None) -> int:
        """A telephone number: their own, by the app's button."""
        who = self.people[chat if person is None else person]
        return self.send(
            chat, {"contact": {"phone_number": phone, "first_name": who.name, "user_id": who.id}}, person=person
        )

    def send(self, chat: int, content: Wire, *, person: int | None = None) -> int:
        """A message of any kind, in the Bot API's own fields: {"sticker": …}, {"location": …}, {"dice": …}."""
        return self.post(chat, self.people[chat if person is None else person], content, None)

    def edit(self, message_id: int, text: str) -> None:
        """A person changes what they wrote."""
        with self.lock:
            message = self.find_message(message_id)
            if message.author is None:
                raise ValueError("only the bot edits what the bot said")
            message.text, message.entities = text, found_entities(text)
            message.edited = self.pace.stamp()
            self.tell("edited_message", message)
        self.changed()

    def press(self, message_id: int, button: int | str, *, person: int | None = None, times: int = 1) -> str | None:
        """Press a button under a message of the bot, by its place (from 0, row by row) or its words.

        Gives the last press's number, or None for a button that opens an address. person: who, in a group; times: so
        often before the bot hears of the first, as an impatient thumb does.
        """
        with self.lock:
            message = self.find_message(message_id)
            chosen = _chosen(message, button)
            if chosen.data is None:
                return None
            who = self.people[message.chat.id] if person is None else self.people[person]
            pressed = [self._pressed(message, chosen.data, who) for _ in range(times)]
        self.changed()
        return pressed[-1].id

    def _pressed(self, message: Message, data: str, who: Person) -> Press:
        press = Press(str(self._random.randrange(10**17, 10**18)), who, message, data, self.pace.now())
        self.remember(press)
        query = {
            "id": press.id,
            "from": who.wire(),
            "message": message.wire(self.bot),
            "chat_instance": str(abs(message.chat.id) * 7),
            "data": press.data,
        }
        self.mailbox.put("callback_query", query, who.id + PRESSES_APART, self.pace.now())
        return press

    def block(self, chat: int) -> None:
        """Stop the bot: it gets no more messages through."""
        self._set_blocked(chat, True)

    def unblock(self, chat: int) -> None:
        """Let the bot write again."""
        self._set_blocked(chat, False)

    def _set_blocked(self, chat: int, is_blocked: bool) -> None:
        with self.lock:
            person = self.people[chat]
            if person.has_blocked is is_blocked:
                return
            person.has_blocked = is_blocked
            states = ("member", "kicked") if is_blocked else ("kicked", "member")
            self.tell_membership(self.chats[chat], person, *states)

    def _file(self, kind: str) -> Wire:
        number = self.next_message_id()
        return {"file_id": f"fake-{kind}-{number}", "file_unique_id": f"fake-{number}"}

    def push(self, fields: Wire, lane: int = 0) -> int:
        """An update of any shape, wanted or not, for fuzzing and for kinds that are not known here: its number."""
        number = self.mailbox.put_raw(fields, lane, self.pace.now())
        self.changed()
        return number

    # What came of it

    def messages(self, chat: int) -> list[Message]:
        """What the bot said there and has not deleted, oldest first, as it stands now."""
        with self.lock:
            return [message for message in self.chats[chat].messages if message.author is None]

    def history(self, chat: int) -> list[Message]:
        """All that was said there."""
        with self.lock:
            return list(self.chats[chat].messages)

    def answer_to(self, press_id: str) -> Answer | None:
        """How the bot answered a press; None while it has not."""
        with self.lock:
            return self.presses[press_id].answer

    def unanswered(self) -> list[Press]:
        """Presses that the bot has not answered: their buttons keep turning."""
        with self.lock:
            return [press for press in self.presses.values() if press.answer is None]

    def is_typing(self, chat: int) -> bool:
        """Whether "typing…" is shown."""
        with self.lock:
            until = self.chats[chat].typing_until
            return until is not None and self.pace.now() < until

    def pending(self) -> list[Update]:
        """Updates that the bot has not confirmed, oldest first."""
        return self.mailbox.waiting(self.pace.now())

    async def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> bool:
        """Wait until a condition on this world holds. False if it did not within so many seconds of the wall clock."""
        end, event = time.monotonic() + seconds, self.bell.listen()
        try:
            while not condition():
                if time.monotonic() >= end:
                    return False
                await self.bell.wait(event, min(0.5, max(0.0, end - time.monotonic())))
            return True
        finally:
            self.bell.leave(event)

    # What goes wrong

    @property
    def down(self) -> bool:
        """Whether every call gets 502."""
        return self.faults.is_down

    @down.setter
    def down(self, is_down: bool) -> None:
        self.faults.is_down = is_down
        self.changed()

    def fail_next(
        self, method: str, status: int, times: int = 1, retry_after: int | None = None, description: str = ""
    ) -> None:
        """As Faults.fail_next."""
        self.faults.fail_next(method, status, times, retry_after, description)

    def drop_responses(self, method: str, times: int = 1, seconds: float = 60.0) -> None:
        """As Faults.drop_responses."""
        self.faults.drop_responses(method, times, seconds)

    def revoke_token(self) -> None:
        """From now on every call gets 401, as after /revoke with BotFather. `faults.clear()` gives the token back."""
        self.faults.is_revoked = True
        self.changed()

    def skip(self, seconds: float) -> None:
        """Let so many seconds of the world's time be over at once."""
        self.pace.skip(seconds)
        self.changed()

    def redeliver(self, update_id: int) -> bool:
        """Deliver an update a second time. False if it is not known (any more)."""
        is_known = self.mailbox.redeliver(update_id)
        self.changed()
        return is_known


def _chosen(message: Message, button: int | str) -> Button:
    """A button by its place or its words. Raises LookupError."""
    buttons = [one for row in message.buttons for one in row]
    if isinstance(button, int):
        return buttons[button]
    for one in buttons:
        if one.text == button:
            return one
    raise KeyError(f"message {message.id} has no button {button!r}")
