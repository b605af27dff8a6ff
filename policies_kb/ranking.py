"""Which clauses of one policy bear on a question: topics, words and meaning put together.

`PolicyIndex` holds one version's vectors and words. `rank` scores its clauses for a question and the topics that were
heard in it. The weights of `Weights` were fitted by `quality/fit.py` on the project's own development questions; they
are few, and the same for every policy. One set serves policies whose clauses a person labelled, the other those that
the labeller did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from policies_kb.encoder import Encoder, Vectors
from policies_kb.lexical import LexicalIndex
from policies_kb.model import Clause, PolicyVersion, Span
from policies_kb.profile import read_yaml
from policies_kb.sentences import sentences
from policies_kb.topics import Topic

Matrix = npt.NDArray[np.float32]

FEATURES = ("topic", "related", "meaning", "sentence", "asked", "asked_words", "bm25", "share")
TRAINING_QUESTIONS = Path(__file__).parent / "training" / "questions.yml"
SAME_QUESTION = 0.92  # likeness from which a question counts as one that a person wrote down
SAME_BONUS = 6.0
USUAL_NEAREST = 15
FLOOR = 0.02  # what a clause without any topic of the question still counts


@dataclass(frozen=True)
class Weights:
    """How much each feature counts, in the order of FEATURES."""

    values: tuple[float, ...]


REVIEWED = Weights((3.05, 2.35, 2.11, 3.95, 6.39, 6.25, 0.81, 2.26))
PREDICTED = Weights((1.57, 0.0, 4.04, 9.65, 0.0, 0.0, 0.1, 1.34))


@dataclass(frozen=True)
class Scored:
    """A clause with its score for a question: higher is better, comparable within one question only."""

    clause: Clause
    score: float


@dataclass(frozen=True)
class Ranking:
    """The clauses of one policy in order for a question, and what the decision about silence needs to know.

    asked_silent: similarity with the nearest question that a person marked "the policy does not say"; 0 without such.
    """

    clauses: tuple[Scored, ...]
    asked_silent: float
    features: dict[str, Matrix] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class ExampleQuestions:
    """Questions that a person wrote for a policy: clause id and question, and questions on which it is silent."""

    answered: tuple[tuple[str, str], ...] = ()
    silent: tuple[tuple[Topic, str], ...] = ()


def embedding_text(clause: Clause) -> str:
    """What is encoded for a clause: its section, the line that introduces it, and its text."""
    section = f"{clause.section}." if clause.section else ""
    return " ".join(part for part in (section, clause.lead_text, clause.text) if part)


class PolicyIndex:
    """One policy version made searchable."""

    def __init__(
        self,
        version: PolicyVersion,
        encoder: Encoder,
        stored: Encoder,
        examples: ExampleQuestions = ExampleQuestions(),
    ) -> None:
        """encoder: for questions; stored: the same, for the policy's own texts, which may keep their vectors."""
        usual = stored.encode(usual_questions())
        self.version = version
        self.clauses = version.clauses
        self._encoder = encoder
        self._topics = list(Topic)
        self._labels = label_matrix(version.clauses, self._topics)
        best = self._labels.max(axis=0) if len(version.clauses) else np.zeros(len(self._topics))
        self._strengths = {topic: float(best[column]) for column, topic in enumerate(self._topics)}
        self._related = self._labels @ related_topics(self._topics)
        self._whole = stored.encode([embedding_text(clause) for clause in version.clauses])
        self._sentences, self._owners = _sentence_vectors(version.clauses, stored)
        self._whole_usual = _usual_similarity(self._whole, usual)
        self._sentences_usual = _usual_similarity(self._sentences, usual)
        self._lexical = LexicalIndex([embedding_text(clause) for clause in version.clauses])
        self._examples = _Examples(version.clauses, examples, stored)
        reviewed = sum(clause.reviewed for clause in version.clauses)
        self.is_reviewed = reviewed * 2 > len(version.clauses)
        self.covered = frozenset(
            label.topic for clause in version.clauses for label in clause.labels if label.rank <= 2
        )

    def strength(self, topic: Topic) -> float:
        """How strongly the clause that answers the topic best does so, 0..1; 0 if no clause has the topic."""
        return self._strengths[topic]

    def features(self, question: str, topics: Mapping[Topic, float]) -> Matrix:
        """One row a clause, one column a feature of FEATURES."""
        heard = np.array([topics.get(topic, 0.0) for topic in self._topics], dtype=np.float32)
        vector = self._encoder.encode([question])[0]
        asked, asked_words = self._examples.similarity(vector, question)
        bm25, share = self._lexical.scores(question)
        columns = [
            np.log(self._labels @ heard + FLOOR),
            np.minimum(self._related @ heard, 1.0),
            self._whole @ vector - self._whole_usual,
            _best(self._sentences @ vector - self._sentences_usual, self._owners, len(self.clauses), -1.0),
            asked,
            asked_words,
            bm25,
            share,
        ]
        stacked: Matrix = np.stack(columns, axis=1).astype(np.float32)
        return stacked

    def rank(self, question: str, topics: Mapping[Topic, float]) -> Ranking:
        """The clauses in order, best first."""
        matrix = self.features(question, topics)
        weights = REVIEWED if self.is_reviewed else PREDICTED
        scores = matrix @ np.array(weights.values, dtype=np.float32)
        scores += SAME_BONUS * (matrix[:, FEATURES.index("asked")] >= SAME_QUESTION)
        order = np.argsort(-scores, kind="stable")
        ordered = tuple(Scored(self.clauses[int(i)], float(scores[i])) for i in order)
        named = {name: matrix[order, column] for column, name in enumerate(FEATURES)}
        return Ranking(ordered, self._examples.silent_similarity(self._encoder.encode([question])[0]), named)


