"""The policies of one deployment: their profiles, versions and indexes.

`KnowledgeBase.load` reads a folder of policies as their owner edits them: policies_kb/<policy>/profile.yml,
<version>.txt, <version>.clauses.json, questions.yml. `policies_kb.releases.opening` makes one of a release. A compiled
file that does not follow from its source is refused on loading. A policy knows nothing of the others beside it, so what
it answers does not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
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
FROZEN = ".profile.yml"  # <version>.profile.yml: the profile as it was when that older version was current


class Versions(Mapping[str, PolicyVersion]):
    """The versions of a policy's folder by name, each read when it is first asked for: most are looked at rarely."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = tuple(source_versions(folder))
        self._read: dict[str, PolicyVersion] = {}

    def __getitem__(self, version: str) -> PolicyVersion:
        if version not in self._names:
            raise KeyError(version)
        if version not in self._read:
            self._read[version] = read_version(self._folder, version)
        return self._read[version]

    def __contains__(self, version: object) -> bool:
        return version in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Policy:
    """One company's policy: profile, versions, and the index of the current version, which is made on first use."""

    def __init__(
        self,
        profile: Profile,
        versions: Mapping[str, PolicyVersion],
        make_index: "Callable[[Policy], PolicyIndex]",
        folder: Path | None = None,
    ) -> None:
        """folder: where its files lie, None for one that is in no folder."""
        self.profile = profile
        self.versions = versions
        self.folder = folder
        self.question_text = QuestionText(names_of(profile))
        self._make_index = make_index
        self._index: PolicyIndex | None = None
        self._profiles: dict[str, Profile] = {profile.current: profile}

    @property
    def current(self) -> PolicyVersion:
        """The version that answers come from."""
        return self.versions[self.profile.current]

    @property
    def index(self) -> PolicyIndex:
        """The current version made searchable."""
        found = self._index
        if found is None:
            self._index = found = self._make_index(self)
        return found

    def drop_index(self) -> None:
        """Give its memory back; the next question makes it again."""
        self._index = None

    def profile_of(self, version: str) -> Profile:
        """The profile as it was when that version was current, else the present one."""
        if version not in self._profiles:
            path = self.folder / f"{version}{FROZEN}" if self.folder is not None else None
            self._profiles[version] = load_profile(path) if path is not None and path.exists() else self.profile
        return self._profiles[version]


@dataclass(frozen=True)
class Held:
    """What a knowledge base holds at one moment. release: its number, 0 outside a release."""

    policies: Mapping[str, Policy]
    release: int = 0

    @cached_property
    def question_text(self) -> QuestionText:
        """Replaces the names of all of them."""
        return QuestionText(name for policy in self.policies.values() for name in names_of(policy.profile))


class KnowledgeBase:
    """The policies by id."""

    def __init__(self, policies: Mapping[str, Policy], release: int = 0) -> None:
        self._held = Held(dict(policies), release)

    @classmethod
    def load(cls, encoder: Encoder, stored: Encoder, root: Path = ROOT) -> "KnowledgeBase":
        """Read every policy folder. Raises a KnowledgeError that names the file to mend.

        encoder: for questions; stored: the same encoder with its vectors kept, for clauses and written questions.
        """
        policies = {folder.name: load_policy(folder, (encoder, stored)) for folder in policy_folders(root)}
        for policy in policies.values():
            check_policy(policy)
        return cls(policies)

    def _now(self) -> Held:
        return self._held

    @property
    def policies(self) -> Mapping[str, Policy]:
        """All of them."""
        return self._now().policies

    @property
    def release(self) -> int:
        """The number of the release that these policies are from; 0 outside a release."""
        return self._now().release

    @property
    def ids(self) -> list[str]:
        """The policies' ids in alphabetical order."""
        return sorted(self._now().policies)

    @property
    def question_text(self) -> QuestionText:
        """Makes a question plain whichever of these companies it names; answers use each policy's own."""
        return self._now().question_text

    def name_of(self, policy: str) -> str:
        """The company's name; for a policy that is not here, or not any more, plain words that fit a letter."""
        found = self._now().policies.get(policy)
        return found.profile.name if found else "the company"

    def get(self, policy: str) -> Policy:
        """Raises UnknownPolicyError for an id that is not there; the text lists those that are."""
        try:
            return self._now().policies[policy]
        except KeyError:
            raise UnknownPolicyError(f"there is no policy {policy!r}; there are: {', '.join(self.ids)}") from None

    def with_policy(self, policy: Policy) -> "KnowledgeBase":
        """This knowledge base and one more policy."""
        held = self._now()
        return KnowledgeBase({**held.policies, policy.profile.policy: policy}, held.release)

    def answer(self, policy: str, question: str, topics: Mapping[Topic, float]) -> Answer:
        """What that policy says on a question (see answering)."""
        found = self.get(policy)
        return answer(found.index, found.profile, found.question_text.plain(question), topics)


