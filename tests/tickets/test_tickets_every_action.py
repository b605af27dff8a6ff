"""Everything that anybody can do with requests, in any order: what must never be true is looked for after each step.

Some thousand actions are tried with the suite. For the long walk:

    STEPS=100000 python -m pytest tests/tickets/test_tickets_every_action.py -k no_order -s --timeout 14400
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW
from house import CHECKER, WORKER
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from walk import done
from walk_actions import EveryAction

from tickets import gate
from tickets.moves import GUARDS, Guard
from tickets.vocabulary import EvidenceKind, Right

STEPS = int(os.environ.get("STEPS", "1500"))
OF_ONE_WALK = 50
ALWAYS = ("code right", "match", "start", "approve", "fulfil", "raw sql refused", "raw sql let through")
IN_THE_LONG_RUN = (
    *("code wrong", "code spent", "code expired", "verify", "extend", "partly", "link", "stop", "withdraw", "refer"),
    *("refuse", "expired", "ask_requester", "heard_requester", "await_controller", "heard_controller"),
)
LONG = 20_000


@pytest.fixture(autouse=True)
def template(migrated_file: Path) -> Iterator[None]:
    EveryAction.template = migrated_file
    done.clear()
    yield


def walk(steps: int, *phases: Phase) -> None:
    """Walk about so many steps, from an empty database again and again."""
    run_state_machine_as_test(
        EveryAction,
        settings=settings(
            max_examples=max(1, steps // OF_ONE_WALK),
            stateful_step_count=OF_ONE_WALK,
            deadline=None,
            database=None,
            phases=phases or tuple(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_order_of_actions_breaks_a_rule() -> None:
    while done["actions"] < STEPS:
        walk(min(STEPS, LONG))
    print(dict(sorted(done.items())))
    expected = (*ALWAYS, *IN_THE_LONG_RUN) if STEPS >= LONG else ALWAYS
    assert [name for name in expected if not done[name]] == []


# The controls: the same look, with a defence removed


@pytest.fixture
def walker() -> Iterator[EveryAction]:
    """A walk that is led by hand."""
    machine = EveryAction()
    yield machine
    machine.store.close()


def come_to_work(walker: EveryAction) -> str:
    """A deletion that somebody works on."""
    reference = walker.house.in_progress().reference
    walker.references.append(reference)
    walker.shown_by_code.add(reference)
    walker.nothing_is_true_that_must_not_be()
    return reference


def test_without_the_gate_in_code_the_database_still_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "settled", lambda rights, shown: True)
    with pytest.raises(AssertionError, match="the database held"):
        walk(500, Phase.generate)


def test_without_the_second_person_the_look_after_each_step_finds_it(
    walker: EveryAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GUARDS, Guard.SECOND_PERSON, lambda case: True)
    reference = come_to_work(walker)
    walker.house.staff.approve(reference, WORKER, NOW)
    walker.house.staff.fulfil(reference, WORKER, NOW + timedelta(days=3))
    with pytest.raises(AssertionError, match="one person alone"):
        walker.nothing_is_true_that_must_not_be()


def test_without_a_hold_the_look_after_each_step_finds_it(walker: EveryAction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "is_destructive", lambda rights: False)
    reference = come_to_work(walker)
    walker.house.staff.approve(reference, CHECKER, NOW)
    walker.house.staff.fulfil(reference, WORKER, NOW)
    with pytest.raises(AssertionError, match="on hold"):
        walker.nothing_is_true_that_must_not_be()


def test_evidence_out_of_nowhere_and_a_status_past_the_trail_are_found(walker: EveryAction) -> None:
    import sqlalchemy as sa

    from tickets import rows

    reference = walker.house.file(rights=frozenset({Right.OBJECTION})).reference
    with walker.store.unit() as unit:
        rows.add_evidence(unit, walker.house.row(reference)["id"], EvidenceKind.MAILBOX_CONTROL, "requester", NOW)
        unit.commit()
    with pytest.raises(AssertionError, match="by its code"):
        walker.nothing_is_true_that_must_not_be()
    walker.shown_by_code.add(reference)
    walker.nothing_is_true_that_must_not_be()
    with walker.store.unit() as unit:
        unit.execute(sa.text("UPDATE requests SET status = 'received'"))
        unit.commit()
    with pytest.raises(AssertionError, match="past the trail"):
        walker.nothing_is_true_that_must_not_be()
