"""Staff, what they say, what they look at; who a request is assigned to."""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN = "closed_at IS NULL"
_LEFT = "closed_at IS NOT NULL AND pseudonymised_at IS NULL"


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("requests", sa.Column("assignee", sa.String(64), nullable=True))
    _index_open("ix_requests_assignee", ["assignee", "answer_by"])
    _index_open("ix_requests_status_open", ["status", "answer_by"])
    op.create_index("ix_requests_received", "requests", ["received_at"])
    _index_where("ix_requests_status_closed", "requests", ["status", "closed_at", "id"], _LEFT)
    _index_where("ix_outbox_dead", "outbox", ["sequence"], "status = 'dead'")
    _make_staff()
    _make_sessions()
    _make_remarks()
    _make_findings()


def downgrade() -> None:
    """Take them away again."""
    for table in ("findings", "viewers", "remarks", "staff_sessions", "recovery_codes", "staff"):
        op.drop_table(table)
    op.drop_index("ix_outbox_dead", "outbox")
    for index in ("status_closed", "received", "status_open", "assignee"):
        op.drop_index(f"ix_requests_{index}", "requests")
    op.drop_column("requests", "assignee")


def _index_open(name: str, columns: list[str]) -> None:
    _index_where(name, "requests", columns, _OPEN)


def _index_where(name: str, table: str, columns: list[str], rule: str) -> None:
    where = sa.text(rule)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=nullable, server_default=default)


def _number(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=False)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _sealed() -> list[sa.Column]:
    return [sa.Column("sealed", sa.LargeBinary(), nullable=False), _text("key_id", 16)]


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{other.removesuffix('s')}")


def _make_staff() -> None:
    op.create_table(
        "staff",
        *(_text("id", 64), _text("login", 64), _text("role", 16), _text("password", 256), _flag("is_first_password")),
        *(*_sealed(), _number("last_step", "0"), _flag("is_disabled"), _number("failures", "0")),
        *(_time("next_try_at", True), _time("created_at"), _number("row_version", "1")),
        _check("staff", "role", "role IN ('admin', 'agent', 'approver', 'viewer')"),
        *(_key("staff", "id"), sa.UniqueConstraint("login", name=op.f("uq_staff_login"))),
    )
    op.create_table(
        "recovery_codes",
        *(_text("staff_id", 64), _text("hash", 64), _time("used_at", True)),
        *(_of("recovery_codes", "staff_id", "staff"), _key("recovery_codes", "staff_id", "hash")),
    )


def _make_sessions() -> None:
    op.create_table(
        "staff_sessions",
        *(_text("hash", 64), _text("staff_id", 64), _flag("is_complete")),
        *(_time("created_at"), _time("seen_at"), _time("confirmed_at", True)),
        *(_of("staff_sessions", "staff_id", "staff"), _key("staff_sessions", "hash")),
    )
    op.create_index("ix_staff_sessions_staff", "staff_sessions", ["staff_id"])
    op.create_index("ix_staff_sessions_seen", "staff_sessions", ["seen_at"])


def _make_remarks() -> None:
    op.create_table(
        "remarks",
        *(_text("id", 32), _text("request_id", 32), _text("kind", 16), _text("actor", 200), *_sealed(), _time("at")),
        _check("remarks", "kind", "kind IN ('answer', 'note', 'reply')"),
        _check("remarks", "someone", "actor <> ''"),
        *(_of("remarks", "request_id", "requests"), _key("remarks", "id")),
    )
    op.create_index("ix_remarks_request", "remarks", ["request_id", "at"])
    op.create_table(
        "viewers",
        *(_text("request_id", 32), _text("staff_id", 64), _time("seen_at")),
        *(_of("viewers", "request_id", "requests"), _of("viewers", "staff_id", "staff")),
        _key("viewers", "request_id", "staff_id"),
    )


def _make_findings() -> None:
    op.create_table(
        "findings",
        *(_text("id", 32), _text("mark", 64), _text("policy", 200), _text("version", 200), _text("kind", 16)),
        *(_text("topic", 200), *_sealed(), _number("times", "1"), _time("first_at"), _time("last_at")),
        *(_text("verdict", 16), _text("actor", 200, default="")),
        _check("findings", "kind", "kind IN ('conflict', 'silent', 'unanswered', 'voted_wrong')"),
        _check("findings", "verdict", "verdict IN ('added', 'dismissed', 'open')"),
        _key("findings", "id"),
        sa.UniqueConstraint("mark", "policy", "kind", name=op.f("uq_findings_mark")),
    )
    op.create_index("ix_findings_open", "findings", ["verdict", "last_at"])
