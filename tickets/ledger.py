"""The ledger of what was erased: keyed hashes, in the database and in a file beside it.

A backup from before an erasure holds what was erased since; after a restore the ledger says what must go again. That is
why it is also kept in a file, which a restore does not replace. The hashes tell nothing without the key file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets import lines
from tickets.store import Unit
from tickets.tables_talk import erasures

LEDGER_FILE = "erasures.jsonl"
CONVERSATION = "conversation"
"""All that was said or held in a conversation until that time."""
REQUEST = "request"
"""The person of a request, as soon as it is closed."""


class Ledger:
    """Writes erasures down, and tells what was erased until when."""

    def __init__(self, vault: Vault, file: Path | None) -> None:
        """file: the copy outside the database; None keeps the ledger in the database alone."""
        self._vault = vault
        self._file = file

    def hash_of(self, kind: str, name: str) -> str:
        """The keyed hash of a conversation's or a request's id."""
        return self._vault.ledger_hash(name, kind)

    def write(self, unit: Unit, named: Iterable[tuple[str, str]], now: datetime) -> None:
        """Write pairs of kind and id down, first in the file.

        If the transaction fails afterwards, a restore erases what the person wanted erased: the safe side.
        """
        hashes = [self.hash_of(kind, name) for kind, name in named]
        if self._file is not None:
            lines.append(self._file, [{"hash": value, "at": now.isoformat()} for value in hashes])
        for value in hashes:
            _keep(unit, value, now)

    def take_over(self, unit: Unit, entries: Mapping[str, datetime]) -> int:
        """Write entries of another ledger into this database; gives how many were new or newer."""
        known = self.entries(unit)
        newer = {value: at for value, at in entries.items() if value not in known or known[value] < at}
        for value, at in newer.items():
            _keep(unit, value, at)
        return len(newer)

    def entries(self, unit: Unit) -> dict[str, datetime]:
        """All hashes of the database's ledger with their times."""
        return {row.hash: row.at for row in unit.execute(sa.select(erasures))}

    def outside(self) -> dict[str, datetime]:
        """The same of the file."""
        return read_file(self._file) if self._file is not None else {}


def newest_of(one: Mapping[str, datetime], other: Mapping[str, datetime]) -> dict[str, datetime]:
    """Two ledgers in one: of each entry the newer time."""
    return {value: max(one.get(value) or at, at) for value, at in {**one, **other}.items()}


def read_file(path: Path) -> dict[str, datetime]:
    """The entries of a ledger's file, the newest time of each."""
    found: dict[str, datetime] = {}
    for entry in lines.read(path):
        value, at = str(entry["hash"]), datetime.fromisoformat(entry["at"])
        found[value] = max(at, found.get(value, at))
    return found


def _keep(unit: Unit, value: str, at: datetime) -> None:
    if unit.execute(sa.update(erasures).where(erasures.c.hash == value).values(at=at)).rowcount == 0:
        unit.execute(sa.insert(erasures).values(hash=value, at=at))
