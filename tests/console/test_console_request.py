"""The page of a request: what it shows, who else is there, notes, replies, and looking at a contact."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from queue_room import CONTACT, Room, hidden, words
from staff_people import Clock, Person

from console.house import House
from console.pages.request_conversation import said_in
from tickets.conversations import Conversations
from tickets.vocabulary import Remark, Right, Role, Status

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


@pytest.fixture
def agent(room: Room) -> Person:
    return room.person(Role.AGENT, "agent-one")


def packed(*events: dict[str, Any]) -> bytes:
    """A conversation as the dialogue keeps it."""
    return zlib.compress(json.dumps({"name": "x", "events": list(events)}).encode())


def test_the_page_says_what_is_asked_by_whom_and_by_when(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION, text=f"delete all, write to {CONTACT}")
    page = agent.get(f"/requests/{reference}")
    said = words(page)
    assert "delete all, write to [email-1]" in said and "o…@example.org" in said
    assert "Nothing shown yet; account not yet checked" in said
    assert "one month → Thu 2 Apr 2026" in said and CONTACT not in page.text


def test_the_policy_is_quoted_word_for_word_with_a_link_to_its_page(room: Room, agent: Person) -> None:
    page = agent.get(f"/requests/{room.file(Right.DELETION)}")
    assert "We provide users with the ability to request the deletion of their account" in words(page)
    version = room.house.knowledge.get("klasso").current.version
    assert f'href="{room.house.settings.public_url}/p/klasso/{version}#' in page.text


def test_where_the_policy_is_silent_that_is_said(room: Room, agent: Person) -> None:
    said = words(agent.get(f"/requests/{room.file(Right.OBJECTION)}"))
    assert "The policy says nothing about this. Silence is not a no" in said


def test_requests_of_the_same_contact_are_named(room: Room, agent: Person) -> None:
    one, other = room.file(Right.DELETION), room.file(Right.ACCESS)
    assert f'href="/requests/{other}"' in agent.get(f"/requests/{one}").text


def test_the_conversation_is_shown_masked_with_the_clauses_that_were_cited(room: Room, agent: Person) -> None:
    reference = room.file()
    quote = {"url": "/p/klasso/2026-04#clause", "section": "Sharing", "text": "We do not sell"}
    kept = packed(
        {"event": "user", "text": f"mail me at {CONTACT} {HOSTILE}", "timestamp": 1_770_000_000},
        {"event": "bot", "text": "It says:", "data": {"custom": {"answer": {"quotes": [quote]}}}, "timestamp": 2},
        {"event": "user", "text": "/affirm", "timestamp": 1_770_000_001},
        {"event": "slot", "name": "secret", "value": "not for the page"},
    )
    Conversations(room.house.store, room.house.vault).save("conversation-1", kept, room.clock.now)
    page = agent.get(f"/requests/{reference}")
    said = words(page)
    assert "mail me at [email-1]" in said and "The person pressed" in said and "We do not sell" in said
    assert f'href="{room.house.settings.public_url}/p/klasso/2026-04#clause"' in page.text
    assert CONTACT not in page.text and "not for the page" not in page.text and "<img src=x" not in page.text


@pytest.mark.parametrize(
    "broken", [b"", b"no zlib", zlib.compress(b"no json"), zlib.compress(b"[]"), zlib.compress(b'{"events": [1]}')]
)
def test_a_conversation_that_cannot_be_read_counts_as_not_kept(broken: bytes) -> None:
    assert said_in(broken) == ()


def test_a_link_that_a_conversation_brings_in_leads_nowhere_else(room: Room) -> None:
    data = {"custom": {"answer": {"quotes": [{"url": "//evil.example/p/", "text": "x"}, {"url": "/p/klasso/1#a"}]}}}
    said = said_in(packed({"event": "bot", "text": "t", "data": data}))
    assert [cited.path for one in said for cited in one.cited] == ["/p/klasso/1#a"]


def test_a_contact_is_shown_only_for_a_reason_that_stays_in_the_trail(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION)
    refused = agent.post(f"/requests/{reference}/reveal", {"reason": "  "})
    assert refused.status_code == 422 and CONTACT not in refused.text
    assert "contact_revealed" not in [action for _, action in room.trail(reference)]
    shown = agent.post(f"/requests/{reference}/reveal", {"reason": "compare with the records"})
    assert CONTACT in shown.text and room.trail(reference)[-1] == (agent.id, "contact_revealed")
    assert CONTACT not in agent.get(f"/requests/{reference}").text


def test_two_who_have_it_open_see_each_other(room: Room, agent: Person) -> None:
    other, reference = room.person(Role.AGENT, "agent-two"), room.file()
    assert "open too" not in words(agent.get(f"/requests/{reference}"))
    assert "agent-one has this request open too" in words(other.get(f"/requests/{reference}"))
    form = room.fresh(reference)
    seen = words(agent.post(f"/requests/{reference}/looking", form))
    assert "agent-two has this request open too" in seen and "was changed since" not in seen
    room.house.handling.claim(reference, other.id, room.clock.now)
    assert "was changed since you opened it" in words(agent.post(f"/requests/{reference}/looking", form))


def test_a_viewer_looks_and_does_nothing(room: Room) -> None:
    viewer, reference = room.person(Role.VIEWER, "viewer-one"), room.file(Right.DELETION)
    page = viewer.get(f"/requests/{reference}")
    assert page.status_code == 200
    assert f'action="/requests/{reference}' not in page.text and f'href="/requests/{reference}/' not in page.text
    for door in ("note", "reply", "claim", "assign", "release", "reveal"):
        assert viewer.post(f"/requests/{reference}/{door}", {"text": "x", "reason": "x"}).status_code == 403
    assert [action for _, action in room.trail(reference)] == ["opened", "code_sent"]


def test_a_note_stays_among_staff(room: Room, agent: Person) -> None:
    reference = room.file()
    answer = agent.post(f"/requests/{reference}/note", room.fresh(reference, text=f"called {CONTACT}\r\ntwice"))
    assert answer.status_code == 303
    (kept,) = room.house.handling.remarks(reference)
    assert (kept.kind, kept.text) == (Remark.NOTE, "called [email-1]\ntwice")
    assert room.letters(reference, "replied") == []
    assert "agent-one noted, for staff only" in words(agent.get(f"/requests/{reference}"))


def test_a_note_that_cannot_be_kept_is_not_lost(room: Room, agent: Person) -> None:
    reference = room.file()
    answer = agent.post(f"/requests/{reference}/note", room.fresh(reference, text="word " * 900))
    assert answer.status_code == 422 and "word word" in answer.text
    assert room.house.handling.remarks(reference) == ()


def test_a_reply_is_looked_at_before_it_goes(room: Room, agent: Person) -> None:
    reference = room.file()
    form = room.fresh(reference, text=f"Good day,\n\nwe are on it. {HOSTILE}")
    preview = agent.post(f"/requests/{reference}/reply", form)
    assert "Goes to the person, in their web chat" in words(preview) and room.letters(reference, "replied") == []
    assert "<img src=x" not in preview.text
    again = agent.post(f"/requests/{reference}/reply", {**form, "step": "change"})
    assert "we are on it" in again.text and room.letters(reference, "replied") == []
    sent = agent.post(f"/requests/{reference}/reply", {**hidden(preview), "step": "send"})
    assert sent.status_code == 303
    (letter,) = room.letters(reference, "replied")
    assert f"we are on it. {HOSTILE}" in letter and reference in letter
    assert "to the person" in words(agent.get(f"/requests/{reference}"))


@pytest.mark.parametrize("step", ["look", "send"])
def test_a_reply_past_what_somebody_else_did_is_held_back_and_kept(room: Room, agent: Person, step: str) -> None:
    other, reference = room.person(Role.AGENT, "agent-two"), room.file()
    form = room.fresh(reference, text="an answer that took long to write", step=step)
    room.house.handling.reply(reference, "I was first", other.id, room.clock.now)
    answer = agent.post(f"/requests/{reference}/reply", form)
    assert answer.status_code == 409 and "an answer that took long to write" in answer.text
    assert "agent-two replied to the person" in words(answer)
    assert len(room.letters(reference, "replied")) == 1


def test_an_empty_reply_goes_nowhere(room: Room, agent: Person) -> None:
    reference = room.file()
    answer = agent.post(f"/requests/{reference}/reply", room.fresh(reference, text=" \n "))
    assert answer.status_code == 422 and room.letters(reference, "replied") == []


def test_a_template_fills_in_the_due_date_and_the_clause(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION)
    assert "Thursday 2 April 2026" in agent.get(f"/requests/{reference}?template=progress").text
    clause = agent.get(f"/requests/{reference}?template=clause-0")
    text = clause.text.partition('name="text"')[2].partition("</textarea>")[0]
    assert "We provide users with the ability" in text and "/p/klasso/" in text


def test_a_request_is_taken_given_on_and_given_back(room: Room, agent: Person) -> None:
    other, reference = room.person(Role.AGENT, "agent-two"), room.file()
    assert agent.post(f"/requests/{reference}/claim", room.fresh(reference)).status_code == 303
    late = other.post(f"/requests/{reference}/claim", room.fresh(reference))
    assert late.status_code == 409 and "taken this request already" in words(late)
    agent.post(f"/requests/{reference}/assign", room.fresh(reference, to=other.id))
    assert room.house.requests.show(reference).assignee == other.id
    other.post(f"/requests/{reference}/release", room.fresh(reference))
    assert room.house.requests.show(reference).assignee == ""


def test_a_closed_request_offers_no_move(room: Room, agent: Person) -> None:
    reference = room.file()
    room.house.decisions.refer(reference, "the school", agent.id, room.clock.now)
    page = agent.get(f"/requests/{reference}")
    assert "A closed request never moves again" in words(page) and room.status(reference) is Status.REFERRED
    assert f'href="/requests/{reference}/refuse"' not in page.text and "/claim" not in page.text


@pytest.mark.parametrize("typed", ["KLS-2222-222F", "nothing", "..%2F..%2Fetc"])
def test_a_request_that_is_not_there_is_not_there(agent: Person, typed: str) -> None:
    assert agent.get(f"/requests/{typed}").status_code == 404
    assert agent.get(f"/requests/{typed}/refuse").status_code == 404
    assert agent.post(f"/requests/{typed}/claim").status_code == 404
