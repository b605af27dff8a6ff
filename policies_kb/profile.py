"""A policy's profile: what a person wrote down about it beside its text.

The file is `policies_kb/<policy>/profile.yml`. It is read with a safe loader: no aliases, no tags, a size cap, and
nothing is filled in from the environment. docs/policies.md lists the fields with examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from policies_kb.errors import ProfileError
from policies_kb.model import Stance
from policies_kb.safe_yaml import parse_yaml
from policies_kb.segment import Marks
from policies_kb.topics import Topic

MAX_BYTES = 400_000


@dataclass(frozen=True)
class ClauseLabel:
    """A person's reading of one clause. ranks: 1 answers the topic best, 2 answers it too, 3 bears on it."""

    ranks: dict[Topic, int]
    stances: dict[Topic, Stance]
    audience: str = ""
    rights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One branch of an answer that depends: when it holds, the clauses that say so, and words that name the branch."""

    when: str
    clauses: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A topic on which the answer depends on something the question may leave out."""

    topics: tuple[Topic, ...]
    ask: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Conflict:
    """A topic on which two clauses contradict each other."""

    topics: tuple[Topic, ...]
    sides: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Help:
    """Plain-language help that a person wrote for a topic: steps to follow, and clauses to show with them."""

    topic: Topic
    steps: tuple[str, ...]
    note: str
    with_clauses: tuple[str, ...]


@dataclass(frozen=True)
class Referral:
    """Somebody else who decides about some people's data, by the policy's own words: a school, an employer, a client.

    ask: the question that tells whom it concerns; words: what a person says who is concerned; sure_words: those of them
    that settle it without being asked; clauses: who says so.
    """

    who: str
    ask: str
    concerned: str
    not_concerned: str
    clauses: tuple[str, ...]
    words: tuple[str, ...] = ()
    sure_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToConfirm:
    """Something in the profile that a program read or changed, and that a person has to confirm.

    field: of the profile; guess: what was read, or what was taken out; clause: what it rests on, "" for none.
    """

    field: str
    guess: str
    clause: str = ""


@dataclass(frozen=True)
class Profile:
    """Everything in profile.yml. effective: the date from which the current text holds, None where nobody says."""

    policy: str
    name: str
    current: str
    about: str = ""
    aliases: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()
    controller: str = ""
    examples: tuple[str, ...] = ()  # questions that the demo page suggests
    marks: Marks = field(default_factory=Marks)
    labels: dict[str, ClauseLabel] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    helps: tuple[Help, ...] = ()
    referral: Referral | None = None
    effective: date | None = None
    to_confirm: tuple[ToConfirm, ...] = ()
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # ages, periods, rights as they were read


def read_yaml(path: Path) -> Any:
    """A YAML file of the policy's owner, read safely.

    Raises ProfileError for a missing, oversized or malformed file; the text names the file and the line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read ({error.strerror}); every policy needs this file") from error
    return _parsed(raw, str(path))


def load_profile(path: Path) -> Profile:
    """Read and check one profile.yml. Raises ProfileError naming the field."""
    return _checked(path.parent.name, read_yaml(path), str(path))


def read_profile(policy: str, text: str) -> Profile:
    """Check the text of a profile that is not in place yet. Raises ProfileError naming the line or the field."""
    return _checked(policy, _parsed(text.encode("utf-8"), "profile.yml"), "profile.yml")


def _parsed(raw: bytes, name: str) -> Any:
    if len(raw) > MAX_BYTES:
        raise ProfileError(f"{name}: larger than {MAX_BYTES:,} bytes; a profile is a short file")
    try:
        return parse_yaml(raw.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ProfileError(f"{name}: is not valid YAML: {error}") from error


def _checked(policy: str, data: Any, name: str) -> Profile:
    if not isinstance(data, dict):
        raise ProfileError(f"{name}: must be a mapping with at least name and current")
    try:
        return _profile(policy, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProfileError(f"{name}: field {error} is missing or malformed") from error


def _profile(policy: str, data: dict[str, Any]) -> Profile:
    marks = data.get("marks") or {}
    return Profile(
        policy=policy,
        name=str(data["name"]),
        current=str(data["current"]),
        about=str(data.get("about", "")),
        aliases=_strings(data.get("aliases")),
        contact=_strings(data.get("contact")),
        regimes=_strings(data.get("regimes")),
        controller=str(data.get("controller", "")),
        examples=_strings(data.get("examples")),
        marks=Marks(
            frozenset(_strings(marks.get("asides"))),
            frozenset(_strings(marks.get("headings"))),
            _strings(marks.get("starts")),
        ),
        labels={str(key): _label(value) for key, value in (data.get("clauses") or {}).items()},
        conditions=tuple(_condition(entry) for entry in data.get("conditions") or ()),
        conflicts=tuple(_conflict(entry) for entry in data.get("conflicts") or ()),
        helps=tuple(_help(entry) for entry in data.get("help") or ()),
        referral=_referral(data["referral"]) if data.get("referral") else None,
        effective=_date(data.get("effective")),
        to_confirm=tuple(_to_confirm(entry) for entry in data.get("to_confirm") or ()),
        facts={str(name): _strings(values) for name, values in (data.get("facts") or {}).items()},
    )


def _date(value: Any) -> date | None:
    """YAML reads 2026-04-01 as a date already; in quotes it is text."""
    return None if value in (None, "") else date.fromisoformat(str(value))


def _to_confirm(data: dict[str, Any]) -> ToConfirm:
    return ToConfirm(str(data["field"]), str(data["guess"]), str(data.get("clause") or ""))


def _strings(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f"{value!r} should be a list")
    return tuple(str(entry) for entry in value)


def _topics(value: Any) -> tuple[Topic, ...]:
    return tuple(Topic(name) for name in _strings(value))


def _label(data: dict[str, Any]) -> ClauseLabel:
    ranks = {Topic(name): int(rank) for name, rank in (data.get("topics") or {}).items()}
    stances = dict.fromkeys(_topics(data.get("denies")), Stance.DENIES)
    stances.update(dict.fromkeys(_topics(data.get("depends")), Stance.CONDITIONAL))
    unknown = set(stances) - set(ranks)
    if unknown:
        raise ValueError(
            f"denies/depends name topics that the clause does not have: {sorted(t.value for t in unknown)}"
        )
    return ClauseLabel(ranks, stances, str(data.get("audience", "")), _strings(data.get("rights")))


def _condition(data: dict[str, Any]) -> Condition:
    cases = tuple(
        Case(str(case["when"]), _strings(case["clauses"]), _strings(case.get("words"))) for case in data["cases"]
    )
    return Condition(_topics(data["topics"]), str(data["ask"]), cases)


def _conflict(data: dict[str, Any]) -> Conflict:
    return Conflict(_topics(data["topics"]), _strings(data["sides"]), str(data.get("note", "")))


def _help(data: dict[str, Any]) -> Help:
    return Help(
        Topic(data["topic"]), _strings(data.get("steps")), str(data.get("note", "")), _strings(data.get("with_clauses"))
    )


def _referral(data: dict[str, Any]) -> Referral:
    return Referral(
        who=str(data["who"]),
        ask=str(data["ask"]),
        concerned=str(data["concerned"]),
        not_concerned=str(data["not_concerned"]),
        clauses=_strings(data["clauses"]),
        words=_strings(data.get("words")),
        sure_words=_strings(data.get("sure_words")),
    )
