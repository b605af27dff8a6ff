"""What became of each right of a request that was done in part.

An outcome is never changed or taken back, and none comes to a request that is closed. A request is closed as done in
part only with an outcome for each of its rights, of which something was done and something was not. Requests that were
closed so before have none: what was written of them stands in their basis.
"""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OUTCOMES = "SELECT count(*) FROM right_outcomes WHERE request_id = NEW.id"
_UNTOLD = (
    "NEW.status = 'partly_fulfilled' AND OLD.status <> 'partly_fulfilled' AND ("
    f"({_OUTCOMES}) <> (SELECT count(*) FROM request_rights WHERE request_id = NEW.id) "
    f"OR ({_OUTCOMES} AND outcome <> 'refused') = 0 OR ({_OUTCOMES} AND outcome <> 'fulfilled') = 0)"
)
_CLOSED = "EXISTS (SELECT 1 FROM requests WHERE id = NEW.request_id AND closed_at IS NOT NULL)"
_GATE = "a request is done in part only with an outcome for each of its rights"
_LATE = "an outcome cannot be added to a request that is closed"
_KEPT = "outcomes are never changed or taken back"
_REASONS = (
    *("ContractPerformanceNecessary", "DisproportionateEffortRequired", "EntityAlreadyInformed"),
    *("FreedomOfExpressionImpaired", "FulfilmentImpossible", "IdentityVerificationFailure"),
    *("LegalClaimImpaired", "LegalObligationImpaired", "LegallyExempted", "LegitimateInterestOverride"),
    *("ProcessExcessive", "ProcessMalicious", "ProcessUnfounded", "ThirdPartyRightsImpaired"),
)


def upgrade() -> None:
    """Add the table and what guards it."""
    listed = ", ".join(f"'{reason}'" for reason in _REASONS)
    op.create_table(
        "right_outcomes",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("right", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("refusal_reason", sa.String(length=64), nullable=True),
        sa.Column("refusal_basis", sa.String(length=200), nullable=True),
        _check("outcome", "outcome IN ('fulfilled', 'partly_fulfilled', 'refused')"),
        _check("refusal_reason", f"refusal_reason IS NULL OR refusal_reason IN ({listed})"),
        _check(
            "refusal_reasoned",
            "(outcome = 'fulfilled') = (refusal_reason IS NULL) AND (refusal_reason IS NULL) = (refusal_basis IS NULL) "
            "AND (refusal_basis IS NULL OR refusal_basis <> '')",
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "right"],
            ["request_rights.request_id", "request_rights.right"],
            name="fk_right_outcomes_right",
        ),
        sa.PrimaryKeyConstraint("request_id", "right", name=op.f("pk_right_outcomes")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Take all of it away again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER requests_part_told")
        op.drop_table("right_outcomes")
        return
    op.execute("DROP TRIGGER requests_part_told ON requests")
    op.drop_table("right_outcomes")
    for name in ("refuse_untold_part", "refuse_late_outcome", "refuse_outcome_change"):
        op.execute(f"DROP FUNCTION {name}()")


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_right_outcomes_{name}"))


def _guard_sqlite() -> None:
    op.execute(
        f"CREATE TRIGGER requests_part_told BEFORE UPDATE ON requests WHEN {_UNTOLD} "
        f"BEGIN SELECT RAISE(ABORT, '{_GATE}'); END"
    )
    op.execute(
        f"CREATE TRIGGER outcomes_late BEFORE INSERT ON right_outcomes WHEN {_CLOSED} "
        f"BEGIN SELECT RAISE(ABORT, '{_LATE}'); END"
    )
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER outcomes_no_{change.lower()} BEFORE {change} ON right_outcomes "
            f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
        )


def _guard_postgresql() -> None:
    _make_function("refuse_untold_part", f"IF {_UNTOLD} THEN", _GATE)
    op.execute(
        "CREATE TRIGGER requests_part_told BEFORE UPDATE ON requests FOR EACH ROW EXECUTE FUNCTION refuse_untold_part()"
    )
    _make_function("refuse_late_outcome", f"IF {_CLOSED} THEN", _LATE)
    op.execute(
        "CREATE TRIGGER outcomes_late BEFORE INSERT ON right_outcomes "
        "FOR EACH ROW EXECUTE FUNCTION refuse_late_outcome()"
    )
    _make_function("refuse_outcome_change", "IF true THEN", _KEPT)
    op.execute(
        "CREATE TRIGGER outcomes_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON right_outcomes "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_outcome_change()"
    )


def _make_function(name: str, when: str, refusal: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {when} "
        f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
