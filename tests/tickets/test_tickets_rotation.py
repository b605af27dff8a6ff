"""Changing keys: everything stays readable, the old key becomes useless, and a kill does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, wish
from keeping_builders import add_message, put_arrivals, put_request, put_talk

from pii.encryption import EncryptionError, KeyRing, Sealed, Vault, load_ring, save_ring
from pii.redacted import Redacted
from tickets import contacts, rotation
from tickets.contacts import KnownContact
from tickets.conversations import Conversations
from tickets.errors import StoreError, StoreLockedError
from tickets.following import FollowingVault
from tickets.inbox import Inbox, Incoming
from tickets.rotation import SEALED_TABLES, rotate, unknown_keys
from tickets.spool import Spool
from tickets.store import Store
from tickets.tables_talk import outbox
from tickets.vocabulary import ContactKind

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ring_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    load_ring(path)
    return path


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "SETTLE_SECONDS", 0.0)


def fill(store: Store, vault: Vault, people: int) -> None:
    """For each person a talk, a held contact, three messages, a request with a contact, and three that arrived."""
    with store.unit() as unit:
        for number in range(people):
            put_talk(unit, vault, f"c{number}", NOW)
            put_arrivals(unit, vault, f"c{number}", number, NOW)
            name = put_request(unit, vault, f"c{number}", NOW)
            address = Redacted(f"c{number}@example.org")
            lane = vault.look_up(address, contacts.CONTACT_INDEX)
            add_message(unit, vault, lane, NOW, way="mail", request_id=name)
        unit.commit()


OF_EACH = 9


def key_ids(store: Store) -> set[str]:
    with store.reading() as unit:
        return {name for table in SEALED_TABLES for name in unit.execute(sa.select(table.c.key_id)).scalars()}


def opened(store: Store, vault: Vault) -> int:
    """How many values open; raises for one that does not."""
    with store.reading() as unit:
        rows = [(table.name, row) for table in SEALED_TABLES for row in unit.execute(sa.select(table)).mappings()]
    for table, row in rows:
        vault.open_bytes(Sealed(row["key_id"], row["sealed"]), f"{table}.sealed:{row['id']}")
    return len(rows)


def test_everything_is_sealed_anew_and_the_old_key_opens_nothing(store: Store, ring_path: Path) -> None:
    old = Vault(load_ring(ring_path))
    fill(store, old, 30)
    done = rotate(store, ring_path)
    assert (done.key, done.sealed_anew, done.unreadable, done.dropped) == ("k2", 30 * OF_EACH, 0, ("k1",))
    assert key_ids(store) == {"k2"} and tuple(load_ring(ring_path).keys) == ("k2",)
    assert opened(store, Vault(load_ring(ring_path))) == 30 * OF_EACH
    with pytest.raises(EncryptionError):
        Conversations(store, old).load("c1")


def test_requests_are_found_by_their_contact_with_the_new_key_only(store: Store, ring_path: Path) -> None:
    old = Vault(load_ring(ring_path))
    fill(store, old, 3)
    rotate(store, ring_path)
    known = [KnownContact(ContactKind.EMAIL, Redacted("c1@example.org"))]
    with store.reading() as unit:
        assert len(contacts.requests_with(unit, Vault(load_ring(ring_path)), known)) == 1
        assert contacts.requests_with(unit, old, known) == frozenset()


def test_lanes_of_mails_follow_and_those_of_sent_ones_show_nothing(store: Store, ring_path: Path) -> None:
    old = Vault(load_ring(ring_path))
    lane = old.look_up(Redacted("c1@example.org"), contacts.CONTACT_INDEX)
    fill(store, old, 2)
    with store.unit() as unit:
        add_message(unit, old, lane, NOW, way="mail", status="sent", sealed=b"")
        unit.commit()
    with store.reading() as unit:
        before = set(unit.execute(sa.select(outbox.c.lane).where(outbox.c.way == "mail")).scalars())
    rotate(store, ring_path)
    with store.reading() as unit:
        mails = unit.execute(sa.select(outbox).where(outbox.c.way == "mail")).mappings().all()
        chats = set(unit.execute(sa.select(outbox.c.lane).where(outbox.c.way == "web")).scalars())
    assert lane in before and not before & {row["lane"] for row in mails}
    assert {row["lane"] == row["id"] for row in mails if row["status"] == "sent"} == {True}
    assert chats == {"c0", "c1"}


def test_a_message_that_was_settled_is_known_by_its_key_after_the_change_and_one_that_waits_opens(
    store: Store, ring_path: Path
) -> None:
    box = Inbox(store, Vault(load_ring(ring_path)))
    done, waits = (Incoming("web", f"c{n}:1", f"c{n}", Redacted('"hello"'), f"mark-{n}") for n in (1, 2))
    item = box.receive(done, NOW, take=True).item
    assert item is not None and box.settle(item, NOW, "f" * 32)
    box.receive(waits, NOW)
    rotate(store, ring_path)
    after = Inbox(store, Vault(load_ring(ring_path)))
    assert after.receive(done, NOW).reply_id == "f" * 32 and not after.receive(waits, NOW).is_new
    assert [(item.key, item.body) for item in after.lease(NOW)] == [("c2:1", waits.body)]


def test_a_spooled_request_is_sealed_anew(store: Store, ring_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    Spool(folder, Vault(load_ring(ring_path))).leave(wish(), None, NOW)
    rotate(store, ring_path, folder)
    filed: list[Any] = []
    spool = Spool(folder, Vault(load_ring(ring_path)))
    assert spool.drain(lambda one, at: filed.append(one), lambda *some: "") == 1  # type: ignore[arg-type, return-value]
    assert filed == [wish()]


def test_while_a_value_does_not_open_the_old_keys_are_kept(store: Store, ring_path: Path) -> None:
    fill(store, Vault(load_ring(ring_path)), 2)
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE conversations SET sealed = (SELECT sealed FROM held_contacts LIMIT 1)"))
        unit.commit()
    done = rotate(store, ring_path)
    assert done.unreadable == 2 and done.dropped == () and set(load_ring(ring_path).keys) == {"k1", "k2"}


def test_ten_kills_leave_everything_readable_and_the_change_can_be_finished(url: str, ring_path: Path) -> None:
    with Store(url) as store:
        fill(store, Vault(load_ring(ring_path)), 84)
    command = [sys.executable, str(Path(__file__).with_name("rotation_harness.py")), url, str(ring_path), "10"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) >= 5
    with Store(url) as store:
        assert opened(store, Vault(load_ring(ring_path))) == 84 * OF_EACH
        done = rotate(store, ring_path)
        assert done.unreadable == 0 and len(load_ring(ring_path).keys) == 1 and len(key_ids(store)) == 1
        assert opened(store, Vault(load_ring(ring_path))) == 84 * OF_EACH


def test_an_interrupted_change_goes_on_with_its_own_key(store: Store, ring_path: Path) -> None:
    fill(store, Vault(load_ring(ring_path)), 2)
    save_ring(ring_path, load_ring(ring_path).with_new_key())  # killed right after this
    assert rotate(store, ring_path).key == "k2"
    assert rotate(store, ring_path).key == "k3"


def test_readers_read_on_while_keys_change(store: Store, url: str, ring_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(rotation, "_BATCH", 5)
    # On PostgreSQL, as in life, the old key stays until what was read before the change is done with.
    monkeypatch.setattr(rotation, "_forget_old", lambda path, ring: ())
    fill(store, Vault(load_ring(ring_path)), 40)
    stop, wrong = threading.Event(), []

    def read() -> None:
        with Store(url, read_only=True) as other:
            kept = Conversations(other, FollowingVault(ring_path))
            while not stop.is_set():
                wrong.extend(number for number in range(40) if kept.load(f"c{number}") != b"talk")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        rotate(store, ring_path)
    finally:
        stop.set()
        reader.join()
    assert wrong == [] and key_ids(store) == {"k2"}


def test_what_a_running_bot_writes_during_the_change_is_sealed_with_the_new_key(store: Store, ring_path: Path) -> None:
    bot = Conversations(store, FollowingVault(ring_path))
    bot.save("before", b"talk", NOW)
    rotate(store, ring_path, sleep=lambda _: bot.save("during", b"talk", NOW))
    bot.save("after", b"talk", NOW)
    assert {bot.load(name) for name in ("before", "after")} == {b"talk"} and key_ids(store) == {"k2"}


def test_what_was_sealed_just_before_the_change_and_saved_after_it_is_sealed_anew(
    store: Store, ring_path: Path
) -> None:
    if store.is_sqlite:  # there is nobody who could: the change has the writer's lock
        with pytest.raises(StoreLockedError):
            Store(str(store.engine.url))
        return
    slow = Conversations(store, Vault(load_ring(ring_path)))  # sealed with the old key, committed late
    rotate(store, ring_path, sleep=lambda _: slow.save("late", b"talk", NOW))
    assert Conversations(store, FollowingVault(ring_path)).load("late") == b"talk"


def test_two_changes_at_once_are_refused(store: Store, ring_path: Path) -> None:
    fill(store, Vault(load_ring(ring_path)), 1)
    with rotation._alone(ring_path), pytest.raises(StoreError, match="another process"):
        rotate(store, ring_path)
    assert len(load_ring(ring_path).keys) == 1


def test_values_under_a_forgotten_key_are_counted(store: Store, ring_path: Path) -> None:
    fill(store, Vault(load_ring(ring_path)), 2)
    with store.reading() as unit:
        assert unknown_keys(unit, Vault(load_ring(ring_path))) == {}
        assert unknown_keys(unit, Vault(KeyRing.new().with_new_key().with_current_only())) == {"k1": 2 * OF_EACH}
