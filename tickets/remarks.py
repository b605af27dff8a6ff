"""What is said about a request or to its person, sealed. The decisions themselves stand in the trail."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import MAX_TEXT, requests
from tickets.tables_staff import remarks, viewers
from tickets.vocabulary import Remark


@dataclass(frozen=True)
class RemarkSaid:
    """A remark. actor: a member of staff, or "requester". text: empty if it cannot be opened any more."""

    kind: Remark
    actor: str
    at: datetime
    text: str = field(repr=False)


def check_text(text: str) -> None:
    """Raise InputError for what cannot be kept as a remark."""
    if not text.strip() or len(text) > MAX_TEXT:
        raise InputError(f"a remark has 1 to {MAX_TEXT:,} characters")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise InputError("a remark holds a character that a database refuses (NUL or half a surrogate pair)")


def add(unit: Unit, vault: Vault, request_id: str, kind: Remark, actor: str, text: str, now: datetime) -> None:
    """Keep a remark. Its entry in the trail is the caller's."""
    row_id = secrets.token_hex(16)
    sealed = vault.seal(Redacted(text), _place(row_id))
    values = {
        "id": row_id,
        "request_id": request_id,
        "kind": kind.value,
        "actor": actor,
        "sealed": sealed.data,
        "key_id": sealed.key,
        "at": now,
    }
    unit.execute(sa.insert(remarks).values(**values))


def of_request(unit: Unit, vault: Vault, request_id: str) -> tuple[RemarkSaid, ...]:
    """All that was said about a request, oldest first."""
    own = sa.select(remarks).where(remarks.c.request_id == request_id).order_by(remarks.c.at, remarks.c.id)
    return tuple(_opened(vault, row) for row in unit.execute(own).mappings())


def answers_in(unit: Unit, conversation: str) -> int:
    """How many of a conversation's own words are kept with its requests, for the person in it."""
    own = sa.select(requests.c.id).where(requests.c.conversation == conversation)
    counted = sa.select(sa.func.count()).select_from(remarks)
    answers = (remarks.c.request_id.in_(own), remarks.c.kind == Remark.ANSWER.value)
    return int(unit.execute(counted.where(*answers)).scalar())


def drop(unit: Unit, request_ids: Collection[str]) -> None:
    """Take away all that was said about requests whose person is taken out, and who looks at them."""
    for table in (remarks, viewers):
        unit.execute(sa.delete(table).where(table.c.request_id.in_(request_ids)))


def _opened(vault: Vault, row: Row) -> RemarkSaid:
    try:
        text = vault.open(Sealed(row["key_id"], row["sealed"]), _place(row["id"])).reveal()
    except EncryptionError:
        text = ""  # one remark that is damaged must not hide the others
    return RemarkSaid(Remark(row["kind"]), row["actor"], row["at"], text)


def _place(row_id: str) -> str:
    return f"remarks.sealed:{row_id}"
