"""What the request page offers: walked over statuses, roles and evidence, and compared with what goes through."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from conftest import MAIL, NOW, VAULT
from house import APPROVER, CHECKER, FAR, WORKER, House, at, in_part, rights

from tickets.allowed import MAY, ROLE_FOR, Action, allowed
from tickets.errors import MoveError
from tickets.handling import Handling
from tickets.model import Details
from tickets.retention import Keeper
from tickets.staff import Member
from tickets.store import Store
from tickets.vocabulary import (
    CLOSED,
    OPEN,
    Channel,
    DelayReason,
    EvidenceKind,
    RefusalReason,
    Regime,
    Right,
    Role,
    Status,
)

LATER = at(days=4)  # the hold is over
AGENTS_TABLE = {  # for each open status, what one who may do everything is offered; the rest of the table is "no"
    Status.RECEIVED: {Action.VERIFY, Action.LINK_DUPLICATE},
    Status.UNVERIFIED: {Action.VERIFY, Action.LINK_DUPLICATE},
    Status.VERIFIED: {Action.START, Action.LINK_DUPLICATE, Action.APPROVE},
    Status.IN_PROGRESS: {Action.ASK, Action.AWAIT_CONTROLLER, Action.APPROVE},
    Status.AWAITING_REQUESTER: {Action.HEARD, Action.APPROVE},
    Status.AWAITING_CONTROLLER: {Action.HEARD_CONTROLLER, Action.APPROVE},
}
ALWAYS_OPEN = {Action.EXTEND, Action.REFER, Action.REFUSE, Action.CLAIM}
ALWAYS = {Action.NOTE, Action.REPLY, Action.REVEAL}


def member(name: str = "staff:9", role: Role = Role.ADMIN, **changes: Any) -> Member:
    usual = Member(name, "nine", role, is_disabled=False, has_second_factor=True, is_first_password=False)
    return replace(usual, **changes)


@pytest.fixture(scope="module")
def filed(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Details:
    """An ordinary request as staff see it."""
    path = tmp_path_factory.mktemp("allowed") / "one.db"
    copyfile(migrated_file, path)
    with Store(f"sqlite:///{path}") as store:
        house = House(store, FAR)
        return house.service.show(house.file(regimes=frozenset({Regime.GDPR})).reference)


def standing(filed: Details, status: Status, **changes: Any) -> Details:
    """The same request in another status; it is settled who asks where that is needed."""
    settled = NOW if status not in (Status.RECEIVED, Status.UNVERIFIED) else None
    return replace(filed, summary=replace(filed.summary, status=status), **({"verified_at": settled} | changes))


def offered(details: Details, who: Member, now: Any = NOW) -> set[Action]:
    return {action for action, why in allowed(details, who, now).items() if why == MAY}


@pytest.mark.parametrize("status", Status)
def test_each_status_offers_exactly_its_moves(filed: Details, status: Status) -> None:
    expected = ALWAYS | (AGENTS_TABLE[status] | ALWAYS_OPEN if status in OPEN else set())
    assert offered(standing(filed, status), member()) == expected


def test_no_role_is_offered_more_than_the_table_says(filed: Details) -> None:
    for status, role, approver in itertools.product(Status, Role, ("", APPROVER)):
        details = standing(filed, status, approver=approver)
        every, own = offered(details, member()), offered(details, member(role=role))
        may = {action for action in Action if list(Role).index(role) >= list(Role).index(ROLE_FOR[action])}
        assert own == every & may, (status, role)


def test_a_viewer_and_a_disabled_login_are_offered_nothing(filed: Details) -> None:
    for status in Status:
        assert offered(standing(filed, status), member(role=Role.VIEWER)) == set()
        assert offered(standing(filed, status), member(is_disabled=True)) == set()


def test_approving_alone_takes_the_second_role() -> None:
    assert {action for action in Action if ROLE_FOR[action] is not Role.AGENT} == {Action.APPROVE}


def test_what_is_not_offered_has_a_sentence_that_says_why(filed: Details) -> None:
    for status, role in itertools.product(Status, Role):
        answers = allowed(standing(filed, status), member(role=role), NOW)
        assert list(answers) == list(Action)
        assert all(why == MAY or (why[0].isupper() and why.endswith(".")) for why in answers.values())


def test_a_deletion_is_done_by_another_than_the_approver_and_after_the_hold(filed: Details) -> None:
    ready = standing(filed, Status.IN_PROGRESS, approver=APPROVER, hold_until=at(days=3))
    for action in (Action.FULFIL, Action.PARTLY_FULFIL):
        assert allowed(ready, member(WORKER), LATER)[action] == MAY
        assert "On hold until Tuesday 3 February 2026, 12:00 UTC" in allowed(ready, member(WORKER), NOW)[action]
        assert "another person" in allowed(ready, member(APPROVER), LATER)[action]
        assert "second person" in allowed(replace(ready, approver=""), member(WORKER), LATER)[action]
        assert "On hold" in allowed(replace(ready, hold_until=None), member(WORKER), LATER)[action]


def test_time_is_extended_once_in_time_and_only_where_a_law_allows_it(filed: Details) -> None:
    open_one = standing(filed, Status.IN_PROGRESS)
    assert allowed(open_one, member(), NOW)[Action.EXTEND] == MAY
    assert "once" in allowed(replace(open_one, extended=True), member(), NOW)[Action.EXTEND]
    assert "too late" in allowed(open_one, member(), at(days=40))[Action.EXTEND]
    assert "No law" in allowed(replace(open_one, regimes=()), member(), NOW)[Action.EXTEND]


def test_a_colleagues_request_is_not_claimed_over_their_head(filed: Details) -> None:
    assert "colleague" in allowed(replace(filed, assignee=WORKER), member(), NOW)[Action.CLAIM]
    assert "yours" in allowed(replace(filed, assignee="staff:9"), member(), NOW)[Action.CLAIM]


def test_without_a_contact_nothing_is_revealed_and_who_came_by_phone_is_not_written_to(filed: Details) -> None:
    nobody = replace(filed, contacts=())
    assert allowed(nobody, member(), NOW)[Action.REVEAL] != MAY and allowed(nobody, member(), NOW)[Action.REPLY] == MAY
    assert allowed(replace(nobody, channel=Channel.STAFF), member(), NOW)[Action.REPLY] != MAY


# The same table against what really goes through

_REASON = (RefusalReason.PROCESS_UNFOUNDED, "GDPR Art. 12(5)")
_Do = Callable[[House, Handling, str, str, Any], object]
DONE: dict[Action, _Do] = {
    Action.VERIFY: lambda h, k, ref, who, now: h.staff.verify(ref, EvidenceKind.LOGIN_TOKEN, who, now),
    Action.START: lambda h, k, ref, who, now: h.staff.start(ref, who, now),
    Action.ASK: lambda h, k, ref, who, now: h.staff.ask_requester(ref, "Which one?", who, now),
    Action.HEARD: lambda h, k, ref, who, now: h.staff.heard_requester(ref, who, now),
    Action.AWAIT_CONTROLLER: lambda h, k, ref, who, now: h.staff.await_controller(ref, who, now),
    Action.HEARD_CONTROLLER: lambda h, k, ref, who, now: h.staff.heard_controller(ref, who, now),
    Action.EXTEND: lambda h, k, ref, who, now: h.staff.extend(ref, DelayReason.COMPLEXITY_OF_PROCESS, who, now),
    Action.REFER: lambda h, k, ref, who, now: h.staff.refer(ref, "the school", who, now),
    Action.APPROVE: lambda h, k, ref, who, now: h.staff.approve(ref, who, now),
    Action.FULFIL: lambda h, k, ref, who, now: h.staff.fulfil(ref, who, now),
    Action.PARTLY_FULFIL: lambda h, k, ref, who, now: h.staff.partly_fulfil(ref, in_part(*asked(h, ref)), who, now),
    Action.REFUSE: lambda h, k, ref, who, now: h.staff.refuse(ref, *_REASON, who, now),
    Action.LINK_DUPLICATE: lambda h, k, ref, who, now: h.staff.link_duplicate(ref, original(h), who, now),
    Action.CLAIM: lambda h, k, ref, who, now: k.claim(ref, who, now),
    Action.NOTE: lambda h, k, ref, who, now: k.note(ref, "looked", who, now),
    Action.REPLY: lambda h, k, ref, who, now: k.reply(ref, "hello", who, now),
    Action.REVEAL: lambda h, k, ref, who, now: k.reveal(ref, who, "compare", now),
}


def asked(house: House, reference: str) -> tuple[Right, ...]:
    return house.service.show(reference).summary.rights


def original(house: House) -> str:
    """Another open request that asks for all that these ask for."""
    every = rights(Right.DELETION, Right.OBJECTION, Right.QUESTION)
    return house.file(conversation="o", idempotency_key="o", rights=every, contact="").reference


def _extended(house: House, reference: str) -> None:
    house.staff.extend(reference, DelayReason.COMPLEXITY_OF_PROCESS, WORKER, NOW)


def _made(house: House, kind: str) -> str:
    """A request that came that far."""
    gdpr = {"regimes": frozenset({Regime.GDPR})}
    if kind == "unverified":
        return house.file(**gdpr).reference
    if kind == "one signal by nine":
        reference = house.file(**gdpr).reference
        house.staff.verify(reference, EvidenceKind.STAFF_RECORD_MATCH, "staff:9", NOW)
        return reference
    if kind == "by nine":
        return house.file(
            rights=rights(Right.QUESTION), channel=Channel.STAFF, filer="staff:9", contact="+44 20 7946 0123"
        ).reference
    if kind == "one signal right":
        reference = house.file(rights=rights(Right.OBJECTION), **gdpr).reference
        house.staff.verify(reference, EvidenceKind.STAFF_RECORD_MATCH, CHECKER, NOW)
        return reference
    reference = house.verified(**gdpr).reference
    if kind == "verified":
        return reference
    house.staff.start(reference, WORKER, NOW)
    after: dict[str, Callable[[], object]] = {
        "in progress": lambda: None,
        "extended": lambda: _extended(house, reference),
        "asked": lambda: house.staff.ask_requester(reference, "Which one?", WORKER, NOW),
        "controller": lambda: house.staff.await_controller(reference, WORKER, NOW),
        "approved": lambda: house.staff.approve(reference, APPROVER, NOW),
        "approved by nine": lambda: house.staff.approve(reference, "staff:9", NOW),
        "assigned": lambda: Handling(house.store, VAULT, MAIL).claim(reference, WORKER, NOW),
        "refused": lambda: house.staff.refuse(reference, *_REASON, WORKER, NOW),
        "withdrawn": lambda: house.service.withdraw(reference, "conversation-1", NOW),
        "erased": lambda: (
            house.staff.refer(reference, "the school", WORKER, NOW),
            Keeper(house.store, VAULT).forget("conversation-1", NOW),
        ),
    }
    after[kind]()
    return reference


KINDS = (
    *("unverified", "one signal by nine", "by nine", "one signal right", "verified", "in progress", "extended"),
    *("asked", "controller", "approved", "approved by nine", "assigned", "refused", "withdrawn", "erased"),
)
AT_ONCE, LATE = at(hours=1), at(days=60)
CASES = [
    *((kind, LATER) for kind in KINDS),
    *(("approved", AT_ONCE), ("approved by nine", AT_ONCE), ("in progress", LATE), ("extended", LATE)),
]


@pytest.mark.parametrize(("kind", "now"), CASES)
def test_what_is_offered_goes_through_and_what_is_not_is_refused(
    kind: str, now: Any, migrated_file: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made.db"
    copyfile(migrated_file, made)
    with Store(f"sqlite:///{made}") as store:
        reference = _made(House(store, FAR), kind)
        said = allowed(House(store, FAR).service.show(reference), member(), now)
    for action in Action:
        copyfile(made, tmp_path / f"{action.value}.db")
        with Store(f"sqlite:///{tmp_path / action.value}.db") as store:
            house = House(store, FAR)
            try:
                DONE[action](house, Handling(store, VAULT, MAIL), reference, "staff:9", now)
                went = True
            except MoveError:
                went = False
        # Nothing is hidden in a contact that is not there, but looking is logged all the same.
        assert went == (said[action] == MAY) or (action is Action.REVEAL and went), (action, said[action])


def test_every_closed_status_is_among_those_walked() -> None:
    assert {status for status in Status if status in CLOSED} == set(Status) - set(AGENTS_TABLE)
