"""The component of Rasa's pipeline."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components import question_reader
from bot.components.question_reader import LONGEST, QuestionReader
from bot.intake import READ
from bot.nlu.naming import speaking_of


def fingerprint(monkeypatch: pytest.MonkeyPatch, encoder: str = "mini", names: tuple[str, ...] = ("Klasso",)) -> Any:
    made = SimpleNamespace(encoder=SimpleNamespace(name=encoder))
    monkeypatch.setattr(question_reader, "_workshop", lambda: made)
    monkeypatch.setattr(question_reader, "training_names", lambda project: names)
    return QuestionReader.fingerprint_addon({})


def test_the_fingerprint_changes_with_what_the_training_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = fingerprint(monkeypatch)
    assert usual == fingerprint(monkeypatch)
    others = [fingerprint(monkeypatch, encoder="other"), fingerprint(monkeypatch, names=("Klasso", "Mealpot"))]
    monkeypatch.setattr(question_reader, "MODEL_VERSION", "another")
    others.append(fingerprint(monkeypatch))
    assert len({usual, *others}) == 4


class Recorder:
    def __init__(self) -> None:
        self.read_texts: list[str] = []

    def read(self, text: str, names: tuple[str, ...] = ()) -> Any:
        self.read_texts.append(text)
        self.names = names
        return SimpleNamespace(
            intent="request",
            confidence=0.9,
            ranking=(("request", 0.9),),
            topics=(),
            rights=("access",),
            detail="access",
        )


def test_it_leaves_what_it_read_on_the_message() -> None:
    message = Message({TEXT: "send me my data"})
    QuestionReader(None, None, Recorder()).process([message])  # type: ignore[arg-type]
    assert message.get("intent") == {"name": "request", "confidence": 0.9}
    assert (message.get("rights"), message.get("detail"), message.get("topics")) == (["access"], "access", [])
    assert {"intent", "rights", "detail", "topics", "intent_ranking"} <= message.output_properties


def test_it_knows_the_name_of_the_company_that_a_message_is_about() -> None:
    model = Recorder()
    with speaking_of(("Mealpot",)):
        QuestionReader(None, None, model).process([Message({TEXT: "does mealpot record calls"})])  # type: ignore[arg-type]
    assert model.names == ("Mealpot",)
    QuestionReader(None, None, model).process([Message({TEXT: "hello"})])  # type: ignore[arg-type]
    assert model.names == ()


def test_it_reads_as_much_as_the_channel_tells_people() -> None:
    model = Recorder()
    QuestionReader(None, None, model).process([Message({TEXT: "a" * 5000})])  # type: ignore[arg-type]
    assert [len(text) for text in model.read_texts] == [LONGEST] and LONGEST == READ


@pytest.mark.parametrize("text", ["", "   ", None])
def test_a_message_without_words_is_left_alone(text: str | None) -> None:
    model, message = Recorder(), Message({TEXT: text})
    QuestionReader(None, None, model).process([message])  # type: ignore[arg-type]
    assert model.read_texts == [] and message.get("intent") is None
