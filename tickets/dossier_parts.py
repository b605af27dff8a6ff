"""What a dossier holds of a request, as plain data. Fields are named by hand: a new column stays inside.

Left out are the conversation's id, other people's requests, notes among staff, and what opens something: codes and the
links that stop a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Vault
from pii.masking import mask
from tickets import audit, contacts, gate, outgoing, remarks, right_outcomes, rows
from tickets.contacts import KnownContact
from tickets.drp import drp_status
from tickets.erasing import ERASED
from tickets.intake import REQUESTER
from tickets.letters import CODE_KINDS
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import audit as trail
from tickets.tables_proof import pauses
from tickets.tables_talk import outbox
from tickets.vocabulary import ContactKind, EvidenceKind, RefusalReason, Remark, Status, Way

HASHED = ("sequence", "request_id", "actor", "action", "from_status", "to_status", "detail", "previous", "at")
_STOP_LINK = re.compile(r"\S+/stop/\S+")
_CODE_LEFT_OUT = "a code was sent; it is not repeated here"
_EMPTIED = "the text of a mail is not kept after it was sent"


def request_part(unit: Unit, vault: Vault, row: Row, revealed: bool) -> dict[str, Any]:
    """What was asked, by whom as far as is known, and what came of it."""
    rights = rows.rights_of(unit, row["id"])
    reason = RefusalReason(row["refusal_reason"]) if row["refusal_reason"] else None
    results = right_outcomes.results_of(unit, [row], {row["id"]: rights})[row["id"]]
    return {
        "reference": row["reference"],
        "policy": row["policy"],
        "policy_version": row["policy_version"],
        "asked_for": [right.value for right in rights],
        "manner": row["channel"],
        "filed_by": _filer(row["filer"]),
        "text": row["text"],
        "contacts": [_contact(one, revealed) for one in contacts.of_request(unit, vault, row["id"])],
        "status": row["status"],
        "drp_status": drp_status(Status(row["status"]), reason),
        "received": moment(row["received_at"]),
        "responded": moment(row["closed_at"]),
        "approved_by": row["approver"],
        "denial_reason": row["refusal_reason"],
        "denial_basis": row["refusal_basis"],
        "outcomes": right_outcomes.as_records(row, results),
        "referred_to": row["referred_to"],
        "person_taken_out": moment(row["pseudonymised_at"]),
    }


def identity_part(unit: Unit, row: Row) -> dict[str, Any]:
    """What shows that the request is the account holder's, and when it was enough."""
    shown = rows.evidence_of(unit, row["id"])
    kinds = [EvidenceKind(one["kind"]) for one in shown]
    return {
        "in_words": gate.in_words(rows.rights_of(unit, row["id"]), kinds),
        "evidence": [{"kind": one["kind"], "at": moment(one["at"]), "by": one["actor"]} for one in shown],
        "verified": moment(row["verified_at"]),
        "held_until": moment(row["hold_until"]),
    }


def clock_part(unit: Unit, row: Row) -> dict[str, Any]:
    """By when, with each step of the working, and what moved it."""
    found = sa.select(pauses).where(pauses.c.request_id == row["id"]).order_by(pauses.c.asked_at)
    waits = [
        {"asked": moment(one["asked_at"]), "answered": moment(one["answered_at"])}
        for one in unit.execute(found).mappings()
    ]
    return {
        "regimes": json.loads(row["regimes"]),
        "received": moment(row["received_at"]),
        "acknowledge_by": row["acknowledge_by"] and row["acknowledge_by"].isoformat(),
        "answer_by": row["answer_by"].isoformat(),
        "answer_by_is": "target" if row["is_target"] else "law",
        "working": json.loads(row["working"]),
        "extended": moment(row["extended_at"]),
        "extension_reason": row["extension_reason"],
        "questions_to_the_requester": waits,
        "responded": moment(row["closed_at"]),
    }


