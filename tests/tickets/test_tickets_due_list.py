"""The lists that staff look at all day are read from an index, without sorting what they do not show."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tickets import rows
from tickets.model import Filters
from tickets.store import Store

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(open_only=True),
        Filters(open_only=True, due_by=TODAY),
        Filters(open_only=True, due_by=TODAY, policy="klasso"),
    ],
)
def test_what_is_open_and_due_is_read_in_its_order(tmp_path: Path, migrated_file: Path, filters: Filters) -> None:
    path = tmp_path / "plan.db"
    path.write_bytes(migrated_file.read_bytes())
    sent: list[tuple[str, Any]] = []
    with Store(f"sqlite:///{path}") as store:
        sa.event.listen(store.engine, "before_cursor_execute", lambda *some: sent.append((some[2], some[3])))
        with store.reading() as unit:
            rows.listed(unit, filters)
            statement, values = next((text, values) for text, values in sent if "ORDER BY requests" in text)
            plan = str(unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert "USING INDEX ix_requests_" in plan and "TEMP B-TREE" not in plan
