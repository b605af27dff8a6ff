"""The worker: everything arrives, in order, not before it may; one bad message stops nothing; waking and stopping."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import NOW
from structlog.testing import CapturingLogger

from pii.encryption import Vault
from pii.logs import FIELDS
from pii.redacted import Redacted
from tickets import worker as module
from tickets.errors import StoreUnavailableError
from tickets.outbox import Letter, Outbox, Parcel, post
from tickets.store import Store
from tickets.vocabulary import Delivery, Way
from tickets.worker import Refused, RetryLater, Sender, WebSender, Worker


class Clock:
    """A time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Recorder:
    """Takes everything, unless `trouble` raises."""

    def __init__(self, trouble: Callable[[Parcel], None] = lambda parcel: None) -> None:
        self.taken: list[str] = []
        self._trouble = trouble

    async def send(self, parcel: Parcel) -> None:
        self._trouble(parcel)
        self.taken.append(parcel.text.reveal())


class Hanging:
    """Never comes back."""

    async def send(self, parcel: Parcel) -> None:
        await asyncio.sleep(3_600)


@pytest.fixture
def box(store: Store, vault: Vault) -> Outbox:
    return Outbox(store, vault)


Put = Callable[..., None]


@pytest.fixture
def put(store: Store, vault: Vault) -> Put:
    def put_all(lane: str, *texts: str, way: Way = Way.TELEGRAM) -> None:
        with store.unit() as unit:
            for text in texts:
                post(unit, vault, Letter(way, lane, "fulfilled", Redacted(lane), "", text), NOW)
            unit.commit()

    return put_all


def once(box: Outbox, sender: Sender, clock: Clock, way: Way = Way.TELEGRAM) -> int:
    return asyncio.run(Worker(box, {way: sender}, clock).run_once())


def test_what_is_sent_is_noted(box: Outbox, put: Put) -> None:
    put("lane-1", "hello")
    sender = Recorder()
    assert once(box, sender, Clock()) == 1 and sender.taken == ["hello"]
    assert once(box, sender, Clock()) == 0 and box.counts()[Delivery.SENT] == 1


def test_a_way_without_a_sender_is_left_to_another_process(box: Outbox, put: Put) -> None:
    put("lane-1", "hello")
    assert once(box, Recorder(), Clock(), Way.MAIL) == 0
    assert once(box, Recorder(), Clock(), Way.TELEGRAM) == 1


def test_a_web_message_can_be_read_once_it_is_announced(box: Outbox, put: Put) -> None:
    put("conversation-1", "hello", way=Way.WEB)
    seen: list[str] = []
    worker = Worker(
        box,
        {Way.WEB: WebSender()},
        Clock(),
        on_ready=lambda conversation: seen.extend(message.text for message in box.feed(conversation, 0)),
    )
    asyncio.run(worker.run_once())
    assert seen == ["hello"]


def test_who_listens_and_fails_does_not_undo_the_delivery(box: Outbox, put: Put) -> None:
    def fail(conversation: str) -> None:
        raise RuntimeError

    put("conversation-1", "hello", way=Way.WEB)
    asyncio.run(Worker(box, {Way.WEB: WebSender()}, Clock(), on_ready=fail).run_once())
    assert box.counts()[Delivery.SENT] == 1


def test_one_bad_message_does_not_stop_the_others(box: Outbox, put: Put) -> None:
    def trouble(parcel: Parcel) -> None:
        if parcel.text.reveal() == "bad":
            raise ZeroDivisionError("someone@example.org")

    put("lane-1", "bad")
    put("lane-2", "good")
    sender = Recorder(trouble)
    once(box, sender, Clock())
    assert sender.taken == ["good"]
    counts = box.counts()
    assert (counts[Delivery.SENT], counts[Delivery.WAITING]) == (1, 1)


