"""The audit trail: a chain of hashes, one entry for each change of a request and for what staff do beside them.

The chain shows edits, gaps, reorders and inserts. Its hashes are HMAC-SHA256 under a key of the key file ("h1:" and
base64), so who can only write to the database cannot continue or rewrite it; entries of the first release are plain
SHA-256 and can stand only before them. By itself a chain cannot show that its newest entries were cut off, or that all
of it was written anew in the old way: compare with anchors that were kept outside the database (tickets.anchors).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets.store import Store, Unit
from tickets.tables import audit, requests
from tickets.vocabulary import Status

GENESIS = "0" * 64
KEYED = "h1:"
_MOST_PROBLEMS = 20
_BATCH = 1_000


@dataclass(frozen=True)
class Entry:
    """A change to be written down. actor and detail hold no personal data: the trail is never erased.

    request_id: for what is done beside requests the word of its subject, which has no status (tickets.deeds).
    """

    at: datetime
    request_id: str
    actor: str
    action: str
    from_status: Status | None
    to_status: Status | None
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


def use_key(store: Store, vault: Vault) -> None:
    """Hash and check this store's trail with the vault's key, which stays the same when keys are changed.

    Every process that writes does this: an entry without a key after one with a key counts as a forgery.
    """
    store.audit_key = bytes.fromhex(vault.ledger_hash("chain", "audit"))


def append(unit: Unit, entry: Entry) -> None:
    """Add an entry in a writing transaction; being the only writer, it knows which is the newest."""
    last = newest(unit)
    row = {
        "sequence": last.sequence + 1,
        "at": entry.at,
        "request_id": entry.request_id,
        "actor": entry.actor,
        "action": entry.action,
        "from_status": entry.from_status and entry.from_status.value,
        "to_status": entry.to_status.value if entry.to_status else "",
        "detail": json.dumps(entry.detail, sort_keys=True),
        "previous": last.hash,
    }
    unit.execute(sa.insert(audit).values(**row, hash=_hash(row, unit.audit_key)))


def _hash(row: Mapping[str, Any], key: bytes | None) -> str:
    """The hash of an entry: over all its fields and, through `previous`, over all entries before it."""
    names = ("sequence", "request_id", "actor", "action", "from_status", "to_status", "detail", "previous")
    fields = [row[name] for name in names] + [row["at"].astimezone(timezone.utc).isoformat(timespec="microseconds")]
    text = json.dumps(fields).encode()
    if key is None:
        return hashlib.sha256(text).hexdigest()
    return KEYED + base64.urlsafe_b64encode(hmac.digest(key, text, hashlib.sha256)).decode().rstrip("=")


def newest(unit: Unit) -> Anchor:
    """The newest entry."""
    last = unit.execute(sa.select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)).first()
    return Anchor(last.sequence, last.hash) if last else Anchor(0, GENESIS)


def verify(unit: Unit, anchor: Anchor | None = None, anchors: Collection[Anchor] = ()) -> AuditReport:
    """Recompute the chain, compare it with anchors kept outside, and the requests' statuses with what it says."""
    awaited = {(one.sequence, one.hash) for one in (*anchors, *([anchor] if anchor else ()))}
    problems: list[str] = []
    entries, head = 0, Anchor(0, GENESIS)
    awaited.discard((head.sequence, head.hash))
    keyless = unit.audit_key is None
    for row in _rows(unit):
        if keyless and row["hash"].startswith(KEYED):
            problems.append(
                f"entries from {row['sequence']} on have keyed hashes: the key file is needed to check them"
            )
            keyless = False
        problems += _problems_of(row, head, unit.audit_key)
        entries, head = entries + 1, Anchor(row["sequence"], row["hash"])
        awaited.discard((head.sequence, head.hash))
    if awaited:
        which = ", ".join(str(sequence) for sequence, _ in sorted(awaited)[:_MOST_PROBLEMS])
        problems.append(f"the anchored entry is missing or altered ({which}): the trail was cut or written anew")
    problems += _mismatches(unit)
    return AuditReport(entries, head, tuple(problems[:_MOST_PROBLEMS]))


def _rows(unit: Unit) -> Iterator[Mapping[str, Any]]:
    """All entries, a page at a time. As they never change, nothing is held between pages: the bot can write on."""
    last = -1
    while True:
        page = sa.select(audit).where(audit.c.sequence > last).order_by(audit.c.sequence).limit(_BATCH)
        rows = unit.execute(page).mappings().all()
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1]["sequence"]
        unit.refresh()


def _problems_of(row: Mapping[str, Any], before: Anchor, key: bytes | None) -> list[str]:
    sequence, is_keyed = row["sequence"], row["hash"].startswith(KEYED)
    problems = []
    if sequence != before.sequence + 1:
        problems.append(f"entry {sequence} follows entry {before.sequence}: entries between are missing")
    if row["previous"] != before.hash:
        problems.append(f"entry {sequence} does not continue entry {before.sequence}")
    if before.hash.startswith(KEYED) and not is_keyed:
        problems.append(f"entry {sequence} was written without the key, after entries with it")
    if (key is not None or not is_keyed) and _hash(row, key if is_keyed else None) != row["hash"]:
        problems.append(f"entry {sequence} was altered")
    return problems


def _mismatches(unit: Unit) -> list[str]:
    """Requests whose status is not the one that their newest entry says, or that have no entry."""
    each = sa.select(audit.c.request_id, sa.func.max(audit.c.sequence).label("sequence"))
    last = each.group_by(audit.c.request_id).subquery()
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
