"""The tables of what is said: outgoing messages, kept conversations, and the ledger of what was erased."""

from __future__ import annotations

from sqlalchemy import (  # type: ignore[import-untyped,unused-ignore]
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from tickets.tables import MAX_NAME, UtcDateTime, among, metadata
from tickets.vocabulary import Delivery, Way

# Written in the transaction of what it tells; the worker sends it afterwards. Lanes keep their order.
outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),  # also the Message-ID of a mail, the same on every try
    Column("lane", String(MAX_NAME), nullable=False),  # a conversation, or the blind index of an address
    Column("way", String(16), nullable=False),
    Column("request_id", String(32)),  # no foreign key: a message may outlive its request by the time of a delivery
    Column("kind", String(64), nullable=False),  # which letter it is
    Column("sealed", LargeBinary, nullable=False),  # recipient, subject, text; emptied once a mail is sent
    Column("key_id", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("done_at", UtcDateTime),
    Column("problem", String(64)),  # the kind of the last failure, never its text
    CheckConstraint(among("way", Way), "way"),
    CheckConstraint(among("status", Delivery), "status"),
    Index("ix_outbox_lane", "lane", "sequence"),
    Index("ix_outbox_request", "request_id"),
    Index(
        "ix_outbox_queue",
        "lane",
        "sequence",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(
        "ix_outbox_waiting",
        "next_at",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index("ix_outbox_dead", "sequence", sqlite_where=text("status = 'dead'"), postgresql_where=text("status = 'dead'")),
    sqlite_autoincrement=True,  # a number never comes twice: readers ask for "after 41"
)

# What the dialogue knows of a conversation, packed and sealed by its keeper.
conversations = Table(
    "conversations",
    metadata,
    Column("id", String(MAX_NAME), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_conversations_at", "at"),
)

# Keyed hashes of what was erased, so that a restored backup is erased again.
erasures = Table(
    "erasures",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
