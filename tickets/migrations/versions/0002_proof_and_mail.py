"""Contacts, proof of identity, outgoing messages, conversations; the gate also looks at the evidence.

A request counts as verified only with the evidence that its rights need: triggers see to it, because a CHECK cannot
look into another table. Rights and evidence are never changed or taken back.
"""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TWO = "'access', 'correction', 'deletion', 'parental_delete', 'parental_review', 'portability'"
_ONE = "'objection', 'parental_stop_collection', 'restriction', 'withdraw_consent'"
_EVIDENCE = "SELECT count(*) FROM evidence WHERE request_id = NEW.id AND kind IN"
_NEEDED = (
    f'coalesce((SELECT max(CASE WHEN "right" IN ({_TWO}) THEN 2 WHEN "right" IN ({_ONE}) THEN 1 ELSE 0 END) '
    "FROM request_rights WHERE request_id = NEW.id), 2)"
)
_UNPROVEN = (
    "NEW.verified_at IS NOT NULL AND ("
    f"({_EVIDENCE} ('login_token', 'mailbox_control', 'staff_record_match')) < {_NEEDED} "
    f"OR ({_NEEDED} > 0 AND ({_EVIDENCE} ('login_token', 'staff_record_match')) = 0))"
)
_SETTLED = (
    "EXISTS (SELECT 1 FROM requests WHERE id = NEW.request_id AND (verified_at IS NOT NULL OR closed_at IS NOT NULL))"
)
_GATE = "a request is verified only with the evidence that its rights need"
_LATE = "a right cannot be added to a request that is verified or closed"
_KEPT = "rights and evidence are never changed or taken back"
_NEW_TABLES = (
    "erasures",
    "conversations",
    "outbox",
    "alarms",
    "pauses",
    "budgets",
    "stop_links",
    "grants",
    "evidence",
    "challenges",
    "request_contacts",
    "held_contacts",
)


def upgrade() -> None:
    """Add the columns, the tables and the gate."""
    _widen_requests()
    _make_contacts()
    _make_proof()
    _make_mail()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Take all of it away again."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("requests_gate_insert", "requests_gate_update", "rights_late"):
            op.execute(f"DROP TRIGGER {name}")
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER rights_no_{change}")
    else:
        op.execute("DROP TRIGGER requests_gate ON requests")
        op.execute("DROP TRIGGER rights_late ON request_rights")
        op.execute("DROP TRIGGER rights_kept ON request_rights")
    for table in _NEW_TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("refuse_unproven", "refuse_late_right", "refuse_change"):
            op.execute(f"DROP FUNCTION {name}()")
    _narrow_requests()


_COLUMNS = (
    "country",
    "target_days",
    "proof_asked_at",
    "hold_until",
    "extension_reason",
    "extended_at",
    "pseudonymised_at",
)
_CHECKS = {
    "extension_reasoned": "(extended_at IS NULL) = (extension_reason IS NULL)",
    "extension_reason": (
        "extension_reason IS NULL OR extension_reason IN ('ComplexityOfProcess', 'HighVolumeOfProcesses', "
        "'IdentityVerificationRequired', 'InformationRequired')"
    ),
    "hold_over": "NOT (status IN ('fulfilled', 'partly_fulfilled')) OR hold_until IS NULL OR closed_at >= hold_until",
    "pseudonym_when_closed": "pseudonymised_at IS NULL OR closed_at IS NOT NULL",
}


def _widen_requests() -> None:
    with op.batch_alter_table("requests") as batch:
        batch.add_column(sa.Column("country", sa.String(length=2), server_default="", nullable=False))
        batch.add_column(sa.Column("target_days", sa.Integer(), server_default="30", nullable=False))
        for name in ("proof_asked_at", "hold_until", "extended_at", "pseudonymised_at"):
            batch.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("extension_reason", sa.String(length=64), nullable=True))
        for name, rule in _CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_requests_{name}"), sa.text(rule))
    where = sa.text("closed_at IS NOT NULL AND pseudonymised_at IS NULL")
    op.create_index("ix_requests_closed", "requests", ["closed_at"], sqlite_where=where, postgresql_where=where)
    op.drop_index("ix_requests_open_due", "requests")
    _index_open("ix_requests_open_due", ["answer_by", "id"])
    _index_open("ix_requests_policy_open_due", ["policy", "answer_by", "id"])


def _index_open(name: str, columns: list[str]) -> None:
    where = sa.text("closed_at IS NULL")
    op.create_index(name, "requests", columns, sqlite_where=where, postgresql_where=where)


def _narrow_requests() -> None:
    op.drop_index("ix_requests_policy_open_due", "requests")
    op.drop_index("ix_requests_open_due", "requests")
    _index_open("ix_requests_open_due", ["answer_by"])
    op.drop_index("ix_requests_closed", "requests")
    with op.batch_alter_table("requests") as batch:
        for name in _CHECKS:
            batch.drop_constraint(op.f(f"ck_requests_{name}"), type_="check")
        for name in _COLUMNS:
            batch.drop_column(name)


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, nullable: bool = False, **more: object) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=nullable, **more)


def _sealed() -> list[sa.Column]:
    return [sa.Column("sealed", sa.LargeBinary(), nullable=False), _text("key_id", 16)]


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=f"fk_{table}_request")


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _make_contacts() -> None:
    kind = "kind IN ('email', 'phone')"
    op.create_table(
        "held_contacts",
        *(_text("id", 32), _text("conversation", 200), _text("kind", 16), *_sealed(), _time("at")),
        _check("held_contacts", "kind", kind),
        _key("held_contacts", "id"),
    )
    op.create_index("ix_held_contacts_conversation", "held_contacts", ["conversation"])
    op.create_index("ix_held_contacts_at", "held_contacts", ["at"])
    op.create_table(
        "request_contacts",
        *(_text("id", 32), _text("request_id", 32), _text("kind", 16), *_sealed(), _text("look_up", 64)),
        sa.Column("is_account", sa.Boolean(), server_default=sa.true(), nullable=False),
        _check("request_contacts", "kind", kind),
        _of_request("request_contacts"),
        _key("request_contacts", "id"),
    )
    op.create_index("ix_request_contacts_request", "request_contacts", ["request_id"])
    op.create_index("ix_request_contacts_look_up", "request_contacts", ["look_up"])


