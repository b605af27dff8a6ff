"""Kept conversations: sealed, bound to their id, replaced and forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import NOW

from pii.encryption import EncryptionError, KeyRing, Vault
from tickets.conversations import LARGEST, Conversations
from tickets.errors import InputError
from tickets.store import Store, Unit
from tickets.tables_proof import budgets

DATA = b"\x00packed\xff" * 10


@pytest.fixture
def kept(store: Store, vault: Vault) -> Conversations:
    return Conversations(store, vault)


def test_what_was_saved_last_is_loaded(kept: Conversations) -> None:
    kept.save("c1", b"first", NOW)
    kept.save("c1", DATA, NOW + timedelta(minutes=1))
    kept.save("c2", b"other", NOW)
    assert (kept.load("c1"), kept.load("c2"), kept.load("c3")) == (DATA, b"other", None)
    assert kept.count() == 2


def test_a_deleted_conversation_is_gone_and_deleting_twice_is_no_error(kept: Conversations) -> None:
    kept.save("c1", DATA, NOW)
    for _ in range(2):
        kept.delete("c1")
    assert kept.load("c1") is None and kept.count() == 0


def test_saving_sets_the_time_anew(kept: Conversations, store: Store) -> None:
    kept.save("c1", DATA, NOW)
    kept.save("c1", DATA, NOW + timedelta(days=3))
    with store.reading() as unit:
        assert str(unit.execute(sa.text("SELECT at FROM conversations")).scalar()).startswith("2026-02-03")


def test_one_conversation_moved_to_another_does_not_open(kept: Conversations, store: Store) -> None:
    kept.save("c1", DATA, NOW)
    kept.save("c2", b"other", NOW)
    with store.unit() as unit:
        unit.execute(sa.text("DELETE FROM conversations WHERE id = 'c2'"))
        unit.execute(sa.text("UPDATE conversations SET id = 'c2'"))
        unit.commit()
    with pytest.raises(EncryptionError):
        kept.load("c2")


def test_without_the_key_it_is_not_read(kept: Conversations, store: Store) -> None:
    kept.save("c1", DATA, NOW)
    with pytest.raises(EncryptionError):
        Conversations(store, Vault(KeyRing.new())).load("c1")


def test_the_file_does_not_show_what_was_said(tmp_path: Path, migrated_file: Path, vault: Vault) -> None:
    path = tmp_path / "talk.db"
    path.write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        Conversations(store, vault).save("c1", b"canary-of-the-talk" * 500, NOW)
    assert b"canary-of-the-talk" not in path.read_bytes()


def test_what_belongs_to_a_saving_is_durable_with_it_or_not_at_all(kept: Conversations, store: Store) -> None:
    def failing(unit: Unit) -> None:
        unit.execute(sa.insert(budgets).values(name="along", began_at=NOW, spent=1))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept.save("c1", DATA, NOW, failing)
    kept.save("c2", DATA, NOW, lambda unit: None)
    with store.reading() as unit:
        assert unit.execute(sa.select(budgets)).first() is None
    assert (kept.load("c1"), kept.load("c2")) == (None, DATA)


@pytest.mark.parametrize("conversation", ["", "x" * 201, "a\0b"])
def test_an_id_that_does_not_fit_is_refused(kept: Conversations, conversation: str) -> None:
    with pytest.raises(InputError):
        kept.save(conversation, DATA, NOW)


def test_too_much_is_refused(kept: Conversations) -> None:
    with pytest.raises(InputError):
        kept.save("c1", b"x" * (LARGEST + 1), NOW)
