"""What a compiled policy is made of. Offsets are characters into the source text, end exclusive."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from policies_kb.topics import Topic


class Stance(str, Enum):
    """How a clause speaks: it says something is so, that it is not so, or that it depends."""

    STATES = "states"
    DENIES = "denies"
    CONDITIONAL = "conditional"


RANK_WEIGHT = {1: 1.0, 2: 0.6, 3: 0.25}
RANK_WORDS = {1: "answers", 2: "answers in part", 3: "touches"}


class PieceKind(str, Enum):
    """What a stretch of a source text is. Every character that is not white space lies in exactly one piece."""

    HEADING = "heading"
    CLAUSE = "clause"
    ASIDE = "aside"  # not policy text: a logo, a slogan, a promotion


@dataclass(frozen=True)
class Span:
    """A stretch of a source text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The stretch itself, byte for byte."""
        return text[self.start : self.end]


@dataclass(frozen=True)
class Piece:
    """A stretch of the text with its place in the outline; clauses may name the sentence that introduces them."""

    kind: PieceKind
    span: Span
    path: tuple[str, ...] = ()  # titles of the headings above it
    level: int = 0  # of a heading
    lead_in: Span | None = None  # the line that a bullet completes
    items: tuple[Span, ...] = ()  # the bullets of a clause that is a list


@dataclass(frozen=True)
class TopicLabel:
    """A clause's topic.

    rank:   1 this clause answers questions on the topic, 2 it answers part of one, 3 it touches the topic.
    weight: the same as a number from 0 to 1, for ranking; a labeller gives its own strength here.
    """

    topic: Topic
    rank: int
    weight: float


@dataclass(frozen=True)
class Clause:
    """The smallest quotable unit of a policy."""

    id: str
    span: Span
    path: tuple[str, ...]
    text: str
    lead_in: Span | None
    lead_text: str
    items: tuple[Span, ...]
    labels: tuple[TopicLabel, ...]
    stances: dict[Topic, Stance] = field(default_factory=dict)
    audience: str = ""
    rights: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    reviewed: bool = False

    @property
    def section(self) -> str:
        """The title a citation shows: the nearest heading above, or the clause's own first words."""
        return self.path[-1] if self.path else ""

    def rank_of(self, topic: Topic) -> int | None:
        """The rank of that topic's label on this clause, or None."""
        return next((label.rank for label in self.labels if label.topic is topic), None)

    def stance_on(self, topic: Topic) -> Stance:
        """How the clause speaks on that topic."""
        return self.stances.get(topic, Stance.STATES)


@dataclass(frozen=True)
class PolicyVersion:
    """One compiled version of one policy."""

    policy: str
    version: str
    source: str
    pieces: tuple[Piece, ...]
    clauses: tuple[Clause, ...]

    def clause(self, clause_id: str) -> Clause | None:
        """The clause of that id, or None."""
        return next((clause for clause in self.clauses if clause.id == clause_id), None)
