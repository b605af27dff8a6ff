"""Topics for clauses that no person has labelled: learned from `training/clauses.yml`.

One logistic regression a topic over sentence embeddings. The strength of a topic becomes its rank, as a person would give it:
1 where the clause is about the topic, 2 where it speaks of it, 3 where it touches it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np
import numpy.typing as npt

from policies_kb.encoder import Encoder, Vectors
from policies_kb.errors import ProfileError
from policies_kb.model import Clause, TopicLabel
from policies_kb.profile import read_yaml
from policies_kb.topics import Topic

TRAINING = Path(__file__).parent / "training" / "clauses.yml"
RANKS = ((0.45, 1), (0.2, 2), (0.04, 3))  # lowest strength, rank
MOST_LABELS = 8
LABELLER_VERSION = "1"


def training_clauses(path: Path = TRAINING) -> list[tuple[str, tuple[Topic, ...]]]:
    """The written examples: clause text and its topics, first topic first; no topics for "none"."""
    examples = []
    for line in read_yaml(path):
        names, bar, text = str(line).partition("|")
        if not bar:
            raise ProfileError(f"{path}: a line without '|': {line!r}")
        topics = tuple(Topic(name.strip()) for name in names.split(",") if name.strip() != "none")
        examples.append((text.strip(), topics))
    return examples


class ClauseLabeller:
    """Predicts a clause's topics from its embedding."""

    def __init__(self, encoder: Encoder, weights: Vectors, bias: Vectors, topics: Sequence[Topic]) -> None:
        self._encoder = encoder
        self._weights = weights
        self._bias = bias
        self._topics = list(topics)

    @classmethod
    def fit(cls, encoder: Encoder, examples: list[tuple[str, tuple[Topic, ...]]] | None = None) -> "ClauseLabeller":
        """Learn from the written examples. Deterministic for a given encoder."""
        from sklearn.linear_model import LogisticRegression

        texts, labels = zip(*(examples or training_clauses()))
        vectors = encoder.encode(list(texts))
        topics = list(Topic)
        weights, biases = [], []
        for topic in topics:
            wanted = np.array([topic in given for given in labels])
            first = np.array([bool(given) and given[0] is topic for given in labels])
            model = LogisticRegression(C=20.0, class_weight={True: 6.0, False: 1.0}, max_iter=300)
            model.fit(vectors, wanted, sample_weight=np.where(wanted & ~first, 0.6, 1.0))
            weights.append(model.coef_[0])
            biases.append(model.intercept_[0])
        return cls(encoder, np.array(weights, np.float32), np.array(biases, np.float32), topics)

    def save(self, path: Path) -> None:
        """Write the weights; no code is stored, so that nothing runs on loading."""
        names = np.array([topic.value for topic in self._topics])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, weights=self._weights, bias=self._bias, topics=names)

    @classmethod
    def load(cls, encoder: Encoder, path: Path) -> "ClauseLabeller":
        """The labeller from its file."""
        with np.load(path, allow_pickle=False) as data:
            topics = [Topic(str(name)) for name in data["topics"]]
            return cls(encoder, data["weights"], data["bias"], topics)

    def strengths(self, clauses: Sequence[Clause]) -> npt.NDArray[np.float32]:
        """Clauses x topics, each 0..1. A clause is read by itself and with its section and lead-in."""
        if not clauses:
            return np.zeros((0, len(self._topics)), dtype=np.float32)
        alone = self._probability(self._encoder.encode([clause.text for clause in clauses]))
        in_context = self._probability(self._encoder.encode([_in_context(clause) for clause in clauses]))
        mean: npt.NDArray[np.float32] = (alone + in_context) / 2
        return mean

    def _probability(self, vectors: Vectors) -> npt.NDArray[np.float32]:
        scores = vectors @ self._weights.T + self._bias
        return np.asarray(1 / (1 + np.exp(-scores)), dtype=np.float32)

    def label(self, clauses: Sequence[Clause]) -> list[tuple[TopicLabel, ...]]:
        """The topics of each clause, strongest first."""
        return [self._labels(row) for row in self.strengths(clauses)]

    def _labels(self, strengths: npt.NDArray[np.float32]) -> tuple[TopicLabel, ...]:
        order = np.argsort(-strengths)[:MOST_LABELS]
        found = [(self._topics[int(i)], round(float(strengths[i]), 2)) for i in order]
        return tuple(TopicLabel(topic, _rank(weight), weight) for topic, weight in found if _rank(weight))


def _in_context(clause: Clause) -> str:
    return " ".join(part for part in (clause.section, clause.lead_text, clause.text) if part)


def _rank(strength: float) -> int:
    return next((rank for least, rank in RANKS if strength >= least), 0)
