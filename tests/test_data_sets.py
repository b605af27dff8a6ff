"""The question sets: those that measure share nothing with what is learned from, and each points into its policy."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rapidfuzz import fuzz, process

from policies_kb.examples import load_examples
from policies_kb.knowledge import policy_folders, read_version
from policies_kb.profile import load_profile
from policies_kb.reviewed import REVIEWED, ExampleError, add_example
from policies_kb.topics import Topic
from quality.reading import training_examples
from tickets.vocabulary import Right

PROJECT = Path(__file__).resolve().parent.parent
OWN = ("dev", "test")
NEWCOMERS = tuple(sorted(path.stem for path in (PROJECT / "quality" / "newcomers").glob("*.jsonl")))
ALIKE = 92  # rapidfuzz ratio from which two questions count as the same
EXPECTED = {"ask", "request", "small_talk", "out_of_scope", "human"}


def plain(text: str) -> str:
    """Case, punctuation and spacing do not make another question."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())


@cache
def records(name: str) -> list[dict[str, Any]]:
    path = PROJECT / "quality" / (f"newcomers/{name}.jsonl" if name in NEWCOMERS else f"{name}.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


@cache
def source(policy: str) -> str:
    if policy in NEWCOMERS:
        return (PROJECT / "quality" / "newcomers" / f"{policy}.txt").read_text("utf-8")
    folder = PROJECT / "policies_kb" / policy
    return read_version(folder, load_profile(folder / "profile.yml").current).source


@lru_cache(maxsize=1)
def learned() -> list[str]:
    """All that a question is compared with when the product answers: data/nlu and the policies' written questions."""
    texts = [example.text for example in training_examples()]
    for folder in policy_folders():
        written = load_examples(folder / "questions.yml")
        texts += [question for _, question in (*written.answered, *written.silent)]
    return sorted({plain(text) for text in texts})


def near(asked: list[str], known: list[str], most: float = ALIKE) -> list[tuple[str, str]]:
    """Pairs that are the same question but for a few letters."""
    shares = process.cdist(asked, known, scorer=fuzz.ratio, score_cutoff=most, dtype=np.uint8, workers=-1)
    return [(asked[row], known[column]) for row, column in zip(*np.nonzero(shares > most))]


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_no_measured_question_is_in_what_is_learned_from(name: str) -> None:
    known = set(learned())
    asked = [plain(record["text"]) for record in records(name)]
    assert [text for text in asked if text in known] == []


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_no_measured_question_is_nearly_in_what_is_learned_from(name: str) -> None:
    assert near([plain(record["text"]) for record in records(name)], learned()) == []


def test_a_copy_with_a_slip_would_be_noticed() -> None:
    """The control of the tests above."""
    copied = next(text for text in learned() if len(text) > 40)
    assert near([copied[:20] + copied[21:]], learned()) != []


def test_the_sets_do_not_overlap() -> None:
    sets = {name: [plain(record["text"]) for record in records(name)] for name in (*OWN, *NEWCOMERS)}
    assert near(sets["dev"], sets["test"]) == []
    assert {"mealpot", "pixelforge"} <= set(NEWCOMERS)
    for name in NEWCOMERS:
        for other in OWN:
            assert near(sets[name], sets[other]) == []


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_ids_and_questions_are_unique(name: str) -> None:
    assert [key for key, count in Counter(record["id"] for record in records(name)).items() if count > 1] == []
    asked = Counter((record["policy"], plain(record["text"])) for record in records(name))
    assert [key for key, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_every_gold_passage_stands_in_its_policy(name: str) -> None:
    for record in records(name):
        for passage in (*record.get("gold", ()), *record.get("also", ())):
            assert passage and passage in source(record["policy"]), (record["id"], passage)


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_labels_are_of_the_products_vocabulary_and_agree_with_each_other(name: str) -> None:
    topics, rights = {topic.value for topic in Topic}, {right.value for right in Right}
    for record in records(name):
        expect = record.get("expect", "ask")
        assert expect in EXPECTED, record["id"]
        assert set(record.get("topics", ())) <= topics and set(record.get("rights", ())) <= rights, record["id"]
        assert (expect == "request") == bool(record.get("rights")), record["id"]
        if expect == "ask":
            assert record["answerable"] in ("yes", "no") and record["topics"], record["id"]
            assert (record["answerable"] == "yes") == bool(record.get("gold")), record["id"]


@pytest.mark.parametrize("name", OWN)
def test_a_set_asks_about_every_policy_and_of_every_kind(name: str) -> None:
    policies = Counter(record["policy"] for record in records(name) if record["expect"] == "ask")
    assert {folder.name for folder in policy_folders()} <= set(policies) and min(policies.values()) >= 20
    kinds = Counter(record["expect"] for record in records(name))
    assert set(kinds) == EXPECTED and min(kinds.values()) >= 5
    assert sum(record.get("answerable") == "no" for record in records(name)) >= 20


def test_generated_examples_are_headed_and_nothing_else_is() -> None:
    for path in sorted((PROJECT / "data" / "nlu").rglob("*.yml")):
        head = path.read_text("utf-8").splitlines()[0]
        assert head.startswith("# Generated by ") == ("generated" in path.parts), path


def test_what_staff_add_in_the_console_is_training_data_like_the_rest(tmp_path: Path) -> None:
    """data/nlu/reviewed.yml comes with the first example: the tests of this module read it as they read the others."""
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    question = "who looks at the lamps along the harbour"
    assert add_example(tmp_path, "klasso", Topic.SECURITY, question)
    assert [(one.text, one.label) for one in training_examples(tmp_path)] == [(question, "ask_policy/data_security")]
    written = (tmp_path / REVIEWED).read_text("utf-8")
    assert set(yaml.safe_load(written)) == {"version", "nlu"} and not written.startswith("# Generated by ")
    shutil.copytree(PROJECT / "quality", tmp_path / "quality")
    for name in (*OWN, *NEWCOMERS):  # what would spoil the measure is refused before it is written
        with pytest.raises(ExampleError, match="quality is measured"):
            add_example(tmp_path, "klasso", Topic.SECURITY, str(records(name)[0]["text"]))
    assert (tmp_path / REVIEWED).read_text("utf-8") == written


def test_no_training_example_stands_under_two_labels() -> None:
    labels: dict[str, set[str]] = {}
    for example in training_examples():
        labels.setdefault(plain(example.text), set()).add(example.label)
    twice = {text: sorted(found) for text, found in labels.items() if len(found) > 1 and text}
    assert twice == {}


def test_every_training_file_is_of_the_shape_that_rasa_reads() -> None:
    for path in sorted((PROJECT / "data" / "nlu").rglob("*.yml")):
        read = yaml.safe_load(path.read_text("utf-8"))
        assert set(read) == {"version", "nlu"} and read["version"] == "3.1", path
        for block in read["nlu"]:
            assert set(block) == {"intent", "examples"}, path
            assert all(line.strip().startswith("- ") for line in block["examples"].splitlines()), path
