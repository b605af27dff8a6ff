"""What one more policy costs: python -m bench.policies [--counts 5 50 200 500] [--picture docs/policies-scale.png]

Policies are variants of the five, each with a company's name and a sentence of its own, taken in, archived and
published as `python -m bot policy` does it, without the model, which does not depend on them. Each size is measured in
a process of its own; every number stands beside that of the smallest size.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from bench.measuring import machine, milliseconds, p50, resident_mb, table
from bot.settings import data_folder
from policies_kb.documents import Document
from policies_kb.knowledge import ROOT, KnowledgeBase, policy_folders
from policies_kb.profile import load_profile
from policies_kb.releases.archives import archive_policy
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Draft, ModelFile, PolicyFile, digest_of
from policies_kb.releases.opening import MOST_INDEXES, Opener
from policies_kb.topics import Topic
from policies_kb.workbench import add_policy
from policies_kb.workshop import Workshop, workshop

COUNTS = (5, 50, 200, 500)
ADDED = 9  # policies that are added to a size to see what one more costs
ASKED = 300  # questions
WARM = 20  # policies that are asked again and again
QUESTIONS = {
    "how do I delete my account": Topic.DELETION,
    "do you record my calls": Topic.CALLS,
    "who gets my phone number": Topic.SHARING,
    "how long do you keep my data": Topic.RETENTION,
}
SYLLABLES = ("ba", "dor", "fi", "gul", "hem", "ka", "lo", "mir", "nu", "pel", "ra", "sto", "ti", "vu", "zan")


@dataclass(frozen=True)
class Cost:
    """Of one size. Times in milliseconds, memory in megabytes; a policy: its index made."""

    count: int
    opened: float
    adding: float
    publishing: float
    changing: float
    answer: float
    memory_opened: float
    memory_policy: float


def company(number: int) -> str:
    """A name for a company, the same for the same number."""
    chosen = random.Random(number)
    return "".join(chosen.choice(SYLLABLES) for _ in range(3)).title() + str(number)


def variant(number: int) -> tuple[str, str]:
    """Name and text of an invented company's policy."""
    folders = policy_folders(ROOT)
    folder = folders[number % len(folders)]
    profile, name = load_profile(folder / "profile.yml"), company(number)
    text = (folder / f"{profile.current}.txt").read_text("utf-8").replace(profile.name, name)
    return name, f"{text}\n\nRequests about this policy are answered by {name} within {number % 50 + 10} days.\n"


def take_in(number: int, root: Path, shop: Workshop) -> str:
    """Add the policy of that number. Gives its id."""
    name, text = variant(number)
    policy = name.lower()
    add_policy(root, policy, name, Document(text, "txt"), "2026-01", shop.labeller)
    return policy


def publish(shelf: FolderShelf, root: Path, policies: Sequence[str], model: Path, scratch: Path) -> None:
    """Publish these beside what is published."""
    number = shelf.current()
    published = dict(shelf.manifest(number).policies) if number is not None else {}
    files = {digest_of(model): model}
    for policy in policies:
        archive = scratch / f"{policy}.zip"
        published[policy] = PolicyFile(archive_policy(root / policy, archive), "2026-01")
        files[published[policy].sha256] = archive
    draft = Draft("bench", "", ModelFile(model.name, digest_of(model), "code"), published)
    shelf.publish(draft, files, datetime.now(timezone.utc), number)


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds of one call."""
    (taken,) = milliseconds(call, 1)
    return taken


def measured(root: Path, work: Path, count: int) -> Cost:
    """The costs where so many policies are published; adds some and leaves them there."""
    shop, shelf, model = workshop(data_folder()), FolderShelf(work / "shelf"), work / "model"
    opener = Opener(shelf, shop.encoder, shop.vectors, few=0)
    _ = shop.labeller.label([])
    before = resident_mb()
    opened = timed(lambda: opener.open(shelf.manifest(shelf.current() or 0)))
    memory_opened = resident_mb() - before
    base = opener.open(shelf.manifest(shelf.current() or 0))
    memory_policy, warm = _memory(base), base.ids[:WARM]
    chosen = random.Random(count)
    asked = [(chosen.choice(warm), *chosen.choice(list(QUESTIONS.items()))) for _ in range(ASKED)]
    asked = [(policy, f"{text}, {number}", topic) for number, (policy, text, topic) in enumerate(asked)]  # none twice
    answers = [timed(partial(base.answer, policy, text, {topic: 1.0})) for policy, text, topic in asked]
    adding, publishing, changing = [], [], []
    for number in range(count, count + ADDED):
        began = time.perf_counter()
        policy = take_in(number, root, shop)
        adding.append((time.perf_counter() - began) * 1000)
        publishing.append(timed(partial(publish, shelf, root, [policy], model, work)))
        changing.append(timed(partial(_first_answer, opener, shelf, policy)))
    costs = (opened, p50(adding), p50(publishing), p50(changing), p50(answers), memory_opened, memory_policy)
    return Cost(count, *costs)


def _memory(base: KnowledgeBase) -> float:
    """Megabytes that a policy's index takes; the first two pay for what all share."""
    sizes = []
    for policy in base.ids[:MOST_INDEXES]:
        base.answer(policy, "how do I delete my account", {Topic.DELETION: 1.0})
        sizes.append(resident_mb())
    return (sizes[-1] - sizes[1]) / (len(sizes) - 2)


