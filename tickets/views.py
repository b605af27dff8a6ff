"""A request as staff may see it: contacts masked, who asks in words, what else the same contact has asked for."""

from __future__ import annotations

import json
from collections.abc import Collection

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets import contacts, gate, rows
from tickets.contacts import KnownContact
from tickets.model import Details, MaskedContact
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import requests
from tickets.vocabulary import Channel, EvidenceKind, Regime

_MOST_DUPLICATES = 20


def details(unit: Unit, vault: Vault, row: Row) -> Details:
    """One request with its history."""
    known = contacts.of_request(unit, vault, row["id"])
    evidence = tuple(EvidenceKind(one["kind"]) for one in rows.evidence_of(unit, row["id"]))
    summary = rows.summary(unit, row)
    return Details(
        summary=summary,
        policy_version=row["policy_version"],
        channel=Channel(row["channel"]),
        text=row["text"],
        regimes=tuple(Regime(word) for word in json.loads(row["regimes"])),
        working=tuple(json.loads(row["working"])),
        history=rows.history(unit, row["id"]),
        version=row["row_version"],
        evidence=evidence,
        identity=gate.in_words(summary.rights, evidence),
        contacts=tuple(MaskedContact(one.kind, contacts.hint(one.kind, one.value)) for one in known),
        possible_duplicates=_with_same_contact(unit, vault, row, known),
        verified_at=row["verified_at"],
        hold_until=row["hold_until"],
        approver=row["approver"] or "",
        extended=row["extended_at"] is not None,
        assignee=row["assignee"] or "",
    )


def _with_same_contact(unit: Unit, vault: Vault, row: Row, known: Collection[KnownContact]) -> tuple[str, ...]:
    others = contacts.requests_with(unit, vault, known) - {row["id"]}
    found = sa.select(requests.c.reference).where(requests.c.id.in_(others), requests.c.policy == row["policy"])
    newest = found.order_by(requests.c.received_at.desc(), requests.c.reference).limit(_MOST_DUPLICATES)
    return tuple(unit.execute(newest).scalars())