def _make_proof() -> None:
    op.create_table(
        "challenges",
        *(_text("id", 32), _text("request_id", 32), _text("conversation", 200), _text("purpose", 16)),
        *(_text("code_hash", 64), _time("sent_at"), _time("expires_at")),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sends", sa.Integer(), server_default="1", nullable=False),
        _time("used_at", nullable=True),
        _check("challenges", "purpose", "purpose IN ('prove', 'reach')"),
        _check("challenges", "tries", "tries >= 0 AND tries <= 5"),
        _of_request("challenges"),
        _key("challenges", "id"),
    )
    op.create_index("uq_challenges_one", "challenges", ["request_id", "conversation", "purpose"], unique=True)
    op.create_index("ix_challenges_conversation", "challenges", ["conversation"])
    op.create_table(
        "evidence",
        *(_text("id", 32), _text("request_id", 32), _text("kind", 32), _time("at"), _text("actor", 200)),
        _check("evidence", "kind", "kind IN ('login_token', 'mailbox_control', 'not_required', 'staff_record_match')"),
        _check("evidence", "someone", "actor <> ''"),
        _of_request("evidence"),
        _key("evidence", "id"),
    )
    op.create_index("uq_evidence_one", "evidence", ["request_id", "kind"], unique=True)
    _make_links_and_times()


def _make_links_and_times() -> None:
    op.create_table(
        "grants",
        *(_text("request_id", 32), _text("conversation", 200), _time("at")),
        _of_request("grants"),
        _key("grants", "request_id", "conversation"),
    )
    op.create_index("ix_grants_conversation", "grants", ["conversation"])
    op.create_table(
        "stop_links",
        *(_text("hash", 64), _text("request_id", 32), _time("at")),
        _of_request("stop_links"),
        _key("stop_links", "hash"),
    )
    op.create_index("ix_stop_links_request", "stop_links", ["request_id"])
    op.create_table(
        "budgets",
        *(_text("name", 200), _time("began_at"), sa.Column("spent", sa.Integer(), nullable=False)),
        _key("budgets", "name"),
    )
    op.create_index("ix_budgets_began", "budgets", ["began_at"])
    op.create_table(
        "pauses",
        *(_text("request_id", 32), _time("asked_at"), _time("answered_at", nullable=True)),
        _of_request("pauses"),
        _key("pauses", "request_id", "asked_at"),
    )
    op.create_table(
        "alarms",
        *(_text("request_id", 32), sa.Column("percent", sa.Integer(), nullable=False), _time("at")),
        _of_request("alarms"),
        _key("alarms", "request_id", "percent"),
    )


def _make_mail() -> None:
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        *(_text("id", 32), _text("lane", 200), _text("way", 16), _text("request_id", 32, nullable=True)),
        *(_text("kind", 64), *_sealed(), _text("status", 16)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        *(_time("created_at"), _time("next_at"), _time("leased_until", True), _time("done_at", True)),
        _text("problem", 64, nullable=True),
        _check("outbox", "way", "way IN ('mail', 'telegram', 'web')"),
        _check("outbox", "status", "status IN ('cancelled', 'dead', 'sent', 'waiting')"),
        _key("outbox", "sequence"),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("status = 'waiting'")
    op.create_index("ix_outbox_lane", "outbox", ["lane", "sequence"])
    op.create_index("ix_outbox_request", "outbox", ["request_id"])
    op.create_index("ix_outbox_queue", "outbox", ["lane", "sequence"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_outbox_waiting", "outbox", ["next_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table("conversations", *(_text("id", 200), *_sealed(), _time("at")), _key("conversations", "id"))
    op.create_index("ix_conversations_at", "conversations", ["at"])
    op.create_table("erasures", _text("hash", 64), _time("at"), _key("erasures", "hash"))


def _guard_sqlite() -> None:
    for change in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER requests_gate_{change.lower()} BEFORE {change} ON requests WHEN {_UNPROVEN} "
            f"BEGIN SELECT RAISE(ABORT, '{_GATE}'); END"
        )
    op.execute(
        f"CREATE TRIGGER rights_late BEFORE INSERT ON request_rights WHEN {_SETTLED} "
        f"BEGIN SELECT RAISE(ABORT, '{_LATE}'); END"
    )
    for table, name in (("request_rights", "rights"), ("evidence", "evidence")):
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
            )


def _guard_postgresql() -> None:
    _make_function("refuse_unproven", f"IF {_UNPROVEN} THEN", _GATE)
    op.execute(
        "CREATE TRIGGER requests_gate BEFORE INSERT OR UPDATE ON requests "
        "FOR EACH ROW EXECUTE FUNCTION refuse_unproven()"
    )
    _make_function("refuse_late_right", f"IF {_SETTLED} THEN", _LATE)
    op.execute(
        "CREATE TRIGGER rights_late BEFORE INSERT ON request_rights FOR EACH ROW EXECUTE FUNCTION refuse_late_right()"
    )
    _make_function("refuse_change", "IF true THEN", _KEPT)
    for table, name in (("request_rights", "rights"), ("evidence", "evidence")):
        op.execute(
            f"CREATE TRIGGER {name}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _make_function(name: str, when: str, refusal: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {when} "
        f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
