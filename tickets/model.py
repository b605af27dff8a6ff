"""What goes into the service and what comes out. Views name their fields by hand: a new column stays private."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from tickets.clocks import Clock
from tickets.vocabulary import Channel, ContactKind, EvidenceKind, RefusalReason, Regime, Right, RightOutcome, Status

DEFAULT_LIMIT = 100


@dataclass(frozen=True)
class OpenRequest:
    """A wish to file. text: what the person typed, masked by pii.masking, at most 4,000 characters.

    idempotency_key: one for each intended filing, kept when it is tried again; it counts within its conversation.
    filer: who files, where that is not the person in the conversation (staff); the approver must be somebody else.
    contacts: handles that ContactBox.keep gave for this conversation; the first address among them is written to.
    mentioned: handles of contacts that only stand in the text, such as a correction's new address: never written to.
    referred_to: another party that decides about the data; then the request is only logged, and closed at once.
    evidence: what the front itself can vouch for (a login token); a typed address is no evidence.
    """

    policy: str
    policy_version: str
    rights: frozenset[Right]
    channel: Channel
    conversation: str
    text: str
    regimes: frozenset[Regime]
    idempotency_key: str
    country: str = ""
    filer: str = ""
    contacts: tuple[str, ...] = ()
    referred_to: str = ""
    evidence: frozenset[EvidenceKind] = frozenset()
    mentioned: tuple[str, ...] = ()


class Proof(str, Enum):
    """What happens next about who asks.

    not_needed: nothing, or it is settled. code_sent: a code is in the mail. by_staff: staff check, no code comes.
    later: too many mails went out already; the request counts from now, a code can be asked for later.
    """

    NOT_NEEDED = "not_needed"
    CODE_SENT = "code_sent"
    BY_STAFF = "by_staff"
    LATER = "later"


@dataclass(frozen=True)
class Receipt:
    """The answer to a filing. created: False if an open request for the same was there already.

    missing: rights asked for that the request found does not hold; they are NOT filed: ask, and file them on their own.
    sent_to: a hint at where the code went ("k…@example.org"); worked out anew for a replay, never stored.
    """

    reference: str
    rights: tuple[Right, ...]
    received: datetime
    status: Status
    clock: Clock
    created: bool
    missing: tuple[Right, ...] = ()
    proof: Proof = Proof.BY_STAFF
    sent_to: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data that from_json reads; without sent_to."""
        return {
            "reference": self.reference,
            "rights": [right.value for right in self.rights],
            "received": self.received.isoformat(),
            "status": self.status.value,
            "clock": {
                "acknowledge_by": self.clock.acknowledge_by and self.clock.acknowledge_by.isoformat(),
                "answer_by": self.clock.answer_by.isoformat(),
                "working": list(self.clock.working),
                "is_target": self.clock.is_target,
            },
            "created": self.created,
            "missing": [right.value for right in self.missing],
            "proof": self.proof.value,
        }

    def to_data(self) -> dict[str, Any]:
        """What a channel may show of it."""
        return {
            "reference": self.reference,
            "rights": [right.value for right in self.rights],
            "received": self.received.isoformat(),
            "status": self.status.value,
            "answer_by": self.clock.answer_by.isoformat(),
            "working": list(self.clock.working),
            "is_target": self.clock.is_target,
            "proof": self.proof.value,
            "created": self.created,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Receipt:
        """Read what to_json wrote."""
        clock, acknowledge_by = data["clock"], data["clock"]["acknowledge_by"]
        return Receipt(
            reference=data["reference"],
            rights=tuple(Right(word) for word in data["rights"]),
            received=datetime.fromisoformat(data["received"]),
            status=Status(data["status"]),
            clock=Clock(
                acknowledge_by=date.fromisoformat(acknowledge_by) if acknowledge_by else None,
                answer_by=date.fromisoformat(clock["answer_by"]),
                working=tuple(clock["working"]),
                is_target=clock["is_target"],
            ),
            created=data["created"],
            missing=tuple(Right(word) for word in data["missing"]),
            proof=Proof(data.get("proof", Proof.BY_STAFF.value)),  # receipts of the first release have none
        )


@dataclass(frozen=True)
class RightResult:
    """What became of one right. reason, basis: why not, or not all of it, and the clause or law it rests on."""

    right: Right
    outcome: RightOutcome
    reason: RefusalReason | None = None
    basis: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for export."""
        return {
            "right": self.right.value,
            "outcome": self.outcome.value,
            "denial_reason": self.reason and self.reason.value,
            "denial_basis": self.basis or None,
        }


@dataclass(frozen=True)
class Summary:
    """A request as the person who filed it and a list may see it. outcomes: see tickets.right_outcomes.of_row."""

    reference: str
    policy: str
    rights: tuple[Right, ...]
    status: Status
    received: datetime
    acknowledge_by: date | None
    answer_by: date
    is_target: bool
    outcomes: tuple[RightResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for export."""
        return {
            "reference": self.reference,
            "policy": self.policy,
            "rights": [right.value for right in self.rights],
            "status": self.status.value,
            "received": self.received.isoformat(),
            "acknowledge_by": self.acknowledge_by and self.acknowledge_by.isoformat(),
            "answer_by": self.answer_by.isoformat(),
            "is_target": self.is_target,
            "outcomes": [one.to_json() for one in self.outcomes],
        }


@dataclass(frozen=True)
class AuditLine:
    """One entry of the trail, without the chain's hashes."""

    sequence: int
    at: datetime
    actor: str
    action: str
    from_status: Status | None
    to_status: Status

    def to_json(self) -> dict[str, Any]:
        """Plain data for export."""
        return {
            "sequence": self.sequence,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "action": self.action,
            "from_status": self.from_status and self.from_status.value,
            "to_status": self.to_status.value,
        }


@dataclass(frozen=True)
class MaskedContact:
    """A contact as staff see it before they reveal it."""

    kind: ContactKind
    hint: str


@dataclass(frozen=True)
class Details:
    """A request as staff may see it. The conversation's id stays inside.

    identity: in words, what is known of who asks. possible_duplicates: references of other requests about the same
    policy with one of its contacts. version: to be given back with a decision, so that two people cannot collide.
    """

    summary: Summary
    policy_version: str
    channel: Channel
    text: str
    regimes: tuple[Regime, ...]
    working: tuple[str, ...]
    history: tuple[AuditLine, ...]
    version: int
    evidence: tuple[EvidenceKind, ...] = ()
    identity: str = ""
    contacts: tuple[MaskedContact, ...] = ()
    possible_duplicates: tuple[str, ...] = ()
    verified_at: datetime | None = None
    hold_until: datetime | None = None
    approver: str = ""
    extended: bool = False
    assignee: str = ""  # the id of a member of staff, or empty

    def to_json(self) -> dict[str, Any]:
        """Plain data for export."""
        return self.summary.to_json() | {
            "policy_version": self.policy_version,
            "channel": self.channel.value,
            "text": self.text,
            "regimes": [regime.value for regime in self.regimes],
            "working": list(self.working),
            "history": [line.to_json() for line in self.history],
            "version": self.version,
            "evidence": [kind.value for kind in self.evidence],
            "identity": self.identity,
            "contacts": [{"kind": contact.kind.value, "hint": contact.hint} for contact in self.contacts],
            "possible_duplicates": list(self.possible_duplicates),
            "verified_at": self.verified_at and self.verified_at.isoformat(),
            "hold_until": self.hold_until and self.hold_until.isoformat(),
            "approver": self.approver,
            "extended": self.extended,
            "assignee": self.assignee,
        }


@dataclass(frozen=True)
class Filters:
    """What a listing is narrowed to; sorted by due date."""

    policy: str | None = None
    status: Status | None = None
    open_only: bool = False
    due_by: date | None = None
    limit: int = DEFAULT_LIMIT


EVERYTHING = Filters()
