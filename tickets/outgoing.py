"""What goes into the outbox and what comes out of it, and what a message may hold. See tickets.outbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pii.encryption import EncryptionError, Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.letters import CODE_KINDS
from tickets.tables import MAX_NAME
from tickets.vocabulary import Way

LONGEST_KIND = 64
_LONGEST_TEXT = 20_000
LONGEST_REPLY = 200_000
"""Characters of an answer on the web: it may quote a whole policy."""
REPLY = "reply"
_LONGEST_ADDRESS = 320
_SOON = ":soon"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Letter:
    """A message to be sent. recipient: an address (MAIL) or a conversation, which is then also the lane.

    subject: of mails alone. deadline: after it the message is not sent any more; letters with a code must have one.
    Mails with a deadline keep their order among themselves and overtake the others of their lane.
    """

    way: Way
    lane: str
    kind: str
    recipient: Redacted
    subject: str = field(repr=False)
    text: str = field(repr=False)
    request_id: str | None = None
    deadline: datetime | None = None


@dataclass(frozen=True)
class Parcel:
    """A message that somebody holds until leased_until, to send it. attempts: failures before this try."""

    sequence: int
    id: str
    way: Way
    lane: str
    kind: str
    request_id: str | None
    recipient: Redacted
    subject: str = field(repr=False)
    text: Redacted
    attempts: int
    created_at: datetime
    leased_until: datetime
    deadline: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether it is of no use any more."""
        return self.deadline is not None and self.deadline <= now


@dataclass(frozen=True)
class FeedMessage:
    """A message of a web conversation, as its reader gets it. Ask for what comes after the last sequence seen.

    text: empty if it cannot be opened any more.
    """

    sequence: int
    id: str
    kind: str
    request_id: str | None
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up. problem: the kind of the last failure."""

    id: str
    way: Way
    kind: str
    request_id: str | None
    problem: str
    attempts: int
    created_at: datetime
    given_up_at: datetime


def place(letter_id: str) -> str:
    """Where a message is sealed."""
    return f"outbox.sealed:{letter_id}"


def lane_of(letter: Letter) -> str:
    """The lane it travels in. What has a deadline must not wait behind a mail that is tried again for hours."""
    return f"{letter.lane}{_SOON}" if letter.way is Way.MAIL and letter.deadline is not None else letter.lane


def packed(letter: Letter) -> Redacted:
    """All of a letter that is kept sealed."""
    parts = {
        "recipient": letter.recipient.reveal(),
        "subject": letter.subject,
        "text": letter.text,
        "deadline": letter.deadline.isoformat() if letter.deadline else None,
    }
    return Redacted(json.dumps(parts))


def row_of(vault: Vault, letter: Letter, now: datetime) -> dict[str, Any]:
    """A letter as a new row, but for where it stands."""
    letter_id = secrets.token_hex(16)
    sealed = vault.seal(packed(letter), place(letter_id))
    return {
        "id": letter_id,
        "lane": lane_of(letter),
        "way": letter.way.value,
        "request_id": letter.request_id,
        "kind": letter.kind,
        "sealed": sealed.data,
        "key_id": sealed.key,
        "created_at": now,
        "next_at": now,
    }


def opened(vault: Vault, row: Row, leased_until: datetime) -> Parcel:
    """A row as a parcel. Raises EncryptionError."""
    parts = json.loads(vault.open(Sealed(row["key_id"], row["sealed"]), place(row["id"])).reveal())
    return Parcel(
        sequence=row["sequence"],
        id=row["id"],
        way=Way(row["way"]),
        lane=row["lane"],
        kind=row["kind"],
        request_id=row["request_id"],
        recipient=Redacted(parts["recipient"]),
        subject=parts["subject"],
        text=Redacted(parts["text"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        leased_until=leased_until,
        deadline=datetime.fromisoformat(parts["deadline"]) if parts["deadline"] else None,
    )


def said(vault: Vault, row: Row) -> FeedMessage:
    """A delivered row as its reader gets it."""
    try:
        text = opened(vault, row, row["done_at"]).text.reveal()
    except EncryptionError:
        text = ""  # one message that is damaged must not hide those after it
    return FeedMessage(
        sequence=row["sequence"],
        id=row["id"],
        kind=row["kind"],
        request_id=row["request_id"],
        text=text,
        at=row["done_at"],
    )


def given_up(row: Row) -> DeadLetter:
    """A dead row as staff get it."""
    return DeadLetter(
        id=row["id"],
        way=Way(row["way"]),
        kind=row["kind"],
        request_id=row["request_id"],
        problem=row["problem"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        given_up_at=row["done_at"],
    )


def check(letter: Letter, now: datetime) -> None:
    """Raise InputError unless the letter can be sent."""
    recipient = letter.recipient.reveal()
    if now.tzinfo is None or (letter.deadline is not None and letter.deadline.tzinfo is None):
        raise InputError("the time has no zone: pass an aware datetime in UTC")
    if not 0 < len(letter.lane) <= MAX_NAME - len(_SOON) or not 0 < len(letter.kind) <= LONGEST_KIND:
        raise InputError(f"a letter's lane has 1 to {MAX_NAME - len(_SOON)} characters, its kind 1 to {LONGEST_KIND}")
    if letter.way is not Way.MAIL and recipient != letter.lane:
        raise InputError("a message to a conversation travels in the lane of that conversation")
    if letter.kind in CODE_KINDS and letter.deadline is None:
        raise InputError("a letter with a code needs the deadline after which the code is of no use")
    _check_characters(letter, recipient)


def _check_characters(letter: Letter, recipient: str) -> None:
    for name, value, longest in (("recipient", recipient, _LONGEST_ADDRESS), ("subject", letter.subject, MAX_NAME)):
        # A line break in what becomes a header would begin another header (security threat 5).
        if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in value) or len(value) > longest:
            raise InputError(f"a letter's {name} is one line of at most {longest} characters")
    most = LONGEST_REPLY if letter.kind == REPLY and letter.way is Way.WEB else _LONGEST_TEXT
    if not letter.text or len(letter.text) > most:
        raise InputError(f"a letter's text has 1 to {most:,} characters")
    if "\0" in letter.text or any("\ud800" <= char <= "\udfff" for char in recipient + letter.subject + letter.text):
        raise InputError("a letter holds a character that cannot be sent (NUL or half a surrogate pair)")
