"""The queries on requests, their rights and idempotency keys. Everything runs in the caller's transaction."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets import right_outcomes
from tickets.clocks import Clock
from tickets.errors import StoreError
from tickets.model import AuditLine, Filters, OpenRequest, Receipt, RightResult, Summary
from tickets.moves import Case
from tickets.references import new_reference
from tickets.store import Unit
from tickets.tables import audit, idempotency_keys, request_rights, requests
from tickets.tables_proof import evidence, grants
from tickets.vocabulary import CLOSED, TOLD_IN_WORDS, EvidenceKind, RefusalReason, Right, Status

Row = Mapping[str, Any]
_ORDER = {right: place for place, right in enumerate(Right)}
_TRIES = 10


def in_order(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Rights in the vocabulary's order."""
    return tuple(sorted(rights, key=_ORDER.__getitem__))


def insert(
    unit: Unit, request_id: str, wish: OpenRequest, filer: str, clock: Clock, now: datetime, target_days: int
) -> str:
    """Write a request and its rights; gives its reference."""
    reference = _free_reference(unit, wish.policy)
    values = {
        "id": request_id,
        "reference": reference,
        "policy": wish.policy,
        "policy_version": wish.policy_version,
        "channel": wish.channel.value,
        "conversation": wish.conversation,
        "text": wish.text,
        "regimes": json.dumps(sorted(regime.value for regime in wish.regimes)),
        "received_at": now,
        "acknowledge_by": clock.acknowledge_by,
        "answer_by": clock.answer_by,
        "working": json.dumps(clock.working),
        "is_target": clock.is_target,
        "status": Status.RECEIVED.value,
        "filer": filer,
        "country": wish.country,
        "target_days": target_days,
    }
    unit.execute(sa.insert(requests).values(**values))
    rights = [{"request_id": request_id, "right": right.value} for right in in_order(wish.rights)]
    unit.execute(sa.insert(request_rights).values(rights))
    return reference


def _free_reference(unit: Unit, policy: str) -> str:
    for _ in range(_TRIES):
        reference = new_reference(policy)
        if unit.execute(sa.select(requests.c.id).where(requests.c.reference == reference)).first() is None:
            return reference
    raise StoreError("no free reference was found: the labels for this policy are used up")


def open_overlapping(unit: Unit, wish: OpenRequest) -> Row | None:
    """The oldest open request of this conversation about this policy that holds one of the rights.

    Rights that are told in words (a second question, another correction) are the same again only in the same words.
    """
    plain = [right.value for right in wish.rights - TOLD_IN_WORDS]
    told = [right.value for right in wish.rights & TOLD_IN_WORDS]
    repeated = sa.or_(
        request_rights.c.right.in_(plain),
        sa.and_(request_rights.c.right.in_(told), sa.func.lower(requests.c.text) == wish.text.lower()),
    )
    held = sa.exists().where(request_rights.c.request_id == requests.c.id, repeated)
    same = (requests.c.conversation == wish.conversation, requests.c.policy == wish.policy)
    found = sa.select(requests).where(*same, requests.c.closed_at.is_(None), held)
    return _first(unit, found.order_by(requests.c.received_at, requests.c.id).limit(1))


def by_reference(unit: Unit, reference: str) -> Row | None:
    """The request of that reference."""
    return _first(unit, sa.select(requests).where(requests.c.reference == reference))


def by_id(unit: Unit, request_id: str) -> Row | None:
    """The request of that id."""
    return _first(unit, sa.select(requests).where(requests.c.id == request_id))


def of_conversation(unit: Unit, conversation: str) -> tuple[Summary, ...]:
    """Everything filed in a conversation, or opened to it by a code, newest first."""
    granted = sa.select(grants.c.request_id).where(grants.c.conversation == conversation)
    found = sa.select(requests).where(sa.or_(requests.c.conversation == conversation, requests.c.id.in_(granted)))
    return _summaries(unit, found.order_by(requests.c.received_at.desc(), requests.c.id))


def listed(unit: Unit, filters: Filters) -> tuple[Summary, ...]:
    """The requests that pass the filters, those due first at the top."""
    found = sa.select(requests)
    if filters.policy is not None:
        found = found.where(requests.c.policy == filters.policy)
    if filters.status is not None:
        found = found.where(requests.c.status == filters.status.value)
    if filters.open_only:
        found = found.where(requests.c.closed_at.is_(None))
    if filters.due_by is not None:
        found = found.where(requests.c.answer_by <= filters.due_by)
    return _summaries(unit, found.order_by(requests.c.answer_by, requests.c.id).limit(filters.limit))


def history(unit: Unit, request_id: str) -> tuple[AuditLine, ...]:
    """A request's trail, oldest first."""
    trail = sa.select(audit).where(audit.c.request_id == request_id).order_by(audit.c.sequence)
    return tuple(_audit_line(entry) for entry in unit.execute(trail).mappings())


