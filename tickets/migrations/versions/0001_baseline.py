"""Baseline: requests, their rights, the audit trail, idempotency keys.

The words of the vocabularies are written out: a migration says what was true when it was written.
"""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSAL = "the audit trail is append-only"


def upgrade() -> None:
    """Make the tables."""
    _make_requests()
    _make_rights()
    _make_keys()
    _make_audit()
    _make_audit_append_only()


def downgrade() -> None:
    """Take everything away."""
    for table in ("audit", "idempotency_keys", "request_rights", "requests"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")


def _make_requests() -> None:
    op.create_table("requests", *_request_columns(), *_request_checks(), *_request_keys())
    op.create_index("ix_requests_conversation", "requests", ["conversation", "policy"], unique=False)
    op.create_index(
        "ix_requests_open_due",
        "requests",
        ["answer_by"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_requests_policy_due", "requests", ["policy", "answer_by"], unique=False)


def _request_columns() -> list[sa.Column]:
    return [
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=200), nullable=False),
        sa.Column("policy_version", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("regimes", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledge_by", sa.Date(), nullable=True),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("working", sa.Text(), nullable=False),
        sa.Column("is_target", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filer", sa.String(length=200), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approver", sa.String(length=200), nullable=True),
        sa.Column("refusal_reason", sa.String(length=64), nullable=True),
        sa.Column("refusal_basis", sa.String(length=200), nullable=True),
        sa.Column("duplicate_of", sa.String(length=32), nullable=True),
        sa.Column("referred_to", sa.String(length=200), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
    ]


def _request_checks() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "(status = 'duplicate') = (duplicate_of IS NOT NULL) AND (duplicate_of IS NULL OR duplicate_of <> id)",
            name=op.f("ck_requests_original_named"),
        ),
        sa.CheckConstraint(
            "(status IN ('awaiting_controller', 'awaiting_requester', 'in_progress', 'received', "
            "'unverified', 'verified')) = (closed_at IS NULL)",
            name=op.f("ck_requests_closed_when_closed"),
        ),
        sa.CheckConstraint(
            "NOT (status IN ('awaiting_controller', 'awaiting_requester', 'in_progress', 'verified')) "
            "OR verified_at IS NOT NULL",
            name=op.f("ck_requests_work_after_proof"),
        ),
        sa.CheckConstraint(
            "NOT (status IN ('fulfilled', 'partly_fulfilled')) OR (verified_at IS NOT NULL AND approver"
            " IS NOT NULL AND approver <> '')",
            name=op.f("ck_requests_identity_gate"),
        ),
        sa.CheckConstraint("channel IN ('staff', 'telegram', 'web')", name=op.f("ck_requests_channel")),
        sa.CheckConstraint("conversation <> '' AND filer <> ''", name=op.f("ck_requests_someone")),
        sa.CheckConstraint(
            "refusal_reason IS NULL OR refusal_reason IN ('ContractPerformanceNecessary', "
            "'DisproportionateEffortRequired', 'EntityAlreadyInformed', 'FreedomOfExpressionImpaired', "
            "'FulfilmentImpossible', 'IdentityVerificationFailure', 'LegalClaimImpaired', "
            "'LegalObligationImpaired', 'LegallyExempted', 'LegitimateInterestOverride', "
            "'ProcessExcessive', 'ProcessMalicious', 'ProcessUnfounded', 'ThirdPartyRightsImpaired')",
            name=op.f("ck_requests_refusal_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'referred' OR referred_to IS NOT NULL", name=op.f("ck_requests_controller_named")
        ),
        sa.CheckConstraint(
            "status IN ('awaiting_controller', 'awaiting_requester', 'denied', 'duplicate', "
            "'expired_unverified', 'fulfilled', 'in_progress', 'partly_fulfilled', 'received', "
            "'referred', 'unverified', 'verified', 'withdrawn')",
            name=op.f("ck_requests_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('denied', 'partly_fulfilled') OR (refusal_reason IS NOT NULL AND "
            "refusal_basis IS NOT NULL)",
            name=op.f("ck_requests_refusal_reasoned"),
        ),
        sa.CheckConstraint("approver IS NULL OR approver <> filer", name=op.f("ck_requests_second_person")),
        sa.CheckConstraint("length(text) <= 4000", name=op.f("ck_requests_text_size")),
    ]


def _request_keys() -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["duplicate_of"], ["requests.id"], name="fk_requests_duplicate_of"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("reference", name=op.f("uq_requests_reference")),
    ]


def _make_rights() -> None:
    op.create_table(
        "request_rights",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("right", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "\"right\" IN ('access', 'appeal', 'complaint', 'correction', 'deletion', 'limit_sensitive', "
            "'marketing_opt_out', 'objection', 'parental_delete', 'parental_review', "
            "'parental_stop_collection', 'portability', 'question', 'restriction', "
            "'sale_share_opt_out', 'withdraw_consent')",
            name=op.f("ck_request_rights_right"),
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_request_rights_request"),
        sa.PrimaryKeyConstraint("request_id", "right", name=op.f("pk_request_rights")),
    )


def _make_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_idempotency_keys_request"),
        sa.PrimaryKeyConstraint("conversation", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"], unique=False)
    op.create_index("ix_idempotency_keys_request", "idempotency_keys", ["request_id"], unique=False)


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("from_status", sa.String(length=32), nullable=True),
        sa.Column("to_status", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_request", "audit", ["request_id", "sequence"], unique=False)


def _make_audit_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
