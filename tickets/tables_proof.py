"""The tables of contacts and of proof: who asked, and what shows that it is them. See tickets.tables for the rest."""

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
    true,
)

from tickets.tables import MAX_NAME, UtcDateTime, among, metadata
from tickets.vocabulary import ContactKind, EvidenceKind, Purpose

MOST_TRIES = 5

# What intake took out of a message, until a request is filed with it. Gone after a day.
held_contacts = Table(
    "held_contacts",
    metadata,
    Column("id", String(32), primary_key=True),  # the handle by which the dialogue speaks of it
    Column("conversation", String(MAX_NAME), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint(among("kind", ContactKind), "kind"),
    Index("ix_held_contacts_conversation", "conversation"),
    Index("ix_held_contacts_at", "at"),
)

request_contacts = Table(
    "request_contacts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_request_contacts_request"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("look_up", String(64), nullable=False),  # blind index of the canonical form
    # False: only mentioned in what the person wrote, such as the new address of a correction; it is never written to.
    Column("is_account", Boolean, nullable=False, server_default=true()),
    CheckConstraint(among("kind", ContactKind), "kind"),
    Index("ix_request_contacts_request", "request_id"),
    Index("ix_request_contacts_look_up", "look_up"),
)

# One row for a request, a conversation and a purpose: a new code replaces the old one, its tries stay counted.
challenges = Table(
    "challenges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_challenges_request"), nullable=False),
    Column("conversation", String(MAX_NAME), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sends", Integer, nullable=False, server_default="1"),
    Column("used_at", UtcDateTime),
    CheckConstraint(among("purpose", Purpose), "purpose"),
    CheckConstraint(f"tries >= 0 AND tries <= {MOST_TRIES}", "tries"),
    Index("uq_challenges_one", "request_id", "conversation", "purpose", unique=True),
    Index("ix_challenges_conversation", "conversation"),
)

# Append-only (triggers in the migration). No personal data: what was shown, when, and who says so.
evidence = Table(
    "evidence",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_evidence_request"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(MAX_NAME), nullable=False),
    CheckConstraint(among("kind", EvidenceKind), "kind"),
    CheckConstraint("actor <> ''", "someone"),
    Index("uq_evidence_one", "request_id", "kind", unique=True),
)

# Another conversation whose owner has shown by a fresh code that a request is theirs.
grants = Table(
    "grants",
    metadata,
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_grants_request"), primary_key=True),
    Column("conversation", String(MAX_NAME), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_grants_conversation", "conversation"),
)

# The links by which a mail's reader stops a request without logging in. Only a hash is kept.
stop_links = Table(
    "stop_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_stop_links_request"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_stop_links_request", "request_id"),
)

# How often something was done in a window of time: mails to one address, wrong codes of all people.
budgets = Table(
    "budgets",
    metadata,
    Column("name", String(MAX_NAME), primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("spent", Integer, nullable=False),
    Index("ix_budgets_began", "began_at"),
)

# Questions to the requester about the scope: where the law allows it, the clock stops from asking to the reply.
pauses = Table(
    "pauses",
    metadata,
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_pauses_request"), primary_key=True),
    Column("asked_at", UtcDateTime, primary_key=True),
    Column("answered_at", UtcDateTime),
)

alarms = Table(
    "alarms",
    metadata,
    Column("request_id", String(32), ForeignKey("requests.id", name="fk_alarms_request"), primary_key=True),
    Column("percent", Integer, primary_key=True),  # how much of the time to answer had passed
    Column("at", UtcDateTime, nullable=False),
)
