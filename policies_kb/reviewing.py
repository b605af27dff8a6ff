"""Who accepted which changed clause, confirmed which guess, explained which finding: `<version>.review.yml`.

The file is written by `python -m bot policy accept | confirm | explain | decide`. An acceptance is given for a clause
as it was read that day, its words and its labels (`pending.stamp`): where either changes, it has to be given again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from policies_kb.errors import ProfileError
from policies_kb.pending import Pending
from policies_kb.placing import place_file
from policies_kb.profile import read_yaml

HEAD = "# Who accepted, confirmed, explained and decided what. Written by `python -m bot policy`; docs/policies.md.\n"
SHORTEST_NAME, LONGEST_NAME, LONGEST_NOTE = 2, 80, 1000


@dataclass(frozen=True)
class Accepted:
    """A clause that may be published."""

    clause: str
    stamp: str
    by: str
    at: str
    note: str = ""


@dataclass(frozen=True)
class Confirmed:
    """A field of the profile that a person read. stamp: of its value; guesses: what was read out of the text."""

    field: str
    stamp: str
    by: str
    at: str
    guesses: list[str] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class Explained:
    """A finding of lint that is known and stays."""

    finding: str
    why: str
    by: str
    at: str


@dataclass(frozen=True)
class Decided:
    """A golden question whose answer was taken as right. kind "": the question was taken out."""

    ask: str
    kind: str
    clauses: list[str]
    by: str
    at: str
    before: str = ""  # the kind and the clauses that were wanted until then


@dataclass(frozen=True)
class Review:
    """All that was said about one version. carried: clause id -> the older clause whose labels it took over."""

    accepted: tuple[Accepted, ...] = ()
    confirmed: tuple[Confirmed, ...] = ()
    explained: tuple[Explained, ...] = ()
    decided: tuple[Decided, ...] = ()
    carried: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def accepts(self, pending: Pending) -> bool:
        """Whether somebody accepted that clause as it is now."""
        return any(one.clause == pending.clause.id and one.stamp == pending.stamp for one in self.accepted)

    def confirms(self, name: str, stamp: str) -> bool:
        """Whether somebody confirmed that field as it is now."""
        return any(one.field == name and one.stamp == stamp for one in self.confirmed)

    def explains(self, finding: str) -> bool:
        """Whether somebody explained the finding of that id."""
        return any(one.finding == finding for one in self.explained)


def checked_name(by: str) -> str:
    """The name of who says so. Raises ProfileError for what is no name."""
    name = " ".join(by.split())
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise ProfileError(f"--by needs a person's name of {SHORTEST_NAME} to {LONGEST_NAME} printable characters")
    return name


def checked_note(text: str, option: str, must: bool = False) -> str:
    """A remark as one line. Raises ProfileError for one that is too long, or missing where there must be one."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    if len(line) > LONGEST_NOTE or (must and len(line) < SHORTEST_NAME):
        raise ProfileError(f"{option} needs a sentence of at most {LONGEST_NOTE} characters")
    return line


def said_at(now: datetime) -> str:
    """The time of a signature."""
    return now.isoformat(timespec="seconds")


def load_review(path: Path, version: str) -> Review:
    """What was said about that version of the policy in `path`. Raises ProfileError for a malformed file."""
    file = path / f"{version}.review.yml"
    if not file.exists():
        return Review()
    data = read_yaml(file) or {}
    try:
        return Review(
            tuple(Accepted(**entry) for entry in data.get("accepted") or ()),
            tuple(Confirmed(**entry) for entry in data.get("confirmed") or ()),
            tuple(Explained(**entry) for entry in data.get("explained") or ()),
            tuple(Decided(**entry) for entry in data.get("decided") or ()),
            {str(new): str(old) for new, old in (data.get("carried") or {}).items()},
        )
    except (TypeError, AttributeError, ValueError) as error:
        raise ProfileError(f"{file}: is malformed ({error}); undo the last edit of it") from error


def save_review(path: Path, version: str, review: Review) -> None:
    """Write it, whole."""
    place_file(path / f"{version}.review.yml", review_text(review).encode("utf-8"))


def review_text(review: Review) -> str:
    """The file's text."""
    data: dict[str, Any] = {name: [_entry(one) for one in entries] for name, entries in _lists(review) if entries}
    if review.carried:
        data["carried"] = dict(review.carried)
    return HEAD + yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def _entry(one: Any) -> dict[str, Any]:
    """What was said, without the remarks that nobody made."""
    return {key: value for key, value in asdict(one).items() if value or key not in ("note", "guesses", "before")}


def _lists(review: Review) -> Iterable[tuple[str, Sequence[Any]]]:
    return (
        ("accepted", review.accepted),
        ("confirmed", review.confirmed),
        ("explained", review.explained),
        ("decided", review.decided),
    )


class _Plain(yaml.SafeDumper):
    """Writes no aliases: the safe reader refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def with_accepted(review: Review, pending: Sequence[Pending], by: str, note: str, now: datetime) -> Review:
    """The review with these clauses accepted as they are now."""
    name, remark = checked_name(by), checked_note(note, "--note")
    added = [Accepted(one.clause.id, one.stamp, name, said_at(now), remark) for one in pending]
    given = {one.clause for one in added}
    return replace(review, accepted=(*(one for one in review.accepted if one.clause not in given), *added))


def with_explained(review: Review, findings: Sequence[str], by: str, why: str, now: datetime) -> Review:
    """The review with these findings explained."""
    name, remark = checked_name(by), checked_note(why, "--why", must=True)
    added = [Explained(one, remark, name, said_at(now)) for one in findings]
    return replace(review, explained=(*(o for o in review.explained if o.finding not in findings), *added))
