"""The trained model by itself, without a conversation around it: what does it hear in a message?

Golden questions and the held-back set are read this way, from the very file that is or would be served.
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from bot.nlu.question_model import ASK, REQUEST, QuestionModel, Reading
from bot.training import TrainingError
from policies_kb.encoder import Encoder
from policies_kb.golden import Understood
from policies_kb.topics import TOPIC_OF_RIGHT, Topic

FILES = ("question_model.json", "question_model.npz")
LARGEST = 400_000_000  # bytes of one of them


class ModelReader:
    """Reads messages as the served assistant does."""

    def __init__(self, model: QuestionModel, names: tuple[str, ...] = ()) -> None:
        """names: how the company is called whose policy the messages are about."""
        self._model = model
        self._names = names

    @classmethod
    def load(cls, path: Path, encoder: Encoder) -> "ModelReader":
        """From a model file of Rasa's. Raises TrainingError for one that holds no question reader."""
        with tempfile.TemporaryDirectory(prefix="privacy-desk-model-") as name:
            folder = Path(name)
            try:
                _unpack(path, folder)
                return cls(QuestionModel.load(encoder, folder))
            except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
                raise TrainingError(
                    f"{path.name}: holds no question reader that this code can read; train again"
                ) from error

    def reading(self, text: str) -> Reading:
        """All that is heard."""
        return self._model.read(text, self._names)

    def naming(self, names: tuple[str, ...]) -> "ModelReader":
        """The same model, reading messages about that company."""
        return ModelReader(self._model, names)

    def read(self, text: str) -> Understood:
        """The intent, and the topics on which the actions answer: of a request, what the policy says on the right."""
        found = self.reading(text)
        if found.intent == ASK:
            return Understood(found.intent, {Topic(name): round(share, 4) for name, share in found.topics})
        asked = [TOPIC_OF_RIGHT[right] for right in found.rights if right in TOPIC_OF_RIGHT]
        return Understood(found.intent, {asked[0]: 1.0} if found.intent == REQUEST and asked else {})


def _unpack(path: Path, folder: Path) -> None:
    """Only the two files, under names of our own."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            if name in FILES and member.isfile() and member.size <= LARGEST and "QuestionReader" in member.name:
                stored = archive.extractfile(member)
                if stored is not None:
                    (folder / name).write_bytes(stored.read())
