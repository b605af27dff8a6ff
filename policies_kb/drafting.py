"""What can be read in a policy's own words for its profile: each a guess, with the clause it rests on, to be confirmed.

Nothing here is sure, and nothing is left out for that: a person confirms or mends every guess before the policy can be
published.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from policies_kb import facts
from policies_kb.model import Clause, PolicyVersion, Span
from policies_kb.sentences import sentences

LONGEST_CONTROLLER = 400  # characters of the sentence that says who decides
NEAR = 45  # characters in which a date follows "last updated"
LEGAL_FORMS = re.compile(r",?\s+(?:inc|ltd|llc|gmbh|limited|corp|corporation|plc|s\.?a|b\.?v|ag|oü)\.?$", re.I)
MONTHS = tuple(month.lower() for month in calendar.month_name[1:])
_MONTH = "|".join(f"{month}|{month[:3]}" for month in MONTHS) + "|sept"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    re.compile(r"(?P<year>20\d{2})-(?P<number>\d{2})(?:-(?P<day>\d{2}))?(?!\d)"),
    re.compile(rf"(?P<month>{_MONTH})\.? {_DAY},? (?P<year>20\d{{2}})", re.I),
    re.compile(rf"{_DAY}\.? (?:of )?(?P<month>{_MONTH})\.?,? (?P<year>20\d{{2}})", re.I),
    re.compile(rf"(?P<month>{_MONTH})\.?,? (?P<year>20\d{{2}})", re.I),
    re.compile(r"(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>20\d{2})"),
]
# Two readings of 03/04/2026 are possible, so dates with strokes are not read at all.
_DATED = re.compile(
    r"\b(?:last (?:updated|revised|modified|changed)|effective(?: date| as of| from)?|(?:in|into) (?:force|effect)|"
    r"updated|revised|as of|version of|takes effect)\b",
    re.I,
)
REGIMES = {
    "uk_gdpr": re.compile(r"\bUK[ -]GDPR\b|\bUK General Data Protection|\bData Protection Act 2018\b"),
    "gdpr": re.compile(r"(?<!UK )(?<!UK-)\bGDPR\b|(?<!UK )\bGeneral Data Protection Regulation\b|\b2016/679\b"),
    "ccpa": re.compile(r"\bCCPA\b|\bCPRA\b|\bCalifornia (?:Consumer Privacy|Privacy Rights) Act\b"),
    "coppa": re.compile(r"\bCOPPA\b|\bChildren['’]s Online Privacy Protection\b"),
    "ferpa": re.compile(r"\bFERPA\b|\bFamily Educational Rights and Privacy\b"),
}
_GRANTS = re.compile(
    r"\b(?:rights?|entitled|you (?:may|can)|request|ask (?:us|for)|opt[ -]?out|withdraw|lodge|complain)\b", re.I
)
RIGHTS = {
    "access": r"\b(?:right (?:to|of) access|access (?:to )?(?:your|the|any|their)? ?(?:personal )?(?:data|information)|"
    r"copy of (?:your|the|any|all))",
    "deletion": r"\b(?:eras(?:e|ure)|be forgotten|delet(?:e|ed|ion))\b",
    "correction": r"\b(?:rectif(?:y|ied|ication)|correct(?:ion|ed|ing)?|updat(?:e|ed) (?:your|inaccurate))\b",
    "portability": r"\bportab(?:le|ility)\b|\bmachine[- ]readable\b",
    "restriction": r"\brestrict(?:ion|ed)?\b[^.;]{0,30}\b(?:process|use)|\bright to restrict",
    "objection": r"\b(?:right to )?object(?:ion)? to\b|\bright to object\b",
    "withdraw_consent": r"\bwithdraw\w*\b[^.;]{0,30}\bconsent|\brevoke\b[^.;]{0,30}\bconsent",
    "marketing_opt_out": r"\b(?:unsubscribe|opt[ -]?out)\b[^.;]{0,80}\b(?:marketing|newsletters?|e-?mails?|promotion)",
    "sale_share_opt_out": r"\bdo not sell\b|\bopt[ -]?out\b[^.;]{0,40}\b(?:sale|selling|sharing)\b",
    "limit_sensitive": r"\blimit\b[^.;]{0,40}\bsensitive\b",
    "complaint": r"\b(?:lodge|file|make|submit)\b[^.;]{0,20}\bcomplaint\b|\bsupervisory authority\b",
}
_RIGHTS = {name: re.compile(pattern, re.I) for name, pattern in RIGHTS.items()}
_NO_LAW = re.compile(r"\b(?:not (?:subject to|apply|covered)|does not apply|do not apply|exempt)\b", re.I)
_CONTROLLER = re.compile(r"\b(?:data )?controller\b", re.I)
_IS_CONTROLLER = re.compile(r"\b(?:is|are|as|acts? as|called|the) (?:a |an |the )?(?:[\"“])?(?:data )?controller", re.I)
_LOCAL_PHONE = re.compile(r"(?<![\w(+])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
# Lines of a web page around the policy: short, and meaning nothing in a policy.
_ASIDE = re.compile(
    r"(?:skip to (?:main )?content|(?:©|\(c\)|copyright ©).{0,80}|all rights reserved\.?|"
    r"(?:accept|reject|allow) (?:all )?cookies|cookie settings|back to top|share this page|print this page|menu|"
    r"(?:home|about|blog|pricing|contact|log ?in|sign ?(?:in|up))(?: *[|·•>] *[\w ]{2,20}){2,})",
    re.I,
)


@dataclass(frozen=True)
class Guess:
    """Something that was read. field: of the profile it belongs to; clause: the id of the one it stands in."""

    field: str
    value: str
    clause: str


@dataclass(frozen=True)
class Guesses:
    """All that was read in one version."""

    found: tuple[Guess, ...]
    effective: date | None
    version: str  # a name for the version, from its date; "" without one
    asides: tuple[str, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """What was read for one field, each once."""
        return tuple(dict.fromkeys(guess.value for guess in self.found if guess.field == name))


def guesses(version: PolicyVersion) -> Guesses:
    """Everything that can be read in this version, each once, with the first clause that says it."""
    found = [guess for clause in version.clauses for guess in _of_clause(clause)]
    controller = _controller(version.clauses)
    dated = _dated(version)
    if dated:
        found.append(Guess("effective", dated[0].isoformat(), dated[2]))
    found += [controller] if controller else []
    return Guesses(
        tuple({(guess.field, guess.value): guess for guess in reversed(found)}.values())[::-1],
        dated[0] if dated else None,
        dated[1] if dated else "",
        asides(version.source),
    )


def asides(source: str) -> tuple[str, ...]:
    """Lines that certainly are no policy text."""
    return _unique(line.strip() for line in source.splitlines() if _ASIDE.fullmatch(line.strip()))


def _of_clause(clause: Clause) -> Iterable[Guess]:
    text = clause.text
    contacts = [*facts.contacts(text), *(one for one in _LOCAL_PHONE.findall(text) if one not in _joined(text))]
    yield from (Guess("contact", one.rstrip("."), clause.id) for one in contacts)
    yield from (Guess("regimes", name, clause.id) for name in _regimes(text))
    yield from (Guess("ages", str(age), clause.id) for age in facts.ages(text))
    yield from (Guess("periods", period, clause.id) for period in clause.periods)
    yield from (Guess("rights", name, clause.id) for name in _granted(clause))


def _joined(text: str) -> str:
    """The international numbers of the text: a local one inside them is none."""
    return " ".join(facts.contacts(text))


def _regimes(text: str) -> list[str]:
    said = [span.of(text) for span in sentences(text, Span(0, len(text)))] or [text]
    claimed = " ".join(sentence for sentence in said if not _NO_LAW.search(sentence))
    return [name for name, pattern in REGIMES.items() if pattern.search(claimed)]


def _granted(clause: Clause) -> list[str]:
    """The rights that the clause grants, judged by its words and those of the line that introduces it."""
    said = f"{clause.lead_text} {clause.text}"
    if not (_GRANTS.search(said) or re.search(r"\brights?\b", clause.section, re.I)):
        return []
    return [name for name, pattern in _RIGHTS.items() if pattern.search(clause.text)]


def _controller(clauses: Iterable[Clause]) -> Guess | None:
    """The sentence that says who the controller is; the first that only speaks of one, where none says it."""
    found = [
        (not _IS_CONTROLLER.search(sentence), Guess("controller", sentence, clause.id))
        for clause in clauses
        for sentence in (span.of(clause.text) for span in sentences(clause.text, Span(0, len(clause.text))))
        if _CONTROLLER.search(sentence) and len(sentence) <= LONGEST_CONTROLLER
    ]
    found = [(rank, Guess(one.field, " ".join(one.value.split()), one.clause)) for rank, one in found]
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _dated(version: PolicyVersion) -> tuple[date, str, str] | None:
    """The date from which the text holds, the name it gives the version, and the clause (or "") it stands in."""
    for match in _DATED.finditer(version.source):
        near = version.source[match.end() : match.end() + NEAR]
        read = next((read for pattern in _DATES if (found := pattern.search(near)) and (read := _date(found))), None)
        if read:
            at = match.start()
            clause = next((c.id for c in version.clauses if c.span.start <= at < c.span.end), "")
            return (*read, clause)
    return None


def _date(found: re.Match[str]) -> tuple[date, str] | None:
    parts = found.groupdict()
    name = (parts.get("month") or "")[:3].lower()
    month = int(parts.get("number") or 0) or 1 + [known[:3] for known in MONTHS].index(name)
    day = parts.get("day")
    try:
        read = date(int(parts["year"]), month, int(day or 1))
    except ValueError:
        return None
    return read, read.isoformat() if day else read.isoformat()[:7]


def _unique(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))
