"""Whether a text is a privacy policy, by subjects that such texts cannot do without and by how it speaks of them.

A text about privacy, a contract or a page on cookies (the baker's or the browser's) shares some of the words. A policy
has many of the subjects, says what "we" do with what is "yours", and returns to it all the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from policies_kb.errors import SourceError

SHORTEST = 300  # characters: a policy in fewer words says nothing that could be quoted
ENOUGH = 5.0  # points of subjects
DENSE = 4.0  # occurrences of all subjects in a thousand words
ADDRESSED = 12.0  # "we", "our", "you", "your" in a thousand words; a text about policies has few of them
_ANYWAY = "give the policy itself, or say --anyway if it is one"

# Points for a subject that occurs at all. What any contract or shop has counts little, what only privacy has much.
_SUBJECTS = {
    r"personal(?:ly)?[ -](?:data|information|identifiable|details)|personally identif\w+": 2.0,
    r"privacy (?:policy|notice|statement)": 1.5,
    r"(?:we|us|our|app|site|website|service|platform)\b[^.]{0,60}\b(?:collects?|gather|process(?:es)?)\b": 1.0,
    r"your (?:personal )?(?:data|information)|information about you|user (?:data|information)": 1.0,
    r"third[ -]part(?:y|ies)|service providers?|processors?\b": 0.5,
    r"cookies?\b[^.]{0,80}\b(?:browser|website|site|use|track\w*|device)|tracking technolog\w+|analytics": 0.5,
    r"retain\w*|retention|as long as (?:necessary|needed|required)|(?:keep|store)s? (?:your|it|them|this)": 0.5,
    r"right to (?:access|erasure|object|rectif\w+|delet\w+|be forgotten)|(?:access|delete|correct\w*)[^.]{0,40}"
    r"\b(?:your|personal) (?:\w+ )?(?:data|information)": 1.0,
    r"\b(?:withdraw|your|give|obtain|without|parental)\b[^.]{0,30}\bconsent\b|opt[ -](?:out|in)\b": 0.5,
    r"data controller|data protection|controller\b|gdpr|ccpa|coppa|ferpa|hipaa": 1.0,
    r"(?:protect|secur)\w+[^.]{0,60}\b(?:data|information)\b|encrypt\w+|unauthori[sz]ed access": 0.5,
    r"(?:share|disclose|sell|rent|transfer)s?\b[^.]{0,60}\b(?:data|information)\b": 1.0,
    r"ip address\w*|device (?:identifiers?|information)|geolocation|location (?:data|information)|log data": 0.5,
    r"children\b[^.]{0,80}\b(?:data|information|collect)|under (?:the age of )?1[368]\b": 0.5,
    r"chang\w+ (?:to )?this (?:privacy )?(?:policy|notice|statement)|update this (?:privacy )?(?:policy|notice)": 0.5,
}
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), points) for pattern, points in _SUBJECTS.items()]
_ADDRESS = re.compile(r"\b(?:we|us|our|you|your|this app)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
READ = 200_000  # characters that are looked at


def check_is_policy(text: str, labels: Callable[[str], float] | None = None) -> None:
    """Refuse a text that is no privacy policy: SourceError says why.

    labels: gives the share of the text's clauses that have a topic of their own, if the caller has a labeller; a text
    that is in doubt passes where half of them have.
    """
    start = text[:READ]
    length = len(" ".join(start.split()))
    if length < SHORTEST:
        raise SourceError(f"has {length} characters, and a privacy policy has at least {SHORTEST}; {_ANYWAY}")
    points, dense, addressed = policy_score(start)
    if points >= ENOUGH and dense >= DENSE and addressed >= ADDRESSED:
        return
    if labels is not None and points >= ENOUGH / 2 and labels(text) >= 0.5:
        return
    raise SourceError(f"does not read like a privacy policy ({_missing(points, dense)}); {_ANYWAY}")


def policy_score(text: str) -> tuple[float, float, float]:
    """Points of the subjects in the text; how often they occur, and how often it says we and you, in 1,000 words."""
    thousands = max(1, sum(1 for _ in _WORD.finditer(text))) / 1000
    found = [(points, sum(1 for _ in pattern.finditer(text))) for pattern, points in _PATTERNS]
    occurrences = sum(count for _, count in found)
    addressed = sum(1 for _ in _ADDRESS.finditer(text))
    return sum(points for points, count in found if count), occurrences / thousands, addressed / thousands


def _missing(points: float, dense: float) -> str:
    if points < ENOUGH:
        return "it says little or nothing of personal data and what is done with them"
    if dense < DENSE:
        return "it speaks of personal data only in passing"
    return "it speaks about privacy, but not of what “we” do with “your” data"
