"""The tables. What must never be false is a constraint here, not only a line of code.

Column sizes are caps on what a person can make us store. Times are aware UTC; a naive one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from sqlalchemy import (  # type: ignore[import-untyped,unused-ignore]
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator  # type: ignore[import-untyped,unused-ignore]

from tickets.vocabulary import (
    AT_WORK,
    EXECUTED,
    OPEN,
    Channel,
    DelayReason,
    RefusalReason,
    Right,
    RightOutcome,
    Status,
)

MAX_TEXT = 4_000
MAX_NAME = 200


class UtcDateTime(TypeDecorator):  # type: ignore[misc,unused-ignore]
    """An aware UTC time on both databases (SQLite stores no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse a naive time; SQLite gets it without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone was about to be stored")
        utc = value.astimezone(timezone.utc)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give the time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


def among(column: str, words: Iterable[Enum]) -> str:
    """SQL that holds for the words of a vocabulary."""
    listed = ", ".join(f"'{word.value}'" for word in sorted(words, key=lambda word: str(word.value)))
    return f"{column} IN ({listed})"


metadata = MetaData(
    naming_convention={
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

requests = Table(
    "requests",
    metadata,
    Column("id", String(32), primary_key=True),  # opaque; the reference is only a label
    Column("reference", String(16), nullable=False, unique=True),
    Column("policy", String(MAX_NAME), nullable=False),
    Column("policy_version", String(MAX_NAME), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("conversation", String(MAX_NAME), nullable=False),
    Column("text", String(MAX_TEXT), nullable=False),
    Column("regimes", Text, nullable=False),  # a JSON list
    Column("received_at", UtcDateTime, nullable=False),
    Column("acknowledge_by", Date),
    Column("answer_by", Date, nullable=False),
    Column("working", Text, nullable=False),  # a JSON list
    Column("is_target", Boolean, nullable=False),
    Column("status", String(32), nullable=False),
    Column("closed_at", UtcDateTime),
    Column("filer", String(MAX_NAME), nullable=False),
    Column("verified_at", UtcDateTime),
    Column("approver", String(MAX_NAME)),
    Column("refusal_reason", String(64)),
    Column("refusal_basis", String(MAX_NAME)),
    Column("duplicate_of", String(32), ForeignKey("requests.id", name="fk_requests_duplicate_of")),
    Column("referred_to", String(MAX_NAME)),
    Column("row_version", Integer, nullable=False, server_default="1"),  # counted up by every change
    Column("country", String(2), nullable=False, server_default=""),  # whose public holidays move the deadline
    Column("target_days", Integer, nullable=False, server_default="30"),  # the operator's own aim, as it was at filing
    Column("proof_asked_at", UtcDateTime),  # when a code was first sent
    Column("hold_until", UtcDateTime),  # nothing is destroyed before: the true owner can still stop it
    Column("extended_at", UtcDateTime),
    Column("pseudonymised_at", UtcDateTime),
    Column("extension_reason", String(64)),
    Column("assignee", String(64)),  # a member of staff; no foreign key, because the record outlives them
    CheckConstraint(among("status", Status), "status"),
    CheckConstraint(among("channel", Channel), "channel"),
    CheckConstraint(
        f"NOT ({among('status', EXECUTED)}) OR (verified_at IS NOT NULL AND approver IS NOT NULL AND approver <> '')",
        "identity_gate",
    ),
    CheckConstraint("approver IS NULL OR approver <> filer", "second_person"),
    CheckConstraint(f"NOT ({among('status', AT_WORK)}) OR verified_at IS NOT NULL", "work_after_proof"),
    CheckConstraint(f"({among('status', OPEN)}) = (closed_at IS NULL)", "closed_when_closed"),
    CheckConstraint(
        "status NOT IN ('denied', 'partly_fulfilled') OR (refusal_reason IS NOT NULL AND refusal_basis IS NOT NULL)",
        "refusal_reasoned",
    ),
    CheckConstraint(f"refusal_reason IS NULL OR {among('refusal_reason', RefusalReason)}", "refusal_reason"),
    CheckConstraint(
        "(status = 'duplicate') = (duplicate_of IS NOT NULL) AND (duplicate_of IS NULL OR duplicate_of <> id)",
        "original_named",
    ),
    CheckConstraint("status <> 'referred' OR referred_to IS NOT NULL", "controller_named"),
    CheckConstraint(f"length(text) <= {MAX_TEXT}", "text_size"),
    CheckConstraint("(extended_at IS NULL) = (extension_reason IS NULL)", "extension_reasoned"),
    CheckConstraint(f"extension_reason IS NULL OR {among('extension_reason', DelayReason)}", "extension_reason"),
    CheckConstraint(f"NOT ({among('status', EXECUTED)}) OR hold_until IS NULL OR closed_at >= hold_until", "hold_over"),
    CheckConstraint("pseudonymised_at IS NULL OR closed_at IS NOT NULL", "pseudonym_when_closed"),
    CheckConstraint("conversation <> '' AND filer <> ''", "someone"),
    Index("ix_requests_conversation", "conversation", "policy"),
    Index(
        "ix_requests_closed",
        "closed_at",
        sqlite_where=text("closed_at IS NOT NULL AND pseudonymised_at IS NULL"),
        postgresql_where=text("closed_at IS NOT NULL AND pseudonymised_at IS NULL"),
    ),
    Index("ix_requests_policy_due", "policy", "answer_by"),
    # With the id, because the lists are sorted by it too: the first hundred are read without sorting the rest.
    Index(
        "ix_requests_open_due",
        "answer_by",
        "id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(
        "ix_requests_policy_open_due",
        "policy",
        "answer_by",
        "id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

Index(
    "ix_requests_assignee",
    requests.c.assignee,
    requests.c.answer_by,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "ix_requests_status_open",
    requests.c.status,
    requests.c.answer_by,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index("ix_requests_received", requests.c.received_at)
Index(
    "ix_requests_status_closed",
    requests.c.status,
    requests.c.closed_at,
    requests.c.id,
    sqlite_where=text("closed_at IS NOT NULL AND pseudonymised_at IS NULL"),
    postgresql_where=text("closed_at IS NOT NULL AND pseudonymised_at IS NULL"),
)

request_rights = Table(
    "request_rights",
    metadata,
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_request_rights_request"), primary_key=True),
    Column("right", String(32), primary_key=True),
    CheckConstraint(among('"right"', Right), "right"),
)

# What became of each right of a request that was done in part; of all others the status says it. Never changed: see the
# triggers in migration 0006, which also see that there is one for each right before the request is closed with it.
right_outcomes = Table(
    "right_outcomes",
    metadata,
    Column("request_id", String(32), primary_key=True),
    Column("right", String(32), primary_key=True),
    Column("outcome", String(32), nullable=False),
    Column("refusal_reason", String(64)),
    Column("refusal_basis", String(MAX_NAME)),
    ForeignKeyConstraint(
        ["request_id", "right"], ["request_rights.request_id", "request_rights.right"], name="fk_right_outcomes_right"
    ),
    CheckConstraint(among("outcome", RightOutcome), "outcome"),
    CheckConstraint(f"refusal_reason IS NULL OR {among('refusal_reason', RefusalReason)}", "refusal_reason"),
    CheckConstraint(
        "(outcome = 'fulfilled') = (refusal_reason IS NULL) AND (refusal_reason IS NULL) = (refusal_basis IS NULL) "
        "AND (refusal_basis IS NULL OR refusal_basis <> '')",
        "refusal_reasoned",
    ),
)

# Append-only (triggers in the migration refuse changes); no foreign key, because the trail outlives the request.
audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("request_id", String(32), nullable=False),
    Column("actor", String(MAX_NAME), nullable=False),
    Column("action", String(64), nullable=False),
    Column("from_status", String(32)),
    Column("to_status", String(32), nullable=False),
    Column("detail", Text, nullable=False),  # a JSON object without personal data
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_request", "request_id", "sequence"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("conversation", String(MAX_NAME), primary_key=True),
    Column("key", String(MAX_NAME), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_idempotency_keys_request"), nullable=False),
    Column("receipt", Text, nullable=False),  # the answer given, as JSON: a replay says the very same
    Column("at", UtcDateTime, nullable=False),
    Index("ix_idempotency_keys_at", "at"),
    Index("ix_idempotency_keys_request", "request_id"),
)
