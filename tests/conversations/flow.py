"""Plays a conversation written as YAML through intake, the real Agent, the real actions and a real store.

A flow has a name, a policy and turns. What a person does:

    me: "text"            type; {code} is the last code that was mailed, {earlier_code} the one before it,
                          {lower_code} and {spaced_code} the last one typed otherwise, {reference} the newest request's,
                          {plain_reference} the same in small letters and without dashes
    press: "Title"        press the button of that title (or that begins with it)
    wait: 1 day           let time pass (minutes, hours, days)
    elsewhere: true       go on in a new conversation, like on another device; home: true goes back to the first
    restart: true         the process forgets what it had in memory
    purge: true           the round that closes and erases what has run out
    stop: true            press the button behind the link of the newest mail, without any login
    staff: verify staff_record_match | approve | fulfil | start    a decision on the newest request
           refuse LegallyExempted | extend ComplexityOfProcess | ask_requester Which of the two accounts?

What is expected, after any of them:

    desk:  says, not      texts that stand or do not stand anywhere in the reply, in any case
           quotes         beginnings of clause ids, in any order; [] for none
           kind           of the answer
           buttons        titles (beginnings) that are offered
           asks           the step of the form that is open now, without "request__"; none where no form is open
    store: a list of the conversation's requests, newest first: rights, status, and, where given, text, policy
    mail:  to, kind       the newest mail; {none: true}: no mail since the last look
    told:  texts          that stand in what was last sent into the conversation without being asked
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.desk import Reply, Turn
from bot.launch import Parts
from bot.rendering import plain_text
from pii.redacted import Redacted
from tickets.decisions import Decisions
from tickets.vocabulary import DelayReason, EvidenceKind, RefusalReason, Way

_CODE = re.compile(r"(?<![\w-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
_GIVEN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "verify": ("kind", EvidenceKind),
    "refuse": ("reason", RefusalReason),
    "extend": ("reason", DelayReason),
    "ask_requester": ("question", str),
}
_STOP = re.compile(r"/stop/([\w-]+)")
BEGIN = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Player:
    """One person, and what the desk did."""

    parts: Parts
    clock: Clock
    policy: str
    home: str = field(default_factory=lambda: f"web:{secrets.token_hex(16)}")
    reply: Reply | None = None
    codes: list[str] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    stop_tokens: list[str] = field(default_factory=list)
    told: str = ""
    number: int = 0

    def __post_init__(self) -> None:
        self.conversation = self.home

    async def play(self, turn: dict[str, Any]) -> None:
        """One entry of the flow: something done, or something expected."""
        for verb, what in turn.items():
            await getattr(self, f"do_{verb}")(what)

    async def do_me(self, text: str) -> None:
        for name, value in self._values().items():
            text = text.replace("{" + name + "}", value)
        turn = await self.parts.reception.typed(self.conversation, self.policy, self._id(), text)
        await self._say(turn)

    def _values(self) -> dict[str, str]:
        code = self.codes[-1] if self.codes else ""
        return {
            "code": code,
            "earlier_code": self.codes[-2] if len(self.codes) > 1 else "",
            "lower_code": code.lower(),
            "spaced_code": " ".join(code.replace("-", "")),
            "reference": self._newest(),
            "plain_reference": self._newest().replace("-", " ").lower(),
        }

    async def do_press(self, title: str) -> None:
        assert self.reply is not None
        found = [button for button in self.reply.buttons if button.title.startswith(title)]
        assert found, f"no button {title!r} among {[button.title for button in self.reply.buttons]}"
        payload = found[0].payload
        await self._say(Turn.of_button(self.conversation, self.policy, self._id(), payload))

    async def _say(self, turn: Turn) -> None:
        self.reply = await self.parts.desk.reply(turn)
        assert not self.reply.failed, self.reply.text
        self._deliver()

    def _deliver(self) -> None:
        for parcel in self.parts.outbox.lease(self.clock.now, limit=100):
            text = parcel.text.reveal()
            if parcel.way is Way.MAIL:
                self.mails.append((parcel.recipient.reveal(), parcel.kind))
                self.codes += _CODE.findall(text)[:1]
                self.stop_tokens += _STOP.findall(text)
            elif parcel.recipient.reveal() == self.home:
                self.told = text
            self.parts.outbox.delivered(parcel, self.clock.now)

    async def do_wait(self, what: str) -> None:
        number, unit = what.split()
        self.clock.now += timedelta(**{unit.rstrip("s") + "s": int(number)})

    async def do_elsewhere(self, _: bool) -> None:
        self.conversation = f"web:{secrets.token_hex(16)}"

    async def do_home(self, _: bool) -> None:
        self.conversation = self.home

    async def do_restart(self, _: bool) -> None:
        store = self.parts.desk.agent.tracker_store
        getattr(store, "_tracker_store", store).store.clear()

    async def do_purge(self, _: bool) -> None:
        self.parts.keeper.purge(self.clock.now)
        self._deliver()

    async def do_stop(self, _: bool) -> None:
        assert self.parts.identity.stop(Redacted(self.stop_tokens[-1]), self.clock.now) is not None
        self._deliver()

    async def do_staff(self, what: str) -> None:
        verb, _, rest = what.partition(" ")
        given: dict[str, Any] = {}
        if verb in _GIVEN:
            name, kind = _GIVEN[verb]
            given[name] = kind(rest)
        if verb == "refuse":
            given["basis"] = "the-clause-it-rests-on"
        actor = "staff:b" if verb == "approve" else "staff:a"
        decisions = Decisions(self.parts.store, self.parts.vault, self.parts.mail)
        getattr(decisions, verb)(self._newest(), **given, actor=actor, now=self.clock.now)
        self._deliver()

    async def do_desk(self, wanted: dict[str, Any]) -> None:
        assert self.reply is not None
        said = plain_text(self.reply)
        for text in _listed(wanted.get("says")):
            expected = text.replace("{reference}", self._newest())
            assert expected.lower() in said.lower(), f"{expected!r} is not in:\n{said}"
        for text in _listed(wanted.get("not")):
            assert text.lower() not in said.lower(), f"{text!r} is in:\n{said}"
        answers = [answer for answer in (self.reply.answer, *self.reply.more_answers) if answer]
        if "kind" in wanted:
            assert answers and answers[0]["kind"] == wanted["kind"], answers and answers[0]["kind"]
        if "quotes" in wanted:
            shown = [quote["clause"] for answer in answers for quote in answer["quotes"]]
            for start in wanted["quotes"]:
                assert any(clause.startswith(start) for clause in shown), f"{start} is not quoted: {shown}"
            assert wanted["quotes"] or not shown, shown
        titles = [button.title for button in self.reply.buttons]
        for title in _listed(wanted.get("buttons")):
            assert any(one.startswith(title) for one in titles), f"no button {title!r}: {titles}"
        if "asks" in wanted:
            assert await self._asked() == wanted["asks"], await self._asked()

    async def _asked(self) -> str:
        tracker = await self.parts.desk.agent.tracker_store.retrieve(self.conversation)
        if tracker is None or not tracker.active_loop_name:
            return "none"
        return str(tracker.get_slot("requested_slot")).removeprefix("request__")

    async def do_store(self, wanted: list[dict[str, Any]]) -> None:
        found = self.parts.requests.status_of(self.conversation)
        assert len(found) == len(wanted), found
        for one, expected in zip(found, wanted, strict=True):
            assert {right.value for right in one.rights} == set(expected["rights"]), one
            assert one.status.value == expected.get("status", one.status.value), one
            assert one.policy == expected.get("policy", self.policy)
            if "text" in expected:
                assert self.parts.requests.show(one.reference).text == expected["text"]

    async def do_mail(self, wanted: dict[str, Any]) -> None:
        if wanted.get("none"):
            assert not self.mails, self.mails
            return
        assert self.mails, "no mail was sent"
        recipient, kind = self.mails.pop()
        self.mails.clear()
        assert recipient == wanted.get("to", recipient)
        assert kind == wanted.get("kind", kind)

    async def do_told(self, wanted: str | list[str]) -> None:
        for text in _listed(wanted):
            assert text.lower() in self.told.lower(), f"{text!r} is not in:\n{self.told}"

    def _newest(self) -> str:
        found = self.parts.requests.status_of(self.home)
        return found[0].reference if found else ""

    def _id(self) -> str:
        self.number += 1
        return f"m-{self.number}"


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def played(parts: Parts, clock: Clock, flow: dict[str, Any]) -> None:
    """Play a whole flow; a failure names its turn."""
    player = Player(parts, clock, flow["policy"])

    async def run() -> None:
        for number, turn in enumerate(flow["turns"], 1):
            try:
                await player.play(turn)
            except AssertionError as error:
                raise AssertionError(f"turn {number}, {turn}: {error}") from error

    asyncio.run(run())
