"""Does this policy address the question at all? "Silent" is decided here, from evidence, and is never a leftover.

The evidence: how much of what was asked lies on topics that no clause of the policy has; how near the best clause
comes, in topic, meaning and words; and whether the question is like one that a person marked as not addressed. The
weights were fitted by `quality/fit.py` on the project's own development questions, one set for reviewed labels and
one for predicted ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from policies_kb.ranking import FLOOR, PolicyIndex, Ranking
from policies_kb.topics import Topic

EVIDENCE = ("uncovered", "top_uncovered", "best_topic", "best_sentence", "best_share", "asked", "asked_silent")


@dataclass(frozen=True)
class SilenceWeights:
    """A logistic regression over EVIDENCE."""

    values: tuple[float, ...]
    bias: float


REVIEWED = SilenceWeights((2.8, 1.55, -1.5, -0.3, -0.41, -3.3, 6.15), -2.71)
PREDICTED = SilenceWeights((1.6, 1.27, -3.74, 0.26, 0.53, 0.0, 0.0), -0.6)


def evidence(index: PolicyIndex, topics: Mapping[Topic, float], ranking: Ranking) -> tuple[float, ...]:
    """The numbers of EVIDENCE for one question, each about 0 to 1."""
    top = max(topics, key=lambda topic: topics[topic]) if topics else None
    uncovered = sum(weight for topic, weight in topics.items() if topic not in index.covered)
    return (
        uncovered,
        float(top is not None and top not in index.covered),
        math.exp(float(ranking.features["topic"].max())) - FLOOR,
        float(ranking.features["sentence"].max()),
        float(ranking.features["share"].max()),
        float(ranking.features["asked"].max()),
        ranking.asked_silent,
    )


def silence(index: PolicyIndex, topics: Mapping[Topic, float], ranking: Ranking) -> float:
    """How likely the policy is silent on the question, 0..1."""
    if not ranking.clauses:
        return 1.0
    weights = REVIEWED if index.is_reviewed else PREDICTED
    found = evidence(index, topics, ranking)
    return 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights.values, found)) - weights.bias))
