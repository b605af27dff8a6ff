"""Releases: what is served, which release became current when, and the files of each."""

from __future__ import annotations

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "releases", _whole("number"), _text("manifest"), _name("sha256", 64), _text("files"), _key("number")
    )
    op.create_table(
        "release_moves",
        *(_whole("sequence"), _whole("number"), _name("actor", 200), _text("why"), _time("at"), _name("kind", 16)),
        sa.CheckConstraint("kind IN ('publish', 'rollback')", name=op.f("ck_release_moves_kind")),
        sa.CheckConstraint("actor <> ''", name=op.f("ck_release_moves_someone")),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_release_moves_release"),
        _key("sequence", table="release_moves"),
    )
    op.create_table(
        "release_files", _name("sha256", 64), _whole("size"), _time("at"), _key("sha256", table="release_files")
    )
    op.create_index("ix_release_files_at", "release_files", ["at"])
    op.create_table(
        "release_blocks",
        *(_name("sha256", 64), _whole("part"), sa.Column("content", sa.LargeBinary(), nullable=False), _time("at")),
        _key("sha256", "part", table="release_blocks"),
    )
    op.create_index("ix_release_blocks_at", "release_blocks", ["at"])
    op.create_table(
        "release_serving",
        _name("replica", 200),
        _whole("number"),
        _time("at"),
        _key("replica", table="release_serving"),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("release_serving", "release_blocks", "release_files", "release_moves", "releases"):
        op.drop_table(table)


def _whole(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _name(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _key(*columns: str, table: str = "releases") -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))
