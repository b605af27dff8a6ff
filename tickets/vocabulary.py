"""The closed vocabularies of requests. The values are what is stored, printed and exchanged."""

from __future__ import annotations

from enum import Enum


class Right(str, Enum):
    """What a person may ask for. `question`: one the policy is silent on, or a talk to a person."""

    ACCESS = "access"
    DELETION = "deletion"
    CORRECTION = "correction"
    PORTABILITY = "portability"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    WITHDRAW_CONSENT = "withdraw_consent"
    MARKETING_OPT_OUT = "marketing_opt_out"
    SALE_SHARE_OPT_OUT = "sale_share_opt_out"
    LIMIT_SENSITIVE = "limit_sensitive"
    PARENTAL_REVIEW = "parental_review"
    PARENTAL_DELETE = "parental_delete"
    PARENTAL_STOP_COLLECTION = "parental_stop_collection"
    COMPLAINT = "complaint"
    APPEAL = "appeal"
    QUESTION = "question"


class Status(str, Enum):
    """Where a request stands. `referred`: another party is the controller."""

    RECEIVED = "received"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    IN_PROGRESS = "in_progress"
    AWAITING_REQUESTER = "awaiting_requester"
    AWAITING_CONTROLLER = "awaiting_controller"
    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    REFERRED = "referred"
    EXPIRED_UNVERIFIED = "expired_unverified"


OPEN = frozenset(
    {
        Status.RECEIVED,
        Status.UNVERIFIED,
        Status.VERIFIED,
        Status.IN_PROGRESS,
        Status.AWAITING_REQUESTER,
        Status.AWAITING_CONTROLLER,
    }
)
CLOSED = frozenset(Status) - OPEN
AT_WORK = OPEN - {Status.RECEIVED, Status.UNVERIFIED}
"""Statuses that a request reaches only once the question of identity is settled."""
EXECUTED = frozenset({Status.FULFILLED, Status.PARTLY_FULFILLED})
"""Statuses that say something was done with a person's data: the identity gate stands before them."""


class DelayReason(str, Enum):
    """Why an answer takes longer (W3C DPV 2.3)."""

    COMPLEXITY_OF_PROCESS = "ComplexityOfProcess"
    HIGH_VOLUME_OF_PROCESSES = "HighVolumeOfProcesses"
    IDENTITY_VERIFICATION_REQUIRED = "IdentityVerificationRequired"
    INFORMATION_REQUIRED = "InformationRequired"


class RefusalReason(str, Enum):
    """Why a request is not fulfilled (W3C DPV 2.3)."""

    IDENTITY_VERIFICATION_FAILURE = "IdentityVerificationFailure"
    LEGAL_OBLIGATION_IMPAIRED = "LegalObligationImpaired"
    LEGAL_CLAIM_IMPAIRED = "LegalClaimImpaired"
    CONTRACT_PERFORMANCE_NECESSARY = "ContractPerformanceNecessary"
    LEGALLY_EXEMPTED = "LegallyExempted"
    LEGITIMATE_INTEREST_OVERRIDE = "LegitimateInterestOverride"
    THIRD_PARTY_RIGHTS_IMPAIRED = "ThirdPartyRightsImpaired"
    FREEDOM_OF_EXPRESSION_IMPAIRED = "FreedomOfExpressionImpaired"
    FULFILMENT_IMPOSSIBLE = "FulfilmentImpossible"
    DISPROPORTIONATE_EFFORT_REQUIRED = "DisproportionateEffortRequired"
    PROCESS_EXCESSIVE = "ProcessExcessive"
    PROCESS_UNFOUNDED = "ProcessUnfounded"
    PROCESS_MALICIOUS = "ProcessMalicious"
    ENTITY_ALREADY_INFORMED = "EntityAlreadyInformed"


class RightOutcome(str, Enum):
    """What became of one right of a request that was done in part; a right itself may be done in part too."""

    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    REFUSED = "refused"


class Regime(str, Enum):
    """A law whose clock a policy's profile names. No regime at all: the operator's own target."""

    GDPR = "gdpr"
    UK_GDPR = "uk_gdpr"
    CCPA = "ccpa"
    COPPA = "coppa"
    FERPA = "ferpa"


class Channel(str, Enum):
    """How a request reached us. `staff`: entered in the console for someone who wrote or called."""

    WEB = "web"
    TELEGRAM = "telegram"
    STAFF = "staff"


