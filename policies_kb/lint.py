"""What is wrong with a policy itself: contradictions, differing ages, references to nothing, two addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from policies_kb import facts
from policies_kb.model import Clause, PieceKind, PolicyVersion, Stance
from policies_kb.profile import Profile
from policies_kb.topics import Topic


class FindingKind(str, Enum):
    """The kinds of findings."""

    CONTRADICTION = "contradiction"
    AGES = "ages differ"
    REFERENCE = "dangling reference"
    CONTACTS = "several contact addresses"
    NO_CONTACT = "no contact address"


@dataclass(frozen=True)
class Finding:
    """One finding with the clauses that show it."""

    kind: FindingKind
    text: str
    clauses: tuple[Clause, ...]


def findings(version: PolicyVersion, profile: Profile) -> list[Finding]:
    """All findings, in the order of FindingKind. Topics that the profile calls conditional are not contradictions."""
    depending = {topic for condition in profile.conditions for topic in condition.topics}
    return [
        *_contradictions(version, depending),
        *_ages(version),
        *_references(version),
        *_contacts(version),
    ]


_ABSOLUTE = re.compile(r"\b(?:never|does not|do not|don['’]t|not)\b", re.IGNORECASE)


def _contradictions(version: PolicyVersion, depending: set[Topic]) -> list[Finding]:
    """A topic that one clause denies outright while another, about the same thing, states it."""
    found = []
    for topic in (topic for topic in Topic if topic not in depending):
        denying = [c for c in version.clauses if c.rank_of(topic) in (1, 2) and c.stance_on(topic) is Stance.DENIES]
        stating = [c for c in version.clauses if c.rank_of(topic) == 1 and c.stance_on(topic) is Stance.STATES]
        pairs = [(no, yes) for no in denying for yes in stating if _same_scope(no, yes) and _ABSOLUTE.search(no.text)]
        if pairs:
            found.append(Finding(FindingKind.CONTRADICTION, f"on {topic.phrase}", _unique(pairs)))
    return found


def _unique(pairs: list[tuple[Clause, Clause]]) -> tuple[Clause, ...]:
    seen = {clause.id: clause for pair in pairs[:3] for clause in pair}
    return tuple(seen.values())


def _same_scope(no: Clause, yes: Clause) -> bool:
    """Clauses of different audiences (app and web) do not contradict each other: the answer depends."""
    return no.id != yes.id and (not no.audience or not yes.audience or no.audience == yes.audience)


def _ages(version: PolicyVersion) -> list[Finding]:
    naming = [(clause, facts.ages(clause.text)) for clause in version.clauses]
    ages = sorted({age for _, found in naming for age in found})
    if len(ages) < 2:
        return []
    clauses = tuple(clause for clause, found in naming if found)
    return [Finding(FindingKind.AGES, " and ".join(map(str, ages)), clauses)]


def _references(version: PolicyVersion) -> list[Finding]:
    """References to numbered sections that no heading has."""
    headings = [p.span.of(version.source) for p in version.pieces if p.kind is PieceKind.HEADING]
    numbers = {match[1] for title in headings if (match := re.match(r"\s*(\d{1,2}(?:\.\d+)?)[.) ]", title))}
    found = []
    for clause in version.clauses:
        dangling = [number for number in facts.section_references(clause.text) if number not in numbers]
        outside = re.search(
            r"\bsection \d+(?:\(|[^.;]{0,40}\b(?:act|regulations?|code|ccpa|gdpr)\b)", clause.text, re.I
        )
        if dangling and not outside:
            found.append(Finding(FindingKind.REFERENCE, f"section {', '.join(dangling)} does not exist", (clause,)))
    return found


def _contacts(version: PolicyVersion) -> list[Finding]:
    naming = [(clause, [one for one in clause.contacts if "@" in one]) for clause in version.clauses]
    addresses = sorted({address for _, found in naming for address in found})
    clauses = tuple(clause for clause, found in naming if found)
    if len(addresses) > 1:
        return [Finding(FindingKind.CONTACTS, " and ".join(addresses), clauses)]
    if not addresses:
        return [Finding(FindingKind.NO_CONTACT, "the policy names no e-mail address", ())]
    return []
