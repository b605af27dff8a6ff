"""Members of staff: how they are added, changed and let go, and what is kept of their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from conftest import NOW
from house import at
from staff_room import HOME, OTHER, OWN, WRONG, CountedHasher, StaffRoom
from structlog.testing import LogCapture

from pii.encryption import EncryptionError
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.staff_login import Outcome
from tickets.staff_passwords import Passwords, check_new, first_password, usual_hasher
from tickets.store import Store
from tickets.vocabulary import Role


@pytest.fixture
def room(store: Store) -> StaffRoom:
    return StaffRoom(store)


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What is logged, with all its fields."""
    before, capture = structlog.get_config(), LogCapture()
    structlog.configure(processors=[capture], wrapper_class=structlog.BoundLogger)
    yield capture.entries
    structlog.configure(**before)


def test_a_new_member_has_a_role_an_opaque_id_and_a_first_password(room: StaffRoom) -> None:
    member, password = room.first(" Agent-One ", Role.APPROVER)
    assert (member.login, member.role, member.is_first_password) == ("agent-one", Role.APPROVER, True)
    assert (member.is_disabled, member.has_second_factor) == (False, False)
    assert member.id.startswith("staff:") and len(bytes.fromhex(member.id[6:])) == 8
    assert len(password.reveal().replace("-", "")) == 20
    assert room.staff.member(member.id) == member and room.staff.members() == (member,)


def test_there_is_nobody_until_somebody_is_added(room: StaffRoom) -> None:
    assert room.staff.is_empty() and room.staff.members() == () and room.staff.member("staff:0") is None
    room.first()
    assert not room.staff.is_empty()


@pytest.mark.parametrize(
    "login",
    ["", "a", " ", "1agent", "agent@example.org", "ag ent", "agént", "r" * 41, "agent\n2", "agent\0", "'--", "\ud800x"],
)
def test_an_odd_login_is_refused(room: StaffRoom, login: str) -> None:
    with pytest.raises(InputError, match="characters"):
        room.first(login)
    assert room.staff.is_empty()


def test_a_login_is_given_once_whatever_its_case(room: StaffRoom) -> None:
    room.first("agent-one")
    with pytest.raises(InputError, match="taken"):
        room.first("AGENT-ONE")
    assert len(room.staff.members()) == 1


def test_every_first_password_is_another_one() -> None:
    assert len({first_password().reveal() for _ in range(1_000)}) == 1_000


def test_a_reset_takes_password_second_factor_recovery_codes_and_sessions(room: StaffRoom) -> None:
    member, token, recovery = room.settled()
    again, password = room.staff.reset("Agent-One", at(1))
    assert (again.id, again.is_first_password, again.has_second_factor) == (member.id, True, False)
    assert room.logins.session(token, NOW) is None and room.logins.recovery_codes_left(member.id) == 0
    assert room.logins.log_in("agent-one", OWN, HOME, at(1)).outcome is Outcome.WRONG
    step = room.logins.log_in("agent-one", password, HOME, at(1))
    assert step.outcome is Outcome.PASSWORD_CHANGE and step.token is not None
    assert room.logins.second_factor(step.token, recovery[0], at(1)).outcome is Outcome.WRONG


