"""The clauses of a change side by side, with what each does to the answers, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from console.pages.knowledge import KIND_WORDS, STANCE_WORDS
from policies_kb.comparing import AnswerChange, Change, ClauseChange, Comparison, compare
from policies_kb.folders import PolicyFolder
from policies_kb.gate import Published
from policies_kb.model import RANK_WORDS, Clause
from policies_kb.pending import LABELS, Pending, pending_clauses
from policies_kb.reviewing import Accepted, Review
from policies_kb.word_changes import Side, Stretch, weighty_words, word_changes

CHANGE_WORDS = {**{change.value: change.value.capitalize() for change in Change}, LABELS: "Read otherwise"}
SIGNS = {"reworded": "≠", "moved": "↕", "added": "+", "removed": "−", LABELS: "≡", "unchanged": "="}


@dataclass(frozen=True)
class Row:
    """One clause of both versions. change: what happened to it; waits: nobody has accepted it as it is now.

    old, new: its text in stretches, none on a side that has none; answers: what it does to them, in words.
    """

    id: str
    change: str
    old_section: str
    new_section: str
    old: tuple[Stretch, ...]
    new: tuple[Stretch, ...]
    weighty: tuple[str, ...]
    notes: tuple[str, ...]
    answers: tuple[str, ...]
    old_labels: tuple[str, ...]
    new_labels: tuple[str, ...]
    waits: bool
    accepted: Accepted | None

    @property
    def word(self) -> str:
        """What happened to it."""
        return CHANGE_WORDS[self.change]

    @property
    def sign(self) -> str:
        """The same as a mark, beside the colour."""
        return SIGNS[self.change]


@dataclass(frozen=True)
class AnswerRow:
    """What becomes of the answers on a topic. gone, come: (the row that shows the clause, "" for none; its id)."""

    topic: str
    old_kind: str
    new_kind: str
    old_word: str
    new_word: str
    gone: tuple[tuple[str, str], ...]
    come: tuple[tuple[str, str], ...]

    @property
    def is_other_kind(self) -> bool:
        """Whether the kind of answer differs, not only the clauses that give it."""
        return self.old_kind != self.new_kind


@dataclass(frozen=True)
class Compared:
    """rows: the clauses that differ, in the order of the text; unchanged: how many do not."""

    rows: tuple[Row, ...]
    unchanged: int
    answers: tuple[AnswerRow, ...]
    headings: tuple[tuple[str, str], ...]

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Those that nobody has accepted yet."""
        return tuple(row for row in self.rows if row.waits)


def compared(published: Published | None, folder: PolicyFolder, review: Review, waiting: Sequence[str]) -> Compared:
    """waiting: the clauses that the gate asks to be accepted. Without a published version all clauses are new."""
    now = (folder.profile(), folder.compiled())
    pending = {one.clause.id: one for one in pending_clauses(published.compared if published else None, now)}
    if published is None:
        rows = [
            _row(ClauseChange(Change.ADDED, None, c, False, 0.0), pending, review, waiting, {}) for c in now[1].clauses
        ]
        return Compared(tuple(rows), 0, (), ())
    comparison = compare(published.compared, now)
    effects = _effects(comparison)
    rows = [
        _row(one, pending, review, waiting, effects)
        for one in comparison.clauses
        if one.change is not Change.UNCHANGED or one.clause.id in pending
    ]
    places = {side.id: one.clause.id for one in comparison.clauses for side in (one.new, one.old) if side}
    shown = {row.id for row in rows}
    places = {clause: row for clause, row in places.items() if row in shown}
    unchanged = comparison.count(Change.UNCHANGED) - sum(row.change == LABELS for row in rows)
    return Compared(
        tuple(_once(rows)), unchanged, tuple(_answer(one, places) for one in comparison.answers), comparison.headings
    )


def _once(rows: Sequence[Row]) -> list[Row]:
    """A clause that was split or merged stands in several rows; it is accepted in the first of them."""
    seen: set[str] = set()
    found = []
    for row in rows:
        is_second = row.id in seen and (row.waits or row.accepted)
        found.append(_without_acceptance(row) if is_second else row)
        seen.add(row.id)
    return found


def _without_acceptance(row: Row) -> Row:
    return replace(row, waits=False, accepted=None, notes=(*row.notes, "accepted together with the row above"))


