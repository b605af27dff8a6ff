"""What was published, when, by whom and why, and which processes serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from policies_kb.releases.manifest import Manifest
from policies_kb.releases.shelf import MoveKind, Serving, Shelf

if TYPE_CHECKING:
    from policies_kb.releases.shelf import Move

MOST_MOVES = 30


@dataclass(frozen=True)
class ReleaseRow:
    """A release became the current one. can_return: it is the newest entry of a release that is not served now."""

    number: int
    at: datetime
    by: str
    why: str
    is_rollback: bool
    what: str
    is_current: bool
    can_return: bool


def release_rows(shelf: Shelf, policy: str) -> list[ReleaseRow]:
    """The last moves, newest first. policy: named first in what changed."""
    moves, current = shelf.moves(), shelf.current()
    shown = moves[-MOST_MOVES - 1 :]
    manifests = {number: shelf.manifest(number) for number in {move.number for move in shown}}
    rows, seen = [], set()
    for place in range(len(shown) - 1, -1 if len(moves) <= MOST_MOVES else 0, -1):
        move = shown[place]
        before = manifests[shown[place - 1].number] if place else None
        what = difference(before, manifests[move.number], policy)
        can_return = move.number != current and move.number not in seen
        rows.append(_row(move, what, place == len(shown) - 1, can_return))
        seen.add(move.number)
    return rows


def _row(move: "Move", what: str, is_current: bool, can_return: bool) -> ReleaseRow:
    is_rollback = move.kind is MoveKind.ROLLBACK
    return ReleaseRow(move.number, move.at, move.by, move.why, is_rollback, what, is_current, can_return)


def difference(before: Manifest | None, now: Manifest, policy: str) -> str:
    """What a release changed, in words."""
    if before is None:
        return f"{len(now.policies)} polic{'y' if len(now.policies) == 1 else 'ies'}"
    changed = [name for name in sorted(now.policies) if before.policies.get(name) != now.policies[name]]
    changed.sort(key=lambda name: name != policy)
    parts = [f"{name} {now.policies[name].current}" for name in changed]
    parts += [f"without {name}" for name in sorted(set(before.policies) - set(now.policies))]
    parts += ["a new model"] if before.model.sha256 != now.model.sha256 else []
    return ", ".join(parts) or "the same again"


def live(shelf: Shelf, now: datetime) -> Sequence[Serving]:
    """The processes that spoke lately, with the release that each serves."""
    return [one for one in shelf.serving() if one.is_live(now)]
