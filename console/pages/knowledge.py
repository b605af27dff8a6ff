"""What the desk knows: the policies with their versions and clauses, what is wrong with them, where they are silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from console.access import Routes, Who
from console.pages.policy_change_desk import OwnersDesk
from console.pages.queue_words import REGIME_WORDS
from policies_kb.errors import KnowledgeError, UnknownPolicyError
from policies_kb.ledger import ledger_table
from policies_kb.lint import Finding as LintFinding
from policies_kb.lint import FindingKind
from policies_kb.lint import findings as lint
from policies_kb.model import RANK_WORDS, Clause, PolicyVersion, Stance
from policies_kb.profile import Profile
from policies_kb.topics import Topic

if TYPE_CHECKING:
    from console.house import House
    from policies_kb.knowledge import Policy

KIND_WORDS = {
    "states": "answers",
    "denies": "says no",
    "conditional": "depends",
    "conflict": "conflicts",
    "silent": "silent",
}
KIND_MEANINGS = {
    "states": "a clause says how it is",
    "denies": "a clause says that it is not so",
    "conditional": "the answer depends on something the question may leave out",
    "conflict": "two clauses contradict each other",
    "silent": "no clause answers; people are told so, and offered to ask the company",
}
"""Kinds of answers (policies_kb.answering.AnswerKind) as staff read them, in the order of the legend."""
STANCE_WORDS = {Stance.DENIES: "says no", Stance.CONDITIONAL: "depends"}
LINT_WORDS = {
    FindingKind.CONTRADICTION: "Clauses contradict each other",
    FindingKind.AGES: "Ages differ",
    FindingKind.REFERENCE: "A reference leads nowhere",
    FindingKind.CONTACTS: "Several contact addresses",
    FindingKind.NO_CONTACT: "No contact address",
}
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Cell:
    """What one policy does on one topic. url: where its clauses on it are; empty where there is none."""

    kind: str
    words: str
    policy: str
    url: str


@dataclass(frozen=True)
class MapRow:
    """One topic of the map. is_finer: it lies under the topic of a first level."""

    phrase: str
    meaning: str
    is_finer: bool
    cells: tuple[Cell, ...]
    silent: int


@dataclass(frozen=True)
class PolicyLine:
    """A policy in the list of them."""

    id: str
    name: str
    version: str
    others: tuple[str, ...]
    clauses: int
    laws: str
    wrong: int
    silent: int
    topics: int
    questions: int


@dataclass(frozen=True)
class ClauseShown:
    """A clause as people see it, with what the desk takes it to be about. labels: (topic, how well, stance)."""

    id: str
    section: str
    lead: str
    text: str
    url: str
    audience: str
    reviewed: bool
    labels: tuple[tuple[str, str, str], ...]


class Shelf:
    """Reads what the pages show of the policies. Its methods compute and are called in threads."""

    def __init__(self, house: "House") -> None:
        self._house = house

    @property
    def policies(self) -> "list[Policy]":
        """All policies, by id."""
        return [self._house.knowledge.get(policy) for policy in self._house.knowledge.ids]

    def overview(self) -> dict[str, Any]:
        """Every policy as a line, and the map of what each says on each topic."""
        pairs = [(policy.profile, policy.current) for policy in self.policies]
        table = ledger_table(pairs) if pairs else {}
        silent = {p.policy: sum(kinds[p.policy] == "silent" for kinds in table.values()) for p, _ in pairs}
        lines = [self._line(policy, silent[policy.profile.policy]) for policy in self.policies]
        return {"lines": lines, "rows": self._map(table), "kinds": KIND_WORDS, "meanings": KIND_MEANINGS}

    def one(self, policy: "Policy", version: PolicyVersion, topic: Topic | None) -> dict[str, Any]:
        """One version of a policy. topic: only the clauses that are about it."""
        profile = policy.profile
        clauses = [clause for clause in version.clauses if topic is None or clause.rank_of(topic)]
        if topic is not None:
            clauses.sort(key=lambda clause: clause.rank_of(topic) or 0)
        found = {label.topic for clause in version.clauses for label in clause.labels}
        return {
            "profile": profile,
            "version": version.version,
            "versions": sorted(policy.versions, reverse=True),
            "laws": laws_of(profile),
            "public": self._public(version),
            "wrong": [self._shown_lint(version, one) for one in lint(version, profile)],
            "topic": topic,
            "topics": [one for one in Topic if one in found],
            "total": len(version.clauses),
            "clauses": [self._shown(version, clause) for clause in clauses],
            "depends": [
                (_phrases(one.topics), one.ask, [case.when for case in one.cases]) for one in profile.conditions
            ],
            "conflicts": [(_phrases(one.topics), one.note) for one in profile.conflicts],
        }

    def _line(self, policy: "Policy", silent: int) -> PolicyLine:
        profile, current = policy.profile, policy.current
        return PolicyLine(
            id=profile.policy,
            name=profile.name,
            version=current.version,
            others=tuple(sorted((name for name in policy.versions if name != current.version), reverse=True)),
            clauses=len(current.clauses),
            laws=laws_of(profile),
            wrong=len(lint(current, profile)),
            silent=silent,
            topics=len(Topic),
            questions=sum(self._house.findings.counts(profile.policy).values()),
        )

    def _map(self, table: Mapping[str, Mapping[str, str]]) -> list[MapRow]:
        ordered = [topic for _, members in families() for topic in members] if table else []
        return [_row(topic, table[topic.value], self._house.knowledge.name_of) for topic in ordered]

    def _public(self, version: PolicyVersion) -> str:
        return f"{self._house.settings.public_url}/p/{quote(version.policy)}/{quote(version.version)}"

    def _shown_lint(self, version: PolicyVersion, found: LintFinding) -> dict[str, Any]:
        clauses = [self._shown(version, clause) for clause in found.clauses]
        return {"words": LINT_WORDS[found.kind], "text": found.text, "clauses": clauses}

    def _shown(self, version: PolicyVersion, clause: Clause) -> ClauseShown:
        return ClauseShown(
            id=clause.id,
            section=" › ".join(clause.path),
            lead=clause.lead_text,
            text=clause.text,
            url=f"{self._public(version)}#{quote(clause.id)}",
            audience=clause.audience,
            reviewed=clause.reviewed,
            labels=tuple(
                (
                    label.topic.phrase,
                    RANK_WORDS.get(label.rank, ""),
                    STANCE_WORDS.get(clause.stance_on(label.topic), ""),
                )
                for label in sorted(clause.labels, key=lambda label: label.rank)
            ),
        )


def add(routes: Routes, house: "House") -> None:
    """The list of policies with the map, and a page for each."""
    shelf = Shelf(house)

    desk = OwnersDesk(house)

    @routes.get("/knowledge")
    async def overview(request: Request, who: Who) -> Response:
        shown = await asyncio.to_thread(lambda: shelf.overview() | _standings(desk))
        return house.look.page(request, who, "knowledge.html", **shown)

    @routes.get("/knowledge/{policy}")
    async def one(request: Request, who: Who, policy: str, version: str = "", topic: str = "") -> Response:
        found = known_policy(house, policy)
        chosen = found.versions.get(version or found.current.version)
        about = topic_of(topic)
        if chosen is None or (topic and about is None):
            raise HTTPException(404)
        shown = await asyncio.to_thread(shelf.one, found, chosen, about)
        return house.look.page(request, who, "knowledge_policy.html", **shown)


def _standings(desk: OwnersDesk) -> dict[str, Any]:
    """How each policy's folder stands to what is published."""
    try:
        return {"standings": desk.standings(), "standings_trouble": ""}
    except KnowledgeError as error:
        return {"standings": {}, "standings_trouble": desk.words(error)}


