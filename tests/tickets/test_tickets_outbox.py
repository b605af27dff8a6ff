"""The outbox: one transaction with what it tells, order within a lane, leases, tries, and nothing kept in the clear."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW

from pii.encryption import KeyRing, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.letters import CODE
from tickets.outbox import LEASE, WAITS, Letter, Outbox, Parcel, cancel, post, post_sent
from tickets.outgoing import LONGEST_REPLY
from tickets.store import Store
from tickets.vocabulary import Delivery, Way

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TRIES = len(WAITS) + 1


def mail(**changes: Any) -> Letter:
    usual = Letter(
        Way.MAIL, "lane-1", "received", Redacted("someone@example.org"), "Your request", "It was received.", "r1"
    )
    return replace(usual, **changes)


def chat(text: str, conversation: str = "conversation-1", way: Way = Way.WEB) -> Letter:
    return Letter(way, conversation, "fulfilled", Redacted(conversation), "", text, "r1")


@pytest.fixture
def box(store: Store, vault: Vault) -> Outbox:
    return Outbox(store, vault)


Put = Callable[..., list[str]]


@pytest.fixture
def put(store: Store, vault: Vault) -> Put:
    def put_all(*letters: Letter) -> list[str]:
        with store.unit() as unit:
            ids = [post(unit, vault, letter, NOW) for letter in letters]
            unit.commit()
        return ids

    return put_all


@pytest.fixture
def row(store: Store) -> Callable[[str], Any]:
    def read(letter_id: str) -> Any:
        with store.reading() as unit:
            return (
                unit.execute(sa.text("SELECT * FROM outbox WHERE id = :id").bindparams(id=letter_id)).mappings().one()
            )

    return read


def only(parcels: list[Parcel]) -> Parcel:
    assert len(parcels) == 1
    return parcels[0]


def texts(parcels: list[Parcel]) -> list[str]:
    return [parcel.text.reveal() for parcel in parcels]


def test_what_was_posted_is_given_out_whole(box: Outbox, put: Put) -> None:
    (letter_id,) = put(mail())
    parcel = only(box.lease(NOW))
    assert (parcel.id, parcel.way, parcel.kind, parcel.request_id) == (letter_id, Way.MAIL, "received", "r1")
    assert parcel.recipient.reveal() == "someone@example.org" and parcel.text.reveal() == "It was received."
    assert (parcel.subject, parcel.attempts, parcel.leased_until) == ("Your request", 0, NOW + LEASE)


def test_a_letter_goes_down_with_its_transaction(store: Store, vault: Vault, box: Outbox) -> None:
    with store.unit() as unit:
        post(unit, vault, mail(), NOW)
    assert box.lease(NOW) == []


def test_nothing_of_a_letter_lies_in_the_database_in_the_clear(store: Store, put: Put) -> None:
    put(mail(text="the code is 7F3K-92QD"))
    with store.reading() as unit:
        stored = repr(unit.execute(sa.text("SELECT * FROM outbox")).all())
    assert not any(secret in stored for secret in ("someone", "7F3K", "Your request"))


def test_letters_and_parcels_do_not_show_what_they_say(box: Outbox, put: Put) -> None:
    letter = mail(text="the code is 7F3K-92QD")
    put(letter)
    shown = repr(letter) + repr(box.lease(NOW))
    assert "7F3K" not in shown and "someone" not in shown


def test_a_lane_gives_out_its_oldest_and_nothing_more_before_that_is_settled(box: Outbox, put: Put) -> None:
    put(chat("1"), chat("2"), chat("other", "conversation-2"), chat("3"))
    first = box.lease(NOW)
    assert texts(first) == ["1", "other"]
    assert box.lease(NOW) == []
    box.delivered(first[0], NOW)
    assert texts(box.lease(NOW)) == ["2"]


def test_a_lane_waits_for_its_oldest_also_between_two_tries(box: Outbox, put: Put) -> None:
    put(chat("1"), chat("2"))
    box.failed(only(box.lease(NOW)), "timeout", NOW, retry_after=30)
    assert box.lease(NOW + 29 * SECOND) == []
    assert texts(box.lease(NOW + 30 * SECOND)) == ["1"]


def test_what_a_dead_worker_held_comes_back_when_its_lease_is_over(box: Outbox, put: Put) -> None:
    put(mail())
    box.lease(NOW)
    assert box.lease(NOW + LEASE - SECOND) == []
    assert len(box.lease(NOW + LEASE)) == 1


def test_only_the_ways_asked_for_are_given_out(box: Outbox, put: Put) -> None:
    put(mail(), chat("1"))
    assert texts(box.lease(NOW, ways=(Way.WEB,))) == ["1"]
    assert box.lease(NOW, ways=(Way.TELEGRAM,)) == []


@pytest.mark.parametrize("seconds", [0.5, 7, 3_600])
def test_what_the_other_side_asked_for_is_obeyed_exactly(box: Outbox, put: Put, seconds: float) -> None:
    put(mail())
    box.failed(only(box.lease(NOW)), "too_many_requests", NOW, retry_after=seconds)
    due = NOW + timedelta(seconds=seconds)
    assert box.lease(due - timedelta(milliseconds=1)) == []
    assert len(box.lease(due)) == 1


@pytest.mark.parametrize("nonsense", [-1.0, float("nan"), float("inf"), 1e12])
def test_a_wait_that_makes_no_sense_is_replaced_by_ours(box: Outbox, put: Put, nonsense: float) -> None:
    put(mail())
    box.failed(only(box.lease(NOW)), "x", NOW, retry_after=nonsense)
    assert box.lease(NOW) == [] and len(box.lease(NOW + 12 * SECOND)) == 1


def test_the_waits_grow_from_seconds_to_hours_over_about_two_days() -> None:
    assert WAITS[0] == 10 * SECOND and WAITS[-1] == timedelta(hours=6)
    assert list(WAITS) == sorted(WAITS)
    assert 1.5 * DAY <= sum(WAITS, timedelta()) <= 2.5 * DAY


def test_waits_differ_so_that_what_failed_together_does_not_come_back_together(
    box: Outbox, put: Put, row: Callable[[str], Any]
) -> None:
    ids = put(*(mail(lane=f"lane-{number}") for number in range(20)))
    for parcel in box.lease(NOW):
        box.failed(parcel, "x", NOW)
    assert len({row(letter_id)["next_at"] for letter_id in ids}) == 20


def test_after_all_tries_a_letter_is_dead_stays_visible_and_frees_its_lane(box: Outbox, put: Put) -> None:
    put(mail(), mail(text="the next one"))
    now = NOW
    for _ in range(TRIES):
        box.failed(only(box.lease(now)), "timeout", now)
        now += DAY
    (dead,) = box.dead()
    assert (dead.problem, dead.attempts, dead.kind, dead.request_id) == ("timeout", TRIES, "received", "r1")
    assert texts(box.lease(now)) == ["the next one"]


def test_a_refused_letter_is_dead_at_once(box: Outbox, put: Put) -> None:
    put(mail(), mail(text="the next one"))
    box.refused(only(box.lease(NOW)), "smtp_550", NOW)
    assert [(dead.problem, dead.attempts) for dead in box.dead()] == [("smtp_550", 1)]
    assert texts(box.lease(NOW)) == ["the next one"]


def test_a_dead_letter_can_be_sent_again(box: Outbox, put: Put) -> None:
    (letter_id,) = put(mail())
    box.refused(only(box.lease(NOW)), "smtp_550", NOW)
    assert box.try_again(letter_id, NOW)
    assert only(box.lease(NOW)).attempts == 0
    assert not box.try_again(letter_id, NOW) and not box.try_again("nobody", NOW)


def test_a_sent_mail_is_emptied_and_a_web_message_stays_for_its_reader(
    box: Outbox, put: Put, row: Callable[[str], Any]
) -> None:
    mailed, told, said = put(mail(), chat("hello"), chat("hello", "chat-7", Way.TELEGRAM))
    for parcel in box.lease(NOW):
        box.delivered(parcel, NOW)
    assert [bytes(row(letter_id)["sealed"]) == b"" for letter_id in (mailed, told, said)] == [True, False, True]
    assert {row(letter_id)["status"] for letter_id in (mailed, told, said)} == {"sent"}


def test_the_feed_tells_what_was_delivered_after_a_number_and_only_of_that_conversation(box: Outbox, put: Put) -> None:
    put(chat("1"), chat("other", "conversation-2"), chat("2"), chat("not yet"))
    for _ in range(2):
        for parcel in box.lease(NOW):
            box.delivered(parcel, NOW + SECOND)
    seen = box.feed("conversation-1", 0)
    assert [message.text for message in seen] == ["1", "2"] and seen[0].at == NOW + SECOND
    assert [message.text for message in box.feed("conversation-1", seen[0].sequence)] == ["2"]
    assert box.feed("conversation-1", seen[1].sequence) == () and len(box.feed("conversation-1", 0, limit=1)) == 1


def test_one_damaged_message_does_not_hide_the_next(box: Outbox, put: Put, store: Store) -> None:
    damaged, _ = put(chat("1"), chat("2"))
    for _ in range(2):
        box.delivered(only(box.lease(NOW)), NOW)
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE outbox SET key_id = 'k9' WHERE id = :id").bindparams(id=damaged))
        unit.commit()
    assert [message.text for message in box.feed("conversation-1", 0)] == ["", "2"]


def test_cancelling_takes_back_what_waits_for_a_request_and_empties_it(
    box: Outbox, put: Put, store: Store, row: Callable[[str], Any]
) -> None:
    code, news, other = put(
        mail(kind=CODE, deadline=NOW + DAY), mail(lane="lane-2"), mail(lane="lane-3", request_id="another")
    )
    with store.unit() as unit:
        assert cancel(unit, "r1", NOW, {CODE}) == 1
        assert cancel(unit, "r1", NOW) == 1
        assert cancel(unit, "r1", NOW) == 0
        unit.commit()
    assert [row(one)["status"] for one in (code, news, other)] == ["cancelled", "cancelled", "waiting"]
    assert bytes(row(code)["sealed"]) == b""


def test_a_mail_that_was_cancelled_on_its_way_counts_as_sent_and_a_web_message_stays_unseen(
    box: Outbox, put: Put, store: Store, row: Callable[[str], Any]
) -> None:
    mailed, told = put(mail(), chat("never mind"))
    parcels = box.lease(NOW)
    with store.unit() as unit:
        cancel(unit, "r1", NOW)
        unit.commit()
    for parcel in parcels:
        box.delivered(parcel, NOW)
    assert (row(mailed)["status"], row(told)["status"]) == ("sent", "cancelled")
    assert box.feed("conversation-1", 0) == ()


def test_a_letter_with_a_code_is_cancelled_instead_of_sent_late(
    box: Outbox, put: Put, row: Callable[[str], Any]
) -> None:
    (letter_id,) = put(mail(kind=CODE, deadline=NOW + 10 * 60 * SECOND))
    assert box.lease(NOW + 10 * 60 * SECOND) == []
    assert (row(letter_id)["status"], bytes(row(letter_id)["sealed"])) == ("cancelled", b"")


def test_letters_that_are_too_late_make_the_next_one_wait_no_longer(box: Outbox, put: Put) -> None:
    late = [
        mail(kind=CODE, deadline=NOW + SECOND, recipient=Redacted(f"late{number}@example.org")) for number in range(50)
    ]
    put(*late, mail(recipient=Redacted("ann@example.org")))
    (next_one,) = box.lease(NOW + 2 * SECOND, limit=1)
    assert next_one.recipient.reveal() == "ann@example.org" and box.counts()[Delivery.CANCELLED] == 50
    assert box.lease(NOW + 2 * SECOND, limit=1) == []


def test_a_letter_with_a_code_is_cancelled_when_its_next_try_would_be_late(
    box: Outbox, put: Put, row: Callable[[str], Any]
) -> None:
    (letter_id,) = put(mail(kind=CODE, deadline=NOW + 10 * 60 * SECOND))
    box.failed(only(box.lease(NOW)), "smtp_451", NOW, retry_after=600)
    assert (row(letter_id)["status"], row(letter_id)["problem"]) == ("cancelled", "smtp_451")


def test_a_letter_with_a_code_does_not_wait_behind_a_mail_that_is_tried_again(box: Outbox, put: Put) -> None:
    put(mail())
    box.failed(only(box.lease(NOW)), "smtp_451", NOW, retry_after=3_600)
    put(mail(kind=CODE, deadline=NOW + 600 * SECOND, text="the code"))
    assert texts(box.lease(NOW)) == ["the code"]


def test_who_lost_the_lease_cannot_undo_what_the_next_one_found(
    box: Outbox, put: Put, row: Callable[[str], Any]
) -> None:
    (letter_id,) = put(mail())
    slow = only(box.lease(NOW))
    second = only(box.lease(NOW + LEASE))
    box.failed(slow, "timeout", NOW + LEASE, retry_after=0)
    box.refused(slow, "smtp_550", NOW + LEASE)
    assert box.lease(NOW + LEASE) == [] and box.dead() == ()
    box.delivered(second, NOW + LEASE)
    box.failed(slow, "timeout", NOW + LEASE)
    assert row(letter_id)["status"] == "sent"


def test_a_letter_of_another_key_waits_and_stops_nothing(store: Store, box: Outbox, put: Put) -> None:
    with store.unit() as unit:
        post(unit, Vault(KeyRing.new().with_new_key()), mail(), NOW)
        unit.commit()
    put(mail(lane="lane-2", text="readable"))
    assert texts(box.lease(NOW)) == ["readable"]
    assert box.counts()[Delivery.WAITING] == 2


def test_counts_and_the_oldest_waiting_are_told(box: Outbox, put: Put) -> None:
    assert box.oldest_waiting() is None
    put(mail(), mail(lane="lane-2"), mail(lane="lane-3"))
    first, second, _ = box.lease(NOW)
    box.delivered(first, NOW)
    box.refused(second, "smtp_550", NOW)
    expected = {Delivery.WAITING: 1, Delivery.SENT: 1, Delivery.DEAD: 1, Delivery.CANCELLED: 0}
    assert box.counts() == expected and box.oldest_waiting() == NOW


def test_many_workers_never_hold_one_letter_at_once(url: str, store: Store, vault: Vault, put: Put) -> None:
    ids = put(*(mail(lane=f"lane-{number}") for number in range(60)))
    # PostgreSQL: four processes' worth of connections; SQLite takes one process, so its workers share the store.
    stores = [store if store.is_sqlite else Store(url) for _ in range(4)]
    held: list[str] = []

    def take(one: Store) -> None:
        box = Outbox(one, vault)
        while parcels := box.lease(NOW, limit=3):
            held.extend(parcel.id for parcel in parcels)

    threads = [threading.Thread(target=take, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in stores:
        if one is not store:
            one.close()
    assert sorted(held) == sorted(ids)


BROKEN = {
    "a line break in the subject": {"subject": "x\r\nBcc: someone@example.org"},
    "a line break in the recipient": {"recipient": Redacted("someone@example.org\nBcc: another@example.org")},
    "no text": {"text": ""},
    "a NUL": {"text": "a\0b"},
    "half a surrogate pair": {"text": "\ud800"},
    "too long a text": {"text": "x" * 20_001},
    "no lane": {"lane": ""},
    "no kind": {"kind": ""},
    "a code without a deadline": {"kind": CODE},
    "a chat message in another lane": {"way": Way.WEB},
    "a deadline without a zone": {"deadline": NOW.replace(tzinfo=None)},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN)
def test_a_letter_that_cannot_be_sent_is_refused_when_it_is_posted(
    store: Store, vault: Vault, changes: dict[str, Any]
) -> None:
    with store.unit() as unit, pytest.raises(InputError):
        post(unit, vault, mail(**changes), NOW)


# Posted as sent


@pytest.fixture
def say(store: Store, vault: Vault) -> Callable[..., tuple[str, int]]:
    def say_now(letter: Letter) -> tuple[str, int]:
        with store.unit() as unit:
            said = post_sent(unit, vault, letter, NOW)
            unit.commit()
        return said

    return say_now


def reply(text: str = "the answer", **changes: Any) -> Letter:
    return replace(chat(text), kind="reply", **changes)


Say = Callable[[Letter], tuple[str, int]]


def test_a_reply_is_read_at_once_by_its_id_and_in_the_feed(box: Outbox, say: Say) -> None:
    letter_id, sequence = say(reply())
    said = box.read(letter_id)
    assert said is not None and (said.sequence, said.text, said.at) == (sequence, "the answer", NOW)
    assert box.feed("conversation-1", 0) == (said,) and box.lease(NOW) == []


def test_what_waited_is_shown_before_the_reply_so_that_no_reader_misses_it(box: Outbox, put: Put, say: Say) -> None:
    put(chat("news"), chat("other", "conversation-2"))
    held = only(box.lease(NOW, limit=1))
    _, sequence = say(reply())
    assert [one.text for one in box.feed("conversation-1", 0)] == ["news", "the answer"]
    box.delivered(held, NOW)
    box.failed(held, "timeout", NOW)
    assert box.feed("conversation-1", sequence) == () and texts(box.lease(NOW)) == ["other"]


def test_what_waited_too_long_is_not_shown_before_the_reply(box: Outbox, put: Put, say: Say, row: Any) -> None:
    (late,) = put(replace(chat("code"), deadline=NOW + SECOND))
    with pytest.MonkeyPatch.context() as clock:
        clock.setitem(globals(), "NOW", NOW + SECOND)
        say(reply())
    assert [one.text for one in box.feed("conversation-1", 0)] == ["the answer"]
    assert (row(late)["status"], bytes(row(late)["sealed"])) == ("cancelled", b"")


def test_what_another_process_has_the_key_for_is_left_waiting(box: Outbox, store: Store, say: Say) -> None:
    with store.unit() as unit:
        post(unit, Vault(KeyRing.new()), chat("news"), NOW)
        unit.commit()
    say(reply())
    assert box.counts()[Delivery.WAITING] == 1


def test_an_answer_on_the_web_may_be_as_long_as_a_policy_and_other_letters_may_not(say: Say) -> None:
    say(reply("x" * LONGEST_REPLY))
    for letter in (reply("x" * (LONGEST_REPLY + 1)), chat("x" * 20_001), mail(text="x" * 20_001, kind="reply")):
        with pytest.raises(InputError):
            say(letter)


def test_only_what_goes_to_the_web_is_sent_by_being_written_down(say: Say) -> None:
    for letter in (mail(), chat("x", way=Way.TELEGRAM)):
        with pytest.raises(InputError):
            say(letter)


def test_only_what_was_shown_on_the_web_is_read_by_its_id(box: Outbox, put: Put) -> None:
    ids = put(mail(), chat("waits"), chat("x", "conversation-2", Way.TELEGRAM))
    for parcel in box.lease(NOW, ways=(Way.MAIL, Way.TELEGRAM)):
        box.delivered(parcel, NOW)
    assert [box.read(letter_id) for letter_id in (*ids, "nothing")] == [None] * 4


def test_what_a_dead_process_held_is_free_for_the_one_that_starts_after_it(box: Outbox, put: Put) -> None:
    put(mail())
    (held,) = box.lease(NOW)
    assert box.lease(NOW) == []
    assert box.free_leases() == 1 and box.free_leases() == 0
    assert [parcel.id for parcel in box.lease(NOW)] == [held.id]
