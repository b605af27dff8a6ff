"""A comparison of two versions as a page: side by side, what is unchanged folded away, the answers on top.

The same page is served at /p/<policy>/changes and written as one file that carries its style, for a lawyer's e-mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup

from bot.web.environment import STATIC, environment
from policies_kb.comparing import AnswerChange, Change, ClauseChange, Comparison
from policies_kb.history import DatedVersion
from policies_kb.ledger import MARKS
from policies_kb.model import Clause
from policies_kb.word_changes import Side, Stretch, weighty_words, word_changes

SIGNS = {Change.UNCHANGED: "=", Change.REWORDED: "≠", Change.MOVED: "↕", Change.ADDED: "+", Change.REMOVED: "−"}
WORDS = {
    Change.UNCHANGED: "Unchanged",
    Change.REWORDED: "Reworded",
    Change.MOVED: "Moved",
    Change.ADDED: "Added",
    Change.REMOVED: "Removed",
}
_STYLES = ("base.css", "changes.css")
_FIRST_WORDS = 130  # characters of a clause in the table of answers


@dataclass(frozen=True)
class Row:
    """One clause of both versions. old, new: its text in stretches, empty on a side that has none."""

    change: Change
    id: str
    old: tuple[Stretch, ...] = ()
    new: tuple[Stretch, ...] = ()
    old_section: str = ""
    new_section: str = ""
    old_id: str = ""
    new_id: str = ""
    notes: tuple[str, ...] = ()
    weighty: tuple[str, ...] = ()  # changed words that deserve a second look, as sentences

    @property
    def sign(self) -> str:
        """Told beside the colour."""
        return SIGNS[self.change]

    @property
    def word(self) -> str:
        """What happened to it."""
        return WORDS[self.change]


@dataclass(frozen=True)
class Run:
    """Rows that stand together; those that are unchanged are folded."""

    is_folded: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class AnswerRow:
    """What becomes of the answers on a topic. old, new: first words of the clauses that only one side has."""

    topic: str
    old_kind: str
    new_kind: str
    old: tuple[tuple[str, str], ...] = field(default=())
    new: tuple[tuple[str, str], ...] = field(default=())

    @property
    def is_other_kind(self) -> bool:
        """Whether the kind of answer differs, not only the clauses that give it."""
        return self.old_kind != self.new_kind


def as_page(
    comparison: Comparison, name: str, history: Sequence[DatedVersion] = (), *, self_contained: bool = False
) -> str:
    """The whole page. name: the company's; history: the versions that the policy has, oldest first.

    self_contained: with its style inside and without links to this server.
    """
    rows = _rows(comparison)
    answers = [_answer_row(one, rows) for one in comparison.answers]
    dates = {one.version: one.words for one in history}
    return (
        environment()
        .get_template("changes.html")
        .render(
            comparison=comparison,
            name=name,
            history=list(reversed(history)),
            dates=dates,
            runs=list(_runs(rows)),
            counts=[(change, SIGNS[change], WORDS[change], comparison.count(change)) for change in reversed(Change)],
            kinds=[one for one in answers if one.is_other_kind],
            others=[one for one in answers if not one.is_other_kind],
            style=_style() if self_contained else "",
            self_contained=self_contained,
            Side=Side,
        )
    )


def only_page(name: str, policy: str, history: Sequence[DatedVersion]) -> str:
    """The page of a policy of which one version is known: there is nothing to compare."""
    return environment().get_template("changes_none.html").render(name=name, policy=policy, only=history[-1])


def _style() -> Markup:
    """Our own files; nothing of a policy is in them."""
    return Markup("\n".join((STATIC / name).read_text("utf-8") for name in _STYLES))


def _rows(comparison: Comparison) -> list[Row]:
    seen: dict[str, int] = {}
    rows = []
    for one in comparison.clauses:
        place = seen[one.clause.id] = seen.get(one.clause.id, 0) + 1
        rows.append(_row(one, one.clause.id if place == 1 else f"{one.clause.id}--{place}"))
    return rows


def _row(one: ClauseChange, identity: str) -> Row:
    old, new = one.old, one.new
    stretches: tuple[Stretch, ...] = ()
    weighty: tuple[str, ...] = ()
    if one.change is Change.REWORDED and old and new:
        stretches = word_changes(old.text, new.text)
        weighty = () if one.is_regrouped else _weighty(old, new)
    return Row(
        change=one.change,
        id=identity,
        old=_side(stretches, Side.OLD) if stretches else _whole(old),
        new=_side(stretches, Side.NEW) if stretches else _whole(new),
        old_section=old.section if old else "",
        new_section=new.section if new else "",
        old_id=old.id if old else "",
        new_id=new.id if new else "",
        notes=tuple(_notes(one)),
        weighty=weighty,
    )


def _side(stretches: Sequence[Stretch], side: Side) -> tuple[Stretch, ...]:
    return tuple(one for one in stretches if one.side in (Side.BOTH, side))


def _whole(clause: Clause | None) -> tuple[Stretch, ...]:
    return (Stretch(Side.BOTH, clause.text),) if clause else ()


def _weighty(old: Clause, new: Clause) -> tuple[str, ...]:
    gone, come = weighty_words(old.text, new.text)
    lines = [("Only before", words) for words in gone] + [("Only now", words) for words in come]
    return tuple(f"{when}: “{' '.join(words.split()).strip(' ,.;:')}”" for when, words in lines)


def _notes(one: ClauseChange) -> Iterator[str]:
    """What the two texts side by side do not show."""
    if one.is_regrouped:
        yield "the same words, cut into clauses elsewhere"
    elif one.is_part:
        yield "one of several clauses that this one was split into, or merged of"
    if one.change is Change.REWORDED and one.old and one.new and one.old.text == one.new.text:
        yield (
            f"the same words under another introduction: before “{one.old.lead_text or 'none'}”, "
            f"now “{one.new.lead_text or 'none'}”"
        )
    if one.has_moved and one.old and one.new:
        was, now = (" › ".join(clause.path) or "no section" for clause in (one.old, one.new))
        yield f"moved from “{was}” to “{now}”" if was != now else f"moved to another place in “{now}”"


def _runs(rows: Sequence[Row]) -> Iterator[Run]:
    for is_folded, run in groupby(rows, key=lambda row: row.change is Change.UNCHANGED):
        yield Run(is_folded, tuple(run))


def _answer_row(one: AnswerChange, rows: Sequence[Row]) -> AnswerRow:
    place_of = {name: row.id for row in reversed(rows) for name in (row.old_id, row.new_id)}
    both = {clause.id for clause in one.old} & {clause.id for clause in one.new}
    sides = [
        tuple((place_of[clause.id], _first_words(clause.text)) for clause in side if clause.id not in both)
        for side in (one.old, one.new)
    ]
    phrase = one.topic.phrase
    kinds = MARKS[one.old_kind.value], MARKS[one.new_kind.value]
    return AnswerRow(f"{phrase[:1].upper()}{phrase[1:]}", *kinds, *sides)


def _first_words(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _FIRST_WORDS else plain[:_FIRST_WORDS].rsplit(" ", 1)[0] + " …"