class ContactKind(str, Enum):
    """What a contact is. The words of pii.masking."""

    EMAIL = "email"
    PHONE = "phone"


class EvidenceKind(str, Enum):
    """What shows that a request is the account holder's. A typed address alone is none of these.

    mailbox_control: a code sent to the address came back. login_token: the company's own site vouched for a login.
    staff_record_match: staff compared with their records. not_required: the right needs no proof (11 CCR 7026(f)).
    """

    MAILBOX_CONTROL = "mailbox_control"
    LOGIN_TOKEN = "login_token"
    STAFF_RECORD_MATCH = "staff_record_match"
    NOT_REQUIRED = "not_required"


SIGNALS = frozenset(EvidenceKind) - {EvidenceKind.NOT_REQUIRED}

STRONG_SIGNALS = frozenset({EvidenceKind.LOGIN_TOKEN, EvidenceKind.STAFF_RECORD_MATCH})
"""Signals about the account itself; control of a mailbox says nothing of whose account it is."""

TWO_SIGNALS = frozenset(
    {
        Right.ACCESS,
        Right.DELETION,
        Right.CORRECTION,
        Right.PORTABILITY,
        Right.PARENTAL_REVIEW,
        Right.PARENTAL_DELETE,
    }
)
"""Rights that hand data out, destroy or rewrite it: two different signals, one of them strong."""

ONE_SIGNAL = frozenset({Right.RESTRICTION, Right.OBJECTION, Right.WITHDRAW_CONSENT, Right.PARENTAL_STOP_COLLECTION})
"""Rights that change an account without handing out or destroying: one strong signal."""

NO_PROOF = frozenset(Right) - TWO_SIGNALS - ONE_SIGNAL

TOLD_IN_WORDS = frozenset({Right.CORRECTION, Right.COMPLAINT, Right.APPEAL, Right.QUESTION})
"""Rights whose request is what the person writes: two of them are two requests, even in one conversation."""

DESTRUCTIVE = frozenset({Right.DELETION, Right.PARENTAL_DELETE})
"""What cannot be undone: held for a time after proof, so that the true owner can stop it."""


class Purpose(str, Enum):
    """What a code is for. prove: the filer controls the address. reach: another conversation is the filer's too."""

    PROVE = "prove"
    REACH = "reach"


class Way(str, Enum):
    """How an outgoing message travels."""

    MAIL = "mail"
    WEB = "web"
    TELEGRAM = "telegram"


class Delivery(str, Enum):
    """Where an outgoing message stands. dead: given up after all tries, shown to staff. cancelled: no longer true."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Arrival(str, Enum):
    """Where an arrived message stands. quarantined: it failed again and again, and is shown to staff."""

    WAITING = "waiting"
    SETTLED = "settled"
    QUARANTINED = "quarantined"


class VoteReason(str, Enum):
    """Why an answer was not right, in the words of who got it."""

    WRONG_PASSAGE = "wrong_passage"
    NOT_MY_QUESTION = "not_my_question"
    INCOMPLETE = "incomplete"
    HARD_TO_READ = "hard_to_read"
    OTHER = "other"


class Role(str, Enum):
    """What a member of staff may do; each role may do what those before it may.

    viewer looks. agent works on requests. approver also agrees as the second person. admin also manages staff.
    """

    VIEWER = "viewer"
    AGENT = "agent"
    APPROVER = "approver"
    ADMIN = "admin"


class Remark(str, Enum):
    """What is said about a request. note: among staff alone. reply: to the person. answer: the person's own words."""

    NOTE = "note"
    REPLY = "reply"
    ANSWER = "answer"


class Finding(str, Enum):
    """Why a question is worth a look: how it was answered, or what was voted."""

    UNANSWERED = "unanswered"
    SILENT = "silent"
    CONFLICT = "conflict"
    VOTED_WRONG = "voted_wrong"


class Verdict(str, Enum):
    """What came of looking at it."""

    OPEN = "open"
    ADDED = "added"
    DISMISSED = "dismissed"


class Subject(str, Enum):
    """What an entry of the audit trail is about that is not about a request. No request has such a word for its id."""

    STAFF = "staff"
    FINDING = "finding"
    LETTER = "letter"
    ARRIVAL = "arrival"
    POLICY = "policy"
