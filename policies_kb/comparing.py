"""Two versions of a policy, clause by clause: what stayed, moved, was reworded, came in or went, and what that does
to the answers.

A clause whose text is unchanged keeps its id, so it is found by that. The others are paired by likeness (see
`likeness`); a pair that is like enough is one clause reworded. A clause that was split, or merged with another, takes
part in several changes that share it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from policies_kb.answering import AnswerKind
from policies_kb.compiler import clause_id
from policies_kb.errors import KnowledgeError
from policies_kb.ledger import answering, kind_of
from policies_kb.likeness import likeness, plain_words
from policies_kb.matching import Pair, is_only_regrouped, longest_run, pairs_of
from policies_kb.model import Clause, PieceKind, PolicyVersion
from policies_kb.profile import Profile
from policies_kb.topics import Topic


class Change(str, Enum):
    """What became of a clause."""

    UNCHANGED = "unchanged"
    REWORDED = "reworded"
    MOVED = "moved"  # the same words in another place
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class ClauseChange:
    """One clause in both versions.

    has_moved: it stands in another place among the clauses that both versions have, or in another section.
    likeness: 1 for the same words, 0 where there is nothing to compare.
    is_part: another change has the same old clause (it was split) or the same new one (two were merged).
    is_regrouped: reworded only in that the text was cut elsewhere; no word is new and none is gone.
    """

    change: Change
    old: Clause | None
    new: Clause | None
    has_moved: bool
    likeness: float
    is_part: bool = False
    is_regrouped: bool = False

    @property
    def clause(self) -> Clause:
        """The clause as it is now; of a removed one, as it was."""
        found = self.new or self.old
        if found is None:
            raise KnowledgeError("a change is about an old clause, a new one or both")
        return found


@dataclass(frozen=True)
class AnswerChange:
    """What the new version does to the answers on a topic. old, new: the clauses that answer it, best first."""

    topic: Topic
    old_kind: AnswerKind
    new_kind: AnswerKind
    old: tuple[Clause, ...]
    new: tuple[Clause, ...]


@dataclass(frozen=True)
class Comparison:
    """Two versions of one policy.

    clauses: in the order of the new text, removed ones where they stood.
    headings: titles that only one of the two texts has, as (old, new); a renamed one has both, else "" stands.
    """

    policy: str
    old_version: str
    new_version: str
    clauses: tuple[ClauseChange, ...]
    answers: tuple[AnswerChange, ...]
    headings: tuple[tuple[str, str], ...] = ()

    def changed(self) -> tuple[ClauseChange, ...]:
        """The changes in what the policy says: neither unchanged nor merely moved."""
        return tuple(one for one in self.clauses if one.change not in (Change.UNCHANGED, Change.MOVED))

    def count(self, change: Change) -> int:
        """How many clauses that happened to. A clause that was split or merged counts once."""
        found = [one for one in self.clauses if one.change is change]
        olds = {one.old.id for one in found if one.old}
        news = {one.new.id for one in found if one.new}
        # Changes tie clauses together in stars, and a star has one clause more than it has ties.
        return len(olds) + len(news) - len(found) if olds and news else len(found)


Compared = tuple[Profile, PolicyVersion]


def compare(old: Compared, new: Compared) -> Comparison:
    """What is different in the new version. Raises KnowledgeError for versions of two policies."""
    before, after = old[1], new[1]
    if before.policy != after.policy:
        raise KnowledgeError(f"{before.policy} and {after.policy} are two policies; compare versions of one")
    pairs = pairs_of(before.clauses, after.clauses)
    renamed = _renamed_sections(before, after, pairs)
    kept = _kept_changes(before.clauses, after.clauses, pairs, renamed)
    return Comparison(
        before.policy,
        before.version,
        after.version,
        tuple(_in_order(before.clauses, after.clauses, pairs, kept)),
        tuple(_answer_changes(old, new)),
        tuple(_headings(before, after, renamed)),
    )


def _renamed_sections(
    before: PolicyVersion, after: PolicyVersion, pairs: list[Pair]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Sections whose title only the old text has -> the section of that place in the new text."""
    old_paths, new_paths = ({_section(clause) for clause in version.clauses} for version in (before, after))
    votes: dict[tuple[str, ...], Counter[tuple[str, ...]]] = {}
    for pair in pairs:
        was, now = _section(before.clauses[pair.old]), _section(after.clauses[pair.new])
        if was not in new_paths and now not in old_paths:
            votes.setdefault(was, Counter())[now] += 1
    return {was: counted.most_common(1)[0][0] for was, counted in votes.items()}


def _section(clause: Clause) -> tuple[str, ...]:
    """The titles above a clause, without one that is its own first words."""
    path = clause.path[:-1] if clause.path and _begins_with(clause.text, clause.path[-1]) else clause.path
    return tuple(_plain_title(title) for title in path)


