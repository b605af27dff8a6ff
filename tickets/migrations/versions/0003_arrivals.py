"""The inbox, Telegram's chats, and votes."""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_EMPTY = "status <> 'settled' OR (length(sealed) = 0 AND (lane = '' OR leased_until IS NOT NULL))"


def upgrade() -> None:
    """Add the tables."""
    _make_inbox()
    _make_chats()
    _make_votes()


def downgrade() -> None:
    """Take them away again."""
    for table in ("votes", "chats", "inbox"):
        op.drop_table(table)


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _sealed() -> list[sa.Column]:
    return [sa.Column("sealed", sa.LargeBinary(), nullable=False), _text("key_id", 16)]


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{columns[0]}"))


def _key(table: str, column: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}"))


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        *(_text("id", 32), _text("source", 64), _text("key", 64), _text("mark", 64), _text("lane", 200)),
        *(*_sealed(), _text("status", 16)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        *(_time("received_at"), _time("next_at"), _time("leased_until", True), _time("done_at", True)),
        *(_text("problem", 64, nullable=True), _text("reply_id", 32, nullable=True)),
        _check("inbox", "status", "status IN ('quarantined', 'settled', 'waiting')"),
        _check("inbox", "done_when_done", "(status = 'waiting') = (done_at IS NULL)"),
        _check("inbox", "empty_when_settled", _EMPTY),
        *(_key("inbox", "sequence"), _unique("inbox", "id"), _unique("inbox", "source", "key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_done", "inbox", ["done_at"])
    _index_where("ix_inbox_queue", ["lane", "sequence"], "status = 'waiting'")
    _index_where("ix_inbox_waiting", ["next_at"], "status = 'waiting'")
    _index_where("ix_inbox_quarantined", ["sequence"], "status = 'quarantined'")
    _index_where("ix_inbox_erased", ["lane"], "status = 'settled' AND lane <> ''")


def _index_where(name: str, columns: list[str], rule: str) -> None:
    where = sa.text(rule)
    op.create_index(name, "inbox", columns, sqlite_where=where, postgresql_where=where)


def _make_chats() -> None:
    op.create_table(
        "chats",
        *(_text("id", 32), _text("conversation", 200), _text("policy", 200), _text("look_up", 64), *_sealed()),
        *(_flag("is_current"), _time("bound_at"), _time("blocked_at", True), _time("forgotten_at", True)),
        _check("chats", "forgotten_is_not_current", "forgotten_at IS NULL OR NOT is_current"),
        *(_key("chats", "id"), _unique("chats", "conversation"), _unique("chats", "look_up", "policy")),
    )
    op.create_index("ix_chats_bound", "chats", ["bound_at"])


def _make_votes() -> None:
    reasons = "'hard_to_read', 'incomplete', 'not_my_question', 'other', 'wrong_passage'"
    op.create_table(
        "votes",
        *(_text("id", 32), _text("conversation", 200), _text("message_id", 200), _text("policy", 200)),
        *(_text("version", 200), _text("topic", 200), _text("kind", 64)),
        *(sa.Column("clauses", sa.Text(), nullable=False), _flag("is_right"), _text("reason", 16, nullable=True)),
        *(*_sealed(), _time("at")),
        _check("votes", "reason", f"reason IS NULL OR reason IN ({reasons})"),
        _check("votes", "reason_when_wrong", "reason IS NULL OR NOT is_right"),
        *(_key("votes", "id"), _unique("votes", "conversation", "message_id")),
    )
    op.create_index("ix_votes_at", "votes", ["at"])
    op.create_index("ix_votes_policy", "votes", ["policy", "at"])
