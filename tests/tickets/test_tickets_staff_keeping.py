"""What is kept of staff: through a change of keys, on schedule, and out of a backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import NOW, VAULT
from house import at
from keeping_builders import add_request, drop_kept_aside, put, put_staff
from staff_room import HOME, OWN, StaffRoom

from pii.encryption import Vault, load_ring
from tickets import rotation
from tickets.anchors import ANCHOR_FILE
from tickets.backup import Around, back_up, restore
from tickets.errors import StoreError
from tickets.ledger import LEDGER_FILE
from tickets.retention import Keeper
from tickets.rotation import rotate
from tickets.staff_login import Outcome
from tickets.store import Store
from tickets.tables_staff import staff, viewers


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "SETTLE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def nothing_kept_aside(empty_url: str) -> Iterator[None]:
    yield
    drop_kept_aside(empty_url)


@pytest.fixture
def around(tmp_path: Path) -> Around:
    return Around(VAULT, tmp_path / LEDGER_FILE, tmp_path / ANCHOR_FILE)


def test_second_factors_and_recovery_codes_count_on_after_a_change_of_keys(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    before = StaffRoom(store, Vault(load_ring(path)))
    _, token, recovery = before.settled()
    before.first("agent-two")  # without a second factor: there is nothing to seal, and the old key is not needed for it
    done = rotate(store, path)
    assert (done.sealed_anew, done.unreadable, done.dropped) == (2, 0, ("k1",))
    after = StaffRoom(store, Vault(load_ring(path)))
    after.secrets = before.secrets
    assert after.logins.session(token, at(0.1)) is not None
    assert after.whole(at(0.1))
    assert after.logins.second_factor(after.half(at(0.2)), recovery[0], at(0.2)).outcome is Outcome.DONE


def test_somebody_is_delayed_on_after_a_change_of_keys(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    before = StaffRoom(store, Vault(load_ring(path)))
    for _ in range(3):
        before.logins.log_in("agent-one", OWN, HOME, NOW)
    rotate(store, path)
    after = StaffRoom(store, Vault(load_ring(path)))
    assert after.logins.log_in("agent-one", OWN, HOME, NOW).outcome is Outcome.WAIT


def test_sessions_leave_after_twelve_hours_and_traces_of_looking_after_one(
    store: Store, count: Callable[[str], int]
) -> None:
    room = StaffRoom(store)
    member, _, _ = room.settled()
    request = add_request(store, VAULT, "c1", NOW)
    with store.unit() as unit:
        put(unit, viewers, request_id=request, staff_id=member.id, seen_at=NOW)
        unit.commit()
    keeper = Keeper(store, VAULT)
    assert keeper.purge(at(1)).sessions == 0
    assert keeper.purge(at(1.01)).sessions == 1 and count("viewers") == 0
    late = room.whole(at(11.9))
    assert keeper.purge(at(12.1)).sessions == 1
    assert count("staff_sessions") == 1 and room.logins.session(late, at(12.1)) is not None


def test_a_place_stays_known_although_budgets_leave_after_two_days(store: Store, count: Callable[[str], int]) -> None:
    room = StaffRoom(store)
    room.settled()
    room.logins.log_in("nobody", OWN, HOME, NOW)
    Keeper(store, VAULT).purge(at(days=3))
    assert count("budgets") == 1
    Keeper(store, VAULT).purge(at(days=33))
    assert count("budgets") == 0


def test_a_restored_database_knows_staff_but_nobody_is_logged_in(url: str, around: Around, tmp_path: Path) -> None:
    with Store(url) as store:
        room = StaffRoom(store)
        _, token, _ = room.settled()
        back_up(store, tmp_path / "desk.backup")
        room.logins.log_out(token, NOW)
    restore(url, tmp_path / "desk.backup", around, at(0.1), force=True)
    with Store(url) as store:
        again = StaffRoom(store)
        again.secrets = room.secrets
        assert again.logins.session(token, at(0.1)) is None
        assert again.whole(at(0.1))


def test_a_database_that_has_staff_is_not_empty(url: str, around: Around, tmp_path: Path) -> None:
    with Store(url) as store:
        back_up(store, tmp_path / "desk.backup")
        with store.unit() as unit:
            put_staff(unit, VAULT, "agent-one", NOW)
            unit.commit()
    with pytest.raises(StoreError, match="not empty"):
        restore(url, tmp_path / "desk.backup", around, at(0.1))


def test_every_sealed_table_is_one_that_a_change_of_keys_knows() -> None:
    sealed = {table.name for table in staff.metadata.sorted_tables if "sealed" in table.c}
    assert "staff" in sealed and sealed == {table.name for table in rotation.SEALED_TABLES}
