"""Every pair of statuses is either in the table with its guards, or refused."""

from dataclasses import replace
from datetime import datetime, timezone
from itertools import product
from typing import Any

import pytest

from tickets.errors import MoveError
from tickets.moves import GUARDS, MOVES, Case, Guard, check_move
from tickets.vocabulary import AT_WORK, CLOSED, EXECUTED, OPEN, DelayReason, RefusalReason, Right, Status

HOLDS: dict[Guard, dict[str, Any]] = {
    Guard.IDENTITY_SETTLED: {"verified_at": datetime(2026, 1, 1, tzinfo=timezone.utc)},
    Guard.SECOND_PERSON: {"approver": "staff:b"},
    Guard.REFUSAL_REASONED: {"refusal_reason": RefusalReason.LEGALLY_EXEMPTED, "refusal_basis": "clause 4"},
    Guard.ORIGINAL_NAMED: {"duplicate_of": "other"},
    Guard.CONTROLLER_NAMED: {"referred_to": "the school"},
    Guard.PROOF_WINDOW_OVER: {"proof_window_over": True},
    Guard.HOLD_OVER: {"hold_over": True},
}
# Written out a second time, by hand: from -> to.
ALLOWED = {
    "received": "unverified verified withdrawn denied referred duplicate",
    "unverified": "verified expired_unverified withdrawn denied referred duplicate",
    "verified": "in_progress withdrawn denied referred duplicate",
    "in_progress": "awaiting_requester awaiting_controller fulfilled partly_fulfilled withdrawn denied referred",
    "awaiting_requester": "in_progress withdrawn denied referred",
    "awaiting_controller": "in_progress withdrawn denied referred",
}


def ready(status: Status) -> Case:
    """A case for which every guard holds."""
    case = Case(status, filer="requester:a")
    for facts in HOLDS.values():
        case = replace(case, **facts)
    return case


@pytest.mark.parametrize(("start", "end"), product(Status, Status))
def test_a_pair_is_allowed_exactly_where_the_list_says_so(start: Status, end: Status) -> None:
    if end.value in ALLOWED.get(start.value, "").split():
        check_move(ready(start), end)
    else:
        with pytest.raises(MoveError):
            check_move(ready(start), end)


@pytest.mark.parametrize(("move", "guard"), [(move, guard) for move, guards in MOVES.items() for guard in guards])
def test_a_move_is_refused_by_name_when_one_of_its_guards_does_not_hold(
    move: tuple[Status, Status], guard: Guard
) -> None:
    start, end = move
    empty = Case(start, filer="requester:a")
    lacking = replace(ready(start), **{name: getattr(empty, name) for name in HOLDS[guard]})
    with pytest.raises(MoveError, match=guard.value):
        check_move(lacking, end)


def test_the_filer_is_no_second_person() -> None:
    assert not GUARDS[Guard.SECOND_PERSON](Case(Status.IN_PROGRESS, filer="staff:a", approver="staff:a"))
    assert not GUARDS[Guard.SECOND_PERSON](Case(Status.IN_PROGRESS, filer="staff:a", approver=""))


def test_what_cannot_be_undone_takes_an_approver_and_another_to_do_it() -> None:
    deletion = Case(Status.IN_PROGRESS, filer="requester:a", approver="staff:b", destructive=True, actor="staff:b")
    assert not GUARDS[Guard.SECOND_PERSON](deletion)
    assert GUARDS[Guard.SECOND_PERSON](replace(deletion, actor="staff:c"))
    assert GUARDS[Guard.SECOND_PERSON](replace(deletion, destructive=False))


def test_every_guard_is_defined_and_used() -> None:
    assert set(GUARDS) == set(Guard) == {guard for guards in MOVES.values() for guard in guards}


@pytest.mark.parametrize("status", sorted(AT_WORK | EXECUTED))
def test_no_way_leads_to_work_without_settled_identity(status: Status) -> None:
    """Walk from `received` through every move that needs no settled identity."""
    reached, waiting = {Status.RECEIVED}, [Status.RECEIVED]
    while waiting:
        start = waiting.pop()
        for (origin, end), guards in MOVES.items():
            if origin is start and Guard.IDENTITY_SETTLED not in guards and end not in reached:
                reached.add(end)
                waiting.append(end)
    assert status not in reached


def test_closed_is_final_and_every_open_request_can_be_closed() -> None:
    assert not [move for move in MOVES if move[0] in CLOSED]
    assert all((status, Status.WITHDRAWN) in MOVES for status in OPEN)


def test_the_vocabularies_are_those_of_the_page() -> None:
    assert [len(words) for words in (Right, Status, DelayReason, RefusalReason)] == [16, 13, 4, 14]
    assert OPEN.isdisjoint(CLOSED) and CLOSED >= EXECUTED and OPEN > AT_WORK