def test_a_disabled_member_is_out_at_the_next_click_and_cannot_come_back(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    half = room.half(at(0.1))
    assert room.logins.session(token, at(0.1)) is not None
    room.staff.disable("agent-one", at(0.1))
    assert room.logins.session(token, at(0.1)) is None
    assert room.logins.second_factor(half, room.code(at(0.1)), at(0.1)).outcome is Outcome.WRONG
    assert room.logins.log_in("agent-one", OWN, HOME, at(0.1)).outcome is Outcome.WRONG
    room.staff.enable("agent-one", at(0.2))
    assert room.logins.session(token, at(0.2)) is None  # the session from before stays ended
    assert room.logins.log_in("agent-one", OWN, HOME, at(0.2)).outcome is Outcome.SECOND_FACTOR


def test_a_disabled_row_is_refused_also_where_its_sessions_were_left(room: StaffRoom) -> None:
    _, token, _ = room.settled()
    with room.store.unit() as unit:
        unit.execute(sa.text("UPDATE staff SET is_disabled = true"))
        unit.commit()
    assert room.logins.session(token, NOW) is None


def test_another_role_counts_at_the_next_click(room: StaffRoom) -> None:
    _, token, _ = room.settled(role=Role.ADMIN)
    room.settled("admin-two", Role.ADMIN)  # somebody is left
    room.staff.set_role("agent-one", Role.VIEWER, NOW)
    session = room.logins.session(token, NOW)
    assert session is not None and session.member.role is Role.VIEWER


def test_who_is_not_known_cannot_be_changed(room: StaffRoom) -> None:
    for change in (room.staff.reset, room.staff.disable, room.staff.enable):
        with pytest.raises(InputError, match="no such login"):
            change("nobody", NOW)
    with pytest.raises(InputError, match="no such login"):
        room.staff.set_role("nobody", Role.ADMIN, NOW)


def test_no_secret_stands_readable_in_the_database_or_in_the_log(room: StaffRoom, told: list[Any]) -> None:
    _, first = room.first("agent-two")
    member, token, recovery = room.settled()
    half = room.half(at(0.1))
    room.logins.log_in("agent-one", WRONG, HOME, at(0.1))
    room.logins.second_factor(half, Redacted("000000"), at(0.1))
    with room.store.reading() as unit:
        tables = ("staff", "recovery_codes", "staff_sessions", "budgets")
        rows = [tuple(row) for name in tables for row in unit.execute(sa.text(f"SELECT * FROM {name}"))]
    kept = repr([bytes(cell) if isinstance(cell, memoryview) else cell for row in rows for cell in row])
    secrets = [one.reveal() for one in (first, OWN, WRONG, token, half, room.secrets["agent-one"], *recovery)]
    secrets += [code.replace("-", "") for code in secrets] + [HOME]
    assert "$argon2id$" in kept and member.login in kept  # it was looked at
    assert [one for one in secrets if one in kept or one in repr(told)] == []
    assert "agent-one" not in repr(told) and {"staff_added", "staff_login_refused"} <= {one["event"] for one in told}


def test_the_second_factor_is_bound_to_its_member(room: StaffRoom) -> None:
    room.settled("agent-one")
    room.settled("agent-two")
    with room.store.unit() as unit:
        stolen = sa.text(
            "UPDATE staff SET sealed = (SELECT sealed FROM staff WHERE login = 'agent-two') WHERE login = 'agent-one'"
        )
        unit.execute(stolen)
        unit.commit()
    half = room.half(at(0.1))
    with pytest.raises(EncryptionError, match="moved here from another row"):
        room.logins.second_factor(half, room.code(at(0.1), "agent-two"), at(0.1))


def test_a_usual_password_takes_the_work_that_rfc_9106_asks_where_memory_is_short() -> None:
    kept = Passwords(usual_hasher()).hash(OWN)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_hashed_with_less_work_is_hashed_anew_at_the_next_login(room: StaffRoom) -> None:
    def kept() -> str:
        with room.store.reading() as unit:
            return str(unit.execute(sa.text("SELECT password FROM staff")).scalar())

    room.settled()
    assert ",t=1," in kept()
    stronger = StaffRoom(room.store, hasher=CountedHasher(time_cost=2))
    assert stronger.logins.log_in("agent-one", OWN, HOME, at(0.1)).outcome is Outcome.SECOND_FACTOR
    assert ",t=2," in kept()
    assert stronger.logins.log_in("agent-one", OWN, HOME, at(0.2)).outcome is Outcome.SECOND_FACTOR


@pytest.mark.parametrize(
    "typed",
    ["", "short", "elevenchars", "x" * 12, "abababababababab", "agent-oneagent-one1", "Password1234567890", "z" * 201],
)
def test_a_password_that_is_easily_guessed_is_not_taken(typed: str) -> None:
    with pytest.raises(InputError):
        check_new(Redacted(typed), OTHER, "agent-one")


@pytest.mark.parametrize(
    "typed", ["a quiet river", "пароль из шести слов", "correct horse battery staple", "x7$kd92lLp0q"]
)
def test_a_long_one_of_any_letters_is_taken(typed: str) -> None:
    check_new(Redacted(typed), OTHER, "agent-one")


def test_the_old_password_is_not_a_new_one() -> None:
    with pytest.raises(InputError, match="differ"):
        check_new(OWN, OWN, "agent-one")


def test_a_password_is_the_same_from_every_keyboard_and_no_prefix_counts(room: StaffRoom) -> None:
    passwords = Passwords(room.hasher)
    kept = passwords.hash(Redacted("cafe\u0301 am großen Fluss"))
    assert passwords.fits(kept, Redacted("caf\u00e9 am großen Fluss"))
    longest = passwords.hash(Redacted("l" * 200))
    assert not passwords.fits(longest, Redacted("l" * 201)) and not passwords.fits(longest, Redacted("l" * 10_000))
    assert not passwords.fits(kept, Redacted("\ud800\0"))
    assert not passwords.fits("", Redacted("")) and not passwords.fits("damaged", OWN)


def test_no_id_is_taken_for_a_phone_number(monkeypatch: pytest.MonkeyPatch, room: StaffRoom) -> None:
    drawn = iter(["75523166716b16b7", "0123456789abcdef", "a1b2c3d4e5f60718"])
    monkeypatch.setattr("tickets.staff.secrets.token_hex", lambda size: next(drawn) if size == 8 else "f" * 2 * size)
    member, _ = room.staff.add("somebody", Role.AGENT, NOW)
    assert member.id == "staff:a1b2c3d4e5f60718"
