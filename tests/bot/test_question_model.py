"""What a message is: the learned reading, kept in files that hold no code."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.nlu import question_model as module
from bot.nlu.question_model import Example, QuestionModel, Reading
from policies_kb.topics import Topic
from policies_kb.workshop import workshop
from quality.reading import training_examples
from tickets.vocabulary import Right

QUESTIONS = (
    "how long do you keep my messages?",
    "please delete my account",
    "hello there",
    "what's the weather like in Rome?",
    "I want to talk to a person",
    "dlete evrything u hav on me",
    "qwrt zxcv",
)
EMPTYISH = ("", " ", "?", "!!!", "...", "\n\t", "\u200b", "1", "🙂", "-", "\u0301", "ok", "  /  ", "[]{}()")


@pytest.fixture(scope="module")
def shop(settings: Any) -> Any:
    return workshop(settings.data)


@pytest.fixture(scope="module")
def small_model(shop: Any) -> QuestionModel:
    """A model of a few examples of each label: quick to learn, with every class in it."""
    taken: dict[str, list[Example]] = defaultdict(list)
    for example in training_examples():
        if len(taken[example.label]) < 8:
            taken[example.label].append(example)
    examples = [example for some in taken.values() for example in some]
    return QuestionModel.fit(shop.encoder, examples, shop.company_names)


@pytest.fixture
def saved(small_model: QuestionModel, tmp_path: Path) -> Path:
    small_model.save(tmp_path)
    return tmp_path


def assert_alike(one: Reading, other: Reading) -> None:
    assert (one.intent, one.rights, one.detail) == (other.intent, other.rights, other.detail)
    # Near ties may change places: what is kept has a shorter mantissa.
    assert dict(one.topics) == pytest.approx(dict(other.topics), abs=1e-4)
    assert [share for _, share in one.ranking] == pytest.approx([share for _, share in other.ranking], abs=1e-4)


def test_a_label_is_an_intent_and_a_detail() -> None:
    assert (Example("x", "ask_policy/data_retention").intent, Example("x", "human").intent) == ("ask_policy", "human")
    assert Example("x", "ask_policy/a.b").detail == "a.b" and Example("x", "human").detail == ""


def test_a_model_that_was_kept_reads_as_the_one_that_was_learned(
    small_model: QuestionModel, saved: Path, shop: Any
) -> None:
    loaded = QuestionModel.load(shop.encoder, saved)
    for question in (*QUESTIONS, *EMPTYISH):
        assert_alike(small_model.read(question), loaded.read(question))


def test_learning_twice_gives_the_same_model(saved: Path, shop: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    examples = [example for example in training_examples() if example.intent != "ask_policy"]
    asked = [example for example in training_examples() if example.intent == "ask_policy"][::40]
    folders = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        QuestionModel.fit(shop.vectors, [*examples[::4], *asked], shop.company_names).save(folder)
        folders.append(folder)
    first, second = folders
    assert (first / "question_model.json").read_bytes() == (second / "question_model.json").read_bytes()
    with np.load(first / "question_model.npz") as one, np.load(second / "question_model.npz") as other:
        assert one.files == other.files and all(np.array_equal(one[key], other[key]) for key in one.files)


def test_a_model_of_another_version_is_refused(saved: Path, shop: Any) -> None:
    path = saved / "question_model.json"
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**about, "version": "0"}), "utf-8")
    with pytest.raises(ValueError, match=f"version 0, this code needs {module.MODEL_VERSION}; train again"):
        QuestionModel.load(shop.encoder, saved)


def test_a_model_that_carries_objects_is_refused(saved: Path, shop: Any) -> None:
    """Objects in an archive are pickles, and a pickle runs when it is read."""
    with np.load(saved / "question_model.npz") as data:
        arrays = {key: data[key] for key in data.files}
    first = next(iter(arrays))
    np.savez(saved / "question_model.npz", **{**arrays, first: np.array([{"an": "object"}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        QuestionModel.load(shop.encoder, saved)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, shop: Any) -> None:
    with pytest.raises(OSError):
        QuestionModel.load(shop.encoder, tmp_path)


@pytest.mark.parametrize("text", EMPTYISH)
def test_a_text_with_next_to_nothing_in_it_is_still_read(small_model: QuestionModel, text: str) -> None:
    reading = small_model.read(text)
    shares = [share for _, share in reading.ranking]
    assert np.isfinite(shares).all() and sum(shares) == pytest.approx(1, abs=1e-3)
    assert 0 <= reading.confidence <= 1 and all(np.isfinite(share) for _, share in reading.topics)


def test_a_reading_speaks_the_products_vocabulary(small_model: QuestionModel) -> None:
    topics, rights = {topic.value for topic in Topic}, {right.value for right in Right}
    for question in QUESTIONS:
        reading = small_model.read(question)
        assert {name for name, _ in reading.topics} <= topics and set(reading.rights) <= rights
        assert len(reading.topics) == module.TOPICS_KEPT
        assert [share for _, share in reading.topics] == sorted((share for _, share in reading.topics), reverse=True)
        assert bool(reading.rights) == (reading.intent == "request")


async def parsed(parts: Any, text: str) -> dict[str, Any]:
    return dict(await parts.desk.agent.parse_message(text))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("Please delete my account and send me a copy of my data.", {"deletion", "access"}),
        ("Delete my data. Also stop sending me your newsletter.", {"deletion", "marketing_opt_out"}),
        ("Correct my surname please, and stop selling my data to others", {"correction", "sale_share_opt_out"}),
    ],
)
async def test_a_request_of_two_parts_has_two_rights(parts: Any, text: str, rights: set[str]) -> None:
    reading = await parsed(parts, text)
    assert reading["intent"]["name"] == "request" and rights <= set(reading["rights"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Delete my account.", "deletion"),
        ("I want a copy of everything you have on me, please send it", "access"),
        ("My birthday is wrong in your records, please correct it", "correction"),
        ("I withdraw my consent", "withdraw_consent"),
    ],
)
async def test_a_request_of_one_part_has_one_right(parts: Any, text: str, right: str) -> None:
    reading = await parsed(parts, text)
    assert (reading["intent"]["name"], reading["rights"]) == ("request", [right])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ask", "do"),
    [
        ("How do I delete my account?", "Delete my account now please."),
        ("Can I get a copy of my data?", "Send me a copy of all my data please."),
        ("How can I object to marketing?", "Stop sending me marketing mails."),
    ],
)
async def test_asking_how_it_is_done_is_no_request_to_do_it(parts: Any, ask: str, do: str) -> None:
    assert (await parsed(parts, ask))["intent"]["name"] == "ask_policy"
    assert (await parsed(parts, do))["intent"]["name"] == "request"


@pytest.mark.asyncio
async def test_a_companys_name_does_not_change_the_reading(parts: Any) -> None:
    names = ("Klasso", "Classtime", "Klasterina", "KloudTalk", "Klantra")
    readings = [await parsed(parts, f"does {name} sell my data?") for name in names]
    assert len({reading["intent"]["name"] for reading in readings}) == 1
    assert len({reading["topics"][0]["topic"] for reading in readings}) == 1
