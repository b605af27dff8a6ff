"""A request that is done in part: what became of each right is written down, told everywhere, and never changed."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, VAULT
from house import APPROVER, WORKER, House, at, in_part, rights

from tickets import export
from tickets.dossier import dossier
from tickets.errors import ConstraintError, InputError, MoveError
from tickets.model import RightResult
from tickets.reports import Reports
from tickets.store import Store
from tickets.tables import requests, right_outcomes
from tickets.vocabulary import RefusalReason, Right, RightOutcome, Status, Way

ASKED = (Right.ACCESS, Right.CORRECTION, Right.MARKETING_OPT_OUT)
KEPT, IMPOSSIBLE = RefusalReason.LEGAL_OBLIGATION_IMPAIRED, RefusalReason.FULFILMENT_IMPOSSIBLE
RESULTS = (
    RightResult(Right.MARKETING_OPT_OUT, RightOutcome.FULFILLED),
    RightResult(Right.CORRECTION, RightOutcome.REFUSED, KEPT, "GDPR Art. 17(3)(b)"),
    RightResult(Right.ACCESS, RightOutcome.PARTLY_FULFILLED, IMPOSSIBLE, "clause 7"),
)


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def ready(house: House, *asked: Right, conversation: str = "conversation-1") -> str:
    """A request that can be fulfilled, wholly or in part."""
    one = {"conversation": conversation, "idempotency_key": conversation}
    reference = house.in_progress(rights=rights(*(asked or ASKED)), **one).reference
    house.staff.approve(reference, APPROVER, NOW)
    return reference


def done_in_part(house: House, results: Sequence[RightResult] = RESULTS) -> str:
    reference = ready(house, *(one.right for one in results))
    house.staff.partly_fulfil(reference, results, WORKER, NOW)
    return reference


def outcomes(house: House, reference: str) -> dict[Right, tuple[RightOutcome, RefusalReason | None, str]]:
    summary = house.service.show(reference).summary
    return {one.right: (one.outcome, one.reason, one.basis) for one in summary.outcomes}


# What is written down


def test_each_right_has_an_outcome_and_each_that_was_not_done_its_own_ground(house: House) -> None:
    reference = done_in_part(house)
    assert house.status(reference) is Status.PARTLY_FULFILLED
    assert outcomes(house, reference) == {
        Right.ACCESS: (RightOutcome.PARTLY_FULFILLED, IMPOSSIBLE, "clause 7"),
        Right.CORRECTION: (RightOutcome.REFUSED, KEPT, "GDPR Art. 17(3)(b)"),
        Right.MARKETING_OPT_OUT: (RightOutcome.FULFILLED, None, ""),
    }
    assert [one.right for one in house.service.show(reference).summary.outcomes] == list(ASKED)  # as they were asked
    (told,) = house.service.status_of("conversation-1")
    assert told.outcomes == house.service.show(reference).summary.outcomes


def test_where_all_was_done_or_refused_the_status_tells_it(house: House, store: Store) -> None:
    done, refused = ready(house), ready(house, Right.ACCESS, Right.OBJECTION, conversation="c2")
    assert outcomes(house, done) == {}  # nothing became of it yet
    house.staff.fulfil(done, WORKER, NOW)
    house.staff.refuse(refused, KEPT, "clause 1", WORKER, NOW)
    assert set(outcomes(house, done).values()) == {(RightOutcome.FULFILLED, None, "")}
    assert outcomes(house, refused) == dict.fromkeys(
        (Right.ACCESS, Right.OBJECTION), (RightOutcome.REFUSED, KEPT, "clause 1")
    )
    with store.reading() as unit:
        assert unit.execute(sa.select(right_outcomes)).all() == []


def test_the_trail_holds_what_became_of_each_right(house: House, store: Store) -> None:
    done_in_part(house)
    with store.reading() as unit:
        details = unit.execute(sa.text("SELECT detail FROM audit WHERE action = 'partly_fulfilled'")).scalars()
        (detail,) = [json.loads(one) for one in details]
    assert detail["outcomes"] == {
        "access": ["partly_fulfilled", "FulfilmentImpossible", "clause 7"],
        "correction": ["refused", "LegalObligationImpaired", "GDPR Art. 17(3)(b)"],
        "marketing_opt_out": ["fulfilled"],
    }
    assert house.service.verify_audit().intact


def result(right: Right, outcome: RightOutcome, reason: RefusalReason | None = None, basis: str = "") -> RightResult:
    return RightResult(right, outcome, reason, basis)


DONE, PART, NOT = RightOutcome.FULFILLED, RightOutcome.PARTLY_FULFILLED, RightOutcome.REFUSED
TWO = (Right.ACCESS, Right.OBJECTION)


@pytest.mark.parametrize(
    "results",
    [
        (),
        (result(Right.ACCESS, PART, KEPT, "x"),),  # nothing is said of the objection
        (result(Right.ACCESS, DONE), result(Right.ACCESS, NOT, KEPT, "x")),
        (result(Right.ACCESS, DONE), result(Right.OBJECTION, NOT, KEPT, "x"), result(Right.APPEAL, DONE)),
        (result(Right.ACCESS, DONE), result(Right.OBJECTION, DONE)),
        (result(Right.ACCESS, NOT, KEPT, "x"), result(Right.OBJECTION, NOT, KEPT, "x")),
        (result(Right.ACCESS, DONE), result(Right.OBJECTION, NOT, None, "x")),
        (result(Right.ACCESS, DONE), result(Right.OBJECTION, NOT, KEPT, " ")),
        (result(Right.ACCESS, DONE), result(Right.OBJECTION, NOT, KEPT, "ask one@example.org")),
        (result(Right.ACCESS, DONE, KEPT, "x"), result(Right.OBJECTION, NOT, KEPT, "x")),
    ],
)
def test_what_is_no_part_or_lacks_its_ground_is_refused(house: House, results: tuple[RightResult, ...]) -> None:
    reference = ready(house, *TWO)
    with pytest.raises(InputError):
        house.staff.partly_fulfil(reference, results, WORKER, NOW)
    assert house.status(reference) is Status.IN_PROGRESS and outcomes(house, reference) == {}


def test_a_part_passes_the_same_gate_as_the_whole(house: House) -> None:
    reference = house.in_progress(rights=rights(*TWO)).reference
    with pytest.raises(MoveError, match="second_person"):
        house.staff.partly_fulfil(reference, in_part(*TWO), WORKER, NOW)
    house.staff.approve(reference, APPROVER, NOW)
    house.staff.partly_fulfil(reference, in_part(*TWO), WORKER, NOW)
    with pytest.raises(MoveError):
        house.staff.partly_fulfil(reference, in_part(*TWO), WORKER, NOW)


# The database keeps it too


def write(store: Store, statement: Any) -> None:
    with store.unit() as unit:
        unit.execute(statement)
        unit.commit()


def row(house: House, reference: str, right: Right, outcome: str, **more: str) -> Any:
    values = {"request_id": house.row(reference)["id"], "right": right.value, "outcome": outcome, **more}
    return sa.insert(right_outcomes).values(**values)


CLOSING = {
    "status": "partly_fulfilled",
    "closed_at": NOW,
    "refusal_reason": "LegallyExempted",
    "refusal_basis": "clause 1",
}
GROUND = {"refusal_reason": "LegallyExempted", "refusal_basis": "clause 1"}


@pytest.mark.parametrize(
    "told",
    [
        [],
        [(Right.ACCESS, "fulfilled", {})],
        [(Right.ACCESS, "fulfilled", {}), (Right.OBJECTION, "fulfilled", {})],
        [(Right.ACCESS, "refused", GROUND), (Right.OBJECTION, "refused", GROUND)],
    ],
)
def test_no_request_is_closed_as_done_in_part_without_an_outcome_for_each_right(
    house: House, store: Store, told: list[tuple[Right, str, dict[str, str]]]
) -> None:
    reference = ready(house, *TWO)
    for right, outcome, more in told:
        write(store, row(house, reference, right, outcome, **more))
    with pytest.raises(ConstraintError):
        write(store, sa.update(requests).where(requests.c.reference == reference).values(**CLOSING))
    assert house.status(reference) is Status.IN_PROGRESS


@pytest.mark.parametrize(
    ("right", "outcome", "more"),
    [
        (Right.ACCESS, "done", {}),
        (Right.ACCESS, "fulfilled", GROUND),
        (Right.ACCESS, "refused", {}),
        (Right.ACCESS, "refused", {"refusal_reason": "LegallyExempted"}),
        (Right.ACCESS, "refused", {"refusal_reason": "LegallyExempted", "refusal_basis": ""}),
        (Right.ACCESS, "refused", {"refusal_reason": "NoReason", "refusal_basis": "clause 1"}),
        (Right.DELETION, "fulfilled", {}),  # nobody asked for it
    ],
)
def test_an_outcome_that_says_too_little_or_of_another_right_is_refused(
    house: House, store: Store, right: Right, outcome: str, more: dict[str, str]
) -> None:
    reference = ready(house, *TWO)
    with pytest.raises(ConstraintError):
        write(store, row(house, reference, right, outcome, **more))


def test_an_outcome_is_never_changed_taken_back_or_added_later(house: House, store: Store) -> None:
    reference = done_in_part(house)
    before = outcomes(house, reference)
    other = ready(house, *TWO, conversation="c2")
    house.staff.refuse(other, KEPT, "clause 1", WORKER, NOW)
    for statement in (
        sa.update(right_outcomes).values(outcome="fulfilled", refusal_reason=None, refusal_basis=None),
        sa.delete(right_outcomes),
        row(house, other, Right.ACCESS, "fulfilled"),
    ):
        with pytest.raises(ConstraintError):
            write(store, statement)
    assert outcomes(house, reference) == before


# Where it is told


def test_the_letter_tells_of_each_right_and_how_to_complain(house: House) -> None:
    reference = done_in_part(house)
    for letter in house.letters(reference, "partly_fulfilled"):
        text = " ".join(letter.text.reveal().split())
        assert "Done: no more marketing." in text
        assert "Not done: correction, because a law obliges the company to keep or use this data." in text
        assert "Done in part: a copy of your data. The rest was not done, because it is impossible to do." in text
        assert "It rests on: GDPR Art. 17(3)(b)" in text and "It rests on: clause 7" in text
        assert "You can also complain to the data protection authority" in text
    assert {letter.way for letter in house.letters(reference, "partly_fulfilled")} == {Way.MAIL, Way.WEB}


def test_a_report_counts_each_right_by_what_became_of_it(house: House, store: Store) -> None:
    done_in_part(house)
    found = Reports(store).summary("", NOW.date(), NOW.date())
    assert (found.total.partly_fulfilled, found.total.refused, found.total.fulfilled) == (1, 0, 0)
    by_right = {right: found.by_right[right] for right in ASKED}
    assert [(one.fulfilled, one.partly_fulfilled, one.refused) for one in by_right.values()] == [
        (0, 1, 0),
        (0, 0, 1),
        (1, 0, 0),
    ]
    assert found.reasons == {KEPT: 1, IMPOSSIBLE: 1}


def test_what_california_asks_for_is_counted_by_the_type_of_request(house: House, store: Store) -> None:
    from tickets.vocabulary import Regime

    asked = (Right.ACCESS, Right.PORTABILITY, Right.CORRECTION)
    one = house.in_progress(rights=rights(*asked), regimes=frozenset({Regime.CCPA})).reference
    house.staff.approve(one, APPROVER, NOW)
    unproven = RefusalReason.IDENTITY_VERIFICATION_FAILURE
    results = [
        result(Right.ACCESS, DONE),
        result(Right.PORTABILITY, NOT, KEPT, "x"),
        result(Right.CORRECTION, NOT, unproven, "x"),
    ]
    house.staff.partly_fulfil(one, results, WORKER, NOW)
    ccpa = Reports(store).summary("", NOW.date(), NOW.date()).ccpa
    know, correct = ccpa["requests_to_know"], ccpa["requests_to_correct"]
    assert (know.complied_in_part, know.denied, know.denied_exempt, know.denied_not_verifiable) == (1, 0, 1, 0)
    assert (correct.complied_in_part, correct.denied, correct.denied_not_verifiable) == (0, 1, 1)


def test_records_and_dossier_hold_each_right_with_its_ground_and_where_to_complain(house: House, store: Store) -> None:
    reference = done_in_part(house)
    where = "the data protection authority of the EU country in which you live or work, or where it happened"
    wanted = [
        {
            "right": "access",
            "outcome": "partly_fulfilled",
            "denial_reason": "FulfilmentImpossible",
            "denial_basis": "clause 7",
            "complain_to": where,
        },
        {
            "right": "correction",
            "outcome": "refused",
            "denial_reason": "LegalObligationImpaired",
            "denial_basis": "GDPR Art. 17(3)(b)",
            "complain_to": where,
        },
        {
            "right": "marketing_opt_out",
            "outcome": "fulfilled",
            "denial_reason": None,
            "denial_basis": None,
            "complain_to": None,
        },
    ]
    (record,) = export.records(store)
    assert record["outcomes"] == wanted
    packed = zipfile.ZipFile(io.BytesIO(dossier(store, VAULT, reference, at(1))))
    assert json.loads(packed.read("request.json"))["outcomes"] == wanted


def test_a_table_holds_the_outcomes_in_one_cell(house: House, store: Store) -> None:
    done_in_part(house)
    wanted = (
        "access: partly_fulfilled (FulfilmentImpossible, clause 7); "
        "correction: refused (LegalObligationImpaired, GDPR Art. 17(3)(b)); marketing_opt_out: fulfilled"
    )
    out = io.StringIO(newline="")
    export.write_csv(export.records(store), out)
    for text in (out.getvalue(), Reports(store).csv("", NOW.date(), date(2026, 2, 1))):
        (line,) = csv.DictReader(io.StringIO(text))
        assert line["outcomes"] == wanted


def test_a_part_that_was_closed_before_outcomes_were_kept_counts_as_a_part_of_each_right(
    house: House, store: Store
) -> None:
    reference = ready(house, *TWO)
    with store.unit() as unit:
        is_sqlite = store.is_sqlite
        drop = "DROP TRIGGER requests_part_told" + ("" if is_sqlite else " ON requests")
        unit.execute(sa.text(drop))  # as before migration 0006
        unit.execute(sa.update(requests).where(requests.c.reference == reference).values(**CLOSING))
        unit.commit()
    assert outcomes(house, reference) == {}
    found = Reports(store).summary("", NOW.date(), NOW.date())
    assert [found.by_right[right].partly_fulfilled for right in TWO] == [1, 1]
    assert [record["outcomes"] for record in export.records(store)] == [[]]
