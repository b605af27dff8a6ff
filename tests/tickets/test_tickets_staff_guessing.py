"""Guessing a login: what is compared at all, what the owner notices of it, and what a stranger learns from it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, VAULT
from house import at
from staff_room import ELSEWHERE, HOME, OWN, WRONG, CountedHasher, StaffRoom

from pii.encryption import Sealed
from pii.redacted import Redacted
from tickets import staff_delays, staff_factors, staff_sessions
from tickets.staff_delays import wait_after
from tickets.staff_login import Outcome
from tickets.store import Store

SECOND = timedelta(seconds=1)


@pytest.fixture
def room(store: Store) -> StaffRoom:
    return StaffRoom(store)


def sender(number: int) -> str:
    """One of 500 addresses."""
    return f"203.0.{113 + number % 500 // 250}.{number % 250}"


def attack(room: StaffRoom, tries: int, begin: datetime, login: str = "agent-one") -> datetime:
    """A wrong password each second, from 500 addresses in turn; gives when it ended."""
    for number in range(tries):
        room.logins.log_in(login, WRONG, sender(number), begin + number * SECOND)
    return begin + tries * SECOND


def test_of_ten_thousand_tries_from_five_hundred_addresses_a_hundred_are_compared_and_the_owner_gets_in(
    room: StaffRoom,
) -> None:
    room.settled()
    room.hasher.compared = 0
    end = attack(room, 10_000, at(1))
    assert 12 < room.hasher.compared <= 100
    # From where the owner is known, at once; from elsewhere, when the wait is over.
    assert room.logins.log_in("agent-one", OWN, HOME, end).outcome is Outcome.SECOND_FACTOR
    step = room.logins.log_in("agent-one", OWN, ELSEWHERE, end)
    assert step.outcome is Outcome.WAIT and 0 < step.wait_seconds <= 300
    later = end + step.wait_seconds * SECOND
    assert room.logins.log_in("agent-one", OWN, ELSEWHERE, later).outcome is Outcome.SECOND_FACTOR


def test_without_the_delay_the_same_attack_would_be_compared(room: StaffRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    room.settled()
    room.hasher.compared = 0
    monkeypatch.setattr(staff_delays, "wait_after", lambda failures: 0)
    attack(room, 200, at(1))
    assert room.hasher.compared == 200


def test_waits_double_from_one_second_to_five_minutes() -> None:
    assert [wait_after(failures) for failures in range(1, 14)] == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert wait_after(10**9) == 300


def test_a_try_within_the_wait_is_refused_unseen_and_does_not_prolong_it(room: StaffRoom) -> None:
    room.settled()
    for _ in range(3):
        assert room.logins.log_in("agent-one", WRONG, ELSEWHERE, at(1)).outcome is Outcome.WRONG
    compared = room.hasher.compared
    for _ in range(50):
        step = room.logins.log_in("agent-one", OWN, ELSEWHERE, at(1))
        assert (step.outcome, step.wait_seconds, step.token) == (Outcome.WAIT, 1, None)
    assert room.hasher.compared == compared
    assert room.logins.log_in("agent-one", OWN, ELSEWHERE, at(1) + SECOND).outcome is Outcome.SECOND_FACTOR


def test_a_right_password_begins_the_count_anew_and_only_where_it_was_typed(room: StaffRoom) -> None:
    room.settled()
    attack(room, 4, at(1))
    soon = at(1) + 4 * SECOND
    assert room.logins.log_in("agent-one", OWN, HOME, soon).outcome is Outcome.SECOND_FACTOR
    # The owner's login at home did not let the strangers begin anew.
    assert room.logins.log_in("agent-one", WRONG, sender(5), soon).outcome is Outcome.WAIT
    for _ in range(3):
        assert room.logins.log_in("agent-one", WRONG, HOME, soon).outcome is Outcome.WRONG
    assert room.logins.log_in("agent-one", OWN, HOME, soon).outcome is Outcome.WAIT
    assert room.logins.log_in("agent-one", OWN, HOME, soon + SECOND).outcome is Outcome.SECOND_FACTOR
    assert room.logins.log_in("agent-one", WRONG, HOME, soon + SECOND).outcome is Outcome.WRONG


def test_a_place_is_known_for_thirty_days(room: StaffRoom) -> None:
    room.settled()
    attack(room, 12, at(days=29))
    assert room.logins.log_in("agent-one", OWN, HOME, at(days=29) + 12 * SECOND).outcome is Outcome.SECOND_FACTOR
    attack(room, 3, at(days=59.1))
    assert room.logins.log_in("agent-one", OWN, HOME, at(days=59.1)).outcome is Outcome.WAIT


def test_an_address_has_twenty_wrong_tries_in_ten_minutes_over_all_logins(room: StaffRoom) -> None:
    room.settled()
    room.hasher.compared = 0
    steps = [room.logins.log_in(f"guess{number}", WRONG, ELSEWHERE, at(1)) for number in range(30)]
    assert Counter(step.outcome for step in steps) == {Outcome.WRONG: 20, Outcome.WAIT: 10}
    assert room.hasher.compared == 20 and steps[-1].wait_seconds == 600
    assert room.logins.log_in("agent-one", OWN, ELSEWHERE, at(1)).outcome is Outcome.WAIT
    assert room.logins.log_in("agent-one", OWN, HOME, at(1)).outcome is Outcome.SECOND_FACTOR
    later = at(1) + 601 * SECOND
    assert room.logins.log_in("agent-one", OWN, ELSEWHERE, later).outcome is Outcome.SECOND_FACTOR


def test_right_logins_use_up_nothing_of_an_address(room: StaffRoom) -> None:
    room.settled()
    assert all(room.half(at(1)) for _ in range(40))


def test_a_used_up_address_does_not_make_the_account_wait(room: StaffRoom) -> None:
    room.settled()
    for number in range(40):
        room.logins.log_in(f"guess{number}", WRONG, ELSEWHERE, at(1))
    for _ in range(40):
        assert room.logins.log_in("agent-one", WRONG, ELSEWHERE, at(1)).outcome is Outcome.WAIT
    assert room.logins.log_in("agent-one", OWN, sender(1), at(1)).outcome is Outcome.SECOND_FACTOR


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:1:2::{number:x}" for number in range(25)],
        [form for number in range(13) for form in ("192.0.2.9", "::ffff:192.0.2.9")],
    ],
)
def test_all_addresses_that_one_sender_has_count_as_one(room: StaffRoom, addresses: list[str]) -> None:
    for number, address in enumerate(addresses):
        step = room.logins.log_in(f"guess{number}", WRONG, address, at(1))
        assert (step.outcome is Outcome.WAIT) == (number >= 20)
    assert room.logins.log_in("guess", WRONG, "2001:db8:1:3::1", at(1)).outcome is Outcome.WRONG


@pytest.mark.parametrize("address", ["", "unknown", "\ud800", "x" * 10_000, "fe80::1%eth0"])
def test_an_odd_address_is_counted_too(room: StaffRoom, address: str) -> None:
    outcomes = [room.logins.log_in(f"guess{number}", WRONG, address, at(1)).outcome for number in range(21)]
    assert outcomes.count(Outcome.WAIT) == 1


@pytest.mark.parametrize("login", ["agent-one", "disabled", "nobody", "", "r\0bin", "\ud800", "x" * 10_000, "'; --"])
def test_known_and_unknown_logins_get_the_same_answers_for_the_same_work(room: StaffRoom, login: str) -> None:
    room.settled()
    room.settled("disabled")
    room.staff.disable("disabled", NOW)
    statements: list[str] = []
    # The comparison is with a login that surely does not exist.
    answers: dict[str, Any] = {}
    for name, address in ((login, ELSEWHERE), ("surelynobody", "198.51.100.99")):
        room.hasher.compared, told = 0, []
        statements.clear()
        listen = noted(statements)
        sa.event.listen(room.store.engine, "before_cursor_execute", listen)
        for second in (0, 0, 0, 0, 1, 1, 5):
            told.append(room.logins.log_in(name, WRONG, address, at(1) + second * SECOND))
        sa.event.remove(room.store.engine, "before_cursor_execute", listen)
        answers[address] = (told, room.hasher.compared, list(statements))
    assert answers[ELSEWHERE] == answers["198.51.100.99"]
    assert answers[ELSEWHERE][1] == 5


def noted(statements: list[str]) -> Callable[..., None]:
    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    return listen


def test_of_two_hundred_tries_in_parallel_three_are_compared(room: StaffRoom) -> None:
    room.settled()
    room.hasher.compared = 0
    with ThreadPoolExecutor(8) as threads:
        steps = list(threads.map(lambda n: room.logins.log_in("agent-one", WRONG, sender(n), at(1)), range(200)))
    assert room.hasher.compared == 3
    assert Counter(step.outcome for step in steps) == {Outcome.WRONG: 3, Outcome.WAIT: 197}


class SlowHasher(CountedHasher):
    """Compares nothing before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        assert self.goes_on.wait(30)
        return super().verify(hash, password)


