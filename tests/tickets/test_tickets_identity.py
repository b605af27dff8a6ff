"""Codes from the mail, reaching a request from elsewhere, and the link that stops one."""

from __future__ import annotations

import hmac
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from conftest import MAIL, NOW, VAULT, wish
from house import APPROVER, CHECKER, FAR, WORKER, WRONG, House, at, rights

from pii.encryption import KeyRing, Vault
from pii.masking import mask
from pii.redacted import Redacted
from tickets.codes import new_code
from tickets.contacts import ContactBox
from tickets.errors import InputError, MoveError
from tickets.identity import CodeResult, Identity, Outcome, SendOutcome
from tickets.outbox import Outbox
from tickets.service import RequestService
from tickets.store import Store
from tickets.tables_proof import challenges
from tickets.vocabulary import EvidenceKind, Purpose, RefusalReason, Right, Status

Count = Callable[[str], int]
CHAT, OTHER = "conversation-1", "conversation-2"


@pytest.fixture
def house(store: Store) -> House:
    return House(store, FAR)


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


# The code


def test_the_right_code_shows_control_of_the_mailbox_and_of_nothing_else(house: House) -> None:
    receipt = house.file()
    assert house.identity.awaits_code(CHAT, NOW)
    result = house.identity.check_code(CHAT, house.code(receipt.reference), minutes(9.9))
    assert (result.outcome, result.purpose, result.reference) == (Outcome.RIGHT, Purpose.PROVE, receipt.reference)
    details = house.service.show(receipt.reference)
    assert details.evidence == (EvidenceKind.MAILBOX_CONTROL,) and not result.verified
    assert details.summary.status is Status.UNVERIFIED
    assert details.identity == "controls the mailbox; account not yet checked"
    assert [line.action for line in details.history] == ["opened", "code_sent", "shown_mailbox_control"]
    assert not house.identity.awaits_code(CHAT, minutes(9.9)) and house.service.verify_audit().intact


def test_a_code_works_once(house: House) -> None:
    code = house.code(house.file().reference)
    assert house.identity.check_code(CHAT, code, NOW).outcome is Outcome.RIGHT
    assert house.identity.check_code(CHAT, code, NOW).outcome is Outcome.NONE


def test_a_code_runs_out_after_ten_minutes(house: House) -> None:
    receipt = house.file()
    assert house.identity.awaits_code(CHAT, minutes(9.99)) and not house.identity.awaits_code(CHAT, minutes(10))
    result = house.identity.check_code(CHAT, house.code(receipt.reference), minutes(10))
    assert (result.outcome, result.reference) == (Outcome.EXPIRED, receipt.reference)
    assert house.service.show(receipt.reference).evidence == ()


def test_the_fifth_wrong_code_was_the_last_and_the_right_one_comes_too_late(house: House) -> None:
    receipt = house.file()
    code = house.code(receipt.reference)
    found = [house.identity.check_code(CHAT, WRONG, NOW) for _ in range(5)]
    assert [(one.outcome, one.tries_left) for one in found] == [(Outcome.WRONG, left) for left in (4, 3, 2, 1, 0)]
    late = house.identity.check_code(CHAT, code, NOW)
    assert (late.outcome, late.tries_left) == (Outcome.SPENT, 0)
    assert house.service.show(receipt.reference).evidence == ()
    assert house.actions(receipt.reference)[-1] == "code_tries_used_up"


@pytest.mark.parametrize("typed", ["", "7F3K", "x" * 100_000, "\0", "\ud800", "ＡＢＣＤ-ＥＦＧＨ"])
def test_what_cannot_be_a_code_counts_as_a_wrong_one(house: House, typed: str) -> None:
    house.file()
    result = house.identity.check_code(CHAT, Redacted(typed), NOW)
    assert (result.outcome, result.tries_left) == (Outcome.WRONG, 4)


def test_a_code_is_taken_in_the_spelling_of_people(house: House) -> None:
    code = house.code(house.file().reference).reveal()
    typed = Redacted(f" {code[:4].lower()} {code[4:].lower()} ".replace("0", "o").replace("1", "l"))
    assert house.identity.check_code(CHAT, typed, NOW).outcome is Outcome.RIGHT


