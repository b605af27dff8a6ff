"""Budgets: so many in a window, also for many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import sqlalchemy as sa
from conftest import NOW
from house import at

from tickets import budgets
from tickets.store import Store, Unit
from tickets.tables_proof import budgets as table

DAY = timedelta(days=1)


def spent(store: Store, times: int, now: datetime = NOW, name: str = "mail", limit: int = 3) -> int:
    """How many of so many attempts were let through."""
    through = 0
    for _ in range(times):
        with store.unit() as unit:
            through += budgets.spend(unit, name, limit, DAY, now)
            unit.commit()
    return through


def test_a_budget_lets_its_number_through_in_a_window_and_then_again(store: Store) -> None:
    assert spent(store, 5) == 3
    assert spent(store, 5, at(hours=23.9)) == 0
    assert spent(store, 5, at(hours=24)) == 3
    assert spent(store, 1, at(hours=47.9)) == 0


def test_each_name_has_its_own(store: Store) -> None:
    assert spent(store, 5) == 3 and spent(store, 5, name="other") == 3


def test_a_budget_of_nothing_lets_nothing_through(store: Store) -> None:
    assert spent(store, 2, limit=0) == 0


def test_what_did_not_happen_is_given_back(store: Store) -> None:
    assert spent(store, 3) == 3
    with store.unit() as unit:
        for _ in range(9):
            budgets.give_back(unit, "mail")
        budgets.give_back(unit, "nobody's")
        unit.commit()
    assert spent(store, 9) == 3


def test_what_is_rolled_back_was_not_spent(store: Store) -> None:
    with store.unit() as unit:
        assert budgets.spend(unit, "mail", 3, DAY, NOW)
    assert spent(store, 5) == 3


def test_many_callers_at_once_get_no_more_than_the_number(store: Store, url: str) -> None:
    spent(store, 1, limit=20)
    # Not store.unit(), whose writers queue: on PostgreSQL the statement alone has to hold.
    engine = sa.create_engine(url, future=True)

    def once(_: int) -> bool:
        if store.is_sqlite:
            return bool(spent(store, 1, limit=20))
        with engine.begin() as connection:
            return budgets.spend(Unit(connection), "mail", 20, DAY, NOW)

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(once, range(60))) == 19
    engine.dispose()


def test_a_limit_that_is_read_first_lets_all_through_that_read_before_the_first_wrote(store: Store) -> None:
    """The control: what an UPDATE without the limit in it would do."""
    spent(store, 1, limit=20)
    with store.reading() as unit:
        read = [unit.execute(sa.select(table.c.spent).where(table.c.name == "mail")).scalar() for _ in range(60)]
    with store.unit() as unit:
        for before in read:
            if before < 20:
                unit.execute(sa.update(table).where(table.c.name == "mail").values(spent=table.c.spent + 1))
        assert unit.execute(sa.select(table.c.spent)).scalar() == 61
