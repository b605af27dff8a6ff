"""The tables of the people who work on requests, and of what they do beside deciding. See tickets.tables."""

from __future__ import annotations

from sqlalchemy import (  # type: ignore[import-untyped,unused-ignore]
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from tickets.tables import MAX_NAME, UtcDateTime, among, metadata
from tickets.vocabulary import Finding, Remark, Role, Verdict

# A member of staff. The id is what the trail calls them ("staff:7f3k92qd…"); the login is theirs to choose.
staff = Table(
    "staff",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password", String(256), nullable=False),  # an argon2id hash; empty until the first one is set
    Column("is_first_password", Boolean, nullable=False),  # given by an administrator: to be changed at the first login
    Column("sealed", LargeBinary, nullable=False),  # the secret of the second factor; empty until it is set up
    Column("key_id", String(16), nullable=False),
    Column("last_step", Integer, nullable=False, server_default="0"),  # of the second factor: no code counts twice
    Column("is_disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),  # wrong logins in a row
    Column("next_try_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("row_version", Integer, nullable=False, server_default="1"),
    CheckConstraint(among("role", Role), "role"),
)

# Codes that each count once in place of the second factor. Only hashes are kept.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("staff_id", String(64), ForeignKey("staff.id", name="fk_recovery_codes_staff"), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("used_at", UtcDateTime),
)

# Who is logged in where. Only a hash of the token is kept.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("staff_id", String(64), ForeignKey("staff.id", name="fk_staff_sessions_staff"), nullable=False),
    Column("is_complete", Boolean, nullable=False),  # the second factor was shown too
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),  # when the password was last asked for again
    Index("ix_staff_sessions_staff", "staff_id"),
    Index("ix_staff_sessions_seen", "seen_at"),
)

# What is said about a request or to its person, sealed; the decisions themselves stand in the trail.
remarks = Table(
    "remarks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_remarks_request"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", String(MAX_NAME), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint(among("kind", Remark), "kind"),
    CheckConstraint("actor <> ''", "someone"),
    Index("ix_remarks_request", "request_id", "at"),
)

# Who has a request open on the screen just now, so that the other sees it.
viewers = Table(
    "viewers",
    metadata,
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_viewers_request"), primary_key=True),
    Column("staff_id", String(64), ForeignKey("staff.id", name="fk_viewers_staff"), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)

# Questions that were not answered well, masked and sealed, for the owner of the policy. Equal ones count up.
findings = Table(
    "findings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("mark", String(64), nullable=False),  # a keyed hash of the normalised question: equal ones are one row
    Column("policy", String(MAX_NAME), nullable=False),
    Column("version", String(MAX_NAME), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("topic", String(MAX_NAME), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("actor", String(MAX_NAME), nullable=False, server_default=""),  # who looked at it
    CheckConstraint(among("kind", Finding), "kind"),
    CheckConstraint(among("verdict", Verdict), "verdict"),
    UniqueConstraint("mark", "policy", "kind"),
    Index("ix_findings_open", "verdict", "last_at"),
)
