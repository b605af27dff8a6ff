"""What a clause is about, mended in the console: who may, what is written, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from owner_room import HERE, RECORDED, OwnerRoom, edited, own_policies
from staff_people import Clock, Person

from bot.settings import BotSettings
from console.house import House
from policies_kb.model import Stance
from policies_kb.relabelling import label_of
from policies_kb.topics import Topic
from policies_kb.workshop import workshop
from tickets.deeds import Deeds
from tickets.vocabulary import Role

PLACE = f"{HERE}/labels/{RECORDED}"
CALLS = Topic.CALLS.value


@pytest.fixture
def room(house: House, clock: Clock, tmp_path: Path, settings: BotSettings) -> OwnerRoom:
    """The folder holds Klasso's next version."""
    edited(own_policies(tmp_path), workshop(settings.data))
    return OwnerRoom(house, clock, tmp_path)


@pytest.fixture
def approver(room: OwnerRoom) -> Iterator[Person]:
    person = room.enter(Role.APPROVER)
    with person.client:
        yield person


def fields_of(page: str) -> dict[str, str]:
    """The form as it stands."""
    fields = dict(re.findall(r'<input [^>]*name="(seen|audience)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="(\w+)" [^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', options)
        first = re.search(r'<option value="([^"]*)"', options)
        fields[name] = (chosen or first)[1]  # type: ignore[index]
    return fields | dict.fromkeys(re.findall(r'name="(right_\w+)" value="yes" checked', page), "yes")


def test_the_form_shows_how_the_clause_is_read_and_saves_it_unchanged(room: OwnerRoom, approver: Person) -> None:
    before = label_of(room.folder.compiled().clause(RECORDED))  # type: ignore[arg-type]
    page = approver.get(PLACE).text
    assert "With the prior consent of every participant" in page and CALLS in fields_of(page).values()
    answer = approver.post(PLACE, fields_of(page))
    assert answer.headers["location"].startswith(f"{HERE}#clause-{RECORDED}")
    assert label_of(room.folder.compiled().clause(RECORDED)) == before  # type: ignore[arg-type]


def test_what_is_chosen_is_written_compiled_and_told_in_the_trail(room: OwnerRoom, approver: Person) -> None:
    fields = fields_of(approver.get(PLACE).text)
    fields |= {"topic_1": CALLS, "rank_1": "1", "stance_1": "conditional", "topic_2": "", "topic_3": "", "topic_4": ""}
    approver.post(PLACE, fields | {"audience": "app", "right_withdraw_consent": "yes"})
    label = label_of(room.folder.compiled().clause(RECORDED))  # type: ignore[arg-type]
    assert label.ranks == {Topic.CALLS: 1} and label.stances == {Topic.CALLS: Stance.CONDITIONAL}
    assert (label.audience, label.rights) == ("app", ("withdraw_consent",))
    deed = Deeds(room.house.store).latest(1)[0]
    assert (deed.action, deed.which) == ("policy_label_changed", "klasso") and deed.detail["clause"] == RECORDED
    assert "mended what a clause is about, of" in room.enter(Role.ADMIN).get("/staff/trail").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topic_5": CALLS, "rank_5": "2", "stance_5": "states"}, "is chosen twice"),
        ({"topic_1": "flying"}, "not one of those to choose from"),
        ({"rank_1": "9"}, "not one of those to choose from"),
        ({"stance_1": "maybe"}, "not one of those to choose from"),
        ({"audience": "<b>all</b>"}, "one word of small letters"),
        ({"seen": "0" * 20}, "was changed since this page was loaded"),
    ],
)
def test_what_cannot_be_saved_is_said_and_what_was_chosen_stays(
    room: OwnerRoom, approver: Person, changes: dict[str, str], words: str
) -> None:
    kept = (room.folder.path / "profile.yml").read_bytes()
    fields = fields_of(approver.get(PLACE).text) | {"topic_4": "data_security.encryption"} | changes
    answer = approver.post(PLACE, fields)
    assert answer.status_code == 422 and words in answer.text and "<b>all</b>" not in answer.text
    assert fields_of(answer.text)["topic_4"] == "data_security.encryption"
    assert (room.folder.path / "profile.yml").read_bytes() == kept


def test_all_clauses_are_listed_and_each_leads_to_its_form(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(f"{HERE}/labels").text
    for clause in room.folder.compiled().clauses:
        assert f'href="{HERE}/labels/{clause.id}"' in page
        assert approver.get(f"{HERE}/labels/{clause.id}").status_code == 200
    assert f"{HERE}/labels" in approver.get(HERE).text


@pytest.mark.parametrize("clause", ["nowhere", "%2e%2e", "x" * 3_000])
def test_there_is_no_form_for_what_is_no_clause(approver: Person, clause: str) -> None:
    assert approver.get(f"{HERE}/labels/{clause}").status_code == 404
    assert approver.post(f"{HERE}/labels/{clause}", {"seen": ""}).status_code == 404


def test_others_look_and_cannot_save(room: OwnerRoom) -> None:
    for role in (Role.VIEWER, Role.AGENT):
        person = room.enter(role)
        with person.client:
            page = person.get(PLACE).text
            assert "Your role looks only" in page and "Save what it is about" not in page
            assert person.post(PLACE, fields_of(page)).status_code == 403


def test_a_folder_that_cannot_be_read_is_said(room: OwnerRoom, approver: Person) -> None:
    (room.folder.path / f"{room.folder.current}.clauses.json").write_text("{}", "utf-8")
    for place in (f"{HERE}/labels", PLACE):
        answer = approver.get(place)
        assert answer.status_code == 409 and str(room.house.settings.policies) not in answer.text
