"""One person's conversation with the running assistant, and what its replies are looked at for."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from builders import MOST_STEPS, WISH, answer_to, fresh_address

from bot.desk import Button, Reply, Turn
from bot.launch import Parts
from bot.rendering import plain_text
from tickets.model import Summary

POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
_numbers = itertools.count(1)


@dataclass
class Talk:
    """A conversation about one policy: what is typed or pressed goes through reception, Rasa and the actions."""

    parts: Parts
    policy: str
    conversation: str = field(default_factory=lambda: f"test:{secrets.token_hex(8)}")

    def say(self, text: str, message_id: str | None = None) -> Reply:
        """Type a message."""
        typed = self.parts.reception.typed(self.conversation, self.policy, message_id or _fresh_id(), text)
        return self._turn(asyncio.run(typed))

    def press(self, button: Button, message_id: str | None = None) -> Reply:
        """Press a button of an earlier reply."""
        named = message_id or _fresh_id()
        return self._turn(Turn.of_button(self.conversation, self.policy, named, button.payload))

    def confirming(self, wish: str = WISH, address: str = "") -> Reply:
        """Say a wish and go on to the summary: the next yes files."""
        return self.go_on(self.say(wish), address)

    def go_on(self, reply: Reply, address: str = "") -> Reply:
        """From any reply on the way to the summary."""
        for _ in range(MOST_STEPS):
            if "Is that right?" in said_in(reply):
                return reply
            reply = self.say(answer_to(said_in(reply), address or fresh_address()))
        raise AssertionError(f"no summary, but {said_in(reply)!r}")

    def file(self, wish: str = WISH, address: str = "", message_id: str | None = None) -> Reply:
        """The whole way: wish, offer, account, details, summary, receipt. message_id: that of the last yes."""
        self.confirming(wish, address)
        return self.say("yes", message_id)

    def _turn(self, turn: Turn) -> Reply:
        reply = asyncio.run(self.parts.desk.reply(turn))
        assert not reply.failed, reply.text
        return reply

    def intent(self) -> str:
        """How the last message was understood."""
        reading = asyncio.run(self.parts.desk.reading(self.conversation))
        return str(reading["intent"]["name"])

    def filed(self) -> tuple[Summary, ...]:
        """What lies in the store for this conversation, newest first."""
        return self.parts.requests.status_of(self.conversation)


def _fresh_id() -> str:
    return f"answers-{next(_numbers)}"


def asked(parts: Parts, policy: str, question: str) -> Reply:
    """One question in a conversation of its own."""
    return Talk(parts, policy).say(question)


def said_in(reply: Reply) -> str:
    """All that the desk itself says."""
    return f"{reply.text}\n{reply.closing}"


def kind(reply: Reply) -> str:
    """The kind of answer; empty where the reply answers nothing."""
    return str(reply.answer["kind"]) if reply.answer else ""


def quotes(reply: Reply, *roles: str) -> list[dict[str, Any]]:
    """The quotes, of these roles if any are named."""
    found = reply.answer["quotes"] if reply.answer else []
    return [quote for quote in found if not roles or quote["role"] in roles]


def quoted(reply: Reply, *roles: str) -> str:
    """The words of the quotes put together, on one line."""
    return " ".join(" ".join(quote["text"].split()) for quote in quotes(reply, *roles))


def read_out(reply: Reply) -> str:
    """All that a person sees, on one line."""
    return " ".join(plain_text(reply).split())


def titles(reply: Reply) -> list[str]:
    """The buttons."""
    return [button.title for button in reply.buttons]


def button(reply: Reply, title: str) -> Button:
    """The one button with that title."""
    (found,) = [one for one in reply.buttons if one.title == title]
    return found


def unstamped(reply: Reply) -> Reply:
    """Without the receipts of its answers, which hold the minute."""
    assert reply.answer is not None and reply.answer["receipt"]
    more = tuple({**one, "receipt": ""} for one in reply.more_answers)
    return replace(reply, answer={**reply.answer, "receipt": ""}, more_answers=more)