def test_in_a_flood_strangers_come_back_later_and_the_owner_is_let_in(store: Store) -> None:
    StaffRoom(store).settled()
    hasher = SlowHasher()
    room = StaffRoom(store, hasher=hasher)
    with ThreadPoolExecutor(20) as threads:
        flood = [threads.submit(room.logins.log_in, f"guess{n}", WRONG, sender(n), at(1)) for n in range(8)]
        while not room.logins._passwords.is_crowded:
            time.sleep(0.001)
        stranger = room.logins.log_in("agent-one", OWN, ELSEWHERE, at(1))
        owner = threads.submit(room.logins.log_in, "agent-one", OWN, HOME, at(1))
        hasher.goes_on.set()
        assert (stranger.outcome, stranger.wait_seconds) == (Outcome.WAIT, 2)
        assert owner.result().outcome is Outcome.SECOND_FACTOR
        assert {one.result().outcome for one in flood} == {Outcome.WRONG}
    assert room.logins.log_in("agent-one", OWN, ELSEWHERE, at(1)).outcome is Outcome.SECOND_FACTOR


def halves(room: StaffRoom, staff_id: str, count: int, now: datetime) -> list[Redacted]:
    """So many logins that lack the second factor."""
    with room.store.unit() as unit:
        tokens = [staff_sessions.begin(unit, staff_id, now) for _ in range(count)]
        unit.commit()
    return tokens


