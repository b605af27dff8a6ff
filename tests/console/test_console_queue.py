"""The queue: what each view shows, in which order, what is found, what changes while one looks, many at once."""

from __future__ import annotations

import re

import pytest
from queue_room import CONTACT, Room, hidden, references, words
from staff_people import Clock, Person

from console.house import House
from console.pages.queue_asked import Asked
from console.pages.queue_words import time_left
from tickets.queue import View
from tickets.vocabulary import Right, Role, Status

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


@pytest.fixture
def agent(room: Room) -> Person:
    return room.person(Role.AGENT, "agent-one")


@pytest.mark.parametrize(
    ("days", "status", "said", "tone"),
    [
        (-3, Status.VERIFIED, "3 days overdue", "late"),
        (-1, Status.UNVERIFIED, "1 day overdue", "late"),
        (0, Status.RECEIVED, "due today", "today"),
        (1, Status.RECEIVED, "1 day left", "soon"),
        (7, Status.RECEIVED, "7 days left", "soon"),
        (8, Status.RECEIVED, "8 days left", "calm"),
        (-3, Status.DENIED, "closed", "closed"),
    ],
)
def test_time_left_is_said_in_words(days: int, status: Status, said: str, tone: str) -> None:
    left = time_left(days, status)
    assert (left.words, left.tone) == (said, tone)


def test_what_is_due_first_stands_on_top_and_says_so(room: Room, agent: Person) -> None:
    calm, late, near = room.file(days_ago=1), room.file(days_ago=40), room.file(days_ago=27)
    page = agent.get("/queue")
    assert references(page) == [late, near, calm]
    assert re.search(r"days overdue .*days? left .*days left", words(page))


def test_each_view_has_its_requests_and_their_number(room: Room, agent: Person) -> None:
    late, deletion = room.file(days_ago=40), room.file(Right.DELETION)
    room.house.handling.claim(late, agent.id, room.clock.now)
    page = words(agent.get("/queue"))
    assert "Overdue 1 Due today 0 Due soon 0 Unassigned 1 Mine 1" in page and "All open 2" in page
    shown = {view: references(agent.get(f"/queue?view={view}")) for view in ("overdue", "mine", "unassigned")}
    assert shown == {"overdue": [late], "mine": [late], "unassigned": [deletion]}
    assert references(agent.get("/queue?view=unverified")) == [deletion]


def test_filters_narrow_a_view_and_nonsense_counts_as_no_filter(room: Room, agent: Person) -> None:
    question, deletion = room.file(), room.file(Right.DELETION, policy="kloudtalk")
    assert references(agent.get("/queue?right=deletion")) == [deletion]
    assert references(agent.get("/queue?policy=klasso&assignee=none&channel=web&regime=gdpr")) == [question]
    assert references(agent.get("/queue?policy=klasso&right=deletion")) == []
    everything = references(agent.get("/queue?view=nonsense&right=%00&status=1&after=here"))
    assert sorted(everything) == sorted([question, deletion])


def test_an_address_asks_for_the_same_again() -> None:
    asked = Asked.of({"view": "mine", "right": "deletion", "policy": "klasso", "assignee": "none"})
    assert asked.view is View.MINE and asked.chosen.right is Right.DELETION
    assert Asked.of_query(asked.query) == asked


@pytest.mark.parametrize("typed", ["{reference}", CONTACT, "newsleter twice"])
def test_search_finds_by_reference_by_contact_and_by_mistyped_words(room: Room, agent: Person, typed: str) -> None:
    wanted = room.file(text="the newsletter came twice")
    room.file(text="something else", contact="two@example.org")
    page = agent.post("/queue/search", {"q": typed.format(reference=wanted)})
    assert page.status_code == 200 and references(page) == [wanted]


def test_what_is_searched_for_never_stands_in_an_address(room: Room, agent: Person) -> None:
    assert agent.get(f"/queue/search?q={CONTACT}").status_code in (404, 405)
    page = agent.post("/queue/search", {"q": CONTACT})
    assert not re.search(rf'(href|action|hx-get)="[^"]*{re.escape(CONTACT)}', page.text)


def test_nothing_is_sent_while_nothing_has_changed(room: Room, agent: Person) -> None:
    reference = room.file()
    live = re.search(r'hx-get="(/queue/views[^"]*)"', agent.get("/queue").text)
    assert live
    path = live[1].replace("&amp;", "&")
    assert agent.get(path).status_code == 204
    room.house.handling.claim(reference, agent.id, room.clock.now)
    changed = agent.get(path)
    assert changed.status_code == 200 and changed.headers["hx-trigger"] == "queue-changed"
    assert "Mine 1" in words(changed) and path.partition("mark=")[2] not in changed.text


