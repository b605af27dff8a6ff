"""What staff do beside requests stands in the same chain, with who did it; somebody is left who can manage staff."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from conftest import NOW, VAULT
from house import House, at
from staff_room import StaffRoom

from pii.redacted import Redacted
from tickets import audit, outbox
from tickets.arriving import WAITS
from tickets.deeds import SYSTEM, Deeds
from tickets.errors import InputError
from tickets.findings import Findings
from tickets.inbox import Inbox, Incoming
from tickets.outbox import Letter, Outbox
from tickets.staff import LAST_ADMIN
from tickets.store import Store
from tickets.vocabulary import Finding, Role, Subject, Verdict, Way

ACTOR = "staff:00000000000000aa"


@pytest.fixture
def room(store: Store) -> StaffRoom:
    audit.use_key(store, VAULT)
    return StaffRoom(store)


def told(store: Store) -> list[tuple[str, str, Subject, dict[str, str]]]:
    """Who did what, oldest first."""
    return [(one.actor, one.action, one.subject, dict(one.detail)) for one in reversed(Deeds(store).latest())]


def is_intact(store: Store) -> bool:
    with store.reading() as unit:
        return audit.verify(unit).intact


def test_every_change_of_an_account_is_told_with_who_made_it_and_whose_it_is(room: StaffRoom, store: Store) -> None:
    member, _ = room.staff.add("agent-one", Role.AGENT, NOW)
    room.staff.reset("agent-one", at(1), actor=ACTOR)
    room.staff.set_role("agent-one", Role.APPROVER, at(2), actor=ACTOR)
    room.staff.disable("agent-one", at(3), actor=ACTOR)
    room.staff.enable("agent-one", at(4), actor=ACTOR)
    assert told(store) == [
        (SYSTEM, "staff_added", Subject.STAFF, {"role": "agent"}),
        (ACTOR, "staff_reset", Subject.STAFF, {}),
        (ACTOR, "staff_role_set", Subject.STAFF, {"role": "approver", "was": "agent"}),
        (ACTOR, "staff_disabled", Subject.STAFF, {}),
        (ACTOR, "staff_enabled", Subject.STAFF, {}),
    ]
    assert {one.which for one in Deeds(store).latest()} == {member.id} and is_intact(store)
    with store.reading() as unit:
        trail = str(unit.execute(sa.text("SELECT * FROM audit")).all())
    assert "agent-one" not in trail  # the trail is never erased, and a login may be a name


def test_what_did_not_happen_is_not_told(room: StaffRoom, store: Store) -> None:
    room.first("agent-one", Role.ADMIN)
    for act in (
        lambda: room.staff.add("agent-one", Role.AGENT, NOW),
        lambda: room.staff.reset("nobody", NOW),
        lambda: room.staff.disable("agent-one", NOW),
    ):
        with pytest.raises(InputError):
            act()
    assert [action for _, action, _, _ in told(store)] == ["staff_added"]


def test_a_settled_question_is_told_without_its_words(store: Store) -> None:
    findings = Findings(store, VAULT)
    for question in ("who sees the drawings", "where do the lamps go"):
        findings.note("klasso", "2026-04", Finding.UNANSWERED, "", Redacted(question), NOW)
    first, second = findings.groups()
    findings.settle(first.id, Verdict.ADDED, ACTOR, at(1), topic="data_security")
    findings.settle(second.id, Verdict.DISMISSED, ACTOR, at(2))
    assert findings.settle(second.id, Verdict.DISMISSED, ACTOR, at(3)) == 0  # somebody else was first
    assert told(store) == [
        (ACTOR, "example_added", Subject.FINDING, {"settled": "1", "topic": "data_security"}),
        (ACTOR, "finding_dismissed", Subject.FINDING, {"settled": "1"}),
    ]
    assert [one.which for one in Deeds(store).latest()] == [second.id, first.id]


def test_a_letter_and_a_message_that_are_tried_again_are_told_once(store: Store) -> None:
    letters, inbox = Outbox(store, VAULT), Inbox(store, VAULT)
    address = Redacted("one@example.org")
    with store.unit() as unit:
        name = outbox.post(unit, VAULT, Letter(Way.MAIL, "lane", "fulfilled", address, "About it", "text"), NOW)
        unit.commit()
    (parcel,) = letters.lease(NOW)
    letters.refused(parcel, "smtp_550", NOW)
    item = inbox.receive(Incoming("telegram:1", "key", "lane", Redacted("{}")), NOW, take=True).item
    for number, _ in enumerate((*WAITS, None)):
        assert item is not None
        inbox.failed(item, "KeyError", at(days=number))
        item = next(iter(inbox.lease(at(days=number + 1))), None)
    (stuck,) = inbox.quarantined(10)
    for _ in range(2):
        letters.try_again(name, at(days=9), actor=ACTOR)
        inbox.try_again(stuck.sequence, at(days=9), actor=ACTOR)
    assert told(store) == [
        (ACTOR, "letter_tried_again", Subject.LETTER, {}),
        (ACTOR, "arrival_tried_again", Subject.ARRIVAL, {}),
    ]
    assert [one.which for one in Deeds(store).latest()] == [str(stuck.sequence), name]


def test_deeds_and_requests_share_one_chain_and_neither_stands_among_the_other(room: StaffRoom, store: Store) -> None:
    house = House(store)
    reference = house.file().reference
    room.first("agent-one")
    room.staff.reset("agent-one", at(1), actor=ACTOR)
    house.identity.check_code("conversation-1", house.code(reference), NOW)
    assert is_intact(store)
    assert "staff_reset" not in house.actions(reference)
    assert {one.action for one in Deeds(store).latest()} == {"staff_added", "staff_reset"}


def test_a_deed_that_was_altered_is_found(room: StaffRoom, store: Store) -> None:
    room.first("agent-one", Role.ADMIN)
    with store.unit() as unit:
        drop = "DROP TRIGGER audit_no_update" if store.is_sqlite else "DROP TRIGGER audit_append_only ON audit"
        unit.execute(sa.text(drop))
        unit.execute(sa.text("UPDATE audit SET actor = 'staff:somebody'"))
        unit.commit()
    assert not is_intact(store)


def test_older_entries_are_read_page_by_page(room: StaffRoom, store: Store) -> None:
    for number in range(5):
        room.first(f"agent-{number}x")
    newest = Deeds(store).latest(2)
    older = Deeds(store).latest(2, before=newest[-1].sequence)
    assert [one.sequence for one in (*newest, *older)] == [5, 4, 3, 2]


# The last administrator


def demote(room: StaffRoom, login: str) -> None:
    room.staff.set_role(login, Role.AGENT, at(9))


def disable(room: StaffRoom, login: str) -> None:
    room.staff.disable(login, at(9))


ENDS: list[Callable[[StaffRoom, str], None]] = [demote, disable]


def admins(room: StaffRoom) -> list[str]:
    return [one.login for one in room.staff.members() if one.role is Role.ADMIN and not one.is_disabled]


@pytest.mark.parametrize("end", ENDS)
def test_the_last_administrator_stays(room: StaffRoom, end: Callable[[StaffRoom, str], None]) -> None:
    room.settled("admin-one", Role.ADMIN)
    room.settled("agent-one")
    with pytest.raises(InputError, match="only administrator who can log in"):
        end(room, "admin-one")
    assert admins(room) == ["admin-one"] and LAST_ADMIN.count(".") == 2
    room.staff.set_role("admin-one", Role.ADMIN, at(1))  # that changes nothing


@pytest.mark.parametrize("end", ENDS)
def test_one_of_two_may_go_and_then_the_other_stays(room: StaffRoom, end: Callable[[StaffRoom, str], None]) -> None:
    room.settled("admin-one", Role.ADMIN)
    room.settled("admin-two", Role.ADMIN)
    end(room, "admin-one")
    with pytest.raises(InputError):
        end(room, "admin-two")
    assert admins(room) == ["admin-two"]


@pytest.mark.parametrize("end", ENDS)
def test_an_administrator_who_never_came_in_does_not_count_for_one_who_did(
    room: StaffRoom, end: Callable[[StaffRoom, str], None]
) -> None:
    room.settled("admin-one", Role.ADMIN)
    room.first("admin-two", Role.ADMIN)
    with pytest.raises(InputError):
        end(room, "admin-one")
    end(room, "admin-two")  # whose password may be lost
    assert admins(room) == ["admin-one"]


def test_of_two_administrators_who_disable_each_other_at_once_one_stays(room: StaffRoom) -> None:
    room.settled("admin-one", Role.ADMIN)
    room.settled("admin-two", Role.ADMIN)

    def attempt(login: str) -> bool:
        try:
            disable(room, login)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(attempt, ("admin-one", "admin-two")))
    assert sorted(done) == [False, True] and len(admins(room)) == 1