class _Examples:
    """The written questions of a policy, to compare a new question with."""

    def __init__(self, clauses: Sequence[Clause], examples: ExampleQuestions, encoder: Encoder) -> None:
        row = {clause.id: index for index, clause in enumerate(clauses)}
        kept = [(row[clause], question) for clause, question in examples.answered if clause in row]
        self._count = len(clauses)
        self._owners = np.array([index for index, _ in kept], dtype=np.int64)
        self._vectors = encoder.encode([question for _, question in kept])
        self._words = LexicalIndex([question for _, question in kept]) if kept else None
        self._silent = encoder.encode([question for _, question in examples.silent])

    def similarity(self, vector: Vectors, question: str) -> tuple[Matrix, Matrix]:
        """For each clause, its likest written question: by meaning and by words, 0 where it has none."""
        if self._words is None:
            nothing = np.zeros(self._count, dtype=np.float32)
            return nothing, nothing
        meaning = np.maximum(self._vectors @ vector, 0.0)
        words, _ = self._words.scores(question)
        by_meaning = _best(meaning, self._owners, self._count, 0.0)
        return by_meaning, _best(words, self._owners, self._count, 0.0)

    def silent_similarity(self, vector: Vectors) -> float:
        """Similarity with the nearest question on which the policy is silent."""
        return float((self._silent @ vector).max()) if len(self._silent) else 0.0


@lru_cache(maxsize=1)
def usual_questions() -> tuple[str, ...]:
    """Questions of all kinds, the same for every policy: training/questions.yml."""
    return tuple(str(question) for question in read_yaml(TRAINING_QUESTIONS))


def _usual_similarity(vectors: Vectors, usual: Vectors) -> Matrix:
    """How near each text comes to the questions nearest to it.

    Some texts lie near to any question (hubs); only what exceeds this tells something about one question.
    """
    if not len(vectors) or not len(usual):
        return np.zeros(len(vectors), dtype=np.float32)
    nearest = np.sort(vectors @ usual.T, axis=1)[:, -USUAL_NEAREST:]
    mean: Matrix = nearest.mean(axis=1).astype(np.float32)
    return mean


def _best(values: Matrix, owners: npt.NDArray[np.int64], count: int, least: float) -> Matrix:
    best = np.full(count, least, dtype=np.float32)
    np.maximum.at(best, owners, values)
    return best


def label_matrix(clauses: Sequence[Clause], topics: Sequence[Topic]) -> Matrix:
    """Clauses x topics: how strongly a clause answers a topic."""
    column = {topic: index for index, topic in enumerate(topics)}
    matrix = np.zeros((len(clauses), len(topics)), dtype=np.float32)
    for row, clause in enumerate(clauses):
        for label in clause.labels:
            matrix[row, column[label.topic]] = label.weight
    return matrix


def related_topics(topics: Sequence[Topic]) -> Matrix:
    """Topics x topics: 1 where one lies under the other."""
    pairs = [[float(one.parent is other or other.parent is one) for other in topics] for one in topics]
    return np.array(pairs, dtype=np.float32)


def _sentence_vectors(clauses: Sequence[Clause], encoder: Encoder) -> tuple[Vectors, npt.NDArray[np.int64]]:
    texts: list[str] = []
    owners: list[int] = []
    for index, clause in enumerate(clauses):
        parts = [span.of(clause.text) for span in sentences(clause.text, Span(0, len(clause.text)))] or [clause.text]
        texts.extend(parts)
        owners.extend([index] * len(parts))
    return encoder.encode(texts), np.array(owners, dtype=np.int64)