def test_a_new_day_changes_the_queue_too(room: Room, agent: Person) -> None:
    room.file()
    live = re.search(r'hx-get="(/queue/views[^"]*)"', agent.get("/queue").text)
    assert live
    # Just past midnight is more than half an hour away: somebody who comes in anew sees it.
    room.clock.pass_by(days=1)
    assert room.person(Role.AGENT, "agent-three").get(live[1].replace("&amp;", "&")).status_code == 200


def test_pages_follow_one_another_and_leave_nothing_out(room: Room, agent: Person) -> None:
    filed = {room.file() for _ in range(53)}
    first = agent.get("/queue")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following and len(references(first)) == 50
    second = agent.get(following[1].replace("&amp;", "&"))
    shown = references(first) + references(second)
    assert len(shown) == 53 and set(shown) == filed


def test_many_are_taken_at_once_each_with_its_own_result(room: Room, agent: Person) -> None:
    free, taken, changed = room.file(), room.file(), room.file()
    tickets = [f"{one}@{room.version(one)}" for one in (free, changed)]
    room.house.handling.claim(taken, "staff:other", room.clock.now)
    room.house.handling.claim(changed, "staff:other", room.clock.now)
    sent = [*tickets, f"{taken}@{room.version(taken)}", "nonsense", "KLS-2222-222F@1", f"{free}@9e9"]
    page = agent.post("/queue/bulk", {"do": "claim", "ticket": sent})
    said = words(page)
    assert "1 of 6 done" in said and f"{free} You have it now." in said
    assert f"{changed} Not done: Somebody else changed this request" in said
    assert f"{taken} Not done: A colleague has this request" in said
    assert room.house.requests.show(free).assignee == agent.id
    assert room.house.requests.show(taken).assignee == "staff:other"


def test_many_are_assigned_and_begun(room: Room, agent: Person) -> None:
    other = room.person(Role.AGENT, "agent-two")
    question, deletion = room.file(), room.file(Right.DELETION)
    tickets = [f"{one}@{room.version(one)}" for one in (question, deletion)]
    agent.post("/queue/bulk", {"do": "assign", "to": other.id, "ticket": tickets})
    assert room.house.requests.show(deletion).assignee == other.id
    tickets = [f"{one}@{room.version(one)}" for one in (question, deletion)]
    said = words(agent.post("/queue/bulk", {"do": "start", "ticket": tickets}))
    assert "1 of 2 done" in said and "Not done: Work begins once it is settled who asks" in said
    assert room.status(question) is Status.IN_PROGRESS and room.status(deletion) is Status.UNVERIFIED


def test_nothing_is_given_to_who_may_not_work_on_it(room: Room, agent: Person) -> None:
    viewer, reference = room.person(Role.VIEWER, "viewer-one"), room.file()
    ticket = f"{reference}@{room.version(reference)}"
    assert "0 of 1 done" in words(agent.post("/queue/bulk", {"do": "assign", "to": viewer.id, "ticket": ticket}))
    assert viewer.post("/queue/bulk", {"do": "claim", "ticket": ticket}).status_code == 403
    assert "queue/bulk" not in hidden(viewer.get("/queue")) and room.house.requests.show(reference).assignee == ""


@pytest.mark.parametrize(
    "form", [{"do": "claim"}, {"do": "assign", "ticket": "x@1"}, {"do": "destroy", "ticket": "x@1"}]
)
def test_a_bulk_form_that_says_too_little_changes_nothing(agent: Person, form: dict[str, str]) -> None:
    answer = agent.post("/queue/bulk", {**form, "back": "view=mine&after=//evil.example"})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/queue?view=mine")


def test_what_people_typed_is_never_markup(room: Room, agent: Person) -> None:
    room.file(text=HOSTILE)
    for page in (agent.get("/queue"), agent.get("/queue/rows"), agent.post("/queue/search", {"q": HOSTILE})):
        assert "onerror" in page.text and "<img src=x" not in page.text and "<script>document" not in page.text


def test_a_view_without_requests_says_so_calmly(agent: Person) -> None:
    assert "Nothing is overdue." in words(agent.get("/queue?view=overdue"))
    assert "Nothing here agrees with the filter." in words(agent.get("/queue?view=overdue&policy=klasso"))
