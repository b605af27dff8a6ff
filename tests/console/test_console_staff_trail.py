"""What staff do beside requests can be read by administrators, in words, page by page; the last one of them stays."""

from __future__ import annotations

import pytest
from desk_room import words_of
from staff_people import Clock, Person, browser, let_in

from console.app import create_app
from console.house import House
from console.pages.people import DETAIL_WORDS, SUBJECT_WORDS
from console.pages.queue_words import ACTION_WORDS
from pii.redacted import Redacted
from tickets.deeds import MOST_AT_ONCE, Deeds
from tickets.vocabulary import Finding, Role, Subject, Verdict

PAGES = ("entry", "people", "findings", "letters")


@pytest.fixture
def admin(house: House, clock: Clock) -> Person:
    return let_in(browser(create_app(house, PAGES)), house, clock, Role.ADMIN)


def trail(person: Person, query: str = "") -> str:
    return words_of(person.get(f"/staff/trail{query}").text.split("<main")[1])


def test_every_subject_action_and_detail_has_words(house: House, admin: Person) -> None:
    assert set(SUBJECT_WORDS) == set(Subject) - {Subject.STAFF}  # staff are called by their login
    admin.confirm()
    admin.post("/staff/add", {"login": "agent-one", "role": "agent"})
    admin.post("/staff/role", {"login": "agent-one", "role": "approver"})
    found = Deeds(house.store).latest()
    assert {one.action for one in found} <= set(ACTION_WORDS)
    assert {name for one in found for name in one.detail} <= set(DETAIL_WORDS)


def test_what_is_done_on_the_pages_stands_in_the_trail_under_who_did_it(house: House, admin: Person) -> None:
    admin.confirm()
    admin.post("/staff/add", {"login": "agent-one", "role": "agent"})
    admin.post("/staff/role", {"login": "agent-one", "role": "approver"})
    admin.post("/staff/reset", {"login": "agent-one"})
    admin.post("/staff/disable", {"login": "agent-one"})
    admin.post("/staff/enable", {"login": "agent-one"})
    house.findings.note("klasso", "2026-04", Finding.UNANSWERED, "", Redacted("who sees the drawings"), house.clock())
    (group,) = house.findings.groups()
    admin.post(f"/findings/{group.id}/dismiss")
    found = [one for one in Deeds(house.store).latest() if one.actor == admin.id]
    assert [one.action for one in reversed(found)] == [
        *("staff_added", "staff_role_set", "staff_reset", "staff_disabled", "staff_enabled", "finding_dismissed"),
    ]
    said = trail(admin)
    assert "admin-one gave another role to agent-one, now approver, before agent" in said
    assert f"admin-one dismissed a question question {group.id}, alike ones settled: 1" in said
    assert "the desk added a member of staff admin-one, now admin" in said  # the first one
    assert "who sees the drawings" not in said


def test_an_example_is_told_with_its_topic(house: House, admin: Person) -> None:
    house.findings.note("klasso", "2026-04", Finding.SILENT, "", Redacted("who sees the drawings"), house.clock())
    (group,) = house.findings.groups()
    house.findings.settle(group.id, Verdict.ADDED, admin.id, house.clock(), topic="data_security")
    assert "made an example of a question" in trail(admin) and "under data_security" in trail(admin)


def test_only_administrators_read_it(house: House, admin: Person) -> None:
    approver = let_in(browser(admin.client.app), house, admin.clock, Role.APPROVER)
    assert approver.get("/staff/trail").status_code == 403


def test_older_entries_stand_on_further_pages(house: House, admin: Person) -> None:
    for _ in range(MOST_AT_ONCE):
        house.staff.reset(admin.login, house.clock())
    agent = let_in(browser(admin.client.app), house, admin.clock, Role.ADMIN, "admin-two")
    page = agent.get("/staff/trail").text
    older = page.split("/staff/trail?before=")[1].split('"')[0]
    assert page.count("<tr>") == MOST_AT_ONCE + 1 and "added a member of staff" in trail(agent, f"?before={older}")
    for nonsense in ("x", "-1", "9" * 40, "²"):
        assert agent.get(f"/staff/trail?before={nonsense}").status_code == 200


def test_the_console_does_not_end_the_last_administrator(house: House, admin: Person) -> None:
    """Nobody can do it to themselves, so it takes a second one who has not come in yet."""
    other = let_in(browser(admin.client.app), house, admin.clock, Role.ADMIN, "admin-two")
    house.staff.disable(admin.login, house.clock())
    other.confirm()
    other.post("/staff/add", {"login": "admin-three", "role": "admin"})
    assert other.post("/staff/disable", {"login": "admin-three"}).status_code == 303  # whose password may be lost
    answer = other.post("/staff/role", {"login": "admin-two", "role": "viewer"})
    assert answer.status_code == 422 and "Another administrator has to do that" in words_of(answer.text)
    assert house.staff.member(other.id).role is Role.ADMIN  # type: ignore[union-attr]
