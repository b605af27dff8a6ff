"""Deadlines that come near: each share of the time is told once, whatever the clock or the process does."""

from __future__ import annotations

import logging
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import structlog
from conftest import NOW
from keeping_builders import add_request, put_request

from pii.encryption import Vault
from tickets.alarms import PERCENTS, Alarm, due, due_alarms
from tickets.store import Store
from tickets.tables import requests
from tickets.tables_proof import alarms
from tickets.vocabulary import Status

# Received on 31 January at noon, to be answered by 2 March: 30.5 days to the end of that day.
LENGTH = timedelta(days=30.5)


def after(percent: float) -> datetime:
    return NOW + LENGTH * percent / 100


def percents(found: tuple[Alarm, ...]) -> list[int]:
    return [alarm.percent for alarm in found]


def test_each_share_is_told_once_and_at_its_moment(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW)
    told = {}
    for hour in range(0, int(LENGTH.total_seconds() // 3600) + 48, 3):
        for alarm in due_alarms(store, NOW + timedelta(hours=hour)):
            assert alarm.percent not in told
            told[alarm.percent] = timedelta(hours=hour) / LENGTH * 100
    assert tuple(told) == PERCENTS
    assert all(percent <= share < percent + 0.45 for percent, share in told.items())


def test_the_log_names_the_reference_and_the_share(store: Store, vault: Vault) -> None:
    name = add_request(store, vault, "c1", NOW)
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    try:
        with structlog.testing.capture_logs() as logs:
            due_alarms(store, after(76))
    finally:
        structlog.configure(wrapper_class=before)
    (line,) = logs
    assert line["event"] == "deadline_near" and line["log_level"] == "warning"
    assert (line["reference"], line["percent"]) == (f"KLS-{name[:9]}", 75)


def test_after_a_long_stop_the_largest_share_is_told_and_the_others_count_as_told(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW)
    assert percents(due_alarms(store, after(95))) == [90]
    assert percents(due_alarms(store, after(96))) == []
    with store.reading() as unit:
        assert set(unit.execute(sa.select(alarms.c.percent)).scalars()) == {50, 75, 90}


def test_a_clock_that_jumps_back_tells_nothing_twice(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW)
    assert percents(due_alarms(store, after(51))) == [50]
    assert percents(due_alarms(store, after(10))) == percents(due_alarms(store, after(60))) == []


def test_a_deadline_that_was_moved_is_told_anew(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW)
    due_alarms(store, after(95))
    with store.unit() as unit:
        unit.execute(sa.update(requests).values(answer_by=(NOW + 3 * LENGTH).date()))
        unit.commit()
    assert due_alarms(store, after(99)) == ()
    assert percents(due_alarms(store, after(160))) == [50]
    assert percents(due_alarms(store, after(310))) == [100]


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.EXPIRED_UNVERIFIED])
def test_a_closed_request_is_no_alarm(store: Store, vault: Vault, status: Status) -> None:
    add_request(store, vault, "c1", NOW, status)
    assert due_alarms(store, after(200)) == due(store, after(200)) == ()


def test_staff_see_what_is_due_those_due_first_at_the_top(store: Store, vault: Vault) -> None:
    for conversation, days in (("c1", 0), ("c2", -10), ("c3", 20)):
        add_request(store, vault, conversation, NOW + timedelta(days=days))
    found = due(store, after(80))
    assert percents(found) == [100, 75] and found[0].answer_by < found[1].answer_by
    assert due(store, after(80)) == found  # looking changes nothing


def test_requests_under_jumps_and_restarts_have_every_alarm_once(store: Store, vault: Vault) -> None:
    dice = random.Random(3)
    with store.unit() as unit:
        for number in range(50):
            put_request(unit, vault, f"c{number}", NOW + timedelta(hours=number))
        unit.commit()
    told: Counter[tuple[str, int]] = Counter()
    now = NOW
    while now < NOW + timedelta(days=60):
        now += timedelta(hours=dice.choice([1, 7, 30, 100, -5, -40]))
        told.update((alarm.reference, alarm.percent) for alarm in due_alarms(store, now))
    due_alarms(store, now)
    with store.reading() as unit:
        rows = unit.execute(sa.select(alarms.c.request_id, alarms.c.percent)).all()
    assert len(rows) == len(set(rows)) == 50 * len(PERCENTS)
    assert max(told.values()) == 1 and sum(percent == 100 for _, percent in told) == 50
