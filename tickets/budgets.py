"""How often a thing may be done in a window of time. Names hold no personal data: hash what they are about."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.store import Unit
from tickets.tables_proof import budgets


def spend(unit: Unit, name: str, limit: int, window: timedelta, now: datetime) -> bool:
    """Take one from a budget; False if nothing is left of it. A window begins with the first that is taken in it.

    The limit stands in the UPDATE itself, so callers in parallel cannot read the same remainder and both go on.
    """
    if limit < 1:
        return False
    begun = budgets.c.began_at > now - window
    taken = (
        sa.update(budgets)
        .where(budgets.c.name == name, sa.or_(sa.not_(begun), budgets.c.spent < limit))
        .values(
            spent=sa.case((begun, budgets.c.spent + 1), else_=1),
            began_at=sa.case((begun, budgets.c.began_at), else_=now),
        )
    )
    if unit.execute(taken).rowcount == 1:
        return True
    first = sa.select(sa.literal(name), sa.literal(now, budgets.c.began_at.type), sa.literal(1)).where(
        sa.not_(sa.exists().where(budgets.c.name == name))
    )
    columns = ["name", "began_at", "spent"]
    return bool(unit.execute(sa.insert(budgets).from_select(columns, first)).rowcount == 1)


def give_back(unit: Unit, name: str) -> None:
    """Put one back that was taken for something that did not happen after all."""
    unit.execute(
        sa.update(budgets).where(budgets.c.name == name, budgets.c.spent > 0).values(spent=budgets.c.spent - 1)
    )


def begin(unit: Unit, name: str, now: datetime) -> None:
    """Begin a window anew with nothing taken, whatever was there before."""
    drop(unit, name)
    unit.execute(sa.insert(budgets).values(name=name, began_at=now, spent=0))


def drop(unit: Unit, name: str) -> None:
    """Forget a window."""
    unit.execute(sa.delete(budgets).where(budgets.c.name == name))


def look(unit: Unit, name: str) -> tuple[datetime, int] | None:
    """When a window began and how much was taken in it, also if it is over."""
    row = unit.execute(sa.select(budgets.c.began_at, budgets.c.spent).where(budgets.c.name == name)).first()
    return (row.began_at, row.spent) if row else None
