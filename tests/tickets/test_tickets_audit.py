"""The keyed trail and its anchors: whoever can only write to the database is found out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW
from keeping_builders import put_request

from pii.encryption import KeyRing, Vault
from tickets import audit
from tickets.anchors import daily_anchor, mark_restored, read_anchors
from tickets.store import Store, Unit
from tickets.tables import audit as trail
from tickets.vocabulary import Status

ENTRIES = 12


@pytest.fixture
def keyed(store: Store, vault: Vault) -> Store:
    """Two entries of the first release, then keyed ones."""
    for number in range(ENTRIES):
        if number == 2:
            audit.use_key(store, vault)
        with store.unit() as unit:
            put_request(unit, vault, f"c{number}", NOW)
            unit.commit()
    return store


@contextmanager
def unguarded(store: Store) -> Iterator[Unit]:
    """A transaction without the triggers that refuse changes; all of it is rolled back."""
    with store.unit() as unit:
        for change in ("update", "delete") if store.is_sqlite else ():
            unit.execute(sa.text(f"DROP TRIGGER audit_no_{change}"))
        if not store.is_sqlite:
            unit.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        yield unit


def rows_of(unit: Unit) -> list[dict[str, Any]]:
    return [dict(row) for row in unit.execute(sa.select(trail).order_by(trail.c.sequence)).mappings()]


def put_back(unit: Unit, rows: list[dict[str, Any]]) -> None:
    unit.execute(sa.delete(trail))
    for row in rows:
        unit.execute(sa.insert(trail).values(**row))


def rehashed(rows: list[dict[str, Any]], key: bytes | None) -> list[dict[str, Any]]:
    """What a forger without the key can do: number and chain all entries anew."""
    before = audit.GENESIS
    for number, row in enumerate(rows, 1):
        row |= {"sequence": number, "previous": before}
        before = row["hash"] = audit._hash(row, key)
    return rows


def edited(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    column, value = dice.choice(
        [("actor", "somebody"), ("action", "approved"), ("detail", "{}x"), ("at", NOW + timedelta(hours=1))]
    )
    dice.choice(rows)[column] = value
    return rows


def deleted(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    del rows[dice.randrange(len(rows) - 1)]
    return rows


def reordered(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    one, other = dice.sample(range(len(rows)), 2)
    rows[one]["sequence"], rows[other]["sequence"] = rows[other]["sequence"], rows[one]["sequence"]
    return rows


def inserted(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    place = dice.randrange(1, len(rows))
    new = dict(rows[place], actor="somebody")
    return [*rows[:place], new, *({**row, "sequence": row["sequence"] + 1} for row in rows[place:])]


def cut(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    return rows[: dice.randrange(len(rows))]


def rewritten(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    return rehashed(edited(rows, dice), None)


def continued(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    new = dict(rows[-1], sequence=len(rows) + 1, previous=rows[-1]["hash"], actor="somebody")
    return [*rows, new | {"hash": audit._hash(new, dice.choice([None, b"another key"]))}]


FORGERIES = (edited, deleted, reordered, inserted, cut, rewritten, continued)


def test_a_keyed_trail_that_began_without_a_key_is_whole(keyed: Store) -> None:
    with keyed.reading() as unit:
        report = audit.verify(unit)
    assert report.intact and report.entries == ENTRIES and report.head.hash.startswith(audit.KEYED)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_every_forgery_is_found_with_the_anchors(keyed: Store, tmp_path: Path, forgery: Callable[..., Any]) -> None:
    path = tmp_path / "anchors.jsonl"
    with keyed.reading() as unit:
        daily_anchor(unit, path, NOW)
    for seed in range(25):
        with unguarded(keyed) as unit:
            put_back(unit, forgery(rows_of(unit), random.Random(seed)))
            assert not audit.verify(unit, anchors=read_anchors(path)).intact


@pytest.mark.parametrize("forgery", [cut, rewritten])
def test_without_anchors_a_cut_and_a_rewriting_of_everything_are_missed(
    keyed: Store, forgery: Callable[..., Any]
) -> None:
    with unguarded(keyed) as unit:
        put_back(unit, forgery(rows_of(unit), random.Random(1)))
        assert not [problem for problem in audit.verify(unit).problems if "entry" in problem]


def test_a_rewriting_that_keeps_later_keyed_entries_is_found_without_anchors(keyed: Store) -> None:
    with unguarded(keyed) as unit:
        rows = rows_of(unit)
        rows[0]["actor"] = "somebody"
        put_back(unit, rehashed(rows[:2], None) + rows[2:])
        assert audit.verify(unit).problems


def test_without_the_key_keyed_entries_are_not_called_whole(keyed: Store) -> None:
    keyed.audit_key = None
    with keyed.reading() as unit:
        report = audit.verify(unit)
    assert len(report.problems) == 1 and "the key file is needed" in report.problems[0]


def test_with_another_key_file_every_entry_counts_as_altered(keyed: Store) -> None:
    audit.use_key(keyed, Vault(KeyRing.new()))
    with keyed.reading() as unit:
        assert len(audit.verify(unit).problems) == ENTRIES - 2


def test_an_entry_without_the_key_after_keyed_ones_is_a_forgery(keyed: Store, vault: Vault) -> None:
    key, keyed.audit_key = keyed.audit_key, None
    with keyed.unit() as unit:
        put_request(unit, vault, "late", NOW)
        unit.commit()
    keyed.audit_key = key
    with keyed.reading() as unit:
        assert any("without the key" in problem for problem in audit.verify(unit).problems)


def test_the_key_stays_when_keys_are_changed() -> None:
    ring = KeyRing.new()
    before, after = Vault(ring), Vault(ring.with_new_key().with_current_only())
    assert before.ledger_hash("chain", "audit") == after.ledger_hash("chain", "audit")


# Anchors


def test_a_day_has_one_anchor_and_a_day_without_entries_none(keyed: Store, vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    with keyed.reading() as unit:
        first = daily_anchor(unit, path, NOW)
        assert first is not None and first.sequence == ENTRIES
        assert daily_anchor(unit, path, NOW + timedelta(days=1)) is None  # nothing new
    with keyed.unit() as unit:
        put_request(unit, vault, "later", NOW, Status.RECEIVED)
        unit.commit()
    with keyed.reading() as unit:
        assert daily_anchor(unit, path, NOW + timedelta(hours=1)) is None  # the same day
        second = daily_anchor(unit, path, NOW + timedelta(days=1))
        assert read_anchors(path) == (first, second)
        assert audit.verify(unit, anchors=read_anchors(path)).intact


def test_an_empty_trail_has_no_anchor(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    with store.reading() as unit:
        assert daily_anchor(unit, path, NOW) is None and read_anchors(path) == ()


def test_after_a_restore_the_anchors_behind_its_end_count_no_more(keyed: Store, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    with keyed.reading() as unit:
        daily_anchor(unit, path, NOW)
    with unguarded(keyed) as unit:
        rows = rows_of(unit)[: ENTRIES - 3]
        put_back(unit, rows)
        assert any("anchored" in problem for problem in audit.verify(unit, anchors=read_anchors(path)).problems)
        mark_restored(unit, path, NOW)
        assert not any("anchored" in problem for problem in audit.verify(unit, anchors=read_anchors(path)).problems)
        put_back(unit, rows[:-1])
        assert any("anchored" in problem for problem in audit.verify(unit, anchors=read_anchors(path)).problems)


def test_a_long_check_lets_the_bot_write_in_between(
    keyed: Store, url: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    refresh = Unit.refresh
    written: list[str] = []

    def refreshed(unit: Unit) -> None:
        refresh(unit)
        if not written:
            with keyed.unit() as writing:
                written.append(put_request(writing, vault, "meanwhile", NOW))
                writing.commit()

    monkeypatch.setattr(Unit, "refresh", refreshed)
    with Store(url, read_only=True) as looking:
        audit.use_key(looking, vault)
        with looking.reading() as unit:
            report = audit.verify(unit)
    assert report.intact and report.entries == ENTRIES + 1
