"""The labelled questions: our own sets and, where they lie beside the project, the outside ones.

Own: dev.jsonl (weights are fitted on it), test.jsonl (only reported), newcomers/ (invented policies as one line of text
each: five to fit on, one only reported). Outside (../shared/eval, not part of the project): only reported.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies_kb.model import PolicyVersion

HERE = Path(__file__).resolve().parent
NEWCOMERS = ("sailbox", "mealpot", "orbitpay", "lumiair", "cradleco")  # weights are fitted on these
HELD_BACK = ("pixelforge",)  # only reported
OUTSIDE = ("spotify", "twitter")
QUOTE_COUNTS = 600  # characters of a quote that count towards a hit


@dataclass(frozen=True)
class Labelled:
    """One question with what a careful reader expects."""

    id: str
    policy: str
    text: str
    expect: str  # ask, request, small_talk, out_of_scope, human
    answerable: bool | None
    topics: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()  # where the set gives spans of the text instead of passages
    kind: str = ""

    def acceptable(self, source: str) -> list[tuple[int, int]]:
        """The spans of the source that answer the question."""
        found = [(source.index(passage), len(passage)) for passage in (*self.gold, *self.also)]
        return [*self.spans, *((start, start + length) for start, length in found)]


def own(name: str) -> list[Labelled]:
    """Our set of that name: "dev" or "test"."""
    return [_labelled(record) for record in _lines(HERE / f"{name}.jsonl")]


def newcomers(policies: Sequence[str] = NEWCOMERS) -> list[Labelled]:
    """Our questions on invented policies."""
    records = [record for name in policies for record in _lines(HERE / "newcomers" / f"{name}.jsonl")]
    return [_labelled({"expect": "ask", **record}) for record in records]


def newcomer_text(policy: str) -> str:
    """The one-line text of an invented policy."""
    return (HERE / "newcomers" / f"{policy}.txt").read_text("utf-8")


def outside_folder() -> Path | None:
    """Where the outside sets lie, or None where they are not there."""
    folder = Path(os.environ.get("PRIVACY_DESK_OUTSIDE_SETS") or HERE.parent.parent / "shared" / "eval") / "dev"
    return folder if (folder / "genaipa.jsonl").exists() else None


def outside(folder: Path) -> list[Labelled]:
    """GenAIPABench questions; those about the document as a whole are left out."""
    records = [record for record in _lines(folder / "genaipa.jsonl") if record["answerable"] != "meta"]
    return [
        Labelled(
            id=f"{record['policy']}-{record['id']}",
            policy=record["policy"],
            text=record["question"],
            expect="ask",
            answerable=record["answerable"] == "yes",
            spans=tuple((start, end) for start, end in record["gold"]),
        )
        for record in records
    ]


def hits(question: Labelled, version: PolicyVersion) -> set[int]:
    """The clauses (by number) whose first 600 characters overlap an acceptable span."""
    spans = question.acceptable(version.source)
    return {
        number
        for number, clause in enumerate(version.clauses)
        for start, end in spans
        if clause.span.start < end and start < min(clause.span.end, clause.span.start + QUOTE_COUNTS)
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def _labelled(record: dict[str, Any]) -> Labelled:
    return Labelled(
        id=record["id"],
        policy=record["policy"],
        text=record["text"],
        expect=record["expect"],
        answerable={"yes": True, "no": False}.get(record.get("answerable") or ""),
        topics=tuple(record.get("topics") or ()),
        rights=tuple(record.get("rights") or ()),
        gold=tuple(record.get("gold") or ()),
        also=tuple(record.get("also") or ()),
        kind=record.get("kind") or "",
    )
