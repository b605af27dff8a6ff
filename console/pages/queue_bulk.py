"""What is done with several requests at once: each on its own, with its own result, so that one refusal stops none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tickets.allowed import Action, allowed
from tickets.errors import InputError, MoveError, StoreError, UnknownRequestError
from tickets.references import normalised

if TYPE_CHECKING:
    from console.house import House
    from tickets.staff import Member

DEEDS: dict[str, str] = {"claim": "Take", "assign": "Assign to", "start": "Start work"}
_DONE = {"claim": "You have it now.", "assign": "Assigned.", "start": "The work has begun."}


@dataclass(frozen=True)
class Deed:
    """What is done with each. to: the member who gets the requests, for "assign"."""

    name: str
    to: str = ""

    @classmethod
    def of(cls, name: str, to: str) -> "Deed | None":
        """None for what is no deed, or lacks whom to assign to."""
        if name not in DEEDS or (name == "assign" and not to):
            return None
        return cls(name, to if name == "assign" else "")


@dataclass(frozen=True)
class Result:
    """What became of one request of several."""

    reference: str
    is_done: bool
    words: str


def done_to(house: "House", deed: Deed, tickets: Sequence[str], member: "Member", now: datetime) -> list[Result]:
    """Do it to each, in their order. tickets: "reference@version", as the rows of the queue carry them."""
    return [_done(house, deed, ticket, member, now) for ticket in dict.fromkeys(tickets)]


def _done(house: "House", deed: Deed, ticket: str, member: "Member", now: datetime) -> Result:
    typed, _, version = ticket.partition("@")
    reference = normalised(typed)
    if not reference or not version.isdecimal() or len(version) > 9:
        return Result(reference or "?", False, "This is not a request of the queue.")
    try:
        _do(house, deed, reference, member, now, int(version))
    except (MoveError, InputError, UnknownRequestError) as error:
        return Result(
            reference, False, _why_not(house, deed, reference, member, now, int(version)) or as_sentence(str(error))
        )
    except StoreError:
        return Result(reference, False, "The database did not take it. Nothing was saved; try again.")
    return Result(reference, True, _DONE[deed.name])


def _do(house: "House", deed: Deed, reference: str, member: "Member", now: datetime, seen: int) -> None:
    if deed.name == "claim":
        house.handling.claim(reference, member.id, now, seen=seen)
    elif deed.name == "assign":
        house.handling.assign(reference, deed.to, member.id, now, seen=seen)
    else:
        house.decisions.start(reference, member.id, now, seen=seen)


def _why_not(house: "House", deed: Deed, reference: str, member: "Member", now: datetime, seen: int) -> str:
    """The sentence of the request's own page, where the rules stood before it and not somebody else's change."""
    action = {"claim": Action.CLAIM, "start": Action.START}.get(deed.name)
    try:
        details = house.requests.show(reference)
    except (UnknownRequestError, StoreError):
        return ""
    return allowed(details, member, now)[action] if action and details.version == seen else ""


def as_sentence(text: str) -> str:
    """An error's text for the eye: with a capital and a full stop."""
    plain = text.strip() or "It could not be done"
    return f"{plain[0].upper()}{plain[1:]}{'' if plain.endswith(('.', '?', '!')) else '.'}"