def known_policy(house: "House", policy: str) -> "Policy":
    """The policy of that id. Raises HTTPException for one that is not there."""
    try:
        return house.knowledge.get(policy[:_LONGEST_NAME])
    except UnknownPolicyError:
        raise HTTPException(404) from None


def topic_of(name: str) -> Topic | None:
    """The topic of that name, if there is one."""
    try:
        return Topic(name)
    except ValueError:
        return None


def families() -> list[tuple[str, list[Topic]]]:
    """The topics in the order of a list: (the first one's phrase, that topic and those under it)."""
    found: dict[Topic, list[Topic]] = {}
    for topic in Topic:
        found.setdefault(topic.parent or topic, []).append(topic)
    return [(head.phrase, sorted(members, key=lambda one: one is not head)) for head, members in found.items()]


def laws_of(profile: Profile) -> str:
    """The laws that the policy names, as staff call them."""
    known = {regime.value: words for regime, words in REGIME_WORDS.items()}
    return ", ".join(known.get(name, name) for name in profile.regimes)


def _phrases(topics: Sequence[Topic]) -> str:
    return ", ".join(topic.phrase for topic in topics)


def _row(topic: Topic, kinds: Mapping[str, str], name_of: Callable[[str], str]) -> MapRow:
    cells = tuple(
        Cell(
            kind,
            KIND_WORDS[kind],
            name_of(policy),
            "" if kind == "silent" else f"/knowledge/{policy}?{urlencode({'topic': topic.value})}#clauses",
        )
        for policy, kind in kinds.items()
    )
    silent = sum(cell.kind == "silent" for cell in cells)
    return MapRow(topic.phrase, topic.meaning, topic.parent is not None, cells, silent)
