"""What comes into the inbox, what comes out of it, and what a message may hold. See tickets.inbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pii.encryption import Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.tables import MAX_NAME
from tickets.vocabulary import Arrival

WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 30, 120))
"""How long after each failure the next try is made; the try after the last of them is the fifth and last."""
LARGEST_BODY = 65_536
LONGEST_SOURCE = 64
_LONGEST_PROBLEM = 64

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Incoming:
    """A message as a channel hands it over. body: JSON text of at most LARGEST_BODY bytes.

    source: "web" or "telegram:<bot id>". key: unique within the source. lane: what keeps its order (a conversation).
    mark: a hash of the content, by which other content under the same key is noticed; empty: it is not looked at.
    """

    source: str
    key: str
    lane: str
    body: Redacted
    mark: str = ""


@dataclass(frozen=True)
class Item:
    """An arrived message that somebody holds until leased_until. attempts: failures before this try."""

    sequence: int
    source: str
    key: str
    lane: str
    body: Redacted
    attempts: int
    received_at: datetime
    leased_until: datetime


@dataclass(frozen=True)
class Received:
    """What is known of a key. item: given if it was asked for and can be worked on now; the caller then holds it.

    is_settled: it was answered before, by the letter reply_id if there was anything to say.
    """

    is_new: bool
    item: Item | None
    is_settled: bool
    reply_id: str | None


@dataclass(frozen=True)
class Stuck:
    """A message that failed again and again, for staff: never what it says. problem: the kind of the last failure."""

    sequence: int
    source: str
    attempts: int
    problem: str
    received_at: datetime


def place(row_id: str) -> str:
    """Where a message is sealed."""
    return f"inbox.sealed:{row_id}"


def packed(incoming: Incoming) -> Redacted:
    """All of a message that is kept sealed."""
    return Redacted(json.dumps({"key": incoming.key, "body": incoming.body.reveal()}))


def key_hash(vault: Vault, source: str, key: str) -> str:
    """What is kept of a key in the clear. Not a blind index: of a settled row nothing is left to hash anew."""
    return vault.ledger_hash(f"{source}\n{key}", "inbox.key")


def mark_hash(vault: Vault, mark: str) -> str:
    """What is kept of a mark: the plain hash of a short text would tell the text."""
    return vault.ledger_hash(mark, "inbox.mark") if mark else ""


def row_of(vault: Vault, incoming: Incoming, now: datetime) -> dict[str, Any]:
    """A message as a new row."""
    row_id = secrets.token_hex(16)
    sealed = vault.seal(packed(incoming), place(row_id))
    return {
        "id": row_id,
        "source": incoming.source,
        "key": key_hash(vault, incoming.source, incoming.key),
        "mark": mark_hash(vault, incoming.mark),
        "lane": incoming.lane,
        "sealed": sealed.data,
        "key_id": sealed.key,
        "status": Arrival.WAITING.value,
        "received_at": now,
        "next_at": now,
    }


def item_of(incoming: Incoming, sequence: int, now: datetime, leased_until: datetime) -> Item:
    """A message that was just kept, as an item that is held at once."""
    return Item(
        sequence=sequence,
        source=incoming.source,
        key=incoming.key,
        lane=incoming.lane,
        body=incoming.body,
        attempts=0,
        received_at=now,
        leased_until=leased_until,
    )


def opened(vault: Vault, row: Row, leased_until: datetime) -> Item:
    """A row as an item. Raises EncryptionError."""
    parts = json.loads(vault.open(Sealed(row["key_id"], row["sealed"]), place(row["id"])).reveal())
    return Item(
        sequence=row["sequence"],
        source=row["source"],
        key=parts["key"],
        lane=row["lane"],
        body=Redacted(parts["body"]),
        attempts=row["attempts"],
        received_at=row["received_at"],
        leased_until=leased_until,
    )


def after_failure(failures: int, problem: str, now: datetime) -> dict[str, Any]:
    """The columns of a row after one failure more: it waits longer, or it is quarantined."""
    noted = {"attempts": failures + 1, "problem": problem[:_LONGEST_PROBLEM], "leased_until": None}
    if failures >= len(WAITS):
        return noted | {"status": Arrival.QUARANTINED.value, "done_at": now}
    return noted | {"status": Arrival.WAITING.value, "next_at": now + WAITS[failures]}


def check(incoming: Incoming) -> None:
    """Raise InputError unless the message can be kept."""
    for name, value, longest in (
        ("source", incoming.source, LONGEST_SOURCE),
        ("key", incoming.key, 2 * MAX_NAME),
        ("lane", incoming.lane, MAX_NAME),
    ):
        if not 0 < len(value) <= longest or "\0" in value:
            raise InputError(f"the {name} of what arrives has 1 to {longest} characters and no NUL")
    try:
        size = len(incoming.body.reveal().encode("utf-8"))
        incoming.key.encode("utf-8")
        incoming.lane.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError("what arrives holds half a surrogate pair") from error
    if size > LARGEST_BODY:
        raise InputError(f"what arrives has at most {LARGEST_BODY:,} bytes")
