"""A policy's folder: the desk of its owner. What is served is a release (docs/policies.md), not what lies here.

```
profile.yml              of the current version           <version>.txt            source, verbatim
<version>.profile.yml    as it was, of an older version   <version>.clauses.json   compiled
questions.yml            written questions                golden.yml               what must be answered, and how
<version>.review.yml     who accepted, confirmed, explained and decided what
```
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from pathlib import Path

from policies_kb.compiler import compile_policy
from policies_kb.errors import CompileError, ProfileError, UnknownPolicyError
from policies_kb.examples import load_examples
from policies_kb.golden import GoldenQuestion, load_golden
from policies_kb.knowledge import POLICY_ID, policy_folders, read_version, source_versions
from policies_kb.model import PolicyVersion
from policies_kb.placing import finish
from policies_kb.profile import Profile, load_profile
from policies_kb.ranking import ExampleQuestions

VERSION_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}\Z")
_DATE_NAME = re.compile(r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?![\d-])")


def date_of_name(version: str) -> date | None:
    """The date that a version's name says: 2026, 2026-04 and 2026-04-01 do, "undated" does not."""
    found = _DATE_NAME.match(version)
    if not found:
        return None
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


TAKEN = ("changes", "transparency")  # pages at /p/<policy>/…, where a version has its own
SUFFIXES = (".json", ".profile", ".review", ".clauses")  # what files beside a version's text end in


def check_names(policy: str, version: str) -> None:
    """Raises ProfileError for what could not stand in a link or name a file."""
    if not POLICY_ID.match(policy):
        raise ProfileError(f"{policy!r} cannot be an id: use 2-40 lower-case letters, digits, - or _, a letter first")
    if not VERSION_NAME.match(version):
        raise ProfileError(f"{version!r} cannot name a version: use letters, digits, dots, - and _, as in 2026-04")
    if version.lower() in TAKEN or version.lower().endswith(SUFFIXES):
        raise ProfileError(
            f"{version!r} cannot name a version: a page or a file of the desk is called so; try its date"
        )


class PolicyFolder:
    """One policy's files. Everything is read when it is asked for; nothing is kept but the compiled versions."""

    def __init__(self, path: Path) -> None:
        """Raises UnknownPolicyError if no policy lies there."""
        if not POLICY_ID.match(path.name) or not path.is_dir():
            raise UnknownPolicyError(f"there is no policy in {path}; `python -m bot policy list` shows those there are")
        finish(path)
        self.path = path
        self.policy = path.name
        self._compiled: dict[str, PolicyVersion] = {}

    def __repr__(self) -> str:
        return f"PolicyFolder({self.policy})"

    @cached_property
    def current(self) -> str:
        """The name of the current version."""
        return self.profile().current

    def profile(self, version: str = "") -> Profile:
        """The current profile, or that of an older version as it was; the current one where none was kept."""
        kept = self.path / f"{version}.profile.yml"
        return load_profile(kept if version and kept.exists() else self.path / "profile.yml")

    def versions(self) -> list[str]:
        """Oldest first; those that nobody can date come before those with a date, the current one after its equals."""
        names = source_versions(self.path)
        if self.current not in names:
            raise ProfileError(
                f"{self.path}/profile.yml: current is {self.current!r}, but there is no {self.current}.txt beside it"
            )
        return sorted(names, key=lambda name: (self.effective(name) or date.min, name == self.current, name))

    def effective(self, version: str) -> date | None:
        """The date from which a version holds: from its profile, else from its name, else None."""
        profile = self.profile(version)
        said = profile.effective if profile.current == version else None
        return said or date_of_name(version)

    def before(self, version: str) -> str | None:
        """The version that this one followed, None for the first."""
        names = self.versions()
        place = names.index(version) if version in names else 0
        return names[place - 1] if place else None

    def compiled(self, version: str = "") -> PolicyVersion:
        """A compiled version, the current one by default. Raises KnowledgeError for one that cannot be read."""
        name = version or self.current
        if name not in source_versions(self.path):
            known = ", ".join(source_versions(self.path))
            raise ProfileError(f"{self.policy} has no version {name!r}; it has: {known}")
        if name not in self._compiled:
            self._compiled[name] = read_version(self.path, name)
        return self._compiled[name]

    def golden(self) -> tuple[GoldenQuestion, ...]:
        """The questions that must go on being answered; none without the file."""
        return load_golden(self.path / "golden.yml")

    def questions(self) -> ExampleQuestions:
        """The written questions; none without the file."""
        return load_examples(self.path / "questions.yml")


def folder_of(root: Path, policy: str) -> PolicyFolder:
    """The folder of that policy. Raises UnknownPolicyError; the text lists those that are there."""
    if policy not in (known := [folder.name for folder in policy_folders(root)]):
        raise UnknownPolicyError(f"there is no policy {policy!r} in {root.name}; there are: {', '.join(known)}")
    return PolicyFolder(root / policy)


def all_folders(root: Path) -> list[PolicyFolder]:
    """Every policy's folder, by id."""
    return [PolicyFolder(path) for path in policy_folders(root)]


def check_frozen(folder: PolicyFolder, version: str) -> None:
    """Prove that an older version's clauses follow from its text. Its labels are what they were, and stay that way.

    Raises CompileError if they do not.
    """
    kept, profile = folder.compiled(version), folder.profile(version)
    if profile.current != version:
        return  # its own profile was not kept, so nobody can say how it was cut; its text was compared on reading
    bare = Profile(policy=folder.policy, name=profile.name, current=version, marks=profile.marks)
    cut = compile_policy(kept.source, bare, version)
    if [(clause.id, clause.span) for clause in cut.clauses] != [(clause.id, clause.span) for clause in kept.clauses]:
        raise CompileError(
            f"{folder.policy}/{version}.clauses.json does not follow from its text; "
            f"put {version}.txt, {version}.profile.yml and {version}.clauses.json back as they were published"
        )
