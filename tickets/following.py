"""A vault that follows its key file, so that keys can be changed beside a running bot (PostgreSQL)."""

from __future__ import annotations

import threading
from pathlib import Path

from pii.encryption import Sealed, Vault, load_ring
from pii.redacted import Redacted


class FollowingVault(Vault):
    """Looks at the file's stamp before each use (microseconds) and reads it again when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._vault = self._newest()

    def _newest(self) -> Vault:
        stamp = self._stamp()
        if stamp is None or stamp != self._seen:
            with self._turn:
                ring = load_ring(self._path)
                # The stamp from before reading: if the file was replaced meanwhile, it is read once more.
                self._seen, self._vault = stamp, Vault(ring)
        return self._vault

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return self._seen  # what was read goes on to count while the file is out of reach
        return found.st_ino, found.st_mtime_ns

    @property
    def current(self) -> str:  # type: ignore[override]
        """The id of the key that seals."""
        return self._newest().current

    @property
    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """The ids of all keys."""
        return self._newest().keys

    def seal_bytes(self, value: bytes, place: str) -> Sealed:
        """As in Vault."""
        return self._newest().seal_bytes(value, place)

    def open_bytes(self, sealed: Sealed, place: str) -> bytes:
        """As in Vault."""
        return self._newest().open_bytes(sealed, place)

    def look_up(self, value: Redacted, name: str) -> str:
        """As in Vault."""
        return self._newest().look_up(value, name)

    def look_ups(self, value: Redacted, name: str) -> tuple[str, ...]:
        """As in Vault."""
        return self._newest().look_ups(value, name)

    def ledger_hash(self, value: str, name: str) -> str:
        """As in Vault."""
        return self._newest().ledger_hash(value, name)