def _begins_with(text: str, title: str) -> bool:
    return text.lstrip("•-–* ").startswith(title)


def _kept_changes(
    old: Sequence[Clause],
    new: Sequence[Clause],
    pairs: list[Pair],
    renamed: dict[tuple[str, ...], tuple[str, ...]],
) -> list[ClauseChange]:
    """The change of each pair. pairs: in the order of the new text."""
    main = {pair.old: pair for pair in reversed(pairs)}  # a clause that was split stands where its first part stands
    by_old = sorted(main.values(), key=lambda pair: pair.old)
    staying = {by_old[place].old for place in longest_run([(pair.new, pair.old) for pair in by_old])}
    lead_ins = {(old[pair.old].id, new[pair.new].id) for pair in pairs}
    changes = []
    for pair in pairs:
        was, now = old[pair.old], new[pair.new]
        section = _section(was)
        has_moved = pair.old not in staying or renamed.get(section, section) != _section(now)
        change = _kept_change(was, now, has_moved, pair.is_part, lead_ins)
        is_cut = was.id != now.id and is_only_regrouped(old, new, pair, main[pair.old] is pair)
        changes.append(replace(change, is_regrouped=is_cut))
    return changes


def _kept_change(
    old: Clause, new: Clause, has_moved: bool, is_part: bool, lead_ins: set[tuple[str, str]]
) -> ClauseChange:
    if old.id != new.id:
        like = likeness(plain_words(old.text), plain_words(new.text))
        return ClauseChange(Change.REWORDED, old, new, has_moved, like, is_part)
    # A list item says what its introduction makes of it: "we collect: your name" is not "we sell: your name".
    if _is_introduced_otherwise(old, new, lead_ins):
        return ClauseChange(Change.REWORDED, old, new, has_moved, 1.0, is_part)
    return ClauseChange(Change.MOVED if has_moved else Change.UNCHANGED, old, new, has_moved, 1.0, is_part)


def _is_introduced_otherwise(old: Clause, new: Clause, successors: set[tuple[str, str]]) -> bool:
    """Whether another line introduces the clause now. One that was itself reworded stays the same introduction."""
    if plain_words(old.lead_text) == plain_words(new.lead_text):
        return False
    if not old.lead_text or not new.lead_text:
        return True
    return (clause_id(old.lead_text), clause_id(new.lead_text)) not in successors


def _in_order(
    old: Sequence[Clause], new: Sequence[Clause], pairs: Sequence[Pair], kept: Sequence[ClauseChange]
) -> list[ClauseChange]:
    """All changes in the order of the new text; what was removed follows what it followed in the old one."""
    at: dict[int, list[ClauseChange]] = {place: [] for place in range(-1, len(new))}
    for pair, change in zip(pairs, kept):
        at[pair.new].append(change)
    for place in set(range(len(new))) - {pair.new for pair in pairs}:
        at[place].append(ClauseChange(Change.ADDED, None, new[place], False, 0.0))
    stays = {pair.old: pair.new for pair, change in zip(pairs, kept) if not change.has_moved}
    anchor = -1
    kept_olds = {pair.old for pair in pairs}
    for place, clause in enumerate(old):
        if place not in kept_olds:
            at[anchor].append(ClauseChange(Change.REMOVED, clause, None, False, 0.0))
        anchor = stays.get(place, anchor)
    return [change for place in range(-1, len(new)) for change in at[place]]


def _answer_changes(old: Compared, new: Compared) -> list[AnswerChange]:
    """The topics whose kind of answer or whose clauses differ."""
    found = []
    for topic in Topic:
        was, now = answering(topic, old[1]), answering(topic, new[1])
        old_kind, new_kind = kind_of(topic, *old), kind_of(topic, *new)
        if old_kind is not new_kind or {clause.id for clause in was} != {clause.id for clause in now}:
            found.append(AnswerChange(topic, old_kind, new_kind, tuple(was), tuple(now)))
    return found


def _headings(
    before: PolicyVersion, after: PolicyVersion, renamed: dict[tuple[str, ...], tuple[str, ...]]
) -> list[tuple[str, str]]:
    """Titles that only one of the two texts has; see Comparison."""
    old, new = _titles(before), _titles(after)
    became = {was[-1]: now[-1] for was, now in renamed.items() if was and now}
    changes = [(title, new.get(became.get(key, ""), "")) for key, title in old.items() if key not in new]
    named = {now for _, now in changes}
    return changes + [("", title) for key, title in new.items() if key not in old and title not in named]


def _titles(version: PolicyVersion) -> dict[str, str]:
    """The headings of a version: without number and in small letters -> as they stand."""
    headings = [piece for piece in version.pieces if piece.kind is PieceKind.HEADING]
    found = [piece.span.of(version.source).strip() for piece in headings]
    return {_plain_title(text): text for text in found}


def _plain_title(title: str) -> str:
    return " ".join(plain_words(title))
