"""What became of each right of a request: written down where it is done in part, told by its status elsewhere."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.errors import InputError
from tickets.intake import check_name
from tickets.model import RightResult
from tickets.store import Unit
from tickets.tables import right_outcomes
from tickets.vocabulary import RefusalReason, Regime, Right, RightOutcome, Status
from tickets.words import authorities

Row = Mapping[str, Any]
_AT_ONCE = 500


def checked(results: Collection[RightResult], asked: Sequence[Right]) -> tuple[RightResult, ...]:
    """The results in the order of what was asked. Raises InputError unless they tell of each right, and of a part."""
    by_right = {one.right: one for one in results}
    if len(by_right) != len(results) or set(by_right) != set(asked):
        raise InputError("say of each right of the request, once, what became of it")
    for one in results:
        if one.outcome is RightOutcome.FULFILLED:
            if one.reason is not None or one.basis:
                raise InputError("what was done needs no reason against it")
        elif one.reason is None:
            raise InputError("name the reason for each right that was not done wholly")
        else:
            check_name("basis", one.basis)
    outcomes = {one.outcome for one in results}
    if outcomes in ({RightOutcome.FULFILLED}, {RightOutcome.REFUSED}):
        raise InputError("in part means that something was done and something was not: else fulfil it, or refuse it")
    return tuple(by_right[right] for right in asked)


def write(unit: Unit, request_id: str, results: Sequence[RightResult]) -> None:
    """Write them down, before the request is closed with them. They are never changed."""
    values = [
        {
            "request_id": request_id,
            "right": one.right.value,
            "outcome": one.outcome.value,
            "refusal_reason": one.reason and one.reason.value,
            "refusal_basis": one.basis or None,
        }
        for one in results
    ]
    unit.execute(sa.insert(right_outcomes).values(values))


def first_ground(results: Sequence[RightResult]) -> tuple[RefusalReason, str]:
    """The reason and basis that stand for the request as a whole, where only one can stand."""
    return next((one.reason, one.basis) for one in results if one.reason is not None)


def kept(unit: Unit, request_ids: Sequence[str]) -> defaultdict[str, dict[Right, RightResult]]:
    """What was written down, by request and right."""
    found: defaultdict[str, dict[Right, RightResult]] = defaultdict(dict)
    for start in range(0, len(request_ids), _AT_ONCE):
        some = request_ids[start : start + _AT_ONCE]
        for row in unit.execute(sa.select(right_outcomes).where(right_outcomes.c.request_id.in_(some))):
            reason = RefusalReason(row.refusal_reason) if row.refusal_reason else None
            result = RightResult(Right(row.right), RightOutcome(row.outcome), reason, row.refusal_basis or "")
            found[row.request_id][result.right] = result
    return found


def of_row(row: Row, rights: Sequence[Right], written: Mapping[Right, RightResult]) -> tuple[RightResult, ...]:
    """The results of a request, in the order of the rights.

    Empty while it is open, where nothing was decided, and for a part of which nothing was written down (before 0006).
    """
    status = Status(row["status"])
    if status is Status.FULFILLED:
        return tuple(RightResult(right, RightOutcome.FULFILLED) for right in rights)
    if status is Status.DENIED:
        reason, basis = RefusalReason(row["refusal_reason"]), row["refusal_basis"]
        return tuple(RightResult(right, RightOutcome.REFUSED, reason, basis) for right in rights)
    if status is Status.PARTLY_FULFILLED:
        return tuple(written[right] for right in rights if right in written)
    return ()


def results_of(
    unit: Unit, rows: Sequence[Row], rights: Mapping[str, Sequence[Right]]
) -> dict[str, tuple[RightResult, ...]]:
    """The results of several requests, by id. rights: of each, in order."""
    partly = [row["id"] for row in rows if row["status"] == Status.PARTLY_FULFILLED.value]
    written = kept(unit, partly)
    return {row["id"]: of_row(row, rights[row["id"]], written.get(row["id"], {})) for row in rows}


def as_records(row: Row, results: Sequence[RightResult]) -> list[dict[str, Any]]:
    """The results as plain data for records, each refused one with its ground and where to complain about it."""
    where = authorities([Regime(word) for word in json.loads(row["regimes"])])
    return [
        one.to_json() | {"complain_to": None if one.outcome is RightOutcome.FULFILLED else where} for one in results
    ]


def as_detail(results: Sequence[RightResult]) -> dict[str, list[str]]:
    """The results for the audit trail: what became of each right, and on what ground."""
    return {
        one.right.value: [one.outcome.value, *([one.reason.value, one.basis] if one.reason else [])] for one in results
    }