def _row(
    one: ClauseChange,
    pending: Mapping[str, Pending],
    review: Review,
    waiting: Sequence[str],
    effects: Mapping[str, Sequence[str]],
) -> Row:
    identity, old, new = one.clause.id, one.old, one.new
    waits_for = pending.get(identity)
    is_relabelled = waits_for is not None and waits_for.change == LABELS
    stretches = word_changes(old.text, new.text) if one.change is Change.REWORDED and old and new else ()
    signed = [
        said for said in review.accepted if waits_for and (said.clause, said.stamp) == (identity, waits_for.stamp)
    ]
    told = [words for clause in (old, new) if clause for words in effects.get(clause.id, ())]
    labels = [labels_of(old), labels_of(new)]
    return Row(
        id=identity,
        change=LABELS if is_relabelled else one.change.value,
        old_section=" › ".join(old.path) if old else "",
        new_section=" › ".join(new.path) if new else "",
        old=_side(stretches, Side.OLD) if stretches else _whole(old),
        new=_side(stretches, Side.NEW) if stretches else _whole(new),
        weighty=_weighty(old, new) if stretches and not one.is_regrouped else (),
        notes=tuple(_notes(one)) + _carried(identity, review),
        answers=tuple(dict.fromkeys(told)),
        old_labels=labels[0] if labels[0] != labels[1] else (),
        new_labels=labels[1],
        waits=identity in waiting,
        accepted=signed[-1] if signed else None,
    )


def _side(stretches: Sequence[Stretch], side: Side) -> tuple[Stretch, ...]:
    return tuple(one for one in stretches if one.side in (Side.BOTH, side))


def _whole(clause: Clause | None) -> tuple[Stretch, ...]:
    return (Stretch(Side.BOTH, clause.text),) if clause else ()


def _weighty(old: Clause | None, new: Clause | None) -> tuple[str, ...]:
    if not old or not new:
        return ()
    gone, come = weighty_words(old.text, new.text)
    lines = [("only before", words) for words in gone] + [("only now", words) for words in come]
    return tuple(f"{when}: “{' '.join(words.split()).strip(' ,.;:')}”" for when, words in lines)


def _notes(one: ClauseChange) -> list[str]:
    """What the two texts side by side do not show."""
    found = []
    if one.is_regrouped:
        found.append("the same words, cut into clauses elsewhere")
    elif one.is_part:
        found.append("one of several clauses that this one was split into, or merged of")
    if one.old and one.new and one.old.lead_text != one.new.lead_text:
        found.append(
            f"under another introduction: before “{one.old.lead_text or 'none'}”, now “{one.new.lead_text or 'none'}”"
        )
    if one.has_moved:
        found.append("it stands in another place")
    return found


def _carried(clause: str, review: Review) -> tuple[str, ...]:
    older = review.carried.get(clause)
    return (f"what it is about was taken over from the clause before ({older})",) if older else ()


def labels_of(clause: Clause | None) -> tuple[str, ...]:
    """What the desk takes the clause to be about."""
    if clause is None:
        return ()
    found = []
    for label in sorted(clause.labels, key=lambda label: label.rank):
        stance = STANCE_WORDS.get(clause.stance_on(label.topic), "")
        words = ", ".join(word for word in (RANK_WORDS.get(label.rank, ""), stance) if word)
        found.append(f"{label.topic.phrase} ({words})")
    found += [f"for: {clause.audience}"] if clause.audience else []
    return (*found, *(f"grants: {right.replace('_', ' ')}" for right in clause.rights))


def _effects(comparison: Comparison) -> dict[str, list[str]]:
    """What becomes of the answers, in words, for each clause that has a part in it."""
    found: dict[str, list[str]] = {}
    for one in comparison.answers:
        words = f"{one.topic.phrase}: {_kinds(one)}"
        both = {clause.id for clause in one.old} & {clause.id for clause in one.new}
        for clause in (*one.old, *one.new):
            if clause.id not in both or one.old_kind is not one.new_kind:
                found.setdefault(clause.id, []).append(words)
    return found


def _kinds(one: AnswerChange) -> str:
    before, now = KIND_WORDS[one.old_kind.value], KIND_WORDS[one.new_kind.value]
    return f"{before}, by other words" if before == now else f"{before} → {now}"


def _answer(one: AnswerChange, places: Mapping[str, str]) -> AnswerRow:
    both = {clause.id for clause in one.old} & {clause.id for clause in one.new}
    sides = [
        tuple((places.get(clause.id, ""), clause.id) for clause in side if clause.id not in both)
        for side in (one.old, one.new)
    ]
    before, now = one.old_kind.value, one.new_kind.value
    return AnswerRow(one.topic.phrase, before, now, KIND_WORDS[before], KIND_WORDS[now], *sides)
