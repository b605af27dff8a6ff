"""What a person has to look at before a version is published: clauses and fields that are not as published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from policies_kb.comparing import Change, Compared, compare
from policies_kb.lint import Finding
from policies_kb.model import Clause
from policies_kb.profile import Profile

FIELDS = {  # of the profile, as they are called in its file; what is said to people depends on them
    "name": "name",
    "contact": "contact",
    "regimes": "regimes",
    "controller": "controller",
    "effective": "effective",
    "referral": "referral",
    "conditions": "conditions",
    "conflicts": "conflicts",
    "help": "helps",
}

LABELS = "labels changed"


@dataclass(frozen=True)
class Pending:
    """A clause that has to be accepted. change: what became of it; LABELS where only its reading changed."""

    clause: Clause
    change: str
    stamp: str
    before: Clause | None = None


def stamp(clause: Clause) -> str:
    """Changes with the clause's words and with its reading: topics, stances, audience, rights."""
    topics = sorted(f"{label.topic.value}:{label.rank}" for label in clause.labels)
    stances = sorted(f"{topic.value}:{stance.value}" for topic, stance in clause.stances.items())
    return digest("|".join([clause.id, clause.text, *topics, *stances, clause.audience, *clause.rights]))


def digest(text: str) -> str:
    """Twelve hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def pending_clauses(published: Compared | None, folder: Compared) -> list[Pending]:
    """The clauses that differ from the published version, in the order of the text; all of a first version."""
    now = folder[1]
    if published is None:
        return [Pending(clause, Change.ADDED.value, stamp(clause)) for clause in now.clauses]
    found: dict[str, Pending] = {}
    for one in compare(published, folder).clauses:
        if one.new is None and one.old is not None:
            found[one.old.id] = Pending(one.old, one.change.value, f"without {stamp(one.old)}", one.old)
        elif one.new is not None and one.change in (Change.REWORDED, Change.ADDED):
            found.setdefault(one.new.id, Pending(one.new, one.change.value, stamp(one.new), one.old))
        elif one.new is not None and one.old is not None and stamp(one.new) != stamp(one.old):
            found[one.new.id] = Pending(one.new, LABELS, stamp(one.new), one.old)
    return list(found.values())


def field_stamp(profile: Profile, name: str, carried: Mapping[str, str]) -> str:
    """Changes with the field's value; a clause whose successor was carried over counts as the same clause."""
    text = repr(getattr(profile, FIELDS[name]))
    for new, old in carried.items():
        text = text.replace(f"'{new}'", f"'{old}'")
    return digest(text)


def changed_fields(published: Profile, profile: Profile, carried: Mapping[str, str]) -> list[str]:
    """The fields whose value is another than in the published profile."""
    return [name for name in FIELDS if field_stamp(published, name, {}) != field_stamp(profile, name, carried)]


def finding_id(finding: Finding) -> str:
    """A finding's name: the same as long as the same is found."""
    kind = finding.kind.value.replace(" ", "-")
    return f"{kind}-{digest(f'{finding.kind.value}: {finding.text}')[:6]}"
