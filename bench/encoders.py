"""What each sentence encoder brings and costs, everything else equal: `python -m bench.encoders`.

For each encoder the question reader is trained anew and the five policies are indexed anew; hits are on our dev set
with the ranking's weights as they are (they were fitted for the chosen encoder, so the others are at a small
disadvantage).
"""

from __future__ import annotations

import sys
import time

from bench.measuring import machine, milliseconds, p50, p95, table
from bench.other_encoders import NumpyMiniLM, StaticTable
from bot.nlu.question_model import QuestionModel
from bot.settings import data_folder
from policies_kb.encoder import CachedEncoder, Encoder, MiniLM, NullEncoder
from policies_kb.encoder_build import build, graph_path
from policies_kb.knowledge import KnowledgeBase
from policies_kb.topics import Topic
from quality import sets
from quality.reading import training_examples

QUESTION = "how long do you keep my messages after I delete my account"


def encoders() -> list[Encoder]:
    """From nothing to exact."""
    folder = data_folder() / "encoder"
    build(folder)
    quick = MiniLM(graph_path(folder, exact=False), remember=0)
    exact = MiniLM(graph_path(folder, exact=True), remember=0)
    return [NullEncoder(), StaticTable(quick), quick, exact, NumpyMiniLM()]


def row(encoder: Encoder) -> list[str]:
    """Accuracy and cost of one encoder."""
    taken = milliseconds(lambda: encoder.encode([QUESTION]), 200)
    cached = CachedEncoder(encoder)
    started = time.perf_counter()
    base = KnowledgeBase.load(cached, cached)
    names = [name for policy in base.ids for name in (base.get(policy).profile.name, *base.get(policy).profile.aliases)]
    model = QuestionModel.fit(cached, training_examples(), names)
    built = time.perf_counter() - started
    first = third = count = 0
    for question in sets.own("dev"):
        if question.expect == "ask" and question.answerable:
            index = base.get(question.policy).index
            topics = {Topic(name): share for name, share in model.read(question.text).topics}
            numbers = {clause.id: number for number, clause in enumerate(index.clauses)}
            plain = base.question_text.plain(question.text)
            best = [numbers[entry.clause.id] for entry in index.rank(plain, topics).clauses[:3]]
            right = sets.hits(question, index.version)
            count, first, third = count + 1, first + (best[0] in right), third + bool(right & set(best))
    accuracy = [f"{first / count:.3f}", f"{third / count:.3f}"]
    return [encoder.name, *accuracy, f"{p50(taken):.2f}", f"{p95(taken):.2f}", f"{built:.0f}"]


def main() -> int:
    """Print the table."""
    rows = [["encoder", "hit@1", "hit@3", "ms p50", "ms p95", "s to train and index"]]
    rows += [row(encoder) for encoder in encoders()]
    print(f"{machine()}\n\n{table(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
