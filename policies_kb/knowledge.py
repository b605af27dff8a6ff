"""All policies of one deployment: their profiles, versions and indexes, read from a folder.

policies_kb/<policy>/profile.yml, <version>.txt, <version>.clauses.json, questions.yml. A compiled file that does not
follow from its source is refused on loading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies_kb import compiler
from policies_kb.answering import Answer, answer
from policies_kb.compiler import Labeller
from policies_kb.encoder import Encoder
from policies_kb.errors import CompileError, ProfileError, UnknownPolicyError
from policies_kb.examples import check_examples, load_examples
from policies_kb.model import PolicyVersion
from policies_kb.profile import Profile, load_profile
from policies_kb.question_text import QuestionText
from policies_kb.ranking import ExampleQuestions, PolicyIndex
from policies_kb.topics import Topic

ROOT = Path(__file__).parent
POLICY_ID = re.compile(r"^[a-z][a-z0-9_-]{1,40}\Z")


@dataclass(frozen=True)
class Policy:
    """One company's policy: profile, versions, and the index of the current version."""

    profile: Profile
    versions: Mapping[str, PolicyVersion]
    index: PolicyIndex

    @property
    def current(self) -> PolicyVersion:
        """The version that answers come from."""
        return self.index.version


class KnowledgeBase:
    """The policies by id."""

    def __init__(self, policies: Mapping[str, Policy], question_text: QuestionText) -> None:
        self._policies = dict(policies)
        self.question_text = question_text

    @classmethod
    def load(cls, encoder: Encoder, stored: Encoder, root: Path = ROOT) -> "KnowledgeBase":
        """Read every policy folder. Raises a KnowledgeError that names the file to mend.

        encoder: for questions; stored: the same encoder with its vectors kept, for clauses and written questions.
        """
        profiles = [load_profile(folder / "profile.yml") for folder in policy_folders(root)]
        spoken = QuestionText(name for profile in profiles for name in (profile.name, *profile.aliases))
        policies = {
            profile.policy: _load_policy(root / profile.policy, profile, (encoder, stored), spoken)
            for profile in profiles
        }
        return cls(policies, spoken)

    @property
    def ids(self) -> list[str]:
        """The policies' ids in alphabetical order."""
        return sorted(self._policies)

    def name_of(self, policy: str) -> str:
        """The company's name; for a policy that is not here, or not any more, plain words that fit a letter."""
        found = self._policies.get(policy)
        return found.profile.name if found else "the company"

    def get(self, policy: str) -> Policy:
        """Raises UnknownPolicyError for an id that is not there; the text lists those that are."""
        try:
            return self._policies[policy]
        except KeyError:
            raise UnknownPolicyError(f"there is no policy {policy!r}; there are: {', '.join(self.ids)}") from None

    def with_policy(self, policy: Policy) -> "KnowledgeBase":
        """This knowledge base and one more policy."""
        return KnowledgeBase({**self._policies, policy.profile.policy: policy}, self.question_text)

    def answer(self, policy: str, question: str, topics: Mapping[Topic, float]) -> Answer:
        """What that policy says on a question (see answering)."""
        found = self.get(policy)
        return answer(found.index, found.profile, self.question_text.plain(question), topics)


def policy_folders(root: Path = ROOT) -> list[Path]:
    """The folders that hold a policy: those with a profile.yml."""
    return sorted(path.parent for path in root.glob("*/profile.yml") if POLICY_ID.match(path.parent.name))


def source_versions(folder: Path) -> list[str]:
    """The versions whose texts lie in a policy's folder."""
    return sorted(path.stem for path in folder.glob("*.txt"))


def read_version(folder: Path, version: str) -> PolicyVersion:
    """One compiled version from its committed files."""
    text_path, compiled_path = folder / f"{version}.txt", folder / f"{version}.clauses.json"
    if not text_path.exists():
        raise ProfileError(f"{text_path}: is missing, but profile.yml names version {version!r}")
    source = compiler.read_source(text_path.read_bytes(), str(text_path))
    if not compiled_path.exists():
        raise CompileError(f"{compiled_path}: is missing; run `python -m policies_kb compile`")
    return compiler.load(compiled_path.read_text("utf-8"), source, str(compiled_path))


def _load_policy(folder: Path, profile: Profile, encoders: tuple[Encoder, Encoder], spoken: QuestionText) -> Policy:
    versions = {version: read_version(folder, version) for version in source_versions(folder)}
    if profile.current not in versions:
        raise ProfileError(f"{folder}/profile.yml: current is {profile.current!r}, but there is no such text")
    current = versions[profile.current]
    path = folder / "questions.yml"
    examples = load_examples(path)
    check_examples(examples, current, path)
    return Policy(profile, versions, PolicyIndex(current, *encoders, _plain_examples(examples, spoken)))


def _plain_examples(examples: ExampleQuestions, spoken: QuestionText) -> ExampleQuestions:
    answered = tuple((clause, spoken.plain(question)) for clause, question in examples.answered)
    return ExampleQuestions(answered, tuple((topic, spoken.plain(question)) for topic, question in examples.silent))


def policy_from_text(
    text: str, policy: str, name: str, encoders: tuple[Encoder, Encoder], labeller: Labeller
) -> Policy:
    """A policy that is in no folder, compiled and labelled on the spot. encoders: as for KnowledgeBase.load."""
    profile = Profile(policy=policy, name=name, current="text")
    version = compiler.compile_policy(text, profile, "text", labeller)
    return Policy(profile, {"text": version}, PolicyIndex(version, *encoders))
