"""The queue: which requests each view shows, in which order, how it is narrowed, paged and searched."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, VAULT
from house import CHECKER, FAR, WORKER, House, at, rights

from tickets import queue as queue_module
from tickets.errors import InputError
from tickets.handling import Handling
from tickets.queue import NOBODY, UNFILTERED, Filter, Queue, View, count_in_words
from tickets.store import Store
from tickets.tables import requests
from tickets.vocabulary import Channel, EvidenceKind, RefusalReason, Regime, Right, Status

ME = "staff:0000000000000001"
TODAY = NOW.date()


@pytest.fixture
def house(store: Store) -> House:
    return House(store, FAR)


@pytest.fixture
def queue(store: Store) -> Queue:
    return Queue(store, VAULT)


def filed(house: House, number: int, due: date | None = None, **changes: Any) -> str:
    """A request of its own conversation; due: its date is set straight."""
    usual = {"conversation": f"c{number}", "idempotency_key": f"k{number}", "contact": f"p{number}@example.org"}
    reference = house.file(**(usual | changes)).reference
    if due is not None:
        with house.store.unit() as unit:
            unit.execute(sa.update(requests).where(requests.c.reference == reference).values(answer_by=due))
            unit.commit()
    return reference


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


def shown(queue: Queue, view: View, chosen: Filter = UNFILTERED, **more: Any) -> list[str]:
    return [line.reference for line in queue.page(view, chosen, ME, NOW, **more).lines]


def test_requests_are_due_today_overdue_or_due_soon_and_never_two_of_these(house: House, queue: Queue) -> None:
    late, today, tomorrow, week, later = (filed(house, n, days(n)) for n in (-1, 0, 1, 7, 8))
    assert shown(queue, View.OVERDUE) == [late]
    assert shown(queue, View.DUE_TODAY) == [today]
    assert shown(queue, View.DUE_SOON) == [tomorrow, week]
    assert shown(queue, View.ALL_OPEN) == [late, today, tomorrow, week, later]


def test_a_view_shows_what_is_whose(house: House, queue: Queue, store: Store) -> None:
    handling = Handling(store, VAULT, house.service._office.mail)
    free, mine, hers = (filed(house, n) for n in range(3))
    handling.claim(mine, ME, NOW)
    handling.claim(hers, WORKER, NOW)
    assert shown(queue, View.MINE) == [mine]
    assert shown(queue, View.UNASSIGNED) == [free]
    assert shown(queue, View.ALL_OPEN, Filter(assignee=WORKER)) == [hers]
    assert shown(queue, View.ALL_OPEN, Filter(assignee=NOBODY)) == [free]


def test_a_view_shows_where_requests_stand(house: House, queue: Queue) -> None:
    waiting = house.in_progress(conversation="c1", idempotency_key="k1").reference
    house.staff.ask_requester(waiting, "Which account?", WORKER, NOW)
    unverified = filed(house, 2)
    referred, refused = filed(house, 3), filed(house, 4)
    house.staff.refer(referred, "the school", WORKER, NOW)
    house.staff.refuse(refused, RefusalReason.PROCESS_UNFOUNDED, "Art. 12(5)", WORKER, at(hours=1))
    assert shown(queue, View.AWAITING_REQUESTER) == [waiting]
    assert shown(queue, View.UNVERIFIED) == [unverified]
    assert shown(queue, View.REFERRED) == [referred]
    assert shown(queue, View.CLOSED) == [refused, referred]
    assert set(shown(queue, View.ALL_OPEN)) == {waiting, unverified}
    assert Queue(house.store, VAULT).page(View.REFERRED, UNFILTERED, ME, at(days=31)).lines == ()


def test_each_view_counts_what_it_shows(house: House, queue: Queue) -> None:
    for number in range(-3, 10):
        filed(house, number, days(number))
    house.staff.refer(filed(house, 20), "the school", WORKER, NOW)
    counts = queue.counts(ME, NOW)
    assert counts == {view: len(shown(queue, view)) for view in View}
    assert counts[View.OVERDUE] == 3 and counts[View.REFERRED] == 1 and counts[View.MINE] == 0


def test_counting_stops_where_more_would_tell_nobody_anything(
    house: House, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        filed(house, number)
    monkeypatch.setattr(queue_module, "MOST_COUNTED", 3)
    assert queue.counts(ME, NOW)[View.ALL_OPEN] == 3
    assert queue.page(View.ALL_OPEN, UNFILTERED, ME, NOW, limit=2).total is None
    monkeypatch.undo()
    assert queue.page(View.ALL_OPEN, UNFILTERED, ME, NOW, limit=2).total == 5
    assert (count_in_words(37), count_in_words(10_000)) == ("37", "10,000+")


@pytest.mark.parametrize("view", [View.ALL_OPEN, View.CLOSED])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_show_every_request_once_in_the_order_of_the_view(
    house: House, queue: Queue, view: View, limit: int
) -> None:
    for number in range(7):
        reference = filed(house, number, days(number // 3))
        if view is View.CLOSED:
            house.staff.refer(reference, "the school", WORKER, at(hours=number // 3))
    found, after = [], ""
    while True:
        page = queue.page(view, UNFILTERED, ME, at(hours=5), after=after, limit=limit)
        found += [line.reference for line in page.lines]
        after = page.next
        if not after:
            break
    assert found == shown(queue, view) and len(set(found)) == 7


def test_a_request_that_leaves_the_view_between_two_pages_moves_no_other(house: House, queue: Queue) -> None:
    first, second, third = (filed(house, n, days(n)) for n in range(3))
    page = queue.page(View.ALL_OPEN, UNFILTERED, ME, NOW, limit=2)
    house.staff.refer(first, "the school", WORKER, NOW)
    assert shown(queue, View.ALL_OPEN, after=page.next) == [third]


@pytest.mark.parametrize("after", ["nonsense", "2026-01-31", "|x", "2026-13-01|x", "2026-01-31T12:00:00|x", "'; --|x"])
def test_a_place_that_is_none_is_refused(queue: Queue, after: str) -> None:
    for view in (View.ALL_OPEN, View.CLOSED):
        with pytest.raises(InputError):
            queue.page(
                view, UNFILTERED, ME, NOW, after=after if view is View.CLOSED else after.replace("T12:00:00", "T")
            )


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_what_no_database_takes_is_refused_before_it(queue: Queue, odd: str) -> None:
    for chosen, after in ((Filter(policy=odd), ""), (Filter(assignee=odd), ""), (UNFILTERED, f"2026-01-31|{odd}")):
        with pytest.raises(InputError):
            queue.page(View.ALL_OPEN, chosen, ME, NOW, after=after)
    assert queue.search(f"{odd}one@example.org{odd}", NOW) == ()


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_a_reasonable_size(queue: Queue, limit: int) -> None:
    with pytest.raises(InputError):
        queue.page(View.ALL_OPEN, UNFILTERED, ME, NOW, limit=limit)


def test_a_view_is_narrowed_by_policy_right_status_channel_and_regime(house: House, queue: Queue) -> None:
    usual = filed(house, 1)
    policy = filed(house, 2, policy="klantra")
    right = filed(house, 3, rights=rights(Right.ACCESS, Right.CORRECTION))
    channel = filed(house, 4, channel=Channel.TELEGRAM)
    regime = filed(house, 5, regimes=frozenset({Regime.UK_GDPR}))
    filters = {
        policy: Filter(policy="klantra"),
        right: Filter(right=Right.CORRECTION),
        channel: Filter(channel=Channel.TELEGRAM),
        regime: Filter(regime=Regime.UK_GDPR),
    }
    assert {reference: shown(queue, View.ALL_OPEN, one) for reference, one in filters.items()} == {
        reference: [reference] for reference in filters
    }
    assert regime not in shown(queue, View.ALL_OPEN, Filter(regime=Regime.GDPR))
    assert usual in shown(queue, View.ALL_OPEN, Filter(status=Status.UNVERIFIED))
    assert shown(queue, View.ALL_OPEN, Filter(status=Status.IN_PROGRESS)) == []


def test_a_line_says_what_staff_need_to_choose(house: House, queue: Queue) -> None:
    text = "please delete\neverything, answer to [email-1]. " + "x" * 200
    reference = filed(house, 1, days(-2), text=text, rights=rights(Right.DELETION, Right.ACCESS))
    (line,) = queue.page(View.OVERDUE, UNFILTERED, ME, NOW).lines
    assert (line.reference, line.policy, line.status, line.channel) == (
        *(reference, "klasso"),
        *(Status.UNVERIFIED, Channel.WEB),
    )
    assert line.rights == (Right.ACCESS, Right.DELETION)
    assert (line.days_left, line.received, line.assignee) == (-2, NOW, "")
    assert line.version == house.service.show(reference).version
    assert line.snippet.startswith("please delete everything, answer to [email-1]. xxx") and len(line.snippet) == 120
    assert "delete" not in repr(line)


def test_the_mark_changes_with_every_change_and_with_nothing_else(house: House, queue: Queue, store: Store) -> None:
    handling = Handling(store, VAULT, house.service._office.mail)
    reference = filed(house, 1)
    steps = [
        lambda: handling.claim(reference, ME, NOW),
        lambda: handling.note(reference, "looked into it", ME, NOW),
        lambda: house.staff.verify(reference, EvidenceKind.STAFF_RECORD_MATCH, CHECKER, NOW),
        lambda: filed(house, 2),
    ]
    for step in steps:
        mark = queue.mark()
        assert not queue.changed_since(mark)
        queue.counts(ME, NOW)
        assert not queue.changed_since(mark)
        step()
        assert queue.changed_since(mark)


# Search


def found(queue: Queue, text: str, limit: int = 50) -> list[str]:
    return [line.reference for line in queue.search(text, NOW, limit)]


def test_a_reference_is_found_however_it_is_typed(house: House, queue: Queue) -> None:
    filed(house, 1)
    reference = filed(house, 2)
    plain = reference.replace("-", "")
    for typed in (
        reference,
        reference.lower(),
        plain,
        f" {plain.lower()} ",
        reference.replace("-", " "),
        f"re {reference}",
    ):
        assert found(queue, typed) == [reference], typed


def test_a_reference_with_one_character_misread_is_found(house: House, queue: Queue) -> None:
    reference = filed(house, 1)
    place = 5
    wrong = "C" if reference[place] != "C" else "D"
    assert found(queue, reference[:place] + wrong + reference[place + 1 :]) == [reference]
    swapped = reference[:4] + reference[5] + reference[4] + reference[6:]
    assert found(queue, swapped) == [reference]


def test_a_closed_request_is_found_by_its_reference(house: House, queue: Queue) -> None:
    reference = filed(house, 1)
    house.staff.refer(reference, "the school", WORKER, NOW)
    assert found(queue, reference) == [reference]


def test_a_contact_is_found_by_the_whole_address_or_number_alone(house: House, queue: Queue) -> None:
    first = filed(house, 1, contact="One@Example.org")
    again = filed(house, 2, contact="One@example.org", now=at(days=1))
    phone = filed(house, 3, contact="+44 20 7946 0123")
    assert found(queue, "One@example.org") == [again, first]
    assert found(queue, "from One@EXAMPLE.org please") == [again, first]
    assert found(queue, "0044 20 7946 0123") == [phone]
    assert found(queue, "one@example.org") == [] and found(queue, "ne@example.org") == []


def test_words_are_found_with_typing_errors_in_any_order_and_the_best_first(house: House, queue: Queue) -> None:
    invoice = filed(house, 1, text="the invoice of my teacher is wrong")
    photos = filed(house, 2, text="the photos of my teacher are gone")
    filed(house, 3, text="something else altogether")
    assert found(queue, "invoice") == [invoice]
    assert found(queue, "techer invioce") == [invoice]
    assert found(queue, "TEACHER photos!") == [photos]
    assert set(found(queue, "teacher")) == {invoice, photos}
    assert found(queue, "teachr") != [] and found(queue, "zeppelin") == []
    assert len(found(queue, "teacher", limit=1)) == 1


def test_the_texts_of_closed_requests_are_not_looked_through(house: House, queue: Queue) -> None:
    reference = filed(house, 1, text="the invoice of my teacher is wrong")
    house.staff.refer(reference, "the school", WORKER, NOW)
    assert found(queue, "invoice") == []


@pytest.mark.parametrize(
    "text", ["", "   ", "\0", "%", "_", "'", "((", "x" * 5_000, "\ud800", "a" * 3, "?!", "[email-1]"]
)
def test_odd_searches_find_nothing_odd(house: House, queue: Queue, text: str) -> None:
    filed(house, 1, text="please delete everything")
    assert found(queue, text) in ([], [house.service.listing()[0].reference])
