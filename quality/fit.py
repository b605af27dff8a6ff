"""Fits the few weights of policies_kb.ranking and policies_kb.silence on the development sets and prints them.

    python -m quality.fit

Reviewed policies: our dev questions. Policies nobody labelled: our invented newcomers, and the dev questions on the
five policies compiled as if nobody had labelled them. test.jsonl and the outside sets are not read here. Copy the
printed values into the two modules.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from policies_kb import silence as silence_module
from policies_kb.compiler import compile_policy
from policies_kb.knowledge import KnowledgeBase
from policies_kb.labeller import ClauseLabeller, training_clauses
from policies_kb.profile import Profile
from policies_kb.ranking import FEATURES, Matrix, PolicyIndex
from quality import sets
from quality.reading import plain_of, shop, topics_of

HARDEST = 12  # wrong clauses compared with each right one
Row = tuple[Matrix, set[int]]


def plain_index(policy: str, text: str, profile: Profile | None = None) -> PolicyIndex:
    """A text indexed as a newcomer's: labels predicted, no written questions.

    profile: of a shipped policy, whose own labels the labeller then must not have seen.
    """
    bare = Profile(policy=policy, name=policy, current="text")
    if profile:
        bare = dataclasses.replace(bare, marks=profile.marks)
    labeller = ClauseLabeller.fit(shop().vectors, training_clauses(without=policy)) if profile else shop().labeller
    version = compile_policy(text, bare, "text", labeller)
    return PolicyIndex(version, shop().encoder, shop().vectors)


def rows(questions: Iterable[sets.Labelled], indexes: dict[str, PolicyIndex]) -> list[Row]:
    """Features of all clauses for each answerable question, and which clauses are right."""
    found = []
    for question in questions:
        if question.answerable:
            index = indexes[question.policy]
            plain, topics = plain_of(question.text, question.policy), topics_of(question.text, question.policy)
            found.append((index.features(plain, topics), sets.hits(question, index.version)))
    return found


def fit_ranking(data: Sequence[Row], columns: Sequence[int]) -> list[float]:
    """Weights under which right clauses come before wrong ones (logistic regression over differences)."""
    pairs = []
    for matrix, right in data:
        wrong = sorted(set(range(len(matrix))) - right, key=lambda i: -float(matrix[i].sum()))[:HARDEST]
        pairs += [(matrix[i] - matrix[j]) / len(right) for i in right for j in wrong]
    differences = np.array(pairs)[:, columns]
    both = np.vstack([differences, -differences])
    wanted = np.r_[np.ones(len(differences)), np.zeros(len(differences))]
    fitted = LogisticRegression(fit_intercept=False).fit(both, wanted).coef_[0]
    weights = np.zeros(len(FEATURES))
    weights[list(columns)] = fitted
    return [round(float(weight), 2) for weight in weights]


def fit_silence(
    questions: Iterable[sets.Labelled], indexes: dict[str, PolicyIndex], columns: Sequence[int]
) -> tuple[list[float], float]:
    """Weights and bias of the decision that a policy is silent."""
    evidence, silent = [], []
    for question in questions:
        index, topics = indexes[question.policy], topics_of(question.text, question.policy)
        ranking = index.rank(plain_of(question.text, question.policy), topics)
        evidence.append(silence_module.evidence(index, topics, ranking))
        silent.append(not question.answerable)
    matrix = np.array(evidence)[:, columns]
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=3000).fit(matrix, silent)
    weights = np.zeros(len(silence_module.EVIDENCE))
    weights[list(columns)] = model.coef_[0]
    return [round(float(weight), 2) for weight in weights], round(float(model.intercept_[0]), 2)


def main() -> None:
    """Fit and print."""
    base: KnowledgeBase = shop().knowledge
    reviewed = {policy: base.get(policy).index for policy in base.ids}
    bare = {p: plain_index(p, base.get(p).current.source, base.get(p).profile) for p in base.ids}
    bare |= {policy: plain_index(policy, sets.newcomer_text(policy)) for policy in sets.NEWCOMERS}
    dev = [question for question in sets.own("dev") if question.expect == "ask"]
    unseen = [*sets.newcomers(), *dev]
    everything, without_examples = list(range(len(FEATURES))), [0, 2, 3, 6, 7]
    print("ranking  REVIEWED ", fit_ranking(rows(dev, reviewed), everything))
    print("ranking  PREDICTED", fit_ranking(rows(unseen, bare), without_examples))
    names = silence_module.EVIDENCE
    print("silence  REVIEWED ", names, *fit_silence(dev, reviewed, range(len(names))))
    kept = [i for i, name in enumerate(names) if name not in ("asked", "silent")]
    print("silence  PREDICTED", names, *fit_silence(unseen, bare, kept))
    shop().vectors.save()


if __name__ == "__main__":
    main()
