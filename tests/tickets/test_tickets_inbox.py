"""The inbox: one row for each key, order within a lane, leases, tries, one settling, and nothing kept in the clear."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW

from pii.encryption import KeyRing, Vault
from pii.redacted import Redacted
from tickets.arriving import LARGEST_BODY, WAITS
from tickets.conversations import Conversations
from tickets.errors import InputError, KeyReusedError
from tickets.inbox import LEASE, Inbox, Incoming, Item, erase, settle, settle_with
from tickets.outbox import Letter, Outbox, post_sent
from tickets.retention import Keeper
from tickets.store import Store
from tickets.vocabulary import Way

SECOND = timedelta(seconds=1)
TRIES = len(WAITS) + 1


def message(key: str = "1", lane: str = "c1", **changes: Any) -> Incoming:
    return replace(Incoming("web", f"{lane}:{key}", lane, Redacted(f'{{"text": "{key}"}}')), **changes)


@pytest.fixture
def box(store: Store, vault: Vault) -> Inbox:
    return Inbox(store, vault)


Row = Callable[[int], Any]


@pytest.fixture
def row(store: Store) -> Row:
    def read(sequence: int) -> Any:
        found = sa.text("SELECT * FROM inbox WHERE sequence = :sequence").bindparams(sequence=sequence)
        with store.reading() as unit:
            return unit.execute(found).mappings().one()

    return read


def only(items: list[Item]) -> Item:
    assert len(items) == 1
    return items[0]


def keys(items: list[Item]) -> list[str]:
    return [item.key for item in items]


def taken(box: Inbox, incoming: Incoming, now: datetime = NOW) -> Item:
    item = box.receive(incoming, now, take=True).item
    assert item is not None
    return item


# Taking in


def test_what_was_received_is_given_out_whole(box: Inbox) -> None:
    box.receive(message("1", "c1"), NOW)
    item = only(box.lease(NOW))
    assert (item.source, item.key, item.lane, item.attempts) == ("web", "c1:1", "c1", 0)
    assert item.body.reveal() == '{"text": "1"}' and (item.received_at, item.leased_until) == (NOW, NOW + LEASE)


def test_what_is_taken_at_once_equals_what_would_be_leased(box: Inbox) -> None:
    item = taken(box, message())
    box.let_go(item, NOW)
    assert only(box.lease(NOW)) == item


def test_a_known_key_is_not_kept_again(box: Inbox, count: Callable[[str], int]) -> None:
    assert box.receive(message(), NOW).is_new
    again = box.receive(message(), NOW)
    assert (again.is_new, again.item, again.is_settled, again.reply_id) == (False, None, False, None)
    assert count("inbox") == 1


def test_the_same_key_of_another_source_is_another_message(box: Inbox) -> None:
    box.receive(message(source="telegram:7"), NOW)
    assert box.receive(message(source="telegram:8"), NOW).is_new


def test_other_content_under_a_known_key_is_refused_also_after_it_was_settled(box: Inbox) -> None:
    item = taken(box, message(mark="m1"))
    with pytest.raises(KeyReusedError):
        box.receive(message(mark="m2"), NOW)
    box.settle(item, NOW)
    with pytest.raises(KeyReusedError):
        box.receive(message(mark="m2"), NOW)
    assert box.receive(message(mark="m1"), NOW).is_settled


def test_a_hundred_duplicates_at_once_are_one_row_held_by_one(box: Inbox, count: Callable[[str], int]) -> None:
    found: list[Any] = []

    def receive() -> None:
        found.append(box.receive(message(mark="m"), NOW, take=True))

    threads = [threading.Thread(target=receive) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100 and count("inbox") == 1
    assert sum(one.is_new for one in found) == 1 and sum(one.item is not None for one in found) == 1


def test_a_batch_is_kept_in_its_order_and_known_keys_are_skipped(box: Inbox) -> None:
    box.receive(message("2"), NOW)
    assert box.receive_all([message(key) for key in "12334"], NOW) == 3
    order = []
    while items := box.lease(NOW):
        order += keys(items)
        box.settle(items[0], NOW)
    assert order == ["c1:2", "c1:1", "c1:3", "c1:4"]


def test_of_a_batch_with_a_message_that_does_not_fit_nothing_is_kept(box: Inbox) -> None:
    with pytest.raises(InputError):
        box.receive_all([message("1"), message("2", source="")], NOW)
    assert box.waiting() == 0


def test_looking_says_what_is_known_and_changes_nothing(box: Inbox) -> None:
    assert box.look("web", "c1:1").is_new
    item = taken(box, message())
    assert (box.look("web", "c1:1").is_new, box.look("web", "c1:1").is_settled) == (False, False)
    box.settle(item, NOW, "f" * 32)
    assert (box.look("web", "c1:1").is_settled, box.look("web", "c1:1").reply_id) == (True, "f" * 32)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": ""},
        {"source": "x" * 65},
        {"key": ""},
        {"key": "x" * 401},
        {"lane": ""},
        {"lane": "x" * 201},
        {"lane": "a\0b"},
        {"body": Redacted("x" * (LARGEST_BODY + 1))},
        {"body": Redacted("\ud800")},
    ],
)
def test_what_does_not_fit_is_refused(box: Inbox, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        box.receive(replace(message(), **changes), NOW)


def test_the_largest_body_comes_back(box: Inbox) -> None:
    body = "я" * (LARGEST_BODY // 2)
    assert taken(box, message(body=Redacted(body))).body.reveal() == body


# Lanes and leases


def test_a_lane_gives_out_its_oldest_and_nothing_more_before_that_is_settled(box: Inbox) -> None:
    box.receive_all([message("1"), message("2"), message("1", "c2"), message("3")], NOW)
    first = box.lease(NOW, 10)
    assert keys(first) == ["c1:1", "c2:1"] and box.lease(NOW, 10) == []
    box.settle(first[0], NOW)
    assert keys(box.lease(NOW, 10)) == ["c1:2"]


def test_a_message_is_not_taken_at_once_while_an_earlier_one_waits(box: Inbox) -> None:
    box.receive(message("1"), NOW)
    assert box.receive(message("2"), NOW, take=True).item is None
    assert box.receive(message("2"), NOW, take=True).item is None
    assert box.receive(message("1"), NOW, take=True).item is not None


def test_a_message_is_not_taken_while_another_holds_it(box: Inbox) -> None:
    box.receive(message(), NOW, take=True)
    assert box.receive(message(), NOW + LEASE - SECOND, take=True).item is None
    assert box.receive(message(), NOW + LEASE, take=True).item is not None


def test_a_lane_waits_for_its_oldest_also_between_two_tries(box: Inbox) -> None:
    box.receive_all([message("1"), message("2")], NOW)
    box.failed(only(box.lease(NOW)), "timeout", NOW)
    assert box.lease(NOW + WAITS[0] - SECOND) == []
    assert keys(box.lease(NOW + WAITS[0])) == ["c1:1"]


def test_what_a_dead_process_held_comes_back_when_its_lease_is_over(box: Inbox) -> None:
    box.receive(message(), NOW, take=True)
    assert box.lease(NOW + LEASE - SECOND) == []
    assert keys(box.lease(NOW + LEASE)) == ["c1:1"]


def test_the_only_process_ends_the_leases_of_the_dead_one_and_no_try_is_counted(box: Inbox) -> None:
    box.receive(message("1", "c1"), NOW, take=True)
    box.receive(message("1", "c2"), NOW)
    assert box.free_leases(NOW) == 1
    assert [item.attempts for item in box.lease(NOW, 10)] == [0, 0]


def test_what_is_let_go_comes_back_at_once_and_no_try_is_counted(box: Inbox) -> None:
    box.let_go(taken(box, message()), NOW)
    assert only(box.lease(NOW)).attempts == 0


def test_who_lost_the_lease_can_neither_let_go_nor_fail_what_another_holds(box: Inbox) -> None:
    late = taken(box, message())
    other = only(box.lease(NOW + LEASE))
    box.let_go(late, NOW + LEASE)
    assert box.lease(NOW + LEASE) == []
    assert box.failed(late, "timeout", NOW + LEASE) is False
    assert box.lease(NOW + LEASE) == []
    assert box.settle(other, NOW + LEASE)


def test_only_the_sources_asked_for_are_given_out(box: Inbox) -> None:
    box.receive_all([message("1", "c1"), message("1", "c2", source="telegram:7")], NOW)
    assert box.lease(NOW, 10, ()) == []
    assert [item.source for item in box.lease(NOW, 10, ("telegram:7",))] == ["telegram:7"]


def test_no_more_than_asked_for_are_given_out_and_the_oldest_first(box: Inbox) -> None:
    box.receive_all([message("1", f"c{number}") for number in range(5)], NOW)
    assert keys(box.lease(NOW, 2)) == ["c0:1", "c1:1"]
    assert keys(box.lease(NOW)) == ["c2:1"]


def test_no_message_is_given_to_two_who_lease_at_once(box: Inbox) -> None:
    box.receive_all([message(key, f"c{number}") for number in range(40) for key in "12"], NOW)
    found: list[Item] = []

    def lease() -> None:
        while items := box.lease(NOW, 3):
            found.extend(items)

    threads = [threading.Thread(target=lease) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys(found)) == sorted(f"c{number}:1" for number in range(40))


# Tries


def test_after_five_failures_a_message_is_set_aside_and_its_lane_goes_on(box: Inbox) -> None:
    box.receive_all([message("bad"), message("good")], NOW)
    now, given_up = NOW, []
    for number in range(TRIES):
        item = only(box.lease(now))
        assert (item.key, item.attempts) == ("c1:bad", number)
        given_up.append(box.failed(item, "ValueError", now))
        now += WAITS[min(number, len(WAITS) - 1)]
    assert given_up == [False] * 4 + [True]
    assert keys(box.lease(now)) == ["c1:good"]
    (stuck,) = box.quarantined()
    assert (stuck.source, stuck.attempts, stuck.problem, stuck.received_at) == ("web", TRIES, "ValueError", NOW)
    assert "bad" not in repr(stuck)


def test_a_message_whose_holders_vanish_again_and_again_is_set_aside_too(box: Inbox) -> None:
    box.receive(message(), NOW)
    now = NOW
    for number in range(TRIES):
        assert only(box.lease(now)).attempts == number
        now += LEASE
    assert box.lease(now) == []
    assert [stuck.problem for stuck in box.quarantined()] == ["lease_ran_out"]


def quarantined(box: Inbox, incoming: Incoming) -> Item:
    item = taken(box, incoming)
    for _ in range(TRIES):
        box.failed(item, "ValueError", NOW)
        item = next(iter(box.lease(NOW + timedelta(days=1))), item)
    assert len(box.quarantined()) == 1
    return item


def test_staff_let_a_message_be_tried_again_with_all_its_tries_in_front_of_its_lane(box: Inbox) -> None:
    item = quarantined(box, message("1"))
    box.receive(message("2"), NOW)
    assert box.try_again(item.sequence, NOW) and not box.try_again(item.sequence, NOW)
    again = only(box.lease(NOW, 10))
    assert (again.key, again.attempts, again.body) == ("c1:1", 0, item.body)
    assert not box.try_again(4_711, NOW)


def test_a_message_that_was_set_aside_is_not_taken_by_a_repetition(box: Inbox) -> None:
    quarantined(box, message())
    again = box.receive(message(), NOW + timedelta(days=1), take=True)
    assert (again.is_new, again.item, again.is_settled) == (False, None, False)


def test_a_message_that_was_set_aside_can_be_settled_by_who_was_slow(box: Inbox) -> None:
    item = quarantined(box, message())
    assert box.settle(item, NOW) and box.quarantined() == () and not box.try_again(item.sequence, NOW)


def test_what_does_not_open_is_set_aside_after_its_tries_and_holds_up_nobody(store: Store, vault: Vault) -> None:
    Inbox(store, Vault(KeyRing.new())).receive(message("1"), NOW)
    box, now = Inbox(store, vault), NOW
    box.receive(message("1", "c2"), NOW)
    for _ in range(TRIES):
        assert [item.lane for item in box.lease(now, 10)] in (["c2"], [])
        now += WAITS[-1]
        box.free_leases(now)
    assert [stuck.problem for stuck in box.quarantined()] == ["unreadable"]


# Settling


def test_of_two_who_settle_the_same_message_one_is_first(box: Inbox) -> None:
    slow = taken(box, message())
    quick = only(box.lease(NOW + LEASE))
    assert (box.settle(quick, NOW), box.settle(slow, NOW)) == (True, False)


def test_settling_empties_the_row_and_leaves_only_its_key(box: Inbox, row: Row) -> None:
    item = taken(box, message(mark="m"))
    box.settle(item, NOW, "f" * 32)
    left = row(item.sequence)
    assert (bytes(left["sealed"]), left["lane"], left["leased_until"]) == (b"", "", None)
    assert box.waiting() == 0 and box.lease(NOW + LEASE) == []


def test_a_message_is_settled_by_the_transaction_that_keeps_its_effects_or_not_at_all(
    store: Store, vault: Vault, box: Inbox
) -> None:
    item, talks = taken(box, message()), Conversations(store, vault)
    letter = Letter(Way.WEB, "c1", "reply", Redacted("c1"), "", "the answer")

    def along(unit: Any, fail: bool) -> None:
        settle_with(unit, item, NOW, lambda: post_sent(unit, vault, letter, NOW)[0])
        if fail:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        talks.save("c1", b"talk", NOW, lambda unit: along(unit, fail=True))
    assert talks.load("c1") is None and not box.look("web", "c1:1").is_settled
    talks.save("c1", b"talk", NOW, lambda unit: along(unit, fail=False))
    known = box.look("web", "c1:1")
    assert known.is_settled and known.reply_id is not None
    said = Outbox(store, vault).read(known.reply_id)
    assert said is not None and said.text == "the answer"


def test_what_was_settled_before_brings_no_second_reply(store: Store, box: Inbox) -> None:
    item = taken(box, message())
    box.settle(item, NOW, "a" * 32)
    posted: list[str] = []
    with store.unit() as unit:
        assert settle_with(unit, item, NOW, lambda: posted.append("x")) is False
        assert settle(unit, item, NOW) is False
        unit.commit()
    assert posted == [] and box.look("web", "c1:1").reply_id == "a" * 32


# Watching


def test_how_many_wait_and_since_when(box: Inbox) -> None:
    assert (box.waiting(), box.oldest_waiting()) == (0, None)
    box.receive(message("1"), NOW)
    box.receive_all([message("2"), message("1", "c2")], NOW + SECOND)
    assert (box.waiting(), box.waiting("c1"), box.waiting("c3"), box.oldest_waiting()) == (3, 2, 0, NOW)
    box.settle(only(box.lease(NOW + SECOND)), NOW)
    assert (box.waiting(), box.oldest_waiting()) == (2, NOW + SECOND)


# Erasing


def erased(store: Store, lane: str, now: datetime) -> int:
    with store.unit() as unit:
        gone = erase(unit, [lane], now, now)
        unit.commit()
    return gone


def test_what_waits_in_an_erased_lane_is_emptied_and_its_repetition_still_known(box: Inbox, store: Store) -> None:
    box.receive_all([message("1", mark="m"), message("2"), message("1", "c2")], NOW)
    assert erased(store, "c1", NOW) == 2
    assert (box.waiting("c1"), box.waiting("c2")) == (0, 1)
    assert box.receive(message("1", mark="other"), NOW).is_settled


def test_what_came_after_the_erasure_stays(box: Inbox, store: Store) -> None:
    box.receive(message("1"), NOW + SECOND)
    assert erased(store, "c1", NOW) == 0 and box.waiting("c1") == 1


def test_the_wish_to_be_forgotten_is_answered_once_and_so_is_what_was_written_after_it(
    box: Inbox, store: Store
) -> None:
    wish = taken(box, message("forget me"))
    box.receive(message("and hello"), NOW)
    assert erased(store, "c1", NOW) == 1
    assert keys(box.lease(NOW)) == ["c1:and hello"]
    assert (box.settle(wish, NOW, "f" * 32), box.settle(wish, NOW)) == (True, False)
    assert box.failed(wish, "late", NOW) is False and box.look("web", wish.key).reply_id == "f" * 32


def test_also_a_second_erasure_while_the_wish_is_answered_leaves_what_was_written_after_it(
    box: Inbox, store: Store, row: Row
) -> None:
    wish = taken(box, message("forget me"))
    box.receive(message("and hello"), NOW)
    assert (erased(store, "c1", NOW), erased(store, "c1", NOW), box.waiting("c1")) == (1, 0, 1)
    assert (bytes(row(wish.sequence)["sealed"]), row(wish.sequence)["mark"]) == (b"", "")
    assert box.settle(wish, NOW) and row(wish.sequence)["lane"] == ""
    assert erased(store, "c1", NOW) == 1


def test_a_process_that_starts_ends_also_what_was_erased_under_the_hands_of_the_dead_one(
    box: Inbox, store: Store, row: Row
) -> None:
    wish = taken(box, message("forget me"))
    erased(store, "c1", NOW)
    assert row(wish.sequence)["lane"] == "c1"
    assert box.free_leases(NOW) == 0 and row(wish.sequence)["lane"] == ""
    assert box.lease(NOW + LEASE) == [] and not box.settle(wish, NOW)


def test_purging_takes_the_lane_of_what_was_erased_and_never_settled(
    box: Inbox, store: Store, vault: Vault, row: Row
) -> None:
    wish = taken(box, message("forget me"))
    erased(store, "c1", NOW)
    for seconds, lane in ((60, "c1"), (61, "")):
        Keeper(store, vault).purge(NOW + seconds * SECOND)
        assert row(wish.sequence)["lane"] == lane


def test_what_was_set_aside_is_erased_too(box: Inbox, store: Store) -> None:
    quarantined(box, message())
    assert erased(store, "c1", NOW) == 1 and box.quarantined() == ()


def test_what_a_backup_brings_back_of_a_web_conversation_is_erased_again(
    box: Inbox, store: Store, vault: Vault
) -> None:
    keeper = Keeper(store, vault)
    keeper.forget("c1", NOW + SECOND)
    box.receive_all([message("1", "c1"), message("1", "c2")], NOW)
    assert keeper.reapply_erasures(NOW + 2 * SECOND).conversations == 1
    assert (box.waiting("c1"), box.waiting("c2")) == (0, 1)


# Secrecy


def test_neither_key_nor_mark_nor_body_lies_in_the_file(migrated_file: Path, tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "inbox.db"
    path.write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        box = Inbox(store, vault)
        item = taken(
            box,
            Incoming("web", "canary-of-the-key", "lane-1", Redacted('"canary-of-the-body"' * 50), "canary-of-the-mark"),
        )
        for _ in range(2):
            data = path.read_bytes()
            assert b"lane-1" in data and b"canary" not in data  # a lane is in the clear, so the test can see
            box.failed(item, "ValueError", NOW)
        box.settle(item, NOW)


def test_what_is_taken_out_does_not_show_what_it_says(box: Inbox) -> None:
    item = taken(box, message(body=Redacted('"canary"')))
    assert "canary" not in repr(item) + repr(message(body=Redacted('"canary"')))
