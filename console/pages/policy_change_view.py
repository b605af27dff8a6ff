"""What the page of a policy's change shows: what stands in the way, each thing with what a person needs to settle it.

What waits is said by the gate alone (policies_kb.gate); this module finds the words and texts that belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from console.pages.knowledge import KIND_WORDS, LINT_WORDS
from console.pages.policy_change_rows import Compared, compared
from policies_kb.folders import PolicyFolder
from policies_kb.gate import COMMAND, Obstacle, ObstacleKind, Published, obstacles
from policies_kb.golden import GoldenQuestion, GoldenResult
from policies_kb.lint import findings
from policies_kb.model import PolicyVersion
from policies_kb.pending import FIELDS, finding_id
from policies_kb.profile import read_yaml
from policies_kb.reviewing import load_review
from policies_kb.topics import Topic

LABELS = "clauses"  # the field of the profile that says what each clause is about
_NAMES = sorted((re.escape(topic.value) for topic in Topic), key=len, reverse=True)
_TOPIC_NAME = re.compile(rf"(?<![\w.])(?:{'|'.join(_NAMES)})(?![\w.])")


@dataclass(frozen=True)
class FieldRow:
    """A field of the profile that waits. guesses: what a program read, with the clause it rests on and its text."""

    name: str
    guesses: tuple[tuple[str, str, str], ...]
    value: str
    is_changed: bool

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that are asked about, each once."""
        return tuple(dict.fromkeys(clause for _, clause, text in self.guesses if text))


@dataclass(frozen=True)
class LintRow:
    """A finding that waits for an explanation."""

    id: str
    words: str
    text: str
    clauses: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class GoldenRow:
    """A golden question that waits. wanted, got: (id, text) of clauses; is_first: nobody has ever decided it.

    here: those of them that the folder's version has.
    """

    number: int
    ask: str
    why: str
    is_first: bool
    wanted_kind: str
    wanted_word: str
    wanted: tuple[tuple[str, str], ...]
    got_kind: str
    got_word: str
    got: tuple[tuple[str, str], ...]
    can_decide: bool
    here: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """All that stands in the way and shows without a model."""

    compile: tuple[Obstacle, ...]
    fields: tuple[FieldRow, ...]
    lint: tuple[LintRow, ...]
    clauses: Compared | None
    questions: int  # golden questions that the policy has

    @property
    def count(self) -> int:
        """How many."""
        clauses = len(self.clauses.waiting) if self.clauses else 0
        return len(self.compile) + len(self.fields) + len(self.lint) + clauses


def waiting(published: Published | None, folder: PolicyFolder) -> Waiting:
    """What stands in the way, without the golden questions. Raises a KnowledgeError for what cannot be read."""
    found = obstacles(published, folder, None)
    place = f"{folder.path.parent}/"  # of no use to who reads the page
    broken = tuple(replace(one, what=one.what.replace(place, "")) for one in found if one.kind is ObstacleKind.COMPILE)
    if broken:
        return Waiting(broken, (), (), None, 0)
    review = load_review(folder.path, folder.current)
    names = {kind: _named(found, kind, folder.policy) for kind in ObstacleKind}
    return Waiting(
        (),
        tuple(_fields(published, folder, names[ObstacleKind.CONFIRM])),
        tuple(_lint(folder, names[ObstacleKind.LINT])),
        compared(published, folder, review, names[ObstacleKind.CLAUSE]),
        len(folder.golden()),
    )


_VERBS = {ObstacleKind.CONFIRM: "confirm", ObstacleKind.CLAUSE: "accept", ObstacleKind.LINT: "explain"}


def _named(found: Iterable[Obstacle], kind: ObstacleKind, policy: str) -> list[str]:
    """What is to be settled, as the command of the obstacle names it."""
    head = f"{COMMAND} {_VERBS.get(kind, 'decide')} {policy} "
    named = [one.command.removeprefix(head).rpartition(" --by ")[0] for one in found if one.kind is kind]
    return list(dict.fromkeys(named))