def _audit_line(row: Row) -> AuditLine:
    return AuditLine(
        sequence=row["sequence"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        from_status=Status(row["from_status"]) if row["from_status"] else None,
        to_status=Status(row["to_status"]),
    )


def case_of(row: Row) -> Case:
    """What the guards of a move look at."""
    return Case(
        status=Status(row["status"]),
        filer=row["filer"],
        approver=row["approver"],
        verified_at=row["verified_at"],
        refusal_reason=RefusalReason(row["refusal_reason"]) if row["refusal_reason"] else None,
        refusal_basis=row["refusal_basis"],
        duplicate_of=row["duplicate_of"],
        referred_to=row["referred_to"],
    )


def set_status(unit: Unit, row: Row, to: Status, now: datetime, more: Mapping[str, Any] = MappingProxyType({})) -> bool:
    """Compare and set, with other columns if need be: False if somebody changed the row since it was read."""
    return change(unit, row, {**more, "status": to.value, "closed_at": now if to in CLOSED else None})


def change(unit: Unit, row: Row, values: Mapping[str, Any]) -> bool:
    """Compare and set some columns: False if somebody changed the row since it was read."""
    same = (requests.c.id == row["id"], requests.c.row_version == row["row_version"])
    counted = {**values, "row_version": row["row_version"] + 1}
    return bool(unit.execute(sa.update(requests).where(*same).values(**counted)).rowcount == 1)


def rights_of(unit: Unit, request_id: str) -> tuple[Right, ...]:
    """What a request asks for."""
    return in_order(_rights_of(unit, [request_id])[request_id])


def evidence_of(unit: Unit, request_id: str) -> tuple[Row, ...]:
    """What was shown of who asks: rows with kind, at and actor, oldest first."""
    shown = sa.select(evidence).where(evidence.c.request_id == request_id)
    return tuple(unit.execute(shown.order_by(evidence.c.at, evidence.c.id)).mappings())


def add_evidence(unit: Unit, request_id: str, kind: EvidenceKind, actor: str, now: datetime) -> None:
    """Write down what was shown. It is never changed or taken back."""
    values = {"id": secrets.token_hex(16), "request_id": request_id, "kind": kind.value, "at": now, "actor": actor}
    unit.execute(sa.insert(evidence).values(**values))


def is_granted(unit: Unit, request_id: str, conversation: str) -> bool:
    """Whether that conversation has shown by a code that the request is its person's."""
    same = (grants.c.request_id == request_id, grants.c.conversation == conversation)
    return unit.execute(sa.select(grants.c.at).where(*same)).first() is not None


def clock_of(row: Row) -> Clock:
    """The clock as it was stored."""
    working = tuple(json.loads(row["working"]))
    return Clock(row["acknowledge_by"], row["answer_by"], working, row["is_target"])


def remembered(unit: Unit, wish: OpenRequest) -> tuple[str, str, Receipt] | None:
    """The fingerprint, the request's id and the receipt that belong to the wish's key."""
    same = (
        idempotency_keys.c.conversation == wish.conversation,
        idempotency_keys.c.key == wish.idempotency_key,
    )
    row = _first(unit, sa.select(idempotency_keys).where(*same))
    return (row["fingerprint"], row["request_id"], Receipt.from_json(json.loads(row["receipt"]))) if row else None


def remember(unit: Unit, wish: OpenRequest, fingerprint: str, request_id: str, receipt: Receipt, now: datetime) -> None:
    """Keep a receipt under the wish's key."""
    values = {
        "conversation": wish.conversation,
        "key": wish.idempotency_key,
        "fingerprint": fingerprint,
        "request_id": request_id,
        "receipt": json.dumps(receipt.to_json(), sort_keys=True),
        "at": now,
    }
    unit.execute(sa.insert(idempotency_keys).values(**values))


def summary(unit: Unit, row: Row) -> Summary:
    """One request in short."""
    return _summarised(unit, [row])[0]


def _summaries(unit: Unit, found: Any) -> tuple[Summary, ...]:
    return _summarised(unit, unit.execute(found).mappings().all())


def _summarised(unit: Unit, rows: Sequence[Row]) -> tuple[Summary, ...]:
    rights = {name: in_order(found) for name, found in _rights_of(unit, [row["id"] for row in rows]).items()}
    results = right_outcomes.results_of(unit, rows, rights)
    return tuple(_summary(row, rights[row["id"]], results[row["id"]]) for row in rows)


def _summary(row: Row, rights: tuple[Right, ...], results: tuple[RightResult, ...]) -> Summary:
    return Summary(
        reference=row["reference"],
        policy=row["policy"],
        rights=rights,
        status=Status(row["status"]),
        received=row["received_at"],
        acknowledge_by=row["acknowledge_by"],
        answer_by=row["answer_by"],
        is_target=row["is_target"],
        outcomes=results,
    )


_AT_ONCE = 500


def _rights_of(unit: Unit, request_ids: list[str]) -> defaultdict[str, list[Right]]:
    rights: defaultdict[str, list[Right]] = defaultdict(list)
    for start in range(0, len(request_ids), _AT_ONCE):
        some = request_ids[start : start + _AT_ONCE]
        for row in unit.execute(sa.select(request_rights).where(request_rights.c.request_id.in_(some))):
            rights[row.request_id].append(Right(row.right))
    return rights


def _first(unit: Unit, statement: Any) -> Row | None:
    found: Row | None = unit.execute(statement).mappings().first()
    return found