class LiveKnowledge(KnowledgeBase):
    """The knowledge that is served now: whoever holds this sees every change, each read one release."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        super().__init__({})
        self.follow(lambda: knowledge)

    def follow(self, served: Callable[[], KnowledgeBase]) -> None:
        """From now on, whatever that gives."""
        self._served = served

    def snapshot(self) -> KnowledgeBase:
        """What is served now, and stays what it is."""
        return self._served()

    def _now(self) -> Held:
        return self._served()._now()


def names_of(profile: Profile) -> tuple[str, ...]:
    """How a company is called."""
    return (profile.name, *profile.aliases)


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


def load_policy(folder: Path, encoders: tuple[Encoder, Encoder]) -> Policy:
    """The policy of a folder. encoders: as for KnowledgeBase.load."""
    return policy_in(folder, lambda policy: index_of(policy, encoders))


def policy_in(folder: Path, make_index: Callable[[Policy], PolicyIndex]) -> Policy:
    """The policy of a folder; its versions and its index are made when they are asked for."""
    profile = load_profile(folder / "profile.yml")
    versions = Versions(folder)
    if profile.current not in versions:
        raise ProfileError(f"{folder}/profile.yml: current is {profile.current!r}, but there is no such text")
    return Policy(profile, versions, make_index, folder)


def check_policy(policy: Policy) -> None:
    """Raises the KnowledgeError that making its index would raise."""
    if policy.folder is not None:
        _examples_of(policy, policy.folder)


def _examples_of(policy: Policy, folder: Path) -> ExampleQuestions:
    path = folder / "questions.yml"
    examples = load_examples(path)
    check_examples(examples, policy.current, path)
    return examples


def index_of(policy: Policy, encoders: tuple[Encoder, Encoder]) -> PolicyIndex:
    """The index of a policy's current version. encoders: as for KnowledgeBase.load."""
    examples = _examples_of(policy, policy.folder) if policy.folder is not None else ExampleQuestions()
    return PolicyIndex(policy.current, *encoders, _plain_examples(examples, policy.question_text))


def _plain_examples(examples: ExampleQuestions, spoken: QuestionText) -> ExampleQuestions:
    answered = tuple((clause, spoken.plain(question)) for clause, question in examples.answered)
    return ExampleQuestions(answered, tuple((topic, spoken.plain(question)) for topic, question in examples.silent))


def policy_from_text(
    text: str, policy: str, name: str, encoders: tuple[Encoder, Encoder], labeller: Labeller
) -> Policy:
    """A policy that is in no folder, compiled and labelled on the spot. encoders: as for KnowledgeBase.load."""
    profile = Profile(policy=policy, name=name, current="text")
    version = compiler.compile_policy(text, profile, "text", labeller)
    return Policy(profile, {"text": version}, lambda policy: index_of(policy, encoders))
