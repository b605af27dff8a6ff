"""The question model trained for measuring, without Rasa: the same data and code as in the product."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from bot.nlu.naming import question_text, training_names
from bot.nlu.question_model import Example, QuestionModel
from bot.settings import PROJECT, data_folder
from policies_kb.knowledge import names_of
from policies_kb.topics import Topic
from policies_kb.workshop import Workshop, workshop


def shop() -> Workshop:
    """The workshop in the project's data folder."""
    return workshop(data_folder())


def training_examples(project: Path = PROJECT) -> list[Example]:
    """Everything in data/nlu, as Rasa reads it."""
    found = []
    for path in sorted((project / "data" / "nlu").rglob("*.yml")):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            lines = (line.strip() for line in block["examples"].splitlines())
            found += [Example(line[2:].strip(), block["intent"]) for line in lines if line.startswith("- ")]
    return found


@lru_cache(maxsize=1)
def question_model() -> QuestionModel:
    """Trained once a process."""
    return QuestionModel.fit(shop().vectors, training_examples(), training_names(PROJECT))


def names_for(policy: str) -> tuple[str, ...]:
    """How the company of that policy is called; of an invented policy nobody says."""
    found = shop().knowledge.policies.get(policy)
    return names_of(found.profile) if found is not None else ()


def plain_of(text: str, policy: str) -> str:
    """A question as that policy's index sees it."""
    return question_text(names_for(policy)).plain(text)


def topics_of(text: str, policy: str) -> dict[Topic, float]:
    """The topics that are heard in a question about that policy."""
    return {Topic(name): share for name, share in question_model().read(text, names_for(policy)).topics}
