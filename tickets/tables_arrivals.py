"""The tables of what arrives: messages of every channel, Telegram's chats, and votes on answers. See tickets.tables."""

from __future__ import annotations

from sqlalchemy import (  # type: ignore[import-untyped,unused-ignore]
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tickets.tables import MAX_NAME, UtcDateTime, among, metadata
from tickets.vocabulary import Arrival, VoteReason

# Written before a channel is told that its message was taken. A settled row is a tombstone: it only knows its key.
inbox = Table(
    "inbox",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),  # what the sealed value is bound to
    Column("source", String(64), nullable=False),
    Column("key", String(64), nullable=False),  # a keyed hash: a web key names its conversation
    Column("mark", String(64), nullable=False),  # a keyed hash of the content, or empty
    Column("lane", String(MAX_NAME), nullable=False),  # empty once settled
    Column("sealed", LargeBinary, nullable=False),  # the key and the body; emptied once settled
    Column("key_id", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("received_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("done_at", UtcDateTime),
    Column("problem", String(64)),  # the kind of the last failure, never its text
    Column("reply_id", String(32)),  # the answer in the outbox; no foreign key, because the answer leaves earlier
    CheckConstraint(among("status", Arrival), "status"),
    CheckConstraint("(status = 'waiting') = (done_at IS NULL)", "done_when_done"),
    CheckConstraint(
        "status <> 'settled' OR (length(sealed) = 0 AND (lane = '' OR leased_until IS NOT NULL))",
        "empty_when_settled",
    ),
    UniqueConstraint("source", "key"),
    Index("ix_inbox_done", "done_at"),
    Index(
        "ix_inbox_queue",
        "lane",
        "sequence",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(
        "ix_inbox_waiting",
        "next_at",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(
        "ix_inbox_quarantined",
        "sequence",
        sqlite_where=text("status = 'quarantined'"),
        postgresql_where=text("status = 'quarantined'"),
    ),
    # What was erased under its holder's hands knows its lane until the holder has answered.
    Index(
        "ix_inbox_erased",
        "lane",
        sqlite_where=text("status = 'settled' AND lane <> ''"),
        postgresql_where=text("status = 'settled' AND lane <> ''"),
    ),
    sqlite_autoincrement=True,  # a number never comes twice: whoever settles 41 settles what they held
)

# Which conversation a chat, or a member of a group, has about which policy. The number of the chat is sealed.
chats = Table(
    "chats",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation", String(MAX_NAME), nullable=False, unique=True),
    Column("policy", String(MAX_NAME), nullable=False),
    Column("look_up", String(64), nullable=False),  # blind index of the chat
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("bound_at", UtcDateTime, nullable=False),
    Column("blocked_at", UtcDateTime),  # since when the person does not want to hear from the bot
    Column("forgotten_at", UtcDateTime),  # stays until the last answer has left and no request is open
    CheckConstraint("forgotten_at IS NULL OR NOT is_current", "forgotten_is_not_current"),
    UniqueConstraint("look_up", "policy"),
    Index("ix_chats_bound", "bound_at"),
)

# What a person thought of an answer, with their question, so that staff can see what went wrong.
votes = Table(
    "votes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation", String(MAX_NAME), nullable=False),
    Column("message_id", String(MAX_NAME), nullable=False),
    Column("policy", String(MAX_NAME), nullable=False),
    Column("version", String(MAX_NAME), nullable=False),
    Column("topic", String(MAX_NAME), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("clauses", Text, nullable=False),  # a JSON list
    Column("is_right", Boolean, nullable=False),
    Column("reason", String(16)),
    Column("sealed", LargeBinary, nullable=False),  # the question and the note
    Column("key_id", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint(f"reason IS NULL OR {among('reason', VoteReason)}", "reason"),
    CheckConstraint("reason IS NULL OR NOT is_right", "reason_when_wrong"),
    UniqueConstraint("conversation", "message_id"),
    Index("ix_votes_at", "at"),
    Index("ix_votes_policy", "policy", "at"),
)
