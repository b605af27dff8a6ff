"""Findings: grouped questions, learned from under a topic that staff choose, or dismissed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from desk_room import Room, words_of
from staff_people import Clock, Person

from console.house import House
from console.pages.findings import CHANGED, GONE, KIND_MEANINGS, KIND_WORDS, Narrowing
from console.settings import PROJECT
from pii.redacted import Redacted
from policies_kb.reviewed import REVIEWED
from tickets.findings import FindingGroup
from tickets.vocabulary import Finding, Role, Verdict

ASKED = "do you keep the drawings that my daughter made in class"
NEAR = "do you keep all the drawings that my daughter made in class"
TOPIC = "first_party_collection.user_content"


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


@pytest.fixture
def folder(tmp_path: Path, house: House) -> Path:
    """A project of the test's own, with questions that quality is measured with."""
    own = tmp_path / "project"
    (own / "data" / "nlu").mkdir(parents=True)
    shutil.copytree(
        PROJECT / "quality", own / "quality", ignore=lambda _, names: [n for n in names if n.endswith(".py")]
    )
    house.settings = replace(house.settings, project=own)
    return own


def note(
    house: House, question: str = ASKED, kind: Finding = Finding.UNANSWERED, policy: str = "klasso"
) -> FindingGroup:
    version = house.knowledge.get(policy).current.version
    house.findings.note(policy, version, kind, "", Redacted(question), house.clock())
    return next(group for group in house.findings.groups(policy, kind) if question in (group.question, *group.alike))


def learned(folder: Path) -> dict[str, list[str]]:
    path = folder / REVIEWED
    blocks = yaml.safe_load(path.read_text("utf-8"))["nlu"] if path.exists() else []
    return {block["intent"]: [line[2:] for line in block["examples"].splitlines()] for block in blocks}


def at(group: FindingGroup, deed: str = "") -> str:
    return Narrowing(group.policy, group.kind).at(f"/findings/{group.id}{deed}")


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(KIND_MEANINGS) == set(Finding)


def test_groups_are_listed_with_how_often_they_were_asked_and_counted_by_kind(room: Room) -> None:
    note(room.house)
    note(room.house, NEAR)
    note(room.house, "is it encrypted", Finding.SILENT, "kloudtalk")
    viewer = room.enter(Role.VIEWER)
    page = words_of(viewer.get("/findings").text)
    assert ASKED in page and "asked 2 times" in page and "1 more wording" in page and "is it encrypted" in page
    assert "All 3" in page and "Policy is silent 1" in page
    only = viewer.get("/findings?kind=silent&policy=kloudtalk").text
    assert "is it encrypted" in only and ASKED not in only
    assert "Nothing is open here" in viewer.get("/findings?kind=conflict").text
    assert viewer.get("/findings?kind=nonsense&policy=nobody").status_code == 200


def test_an_example_is_written_under_the_chosen_topic_and_the_group_is_settled(room: Room, folder: Path) -> None:
    group = note(room.house)
    note(room.house)  # asked more often than the other, it stands for both
    note(room.house, NEAR)
    agent = room.enter(Role.AGENT)
    form = agent.get(at(group)).text
    assert "checked" in form and NEAR in form and TOPIC in form
    answer = agent.post(at(group, "/example"), {"topic": TOPIC, "wording": [ASKED, NEAR]})
    assert answer.status_code == 303 and answer.headers["location"] == "/findings?policy=klasso"
    assert learned(folder) == {f"ask_policy/{TOPIC}": sorted([ASKED, NEAR])}
    assert room.house.findings.groups() == ()
    assert "2 examples added" in agent.get("/findings").text


def test_only_what_was_asked_can_be_learned(room: Room, folder: Path) -> None:
    group = note(room.house)
    agent = room.enter(Role.AGENT)
    for form in (
        {"topic": TOPIC, "wording": ["something else"]},
        {"topic": TOPIC},
        {"topic": "no", "wording": [ASKED]},
    ):
        answer = agent.post(at(group, "/example"), form)
        assert answer.status_code == 422 and "Choose a topic" in answer.text
    assert learned(folder) == {} and len(room.house.findings.groups()) == 1


def test_a_question_that_quality_is_measured_with_is_refused_and_stays_open(room: Room, folder: Path) -> None:
    measured = next((folder / "quality").rglob("*.jsonl"))
    question = "what do the people of the moon think about cookies"
    measured.write_text(f'{{"text": "{question}"}}\n', "utf-8")
    group = note(room.house, question)
    answer = room.enter(Role.AGENT).post(at(group, "/example"), {"topic": TOPIC, "wording": [question]})
    assert answer.status_code == 422 and "quality is measured" in answer.text
    assert learned(folder) == {} and len(room.house.findings.groups()) == 1


def test_a_dismissed_question_is_not_shown_again_and_the_second_dismissal_says_so(room: Room) -> None:
    group = note(room.house)
    agent = room.enter(Role.AGENT)
    for said in ("Dismissed.", GONE):
        assert agent.post(at(group, "/dismiss")).headers["location"] == "/findings?policy=klasso&kind=unanswered"
        assert said in agent.get("/findings").text
    assert room.house.findings.groups() == ()


def test_a_question_that_is_settled_meanwhile_leads_back_to_the_list_and_is_not_learned(
    room: Room, folder: Path
) -> None:
    group, agent = note(room.house), room.enter(Role.AGENT)
    room.house.findings.settle(group.id, Verdict.DISMISSED, agent.id, room.clock())
    form = {"topic": TOPIC, "wording": [ASKED]}
    for call in (lambda: agent.get(at(group)), lambda: agent.post(at(group, "/example"), form)):
        assert call().headers["location"] == "/findings?policy=klasso&kind=unanswered"
        assert CHANGED in agent.get("/findings").text
    assert learned(folder) == {}


def test_who_only_looks_can_neither_add_nor_dismiss(room: Room, folder: Path) -> None:
    group = note(room.house)
    viewer: Person = room.enter(Role.VIEWER)
    assert (
        "Dismiss" not in viewer.get("/findings").text and "<select" not in viewer.get(at(group)).text.split("<main")[1]
    )
    for deed in ("/example", "/dismiss"):
        assert viewer.post(at(group, deed), {"topic": TOPIC, "wording": [ASKED]}).status_code == 403
    assert learned(folder) == {} and len(room.house.findings.groups()) == 1


@pytest.mark.parametrize(
    "typed", ["<script>alert(1)</script> who sees it", '"><img src=x onerror=alert(1)> who', "{{ 7*7 }} who"]
)
def test_a_question_stays_text_wherever_it_is_shown(room: Room, typed: str) -> None:
    group = note(room.house, typed)
    agent = room.enter(Role.AGENT)
    for page in (agent.get("/findings"), agent.get(at(group)), agent.post(at(group, "/example"), {"wording": [typed]})):
        main = page.text.split("<main")[1]
        assert "<script>" not in main and "<img src=x" not in main and "49 who" not in main and "who" in main
