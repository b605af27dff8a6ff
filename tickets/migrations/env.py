"""Run by alembic inside upgrade(): the connection and its transaction are the caller's."""

from __future__ import annotations

from alembic import context

from tickets import (  # noqa: F401  they add their tables to the metadata
    tables_arrivals,
    tables_proof,
    tables_releases,
    tables_staff,
    tables_talk,
)
from tickets.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
