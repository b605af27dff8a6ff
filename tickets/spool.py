"""Requests that came while the database was down: sealed files in a folder, filed as soon as it is back.

A file is synced before its receipt is given, and removed after the filing is committed; the request's own key keeps
it from being filed twice if a kill falls between the two. The day of receipt is that of the spooling.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from pii.encryption import EncryptionError, Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError, KeyReusedError, StoreUnavailableError
from tickets.model import OpenRequest, Receipt
from tickets.vocabulary import Channel, ContactKind, Regime, Right

MOST_FILES = 10_000
_SUFFIX = ".request"
_log = structlog.get_logger("tickets.spool")

Keep = Callable[[str, ContactKind, Redacted, datetime], str]
"""Stores a contact for a conversation and gives its handle."""


class Spool:
    """The folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def leave(self, wish: OpenRequest, contact: tuple[ContactKind, Redacted] | None, now: datetime) -> None:
        """Keep a wish. Raises StoreUnavailableError if even that fails: nothing was saved."""
        name = secrets.token_hex(16)
        sealed = self._vault.seal_bytes(json.dumps(_packed(wish, contact, now)).encode(), _place(name))
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if len(self.waiting()) >= MOST_FILES:
                raise StoreUnavailableError("too many requests wait for the database: nothing was saved")
            self._write(name, json.dumps({"key": sealed.key, "data": sealed.data.hex()}))
        except OSError as error:
            raise StoreUnavailableError("the request could not be kept in a file either: nothing was saved") from error

    def waiting(self) -> tuple[Path, ...]:
        """The files, oldest first."""
        found = self._folder.glob(f"*{_SUFFIX}") if self._folder.is_dir() else ()
        return tuple(sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name)))

    def drain(self, file: Callable[[OpenRequest, datetime], Receipt], keep: Keep) -> int:
        """File what waits; gives how many. A file that cannot be read or filed stays, with the ending .bad."""
        done = 0
        for path in self.waiting():
            try:
                wish, contact, at = self._read(path)
                if contact is not None:
                    wish = replace(wish, contacts=(keep(wish.conversation, *contact, at),))
                file(wish, at)
                done += 1
            except (EncryptionError, ValueError, KeyError, TypeError, InputError, KeyReusedError) as error:
                # A key that came with other content is another request: it is kept for a person to look at.
                _log.error("spooled_request_not_filed", kind=type(error).__name__)
                path.rename(path.with_suffix(".bad"))
                continue
            path.unlink()
        return done

    def _write(self, name: str, text: str) -> None:
        aside = self._folder / f"{name}.new"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(aside.with_suffix(_SUFFIX))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read(self, path: Path) -> tuple[OpenRequest, tuple[ContactKind, Redacted] | None, datetime]:
        outer = json.loads(path.read_text("utf-8"))
        sealed = Sealed(outer["key"], bytes.fromhex(outer["data"]))
        return _unpacked(json.loads(self._vault.open_bytes(sealed, _place(path.stem))))


def _place(name: str) -> str:
    return f"spool:{name}"


def _packed(wish: OpenRequest, contact: tuple[ContactKind, Redacted] | None, now: datetime) -> dict[str, Any]:
    return {
        "policy": wish.policy,
        "policy_version": wish.policy_version,
        "rights": sorted(right.value for right in wish.rights),
        "channel": wish.channel.value,
        "conversation": wish.conversation,
        "text": wish.text,
        "regimes": sorted(regime.value for regime in wish.regimes),
        "idempotency_key": wish.idempotency_key,
        "contact": [contact[0].value, contact[1].reveal()] if contact else None,
        "at": now.isoformat(),
    }


def _unpacked(data: dict[str, Any]) -> tuple[OpenRequest, tuple[ContactKind, Redacted] | None, datetime]:
    wish = OpenRequest(
        policy=data["policy"],
        policy_version=data["policy_version"],
        rights=frozenset(Right(word) for word in data["rights"]),
        channel=Channel(data["channel"]),
        conversation=data["conversation"],
        text=data["text"],
        regimes=frozenset(Regime(word) for word in data["regimes"]),
        idempotency_key=data["idempotency_key"],
    )
    contact = data["contact"]
    kept = (ContactKind(contact[0]), Redacted(contact[1])) if contact else None
    return wish, kept, datetime.fromisoformat(data["at"])
