"""The words of the vocabularies as people are told of them, in replies and in letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timezone

from tickets.vocabulary import Channel, DelayReason, RefusalReason, Regime, Right, RightOutcome, Status

RIGHT_WORDS: dict[Right, str] = {
    Right.ACCESS: "a copy of your data",
    Right.DELETION: "deletion",
    Right.CORRECTION: "correction",
    Right.PORTABILITY: "your data in a portable form",
    Right.RESTRICTION: "restricting the use of your data",
    Right.OBJECTION: "objection",
    Right.WITHDRAW_CONSENT: "withdrawing consent",
    Right.MARKETING_OPT_OUT: "no more marketing",
    Right.SALE_SHARE_OPT_OUT: "no sale or sharing of your data",
    Right.LIMIT_SENSITIVE: "limiting the use of sensitive data",
    Right.PARENTAL_REVIEW: "seeing your child's data",
    Right.PARENTAL_DELETE: "deleting your child's data",
    Right.PARENTAL_STOP_COLLECTION: "no more collection of your child's data",
    Right.COMPLAINT: "complaint",
    Right.APPEAL: "appeal",
    Right.QUESTION: "question for the support team",
}

STATUS_WORDS: dict[Status, str] = {
    Status.RECEIVED: "received",
    Status.UNVERIFIED: "waiting until it is settled that the account is yours",
    Status.VERIFIED: "accepted, waiting to be worked on",
    Status.IN_PROGRESS: "being worked on",
    Status.AWAITING_REQUESTER: "waiting for your answer to a question",
    Status.AWAITING_CONTROLLER: "waiting for the company that decides about the data",
    Status.FULFILLED: "done",
    Status.PARTLY_FULFILLED: "done in part",
    Status.DENIED: "refused",
    Status.WITHDRAWN: "withdrawn",
    Status.DUPLICATE: "closed, because another request covers the same",
    Status.REFERRED: "referred to the party that decides about the data",
    Status.EXPIRED_UNVERIFIED: "closed, because no proof came in time",
}

CHANNEL_WORDS: dict[Channel, str] = {
    Channel.WEB: "the chat on the web",
    Channel.TELEGRAM: "the chat on Telegram",
    Channel.STAFF: "the support team, who entered it for you",
}

DELAY_WORDS: dict[DelayReason, str] = {
    DelayReason.COMPLEXITY_OF_PROCESS: "the request is complex",
    DelayReason.HIGH_VOLUME_OF_PROCESSES: "very many requests came in",
    DelayReason.IDENTITY_VERIFICATION_REQUIRED: "it first has to be shown that the request is yours",
    DelayReason.INFORMATION_REQUIRED: "more information is needed to act on it",
}

REFUSAL_WORDS: dict[RefusalReason, str] = {
    RefusalReason.IDENTITY_VERIFICATION_FAILURE: "it could not be shown that the data is yours",
    RefusalReason.LEGAL_OBLIGATION_IMPAIRED: "a law obliges the company to keep or use this data",
    RefusalReason.LEGAL_CLAIM_IMPAIRED: "the data is needed for a legal claim",
    RefusalReason.CONTRACT_PERFORMANCE_NECESSARY: "the data is needed to carry out a contract with you",
    RefusalReason.LEGALLY_EXEMPTED: "a law exempts this data from the request",
    RefusalReason.LEGITIMATE_INTEREST_OVERRIDE: "the company's compelling legitimate interest outweighs the request",
    RefusalReason.THIRD_PARTY_RIGHTS_IMPAIRED: "it would harm the rights of other people",
    RefusalReason.FREEDOM_OF_EXPRESSION_IMPAIRED: "it would harm the freedom of expression and information",
    RefusalReason.FULFILMENT_IMPOSSIBLE: "it is impossible to do",
    RefusalReason.DISPROPORTIONATE_EFFORT_REQUIRED: "it would take an effort out of all proportion",
    RefusalReason.PROCESS_EXCESSIVE: "the request is excessive, for example because it repeats an earlier one",
    RefusalReason.PROCESS_UNFOUNDED: "the request is manifestly unfounded",
    RefusalReason.PROCESS_MALICIOUS: "the request is meant to do harm",
    RefusalReason.ENTITY_ALREADY_INFORMED: "you have this information already",
}

COMPLAINT_WORDS: dict[Regime, str] = {
    Regime.GDPR: "the data protection authority of the EU country in which you live or work, or where it happened",
    Regime.UK_GDPR: "the Information Commissioner of the United Kingdom (ico.org.uk)",
    Regime.CCPA: "the California Privacy Protection Agency (cppa.ca.gov) or the Attorney General of California",
    Regime.COPPA: "the Federal Trade Commission of the United States (ftc.gov)",
    Regime.FERPA: "the Student Privacy Policy Office of the US Department of Education (studentprivacy.ed.gov)",
}
OUTCOME_WORDS: dict[RightOutcome, str] = {
    RightOutcome.FULFILLED: "done",
    RightOutcome.PARTLY_FULFILLED: "done in part",
    RightOutcome.REFUSED: "not done",
}
ANY_AUTHORITY = "the authority for data protection or consumer protection where you live"

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def words_for(rights: Iterable[Right]) -> str:
    """Rights as they are spoken of."""
    return ", ".join(RIGHT_WORDS[right] for right in rights)


def authorities(regimes: Collection[Regime]) -> str:
    """Where one can complain under these laws."""
    return "; ".join(COMPLAINT_WORDS[regime] for regime in Regime if regime in regimes) or ANY_AUTHORITY


def day_in_words(day: date) -> str:
    """For example "Monday 2 March 2026"; the same under every locale of the machine."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_in_words(at: datetime) -> str:
    """For example "Saturday 31 January 2026, 12:00 UTC"; takes an aware time."""
    utc = at.astimezone(timezone.utc)
    return f"{day_in_words(utc.date())}, {utc:%H:%M} UTC"
