"""Writing down what was shown of who asks, and verifying a request once that is enough."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tickets import gate, news, rows, steps
from tickets.office import Office
from tickets.rows import Row
from tickets.store import Unit
from tickets.vocabulary import EvidenceKind, Status


def show(unit: Unit, office: Office, row: Row, kind: EvidenceKind, actor: str, now: datetime) -> Row:
    """Add evidence, with an entry in the trail; the request is verified if that settles it. Twice changes nothing."""
    if kind in steps.shown(unit, row):
        return row
    rows.add_evidence(unit, row["id"], kind, actor, now)
    row = steps.note(unit, row, f"shown_{kind.value}", actor, now)
    return settle(unit, office, row, actor, now)


def settle(unit: Unit, office: Office, row: Row, actor: str, now: datetime) -> Row:
    """Verify a request if its evidence is enough now; gives the row, changed or not.

    What cannot be undone is held from here on, and its addresses hear of it. Where the law starts the clock with the
    proof, the dates move.
    """
    rights = rows.rights_of(unit, row["id"])
    if row["verified_at"] or row["closed_at"] or not gate.settled(rights, steps.shown(unit, row)):
        return row
    change: dict[str, Any] = {"verified_at": now} | steps.dates(steps.clock_now(unit, row))
    if gate.is_destructive(rights):
        change["hold_until"] = now + office.hold
    row = steps.move(unit, row, Status.VERIFIED, "verified", actor, now, change=change)
    if gate.is_destructive(rights):
        news.tell_before_destruction(unit, office, row, now)
    return row
