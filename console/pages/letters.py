"""Messages that did not get through: letters that were given up, and arrivals that could not be worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.access import Routes, Who
from tickets import rows
from tickets.vocabulary import Delivery, Role, Way

if TYPE_CHECKING:
    from console.house import House

MOST_SHOWN = 100
WAY_WORDS = {Way.MAIL: "mail", Way.WEB: "web chat", Way.TELEGRAM: "Telegram"}
LETTER_WORDS = {
    "reply": "answer to a message",
    "code": "code for a proof",
    "reach": "code for another conversation",
    "received": "receipt of a request",
    "verified": "who asks is settled",
    "asked": "question to the person",
    "extended": "notice of a longer period",
    "fulfilled": "done as asked",
    "partly_fulfilled": "done in part",
    "denied": "refusal",
    "referred": "referred to another party",
    "duplicate": "covered by another request",
    "expired": "closed without a proof",
    "withdrawn": "request withdrawn",
    "replied": "reply of staff",
}
PROBLEM_WORDS = {
    "unreadable": "cannot be opened with the present keys",
    "lease_ran_out": "the work on it never ended",
    "address_not_supported": "the mail server does not take such an address",
    "blocked": "the person has blocked the bot",
    "not_a_chat": "there is no such chat",
    "too_many_requests": "the other side asked for less",
    "token_refused": "Telegram does not take the bot's token",
    "ConnectionRefusedError": "nobody answers at the server",
    "TimeoutError": "the server did not answer in time",
}
NOTHING_LEFT = "Nothing is left of it to send: what had an end date was emptied, or somebody else was first."
NOT_STUCK = "It is not waiting here any more: somebody else was first."


def add(routes: Routes, house: "House") -> None:
    """The page, and trying again."""
    letters = Letters(house)

    @routes.get("/letters")
    async def page(request: Request, who: Who) -> Response:
        return house.look.page(request, who, "letters.html", **await asyncio.to_thread(letters.shown))

    @routes.post("/letters/again", role=Role.AGENT)
    async def again(request: Request, who: Who, letter: Annotated[str, Form(max_length=64)]) -> Response:
        waits = await asyncio.to_thread(house.outbox.try_again, letter, house.clock(), actor=who.member.id)
        return house.look.go(request, "/letters", "It is being sent once more." if waits else NOTHING_LEFT)

    @routes.post("/letters/arrived", role=Role.AGENT)
    async def arrived(request: Request, who: Who, sequence: Annotated[int, Form(ge=0, lt=2**62)]) -> Response:
        waits = await asyncio.to_thread(house.inbox.try_again, sequence, house.clock(), actor=who.member.id)
        return house.look.go(request, "/letters", "It is being worked on once more." if waits else NOT_STUCK)


class Letters:
    """Reads what the page shows. Neither who it is for nor what it says is shown."""

    def __init__(self, house: "House") -> None:
        self._house = house

    def shown(self) -> dict[str, Any]:
        """All that did not get through, newest first, and what waits."""
        dead = self._house.outbox.dead(MOST_SHOWN)
        stuck = self._house.inbox.quarantined(MOST_SHOWN)
        counts = self._house.outbox.counts()
        references = self._references(letter.request_id for letter in dead)
        return {
            "dead": [
                {
                    "letter": letter,
                    "kind": LETTER_WORDS.get(letter.kind, letter.kind.replace("_", " ")),
                    "way": WAY_WORDS[letter.way],
                    "problem": problem_words(letter.problem),
                    "reference": references.get(letter.request_id or "", ""),
                }
                for letter in dead
            ],
            "dead_count": counts[Delivery.DEAD],
            "stuck": [{"message": message, "problem": problem_words(message.problem)} for message in stuck],
            "is_full": len(stuck) == MOST_SHOWN,
            "waiting": counts[Delivery.WAITING],
            "waiting_since": self._house.outbox.oldest_waiting(),
            "arriving": self._house.inbox.waiting(),
            "arriving_since": self._house.inbox.oldest_waiting(),
        }

    def _references(self, request_ids: Iterable[str | None]) -> dict[str, str]:
        with self._house.store.reading() as unit:
            found = {name: rows.by_id(unit, name) for name in request_ids if name}
        return {name: row["reference"] for name, row in found.items() if row is not None}


def problem_words(problem: str | None) -> str:
    """The kind of a failure in words, with its own name where there are none."""
    if not problem:
        return "not known"
    if problem.startswith("smtp_"):
        return f"the mail server answered {problem.removeprefix('smtp_')}"
    return PROBLEM_WORDS.get(problem, problem)