def messages_part(unit: Unit, vault: Vault, row: Row, revealed: bool) -> dict[str, Any]:
    """The letters about the request, and what staff and the person said to each other."""
    sent = sa.select(outbox).where(outbox.c.request_id == row["id"]).order_by(outbox.c.sequence)
    letters = [_letter(vault, one, revealed) for one in unit.execute(sent).mappings()]
    said = remarks.of_request(unit, vault, row["id"])
    return {
        "letters": letters,
        "said": [
            {"kind": one.kind.value, "by": one.actor, "at": moment(one.at), "text": _safe(one.text, revealed)}
            for one in said
            if one.kind is not Remark.NOTE
        ],
        "notes_among_staff_left_out": sum(one.kind is Remark.NOTE for one in said),
    }


def audit_part(unit: Unit, row: Row) -> dict[str, Any]:
    """The request's entries of the trail with their hashes, and whether the whole trail holds. Reads all of it."""
    report = audit.verify(unit)
    own = sa.select(trail).where(trail.c.request_id == row["id"]).order_by(trail.c.sequence)
    entries = [_entry(one) for one in unit.execute(own).mappings()]
    return {
        "entries": entries,
        "trail": {
            "entries": report.entries,
            "newest": {"sequence": report.head.sequence, "hash": report.head.hash},
            "intact": report.intact,
            "problems": list(report.problems),
        },
    }


def moment(at: datetime | None) -> str | None:
    """A time as all parts write it."""
    return at.astimezone(timezone.utc).isoformat(timespec="seconds") if at else None


def _filer(filer: str) -> str:
    """Who filed it, without the conversation's id that stands in what is stored."""
    return REQUESTER if filer.startswith((f"{REQUESTER}:", ERASED)) else filer


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry, and the very text that its hash was taken over (tickets.audit)."""
    fields = {name: row[name] for name in HASHED}
    fields["at"] = row["at"].astimezone(timezone.utc).isoformat(timespec="microseconds")
    return fields | {
        "detail": json.loads(row["detail"]),
        "hash": row["hash"],
        "hashed_text": json.dumps([fields[name] for name in HASHED]),
    }


def _contact(contact: KnownContact, revealed: bool) -> dict[str, Any]:
    value = contact.value.reveal() if revealed else contacts.hint(contact.kind, contact.value)
    return {"kind": contact.kind.value, "value": value, "is_account": contact.is_account}


def _letter(vault: Vault, row: Row, revealed: bool) -> dict[str, Any]:
    about = {
        "kind": row["kind"],
        "way": row["way"],
        "status": row["status"],
        "written": moment(row["created_at"]),
        "settled": moment(row["done_at"]),
    }
    return about | _content(vault, row, revealed)


def _content(vault: Vault, row: Row, revealed: bool) -> dict[str, Any]:
    if not row["sealed"]:
        return {"to": None, "subject": None, "text": None, "why_no_text": _EMPTIED}
    try:
        parcel = outgoing.opened(vault, row, row["created_at"])
    except EncryptionError:
        return {"to": None, "subject": None, "text": None, "why_no_text": "it cannot be opened any more"}
    to = "the conversation"
    if parcel.way is Way.MAIL:
        to = parcel.recipient.reveal() if revealed else contacts.hint(ContactKind.EMAIL, parcel.recipient)
    if row["kind"] in CODE_KINDS:
        return {"to": to, "subject": parcel.subject, "text": None, "why_no_text": _CODE_LEFT_OUT}
    return {"to": to, "subject": parcel.subject, "text": _safe(parcel.text.reveal(), revealed), "why_no_text": None}


def _safe(text: str, revealed: bool) -> str:
    """Without the links that stop a request, and without contacts unless they are revealed."""
    without = _STOP_LINK.sub("[link to stop the request]", text)
    masked = mask(without)
    return masked.text if masked.found and not revealed else without


def in_json(part: Sequence[Any] | Mapping[str, Any]) -> bytes:
    """A part as a file: the same data gives the same bytes."""
    return (json.dumps(part, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
