"""Logging in step by step, and the sessions that come of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from conftest import NOW
from house import at
from staff_room import ELSEWHERE, HOME, OTHER, OWN, WRONG, StaffRoom, code_of

from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.staff_login import Outcome, Step
from tickets.store import Store
from tickets.vocabulary import Role

MINUTE = timedelta(minutes=1)
NOBODYS = Redacted("AAAAAAAAAAAAAAAAAAAAAA")


@pytest.fixture
def room(store: Store) -> StaffRoom:
    return StaffRoom(store)


def token_of(step: Step) -> Redacted:
    assert step.token is not None
    return step.token


def test_the_first_login_sets_a_password_and_a_second_factor(room: StaffRoom) -> None:
    member, password = room.first()
    step = room.logins.log_in("Agent-One ", password, HOME, NOW)
    assert step.outcome is Outcome.PASSWORD_CHANGE
    with pytest.raises(InputError):
        room.logins.begin_second_factor(token_of(step), NOW)  # not before the password is one's own
    step = room.logins.change_password(token_of(step), password, OWN, NOW)
    assert step.outcome is Outcome.SETUP_SECOND_FACTOR and step.member is not None
    factor = room.logins.begin_second_factor(token_of(step), NOW)
    assert factor.uri.reveal().startswith("otpauth://totp/Privacy%20Desk:agent-one?secret=" + factor.secret.reveal())
    step, recovery = room.logins.confirm_second_factor(token_of(step), code_of(factor.secret, NOW), NOW)
    assert step.outcome is Outcome.DONE and len({one.reveal() for one in recovery}) == 10
    session = room.logins.session(token_of(step), NOW)
    assert session is not None and session.is_complete and session.member.role is Role.AGENT
    assert (session.member.id, session.member.has_second_factor, session.member.is_first_password) == (
        member.id,
        True,
        False,
    )


def test_later_the_password_and_a_code_of_the_app_are_asked(room: StaffRoom) -> None:
    room.settled()
    step = room.logins.log_in("agent-one", OWN, HOME, at(1))
    assert step.outcome is Outcome.SECOND_FACTOR
    session = room.logins.session(token_of(step), at(1))
    assert session is not None and not session.is_complete and session.missing is Outcome.SECOND_FACTOR
    step = room.logins.second_factor(token_of(step), room.code(at(1)), at(1))
    assert step.outcome is Outcome.DONE and room.logins.session(token_of(step), at(1)) is not None


def test_the_picture_stays_the_same_when_it_is_looked_at_again_and_is_another_one_in_another_session(
    room: StaffRoom,
) -> None:
    _, password = room.first()
    token = token_of(room.changed("agent-one", password))
    factor = room.logins.begin_second_factor(token, NOW)
    assert room.logins.begin_second_factor(token, at(0.1)) == factor
    wrong, recovery = room.logins.confirm_second_factor(token, Redacted("000000"), NOW)
    assert wrong.outcome is Outcome.WRONG and recovery == ()
    assert room.logins.begin_second_factor(token, NOW) == factor
    assert room.logins.begin_second_factor(room.half(NOW), NOW) != factor
    assert len(factor.secret.reveal()) == 32  # base32 of 160 bits


def test_every_step_has_a_new_token_and_the_one_before_is_dead(room: StaffRoom) -> None:
    _, password = room.first()
    tokens = [token_of(room.logins.log_in("agent-one", password, HOME, NOW))]
    tokens.append(token_of(room.logins.change_password(tokens[-1], password, OWN, NOW)))
    secret = room.logins.begin_second_factor(tokens[-1], NOW).secret
    tokens.append(token_of(room.logins.confirm_second_factor(tokens[-1], code_of(secret, NOW), NOW)[0]))
    tokens.append(token_of(room.logins.confirm(tokens[-1], OWN, NOW)))
    assert len({one.reveal() for one in tokens}) == 4 and all(len(one.reveal()) == 22 for one in tokens)
    assert [room.logins.session(one, NOW) is not None for one in tokens] == [False, False, False, True]


def test_a_planted_token_is_dead_after_the_login_a_hundred_times(room: StaffRoom) -> None:
    room.settled()
    for round_ in range(1, 101):
        now = at(round_)
        planted = room.half(now)  # known to whoever planted it
        assert room.logins.session(NOBODYS, now) is None
        done = room.logins.second_factor(planted, room.code(now), now)
        assert room.logins.session(planted, now) is None and room.logins.session(NOBODYS, now) is None
        assert token_of(done) != planted and room.logins.session(token_of(done), now) is not None


def test_a_session_ends_after_half_an_hour_without_activity(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    assert room.logins.session(token, NOW + 29 * MINUTE) is not None
    assert room.logins.session(token, NOW + 58 * MINUTE) is not None  # it was active meanwhile
    assert room.logins.session(token, NOW + 88 * MINUTE) is None


def test_what_a_page_asks_for_by_itself_is_no_activity(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    for minute in range(1, 30):
        assert room.logins.session(token, NOW + minute * MINUTE, is_activity=False) is not None
    assert room.logins.session(token, NOW + 30 * MINUTE, is_activity=False) is None


def test_a_session_ends_after_twelve_hours_however_active_and_confirmed(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    for quarter in range(1, 48):
        now = at(quarter / 4)
        token = token_of(room.logins.confirm(token, OWN, now))
    assert room.logins.session(token, at(12) - MINUTE) is not None
    assert room.logins.session(token, at(12)) is None


def test_half_a_login_is_completed_within_half_an_hour(room: StaffRoom) -> None:
    room.settled()
    half = room.half(at(1))
    for minute in range(1, 30):
        assert room.logins.session(half, at(1) + minute * MINUTE) is not None
    late = at(1) + 30 * MINUTE
    assert room.logins.second_factor(half, room.code(late), late).outcome is Outcome.WRONG


def test_the_password_alone_opens_and_changes_nothing_where_there_is_a_second_factor(room: StaffRoom) -> None:
    room.settled()
    half = room.half(at(1))
    assert room.logins.change_password(half, OWN, OTHER, at(1)).outcome is Outcome.WRONG
    assert room.logins.confirm(half, OWN, at(1)).outcome is Outcome.WRONG
    with pytest.raises(InputError):
        room.logins.begin_second_factor(half, at(1))
    assert room.logins.confirm_second_factor(half, room.code(at(1)), at(1)) == (Step(Outcome.WRONG), ())
    assert room.logins.log_in("agent-one", OWN, HOME, at(1)).outcome is Outcome.SECOND_FACTOR


def test_a_changed_password_counts_at_once_and_ends_all_other_sessions(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    other, half = room.whole(at(0.1)), room.half(at(0.1))
    assert room.logins.change_password(token, WRONG, OTHER, at(0.2)).outcome is Outcome.WRONG
    step = room.logins.change_password(token, OWN, OTHER, at(0.2))
    assert step.outcome is Outcome.DONE and room.logins.session(token_of(step), at(0.2)) is not None
    assert [room.logins.session(one, at(0.2)) for one in (token, other, half)] == [None] * 3
    assert room.logins.log_in("agent-one", OWN, HOME, at(0.3)).outcome is Outcome.WRONG
    assert room.logins.log_in("agent-one", OTHER, HOME, at(0.3)).outcome is Outcome.SECOND_FACTOR


def test_a_weak_password_is_refused_with_a_sentence_and_does_not_count_as_a_try(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    for _ in range(20):
        with pytest.raises(InputError, match="characters"):
            room.logins.change_password(token, OWN, Redacted("short"), NOW)
    assert room.logins.change_password(token, OWN, OTHER, NOW).outcome is Outcome.DONE


def test_a_confirmed_password_counts_for_ten_minutes_and_a_login_is_none(room: StaffRoom) -> None:
    _, token, _ = room.settled()

    def is_confirmed(minutes: float) -> bool:
        now = NOW + minutes * MINUTE
        session = room.logins.session(token, now)
        return session is not None and session.is_confirmed(now)

    assert not is_confirmed(0)
    assert room.logins.confirm(token, WRONG, NOW).outcome is Outcome.WRONG and not is_confirmed(0)
    step = room.logins.confirm(token, OWN, NOW)
    assert step.outcome is Outcome.DONE
    token = token_of(step)
    assert is_confirmed(0) and is_confirmed(9.9) and not is_confirmed(10)


def test_the_second_factor_is_replaced_only_right_after_the_password(room: StaffRoom) -> None:
    member, token, recovery = room.settled()
    other = room.whole(at(0.1))
    with pytest.raises(InputError):
        room.logins.begin_second_factor(token, at(0.1))
    token = token_of(room.logins.confirm(token, OWN, at(0.1)))
    fresh = room.logins.begin_second_factor(token, at(0.1)).secret
    step, codes = room.logins.confirm_second_factor(token, code_of(fresh, at(0.2)), at(0.2))
    assert step.outcome is Outcome.DONE and room.logins.session(other, at(0.2)) is None
    half = room.half(at(0.3))
    assert room.logins.second_factor(half, room.code(at(0.3)), at(0.3)).outcome is Outcome.WRONG
    assert room.logins.second_factor(half, recovery[0], at(0.3)).outcome is Outcome.WRONG
    assert room.logins.second_factor(half, codes[0], at(0.3)).outcome is Outcome.DONE
    assert room.logins.recovery_codes_left(member.id) == 9


def test_a_recovery_code_counts_once_however_it_is_typed(room: StaffRoom) -> None:
    member, _, recovery = room.settled()
    typed = Redacted(f" {recovery[3].reveal().lower().replace('-', ' ')} ".replace("0", "o").replace("1", "l"))
    assert room.logins.second_factor(room.half(at(1)), typed, at(1)).outcome is Outcome.DONE
    assert room.logins.second_factor(room.half(at(2)), recovery[3], at(2)).outcome is Outcome.WRONG
    assert room.logins.recovery_codes_left(member.id) == 9


def test_another_members_recovery_code_is_none(room: StaffRoom) -> None:
    room.settled("agent-one")
    _, _, recovery = room.settled("agent-two")
    assert room.logins.second_factor(room.half(at(1)), recovery[0], at(1)).outcome is Outcome.WRONG


@pytest.mark.parametrize(("seconds", "outcome"), [(-31, Outcome.WRONG), (-30, Outcome.DONE), (0, Outcome.DONE)])
def test_a_code_of_the_app_counts_a_step_late_but_not_two(room: StaffRoom, seconds: int, outcome: Outcome) -> None:
    room.settled()
    shown = room.code(at(1) + timedelta(seconds=seconds))
    assert room.logins.second_factor(room.half(at(1)), shown, at(1)).outcome is outcome


def test_a_code_of_a_clock_that_is_fast_counts_a_step_early(room: StaffRoom) -> None:
    room.settled()
    shown = room.code(at(1) + timedelta(seconds=30))
    assert room.logins.second_factor(room.half(at(1)), shown, at(1)).outcome is Outcome.DONE
    # No earlier one counts after it, and it does not count again.
    for seconds in (0, 30):
        shown = room.code(at(1) + timedelta(seconds=seconds))
        assert room.logins.second_factor(room.half(at(1)), shown, at(1)).outcome is Outcome.WRONG


def test_the_code_that_set_the_app_up_does_not_log_in(room: StaffRoom) -> None:
    room.settled()
    assert room.logins.second_factor(room.half(NOW), room.code(NOW), NOW).outcome is Outcome.WRONG


@pytest.mark.parametrize("typed", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "-1-2-3", "\ud800", "0" * 10_000, "U" * 16])
def test_what_is_no_code_is_wrong(room: StaffRoom, typed: str) -> None:
    room.settled()
    assert room.logins.second_factor(room.half(at(1)), Redacted(typed), at(1)).outcome is Outcome.WRONG


def test_a_code_may_be_typed_as_the_app_shows_it(room: StaffRoom) -> None:
    room.settled()
    shown = room.code(at(1)).reveal()
    typed = Redacted(f"{shown[:3]} {shown[3:]}\n")
    assert room.logins.second_factor(room.half(at(1)), typed, at(1)).outcome is Outcome.DONE


def test_logging_out_ends_one_session_and_end_all_all_of_them(room: StaffRoom) -> None:
    member, first, _ = room.settled()
    second, third = room.whole(at(0.1)), room.whole(at(0.2), address=ELSEWHERE)
    room.logins.log_out(first, at(0.2))
    assert [room.logins.session(one, at(0.2)) is not None for one in (first, second, third)] == [False, True, True]
    room.logins.end_all(member.id, at(0.2))
    assert [room.logins.session(one, at(0.2)) for one in (first, second, third)] == [None] * 3


@pytest.mark.parametrize("token", ["", "x", "\ud800", "' OR 1=1", "A" * 100_000])
def test_a_token_that_leads_nowhere_is_wrong_at_every_step(room: StaffRoom, token: str) -> None:
    room.settled()
    odd = Redacted(token)
    assert room.logins.session(odd, NOW) is None
    assert room.logins.second_factor(odd, room.code(NOW), NOW).outcome is Outcome.WRONG
    assert room.logins.confirm(odd, OWN, NOW).outcome is Outcome.WRONG
    assert room.logins.change_password(odd, OWN, OTHER, NOW).outcome is Outcome.WRONG
    assert room.logins.confirm_second_factor(odd, room.code(NOW), NOW)[0].outcome is Outcome.WRONG
    room.logins.log_out(odd, NOW)


def test_looking_at_a_session_writes_once_a_minute(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    seen = []
    for seconds in (10, 59, 60, 119, 120):
        room.logins.session(token, NOW + timedelta(seconds=seconds))
        with room.store.reading() as unit:
            seen.append(str(unit.execute(sa.text("SELECT seen_at FROM staff_sessions")).scalar())[14:19])
    assert seen == ["00:00", "00:00", "01:00", "01:00", "02:00"]
