"""How long what is kept, and the words in which it is told what is kept, what left, and what stays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from tickets.errors import InputError
from tickets.model import Summary
from tickets.steps import PROOF_WINDOW


@dataclass(frozen=True)
class Schedule:
    """Days until something leaves.

    conversation: after the last message. held_contact: typed, but no request filed with it. unverified: for a request
    of which nothing was proven, to be proven, and again until its record loses the person. closed: 24 months after the
    answer, which 11 CCR 7101 asks for (731 days where a leap day falls into them). key: an idempotency key. message: an
    outgoing message after it was sent or given up; also an answer to somebody who asked to be forgotten. budget: a
    counter of mails and codes. arrival: the hash by which a repetition of an answered message is known (Telegram
    repeats for a day). quarantine: a message that could not be answered, for staff to look at. finding, open_finding: a
    question that was not answered well, after it was last asked: one that staff settled, and one that nobody did.
    """

    conversation: int = 30
    held_contact: int = 1
    unverified: int = 7
    closed: int = 731
    key: int = 30
    message: int = 30
    budget: int = 2
    arrival: int = 3
    quarantine: int = 30
    finding: int = 180
    open_finding: int = 365

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise InputError(f"the time to keep ({field.name}) is at least one day")
        if self.unverified < PROOF_WINDOW.days:
            raise InputError(f"people have {PROOF_WINDOW.days} days to prove a request: unverified cannot be less")

    def before(self, now: datetime) -> dict[str, datetime]:
        """For each of the fields: what is older than that leaves."""
        return {field.name: now - timedelta(days=getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Purged:
    """How much left on schedule."""

    conversations: int
    held_contacts: int
    expired: int
    pseudonymised: int
    keys: int
    messages: int
    budgets: int
    arrivals: int
    chats: int
    votes: int
    sessions: int  # of staff, and who looked at what
    findings: int


NOTHING = Purged(*(0 for _ in fields(Purged)))


@dataclass(frozen=True)
class Holdings:
    """What is kept of a conversation, for the person in it.

    hints: contacts as they may be said back ("k…@example.org"). talk_until: when the talk itself leaves if nothing more
    is said; None where none is kept. messages: of ours, in the list that the chat reads. votes: on answers. answers: to
    questions of staff; they are kept with the request.
    """

    requests: tuple[Summary, ...]
    hints: tuple[str, ...]
    last_talk: datetime | None
    talk_until: datetime | None
    messages: int
    votes: int
    answers: int = 0


@dataclass(frozen=True)
class Forgotten:
    """What was erased. staying: open requests, because the law obliges to answer them; each names its answer_by."""

    staying: tuple[Summary, ...]
    pseudonymised: int
    erased: int


@dataclass(frozen=True)
class Reapplied:
    """What was erased again. still_open: requests that were closed when their person was erased, but are open here."""

    conversations: int
    pseudonymised: int
    still_open: int
