"""Deciding: only what may be done is offered, letters are seen before they go, and nobody writes over anybody."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from queue_room import CONTACT, Room, hidden, words
from staff_people import Clock, Person

from console.house import House
from console.pages.decide_table import MOVES
from tickets.allowed import Action
from tickets.vocabulary import DelayReason, EvidenceKind, RefusalReason, Right, Role, Status

PART = {
    "outcome_access": "fulfilled",
    "outcome_portability": "refused",
    "reason_portability": RefusalReason.LEGALLY_EXEMPTED.value,
    "basis_portability": "GDPR Art. 20(4)",
}
WHY = {"reason": RefusalReason.LEGALLY_EXEMPTED.value, "basis": "GDPR Art. 17(3)(b)"}
LETTERS: list[tuple[str, str, dict[str, Any]]] = [
    ("ask", "asked", {"question": "Which account do you mean?"}),
    ("extend", "extended", {"delay": DelayReason.COMPLEXITY_OF_PROCESS.value}),
    ("refer", "referred", {"controller": "your school"}),
    ("refuse", "denied", WHY),
    ("partly-fulfil", "partly_fulfilled", PART),
    ("fulfil", "fulfilled", {}),
]


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    return Room(house, clock)


@pytest.fixture
def agent(room: Room) -> Person:
    return room.person(Role.AGENT, "agent-one")


def offered(person: Person, reference: str) -> set[str]:
    """The moves that the page of a request offers."""
    page = person.get(f"/requests/{reference}").text
    return {move.slug for move in MOVES if f'"/requests/{reference}/{move.slug}"' in page}


def approved(room: Room, *rights: Right) -> str:
    """A request that can be fulfilled at once."""
    reference = room.in_progress(*(rights or (Right.ACCESS, Right.PORTABILITY)))
    room.house.decisions.approve(reference, "staff:second", room.clock.now)
    return reference


def test_only_the_next_moves_are_offered_and_the_others_say_why_not(room: Room, agent: Person) -> None:
    fresh = room.file(Right.DELETION)
    assert offered(agent, fresh) == {"verify", "extend", "refer", "refuse", "link-duplicate"}
    said = words(agent.get(f"/requests/{fresh}"))
    assert "Start work Work begins once it is settled who asks" in said
    assert "Approve This takes the role of an approver." in said
    working = room.in_progress(Right.DELETION)
    assert offered(agent, working) == {"ask", "await-controller", "extend", "refer", "refuse"}
    assert "Fulfil A second person has to approve it first." in words(agent.get(f"/requests/{working}"))


def test_an_extension_is_offered_only_where_a_law_allows_it(room: Room, agent: Person) -> None:
    assert "extend" not in offered(agent, room.in_progress(Right.ACCESS, regimes=frozenset()))


def test_a_deletion_takes_two_people_a_hold_and_the_password(room: Room, agent: Person) -> None:
    approver = room.person(Role.APPROVER, "approver-one")
    reference = room.file(Right.DELETION, evidence=frozenset({EvidenceKind.LOGIN_TOKEN}))
    here = f"/requests/{reference}"
    agent.post(f"{here}/verify", room.fresh(reference, kind="staff_record_match"))
    agent.post(f"{here}/start", room.fresh(reference))
    assert room.status(reference) is Status.IN_PROGRESS
    asked = approver.post(f"{here}/approve", room.fresh(reference))
    assert asked.status_code == 403 and 'name="again"' in asked.text  # the password comes first
    approver.confirm()
    assert approver.post(f"{here}/approve", room.fresh(reference)).status_code == 303
    agent.confirm()
    early = agent.post(f"{here}/fulfil", room.fresh(reference, step="send"))
    assert early.status_code == 409 and "On hold until" in words(early)
    room.clock.pass_by(hours=73)
    late = room.person(Role.AGENT, "agent-three")
    assert late.post(f"{here}/fulfil", room.fresh(reference, step="send")).status_code == 403
    assert room.status(reference) is Status.IN_PROGRESS
    late.confirm()
    assert late.post(f"{here}/fulfil", room.fresh(reference, step="send")).status_code == 303
    assert room.status(reference) is Status.FULFILLED


def test_who_approved_a_deletion_does_not_carry_it_out(room: Room) -> None:
    approver = room.person(Role.APPROVER, "approver-one")
    reference = room.in_progress(Right.DELETION)
    room.house.decisions.approve(reference, approver.id, room.clock.now)
    room.clock.pass_by(minutes=1)
    assert "fulfil" not in offered(approver, reference)
    approver.confirm()
    assert approver.post(f"/requests/{reference}/fulfil", room.fresh(reference, step="send")).status_code == 409
    assert room.status(reference) is Status.IN_PROGRESS


@pytest.mark.parametrize(("slug", "kind", "typed"), LETTERS, ids=[slug for slug, *_ in LETTERS])
def test_what_was_seen_is_what_is_sent(room: Room, agent: Person, slug: str, kind: str, typed: dict[str, Any]) -> None:
    reference = approved(room)
    agent.confirm()
    preview = agent.post(f"/requests/{reference}/{slug}", room.fresh(reference, **typed))
    assert preview.status_code == 200 and "This goes to the person" in words(preview)
    assert room.letters(reference, kind) == [] and room.status(reference) is Status.IN_PROGRESS
    sent = agent.post(f"/requests/{reference}/{slug}", {**hidden(preview), "step": "send"})
    assert sent.status_code == 303, words(sent)
    (letter,) = room.letters(reference, kind)
    assert " ".join(letter.split()) in words(preview)


def test_a_refusal_says_why_what_it_rests_on_and_how_to_complain(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION)
    page = agent.get(f"/requests/{reference}/refuse")
    assert "the data protection authority of the EU country" in words(page)
    assert "GDPR Art. 17(3)(b)" in page.text and "privacy policy of" in page.text  # to choose from
    letter = words(agent.post(f"/requests/{reference}/refuse", room.fresh(reference, **WHY)))
    assert "because a law exempts this data from the request" in letter
    assert "It rests on: GDPR Art. 17(3)(b)" in letter and "complain to the data protection authority" in letter


@pytest.mark.parametrize(
    "lacking", [{"reason": ""}, {"basis": " "}, {"reason": "Because"}, {"basis": f"ask {CONTACT}"}]
)
@pytest.mark.parametrize("step", ["look", "send"])
def test_a_refusal_without_reason_or_basis_is_not_sent(
    room: Room, agent: Person, lacking: dict[str, str], step: str
) -> None:
    reference = room.file(Right.DELETION)
    answer = agent.post(f"/requests/{reference}/refuse", room.fresh(reference, **{**WHY, **lacking}, step="send"))
    assert answer.status_code == 422 and room.status(reference) is Status.UNVERIFIED
    assert room.letters(reference, "denied") == []


def test_what_was_typed_stays_in_a_form_that_was_not_taken(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION)
    page = agent.post(f"/requests/{reference}/refuse", room.fresh(reference, reason="", basis="a basis of my own"))
    assert 'value="a basis of my own"' in page.text and "Choose the reason." in words(page)


def test_a_second_save_never_writes_over_the_first(room: Room, agent: Person) -> None:
    other, reference = room.person(Role.AGENT, "agent-two"), room.in_progress(Right.ACCESS)
    form = room.fresh(reference, question="a question that took long to write", step="send")
    room.house.decisions.await_controller(reference, other.id, room.clock.now)
    answer = agent.post(f"/requests/{reference}/ask", form)
    said = words(answer)
    assert answer.status_code == 409 and "agent-two turned to the controller" in said
    assert "a question that took long to write" in answer.text
    assert room.status(reference) is Status.AWAITING_CONTROLLER and room.letters(reference, "asked") == []


def test_where_nobody_can_be_written_to_that_is_said_before(room: Room, agent: Person) -> None:
    answer = agent.post(
        "/queue/new",
        {"policy": "klasso", "received": "2026-03-01", "manner": "letter", "right": "access", "key": "key-of-the-form"},
    )
    reference = answer.headers["location"].removeprefix("/requests/")
    preview = agent.post(f"/requests/{reference}/refuse", room.fresh(reference, **WHY))
    assert "There is no address to send it to" in words(preview) and "and send" not in words(preview)


def test_after_a_collision_the_form_can_be_sent_on_purpose(room: Room, agent: Person) -> None:
    other, reference = room.person(Role.AGENT, "agent-two"), room.in_progress(Right.ACCESS)
    form = room.fresh(reference, **WHY, step="send")
    room.house.handling.claim(reference, other.id, room.clock.now)
    collided = agent.post(f"/requests/{reference}/refuse", form)
    assert collided.status_code == 409 and "agent-two took the request" in words(collided)
    again = agent.post(f"/requests/{reference}/refuse", {**hidden(collided), **WHY, "step": "send"})
    assert again.status_code == 303 and room.status(reference) is Status.DENIED


def test_of_two_who_decide_at_once_one_wins(room: Room, agent: Person) -> None:
    people = [agent, room.person(Role.AGENT, "agent-two")]
    for _ in range(10):
        reference = room.in_progress(Right.ACCESS)
        form, answers = room.fresh(reference, **WHY, step="send"), []
        tokens = [person.token() for person in people]

        def refuse(person: Person, token: str, here: str = reference, form: Any = form, answers: Any = answers) -> None:
            data, headers = {**form, "token": token}, {"origin": str(person.client.base_url).rstrip("/")}
            answers.append(person.client.post(f"/requests/{here}/refuse", data=data, headers=headers).status_code)

        threads = [threading.Thread(target=refuse, args=pair) for pair in zip(people, tokens)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [303, 409] and len(room.letters(reference, "denied")) == 1


def test_a_part_is_fulfilled_right_by_right(room: Room, agent: Person) -> None:
    reference = approved(room, Right.ACCESS, Right.PORTABILITY, Right.OBJECTION)
    agent.confirm()
    here = f"/requests/{reference}/partly-fulfil"
    objection = {"outcome_objection": "partly_fulfilled", "reason_objection": "FulfilmentImpossible"}
    typed = {**PART, **objection, "basis_objection": "clause 7"}
    assert agent.get(here).text.count('type="radio"') == 9
    page = agent.post(here, room.fresh(reference, **typed))
    letter = words(page)
    assert "Done: a copy of your data." in letter and "It rests on: GDPR Art. 20(4)" in letter
    assert "Done in part: objection. The rest was not done, because it is impossible to do." in letter
    assert agent.post(here, {**hidden(page), "step": "send"}).status_code == 303
    said = words(agent.get(f"/requests/{reference}"))
    assert "What became of it A copy of your data Done" in said and "Objection Done in part because it is" in said
    assert "It rests on: clause 7" in said and "How to complain: to the data protection authority" in said


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ({"outcome_access": ""}, "Say what became of this: copy of the data."),
        ({"outcome_access": "nonsense"}, "Say what became of this: copy of the data."),
        ({"outcome_portability": "fulfilled"}, "In part means that something was done"),
        ({"outcome_access": "refused", "reason_access": "ProcessUnfounded", "basis_access": "x"}, "In part means"),
        ({"reason_portability": ""}, "Choose the reason for this: portable copy."),
        ({"basis_portability": " "}, "Name the clause or law for this: portable copy."),
    ],
)
def test_a_part_that_lacks_something_is_not_sent(room: Room, agent: Person, lacking: dict[str, str], told: str) -> None:
    reference = approved(room)
    agent.confirm()
    typed = {**PART, **lacking, "step": "send"}
    answer = agent.post(f"/requests/{reference}/partly-fulfil", room.fresh(reference, **typed))
    assert answer.status_code == 422 and told in words(answer), words(answer)
    assert room.status(reference) is Status.IN_PROGRESS and room.letters(reference, "partly_fulfilled") == []


def test_one_right_alone_is_done_in_part_with_its_reason(room: Room, agent: Person) -> None:
    reference = approved(room, Right.ACCESS)
    agent.confirm()
    here = f"/requests/{reference}/partly-fulfil"
    assert agent.get(here).text.count('type="radio"') == 1
    why = {"outcome_access": "partly_fulfilled", "reason_access": "ProcessUnfounded", "basis_access": "clause 2"}
    assert agent.post(here, room.fresh(reference, **why, step="send")).status_code == 303
    assert room.status(reference) is Status.PARTLY_FULFILLED


def test_the_longer_date_is_shown_before_it_is_taken(room: Room, agent: Person) -> None:
    reference = room.in_progress(Right.ACCESS)
    assert "The new date would be Tuesday 2 June 2026" in words(agent.get(f"/requests/{reference}/extend"))
    agent.post(f"/requests/{reference}/extend", room.fresh(reference, delay="InformationRequired", step="send"))
    assert room.house.requests.show(reference).summary.answer_by.isoformat() == "2026-06-02"


def test_a_duplicate_names_a_request_that_is_there(room: Room, agent: Person) -> None:
    kept, copy = room.file(Right.DELETION), room.file(Right.DELETION)
    wrong = agent.post(f"/requests/{copy}/link-duplicate", room.fresh(copy, original="KLS-2222-222F"))
    assert wrong.status_code == 422 and "There is no request of that reference." in words(wrong)
    typed = kept.lower().replace("-", " ")
    sent = agent.post(f"/requests/{copy}/link-duplicate", room.fresh(copy, original=typed, step="send"))
    assert sent.status_code == 303 and room.status(copy) is Status.DUPLICATE


def test_a_question_begins_with_a_template(room: Room, agent: Person) -> None:
    reference = room.in_progress(Right.ACCESS)
    page = agent.get(f"/requests/{reference}/ask?template=account")
    assert "With which address or user name is the account kept?" in words(page)
    assert agent.get(f"/requests/{reference}/ask?template=nonsense").status_code == 200


def test_a_move_that_is_not_allowed_shows_no_form(room: Room, agent: Person) -> None:
    reference = room.file(Right.DELETION)
    page = agent.get(f"/requests/{reference}/start")
    assert (
        "Work begins once it is settled who asks" in words(page) and f'action="/requests/{reference}' not in page.text
    )


@pytest.mark.parametrize("move", MOVES, ids=[move.slug for move in MOVES])
def test_each_move_needs_its_role(room: Room, move: Any) -> None:
    reference, viewer = approved(room), room.person(Role.VIEWER, "viewer-one")
    assert viewer.get(f"/requests/{reference}/{move.slug}").status_code == 403
    before = room.trail(reference)
    assert viewer.post(f"/requests/{reference}/{move.slug}", room.fresh(reference, step="send")).status_code == 403
    if move.action is Action.APPROVE:
        agent = room.person(Role.AGENT, "agent-one")
        assert agent.post(f"/requests/{reference}/approve", room.fresh(reference)).status_code == 403
    assert room.trail(reference) == before


def test_there_is_a_form_for_every_decision() -> None:
    beside = {Action.CLAIM, Action.NOTE, Action.REPLY, Action.REVEAL}
    assert {move.action for move in MOVES} == set(Action) - beside
