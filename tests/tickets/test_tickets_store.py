"""What the database itself promises: durable settings, one writer, gates that raw SQL cannot pass."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from conftest import NOW, service_on, wish

from tickets import migrations
from tickets.errors import (
    ConstraintError,
    StoreError,
    StoreLockedError,
    StoreOutdatedError,
    StoreUnavailableError,
)
from tickets.store import Store
from tickets.tables import metadata, requests

PROJECT = Path(__file__).resolve().parents[2]
PRAGMAS = {
    "journal_mode": "truncate",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "busy_timeout": 5_000,
    "trusted_schema": 0,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "privacy-desk.db"


@pytest.mark.parametrize(("name", "value"), PRAGMAS.items())
def test_sqlite_opens_with_settings_that_survive_power_loss(path: Path, name: str, value: object) -> None:
    with Store(f"sqlite:///{path}") as store, store.reading() as unit:
        assert unit.connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_only_the_owner_reads_the_file(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_deleted_bytes_are_gone_from_the_file(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
        receipt = service_on(store).open_request(wish(text="canary" * 100), NOW)
        assert b"canarycanary" in path.read_bytes()
        with store.unit() as unit:
            unit.execute(sa.update(requests).where(requests.c.reference == receipt.reference).values(text=""))
            unit.commit()
        assert b"canarycanary" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_second_writer_process_is_refused_with_a_sentence(path: Path) -> None:
    code = "import sys; from tickets.store import Store; Store(sys.argv[1])"
    with Store(f"sqlite:///{path}"):
        root = str(Path(__file__).parents[2])
        ended = subprocess.run(
            [sys.executable, "-c", code, f"sqlite:///{path}"],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": root},
            check=False,
        )
        with pytest.raises(StoreLockedError, match="use PostgreSQL"):
            Store(f"sqlite:///{path}")
    assert ended.returncode != 0 and "another process already writes to this SQLite file" in ended.stderr


def test_the_lock_goes_back_when_the_store_is_closed(path: Path) -> None:
    for _ in range(3):
        Store(f"sqlite:///{path}").close()


def test_a_reader_needs_no_lock_and_cannot_write(store: Store, url: str) -> None:
    with Store(url, read_only=True) as reader:
        assert service_on(reader).listing() == ()
        with pytest.raises(StoreUnavailableError):
            service_on(reader).open_request(wish(), NOW)


def test_a_reader_does_not_make_a_database(path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="no database"):
        Store(f"sqlite:///{path}", read_only=True)
    assert not path.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://example.org/x", "nonsense", ""])
def test_what_loses_data_or_is_unknown_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        Store(url)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/file/privacy-desk.db")


def test_a_unit_that_is_not_committed_is_rolled_back(store: Store, count: Callable[[str], int]) -> None:
    insert = sa.text("INSERT INTO request_rights VALUES (:id, 'access')")
    with pytest.raises(RuntimeError), store.unit() as unit:
        _insert_request(unit.connection)
        unit.execute(insert.bindparams(id="r"))
        raise RuntimeError
    with store.unit() as unit:
        _insert_request(unit.connection)
    assert count("requests") == count("request_rights") == 0


def test_a_full_disk_is_told_as_not_saved(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
        service = service_on(store)
        with store.unit() as unit:
            pages = unit.connection.exec_driver_sql("PRAGMA page_count").scalar()
            unit.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnavailableError, match="nothing was saved"):
            for number in range(50):
                service.open_request(wish(conversation=f"c{number}", text="x" * 4_000), NOW)
        filed = number
        assert len(service.listing()) == filed and service.verify_audit().intact


def test_tables_that_are_missing_are_told(empty_url: str) -> None:
    with Store(empty_url) as store:
        with pytest.raises(StoreOutdatedError, match="run the migrations"):
            service_on(store).listing()
        with pytest.raises(StoreOutdatedError):
            store.check_current()


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    store.check_current()
    with store.reading() as unit:
        context = MigrationContext.configure(unit.connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, metadata) == []


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    return name != "sqlite_sequence"  # SQLite's own


def test_the_migrations_make_exactly_the_constraints_of_the_code(store: Store, tmp_path: Path) -> None:
    def checks(engine: sa.engine.Engine) -> set[tuple[str, str]]:
        found = sa.inspect(engine)
        return {(table, check["name"]) for table in metadata.tables for check in found.get_check_constraints(table)}

    assert checks(store.engine) == {
        (table.name, str(check.name))
        for table in metadata.tables.values()
        for check in table.constraints
        if isinstance(check, sa.CheckConstraint)
    }
    if store.is_sqlite:
        fresh = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
        metadata.create_all(fresh)
        assert _definitions(fresh) == _definitions(store.engine)


def _definitions(engine: sa.engine.Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    # Columns and constraints may stand in another order; what they say may not differ.
    plain = {name: " ".join(sql.replace('"', "").split()) for name, sql in rows}
    return {
        name: sorted(_parts(sql[sql.index("(") + 1 : sql.rindex(")")]))
        for name, sql in plain.items()
        if name not in ("alembic_version", "sqlite_sequence")
    }


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no bracket."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def test_the_newest_revision_is_the_one_that_the_migrations_end_with() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(migrations._config()).get_heads() == [migrations.HEAD]


def test_a_database_that_is_current_needs_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    with Store(url) as store:
        store.migrate()
    code = (
        "import sys; from tickets.store import Store; Store(sys.argv[1]).migrate(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, url], cwd=PROJECT, timeout=60).returncode == 0


def test_migrating_twice_or_down_and_up_is_no_harm(store: Store) -> None:
    from alembic import command

    store.migrate()
    with store.engine.connect() as plain:
        connection = plain.execution_options(**{migrations.WRITES: True})
        with connection.begin():
            config = migrations._config()
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
    store.migrate()
    store.check_current()


_ROW = {
    "id": "r",
    "reference": "KLS-7F3K-92QD",
    "policy": "klasso",
    "policy_version": "2026-04",
    "channel": "web",
    "conversation": "c",
    "text": "",
    "regimes": "[]",
    "received_at": NOW,
    "answer_by": NOW.date(),
    "working": "[]",
    "is_target": False,
    "status": "received",
    "filer": "requester:c",
}
_PROVEN = {"verified_at": NOW, "approver": "staff:b", "closed_at": NOW}


def _insert_request(connection: object, **changes: object) -> None:
    connection.execute(sa.insert(requests).values(**(_ROW | changes)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "fulfilled", "closed_at": NOW},
        {"status": "fulfilled", **_PROVEN, "verified_at": None},
        {"status": "fulfilled", **_PROVEN, "approver": None},
        {"status": "fulfilled", **_PROVEN, "approver": ""},
        {"status": "fulfilled", **_PROVEN, "approver": "requester:c"},
        {"status": "partly_fulfilled", **_PROVEN},
        {"status": "partly_fulfilled", "closed_at": NOW, "refusal_reason": "LegallyExempted", "refusal_basis": "x"},
        {"status": "verified"},
        {"status": "in_progress"},
        {"status": "awaiting_controller"},
        {"status": "fulfilled", **_PROVEN, "closed_at": None},
        {"closed_at": NOW},
        {"status": "approved"},
        {"status": "Fulfilled"},
        {"channel": "pigeon"},
        {"status": "denied", "closed_at": NOW},
        {"status": "denied", "closed_at": NOW, "refusal_reason": "NoReason", "refusal_basis": "x"},
        {"status": "duplicate", "closed_at": NOW},
        {"status": "duplicate", "closed_at": NOW, "duplicate_of": "r"},
        {"status": "duplicate", "closed_at": NOW, "duplicate_of": "nobody"},
        {"status": "referred", "closed_at": NOW},
        {"status": "fulfilled", **_PROVEN, "hold_until": NOW + timedelta(seconds=1)},
        {"extended_at": NOW},
        {"extension_reason": "InformationRequired"},
        {"extended_at": NOW, "extension_reason": "NoReason"},
        {"pseudonymised_at": NOW},
        {"text": "x" * 4_001},
        {"filer": ""},
        {"conversation": ""},
    ],
    ids=str,
)
def test_a_row_that_breaks_a_gate_is_refused_by_insert_and_by_update(store: Store, changes: dict[str, object]) -> None:
    with pytest.raises((ConstraintError, StoreUnavailableError)), store.unit() as unit:
        _insert_request(unit.connection, **changes)
        unit.commit()
    with store.unit() as unit:
        _insert_request(unit.connection)
        # A right that needs no proof, so that not the trigger on evidence but the constraint itself refuses.
        unit.execute(sa.text("INSERT INTO request_rights VALUES ('r', 'question')"))
        unit.commit()
    with pytest.raises((ConstraintError, StoreUnavailableError)), store.unit() as unit:
        unit.execute(sa.update(requests).values(**changes))
        unit.commit()


def test_a_proven_approved_request_can_be_marked_as_done(store: Store) -> None:
    """The control: without it the refusals above could come from anything."""
    with store.unit() as unit:
        _insert_request(unit.connection)
        unit.execute(sa.text("INSERT INTO request_rights VALUES ('r', 'question')"))
        unit.execute(sa.update(requests).values(status="fulfilled", **_PROVEN, hold_until=NOW))
        unit.commit()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "denied", "closed_at": NOW, "refusal_reason": "ProcessExcessive", "refusal_basis": "Art. 12(5)"},
        {"status": "referred", "closed_at": NOW, "referred_to": "the school"},
    ],
    ids=str,
)
def test_a_row_that_keeps_the_gates_is_taken(store: Store, changes: dict[str, object]) -> None:
    with store.unit() as unit:
        _insert_request(unit.connection, **changes)
        unit.commit()


@pytest.mark.parametrize("right", ["approve", "Deletion", ""])
def test_a_right_outside_the_vocabulary_is_refused(store: Store, right: str) -> None:
    with pytest.raises(ConstraintError), store.unit() as unit:
        _insert_request(unit.connection)
        unit.execute(sa.text("INSERT INTO request_rights VALUES ('r', :right)").bindparams(right=right))


def test_an_error_does_not_repeat_what_was_typed(store: Store) -> None:
    with pytest.raises(ConstraintError) as refusal, store.unit() as unit:
        _insert_request(unit.connection, status="nonsense", text="canary")
    assert "canary" not in str(refusal.value)


def test_a_naive_time_is_not_stored(store: Store) -> None:
    with pytest.raises(StoreError), store.unit() as unit:
        _insert_request(unit.connection, received_at=NOW.replace(tzinfo=None))


def test_wal_files_do_not_appear(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
        service_on(store).open_request(wish(), NOW)
        assert not [file for file in path.parent.iterdir() if file.suffix.endswith(("-wal", "-shm"))]
        with sqlite3.connect(path) as other:
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
