"""The training examples that are generated from the policies."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.commands import main
from bot.nlu.generated import FILE, HEAD, generated_examples
from policies_kb.topics import Topic

PROJECT = Path(__file__).resolve().parents[2]


def blocks() -> list[tuple[str, list[str]]]:
    read = yaml.safe_load(generated_examples())["nlu"]
    return [(block["intent"], [line[2:] for line in block["examples"].splitlines()]) for block in read]


def test_the_committed_file_is_what_the_policies_give_and_says_that_it_is_generated() -> None:
    text = (PROJECT / FILE).read_text("utf-8")
    assert text == generated_examples() == generated_examples()
    assert text.startswith(HEAD) and "Generated" in HEAD and "Do not edit" in HEAD


def test_every_example_is_a_question_on_a_known_topic_once() -> None:
    topics = {f"ask_policy/{topic.value}" for topic in Topic}
    assert len(blocks()) > 20 and {intent for intent, _ in blocks()} <= topics
    for intent, examples in blocks():
        assert len(examples) == len(set(examples)), intent


def test_no_example_holds_signs_that_rasa_reads_as_markup() -> None:
    for _, examples in blocks():
        for example in examples:
            assert example.strip() and not set(example) & set("[]{}()") and not example.startswith("/")


def test_check_tells_a_stale_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nlu-data", "--check"], 0.0) == 0
    monkeypatch.setattr("bot.nlu.generated.generated_examples", lambda: HEAD + "other")
    before = (PROJECT / FILE).read_bytes()
    assert main(["nlu-data", "--check"], 0.0) == 1
    assert "python -m bot nlu-data" in capsys.readouterr().err and (PROJECT / FILE).read_bytes() == before