def _first_answer(opener: Opener, shelf: FolderShelf, policy: str) -> None:
    base = opener.open(shelf.manifest(shelf.current() or 0))
    base.answer(policy, "how do I delete my account", {Topic.DELETION: 1.0})


def apart(root: Path, work: Path, count: int) -> Cost:
    """The same in a process of its own."""
    arguments = [sys.executable, "-W", "ignore", "-m", "bench.policies", "--measure", str(count), str(root), str(work)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def costs_of(counts: Sequence[int]) -> list[Cost]:
    """Grow from size to size."""
    found = []
    with tempfile.TemporaryDirectory(prefix="privacy-desk-bench-") as folder:
        work, root = Path(folder), Path(folder) / "policies"
        root.mkdir()
        (work / "model").write_bytes(random.Random(0).randbytes(18_000_000))
        shop, shelf, there = workshop(data_folder()), FolderShelf(work / "shelf"), 0
        for count in counts:
            publish(shelf, root, [take_in(n, root, shop) for n in range(there, count)], work / "model", work)
            found.append(apart(root, work, count))
            there = count + ADDED
    return found


HEAD = [
    "policies",
    "open ms",
    "add ms",
    "publish ms",
    "change over ms",
    "one more, in all",
    "answer ms",
    "",
    "MB opened",
]
HEAD += ["MB a policy"]


def rows_of(costs: Sequence[Cost]) -> list[list[str]]:
    """One line a size, with the ratios to the first."""
    first, rows = costs[0], [HEAD]
    for one in costs:
        whole = one.adding + one.publishing + one.changing
        ratio = whole / (first.adding + first.publishing + first.changing)
        cells = [f"{value:.1f}" for value in (one.opened, one.adding, one.publishing, one.changing)]
        answers = [f"{one.answer:.2f}", f"x {one.answer / first.answer:.2f}"]
        memory = [f"{one.memory_opened:.0f}", f"{one.memory_policy:.2f}"]
        rows.append([str(one.count), *cells, f"{whole:.0f} (x {ratio:.2f})", *answers, *memory])
    return rows


def draw(costs: Sequence[Cost], path: Path) -> None:
    """Three plots over the number of policies."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    counts = [one.count for one in costs]
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.4))
    curves = (
        ("one more policy, ms", [one.adding + one.publishing + one.changing for one in costs]),
        ("one answer, ms", [one.answer for one in costs]),
        ("memory of one policy, MB", [one.memory_policy for one in costs]),
    )
    for axis, (title, values) in zip(axes, curves):
        axis.plot(counts, values, marker="o", color="#0b5d52")
        axis.set_title(title, fontsize=11)
        axis.set_xlabel("policies")
        axis.set_ylim(0, max(values) * 1.5)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """All sizes, a table, a picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.policies")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--measure", nargs=3, metavar=("COUNT", "ROOT", "WORK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        count, root, work = options.measure
        print(json.dumps(asdict(measured(Path(root), Path(work), int(count)))))
        return
    costs = costs_of(sorted(options.counts))
    print(f"{machine()}\n\n{table(rows_of(costs))}")
    if options.picture:
        draw(costs, options.picture)


if __name__ == "__main__":
    main()