def test_a_refused_message_is_dead_and_the_next_of_its_lane_goes(box: Outbox, put: Put) -> None:
    def trouble(parcel: Parcel) -> None:
        if parcel.text.reveal() == "1":
            raise Refused("chat_blocked")

    put("lane-1", "1", "2")
    sender = Recorder(trouble)
    once(box, sender, Clock())
    once(box, sender, Clock())
    assert sender.taken == ["2"] and [dead.problem for dead in box.dead()] == ["chat_blocked"]


def test_a_sender_that_hangs_is_given_up_before_its_lease_is_over(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module._TRY_SECONDS < 60
    monkeypatch.setattr(module, "_TRY_SECONDS", 0.05)
    put("lane-1", "hello")
    clock = Clock()
    once(box, Hanging(), clock)
    clock.pass_by(15)
    assert [parcel.attempts for parcel in box.lease(clock())] == [1]


def test_troubled_lanes_all_arrive_in_order_and_never_before_they_may(box: Outbox, put: Put) -> None:
    clock, chance = Clock(), random.Random(7)
    not_before: dict[str, datetime] = defaultdict(lambda: NOW)
    early: list[str] = []
    arrived: dict[str, list[str]] = defaultdict(list)

    class Troubled:
        async def send(self, parcel: Parcel) -> None:
            if clock() < not_before[parcel.lane]:
                early.append(parcel.text.reveal())
            kind = chance.random()
            if kind < 0.1:
                seconds = chance.uniform(1, 90)
                not_before[parcel.lane] = clock() + timedelta(seconds=seconds)
                raise RetryLater(seconds, "too_many_requests")
            if kind < 0.2:
                raise ConnectionResetError
            arrived[parcel.lane].append(parcel.text.reveal())

    texts = [f"{number:03}" for number in range(12)]
    for lane in range(10):
        put(f"lane-{lane}", *texts)
    worker = Worker(box, {Way.TELEGRAM: Troubled()}, clock)
    while box.oldest_waiting() is not None:
        asyncio.run(worker.run_once())
        clock.pass_by(3)
    assert all(lane == texts for lane in arrived.values()) and len(arrived) == 10
    assert early == [] and box.counts()[Delivery.SENT] == 120


def test_a_delivery_is_noted_even_if_the_database_is_away_for_a_moment(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("lane-1", "hello")
    monkeypatch.setattr(module, "_NOTE_SECONDS", 0.01)
    real, failures = box.delivered, iter([True, True])

    def flaky(parcel: Parcel, now: datetime) -> None:
        if next(failures, False):
            raise StoreUnavailableError("away")
        real(parcel, now)

    monkeypatch.setattr(box, "delivered", flaky)
    once(box, Recorder(), Clock())
    assert box.counts()[Delivery.SENT] == 1


@pytest.fixture
def rarely_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent within the test's patience was sent because something rang."""
    monkeypatch.setattr(module, "_LOOK_SECONDS", 600)


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


def running(worker: Worker, meanwhile: Callable[[], Any]) -> float:
    """Run the worker while something else happens; gives how long stopping took."""

    async def both() -> float:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(0.05)
        await meanwhile()
        began = time.monotonic()
        stop.set()
        await task
        return time.monotonic() - began

    return asyncio.run(both())


@pytest.mark.usefixtures("rarely_looking")
def test_a_running_worker_sends_a_whole_lane_without_waiting_between(box: Outbox, put: Put) -> None:
    texts = [str(number) for number in range(30)]
    put("lane-1", *texts)
    sender = Recorder()
    running(Worker(box, {Way.TELEGRAM: sender}, Clock()), lambda: until(lambda: len(sender.taken) == 30))
    assert sender.taken == texts


@pytest.mark.usefixtures("rarely_looking")
def test_waking_from_another_thread_sends_at_once(box: Outbox, put: Put) -> None:
    sender = Recorder()
    worker = Worker(box, {Way.TELEGRAM: sender}, Clock())
    worker.wake()  # nothing runs yet: nothing happens

    def post_and_wake() -> None:
        put("lane-1", "hello")
        worker.wake()

    async def meanwhile() -> None:
        threading.Thread(target=post_and_wake).start()
        await until(lambda: sender.taken == ["hello"])

    running(worker, meanwhile)
    worker.wake()  # nor when it has ended


def test_what_another_process_posted_is_found_by_looking(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.05)
    sender = Recorder()

    async def meanwhile() -> None:
        await asyncio.to_thread(put, "lane-1", "hello")
        await until(lambda: sender.taken == ["hello"])

    running(Worker(box, {Way.TELEGRAM: sender}, Clock()), meanwhile)


def test_a_way_that_hangs_does_not_hold_up_another_and_stopping_does_not_wait_for_it(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module._DRAIN_SECONDS < 10
    monkeypatch.setattr(module, "_DRAIN_SECONDS", 0.2)
    for lane in range(12):
        put(f"lane-{lane}", "never")
    put("conversation-1", "hello", way=Way.WEB)
    worker = Worker(box, {Way.TELEGRAM: Hanging(), Way.WEB: WebSender()}, Clock())
    seconds = running(worker, lambda: until(lambda: len(box.feed("conversation-1", 0)) == 1))
    assert seconds < 10 and box.counts()[Delivery.WAITING] == 12


@pytest.mark.usefixtures("rarely_looking")
def test_messages_that_hang_hold_up_the_others_of_their_way_only_for_a_moment(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Partly(Recorder):
        async def send(self, parcel: Parcel) -> None:
            await (Hanging().send(parcel) if parcel.text.reveal() == "never" else super().send(parcel))

    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(module, "_DRAIN_SECONDS", 0.2)
    put("lane-1", "never")
    put("lane-2", "never")
    put("lane-3", "hello", "again")
    sender = Partly()
    running(Worker(box, {Way.TELEGRAM: sender}, Clock()), lambda: until(lambda: sender.taken == ["hello", "again"]))


def test_the_worker_outlives_a_database_that_is_away(box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    put("lane-1", "hello")
    real, failures = box.lease, iter([True] * 3)

    def flaky(*args: Any) -> list[Parcel]:
        if next(failures, False):
            raise StoreUnavailableError("away")
        return real(*args)

    monkeypatch.setattr(box, "lease", flaky)
    sender = Recorder()
    running(Worker(box, {Way.TELEGRAM: sender}, Clock()), lambda: until(lambda: sender.taken == ["hello"]))


def test_the_log_tells_events_and_numbers_and_nothing_of_the_message(
    box: Outbox, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(module, "_log", log)

    def trouble(parcel: Parcel) -> None:
        raise Refused("chat_blocked") if parcel.lane == "lane-1" else OSError("no route to someone@example.org")

    put("lane-1", "secret")
    put("lane-2", "secret")
    once(box, Recorder(trouble), Clock())
    assert Counter(call.args for call in log.calls) == {("letter_refused",): 1, ("letter_not_sent",): 1}
    assert all(call.kwargs.keys() <= FIELDS for call in log.calls)
    assert not any(secret in repr(log.calls) for secret in ("secret", "example.org", "lane-"))


def test_a_pace_of_our_own_uses_up_no_try_however_long_it_lasts(box: Outbox, put: Put) -> None:
    put("lane-1", "first", "second")
    clock, slow = Clock(), [True]

    def trouble(parcel: Parcel) -> None:
        assert parcel.attempts == 0
        if slow[0]:
            raise RetryLater(6.0, "group_pace", is_failure=False)

    sender = Recorder(trouble)
    for _ in range(40):
        assert once(box, sender, clock) == 1 and once(box, sender, clock) == 0
        clock.pass_by(6)
    slow[0] = False
    assert once(box, sender, clock) == 1 and once(box, sender, clock) == 1
    assert sender.taken == ["first", "second"] and box.counts()[Delivery.DEAD] == 0
