"""Backups of a PostgreSQL schema, by pg_dump and pg_restore. A dump shows one moment, beside running writers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.errors import StoreError
from tickets.store import Store

_FOLDERS = "/usr/lib/postgresql/*/bin"  # where Debian puts what belongs to one version
_SCHEMA = re.compile(r"^\d+; \d+ \d+ SCHEMA - (\S+)", re.MULTILINE)
_ERROR = re.compile(r"^pg_\w+: error: (.{1,200})", re.MULTILINE)  # no context lines: they would show rows


def dump(store: Store, target: Path) -> None:
    """Write the schema that the store works in to a file of pg_dump's own format."""
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--schema={_schema_of(store)}", f"--file={target}")
    _run("pg_dump", store, options)


def replace(store: Store, source: Path, now: datetime) -> str:
    """Put the backup in the place of the schema; gives the name under which the earlier one is kept."""
    schema = _schema_of(store)
    listed = _SCHEMA.search(_run("pg_restore", None, ("--list", str(source))))
    if listed is None or listed[1] != schema:
        raise StoreError(f"the backup is of another schema than {schema}")
    aside = f"{schema}_before_{now:%Y%m%dt%H%M%S%f}"
    with store.unit() as unit:
        quoted = unit.connection.dialect.identifier_preparer.quote
        there = sa.text("SELECT to_regnamespace(:name)").bindparams(name=quoted(schema))
        if unit.execute(there).scalar() is not None:
            unit.execute(sa.text(f"ALTER SCHEMA {quoted(schema)} RENAME TO {quoted(aside)}"))
        else:
            aside = ""
        unit.commit()
    store.engine.dispose()
    _run("pg_restore", store, ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(source)))
    return aside


def _schema_of(store: Store) -> str:
    with store.reading() as unit:
        current = unit.execute(sa.text("SELECT current_schema()")).scalar()
        path = str(unit.execute(sa.text("SHOW search_path")).scalar())
    named = [name.strip().strip('"') for name in path.split(",")]
    return str(current or next(name for name in named if name != "$user"))


def _run(program: str, store: Store | None, options: Sequence[str]) -> str:
    """Run one of PostgreSQL's programs; gives what it printed. The password goes by the environment, not by `ps`."""
    environment, where = dict(os.environ), []
    if store is not None:
        url = store.engine.url
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None).render_as_string()
        where = [f"--dbname={plain}"]
    command = [_found(program), *where, *options]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if ended.returncode != 0:
        why = _ERROR.search(ended.stderr)
        raise StoreError(f"{program} failed: {why[1] if why else f'exit code {ended.returncode}'}")
    return ended.stdout


def _found(program: str) -> str:
    """The newest one, because an older program refuses to dump a newer server."""
    versions = sorted(
        Path("/").glob(_FOLDERS.lstrip("/")), key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))]
    )
    for folder in reversed(versions):
        if (folder / program).is_file():
            return str(folder / program)
    found = shutil.which(program)
    if found is None:
        raise StoreError(f"{program} was not found: install PostgreSQL's client programs (postgresql-client)")
    return found
