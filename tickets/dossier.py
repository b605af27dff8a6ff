"""One zip with everything about one request, for a regulator. The same state gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from string import Template
from typing import Any

from pii.encryption import Vault
from tickets import dossier_parts as parts
from tickets import rows, steps
from tickets.errors import UnknownRequestError
from tickets.intake import check_name, check_time
from tickets.references import normalised
from tickets.rows import Row
from tickets.store import Store, Unit
from tickets.words import time_in_words

MANIFEST = "manifest.json"
_TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the beginning of what the format knows
_OWNER_ONLY = 0o100600 << 16
_UNIX = 3
_README = Template("""\
The record of request $reference about the policy "$policy", version $version.
Made on $made. Times are in UTC. Contacts are $contacts.

request.json    what was asked, how it came in, what came of it and on what basis
clock.json      by when an answer was due, each step of the working, extensions and questions
identity.json   what shows that the request is the account holder's
messages.json   the letters, what staff replied and what the person answered; no codes, no notes among staff
audit.json      every entry of the audit trail about this request, with its hash
manifest.json   the size and the SHA-256 hash of each file

To check the files: compare "sha256sum FILE" with manifest.json.

To check the audit trail: each entry's "hash" is taken over its "hashed_text" (UTF-8), which holds all its fields and,
as "previous", the hash of the entry before it in the whole trail; so no entry can be changed, left out or put in
without changing all that follow. A hash that begins with "h1:" is HMAC-SHA-256 under a key that stays with the
operator, written in base64 for URLs without padding; any other is plain SHA-256 in hexadecimal. The operator checks
the whole trail with "python -m tickets verify-audit" and keeps its newest hash outside the database every day: ask
for audit-anchors.jsonl. When this record was made, the whole trail had $entries entries and was $state.
""")


def dossier(
    store: Store,
    vault: Vault,
    reference: str,
    now: datetime,
    *,
    revealed: bool = False,
    actor: str = "",
    reason: str = "",
) -> bytes:
    """The zip. It checks the whole audit trail, so it takes longer the longer that is.

    actor and reason: who made it and why, for the trail; compulsory where contacts are revealed, and on the trail
    before anything is read. Raises UnknownRequestError, InputError and StoreError.
    """
    check_time(now)
    if revealed or actor or reason:
        _note(store, reference, now, revealed, actor, reason)
    with store.reading() as unit:
        row = _found(unit, reference)
        data = {
            "request.json": parts.request_part(unit, vault, row, revealed),
            "clock.json": parts.clock_part(unit, row),
            "identity.json": parts.identity_part(unit, row),
            "messages.json": parts.messages_part(unit, vault, row, revealed),
            "audit.json": parts.audit_part(unit, row),  # last: it looks at the newest state from page to page
        }
    files = {name: parts.in_json(part) for name, part in data.items()}
    files["README.txt"] = _readme(row, data["audit.json"]["trail"], revealed, now)
    return _zipped(files | {MANIFEST: parts.in_json(_manifest(row["reference"], files, now))})


def _note(store: Store, reference: str, now: datetime, revealed: bool, actor: str, reason: str) -> None:
    check_name("actor", actor)
    check_name("reason", reason)
    with store.unit() as unit:
        row = _found(unit, reference)
        if revealed:
            row = steps.note(unit, row, "contact_revealed", actor, now, detail={"reason": reason}, bears=False)
        steps.note(unit, row, "dossier_made", actor, now, detail={"reason": reason}, bears=False)
        unit.commit()


def _found(unit: Unit, reference: str) -> Row:
    row = rows.by_reference(unit, normalised(reference))
    if row is None:
        raise UnknownRequestError("there is no such request here")
    return row


def _readme(row: Row, trail: Mapping[str, Any], revealed: bool, now: datetime) -> bytes:
    values = {
        "reference": row["reference"],
        "policy": row["policy"],
        "version": row["policy_version"],
        "made": time_in_words(now),
        "contacts": "shown in full" if revealed else "masked",
        "entries": f"{trail['entries']:,}",
        "state": "intact" if trail["intact"] else "NOT intact: see audit.json",
    }
    return _README.substitute(values).encode("utf-8")


def _manifest(reference: str, files: Mapping[str, bytes], now: datetime) -> dict[str, Any]:
    listed = [
        {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    return {"reference": reference, "made": parts.moment(now), "files": listed}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _OWNER_ONLY
            archive.writestr(entry, content)
    return out.getvalue()
