"""`python -m bot policy label`: what a clause is about, as a person reads it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches

from bot.policy_commands import opened_desk, say
from policies_kb.errors import ProfileError, UnknownClauseError
from policies_kb.model import RANK_WORDS, Clause, Stance
from policies_kb.profile import ClauseLabel
from policies_kb.relabelling import checked_label, relabel
from policies_kb.topics import Topic


def label(parsed: argparse.Namespace) -> int:
    """Label a clause anew; without a topic and without --none, show how it is read."""
    is_new = bool(parsed.topic) or parsed.none
    if not is_new and (parsed.denies or parsed.depends or parsed.audience or parsed.right):
        raise ProfileError("a label is written as a whole: name its topics too, or say --none; nothing was changed")
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        clause = folder.compiled().clause(parsed.clause)
        if clause is None:
            raise UnknownClauseError(
                f"{folder.policy} {folder.current} has no clause {parsed.clause!r}; "
                f"`python -m policies_kb show {folder.policy}` lists them"
            )
        if is_new:
            clause = relabel(folder, clause.id, _label(parsed)).compiled().clause(clause.id)
        assert clause is not None
        say(*_told(clause))
        if is_new:
            say(f"next: python -m bot policy review {folder.policy}")
    return 0


def _label(parsed: argparse.Namespace) -> ClauseLabel:
    if parsed.topic and parsed.none:
        raise ProfileError("say --topic or --none, not both")
    ranks = dict(_ranked(entry) for entry in parsed.topic)
    stances = {_topic(name): Stance.DENIES for name in parsed.denies}
    stances |= {_topic(name): Stance.CONDITIONAL for name in parsed.depends}
    return checked_label(ranks, stances, parsed.audience, tuple(parsed.right))


def _ranked(entry: str) -> tuple[Topic, int]:
    name, _, rank = entry.partition("=")
    if rank and not (rank.isascii() and rank.isdigit() and len(rank) == 1):
        raise ProfileError(f"{entry!r}: write a topic as NAME=RANK, for example data_retention=1")
    return _topic(name), int(rank or 1)


def _topic(name: str) -> Topic:
    try:
        return Topic(name)
    except ValueError:
        near = get_close_matches(name, [topic.value for topic in Topic], 3, 0.5)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise ProfileError(f"there is no topic {name!r}{hint}; docs/policies.md tells where they are listed") from None


def _told(clause: Clause) -> Sequence[str]:
    lines = [clause.id, f"  “{clause.text}”", f"  labelled by {'a person' if clause.reviewed else 'a program'}"]
    for one in sorted(clause.labels, key=lambda one: one.rank):
        stance = clause.stance_on(one.topic)
        said = "" if stance is Stance.STATES else f", {stance.value}"
        lines.append(f"  {one.topic.value}={one.rank} ({RANK_WORDS.get(one.rank, 'touches')}{said})")
    lines += [f"  for: {clause.audience}"] if clause.audience else []
    return lines + ([f"  grants: {', '.join(clause.rights)}"] if clause.rights else [])
