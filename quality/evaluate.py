"""`make eval`: how well the product answers, beside other methods, in one run.

    python -m quality.evaluate [--set test|dev] [--picture FILE]

Hit@1: the first quote overlaps a passage that a careful reader accepts; hit@3: one of the first three does. An
answerable question that is answered "the policy does not say" counts with the quotes it shows only under "ranking";
under "answers" it counts as a miss.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from policies_kb.answering import Answer, AnswerKind, answer
from policies_kb.compiler import read_source
from policies_kb.profile import Profile
from policies_kb.ranking import PolicyIndex
from quality import sets
from quality.baselines import baselines
from quality.fit import plain_index
from quality.reading import names_for, plain_of, question_model, shop, topics_of


@dataclass
class Score:
    """Counts over one question set."""

    answerable: int = 0
    ranked1: int = 0
    ranked3: int = 0
    answered1: int = 0
    answered3: int = 0
    silent_right: int = 0
    silent_said: int = 0
    silent_true: int = 0
    not_in_source: int = 0
    other: dict[str, list[int]] = field(default_factory=dict)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)

    def lines(self, title: str) -> list[str]:
        """The set's part of the report."""
        rows = ["", f"{title}: {self.answerable} answerable, {self.silent_true} silent"]
        rows.append(_row("Privacy Desk, ranking", self.ranked1, self.ranked3, self.answerable))
        rows.append(_row("Privacy Desk, answers", self.answered1, self.answered3, self.answerable))
        rows += [_row(name, one, three, self.answerable) for name, (one, three) in self.other.items()]
        precision, recall = _share(self.silent_right, self.silent_said), _share(self.silent_right, self.silent_true)
        rows.append(f"  {'silent':<28} precision {precision:.3f}  recall {recall:.3f}")
        rows.append(f"  {'quotes not in the source':<28} {self.not_in_source}")
        return rows


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _row(name: str, one: int, three: int, whole: int) -> str:
    return f"  {name:<28} hit@1 {_share(one, whole):.3f}  hit@3 {_share(three, whole):.3f}"


def score(questions: Iterable[sets.Labelled], targets: dict[str, tuple[PolicyIndex, Profile]]) -> Score:
    """Answer every question and count."""
    total = Score()
    others = {policy: baselines(index.version) for policy, (index, _) in targets.items()}
    for question in questions:
        index, profile = targets[question.policy]
        plain = plain_of(question.text, question.policy)
        topics = topics_of(question.text, question.policy)
        found = answer(index, profile, plain, topics)
        total.not_in_source += sum(quote.span.of(index.version.source) != quote.clause.text for quote in found.quotes)
        said_silent = found.kind is AnswerKind.SILENT
        total.silent_said += said_silent
        total.silent_true += not question.answerable
        total.silent_right += said_silent and not question.answerable
        if question.kind:
            total.kinds[(question.kind, found.kind.value)] += 1
        if question.answerable:
            right = sets.hits(question, index.version)
            numbers = {clause.id: number for number, clause in enumerate(index.clauses)}
            total.answerable += 1
            _count(
                total,
                right,
                [numbers[entry.clause.id] for entry in index.rank(plain, topics).clauses[:3]],
                found,
                numbers,
            )
            for name, rank in others[question.policy].items():
                order = list(rank(question.text))[:3]
                counts = total.other.setdefault(name, [0, 0])
                counts[0] += order[0] in right
                counts[1] += bool(right & set(order))
    return total


def _count(total: Score, right: set[int], ranked: list[int], found: Answer, numbers: dict[str, int]) -> None:
    total.ranked1 += ranked[0] in right
    total.ranked3 += bool(right & set(ranked))
    if found.kind is AnswerKind.SILENT:
        return
    quoted = [numbers[quote.clause.id] for quote in found.quotes[:3]]
    total.answered1 += quoted[0] in right
    total.answered3 += bool(right & set(quoted))


GROUPS = {
    "ask_policy": "ask",
    "nonsense": "out_of_scope",
    "affirm": "small_talk",
    "deny": "small_talk",
    "more": "small_talk",
}


