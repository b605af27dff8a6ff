"""Which questions are nearly the same, and how such a group is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz, process

from tickets.vocabulary import Finding

ALIKE = 88.0
"""From this share of equal letters, words in any order, two questions are one group."""
_NO_WORD = re.compile(r"[^\w\s]")


@dataclass(frozen=True)
class FindingGroup:
    """Questions that are nearly the same, under the one that was asked most often.

    id: of that one. times, first_at and last_at are those of all. alike: the others in their own words.
    """

    id: str
    policy: str
    version: str
    kind: Finding
    topic: str
    question: str = field(repr=False)
    times: int
    first_at: datetime
    last_at: datetime
    alike: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Kept:
    """A row whose question was opened. words: those of the question in alphabetical order, to compare it by."""

    row: Mapping[str, Any] = field(repr=False)
    question: str = field(repr=False)
    words: str = field(repr=False)


def plain(question: str) -> str:
    """Case, punctuation and spacing do not make another question."""
    return " ".join(_NO_WORD.sub(" ", question.casefold()).split())


def kept(row: Mapping[str, Any], question: str) -> Kept:
    """A row with its question."""
    return Kept(row, question, " ".join(sorted(plain(question).split())))


def clusters(rows: Sequence[Kept]) -> Iterator[list[Kept]]:
    """Each question joins the first before it that it is like. Only questions of one policy and kind are compared."""
    leaders: dict[tuple[str, str], dict[str, str]] = {}
    found: dict[str, list[Kept]] = {}
    for one in rows:
        known = leaders.setdefault((one.row["policy"], one.row["kind"]), {})
        near = process.extractOne(one.words, known, scorer=fuzz.ratio, score_cutoff=ALIKE)
        if one.words and near is not None:
            found[near[2]].append(one)
        else:
            known[one.row["id"]] = one.words
            found[one.row["id"]] = [one]
    yield from found.values()


def is_alike(one: Kept, other: Kept) -> bool:
    """Whether two questions of one policy and kind are nearly the same."""
    return bool(other.words) and fuzz.ratio(one.words, other.words, score_cutoff=ALIKE) > 0


def grouped(cluster: Sequence[Kept]) -> FindingGroup:
    """A cluster as staff see it."""
    row = cluster[0].row
    return FindingGroup(
        id=row["id"],
        policy=row["policy"],
        version=row["version"],
        kind=Finding(row["kind"]),
        topic=row["topic"],
        question=cluster[0].question,
        times=sum(one.row["times"] for one in cluster),
        first_at=min(one.row["first_at"] for one in cluster),
        last_at=max(one.row["last_at"] for one in cluster),
        alike=tuple(one.question for one in cluster[1:]),
    )
