"""The one component of the NLU pipeline: reads a message with bot.nlu.question_model.

Besides the intent it leaves on the message, for the actions: `topics` (topic and share, best first), `rights` (of a
request) and `detail` (which small talk). Its fingerprint covers the code's version and the encoder, so that Rasa
retrains when they change.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.naming import SPOKEN_OF, training_names
from bot.nlu.question_model import MODEL_VERSION, Example, QuestionModel
from bot.settings import PROJECT, data_folder
from policies_kb.workshop import Workshop, workshop

LONGEST = 1000  # characters that are read; the channel says so to the person


def _workshop() -> Workshop:
    return workshop(data_folder())


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class QuestionReader(GraphComponent):
    """Trains and applies the question model."""

    def __init__(self, storage: ModelStorage, resource: Resource, model: QuestionModel | None = None) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Nothing to set."""
        return {}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """What the training depends on besides data and this class."""
        return "|".join([MODEL_VERSION, _workshop().encoder.name, *training_names(PROJECT)])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "QuestionReader":
        """A component to be trained."""
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "QuestionReader":
        """The trained component. A damaged model raises: an untrained reader would answer at random."""
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, QuestionModel.load(_workshop().encoder, folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from data/nlu."""
        examples = [
            Example(message.get(TEXT), message.get(INTENT_RESPONSE_KEY) or message.get(INTENT))
            for message in training_data.intent_examples
        ]
        self._model = QuestionModel.fit(_workshop().encoder, examples, training_names(PROJECT))
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message that has words in it."""
        for message in messages:
            text = (message.get(TEXT) or "")[:LONGEST]
            if text.strip() and self._model is not None:
                self._set(message, self._model, text)
        return messages

    @staticmethod
    def _set(message: Message, model: QuestionModel, text: str) -> None:
        reading = model.read(text, SPOKEN_OF.get())
        message.set(INTENT, {"name": reading.intent, "confidence": reading.confidence}, add_to_output=True)
        ranking = [{"name": name, "confidence": share} for name, share in reading.ranking[:3]]
        message.set("intent_ranking", ranking, add_to_output=True)
        topics = [{"topic": topic, "score": round(share, 4)} for topic, share in reading.topics]
        message.set("topics", topics, add_to_output=True)
        message.set("rights", list(reading.rights), add_to_output=True)
        message.set("detail", reading.detail, add_to_output=True)
