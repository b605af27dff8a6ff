"""The tables of releases: what is served, for machines that share no disk. See tickets.releases and tickets.tables."""

from __future__ import annotations

from sqlalchemy import (  # type: ignore[import-untyped,unused-ignore]
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from tickets.tables import MAX_NAME, UtcDateTime, metadata

# A release: the list of its files as a text, and the checksum of that text.
releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("manifest", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("files", Text, nullable=False),  # a JSON list of checksums
)

# Which release became the current one, and who did it. The last row is what is served.
release_moves = Table(
    "release_moves",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("number", Integer, ForeignKey("releases.number", name="fk_release_moves_release"), nullable=False),
    Column("actor", String(MAX_NAME), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    CheckConstraint("kind IN ('publish', 'rollback')", "kind"),
    CheckConstraint("actor <> ''", "someone"),
)

# The files of releases, whole. A row stands only for a file all of whose blocks are there.
release_files = Table(
    "release_files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_release_files_at", "at"),
)

# Their contents in blocks, so that storing one keeps no writer waiting for long.
release_blocks = Table(
    "release_blocks",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_release_blocks_at", "at"),
)

# What each process said last about the release that it serves.
release_serving = Table(
    "release_serving",
    metadata,
    Column("replica", String(MAX_NAME), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
