"""What a request's policy says about what is asked for, and what may be cited when it is decided."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.pages.queue_words import RIGHT_FOR_STAFF
from policies_kb.errors import KnowledgeError
from policies_kb.model import Clause, PolicyVersion, Stance
from policies_kb.topics import TOPIC_OF_RIGHT, Topic
from tickets.vocabulary import Regime, Right

if TYPE_CHECKING:
    from policies_kb.knowledge import KnowledgeBase, Policy
    from tickets.model import Details

MOST_CLAUSES = 4

_LAWS: dict[Regime, tuple[str, ...]] = {
    Regime.GDPR: (
        "GDPR Art. 12(5): manifestly unfounded or excessive",
        "GDPR Art. 12(6): identity could not be confirmed",
        "GDPR Art. 15(4): rights and freedoms of others",
        "GDPR Art. 17(3)(b): legal obligation to keep the data",
        "GDPR Art. 17(3)(e): legal claims",
        "GDPR Art. 21(1): compelling legitimate grounds",
    ),
    Regime.UK_GDPR: (
        "UK GDPR Art. 12(5): manifestly unfounded or excessive",
        "UK GDPR Art. 12(6): identity could not be confirmed",
        "UK GDPR Art. 17(3)(b): legal obligation to keep the data",
        "UK GDPR Art. 17(3)(e): legal claims",
    ),
    Regime.CCPA: (
        "Cal. Civ. Code 1798.105(d): data that is still needed",
        "Cal. Civ. Code 1798.145: exemptions",
        "11 CCR 7062: identity could not be verified",
    ),
    Regime.COPPA: ("16 CFR 312.6: not shown to be the parent",),
    Regime.FERPA: ("34 CFR 99.10: the school decides",),
}


@dataclass(frozen=True)
class ClauseQuote:
    """A clause, word for word. link: its place on the public page; denies: it says that something is not so."""

    section: str
    text: str
    link: str
    denies: bool


@dataclass(frozen=True)
class OnRight:
    """What the policy says on one right; no quotes: it is silent."""

    right: str
    quotes: tuple[ClauseQuote, ...]


@dataclass(frozen=True)
class PolicySays:
    """version: the one that the quotes are from; is_older: a newer one counts now. None of both: not here any more."""

    name: str
    version: str
    is_older: bool
    contact: tuple[str, ...]
    controller: str
    other_party: str
    on: tuple[OnRight, ...]


def policy_says(knowledge: "KnowledgeBase", details: "Details", public_url: str) -> PolicySays | None:
    """In the version under which the request was filed, where it is still here. None for a policy that is gone."""
    found = _policy(knowledge, details.summary.policy)
    if found is None:
        return None
    version = found.versions.get(details.policy_version, found.current)
    profile = found.profile_of(version.version)  # as it was then
    return PolicySays(
        name=found.profile.name,
        version=version.version,
        is_older=version.version != found.current.version,
        contact=profile.contact,
        controller=profile.controller,
        other_party=profile.referral.who if profile.referral else "",
        on=tuple(_on(right, version, public_url) for right in details.summary.rights if right.value in TOPIC_OF_RIGHT),
    )


def bases(knowledge: "KnowledgeBase", details: "Details") -> list[str]:
    """What a refusal may rest on, to choose from: the laws of the request, then clauses of the policy."""
    laws = [law for regime in details.regimes for law in _LAWS[regime]]
    says = policy_says(knowledge, details, "")
    sections = [quote.section for one in says.on for quote in one.quotes if quote.section] if says else []
    clauses = [f"{says.name} privacy policy of {says.version}, “{section}”" for section in sections] if says else []
    return [basis for basis in dict.fromkeys([*laws, *clauses]) if len(basis) <= 200]


def _policy(knowledge: "KnowledgeBase", policy: str) -> "Policy | None":
    try:
        return knowledge.get(policy)
    except KnowledgeError:
        return None


def _on(right: Right, version: PolicyVersion, public_url: str) -> OnRight:
    topic = TOPIC_OF_RIGHT[right.value]
    quotes = tuple(_quote(clause, topic, version, public_url) for clause in _about(topic, version.clauses))
    return OnRight(RIGHT_FOR_STAFF[right], quotes)


def _about(topic: Topic, clauses: Collection[Clause]) -> list[Clause]:
    """The clauses that answer on that topic, the best first; those that only touch it are left out."""
    ranked = [(clause.rank_of(topic), clause.span.start, clause) for clause in clauses]
    answering = sorted((one for one in ranked if one[0] in (1, 2)), key=lambda one: one[:2])
    return [clause for *_, clause in answering][:MOST_CLAUSES]


def _quote(clause: Clause, topic: Topic, version: PolicyVersion, public_url: str) -> ClauseQuote:
    link = f"{public_url.rstrip('/')}/p/{version.policy}/{version.version}#{clause.id}"
    return ClauseQuote(clause.section, clause.text, link, clause.stance_on(topic) is Stance.DENIES)
