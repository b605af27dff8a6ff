"""The record of requests that a controller has to keep and show: what 11 CCR 7101 names, the clock, and DRP's words.

Fields are named here by hand: no contact, no conversation, no words of the person. A new column stays inside.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timezone
from typing import Any, TextIO

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets import right_outcomes, rows
from tickets.drp import drp_status
from tickets.model import RightResult
from tickets.store import Store, Unit
from tickets.tables import request_rights, requests
from tickets.vocabulary import RefusalReason, Right, Status

FIELDS = (
    "reference",
    "policy",
    "policy_version",
    "received",
    "asked_for",
    "manner",
    "status",
    "drp_status",
    "verified",
    "acknowledge_by",
    "answer_by",
    "answer_by_is",
    "working",
    "extended",
    "extension_reason",
    "responded",
    "response",
    "denial_reason",
    "denial_basis",
    "outcomes",
    "referred_to",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")  # how a cell begins that a spreadsheet would run
_BATCH = 500


def records(store: Store, policy: str | None = None, since: date | None = None) -> Iterator[dict[str, Any]]:
    """The requests as plain data, oldest first. since: received on that day (UTC) or later.

    asked_for and working are lists, outcomes is one of what became of each right, times are ISO 8601 in UTC; what is
    not known is None. Read in many short transactions: on SQLite a long one would keep the bot from writing.
    """
    found = sa.select(requests.c.id).order_by(requests.c.received_at, requests.c.id)
    if policy is not None:
        found = found.where(requests.c.policy == policy)
    if since is not None:
        found = found.where(requests.c.received_at >= datetime.combine(since, time.min, timezone.utc))
    with store.reading() as unit:
        ids = list(unit.execute(found).scalars())
    for start in range(0, len(ids), _BATCH):
        with store.reading() as unit:
            page = _records_of(unit, ids[start : start + _BATCH])
        yield from page


def _records_of(unit: Unit, ids: Sequence[str]) -> list[dict[str, Any]]:
    rights: dict[str, list[Right]] = {name: [] for name in ids}
    for row in unit.execute(sa.select(request_rights).where(request_rights.c.request_id.in_(ids))):
        rights[row.request_id].append(Right(row.right))
    found = unit.execute(sa.select(requests).where(requests.c.id.in_(ids))).mappings()
    by_id = {row["id"]: row for row in found}
    in_order = {name: rows.in_order(some) for name, some in rights.items()}
    results = right_outcomes.results_of(unit, list(by_id.values()), in_order)
    return [_record(by_id[name], in_order[name], results[name]) for name in ids]


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record for a table: each outcome as one text, "deletion: refused (LegallyExempted, GDPR Art. 17(3)(b))"."""
    return {**record, "outcomes": [_in_one_text(one) for one in record["outcomes"]]}


def _in_one_text(one: str | Mapping[str, Any]) -> str:
    if isinstance(one, str):
        return one
    why = ", ".join(one[name] for name in ("denial_reason", "denial_basis") if one[name])
    return f"{one['right']}: {one['outcome']}{f' ({why})' if why else ''}"


def _record(row: Mapping[str, Any], rights: Sequence[Right], results: Sequence[RightResult]) -> dict[str, Any]:
    status = Status(row["status"])
    reason = RefusalReason(row["refusal_reason"]) if row["refusal_reason"] else None
    is_closed = row["closed_at"] is not None
    return {
        "reference": row["reference"],
        "policy": row["policy"],
        "policy_version": row["policy_version"],
        "received": _moment(row["received_at"]),
        "asked_for": [right.value for right in rows.in_order(rights)],
        "manner": row["channel"],
        "status": status.value,
        "drp_status": drp_status(status, reason),
        "verified": _moment(row["verified_at"]),
        "acknowledge_by": row["acknowledge_by"] and row["acknowledge_by"].isoformat(),
        "answer_by": row["answer_by"].isoformat(),
        "answer_by_is": "target" if row["is_target"] else "law",
        "working": json.loads(row["working"]),
        "extended": _moment(row["extended_at"]),
        "extension_reason": row["extension_reason"],
        "responded": _moment(row["closed_at"]),
        "response": status.value if is_closed else None,
        "denial_reason": reason and reason.value,
        "denial_basis": row["refusal_basis"],
        "outcomes": right_outcomes.as_records(row, results),
        "referred_to": row["referred_to"],
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def write_json(found: Iterator[dict[str, Any]], out: TextIO) -> int:
    """A JSON list, written as it is read; gives how many."""
    count = 0
    for record in found:
        out.write(",\n" if count else "[\n")
        out.write(json.dumps(record, ensure_ascii=False))
        count += 1
    out.write("\n]\n" if count else "[]\n")
    return count


def write_csv(found: Iterator[dict[str, Any]], out: TextIO) -> int:
    """RFC 4180 with a heading; `out` must not translate line ends. Gives how many."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(FIELDS)
    count = 0
    for record in found:
        writer.writerow(_cell(record[name]) for name in FIELDS)
        count += 1
    return count


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula. Lists become one text."""
    text = "; ".join(map(_in_one_text, value)) if isinstance(value, list) else "" if value is None else str(value)
    safe = f"'{text}" if text.startswith(_FORMULA) else text
    return safe.replace("\0", "\ufffd")
