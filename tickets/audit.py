"""The audit trail: a chain of SHA-256 hashes, one entry for each change of a request.

The chain shows edits, gaps, reorders and inserts. By itself it cannot show that its newest entries were cut off or that
all of it was written anew: compare with an Anchor that was kept outside the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.store import Unit
from tickets.tables import audit, requests
from tickets.vocabulary import Status

GENESIS = "0" * 64
_MOST_PROBLEMS = 20
_BATCH = 1_000


@dataclass(frozen=True)
class Entry:
    """A change to be written down. actor and detail hold no personal data: the trail is never erased."""

    at: datetime
    request_id: str
    actor: str
    action: str
    from_status: Status | None
    to_status: Status
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Anchor:
    """The newest entry at some moment, to be kept where the database's keeper cannot write."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class AuditReport:
    """What a check of the trail found. problems: at most twenty sentences."""

    entries: int
    head: Anchor
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def append(unit: Unit, entry: Entry) -> None:
    """Add an entry in a writing transaction; being the only writer, it knows which is the newest."""
    newest = sa.select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
    last = unit.execute(newest).first()
    row = {
        "sequence": last.sequence + 1 if last else 1,
        "at": entry.at,
        "request_id": entry.request_id,
        "actor": entry.actor,
        "action": entry.action,
        "from_status": entry.from_status and entry.from_status.value,
        "to_status": entry.to_status.value,
        "detail": json.dumps(entry.detail, sort_keys=True),
        "previous": last.hash if last else GENESIS,
    }
    unit.execute(sa.insert(audit).values(**row, hash=_hash(row)))


def _hash(row: Mapping[str, Any]) -> str:
    """The hash of an entry: over all its fields and, through `previous`, over all entries before it."""
    names = ("sequence", "request_id", "actor", "action", "from_status", "to_status", "detail", "previous")
    fields = [row[name] for name in names] + [row["at"].astimezone(timezone.utc).isoformat(timespec="microseconds")]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def verify(unit: Unit, anchor: Anchor | None = None) -> AuditReport:
    """Recompute the chain, and compare the requests' statuses with what it says about them."""
    problems: list[str] = []
    entries, head = 0, Anchor(0, GENESIS)
    anchored = anchor is None or anchor == head
    for row in _rows(unit):
        problems += _problems_of(row, head)
        entries, head = entries + 1, Anchor(row["sequence"], row["hash"])
        anchored = anchored or head == anchor
    if not anchored:
        problems.append("the anchored entry is missing or altered: the trail was cut or written anew")
    problems += _mismatches(unit)
    return AuditReport(entries, head, tuple(problems[:_MOST_PROBLEMS]))


def _rows(unit: Unit) -> Iterator[Mapping[str, Any]]:
    last = -1
    while True:
        page = sa.select(audit).where(audit.c.sequence > last).order_by(audit.c.sequence).limit(_BATCH)
        rows = unit.execute(page).mappings().all()
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1]["sequence"]


def _problems_of(row: Mapping[str, Any], before: Anchor) -> list[str]:
    sequence = row["sequence"]
    problems = []
    if sequence != before.sequence + 1:
        problems.append(f"entry {sequence} follows entry {before.sequence}: entries between are missing")
    if row["previous"] != before.hash:
        problems.append(f"entry {sequence} does not continue entry {before.sequence}")
    if _hash(row) != row["hash"]:
        problems.append(f"entry {sequence} was altered")
    return problems


def _mismatches(unit: Unit) -> list[str]:
    """Requests whose status is not the one that their newest entry says, or that have no entry."""
    newest = sa.select(audit.c.request_id, sa.func.max(audit.c.sequence).label("sequence"))
    last = newest.group_by(audit.c.request_id).subquery()
    told = sa.join(audit, last, audit.c.sequence == last.c.sequence)
    said = sa.select(audit.c.request_id, audit.c.to_status).select_from(told).subquery()
    odd = (
        sa.select(requests.c.reference)
        .select_from(sa.outerjoin(requests, said, said.c.request_id == requests.c.id))
        .where(sa.or_(said.c.to_status.is_(None), said.c.to_status != requests.c.status))
        .order_by(requests.c.reference)
        .limit(_MOST_PROBLEMS)
    )
    return [f"{row.reference} has a status that the trail does not know" for row in unit.execute(odd)]