def intents(questions: Iterable[sets.Labelled]) -> Counter[tuple[str, str]]:
    """(expected, read) over a set."""
    found: Counter[tuple[str, str]] = Counter()
    for question in questions:
        read = question_model().read(question.text, names_for(question.policy)).intent
        found[(question.expect, GROUPS.get(read, read))] += 1
    return found


def intent_lines(counts: Counter[tuple[str, str]]) -> list[str]:
    """Recall of each kind of message, and how well asking and requesting are told apart."""
    lines = []
    for expected in ("ask", "request", "small_talk", "out_of_scope", "human"):
        whole = sum(number for (wanted, _), number in counts.items() if wanted == expected)
        lines.append(f"  {expected:<28} {_share(counts[(expected, expected)], whole):.3f}  of {whole}")
    pairs = {(a, b): counts[(a, b)] for a in ("ask", "request") for b in ("ask", "request")}
    right = pairs[("ask", "ask")] + pairs[("request", "request")]
    lines.append(f"  {'answer versus request':<28} {_share(right, sum(pairs.values())):.3f}")
    return lines


def picture(counts: Counter[tuple[str, str]], kinds: Counter[tuple[str, str]], path: Path) -> None:
    """Two confusion matrices: kinds of messages, kinds of answers."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(12, 5))
    for axis, (title, table) in zip(axes, (("message: expected / read", counts), ("answer: expected / given", kinds))):
        names = sorted({name for pair in table for name in pair})
        matrix = [[table[(row, column)] for column in names] for row in names]
        shares = [[value / max(1, sum(row)) for value in row] for row in matrix]
        axis.imshow(shares, cmap="Greens", vmin=0, vmax=1)
        axis.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axis.set_yticks(range(len(names)), names)
        axis.set_title(title)
        for i, row in enumerate(matrix):
            for j, value in enumerate(row):
                if value:
                    axis.text(j, i, value, ha="center", va="center", color="white" if shares[i][j] > 0.6 else "black")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


Targets = dict[str, tuple[PolicyIndex, Profile]]


def shipped() -> Targets:
    """The five policies as they ship."""
    base = shop().knowledge
    return {policy: (base.get(policy).index, base.get(policy).profile) for policy in base.ids}


def shipped_bare() -> Targets:
    """The five policies as if nobody had labelled them."""
    base = shop().knowledge
    found = [base.get(policy) for policy in base.ids]
    indexes = {p.profile.policy: plain_index(p.profile.policy, p.current.source, p.profile) for p in found}
    return {policy: (index, Profile(policy, policy, "text")) for policy, index in indexes.items()}


def texts(sources: dict[str, str]) -> Targets:
    """Policies given as bare texts."""
    return {policy: (plain_index(policy, text), Profile(policy, policy, "text")) for policy, text in sources.items()}


def report(chosen: str) -> tuple[list[str], Score]:
    """All lines of the report, and the score on our own set."""
    asked = [question for question in sets.own(chosen) if question.expect == "ask"]
    own = score(asked, shipped())
    lines = own.lines(f"our {chosen} set on the five policies")
    lines += score(asked, shipped_bare()).lines("the same questions, as if nobody had labelled the five policies")
    for names, what in ((sets.NEWCOMERS, "weights were fitted on these"), (sets.HELD_BACK, "only reported")):
        invented = texts({policy: sets.newcomer_text(policy) for policy in names})
        lines += score(sets.newcomers(names), invented).lines(f"our invented policies as one line of text ({what})")
    folder = sets.outside_folder()
    if folder:
        outside = texts({p: read_source((folder / f"{p}.txt").read_bytes(), p) for p in sets.OUTSIDE})
        lines += score(sets.outside(folder), outside).lines("outside: GenAIPABench, two policies nobody here wrote")
    return lines, own


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m quality.evaluate")
    parser.add_argument("--set", choices=("test", "dev"), default="test")
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    print(f"encoder {shop().encoder.name}")
    lines, own = report(chosen.set)
    counts = intents(sets.own(chosen.set))
    print("\n".join([*lines, "", f"kinds of messages, our {chosen.set} set", *intent_lines(counts)]))
    if chosen.picture:
        picture(counts, own.kinds, chosen.picture)
    shop().vectors.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
