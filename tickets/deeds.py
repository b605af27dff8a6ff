"""What staff do beside requests, in the same chain of hashes: accounts, findings, letters, messages set aside.

An entry stands under the word of its subject, where others have a request's id; which one it was is in the detail. No
login, no address and no words of anybody: the trail is never erased.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets import audit
from tickets.store import Store, Unit
from tickets.tables import audit as trail
from tickets.vocabulary import Subject

OPERATOR = "operator"
"""Who acts at the command line, where nobody has logged in."""
SYSTEM = "system"
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Deed:
    """One entry. which: the id of the member, the finding or the letter; detail: the rest of what was written down."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: Subject
    which: str
    detail: Mapping[str, str]


def note(unit: Unit, subject: Subject, which: object, action: str, actor: str, now: datetime, **detail: object) -> None:
    """Write an entry in the transaction of what it tells."""
    told = {"which": str(which)} | {name: str(value) for name, value in detail.items()}
    audit.append(unit, audit.Entry(now, subject.value, actor, action, None, None, told))


class Deeds:
    """Reads what was done beside requests."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def latest(self, limit: int = MOST_AT_ONCE, before: int | None = None) -> tuple[Deed, ...]:
        """The newest entries first. before: only those that are older than the entry of that number."""
        found = sa.select(trail).where(trail.c.request_id.in_([subject.value for subject in Subject]))
        if before is not None:
            found = found.where(trail.c.sequence < before)
        newest = found.order_by(trail.c.sequence.desc()).limit(max(1, min(limit, MOST_AT_ONCE + 1)))
        with self._store.reading() as unit:
            return tuple(_deed(row) for row in unit.execute(newest).mappings())


def _deed(row: Mapping[str, Any]) -> Deed:
    detail: dict[str, str] = json.loads(row["detail"])
    which, subject = detail.pop("which", ""), Subject(row["request_id"])
    return Deed(row["sequence"], row["at"], row["actor"], row["action"], subject, which, detail)
