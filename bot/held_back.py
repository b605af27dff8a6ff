"""The held-back set: messages that no training has seen and no weight was fitted on. A new model must not lose on it.

`quality/held_back.jsonl`: one message a line, with its intent and, for a question its topic, for a request its right.
What the console adds to the training data is compared with it, as with everything in quality/ (policies_kb.reviewed).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.nlu.question_model import Reading
from bot.settings import PROJECT

FILE = Path("quality", "held_back.jsonl")


@dataclass(frozen=True)
class HeldBack:
    """A message and what has to be heard in it. detail: the topic of a question, the right of a request, else ""."""

    id: str
    text: str
    intent: str
    detail: str = ""


@dataclass(frozen=True)
class Measured:
    """How a model read them. wrong: those it did not, with what it heard instead."""

    right: int
    of: int
    wrong: tuple[tuple[HeldBack, str], ...]

    def newly_wrong(self, before: "Measured") -> list[tuple[HeldBack, str]]:
        """What another model still read rightly."""
        known = {one.id for one, _ in before.wrong}
        return [(one, heard) for one, heard in self.wrong if one.id not in known]


class Reads(Protocol):
    """A model that reads messages."""

    def reading(self, text: str) -> Reading:
        """All that is heard in one."""
        ...


def held_back(project: Path = PROJECT) -> tuple[HeldBack, ...]:
    """The set."""
    lines = (project / FILE).read_text("utf-8").splitlines()
    return tuple(_one(json.loads(line)) for line in lines if line.strip())


def _one(record: dict[str, str]) -> HeldBack:
    return HeldBack(record["id"], record["text"], record["intent"], record.get("topic") or record.get("right") or "")


def measure(model: Reads, messages: Sequence[HeldBack] | None = None) -> Measured:
    """How many of the messages the model reads rightly: the intent, and the topic or right that it hears first."""
    asked = held_back() if messages is None else messages
    wrong = []
    for one in asked:
        found = model.reading(one.text)
        heard = f"{found.intent}/{found.detail}" if one.detail else found.intent
        if heard != (f"{one.intent}/{one.detail}" if one.detail else one.intent):
            wrong.append((one, heard))
    return Measured(len(asked) - len(wrong), len(asked), tuple(wrong))
