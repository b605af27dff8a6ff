"""What a policy's owner works with: the folder, what is published, and the desk that answers from either.

Blocking throughout: this is for the command line, not for a serving process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bot.held_back import Measured, measure
from bot.reading import ModelReader
from bot.releases.building import Prepared
from bot.releases.shelf import Manifest, Shelf
from bot.settings import BotSettings
from bot.training import TrainingError, ensure_model_apart
from policies_kb.answering import Answer
from policies_kb.errors import CompileError, DamagedError, ReleaseError
from policies_kb.folders import PolicyFolder, all_folders, folder_of
from policies_kb.gate import Obstacle, ObstacleKind, Published, obstacles
from policies_kb.golden import Answerer, GoldenResult, ask_golden, first_golden, golden_text
from policies_kb.knowledge import KnowledgeBase, load_policy, names_of
from policies_kb.lint import findings
from policies_kb.releases.archives import open_archive
from policies_kb.topics import Topic
from policies_kb.workbench import check_compiled
from policies_kb.workshop import Workshop, workshop

LOOK = "git diff data/nlu"


class PolicyDesk:
    """Folder, shelf, model and encoder of one deployment."""

    def __init__(self, settings: BotSettings, shelf: Shelf | None) -> None:
        """shelf: None where nothing published is asked for."""
        self.settings = settings
        self.root = settings.policies
        self._shelf = shelf
        self._published: dict[str, Published | None] = {}

    @cached_property
    def shop(self) -> Workshop:
        """Encoder, stored vectors, labeller."""
        return workshop(self.settings.data, self.root)

    @cached_property
    def reader(self) -> ModelReader:
        """The model of the present data; it is trained if there is none."""
        return ModelReader.load(ensure_model_apart(self.settings.models), self.shop.encoder)

    @cached_property
    def release(self) -> Manifest | None:
        """The release that is served."""
        number = self._shelf.current() if self._shelf is not None else None
        return self._shelf.manifest(number) if self._shelf is not None and number is not None else None

    def folders(self, ids: Sequence[str] = ()) -> list[PolicyFolder]:
        """The folders of these policies; of all where none is named. Raises UnknownPolicyError."""
        return [folder_of(self.root, policy) for policy in ids] if ids else all_folders(self.root)

    def published(self, policy: str) -> Published | None:
        """That policy as it is served; None for one that was never published."""
        if policy not in self._published:
            self._published[policy] = self._read_published(policy)
        return self._published[policy]

    def _read_published(self, policy: str) -> Published | None:
        if self._shelf is None or self.release is None or policy not in self.release.policies:
            return None
        archive = self._shelf.fetch(self.release.policies[policy].sha256)
        with tempfile.TemporaryDirectory(prefix="privacy-desk-") as scratch:
            folder = Path(scratch) / policy
            open_archive(archive, folder)
            return Published.of(PolicyFolder(folder))

    def answerer(self, folder: PolicyFolder) -> Answerer:
        """The desk, answering from that folder."""
        policy = load_policy(folder.path, (self.shop.encoder, self.shop.vectors))
        base = KnowledgeBase({folder.policy: policy})

        def answered(question: str, topics: Mapping[Topic, float]) -> Answer:
            return base.answer(folder.policy, question, topics)

        return answered

    def golden(self, folder: PolicyFolder, reader: ModelReader | None = None) -> list[GoldenResult]:
        """What the desk makes of the folder's golden questions. reader: another model than that of the present data."""
        questions = folder.golden()
        if not questions:
            return []
        spoken = (reader or self.reader).naming(names_of(folder.profile()))
        return ask_golden(questions, spoken, self.answerer(folder))

    def first_golden(self, folder: PolicyFolder) -> str:
        """The text of a new policy's golden.yml."""
        spoken = self.reader.naming(names_of(folder.profile()))
        return golden_text(first_golden(spoken, self.answerer(folder)))

    def obstacles(
        self,
        folder: PolicyFolder,
        reader: ModelReader | None = None,
        measures: tuple[Measured | None, Measured] | None = None,
    ) -> list[Obstacle]:
        """What stands in the way of publishing that folder."""
        published = self.published(folder.policy)
        found = obstacles(published, folder, None, None, measures)
        if any(one.kind is ObstacleKind.COMPILE for one in found):
            return found
        try:
            check_compiled(folder, self.shop.labeller)
        except CompileError as error:
            why = "people would be answered from another reading than the one in the profile"
            return [Obstacle(ObstacleKind.COMPILE, str(error), why, "python -m policies_kb compile")]
        return obstacles(published, folder, self.golden(folder, reader), None, measures)

    def gate(self, prepared: Prepared) -> list[Obstacle]:
        """What stands in the way of a release: of the policies in it, and, where the model is new, of all others."""
        reader = ModelReader.load(prepared.model, self.shop.encoder)
        measures = self._measures(reader) if prepared.is_trained_anew else None
        found = []
        for path in prepared.folders.values():
            found += self.obstacles(PolicyFolder(path), reader, measures)
            measures = None  # the model is told of once
        others = set(prepared.draft.policies) - set(prepared.folders) if prepared.is_trained_anew else set()
        for policy in sorted(others):
            found += self._lost_by_model(policy, reader)
        return found

    def _measures(self, reader: ModelReader) -> tuple[Measured | None, Measured]:
        return (self.served_measure(), measure(reader))

    def served_measure(self) -> Measured | None:
        """How the model that is served does on the held-back set; None where none is, or one of other code."""
        if self._shelf is None or self.release is None:
            return None
        try:
            path = self._shelf.fetch(self.release.model.sha256)
            return measure(ModelReader.load(path, self.shop.encoder))
        except (DamagedError, TrainingError):
            return None

    def _lost_by_model(self, policy: str, reader: ModelReader) -> list[Obstacle]:
        """Golden questions of a policy that is not touched, which the new model would answer otherwise."""
        if self._shelf is None or self.release is None:
            raise ReleaseError("there is no release to compare with")
        with tempfile.TemporaryDirectory(prefix="privacy-desk-") as scratch:
            path = Path(scratch) / policy
            open_archive(self._shelf.fetch(self.release.policies[policy].sha256), path)
            results = self.golden(PolicyFolder(path), reader)
        why = "the new model answers it otherwise, though the policy itself is not touched: {}"
        return [
            Obstacle(
                ObstacleKind.MODEL, f"{policy}: {one.question.ask!r}", why.format(one.trouble), "git diff data/nlu"
            )
            for one in results
            if one.trouble
        ]

    def lint(self, folder: PolicyFolder) -> list[str]:
        """What lint finds, in words."""
        found = findings(folder.compiled(), folder.profile())
        return [f"{one.kind.value}: {one.text}" for one in found]
