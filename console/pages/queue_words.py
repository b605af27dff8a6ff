"""What the queue and the page of a request say in words: time left, who has it, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from tickets.queue import View
from tickets.vocabulary import CLOSED, Channel, EvidenceKind, Regime, Right, Status

if TYPE_CHECKING:
    from tickets.staff import Member

SOON_DAYS = 7

VIEW_WORDS: dict[View, str] = {
    View.OVERDUE: "Overdue",
    View.DUE_TODAY: "Due today",
    View.DUE_SOON: "Due soon",
    View.UNASSIGNED: "Unassigned",
    View.MINE: "Mine",
    View.AWAITING_REQUESTER: "Awaiting requester",
    View.UNVERIFIED: "Unverified",
    View.REFERRED: "Referred",
    View.ALL_OPEN: "All open",
    View.CLOSED: "Closed",
}
"""The saved views, in the order in which they are looked at."""

EMPTY_WORDS: dict[View, str] = {
    View.OVERDUE: "Nothing is overdue.",
    View.DUE_TODAY: "Nothing more is due today.",
    View.DUE_SOON: "Nothing is due in the next seven days.",
    View.UNASSIGNED: "Somebody has taken every open request.",
    View.MINE: "You have no open requests. Take one from “Unassigned”.",
    View.AWAITING_REQUESTER: "No requester owes an answer.",
    View.UNVERIFIED: "Every open request is settled as to who asks.",
    View.REFERRED: "Nothing was referred in the last month.",
    View.ALL_OPEN: "No request is open.",
    View.CLOSED: "No request is closed yet.",
}

STATUS_FOR_STAFF: dict[Status, str] = {
    Status.RECEIVED: "received",
    Status.UNVERIFIED: "unverified",
    Status.VERIFIED: "verified",
    Status.IN_PROGRESS: "in progress",
    Status.AWAITING_REQUESTER: "awaiting requester",
    Status.AWAITING_CONTROLLER: "awaiting controller",
    Status.FULFILLED: "fulfilled",
    Status.PARTLY_FULFILLED: "partly fulfilled",
    Status.DENIED: "refused",
    Status.WITHDRAWN: "withdrawn",
    Status.DUPLICATE: "duplicate",
    Status.REFERRED: "referred",
    Status.EXPIRED_UNVERIFIED: "expired unverified",
}

RIGHT_FOR_STAFF: dict[Right, str] = {
    Right.ACCESS: "copy of the data",
    Right.DELETION: "deletion",
    Right.CORRECTION: "correction",
    Right.PORTABILITY: "portable copy",
    Right.RESTRICTION: "restriction",
    Right.OBJECTION: "objection",
    Right.WITHDRAW_CONSENT: "consent withdrawn",
    Right.MARKETING_OPT_OUT: "no marketing",
    Right.SALE_SHARE_OPT_OUT: "no sale or sharing",
    Right.LIMIT_SENSITIVE: "limit sensitive data",
    Right.PARENTAL_REVIEW: "parent: see data",
    Right.PARENTAL_DELETE: "parent: deletion",
    Right.PARENTAL_STOP_COLLECTION: "parent: stop collection",
    Right.COMPLAINT: "complaint",
    Right.APPEAL: "appeal",
    Right.QUESTION: "question",
}

CHANNEL_FOR_STAFF: dict[Channel, str] = {
    Channel.WEB: "web chat",
    Channel.TELEGRAM: "Telegram",
    Channel.STAFF: "entered by staff",
}

REGIME_WORDS: dict[Regime, str] = {
    Regime.GDPR: "GDPR",
    Regime.UK_GDPR: "UK GDPR",
    Regime.CCPA: "CCPA",
    Regime.COPPA: "COPPA",
    Regime.FERPA: "FERPA",
}

EVIDENCE_WORDS: dict[EvidenceKind, str] = {
    EvidenceKind.STAFF_RECORD_MATCH: "What they told agrees with our records of the account",
    EvidenceKind.MAILBOX_CONTROL: "They answered from the mailbox that is on file",
    EvidenceKind.LOGIN_TOKEN: "They logged in to the account while we were in touch, and we saw it",
    EvidenceKind.NOT_REQUIRED: "No proof is needed for this right",
}

ACTION_WORDS: dict[str, str] = {
    "opened": "filed",
    "shown_mailbox_control": "showed control of the mailbox",
    "shown_login_token": "was logged in at the company's site",
    "shown_staff_record_match": "compared with the records: agrees",
    "verified": "settled who asks",
    "started": "began the work",
    "asked": "asked the requester",
    "heard": "the requester answered",
    "controller_asked": "turned to the controller",
    "controller_heard": "the controller answered",
    "extended": "took the longer period",
    "approved": "approved as the second person",
    "fulfilled": "fulfilled",
    "partly_fulfilled": "fulfilled in part",
    "refused": "refused",
    "referred": "referred to another party",
    "linked": "linked to another request",
    "contact_revealed": "looked at the contact data",
    "code_sent": "sent a code",
    "code_tries_used_up": "used up the tries for a code",
    "reach_code_sent": "sent a code for another conversation",
    "reach_granted": "opened the request to another conversation",
    "expired": "closed, because no proof came in time",
    "pseudonymised": "removed the person from the record",
    "stopped": "stopped by the link in the mail",
    "withdrawn": "taken back",
    "claimed": "took the request",
    "assigned": "assigned the request",
    "released": "gave the request back",
    "noted": "wrote an internal note",
    "replied": "replied to the person",
    "answered": "the person answered",
    "staff_added": "added a member of staff",
    "staff_reset": "gave a new first password to",
    "staff_disabled": "let in no more",
    "staff_enabled": "let in again",
    "staff_role_set": "gave another role to",
    "example_added": "made an example of a question",
    "finding_dismissed": "dismissed a question",
    "letter_tried_again": "let a letter be sent once more",
    "arrival_tried_again": "let a message be worked on once more",
    "policy_clauses_accepted": "accepted changed clauses of",
    "policy_fields_confirmed": "confirmed what a program had read in",
    "policy_findings_explained": "explained a finding about",
    "policy_questions_decided": "decided golden questions of",
    "policy_label_changed": "mended what a clause is about, of",
    "policy_add_begun": "began to take in",
    "policy_update_begun": "began to take in the next version of",
    "policy_profile_begun": "began to save the profile of",
    "policy_publish_begun": "asked for the publication of",
    "policy_withdraw_begun": "asked to take out",
    "policy_rollback_begun": "asked for an earlier release, from the page of",
    "entered": "entered what came by phone, mail or letter",
}

_ACTORS = {
    "requester": "the person",
    "policy": "the rules",
    "site": "the company's site",
    "service": "the desk",
    "retention": "the desk's keeping times",
    "system": "the desk",
    "operator": "somebody at the command line",
}


@dataclass(frozen=True)
class TimeLeft:
    """How long there is. tone: late, today, soon, calm or closed; the words say the same, so colour is an extra."""

    words: str
    tone: str


def time_left(days: int, status: Status) -> TimeLeft:
    """For example "2 days left", "3 days overdue"; nothing is left of a closed request's time."""
    if status in CLOSED:
        return TimeLeft("closed", "closed")
    if days < 0:
        return TimeLeft(f"{_days(-days)} overdue", "late")
    if days == 0:
        return TimeLeft("due today", "today")
    return TimeLeft(f"{_days(days)} left", "soon" if days <= SOON_DAYS else "calm")


def days_until(day: date, now: datetime) -> int:
    """Whole days from today, in UTC as the due dates are."""
    return (day - now.astimezone(timezone.utc).date()).days


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"


class Names:
    """Who a stored id is, for the pages. Staff are shown by their login."""

    def __init__(self, members: "Iterable[Member]") -> None:
        self.members = tuple(members)
        self._logins: Mapping[str, str] = {member.id: member.login for member in self.members}

    def of(self, staff_id: str) -> str:
        """A member's login; an id that is none of theirs as it is."""
        return self._logins.get(staff_id) or _ACTORS.get(staff_id) or staff_id

    def listed(self, staff_ids: Iterable[str]) -> str:
        """Several, with commas."""
        return ", ".join(self.of(staff_id) for staff_id in staff_ids)


def action_words(action: str) -> str:
    """What an entry of the trail tells; an action that this list does not know yet by its own name."""
    return ACTION_WORDS.get(action) or action.replace("_", " ")
