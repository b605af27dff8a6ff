"""What a release is made of, and how that is written down so that one changed byte shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from policies_kb.errors import DamagedError, ReleaseError

FORMAT = 1
BLOCK = 1 << 20


@dataclass(frozen=True)
class ModelFile:
    """The trained model. name: what it was trained from (bot.training); code: the product's code that made it."""

    name: str
    sha256: str
    code: str


@dataclass(frozen=True)
class PolicyFile:
    """The archive of one policy's folder. current: the version that its answers come from."""

    sha256: str
    current: str


@dataclass(frozen=True)
class Draft:
    """A release that has no number yet."""

    by: str
    why: str
    model: ModelFile
    policies: Mapping[str, PolicyFile]

    @property
    def files(self) -> frozenset[str]:
        """The SHA-256 of every file it needs."""
        return frozenset([self.model.sha256, *(policy.sha256 for policy in self.policies.values())])


@dataclass(frozen=True)
class Manifest:
    """A release. by: the person who published it."""

    number: int
    made_at: datetime
    by: str
    why: str
    model: ModelFile
    policies: Mapping[str, PolicyFile]

    @classmethod
    def of(cls, draft: Draft, number: int, now: datetime) -> "Manifest":
        """The release that the draft becomes."""
        return cls(number, now, draft.by, draft.why, draft.model, dict(draft.policies))

    @property
    def files(self) -> frozenset[str]:
        """The SHA-256 of every file it needs."""
        return Draft(self.by, self.why, self.model, self.policies).files

    def to_json(self) -> str:
        """As it is kept; the same release always gives the same text."""
        data = {
            "format": FORMAT,
            "number": self.number,
            "made_at": self.made_at.isoformat(),
            "by": self.by,
            "why": self.why,
            "model": asdict(self.model),
            "policies": {policy: asdict(self.policies[policy]) for policy in sorted(self.policies)},
        }
        return json.dumps(data, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, sha256: str) -> "Manifest":
        """Raises DamagedError unless it is the text of that checksum, ReleaseError for one of another product."""
        if digest(text.encode("utf-8")) != sha256:
            raise DamagedError("the list of a release's files was changed after publishing; publish or roll back again")
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise ReleaseError("this release was made by a newer version of the product; upgrade this process too")
        return cls(
            number=int(data["number"]),
            made_at=datetime.fromisoformat(data["made_at"]),
            by=str(data["by"]),
            why=str(data["why"]),
            model=ModelFile(**data["model"]),
            policies={str(policy): PolicyFile(**entry) for policy, entry in data["policies"].items()},
        )


def digest(content: bytes) -> str:
    """SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises ReleaseError if it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(BLOCK), b""):
                found.update(block)
    except OSError as error:
        raise ReleaseError(f"{path.name}: cannot be read ({error.strerror})") from error
    return found.hexdigest()


def verified(path: Path, sha256: str) -> Path:
    """The file itself. Raises DamagedError unless it has that checksum."""
    if digest_of(path) != sha256:
        raise DamagedError(
            f"{path}: is not the file that was published (its SHA-256 differs), so it is not used; "
            "put it back from a backup, or publish again"
        )
    return path


def sealed(data: Any) -> str:
    """Plain data as a text whose first line is the checksum of the rest."""
    body = json.dumps(data, ensure_ascii=False, indent=1)
    return f"{digest(body.encode('utf-8'))}\n{body}\n"


def unsealed(content: bytes, name: str) -> Any:
    """The data of a sealed text. Raises DamagedError, naming the file, unless it is whole."""
    first, _, rest = content.partition(b"\n")
    if digest(rest[:-1]) != first.decode("ascii", "replace") or not rest.endswith(b"\n"):
        raise DamagedError(f"{name}: was changed or cut (its checksum differs); put it back from a backup")
    return json.loads(rest)