def test_where_no_code_is_awaited_none_is_checked(house: House) -> None:
    house.file("+44 20 7946 0123")
    assert house.identity.check_code(CHAT, WRONG, NOW).outcome is Outcome.NONE
    assert house.identity.check_code("nobody", WRONG, NOW).outcome is Outcome.NONE


def test_a_code_of_another_request_conversation_or_purpose_is_wrong(house: House) -> None:
    mine = house.file()
    other = house.file("two@example.org", conversation=OTHER)
    assert house.identity.check_code(CHAT, house.code(other.reference), NOW).outcome is Outcome.WRONG
    assert house.identity.check_code(OTHER, house.code(mine.reference), NOW).outcome is Outcome.WRONG
    house.identity.ask_reach(mine.reference, "conversation-3", NOW)
    assert house.identity.check_code("conversation-3", house.code(mine.reference), NOW).outcome is Outcome.WRONG
    reaching = house.code(mine.reference, "reach")
    assert house.identity.check_code(CHAT, reaching, NOW).outcome is Outcome.WRONG
    assert house.service.show(mine.reference).evidence == house.service.show(other.reference).evidence == ()
    assert house.service.status_of("conversation-3") == ()


def test_a_row_moved_to_another_request_does_not_take_its_code_along(house: House, store: Store) -> None:
    mine, other = house.file(), house.file("two@example.org", conversation=OTHER)
    with store.unit() as unit:
        code_hash = sa.select(challenges.c.code_hash).where(challenges.c.conversation == OTHER)
        stolen = unit.execute(code_hash).scalar()
        unit.execute(sa.update(challenges).where(challenges.c.conversation == CHAT).values(code_hash=stolen))
        unit.commit()
    assert house.identity.check_code(CHAT, house.code(other.reference), NOW).outcome is Outcome.WRONG
    assert house.service.show(mine.reference).evidence == ()


def test_of_two_codes_that_wait_either_is_taken(house: House) -> None:
    first = house.file()
    second = house.file(rights=rights(Right.ACCESS), idempotency_key="2", now=minutes(1))
    older, newer = house.code(first.reference), house.code(second.reference)
    result = house.identity.check_code(CHAT, older, minutes(2))
    assert (result.outcome, result.reference) == (Outcome.RIGHT, first.reference)
    result = house.identity.check_code(CHAT, newer, minutes(2))
    assert (result.outcome, result.reference, result.tries_left) == (Outcome.RIGHT, second.reference, 3)


@pytest.mark.parametrize("end", ["withdrawn", "stopped", "refused"])
def test_the_code_of_a_closed_request_is_dead(house: House, end: str) -> None:
    receipt = house.file()
    code, token = house.code(receipt.reference), house.stop_token(receipt.reference)
    if end == "withdrawn":
        house.service.withdraw(receipt.reference, CHAT, NOW)
    elif end == "stopped":
        house.identity.stop(token, NOW)
    else:
        house.staff.refuse(receipt.reference, RefusalReason.PROCESS_MALICIOUS, "Art. 12(5)", CHECKER, NOW)
    assert not house.identity.awaits_code(CHAT, NOW)
    assert house.identity.check_code(CHAT, code, NOW).outcome is Outcome.NONE
    assert house.letters(receipt.reference, "code") == []  # nor does it still go out


def test_codes_are_kept_only_as_keyed_hashes(house: House, store: Store) -> None:
    code = house.code(house.file().reference).reveal()
    with store.reading() as unit:
        row = unit.execute(sa.select(challenges)).mappings().one()
    bound = f"prove|{row['id']}|{code}|{CHAT}"
    assert code not in str(dict(row))
    assert row["code_hash"] == VAULT.look_up(Redacted(bound), "challenges.code_hash")
    assert row["code_hash"] != Vault(KeyRing.new()).look_up(Redacted(bound), "challenges.code_hash")


