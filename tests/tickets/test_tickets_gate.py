"""The gate: which evidence settles what, in code and in both databases the same."""

from __future__ import annotations

import secrets
from itertools import chain, combinations, product
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW
from house import House
from sqlalchemy import exc

from tickets import gate, rows
from tickets.errors import ConstraintError
from tickets.store import Store, Unit
from tickets.tables import request_rights, requests
from tickets.tables_proof import evidence
from tickets.vocabulary import EvidenceKind, Right

MAILBOX, LOGIN, STAFF, NONE = EvidenceKind
EVIDENCE = [frozenset(some) for n in range(5) for some in combinations(EvidenceKind, n)]
_SOME = (Right.DELETION, Right.ACCESS, Right.OBJECTION, Right.WITHDRAW_CONSENT, Right.QUESTION, Right.COMPLAINT)
RIGHTS = [
    frozenset(some)
    for some in chain([()], combinations(Right, 1), combinations(_SOME, 2), combinations(_SOME, 3), [tuple(Right)])
]

# Written out a second time, by hand.
TWO = ["access", "deletion", "correction", "portability", "parental_review", "parental_delete"]
ONE = ["restriction", "objection", "withdraw_consent", "parental_stop_collection"]


def expected(rights: frozenset[Right], shown: frozenset[EvidenceKind]) -> bool:
    names = {right.value for right in rights}
    strong = bool(shown & {LOGIN, STAFF})
    if not names or names & set(TWO):
        return strong and (MAILBOX in shown or {LOGIN, STAFF} <= shown)
    return strong or not names & set(ONE)


def taken_by(unit: Unit, rights: frozenset[Right], shown: frozenset[EvidenceKind], row: dict[str, Any]) -> bool:
    """Whether the database itself lets such a request count as verified."""
    name = secrets.token_hex(16)
    unit.execute(sa.insert(requests).values(**row | {"id": name, "reference": name[:16]}))
    for right in rights:
        unit.execute(sa.insert(request_rights).values(request_id=name, right=right.value))
    for kind in shown:
        rows.add_evidence(unit, name, kind, "x", NOW)
    try:
        with unit.connection.begin_nested():
            unit.execute(sa.update(requests).where(requests.c.id == name).values(verified_at=NOW, status="verified"))
    except exc.IntegrityError:
        return False
    return True


def test_code_and_databases_decide_alike_on_every_combination(store: Store) -> None:
    from test_tickets_store import _ROW

    with store.unit() as unit:
        for rights, shown in product(RIGHTS, EVIDENCE):
            by_hand = expected(rights, shown)
            assert gate.settled(rights, shown) is by_hand, (rights, shown)
            assert taken_by(unit, rights, shown, _ROW) is by_hand, (rights, shown)
    assert len(RIGHTS) * len(EVIDENCE) == 53 * 16


def test_the_most_demanding_right_decides() -> None:
    assert [gate.signals_needed(r) for r in ({Right.QUESTION}, {Right.QUESTION, Right.OBJECTION})] == [0, 1]
    assert gate.signals_needed({Right.QUESTION, Right.OBJECTION, Right.ACCESS}) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE requests SET verified_at = received_at",
        "UPDATE requests SET verified_at = received_at, status = 'verified'",
        "UPDATE requests SET verified_at = received_at, status = 'in_progress'",
        "UPDATE requests SET verified_at = received_at, status = 'fulfilled', approver = 'staff:3', "
        "closed_at = received_at",
        "INSERT INTO requests SELECT 'x', 'XXX-1', policy, policy_version, channel, conversation, text, regimes, "
        "received_at, acknowledge_by, answer_by, working, is_target, 'fulfilled', received_at, filer, received_at, "
        "'staff:3', NULL, NULL, NULL, NULL, 1, country, target_days, NULL, NULL, NULL, NULL, NULL, NULL FROM requests",
    ],
)
def test_raw_sql_cannot_execute_what_is_not_proven(store: Store, statement: str) -> None:
    house = House(store)
    receipt = house.file()
    house.identity.check_code("conversation-1", house.code(receipt.reference), NOW)  # a mailbox alone is not enough
    with pytest.raises(ConstraintError), store.unit() as unit:
        unit.execute(sa.text(statement))
        unit.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET kind = 'login_token'",
        "DELETE FROM evidence",
        "UPDATE request_rights SET \"right\" = 'question'",
        "DELETE FROM request_rights",
        "INSERT INTO request_rights SELECT id, 'access' FROM requests",
    ],
)
def test_raw_sql_cannot_bend_what_a_verified_request_was_proven_for(store: Store, statement: str) -> None:
    House(store).verified()
    with pytest.raises(ConstraintError), store.unit() as unit:
        unit.execute(sa.text(statement))
        unit.commit()


def test_the_same_row_is_taken_once_it_is_proven(store: Store) -> None:
    """The control for the refusals above."""
    house = House(store)
    receipt = house.verified()
    with store.unit() as unit:
        done = {"status": "fulfilled", "approver": "staff:3", "closed_at": house.row(receipt.reference)["hold_until"]}
        unit.execute(sa.update(requests).values(**done))
        unit.commit()


def test_without_its_triggers_the_database_takes_what_is_not_proven(store: Store) -> None:
    """The control: it is the trigger that refuses."""
    House(store).file()
    gates = ["requests_gate_insert", "requests_gate_update"] if store.is_sqlite else ["requests_gate ON requests"]
    with store.unit() as unit:
        for name in gates:
            unit.execute(sa.text(f"DROP TRIGGER {name}"))
        unit.execute(sa.text("UPDATE requests SET verified_at = received_at, status = 'verified'"))


@pytest.mark.parametrize(
    ("right", "shown", "words"),
    [
        (Right.DELETION, [], "nothing shown yet; account not yet checked"),
        (Right.DELETION, [MAILBOX], "controls the mailbox; account not yet checked"),
        (Right.DELETION, [STAFF], "agrees with our records; a second, different signal is needed"),
        (Right.DELETION, [STAFF, MAILBOX], "controls the mailbox; agrees with our records"),
        (Right.OBJECTION, [LOGIN], "logged in at the company's site"),
        (Right.QUESTION, [NONE], "no proof is needed for this"),
    ],
)
def test_staff_read_in_words_what_is_known(right: Right, shown: list[EvidenceKind], words: str) -> None:
    assert gate.in_words({right}, shown) == words


def test_evidence_names_who_says_so(store: Store) -> None:
    house = House(store)
    house.verified()
    with store.reading() as unit:
        said = unit.execute(sa.select(evidence.c.kind, evidence.c.actor).order_by(evidence.c.kind)).all()
    assert [tuple(one) for one in said] == [("mailbox_control", "requester"), ("staff_record_match", "staff:1")]
