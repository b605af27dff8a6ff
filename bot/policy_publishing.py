"""`python -m bot policy publish | withdraw | releases | rollback`."""

from __future__ import annotations

import argparse
import sys

from bot.policy_commands import opened_desk, progress, say, utc_now
from bot.policy_desk import PolicyDesk
from bot.policy_signing import obstacle_lines
from bot.releases.publishing import RefusedError, wait_until_served
from bot.releases.publishing import publish as published
from bot.releases.publishing import rollback as rolled_back
from bot.releases.publishing import withdraw as withdrawn
from bot.releases.shelf import Manifest, MoveKind, Shelf
from bot.releases.starting import begin_without
from policies_kb.errors import ProfileError
from policies_kb.folders import PolicyFolder
from policies_kb.gate import obstacles
from policies_kb.reviewing import checked_name, checked_note


def publish(parsed: argparse.Namespace) -> int:
    """Make a release; 1 if something stands in the way."""
    if bool(parsed.ids) == parsed.all:
        raise ProfileError("name the policies to publish, or say --all")
    by, why = checked_name(parsed.by), checked_note(parsed.why, "--why")
    with opened_desk() as (desk, shelf):
        folders = desk.folders(parsed.ids)
        if _refused_early(desk, folders):
            return 1
        ids = [folder.policy for folder in folders]
        begin_without(desk.settings, shelf, ids, utc_now())
        try:
            manifest = published(desk.settings, shelf, ids, by, why, utc_now(), progress, desk.gate)
        except RefusedError as error:
            print("not published:", *(f"  {obstacle}" for obstacle in error.obstacles), sep="\n", file=sys.stderr)
            return 1
        desk.shop.vectors.save()
        say(f"release {manifest.number} is published: {', '.join(ids)}", _served(shelf, manifest.number))
    return 0


def _refused_early(desk: PolicyDesk, folders: list[PolicyFolder]) -> bool:
    """Whether something stands in the way that shows without a model: told before anything is trained."""
    refused = False
    for folder in folders:
        found = obstacles(desk.published(folder.policy), folder, None)
        if found:
            lines = obstacle_lines(folder, found)
            print(f"not published: {folder.policy}", *lines, "", sep="\n", file=sys.stderr)
            refused = True
    return refused


def _served(shelf: Shelf, number: int) -> str:
    done, live, seconds = wait_until_served(shelf, number, utc_now)
    if not live:
        return "no process serves at this moment; the next one that starts will serve it"
    words = f"served by {done} of {live} processes after {seconds:.1f} s"
    return words if done == live else f"{words}; look at the log of the others"


def releases(parsed: argparse.Namespace) -> int:
    """What became current, newest last."""
    with opened_desk() as (_, shelf):
        current, before = shelf.current(), None
        for move in shelf.moves():
            manifest = shelf.manifest(move.number)
            what = "back to " if move.kind is MoveKind.ROLLBACK else ""
            sign = "*" if move.number == current else " "
            said = f" ({move.why})" if move.why else ""
            when = f"{move.at:%Y-%m-%d %H:%M}"
            say(f"{sign} {what}{move.number:<4} {when} {move.by}{said}: {_difference(before, manifest)}")
            before = manifest
        if current is None:
            say("there is no release yet; `make run` makes the first, or `python -m bot policy publish`")
    return 0


def _difference(before: Manifest | None, now: Manifest) -> str:
    """What a release changed, in words."""
    if before is None:
        return f"{len(now.policies)} policies"
    old = before.policies
    parts = [f"{p} {entry.current}" for p, entry in sorted(now.policies.items()) if old.get(p) != entry]
    parts += [f"without {policy}" for policy in sorted(set(old) - set(now.policies))]
    parts += ["a new model"] if before.model.sha256 != now.model.sha256 else []
    return ", ".join(parts) or "the same again"


def withdraw(parsed: argparse.Namespace) -> int:
    """Answer nobody from a policy any more."""
    by, why = checked_name(parsed.by), checked_note(parsed.why, "--why")
    with opened_desk() as (_, shelf):
        manifest = withdrawn(shelf, parsed.id, by, why, utc_now())
        say(
            f"release {manifest.number} is published, without {parsed.id}",
            f"its folder and the requests about it stay; python -m bot policy publish {parsed.id} brings it back",
            _served(shelf, manifest.number),
        )
    return 0


def rollback(parsed: argparse.Namespace) -> int:
    """Serve an earlier release again."""
    by, why = checked_name(parsed.by), checked_note(parsed.why, "--why")
    with opened_desk() as (_, shelf):
        manifest = rolled_back(shelf, parsed.number, by, why, utc_now())
        say(f"release {manifest.number} is the current one", _served(shelf, manifest.number))
    return 0