def _fields(published: Published | None, folder: PolicyFolder, names: Sequence[str]) -> Iterable[FieldRow]:
    profile, version = folder.profile(), folder.compiled()
    data = read_yaml(folder.path / "profile.yml")
    for name in names:
        guesses = tuple(
            (_in_words(entry.guess), entry.clause, _text(version, entry.clause))
            for entry in profile.to_confirm
            if entry.field == name
        )
        is_changed = published is not None and name in FIELDS and _of(published, name) != _value(profile, name)
        value = data.get(name)
        if name == LABELS and isinstance(value, dict):  # of all labels, those that are asked about
            value = {clause: value[clause] for _, clause, _ in guesses if clause in value}
        yield FieldRow(name, guesses, _as_written(value), is_changed)


def _of(published: Published, name: str) -> str:
    return _value(published.profile, name)


def _value(profile: Any, name: str) -> str:
    return repr(getattr(profile, FIELDS[name]))


def _as_written(value: Any) -> str:
    """A field as it stands in profile.yml."""
    if not isinstance(value, (dict, list)):
        return "" if value is None else str(value)
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)).strip()


def _in_words(guess: str) -> str:
    """A guess, with the phrase of a topic in place of its name."""
    return _TOPIC_NAME.sub(lambda found: f"“{Topic(found[0]).phrase}”", guess)


def _lint(folder: PolicyFolder, names: Sequence[str]) -> Iterable[LintRow]:
    for one in findings(folder.compiled(), folder.profile()):
        if finding_id(one) in names:
            clauses = tuple((clause.id, clause.text) for clause in one.clauses)
            yield LintRow(finding_id(one), LINT_WORDS[one.kind], one.text, clauses)


@dataclass(frozen=True)
class GoldenWaiting:
    """rows: the questions that wait; gone: those that golden.yml does not ask any more; asked: of so many."""

    rows: tuple[GoldenRow, ...]
    gone: tuple[str, ...]
    asked: int

    @property
    def to_decide(self) -> int:
        """How many can be decided as they are answered now."""
        return sum(row.can_decide for row in self.rows) + len(self.gone)

    @property
    def count(self) -> int:
        """How many stand in the way."""
        return len(self.rows) + len(self.gone)


def golden_waiting(published: Published | None, folder: PolicyFolder, results: Sequence[GoldenResult]) -> GoldenWaiting:
    """The golden questions whose answer has to be decided."""
    found = [one for one in obstacles(published, folder, results) if one.kind is ObstacleKind.GOLDEN]
    why = {name: one.why for one in found for name in _named([one], ObstacleKind.GOLDEN, folder.policy)}
    rows = [_golden_row(n, one, folder, why[str(n)]) for n, one in enumerate(results, 1) if str(n) in why]
    asked = {result.question.ask for result in results}
    gone = [one.ask for one in published.golden if one.ask not in asked] if published and "--all" in why else []
    return GoldenWaiting(tuple(rows), tuple(gone), len(results))


def _golden_row(number: int, result: GoldenResult, folder: PolicyFolder, why: str) -> GoldenRow:
    wanted, answer = result.question, result.answer
    kind = answer.kind.value if answer else ""
    first = ((result.first, _text(folder.compiled(), result.first)),) if result.first and answer else ()
    return GoldenRow(
        number,
        wanted.ask,
        why,
        not wanted.decided,
        wanted.kind.value,
        KIND_WORDS[wanted.kind.value],
        tuple((name, _known_text(folder, name)) for name in _wanted(wanted)),
        kind,
        KIND_WORDS[kind] if kind else "not read as a question about the policy",
        first if kind != "silent" else (),
        answer is not None,
        tuple(name for name in dict.fromkeys((*_wanted(wanted), result.first)) if _text(folder.compiled(), name)),
    )


def _wanted(question: GoldenQuestion) -> list[str]:
    return list(dict.fromkeys((*question.clauses, *question.all)))


def _text(version: PolicyVersion, clause: str) -> str:
    found = version.clause(clause) if clause else None
    return found.text if found else ""


def _known_text(folder: PolicyFolder, clause: str) -> str:
    """The text of a clause in the newest version that has it."""
    for version in reversed(folder.versions()):
        if text := _text(folder.compiled(version), clause):
            return text
    return ""
