"""Backups: taken beside a writer, checked, put back whole, and what was erased since stays erased."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import NOW
from keeping_builders import add_message, add_request, add_talk, drop_kept_aside, put_request

from pii.encryption import KeyRing, Vault
from pii.redacted import Redacted
from tickets import audit, backup_postgresql
from tickets.anchors import ANCHOR_FILE, daily_anchor, read_anchors
from tickets.backup import Around, back_up, check, restore
from tickets.conversations import Conversations
from tickets.errors import StoreError, StoreLockedError
from tickets.inbox import Inbox, Incoming
from tickets.ledger import LEDGER_FILE
from tickets.retention import Keeper
from tickets.store import Store
from tickets.tables import requests
from tickets.vocabulary import Status

LATER = NOW + timedelta(days=1)
FORGOTTEN = "conversation-of-somebody-forgotten"


@pytest.fixture
def around(tmp_path: Path, vault: Vault) -> Around:
    return Around(vault, tmp_path / LEDGER_FILE, tmp_path / ANCHOR_FILE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups.d" / "desk.backup"


@pytest.fixture(autouse=True)
def folder(file: Path) -> None:
    file.parent.mkdir()


@pytest.fixture(autouse=True)
def nothing_kept_aside(empty_url: str) -> Iterator[None]:
    """On PostgreSQL a restore keeps the earlier schema under another name."""
    yield
    drop_kept_aside(empty_url)


def texts(url: str) -> set[str]:
    with Store(url, read_only=True) as store, store.reading() as unit:
        return set(unit.execute(sa.select(requests.c.text)).scalars())


def test_a_backup_brings_back_what_was_there_and_keeps_aside_what_came_later(
    url: str, around: Around, file: Path, vault: Vault
) -> None:
    with Store(url) as store:
        audit.use_key(store, vault)
        add_talk(store, vault, "c1", NOW)
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
        add_request(store, vault, "c2", NOW)
    restored = restore(url, file, around, LATER, force=True)
    assert (restored.requests, restored.unreadable, texts(url)) == (1, 0, {"text of c1"}) and restored.aside
    with Store(url) as store:
        store.check_current()
        audit.use_key(store, vault)
        assert Conversations(store, vault).load("c1") == b"talk"
        with store.reading() as unit:
            assert audit.verify(unit, anchors=read_anchors(around.anchors)).intact


def test_a_backup_is_for_its_owner_alone_and_has_a_checksum_that_sha256sum_reads(
    url: str, file: Path, vault: Vault
) -> None:
    with Store(url) as store:
        checksum = back_up(store, file)
    assert file.stat().st_mode & 0o077 == 0
    assert file.with_name("desk.backup.sha256").read_text() == f"{checksum}  desk.backup\n"
    assert {path.name for path in file.parent.iterdir()} == {"desk.backup", "desk.backup.sha256"}


def test_the_key_file_is_not_in_a_backup_and_without_it_contacts_are_not_read(
    url: str, around: Around, file: Path, tmp_path: Path
) -> None:
    ring = KeyRing.new()
    with Store(url) as store:
        add_talk(store, Vault(ring), "c1", NOW)
        back_up(store, file)
    for key in (*ring.keys.values(), ring.ledger):
        assert key.reveal().encode() not in file.read_bytes()
    other = Vault(ring.with_new_key().with_current_only())
    restored = restore(url, file, Around(other, around.ledger, around.anchors), LATER, force=True)
    assert restored.unreadable == 3


def test_a_database_with_data_is_not_overwritten_unless_it_is_forced(
    url: str, around: Around, file: Path, vault: Vault
) -> None:
    with Store(url) as store:
        back_up(store, file)
        add_talk(store, vault, "c1", NOW)
    with pytest.raises(StoreError, match="not empty"):
        restore(url, file, around, LATER)
    with Store(url) as store:
        assert Conversations(store, vault).load("c1") == b"talk"


def test_a_message_that_waits_for_its_answer_counts_as_data(url: str, around: Around, file: Path, vault: Vault) -> None:
    with Store(url) as store:
        back_up(store, file)
        Inbox(store, vault).receive(Incoming("web", "c1:1", "c1", Redacted("{}")), NOW)
    with pytest.raises(StoreError, match="not empty"):
        restore(url, file, around, LATER)


def test_an_empty_database_is_filled_without_force(
    empty_url: str, migrated_file: Path, around: Around, file: Path, vault: Vault
) -> None:
    with Store(empty_url) as store:
        store.migrate()
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
        with store.unit() as unit:
            unit.execute(sa.text("DELETE FROM idempotency_keys"))
            for table in ("request_contacts", "challenges", "stop_links"):
                unit.execute(sa.text(f"DELETE FROM {table}"))
            guards = ("DROP TRIGGER rights_no_delete",)
            if not store.is_sqlite:
                guards = ("ALTER TABLE request_rights DISABLE TRIGGER ALL",)
            for statement in (*guards, "DELETE FROM request_rights", "DELETE FROM requests"):
                unit.execute(sa.text(statement))
            unit.commit()
    assert restore(empty_url, file, around, LATER).requests == 1
    assert texts(empty_url) == {"text of c1"}


def test_who_was_forgotten_after_the_backup_stays_forgotten(url: str, around: Around, file: Path, vault: Vault) -> None:
    with Store(url) as store:
        for conversation in (FORGOTTEN, "c2"):
            add_talk(store, vault, conversation, NOW)
            add_request(store, vault, conversation, NOW, Status.WITHDRAWN)
        back_up(store, file)
        Keeper(store, vault, ledger=around.ledger).forget(FORGOTTEN, NOW + timedelta(hours=1))
    restored = restore(url, file, around, LATER, force=True)
    assert (restored.erased.conversations, restored.erased.pseudonymised) == (1, 1)
    assert texts(url) == {"", "text of c2"}
    with Store(url) as store:
        kept = Conversations(store, vault)
        assert (kept.load(FORGOTTEN), kept.load("c2")) == (None, b"talk")
        assert FORGOTTEN not in str(_everything(store))


def _everything(store: Store) -> list[object]:
    tables = ("requests", "idempotency_keys", "challenges", "outbox", "held_contacts", "grants")
    with store.reading() as unit:
        return [tuple(row) for table in tables for row in unit.execute(sa.text(f"SELECT * FROM {table}"))]


def test_the_ledger_of_the_replaced_database_counts_when_its_file_is_lost(
    url: str, around: Around, file: Path, vault: Vault
) -> None:
    with Store(url) as store:
        add_talk(store, vault, "c1", NOW)
        back_up(store, file)
        Keeper(store, vault, ledger=around.ledger).forget("c1", NOW + timedelta(hours=1))
    around.ledger.unlink()
    assert restore(url, file, around, LATER, force=True).erased.conversations == 1


def test_a_database_put_back_by_other_means_is_caught_up_with_at_the_next_start(
    url: str, around: Around, vault: Vault
) -> None:
    with Store(url) as store:
        keeper = Keeper(store, vault, ledger=around.ledger)
        assert keeper.catch_up(NOW) is None
        keeper.forget("c1", NOW)
        assert keeper.catch_up(NOW) is None
        with store.unit() as unit:
            unit.execute(sa.text("DELETE FROM erasures"))
            unit.commit()
        add_talk(store, vault, "c1", NOW - timedelta(days=1))
        caught = keeper.catch_up(LATER)
        assert caught is not None and caught.conversations == 1
        assert Conversations(store, vault).load("c1") is None and keeper.catch_up(LATER) is None


def test_anchors_from_after_the_backup_are_no_alarm_after_its_restore(
    url: str, around: Around, file: Path, vault: Vault
) -> None:
    with Store(url) as store:
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
        add_request(store, vault, "c2", NOW)
        with store.reading() as unit:
            daily_anchor(unit, around.anchors, NOW)
    restore(url, file, around, LATER, force=True)
    with Store(url) as store, store.reading() as unit:
        assert audit.verify(unit, anchors=read_anchors(around.anchors)).intact


@pytest.mark.parametrize("messages", [0, 3])
def test_messages_after_a_restore_have_numbers_that_no_reader_has_seen(
    url: str, around: Around, file: Path, vault: Vault, messages: int
) -> None:
    def post(store: Store, times: int) -> int:
        with store.unit() as unit:
            for _ in range(times):
                add_message(unit, vault, "c1", NOW)
            unit.commit()
            return int(unit.execute(sa.text("SELECT coalesce(max(sequence), 0) FROM outbox")).scalar())

    with Store(url) as store:
        post(store, messages)
        back_up(store, file)
        seen = post(store, 5)
        add_talk(store, vault, "c1", NOW)
    restore(url, file, around, LATER, force=True)
    with Store(url) as store:
        assert post(store, 1) > seen


@pytest.mark.parametrize("damage", ["bit", "cut", "no checksum", "nothing"])
def test_a_damaged_backup_is_refused_and_the_database_stays(
    url: str, around: Around, file: Path, vault: Vault, damage: str
) -> None:
    with Store(url) as store:
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
    data = bytearray(file.read_bytes())
    if damage == "bit":
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "no checksum":
        file.with_name("desk.backup.sha256").unlink()
    else:
        file.unlink()
    with pytest.raises(StoreError):
        restore(url, file, around, LATER, force=True)
    assert texts(url) == {"text of c1"}


def test_a_backup_is_never_overwritten(url: str, file: Path) -> None:
    with Store(url) as store:
        back_up(store, file)
        with pytest.raises(StoreError, match="never overwritten"):
            back_up(store, file)


def test_a_backup_that_cannot_be_written_is_told_and_leaves_nothing(url: str, tmp_path: Path) -> None:
    with Store(url) as store, pytest.raises(StoreError):
        back_up(store, tmp_path / "no" / "such" / "folder" / "x")


def test_backups_beside_a_writer_hold_everything_answered_before(url: str, file: Path, vault: Vault) -> None:
    filed: list[str] = []
    stop = threading.Event()

    def write() -> None:
        with Store(url) as store:
            while not stop.is_set():
                with store.unit() as unit:
                    put_request(unit, vault, f"c{len(filed)}", NOW)
                    unit.commit()
                filed.append(f"text of c{len(filed)}")
                stop.wait(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with Store(url, read_only=True) as store:
            for number in range(4):
                while len(filed) < 10 * (number + 1):
                    stop.wait(0.005)
                answered, target = set(filed), file.with_name(f"{number}.backup")
                back_up(store, target)
                check(target)
                assert answered <= _texts_in(target, store)
    finally:
        stop.set()
        writer.join()


def _texts_in(target: Path, store: Store) -> set[str]:
    if store.is_sqlite:
        copy = sqlite3.connect(target)
        try:
            return {text for (text,) in copy.execute("SELECT text FROM requests")}
        finally:
            copy.close()
    printed = backup_postgresql._run("pg_restore", None, ("--data-only", "--table=requests", "--file=-", str(target)))
    return {cell for line in printed.splitlines() for cell in line.split("\t") if cell.startswith("text of ")}


# SQLite alone


def test_a_restore_that_fails_while_erasing_leaves_the_database_as_it_was(
    place: Path, around: Around, file: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Keeper, now: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(Keeper, "reapply_erasures", fail)
    with Store(f"sqlite:///{place}") as store:
        back_up(store, file)
        add_request(store, vault, "c1", NOW)
    with pytest.raises(StoreError, match="full"):
        restore(f"sqlite:///{place}", file, around, LATER, force=True)
    assert texts(f"sqlite:///{place}") == {"text of c1"}


@pytest.fixture
def place(tmp_path: Path, migrated_file: Path) -> Path:
    path = tmp_path / "data" / "desk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    return path


def test_a_restore_beside_a_running_bot_is_refused(place: Path, around: Around, file: Path) -> None:
    with Store(f"sqlite:///{place}") as bot:
        back_up(bot, file)
        with pytest.raises(StoreLockedError):
            restore(f"sqlite:///{place}", file, around, LATER, force=True)


def test_a_database_that_cannot_be_read_any_more_is_replaced_and_kept_aside(
    place: Path, around: Around, file: Path, vault: Vault
) -> None:
    with Store(f"sqlite:///{place}") as store:
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
    place.write_bytes(b"this is no database" * 1_000)
    with pytest.raises(StoreError, match="not empty"):
        restore(f"sqlite:///{place}", file, around, LATER)
    restored = restore(f"sqlite:///{place}", file, around, LATER, force=True)
    assert texts(f"sqlite:///{place}") == {"text of c1"}
    assert place.with_name(restored.aside).read_bytes().startswith(b"this is no database")


def test_the_journal_of_a_crash_is_not_played_back_into_the_restored_file(
    place: Path, around: Around, file: Path, vault: Vault
) -> None:
    with Store(f"sqlite:///{place}") as store:
        add_request(store, vault, "c1", NOW)
        back_up(store, file)
    journal = place.with_name("desk.db-journal")
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\xff" * 600)
    place.write_bytes(b"broken")
    restore(f"sqlite:///{place}", file, around, LATER, force=True)
    assert texts(f"sqlite:///{place}") == {"text of c1"}


def test_a_file_that_is_no_backup_is_refused(place: Path, around: Around, file: Path) -> None:
    file.write_bytes(b"something else")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name("desk.backup.sha256").write_text(f"{digest}  desk.backup\n")
    with pytest.raises(StoreError, match="not a backup"):
        restore(f"sqlite:///{place}", file, around, LATER, force=True)


def test_nothing_is_left_beside_a_restored_database(place: Path, around: Around, file: Path) -> None:
    with Store(f"sqlite:///{place}") as store:
        back_up(store, file)
    restored = restore(f"sqlite:///{place}", file, around, LATER, force=True)
    names = {"desk.db", "desk.db.lock", "desk.db-journal", restored.aside}
    assert {path.name for path in place.parent.iterdir()} <= names