def tried_at_once(room: StaffRoom, count: int = 1_000) -> Counter[Outcome]:
    """The same right code typed in so many logins of one member at once."""
    member, _, _ = room.settled()
    tokens, code = halves(room, member.id, count, at(1)), room.code(at(1))
    with ThreadPoolExecutor(8) as threads:
        steps = threads.map(lambda token: room.logins.second_factor(token, code, at(1)), tokens)
        return Counter(step.outcome for step in steps)


def test_one_right_code_in_a_thousand_logins_at_once_lets_one_in(room: StaffRoom) -> None:
    assert tried_at_once(room) == {Outcome.DONE: 1, Outcome.WRONG: 3, Outcome.WAIT: 996}


def test_if_used_codes_were_not_remembered_the_same_code_would_let_more_in(
    room: StaffRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(unit: Any, vault: Any, row: Any, typed: Redacted, now: datetime) -> bool:
        secret = VAULT.open(Sealed(row["key_id"], row["sealed"]), staff_factors.place_of(row["id"]))
        return staff_factors.step_of(secret, typed, now) > 0

    monkeypatch.setattr(staff_factors, "use", forgetful)
    assert tried_at_once(room, 20)[Outcome.DONE] == 20


def test_one_token_and_one_right_code_a_thousand_times_at_once_let_one_in(room: StaffRoom) -> None:
    room.settled()
    token, code = room.half(at(1)), room.code(at(1))
    with ThreadPoolExecutor(8) as threads:
        steps = threads.map(lambda _: room.logins.second_factor(token, code, at(1)), range(1_000))
        assert Counter(step.outcome for step in steps) == {Outcome.DONE: 1, Outcome.WRONG: 999}


def test_one_recovery_code_at_once_in_many_logins_lets_one_in(room: StaffRoom) -> None:
    member, _, recovery = room.settled()
    with ThreadPoolExecutor(8) as threads:
        steps = threads.map(
            lambda token: room.logins.second_factor(token, recovery[0], at(1)), halves(room, member.id, 100, at(1))
        )
        assert Counter(step.outcome for step in steps)[Outcome.DONE] == 1


def test_of_a_thousand_wrong_codes_three_are_compared_also_over_many_logins(
    room: StaffRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, _, _ = room.settled()
    compared: list[str] = []
    use = staff_factors.use

    def counted(unit: Any, vault: Any, row: Any, typed: Redacted, now: datetime) -> bool:
        compared.append(row["id"])
        return use(unit, vault, row, typed, now)

    monkeypatch.setattr(staff_factors, "use", counted)
    right = room.code(at(1))
    wrong = [Redacted(f"{number:06}") for number in range(1_000) if f"{number:06}" != right.reveal()]
    for token, code in zip(halves(room, member.id, len(wrong), at(1)), wrong):
        room.logins.second_factor(token, code, at(1))
    assert len(compared) == 3
    # A new login with the right password does not let the guesses begin anew.
    half = room.half(at(1))
    step = room.logins.second_factor(half, right, at(1))
    assert (step.outcome, step.wait_seconds) == (Outcome.WAIT, 1)
    later = at(1) + SECOND
    assert room.logins.second_factor(half, room.code(later), later).outcome is Outcome.DONE


def test_in_a_month_of_guessing_codes_without_pause_less_than_one_in_forty_would_get_in() -> None:
    """Somebody has the password, and nobody changes it: three of a million codes are right at any time."""
    tries_a_day = 24 * 3_600 // 300
    assert 30 * (tries_a_day + 12) * 3 / 10**6 < 1 / 36


def test_the_password_of_an_open_session_is_not_guessed_by_confirming(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    outcomes = Counter(room.logins.confirm(token, WRONG, at(0.1)).outcome for _ in range(20))
    assert outcomes == {Outcome.WRONG: 3, Outcome.WAIT: 17}
    assert room.logins.confirm(token, OWN, at(0.1) + SECOND).outcome is Outcome.DONE


def test_a_reset_ends_the_waiting(room: StaffRoom) -> None:
    room.settled()
    attack(room, 30, at(1))
    _, password = room.staff.reset("agent-one", at(1))
    assert room.logins.log_in("agent-one", password, ELSEWHERE, at(1)).outcome is Outcome.PASSWORD_CHANGE
