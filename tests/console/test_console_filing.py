"""Entering a request that came by phone, mail or letter."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from queue_room import CONTACT, Room, hidden, words
from staff_people import Clock, Person

from console.house import House
from tickets.vocabulary import Channel, Right, Role, Status

NUMBER = "+44 20 7946 0123"


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


@pytest.fixture
def agent(room: Room) -> Person:
    return room.person(Role.AGENT, "agent-one")


def filled(**changes: Any) -> dict[str, Any]:
    """A form that can be taken."""
    usual = {
        "policy": "kloudtalk",
        "received": "2026-02-20",
        "manner": "phone",
        "right": ["deletion", "access"],
        "contact": CONTACT,
        "text": f"Called: delete all, ring back at {NUMBER}",
        "key": secrets.token_hex(16),
    }
    return usual | changes


def test_a_request_is_entered_with_the_day_on_which_it_came(room: Room, agent: Person) -> None:
    answer = agent.post("/queue/new", filled())
    assert answer.status_code == 303
    reference = answer.headers["location"].removeprefix("/requests/")
    details = room.house.requests.show(reference)
    assert details.summary.received.date().isoformat() == "2026-02-20" and details.channel is Channel.STAFF
    assert set(details.summary.rights) == {Right.DELETION, Right.ACCESS}
    assert CONTACT not in details.text and NUMBER not in details.text
    assert room.trail(reference)[0] == (agent.id, "opened")
    assert "Came by entered by staff" in words(agent.get(f"/requests/{reference}"))


def test_a_form_that_is_sent_twice_files_once(room: Room, agent: Person) -> None:
    form = filled()
    assert agent.post("/queue/new", form).headers["location"] == agent.post("/queue/new", form).headers["location"]
    assert len(room.house.requests.listing()) == 1


def test_a_used_form_with_other_words_is_another_request_only_on_purpose(room: Room, agent: Person) -> None:
    form = filled()
    agent.post("/queue/new", form)
    page = agent.post("/queue/new", {**form, "text": "Called again: correct my name"})
    assert page.status_code == 409 and "This form was sent before" in words(page)
    assert "Called again: correct my name" in page.text and len(room.house.requests.listing()) == 1
    again = agent.post("/queue/new", {**form, **hidden(page), "text": "Called again: correct my name"})
    assert again.status_code == 303 and len(room.house.requests.listing()) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"received": "2026-03-03"}, "lies in the future"),
        ({"received": "2024-03-03"}, "more than a year ago"),
        ({"received": "yesterday"}, "year-month-day"),
        ({"right": []}, "Tick what is asked for."),
        ({"right": ["nonsense"]}, "Tick what is asked for."),
        ({"policy": "nonsense"}, "Choose whose policy"),
        ({"manner": "pigeon"}, "Choose how it came."),
        ({"contact": "no contact at all"}, "neither an e-mail address nor a phone number"),
    ],
)
def test_what_cannot_be_entered_is_told_and_kept(room: Room, agent: Person, wrong: Any, said: str) -> None:
    page = agent.post("/queue/new", filled(text="words that took long", **wrong))
    assert page.status_code == 422 and said in words(page) and "words that took long" in page.text
    assert room.house.requests.listing() == ()


def test_the_one_who_entered_it_does_not_approve_it(room: Room) -> None:
    approver = room.person(Role.APPROVER, "approver-one")
    where = approver.post("/queue/new", filled(right=["marketing_opt_out"])).headers["location"]
    reference = where.removeprefix("/requests/")
    assert room.status(reference) is Status.VERIFIED
    assert "You entered this request; somebody else approves it." in words(approver.get(where))
    approver.confirm()
    assert approver.post(f"{where}/approve", room.fresh(reference)).status_code == 409


def test_a_viewer_enters_nothing(room: Room) -> None:
    viewer = room.person(Role.VIEWER, "viewer-one")
    assert viewer.get("/queue/new").status_code == 403
    assert viewer.post("/queue/new", filled()).status_code == 403 and room.house.requests.listing() == ()
