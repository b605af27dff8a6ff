"""What goes into the service and what comes out. Views name their fields by hand: a new column stays private."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tickets.clocks import Clock
from tickets.vocabulary import Channel, Regime, Right, Status

DEFAULT_LIMIT = 100


@dataclass(frozen=True)
class OpenRequest:
    """A wish to file. text: what the person typed, masked by pii.masking, at most 4,000 characters.

    idempotency_key: one for each intended filing, kept when it is tried again; it counts within its conversation.
    filer: who files, where that is not the person in the conversation (staff); the approver must be somebody else.
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


@dataclass(frozen=True)
class Receipt:
    """The answer to a filing. created: False if an open request for the same was there already.

    missing: rights asked for that the request found does not hold; they are NOT filed: ask, and file them on their own.
    """

    reference: str
    rights: tuple[Right, ...]
    received: datetime
    status: Status
    clock: Clock
    created: bool
    missing: tuple[Right, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data that from_json reads."""
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
        )


@dataclass(frozen=True)
class Summary:
    """A request as the person who filed it and a list may see it."""

    reference: str
    policy: str
    rights: tuple[Right, ...]
    status: Status
    received: datetime
    acknowledge_by: date | None
    answer_by: date
    is_target: bool

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
class Details:
    """A request as staff may see it. The conversation's id stays inside."""

    summary: Summary
    policy_version: str
    channel: Channel
    text: str
    regimes: tuple[Regime, ...]
    working: tuple[str, ...]
    history: tuple[AuditLine, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data for export."""
        return self.summary.to_json() | {
            "policy_version": self.policy_version,
            "channel": self.channel.value,
            "text": self.text,
            "regimes": [regime.value for regime in self.regimes],
            "working": list(self.working),
            "history": [line.to_json() for line in self.history],
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
