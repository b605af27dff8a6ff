"""`python -m bot policy review | accept | confirm | explain | decide`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from bot.policy_commands import opened_desk, say, utc_now
from policies_kb import signing
from policies_kb.errors import ProfileError
from policies_kb.folders import PolicyFolder
from policies_kb.gate import Obstacle, ObstacleKind
from policies_kb.golden import GoldenResult
from policies_kb.golden_records import golden_record
from policies_kb.golden_words import got_words, shortened
from policies_kb.placing import place_file
from policies_kb.signing import Signature

SHOWN = 40  # obstacles of one kind that are listed
TITLES = {
    ObstacleKind.COMPILE: "The folder does not compile",
    ObstacleKind.CONFIRM: "To be confirmed in profile.yml",
    ObstacleKind.CLAUSE: "Clauses to be accepted",
    ObstacleKind.LINT: "New findings of lint",
    ObstacleKind.GOLDEN: "Golden questions",
    ObstacleKind.MODEL: "The new model",
}
ALL_AT_ONCE = {ObstacleKind.CONFIRM: "confirm", ObstacleKind.CLAUSE: "accept", ObstacleKind.GOLDEN: "decide"}


def review(parsed: argparse.Namespace) -> int:
    """What stands in the way, in order; 1 if anything does."""
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        found = desk.obstacles(folder)
        if parsed.json:
            asked = [] if any(one.kind is ObstacleKind.COMPILE for one in found) else desk.golden(folder)
            say(json.dumps(_review_record(folder, found, asked), ensure_ascii=False))
        else:
            say(*obstacle_lines(folder, found))
    return 1 if found else 0


def _review_record(folder: PolicyFolder, found: Iterable[Obstacle], asked: Iterable[GoldenResult]) -> dict[str, Any]:
    """Everything as plain data, in one line: programs such as the console read it."""
    fields = ("kind", "what", "why", "command")
    return {
        "policy": folder.policy,
        "version": folder.current,
        "obstacles": [{name: str(getattr(one, name)) for name in fields} | {"kind": one.kind.value} for one in found],
        "golden": [golden_record(one) for one in asked],
    }


def obstacle_lines(folder: PolicyFolder, found: Iterable[Obstacle]) -> list[str]:
    """The obstacles under their titles, each with its command."""
    obstacles = list(found)
    if not obstacles:
        return [f"{folder.policy}: nothing stands in the way of publishing it"]
    lines = []
    for kind, group in groupby(obstacles, key=lambda one: one.kind):
        of_kind = list(group)
        lines += ["", f"{TITLES[kind]} ({len(of_kind)})"]
        for one in of_kind[:SHOWN]:
            lines += [f"  {one.what}", *_clause_line(folder, one), f"      {one.why}", f"      {one.command}"]
        if len(of_kind) > SHOWN:
            lines.append(f"  … and {len(of_kind) - SHOWN} more")
        if len(of_kind) > 1 and kind in ALL_AT_ONCE:
            lines.append(f"  all at once: python -m bot policy {ALL_AT_ONCE[kind]} {folder.policy} --all --by NAME")
    return lines[1:]


def _clause_line(folder: PolicyFolder, obstacle: Obstacle) -> list[str]:
    if obstacle.kind is not ObstacleKind.CLAUSE:
        return []
    clause = folder.compiled().clause(obstacle.what.partition(" ")[0])
    return [f"      “{shortened(clause.text)}”"] if clause else []


def accept(parsed: argparse.Namespace) -> int:
    """Changed clauses."""
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        chosen = signing.accept(folder, desk.published(parsed.id), _chosen(parsed), _by(parsed), parsed.note)
    say(*(f"accepted: {one.clause.id} ({one.change})" for one in chosen), f"{len(chosen)} clauses accepted")
    return 0


def confirm(parsed: argparse.Namespace) -> int:
    """Fields of the profile."""
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        chosen = signing.confirm(folder, desk.published(parsed.id), _chosen(parsed), _by(parsed))
    say(f"confirmed: {', '.join(chosen) or 'nothing was waiting'}")
    return 0


def explain(parsed: argparse.Namespace) -> int:
    """Findings of lint."""
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        signing.explain(folder, parsed.items, _by(parsed), parsed.why)
    say(f"explained: {', '.join(parsed.items)}")
    return 0


def decide(parsed: argparse.Namespace) -> int:
    """Golden questions: shows what was wanted and what is wanted from now on."""
    numbers = _chosen(parsed)
    who = _by(parsed)
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        if not folder.golden():
            place_file(folder.path / "golden.yml", desk.first_golden(folder).encode("utf-8"))
            say(f"{parsed.id}/golden.yml held no question; it now begins with the usual ones. Read them, then decide.")
            return 0
        chosen = signing.decide(folder, desk.published(parsed.id), desk.golden(folder), numbers, who)
    for result, _wanted in chosen:
        say(*_decision(result))
    say(f"{len(chosen)} questions decided")
    return 0


def _decision(result: GoldenResult) -> list[str]:
    was = result.question
    before = f"  was wanted: {was.kind.value} {' or '.join(was.clauses)}".rstrip()
    return [was.ask, *([before] if was.decided else []), f"  is right:   {got_words(result)}"]


def _by(parsed: argparse.Namespace) -> Signature:
    return Signature(parsed.by, utc_now())


def _chosen(parsed: argparse.Namespace) -> list[Any] | None:
    """What was named; None for --all. Raises ProfileError for neither and for both."""
    if bool(parsed.items) == parsed.all:
        raise ProfileError("name what you mean, or say --all")
    return None if parsed.all else list(parsed.items)
