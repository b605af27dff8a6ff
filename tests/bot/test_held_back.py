"""The held-back set: whole, unseen by any training, and able to show that a model lost."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.held_back import HeldBack, Measured, held_back, measure
from bot.nlu.question_model import Reading
from bot.reading import ModelReader
from bot.settings import BotSettings
from bot.training import TrainingError
from policies_kb.reviewed import ExampleError, add_example
from policies_kb.topics import Topic
from policies_kb.workshop import workshop
from tickets.vocabulary import Right

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from test_data_sets import NEWCOMERS, OWN, learned, near, plain, records

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reader(settings: BotSettings, model_path: Path) -> ModelReader:
    return ModelReader.load(model_path, workshop(settings.data).encoder)


class Deaf:
    """Hears the same in everything."""

    def reading(self, text: str) -> Reading:
        return Reading("ask_policy", 1.0, (), (), (), Topic.COOKIES.value)


def test_the_set_is_large_and_of_all_kinds() -> None:
    kinds = Counter(one.intent for one in held_back())
    assert sum(kinds.values()) >= 150 and kinds["ask_policy"] >= 100 and kinds["request"] >= 25
    assert {one.detail for one in held_back() if one.intent == "ask_policy"} == {topic.value for topic in Topic}
    assert {one.detail for one in held_back() if one.intent == "request"} == {right.value for right in Right} - {
        "question"
    }


def test_ids_and_messages_are_unique() -> None:
    assert max(Counter(one.id for one in held_back()).values()) == 1
    assert max(Counter(plain(one.text) for one in held_back()).values()) == 1


def test_no_training_has_seen_a_message_of_the_set() -> None:
    assert near([plain(one.text) for one in held_back()], learned()) == []


@pytest.mark.parametrize("name", [*OWN, *NEWCOMERS])
def test_no_other_set_shares_a_message_with_it(name: str) -> None:
    assert near([plain(one.text) for one in held_back()], [plain(record["text"]) for record in records(name)]) == []


def test_the_console_does_not_add_a_message_of_the_set_to_what_is_learned(tmp_path: Path) -> None:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "held_back.jsonl").write_bytes((PROJECT / "quality" / "held_back.jsonl").read_bytes())
    asked = next(one for one in held_back() if one.intent == "ask_policy")
    with pytest.raises(ExampleError, match="quality is measured with this very question"):
        add_example(tmp_path, "klasso", asked.detail, asked.text)


def test_the_model_of_the_product_reads_nearly_all_of_it(reader: ModelReader) -> None:
    found = measure(reader)
    assert found.right + len(found.wrong) == found.of == len(held_back())
    assert found.right >= 0.9 * found.of, found.wrong


def test_a_model_that_hears_badly_shows() -> None:
    found = measure(Deaf())
    assert found.right == sum(one.detail == Topic.COOKIES.value for one in held_back())


def test_what_a_model_lost_is_told_apart_from_what_none_could_read() -> None:
    one, two = HeldBack("1", "a", "human"), HeldBack("2", "b", "human")
    before, now = Measured(1, 2, ((one, "more"),)), Measured(0, 2, ((one, "more"), (two, "more")))
    assert now.newly_wrong(before) == [(two, "more")]


def test_a_request_is_read_with_what_the_policy_says_on_the_right(reader: ModelReader) -> None:
    found = reader.read("please delete everything you have on me")
    assert (found.intent, dict(found.topics)) == ("request", {Topic.DELETION: 1.0})
    assert reader.read("good evening").topics == {}


def test_a_companys_own_name_is_no_word_of_the_question(reader: ModelReader) -> None:
    named = reader.naming(("Zanzibar Widgets",))
    assert (
        named.read("does Zanzibar Widgets sell my data").topics == reader.read("does the company sell my data").topics
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b broken"])
def test_a_file_that_is_no_model_is_refused_in_a_sentence(
    tmp_path: Path, settings: BotSettings, content: bytes
) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="model.tar.gz: holds no question reader"):
        ModelReader.load(path, workshop(settings.data).encoder)
