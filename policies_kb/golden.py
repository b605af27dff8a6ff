"""The contract of a policy: questions that must go on being answered, each by its clause. `<policy>/golden.yml`.

```yaml
- ask: "how long do you keep my data after I delete my account"
  kind: states                        # states, denies, conditional, conflict, silent
  clauses: ["personal-data-…"]        # one of these is the first that answers
  all: []                             # all of these are quoted
```

What a message means is read by somebody else (`Reader`): this package knows no model of language.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from policies_kb.answering import Answer, AnswerKind, Role
from policies_kb.errors import ProfileError
from policies_kb.profile import read_yaml
from policies_kb.topics import Topic

_GOLDEN_HEAD = """\
# What must go on being answered, and by which clause. `python -m bot policy test` asks these questions, and publishing
# waits until each is answered as it stands here. "decided: false": nobody has said yet that this answer is right.
"""
ANSWERING = (Role.ANSWER, Role.CONDITION, Role.AGAINST)


@dataclass(frozen=True)
class GoldenQuestion:
    """A question and what must be answered. decided: False until a person took the desk's first answer as right."""

    ask: str
    kind: AnswerKind
    clauses: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    decided: bool = True


@dataclass(frozen=True)
class Understood:
    """A message as it was understood: its intent, and the topics with their shares.

    topics: none for a message that is not answered from the policy, such as a greeting.
    """

    intent: str
    topics: Mapping[Topic, float]


class Reader(Protocol):
    """Understands messages."""

    def read(self, text: str) -> Understood:
        """One message."""
        ...


Answerer = Callable[[str, Mapping[Topic, float]], Answer]


@dataclass(frozen=True)
class GoldenResult:
    """A golden question and what the desk makes of it now. answer: None where it was not taken as a question."""

    question: GoldenQuestion
    intent: str
    answer: Answer | None

    @property
    def got(self) -> tuple[str, ...]:
        """The clauses quoted, those that answer first, by id."""
        return tuple(quote.clause.id for quote in self.answer.quotes) if self.answer else ()

    @property
    def first(self) -> str:
        """The first clause that answers, "" for none."""
        quotes = self.answer.quotes if self.answer else ()
        return next((quote.clause.id for quote in quotes if quote.role in ANSWERING), "")

    @property
    def trouble(self) -> str:
        """In which way the answer is not the one that was wanted; "" if it is."""
        wanted = self.question
        if self.answer is None:
            return f"it was not read as a question about the policy but as {self.intent}"
        if self.answer.kind is not wanted.kind:
            return f"the answer is {self.answer.kind.value}, not {wanted.kind.value}"
        if wanted.clauses and self.first not in wanted.clauses:
            return f"it is answered by {self.first or 'no clause'}, not by {' or '.join(wanted.clauses)}"
        missing = [clause for clause in wanted.all if clause not in self.got]
        return f"it does not quote {', '.join(missing)}" if missing else ""

    @property
    def holds(self) -> bool:
        """Whether the question is answered as it must be."""
        return not self.trouble


def load_golden(path: Path) -> tuple[GoldenQuestion, ...]:
    """The golden questions, none if there is no file. Raises ProfileError for a malformed one."""
    if not path.exists():
        return ()
    data = read_yaml(path) or []
    try:
        if not isinstance(data, list):
            raise TypeError("the list of questions")
        found = tuple(_question(entry) for entry in data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProfileError(f"{path}: {error} is missing or malformed") from error
    twice = {one.ask for one in found if sum(other.ask == one.ask for other in found) > 1}
    if twice:
        raise ProfileError(f"{path}: asks the same twice: {min(twice)!r}; take one of them out")
    return found


def _question(entry: dict[str, Any]) -> GoldenQuestion:
    return GoldenQuestion(
        ask=" ".join(str(entry["ask"]).split()),
        kind=AnswerKind(entry["kind"]),
        clauses=_ids(entry.get("clauses")),
        all=_ids(entry.get("all")),
        decided=entry.get("decided", True) is True,
    )


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, type(None))):
        raise TypeError(f"{value!r}, which should be a list,")
    return tuple(str(one) for one in value or ())


def ask_golden(questions: Sequence[GoldenQuestion], reader: Reader, answerer: Answerer) -> list[GoldenResult]:
    """What the desk makes of each question now."""
    return [asked(question, reader, answerer) for question in questions]


def asked(question: GoldenQuestion, reader: Reader, answerer: Answerer) -> GoldenResult:
    """What the desk makes of one question now."""
    understood = reader.read(question.ask)
    answer = answerer(question.ask, understood.topics) if understood.topics else None
    return GoldenResult(question, understood.intent, answer)


def as_decided(result: GoldenResult, decided: bool = True) -> GoldenQuestion:
    """The question with today's answer as the one that is wanted. Raises ProfileError where there is none."""
    if result.answer is None:
        raise ProfileError(
            f"{result.question.ask!r} is not read as a question about the policy but as {result.intent}: "
            "say it differently in golden.yml, or take it out"
        )
    clauses = (result.first,) if result.first else ()
    every = tuple(clause for clause in result.question.all if clause in result.got)
    return GoldenQuestion(result.question.ask, result.answer.kind, clauses, every, decided)


def golden_text(questions: Sequence[GoldenQuestion]) -> str:
    """A first golden.yml."""
    lines = [_GOLDEN_HEAD]
    for one in questions:
        lines.append(f"- ask: {json.dumps(one.ask, ensure_ascii=False)}\n  kind: {one.kind.value}\n")
        lines.append(f"  clauses: {json.dumps(list(one.clauses))}\n")
        lines += [f"  all: {json.dumps(list(one.all))}\n"] if one.all else []
        lines += [] if one.decided else ["  decided: false\n"]
    return "".join(lines)


@lru_cache(maxsize=1)
def usual_questions() -> tuple[str, ...]:
    """What people ask of any policy."""
    return tuple(str(one) for one in read_yaml(Path(__file__).with_name("usual_questions.yml")))


def first_golden(reader: Reader, answerer: Answerer) -> tuple[GoldenQuestion, ...]:
    """The usual questions with what the desk answers now, for a person to decide; those it cannot read are left out."""
    silent = [GoldenQuestion(ask, AnswerKind.SILENT, decided=False) for ask in usual_questions()]
    results = ask_golden(silent, reader, answerer)
    return tuple(as_decided(result, decided=False) for result in results if result.answer is not None)
