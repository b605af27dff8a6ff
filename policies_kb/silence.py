"""Does this policy address the question at all? "Silent" is decided here, from evidence, and is never a leftover.

The evidence: how much of what was asked lies on topics that clauses of the policy have; how clear the question's topics
are; how well the best clause fits and how far it stands out; and whether the question is like one that a person marked
as not addressed. The weights were fitted by `quality/fit.py` on the project's own development questions, one set for
reviewed labels and one for predicted ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from policies_kb.ranking import FLOOR, SAME_QUESTION, PolicyIndex, Ranking
from policies_kb.topics import Topic

# Likelihood from which a policy is called silent. Where nobody has labelled it, calling it silent wrongly is the worse
# mistake, so more is asked for.
REVIEWED_FROM, PREDICTED_FROM = 0.65, 0.82
CERTAIN = 0.995  # share from which a topic was chosen rather than heard, as for a request
EVIDENCE = ("covered", "covered_top", "spread", "best_topic", "best_sentence", "score", "stands_out", "asked", "silent")


@dataclass(frozen=True)
class SilenceWeights:
    """A logistic regression over EVIDENCE."""

    values: tuple[float, ...]
    bias: float


REVIEWED = SilenceWeights((-0.81, -1.75, -1.35, 0.03, -0.06, -2.26, -1.51, -0.61, 2.76), 1.82)
PREDICTED = SilenceWeights((-1.8, -2.45, -1.93, -0.22, -0.58, -0.89, -0.69, 0.0, 0.0), 2.62)


def evidence(index: PolicyIndex, topics: Mapping[Topic, float], ranking: Ranking) -> tuple[float, ...]:
    """The numbers of EVIDENCE for one question, each about 0 to 1."""
    top = max(topics, key=lambda topic: topics[topic]) if topics else None
    scores = [entry.score for entry in ranking.clauses]
    following = scores[2:6] or scores
    return (
        sum(share * index.strength(topic) for topic, share in topics.items()),
        index.strength(top) if top else 0.0,
        -sum(share * math.log(share) for share in topics.values() if share > 0) / 4,
        math.exp(float(ranking.features["topic"][0])) - FLOOR,
        float(ranking.features["sentence"][0]),
        scores[0] / 10,
        (scores[0] - sum(following) / len(following)) / 10,
        float(ranking.features["asked"].max()),
        ranking.asked_silent,
    )


def silence(index: PolicyIndex, topics: Mapping[Topic, float], ranking: Ranking) -> float:
    """How likely the policy is silent on the question, 0..1."""
    if not ranking.clauses:
        return 1.0
    top = max(topics, key=lambda topic: topics[topic]) if topics else None
    if top is not None and index.is_reviewed and topics[top] >= CERTAIN:
        return 0.0 if top in index.covered else 1.0  # a person has said which topics the policy addresses
    weights = REVIEWED if index.is_reviewed else PREDICTED
    found = evidence(index, topics, ranking)
    return 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights.values, found)) - weights.bias))


def _as_written(ranking: Ranking) -> bool | None:
    """What a person wrote down for this very question: True silent, False answered, None if nobody did."""
    asked = float(ranking.features["asked"].max()) if ranking.clauses else 0.0
    if max(asked, ranking.asked_silent) < SAME_QUESTION:
        return None
    return ranking.asked_silent > asked


def is_silent(index: PolicyIndex, topics: Mapping[Topic, float], ranking: Ranking) -> bool:
    """The decision: whether this policy is called silent on the question."""
    written = _as_written(ranking)
    if written is not None:
        return written
    return silence(index, topics, ranking) >= (REVIEWED_FROM if index.is_reviewed else PREDICTED_FROM)
