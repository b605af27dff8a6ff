"""The newest entry of the audit trail, kept once a day in a file outside the database.

Keep a copy of that file where the database's keeper cannot write. A restored backup ends earlier than the trail did:
the file then says so, and the anchors after its end count no more.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tickets import audit, lines
from tickets.audit import Anchor
from tickets.store import Unit

ANCHOR_FILE = "audit-anchors.jsonl"


def daily_anchor(unit: Unit, path: Path, now: datetime) -> Anchor | None:
    """Write the newest entry down unless today has one or nothing is new; gives it if it was written."""
    newest, before = audit.newest(unit), lines.read(path)
    if newest.sequence == 0 or any(entry["at"][:10] == f"{now:%Y-%m-%d}" for entry in before):
        return None
    if newest in read_anchors(path):
        return None
    _write(path, newest, now, restored=False)
    return newest


def mark_restored(unit: Unit, path: Path, now: datetime) -> None:
    """Write down that the database came out of a backup and where its trail ends."""
    _write(path, audit.newest(unit), now, restored=True)


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """The anchors that the trail must hold."""
    valid: list[Anchor] = []
    for entry in lines.read(path):
        anchor = Anchor(entry["sequence"], entry["hash"])
        if entry["restored"]:
            valid = [one for one in valid if one.sequence <= anchor.sequence]
        valid.append(anchor)
    return tuple(valid)


def _write(path: Path, anchor: Anchor, now: datetime, *, restored: bool) -> None:
    entry = {"at": now.isoformat(), "sequence": anchor.sequence, "hash": anchor.hash, "restored": restored}
    lines.append(path, [entry])
