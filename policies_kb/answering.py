"""A question's answer from one policy: the clauses to quote and how to introduce them.

Nothing is written here: an Answer holds spans of the source, the kind of answer they make (see AnswerKind), and what
a person put into the profile (steps, notes). Fronts choose the words around it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from policies_kb.model import Clause, Span, Stance
from policies_kb.profile import Case, Condition, Conflict, Help, Profile
from policies_kb.ranking import SAME_QUESTION, PolicyIndex, Ranking
from policies_kb.silence import is_silent
from policies_kb.topics import Topic

HEARD = 0.2  # share of a topic in the question from which it counts as asked
MOST_QUOTES = 5
ALSO = 2  # further clauses shown after the first
FURTHER = 10  # how far down the order "more" goes
ALSO_WITHIN = 5.0  # how far below the second clause's score a further one may lie
FAR_BEHIND = 15.0  # how far below the first clause's score it may lie at all


class AnswerKind(str, Enum):
    """The five kinds of answer (design: "Answers")."""

    STATES = "states"
    DENIES = "denies"
    CONDITIONAL = "conditional"
    CONFLICT = "conflict"
    SILENT = "silent"


class Role(str, Enum):
    """Why a quote stands in an answer."""

    ANSWER = "answer"
    CONDITION = "condition"  # one branch of "it depends"; the label says when it holds
    EXCEPTION = "exception"  # must be shown with the answer
    AGAINST = "against"  # one side of a contradiction
    ALSO = "also"  # bears on the question too
    RELATED = "related"  # NOT an answer: the nearest thing in a policy that is silent
    BEFORE = "before"  # of a change: how a clause read in the older version
    NOW = "now"  # of a change: how it reads in the newer one
    ADDED = "added"  # only the newer version has it
    REMOVED = "removed"  # only the older version had it


@dataclass(frozen=True)
class Quote:
    """A clause as it is quoted: its text byte for byte, and where it stands."""

    clause: Clause
    policy: str
    version: str
    role: Role
    label: str = ""

    @property
    def path(self) -> str:
        """The clause's place on the policy's page."""
        return f"/p/{self.policy}/{self.version}#{self.clause.id}"

    @property
    def span(self) -> Span:
        """Where the quoted text stands in the source."""
        return self.clause.span

    def item_texts(self) -> list[str]:
        """The items of a list, one by one, without their bullet marks; empty for running text."""
        start = self.clause.span.start
        return [self.clause.text[i.start - start : i.end - start].lstrip("•-–−* \t") for i in self.clause.items]


@dataclass(frozen=True)
class Answer:
    """What a policy says on a question."""

    kind: AnswerKind
    topic: Topic
    quotes: tuple[Quote, ...]
    steps: tuple[str, ...] = ()
    note: str = ""
    condition: str = ""  # what the answer depends on, as a question


def answer(index: PolicyIndex, profile: Profile, question: str, topics: Mapping[Topic, float]) -> Answer:
    """Answer a question from this policy alone. topics: what the question is about, shares that add up to 1."""
    ranking = index.rank(question, topics)
    asked = main_topic(topics)
    if is_silent(index, topics, ranking):
        # Where nobody has labelled the policy, the decision is less sure: show more of what lies near.
        shown = 1 if index.is_reviewed else 1 + ALSO
        nearest = [_quote(index, entry.clause, Role.RELATED) for entry in ranking.clauses[:shown]]
        return Answer(AnswerKind.SILENT, asked, tuple(nearest))
    first = ranking.clauses[0].clause
    topics = _topics_as_written(first, topics, ranking)
    topic = _topic_of(first, topics, asked)
    help_ = _help_for(profile, topics)
    conflict = _conflict_for(profile, topics, ranking)
    if conflict:
        return _finish(
            index, AnswerKind.CONFLICT, topic, _sides(index, conflict, ranking), ranking, help_, note=conflict.note
        )
    condition = _condition_for(profile, topics, first)
    if condition:
        branches = _branches(index, condition, question, ranking)
        return _finish(index, AnswerKind.CONDITIONAL, topic, branches, ranking, help_, condition=condition.ask)
    return _finish(index, _plain_kind(first, topic), topic, [_quote(index, first, Role.ANSWER)], ranking, help_)


def main_topic(topics: Mapping[Topic, float]) -> Topic:
    """The topic with the largest share."""
    return max(topics, key=lambda topic: topics[topic]) if topics else Topic.COLLECTION


def _topics_as_written(first: Clause, topics: Mapping[Topic, float], ranking: Ranking) -> Mapping[Topic, float]:
    """A question that a person wrote down for this clause is about what the clause is about."""
    labels = [label for label in first.labels if label.rank == 1] or list(first.labels)
    if not labels or float(ranking.features["asked"][0]) < SAME_QUESTION:
        return topics
    total = sum(label.weight for label in labels)
    return {label.topic: label.weight / total for label in labels}


def _topic_of(clause: Clause, topics: Mapping[Topic, float], otherwise: Topic) -> Topic:
    """The topic on which this clause answers the question; one that it denies goes first if it was asked too."""
    shares = {label.topic: topics.get(label.topic, 0.0) * label.weight for label in clause.labels}
    denied = [topic for topic in shares if clause.stance_on(topic) is Stance.DENIES and topics.get(topic, 0.0) >= HEARD]
    best = max(denied or shares, key=lambda topic: shares[topic], default=otherwise)
    return best if shares.get(best, 0.0) > 0 else otherwise


def _plain_kind(clause: Clause, topic: Topic) -> AnswerKind:
    return AnswerKind(clause.stance_on(topic).value)


def _quote(index: PolicyIndex, clause: Clause, role: Role, label: str = "") -> Quote:
    return Quote(clause, index.version.policy, index.version.version, role, label)


def _conflict_for(profile: Profile, topics: Mapping[Topic, float], ranking: Ranking) -> Conflict | None:
    """The contradiction that this question runs into: its topic is asked and one of its sides is among the best."""
    best = {entry.clause.id for entry in ranking.clauses[:2]}
    for conflict in profile.conflicts:
        if best & set(conflict.sides) and _asked(topics, conflict.topics):
            return conflict
    return None


def _condition_for(profile: Profile, topics: Mapping[Topic, float], first: Clause) -> Condition | None:
    for condition in profile.conditions:
        named = {clause for case in condition.cases for clause in case.clauses}
        if first.id in named and _asked(topics, condition.topics):
            return condition
    return None


def _asked(topics: Mapping[Topic, float], wanted: tuple[Topic, ...]) -> bool:
    return sum(topics.get(topic, 0.0) for topic in wanted) >= HEARD


def _help_for(profile: Profile, topics: Mapping[Topic, float]) -> Help | None:
    asked = main_topic(topics)
    return next((help_ for help_ in profile.helps if help_.topic is asked and topics[asked] >= HEARD), None)


def _sides(index: PolicyIndex, conflict: Conflict, ranking: Ranking) -> list[Quote]:
    place = {entry.clause.id: number for number, entry in enumerate(ranking.clauses)}
    ordered = sorted(conflict.sides, key=lambda side: place[side])
    return [_quote(index, ranking.clauses[place[side]].clause, Role.AGAINST) for side in ordered]


def _branches(index: PolicyIndex, condition: Condition, question: str, ranking: Ranking) -> list[Quote]:
    """The best clause of each branch; first the branch that the question names, else that of the best clause."""
    place = {entry.clause.id: number for number, entry in enumerate(ranking.clauses)}
    best = [(min(case.clauses, key=lambda clause: place[clause]), case) for case in condition.cases]
    named = _named_case(condition, question)
    best.sort(key=lambda entry: (entry[1] is not named, place[entry[0]]))
    unique = dict(reversed(best))
    ordered = [clause for clause, case in best if unique[clause] is case]
    return [_quote(index, ranking.clauses[place[c]].clause, Role.CONDITION, unique[c].when) for c in ordered]


def _named_case(condition: Condition, question: str) -> Case | None:
    """The one branch that the question names ("on my phone", "in the app"), if it is just one."""
    asked = f" {question.lower()} "
    matching = [case for case in condition.cases if any(re.search(rf"\b{re.escape(w)}\b", asked) for w in case.words)]
    return matching[0] if len(matching) == 1 else None


def _finish(
    index: PolicyIndex,
    kind: AnswerKind,
    topic: Topic,
    quotes: list[Quote],
    ranking: Ranking,
    help_: Help | None,
    note: str = "",
    condition: str = "",
) -> Answer:
    """The quotes that make the answer, then, by rank, what must or may stand beside them."""
    first = {quote.clause.id for quote in quotes}
    exceptions = set(help_.with_clauses if help_ else ()) - first
    # Where nobody has labelled the policy the order is less sure, so the next ones are always shown.
    near = {clause.id for clause in _also(ranking, ALSO + 1, everything=not index.is_reviewed)} - first
    beside = [entry.clause for entry in ranking.clauses if entry.clause.id in exceptions | near]
    roles = [(clause, Role.EXCEPTION if clause.id in exceptions else Role.ALSO) for clause in beside]
    kept = [(c, role) for n, (c, role) in enumerate(roles) if role is Role.EXCEPTION or n < MOST_QUOTES - len(quotes)]
    chosen = [*quotes, *(_quote(index, clause, role) for clause, role in kept)]
    notes = " ".join(part for part in (note, help_.note if help_ else "") if part)
    return Answer(kind, topic, tuple(chosen), help_.steps if help_ else (), notes, condition)


def _also(ranking: Ranking, most: int, everything: bool = False) -> list[Clause]:
    """The best clauses as far as they lie close together; the first may stand far out in front."""
    if everything or len(ranking.clauses) < 2:
        return [entry.clause for entry in ranking.clauses[:most]]
    first, second = ranking.clauses[0].score, ranking.clauses[1].score
    least = max(second - ALSO_WITHIN, first - FAR_BEHIND)
    return [entry.clause for entry in ranking.clauses[:most] if entry.score >= least]


def further(
    index: PolicyIndex, question: str, topics: Mapping[Topic, float], shown: Collection[str]
) -> tuple[Quote, ...]:
    """The next clauses that bear on the question, none far behind the best; shown: clauses that were quoted already."""
    ranking = index.rank(question, topics)
    near = [clause for clause in _also(ranking, FURTHER) if clause.id not in shown]
    return tuple(_quote(index, clause, Role.ALSO) for clause in near[: ALSO + 1])


def quotes_of(index: PolicyIndex, clauses: Collection[str], role: Role) -> tuple[Quote, ...]:
    """Quotes of the clauses of those ids, in that order."""
    found = {clause.id: clause for clause in index.version.clauses}
    return tuple(_quote(index, found[clause], role) for clause in clauses if clause in found)
