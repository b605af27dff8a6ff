"""Letters: what did not get through is shown without what it says, and tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk_room import Room, words_of
from staff_people import Clock

from console.house import House
from console.pages.letters import LETTER_WORDS, NOT_STUCK, NOTHING_LEFT, WAY_WORDS, problem_words
from pii.redacted import Redacted
from tickets import outbox
from tickets.arriving import WAITS
from tickets.inbox import Incoming
from tickets.letters import CODE_KINDS, News
from tickets.outbox import Letter
from tickets.vocabulary import Delivery, Role, Way

ADDRESS, TEXT = "one@example.org", "your data is gone"


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


def give_up(room: Room, kind: str = "fulfilled", deadline: timedelta | None = None) -> str:
    """A letter that a mail server refused for good; gives its id."""
    house, now = room.house, room.clock()
    letter = Letter(
        Way.MAIL, ADDRESS, kind, Redacted(ADDRESS), "About it", TEXT, deadline=now + deadline if deadline else None
    )
    with house.store.unit() as unit:
        name = outbox.post(unit, house.vault, letter, now)
        unit.commit()
    parcel = next(one for one in house.outbox.lease(now) if one.id == name)
    house.outbox.refused(parcel, "smtp_550", now)
    return name


def get_stuck(room: Room) -> int:
    """A message that nobody could work on; gives its number."""
    inbox = room.house.inbox
    item = inbox.receive(
        Incoming("telegram:12345", "key", "lane", Redacted('{"text": "hello"}')), room.clock(), take=True
    ).item
    assert item is not None
    for _ in WAITS:
        assert inbox.failed(item, "KeyError", room.clock()) is False
        room.clock.pass_by(days=1)
        (item,) = inbox.lease(room.clock())
    assert inbox.failed(item, "KeyError", room.clock()) is True
    return item.sequence


def test_every_way_and_every_kind_of_letter_has_words() -> None:
    assert set(WAY_WORDS) == set(Way)
    assert {news.value for news in News} | CODE_KINDS <= set(LETTER_WORDS)


def test_with_nothing_amiss_the_page_says_so(room: Room) -> None:
    page = words_of(room.enter(Role.VIEWER).get("/letters").text)
    assert "Every letter got through" in page and "Nothing is stuck" in page and "Nothing is waiting to be sent" in page


def test_dead_letters_are_shown_without_recipient_and_text(room: Room) -> None:
    give_up(room)
    page = room.enter(Role.VIEWER).get("/letters").text
    assert "Done as asked" in page and "the mail server answered 550" in page
    assert ADDRESS not in page and TEXT not in page and "About it" not in page and "Try again" not in page


def test_a_dead_letter_leads_to_its_request(room: Room) -> None:
    reference, now = room.file("one", room.clock()), room.clock()
    room.fulfil(reference, now)
    (parcel,) = room.house.outbox.lease(now)
    room.house.outbox.refused(parcel, "blocked", now)
    page = room.enter(Role.AGENT).get("/letters").text
    assert f'href="/requests/{reference}"' in page and "the person has blocked the bot" in page


def test_trying_again_sends_it_once_more_and_only_once(room: Room) -> None:
    name, agent = give_up(room), room.enter(Role.AGENT)
    assert agent.post("/letters/again", {"letter": name}).headers["location"] == "/letters"
    assert "It is being sent once more." in agent.get("/letters").text
    assert [parcel.id for parcel in room.house.outbox.lease(room.clock())] == [name]
    agent.post("/letters/again", {"letter": name})
    assert NOTHING_LEFT in agent.get("/letters").text


def test_what_was_emptied_is_not_sent_again(room: Room) -> None:
    name, agent = give_up(room, "code", timedelta(minutes=10)), room.enter(Role.AGENT)
    agent.post("/letters/again", {"letter": name})
    assert NOTHING_LEFT in agent.get("/letters").text
    assert room.house.outbox.counts()[Delivery.DEAD] == 1


def test_a_stuck_message_is_shown_without_what_it_says_and_tried_again(room: Room) -> None:
    number = get_stuck(room)
    agent = room.enter(Role.AGENT)
    page = agent.get("/letters").text
    assert "KeyError" in page and "hello" not in page and "12345" not in page
    agent.post("/letters/arrived", {"sequence": str(number)})
    assert "being worked on once more" in agent.get("/letters").text
    assert [item.sequence for item in room.house.inbox.lease(room.clock())] == [number]
    agent.post("/letters/arrived", {"sequence": str(number)})
    assert NOT_STUCK.replace("'", "&#39;") in agent.get("/letters").text


def test_who_only_looks_sends_nothing_again(room: Room) -> None:
    name, number = give_up(room), get_stuck(room)
    viewer = room.enter(Role.VIEWER)
    assert viewer.post("/letters/again", {"letter": name}).status_code == 403
    assert viewer.post("/letters/arrived", {"sequence": str(number)}).status_code == 403
    assert room.house.outbox.lease(room.clock()) == [] and room.house.inbox.lease(room.clock()) == []


@pytest.mark.parametrize("sequence", ["", "x", "-1", "9" * 30])
def test_a_number_that_is_none_is_refused_calmly(room: Room, sequence: str) -> None:
    assert room.enter(Role.AGENT).post("/letters/arrived", {"sequence": sequence}).status_code == 422


def test_an_unknown_failure_keeps_its_own_name() -> None:
    assert problem_words("smtp_451") == "the mail server answered 451"
    assert (problem_words("OddError"), problem_words(None)) == ("OddError", "not known")