def test_a_code_and_a_link_outlive_a_change_of_keys(store: Store) -> None:
    ring = KeyRing.new()
    older, newer = Vault(ring), Vault(ring.with_new_key())
    handles = ContactBox(store, older).keep(CHAT, mask("one@example.org").found, NOW)
    RequestService(store, older, MAIL).open_request(wish(contacts=tuple(handles.values())), NOW)
    (letter,) = Outbox(store, newer).lease(NOW)
    found = re.search(r"^ {4}(\S{9})$.*/stop/(\S+)", letter.text.reveal(), re.MULTILINE | re.DOTALL)
    assert found is not None
    identity = Identity(store, newer, MAIL)
    assert identity.look_at_stop(Redacted(found[2])) is not None
    assert identity.check_code(CHAT, Redacted(found[1]), NOW).outcome is Outcome.RIGHT


# Guessing


class Counted:
    """A comparison that counts how often it is made."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, one: str, other: str) -> bool:
        with self._lock:
            self.calls += 1
        return hmac.compare_digest(one, other)


ROUNDS, GUESSES, THREADS = int(os.environ.get("ROUNDS", "20")), 200, 24  # ROUNDS=100 for the long run


def test_of_two_hundred_guesses_at_once_five_are_compared(store: Store) -> None:
    compare = Counted()
    house = House(store, FAR, compare)
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(ROUNDS):
            chat = f"c{number}"
            receipt = house.file(conversation=chat)
            code, compare.calls = house.code(receipt.reference), 0
            guesses = [new_code() for _ in range(GUESSES)]
            found = list(pool.map(lambda one, chat=chat: house.identity.check_code(chat, one, NOW).outcome, guesses))
            assert compare.calls == 5 and found.count(Outcome.WRONG) == 5 and found.count(Outcome.SPENT) == 195
            assert house.identity.check_code(chat, code, NOW).outcome is Outcome.SPENT
            assert compare.calls == 5 and house.service.show(receipt.reference).evidence == ()


def test_with_a_counter_that_is_read_first_more_are_compared(store: Store) -> None:
    """The control: the same guesses against a counter that is read, and written after the comparison."""
    house = House(store, FAR)
    house.file()
    compare, start = Counted(), threading.Barrier(THREADS)

    def naive(guess: Redacted) -> None:
        with store.reading() as unit:
            row = unit.execute(sa.select(challenges)).mappings().one()
        start.wait(10)
        if row["tries"] < 5:
            compare(row["code_hash"], guess.reveal())
            with store.unit() as unit:
                unit.execute(sa.update(challenges).values(tries=row["tries"] + 1))
                unit.commit()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(naive, [new_code() for _ in range(THREADS * 2)]))
    assert compare.calls > 5


def test_a_sweep_over_many_requests_ends_at_the_budget_of_all_people(store: Store) -> None:
    compare = Counted()
    house = House(store, replace(FAR, wrong_codes=30), compare)
    receipts = [house.file(f"box{number}@example.org", conversation=f"c{number}") for number in range(10)]
    found = [house.identity.check_code(f"c{number}", WRONG, NOW).outcome for number in range(10) for _ in range(5)]
    assert found == [Outcome.WRONG] * 30 + [Outcome.SPENT] * 20 and compare.calls == 30
    last = house.code(receipts[-1].reference)
    assert house.identity.check_code("c9", last, minutes(9)).outcome is Outcome.SPENT  # also the right one
    house.identity.send_again("c9", minutes(60))
    assert house.identity.check_code("c9", house.code(receipts[-1].reference), minutes(60)).outcome is Outcome.RIGHT


def test_right_codes_are_not_taken_from_the_budget(store: Store) -> None:
    house = House(store, replace(FAR, wrong_codes=1))
    for number in range(4):
        receipt = house.file(conversation=f"c{number}")
        assert house.identity.check_code(f"c{number}", house.code(receipt.reference), NOW).outcome is Outcome.RIGHT


# Another code


def test_a_new_code_replaces_the_old_one_and_refills_no_tries(house: House) -> None:
    receipt = house.file()
    old = house.code(receipt.reference)
    for _ in range(3):
        house.identity.check_code(CHAT, WRONG, NOW)
    again = house.identity.send_again(CHAT, minutes(1))
    assert (again.outcome, again.sent_to, again.reference) == (SendOutcome.SENT, "o…@example.org", receipt.reference)
    assert len(house.letters(receipt.reference, "code")) == 1  # the old letter does not go out any more
    assert house.identity.check_code(CHAT, old, minutes(1)).outcome is Outcome.WRONG
    right = house.identity.check_code(CHAT, house.code(receipt.reference), minutes(10.5))
    assert (right.outcome, right.tries_left) == (Outcome.RIGHT, 0)


def test_three_codes_are_sent_and_no_more(house: House) -> None:
    receipt = house.file()
    found = [house.identity.send_again(CHAT, minutes(number)) for number in (11, 22, 33)]
    assert [(one.outcome, one.left) for one in found] == [
        (SendOutcome.SENT, 1),
        (SendOutcome.SENT, 0),
        (SendOutcome.TOO_MANY, 0),
    ]
    assert house.actions(receipt.reference).count("code_sent") == 3
    assert house.row(receipt.reference)["proof_asked_at"] == NOW  # the time to prove runs from the first


def test_no_new_code_comes_once_all_tries_are_used_up(house: House) -> None:
    house.file()
    for _ in range(5):
        house.identity.check_code(CHAT, WRONG, NOW)
    assert house.identity.send_again(CHAT, NOW).outcome is SendOutcome.TOO_MANY


def test_no_code_is_sent_where_none_is_missing(house: House) -> None:
    assert house.identity.send_again(CHAT, NOW).outcome is SendOutcome.NONE
    receipt = house.file()
    house.identity.check_code(CHAT, house.code(receipt.reference), NOW)
    assert house.identity.send_again(CHAT, NOW).outcome is SendOutcome.NONE
    assert house.identity.send_again(OTHER, NOW).outcome is SendOutcome.NONE


def test_a_code_that_could_not_be_sent_at_filing_can_be_asked_for_the_next_day(store: Store) -> None:
    house = House(store)
    for number in range(3):
        house.file(conversation=f"c{number}")
    receipt = house.file()
    assert house.identity.send_again(CHAT, NOW).outcome is SendOutcome.TOO_MANY
    assert house.identity.send_again(CHAT, at(days=1)).outcome is SendOutcome.SENT
    assert house.status(receipt.reference) is Status.UNVERIFIED
    assert house.row(receipt.reference)["proof_asked_at"] == at(days=1)


# From another conversation


def test_with_a_fresh_code_a_request_is_seen_and_taken_back_from_elsewhere(house: House) -> None:
    receipt = house.file()
    house.identity.ask_reach(receipt.reference.lower(), OTHER, NOW)
    assert house.identity.awaits_code(OTHER, NOW) and house.service.status_of(OTHER) == ()
    letter = house.letters(receipt.reference, "reach")[-1]
    assert letter.recipient.reveal() == "one@example.org" and receipt.reference in letter.text.reveal()
    result = house.identity.check_code(OTHER, house.code(receipt.reference, "reach"), NOW)
    assert (result.outcome, result.purpose, result.verified) == (Outcome.RIGHT, Purpose.REACH, False)
    assert [one.reference for one in house.service.status_of(OTHER)] == [receipt.reference]
    assert house.service.show(receipt.reference).evidence == ()
    assert house.service.withdraw(receipt.reference, OTHER, NOW).status is Status.WITHDRAWN
    assert house.actions(receipt.reference) == ["opened", "code_sent", "reach_code_sent", "reach_granted", "withdrawn"]


def test_asking_tells_nothing_and_writes_to_nobody_but_the_stored_address(house: House, count: Count) -> None:
    real, closed, by_phone = (
        house.file(),
        house.file(conversation="c3"),
        house.file("+44 20 7946 0123", conversation="c4"),
    )
    house.service.withdraw(closed.reference, "c3", NOW)
    before = count("outbox")
    told = set()
    for reference in (real.reference, closed.reference, by_phone.reference, "KLS-7F3K-92QD", "nonsense", "", "\0"):
        told.add(house.identity.ask_reach(reference, OTHER, NOW))
        before += 1
        assert count("outbox") == before  # a message is written in each case
    assert told == {None}
    assert [one.recipient.reveal() for one in house.letters(kind="reach")] == ["one@example.org"]
    assert not house.identity.awaits_code("conversation-9", NOW)


def seen_by(house: House, reference: str, conversation: str) -> list[object]:
    """All that a conversation sees that asks for that request, guesses, waits, asks again and guesses on."""
    seen: list[object] = []

    def look(minute: float) -> None:
        seen.append(house.identity.awaits_code(conversation, minutes(minute)))
        seen.extend(house.identity.check_code(conversation, WRONG, minutes(minute)) for _ in range(4))

    for minute in (0, 12, 14, 40, 41, 3_000):
        seen.append(house.identity.ask_reach(reference, conversation, minutes(minute)))
        look(minute)
        look(minute + 1)
        seen.append(house.identity.send_again(conversation, minutes(minute + 1)))
        look(minute + 1.5)
        look(minute + 11.6)
    seen.append(house.service.status_of(conversation))
    return seen


def test_guessing_and_asking_again_finds_out_no_reference_either(house: House) -> None:
    real, closed = house.file(), house.file(conversation="c3")
    by_phone = house.file("+44 20 7946 0123", conversation="c4")
    house.service.withdraw(closed.reference, "c3", NOW)
    seen = [
        seen_by(house, reference, f"guesser-{number}")
        for number, reference in enumerate((real.reference, closed.reference, by_phone.reference, "KLS-7F3K-92QD", ""))
    ]
    assert all(one == seen[0] for one in seen)
    assert len(house.letters(real.reference, "reach")) > 0  # and yet its owner was written to
    outcomes = {one.outcome for one in seen[0] if isinstance(one, CodeResult)}
    assert outcomes == {Outcome.WRONG, Outcome.SPENT, Outcome.EXPIRED}
    assert {one.reference for one in seen[0] if isinstance(one, CodeResult)} == {""}


def test_a_new_wish_refills_what_is_seen_but_not_what_is_compared(store: Store) -> None:
    compare = Counted()
    house = House(store, FAR, compare)
    receipt = house.file()
    for _ in range(3):
        house.identity.ask_reach(receipt.reference, OTHER, NOW)
        code = house.code(receipt.reference, "reach")
        found = [house.identity.check_code(OTHER, WRONG, NOW).outcome for _ in range(4)]
        assert found == [Outcome.WRONG] * 4
    assert compare.calls == 5
    assert house.identity.check_code(OTHER, code, NOW).outcome is Outcome.WRONG  # the right one, too late
    assert house.service.status_of(OTHER) == ()


def test_asking_takes_the_same_time_whether_there_is_a_request_or_not(store: Store) -> None:
    house = House(store, FAR)
    reference = house.file().reference
    slow = Identity(store, VAULT, MAIL, limits=FAR, reach_seconds=0.25)
    for asked in (reference, "KLS-7F3K-92QD"):
        began = time.monotonic()
        slow.ask_reach(asked, OTHER, NOW)
        assert time.monotonic() - began >= 0.25


def test_the_hint_is_kept_from_who_asks_to_reach_a_request(house: House) -> None:
    house.identity.ask_reach(house.file().reference, OTHER, NOW)
    again = house.identity.send_again(OTHER, minutes(1))
    assert (again.outcome, again.sent_to, again.purpose) == (SendOutcome.SENT, "", Purpose.REACH)


def test_ones_own_request_needs_no_reaching(house: House) -> None:
    receipt = house.file()
    house.identity.ask_reach(receipt.reference, CHAT, NOW)
    assert house.letters(receipt.reference, "reach") == []


def test_a_conversation_that_asks_and_asks_runs_out_of_mails(store: Store) -> None:
    house = House(store)
    receipt = house.file()
    for _ in range(30):
        house.identity.ask_reach("KLS-7F3K-92QD", OTHER, NOW)
    house.identity.ask_reach(receipt.reference, OTHER, NOW)
    assert house.letters(kind="reach") == []
    house.identity.ask_reach(receipt.reference, "conversation-3", NOW)  # the others' mails are not used up by it
    assert len(house.letters(kind="reach")) == 1


# The link that stops


def test_the_link_stops_a_request_at_once_and_says_so_where_it_was_asked(house: House) -> None:
    receipt = house.file()
    token = house.stop_token(receipt.reference)
    seen = house.identity.look_at_stop(token)
    assert seen is not None and seen.status is Status.UNVERIFIED and house.status(receipt.reference) is seen.status
    first = house.identity.stop(token, NOW)
    assert first is not None and first.status is Status.WITHDRAWN
    assert house.identity.stop(token, at(hours=1)) == house.identity.look_at_stop(token) == first
    assert house.actions(receipt.reference)[-1] == "stopped" and [one.kind for one in house.letters()] == ["withdrawn"]
    assert house.service.verify_audit().intact


@pytest.mark.parametrize("token", ["", "x", "A" * 22, "\ud800", "' OR 1=1 --"])
def test_a_link_that_is_none_does_nothing(house: House, token: str) -> None:
    house.file()
    assert house.identity.look_at_stop(Redacted(token)) is None and house.identity.stop(Redacted(token), NOW) is None


def test_links_have_128_bits_and_only_their_hash_is_kept(house: House, store: Store) -> None:
    token = house.stop_token(house.file().reference).reveal()
    assert len(token) == 22
    with store.reading() as unit:
        assert token not in str(unit.execute(sa.text("SELECT * FROM stop_links")).all())


def test_the_link_of_each_letter_works_also_after_proof(house: House) -> None:
    receipt = house.file()
    first = house.stop_token(receipt.reference)
    house.identity.send_again(CHAT, NOW)
    second = house.stop_token(receipt.reference)
    house.identity.check_code(CHAT, house.code(receipt.reference), NOW)
    house.staff.verify(receipt.reference, EvidenceKind.STAFF_RECORD_MATCH, CHECKER, NOW)
    third = house.stop_token(receipt.reference, "verified")
    assert len({first, second, third}) == 3
    assert house.identity.look_at_stop(first) == house.identity.look_at_stop(second) is not None
    assert house.identity.stop(third, NOW).status is Status.WITHDRAWN  # type: ignore[union-attr]


RACES = 50


def test_a_stop_that_races_with_approval_is_never_outrun(house: House) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(RACES):
            receipt = house.in_progress(conversation=f"c{number}", contact=f"box{number}@example.org")
            token = house.stop_token(receipt.reference, "verified")
            stopped = pool.submit(house.identity.stop, token, at(hours=1))
            done = pool.submit(carried_out, house, receipt.reference)
            assert stopped.result() is not None
            assert not done.result() and house.status(receipt.reference) is Status.WITHDRAWN
    assert house.service.verify_audit().intact


def carried_out(house: House, reference: str) -> bool:
    """Try to approve and to carry out while it is on hold."""
    try:
        house.staff.approve(reference, APPROVER, at(hours=1))
        house.staff.fulfil(reference, WORKER, at(hours=1))
    except MoveError:
        return False
    return True


def test_without_the_hold_the_race_can_be_lost(house: House) -> None:
    """The control: approval first, then the stop, with the hold over."""
    receipt = house.in_progress()
    house.staff.approve(receipt.reference, APPROVER, at(hours=73))
    house.staff.fulfil(receipt.reference, WORKER, at(hours=73))
    stopped = house.identity.stop(house.stop_token(receipt.reference, "verified"), at(hours=73))
    assert stopped is not None and stopped.status is Status.FULFILLED  # what is done is not called undone


def test_a_naive_time_is_refused_everywhere(house: House) -> None:
    naive = datetime(2026, 1, 1)
    for act in (
        lambda: house.identity.check_code(CHAT, WRONG, naive),
        lambda: house.identity.send_again(CHAT, naive),
        lambda: house.identity.ask_reach("x", CHAT, naive),
        lambda: house.identity.stop(WRONG, naive),
    ):
        with pytest.raises(InputError):
            act()
