"""What the dialogue knows of a conversation, sealed at rest. The caller packs it; here it is only bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Sealed, Vault
from tickets.errors import InputError
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME
from tickets.tables_talk import conversations

LARGEST = 4_000_000
"""Bytes of one packed conversation: a person cannot make us keep more."""


def place_of(conversation: str) -> str:
    """Where a kept conversation is bound to."""
    return f"conversations.sealed:{conversation}"


class Conversations:
    """Keeps one packed conversation for each id; what is kept can be read with the vault's keys alone."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    @property
    def is_shared(self) -> bool:
        """Whether other processes write here too, so that what one remembers may be out of date."""
        return not self._store.is_sqlite

    def load(self, conversation: str) -> bytes | None:
        """What was saved last, or None. Raises EncryptionError if it was altered or its key is gone."""
        found = sa.select(conversations.c.sealed, conversations.c.key_id).where(conversations.c.id == conversation)
        with self._store.reading() as unit:
            row = unit.execute(found).first()
        return self._vault.open_bytes(Sealed(row.key_id, row.sealed), place_of(conversation)) if row else None

    def save(self, conversation: str, data: bytes, now: datetime, along: Callable[[Unit], None] | None = None) -> None:
        """Keep this instead of what was kept before. Its time to stay begins anew.

        along: what belongs to it, done in the same transaction before it is durable; if it raises, nothing was saved.
        Raises InputError for an id that does not fit or too much data, and StoreError: then nothing was saved.
        """
        if not conversation or len(conversation) > MAX_NAME or "\0" in conversation:
            raise InputError(f"a conversation's id has 1 to {MAX_NAME} characters and no NUL")
        if len(data) > LARGEST:
            raise InputError(f"a conversation has at most {LARGEST:,} bytes")
        sealed = self._vault.seal_bytes(data, place_of(conversation))
        values = {"sealed": sealed.data, "key_id": sealed.key, "at": now}
        with self._store.unit() as unit:
            same = sa.update(conversations).where(conversations.c.id == conversation)
            if unit.execute(same.values(**values)).rowcount == 0:
                unit.execute(sa.insert(conversations).values(id=conversation, **values))
            if along is not None:
                along(unit)
            unit.commit()

    def delete(self, conversation: str) -> None:
        """Forget it; no error if it is not there."""
        with self._store.unit() as unit:
            unit.execute(sa.delete(conversations).where(conversations.c.id == conversation))
            unit.commit()

    def count(self) -> int:
        """How many are kept."""
        with self._store.reading() as unit:
            return int(unit.execute(sa.select(sa.func.count()).select_from(conversations)).scalar())
