"""Encryption of single fields: AES-GCM, each value bound to its table, column and row, and keys that can be changed.

A stolen database file shows nothing; a value moved to another row does not open. `look_up` gives a keyed hash by which
an exact value is found without opening anything (a blind index); each field has an index key of its own, so equal
values in two fields look different. Keys lie in a file beside the data, readable by its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from pii.redacted import Redacted

_BYTES = 32
_NONCE = 12


class EncryptionError(Exception):
    """A value that does not open with these keys in this place, or keys that cannot be read."""


@dataclass(frozen=True)
class Sealed:
    """An encrypted value and the id of its key."""

    key: str
    data: bytes


@dataclass(frozen=True)
class KeyRing:
    """Master keys by id. `current` seals; the others only open. `ledger` is for hashes that must outlive a rotation."""

    current: str
    keys: Mapping[str, Redacted] = field(repr=False)
    ledger: Redacted = field(repr=False)

    @staticmethod
    def new() -> KeyRing:
        """A ring with one fresh key."""
        return KeyRing("k1", {"k1": Redacted(_fresh())}, Redacted(_fresh()))

    def with_new_key(self) -> KeyRing:
        """A ring whose current key is fresh; the earlier ones still open."""
        name = f"k{max(int(key[1:]) for key in self.keys) + 1}"
        return KeyRing(name, {**self.keys, name: Redacted(_fresh())}, self.ledger)

    def with_current_only(self) -> KeyRing:
        """A ring that has forgotten the earlier keys."""
        return KeyRing(self.current, {self.current: self.keys[self.current]}, self.ledger)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def load_ring(path: Path) -> KeyRing:
    """The ring in that file; made if there is none. Raises EncryptionError for a file that is damaged or not ours."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return _made(path)
    except OSError as error:
        raise EncryptionError(f"the key file {path} cannot be read ({error.strerror})") from error
    try:
        data = json.loads(text)
        ring = KeyRing(
            data["current"], {name: Redacted(key) for name, key in data["keys"].items()}, Redacted(data["ledger"])
        )
        for key in (*ring.keys.values(), ring.ledger):
            if len(base64.b64decode(key.reveal(), validate=True)) != _BYTES:
                raise ValueError
        if ring.current not in ring.keys or not all(name[:1] == "k" and name[1:].isdigit() for name in ring.keys):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EncryptionError(
            f"the key file {path} is damaged: put it back from a backup; without it the contacts cannot be read"
        ) from None
    return ring


def save_ring(path: Path, ring: KeyRing) -> None:
    """Replace the key file at once, readable by its owner alone: a kill leaves the old one or the new one."""
    aside = path.with_name(path.name + ".new")
    _written(aside, ring, os.O_TRUNC)
    aside.replace(path)
    _sync_folder(path.parent)


def _made(path: Path) -> KeyRing:
    ring = KeyRing.new()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    _written(aside, ring, os.O_EXCL)
    try:
        os.link(aside, path)  # fails if another process was first: then its ring counts
    except FileExistsError:
        return load_ring(path)
    finally:
        aside.unlink()
    _sync_folder(path.parent)
    return ring


def _written(path: Path, ring: KeyRing, flag: int) -> None:
    data = {
        "current": ring.current,
        "keys": {name: key.reveal() for name, key in ring.keys.items()},
        "ledger": ring.ledger.reveal(),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Vault:
    """Seals, opens and indexes values with a ring."""

    def __init__(self, ring: KeyRing) -> None:
        self.current = ring.current
        self.keys = tuple(ring.keys)
        self._masters = {name: base64.b64decode(key.reveal()) for name, key in ring.keys.items()}
        self._ledger = base64.b64decode(ring.ledger.reveal())
        self._ciphers = {name: AESGCM(_derived(master, "seal")) for name, master in self._masters.items()}

    def seal(self, value: Redacted, place: str) -> Sealed:
        """Encrypt a value for one place, for example "request_contacts.sealed:<row id>"."""
        return self.seal_bytes(value.reveal().encode("utf-8"), place)

    def open(self, sealed: Sealed, place: str) -> Redacted:
        """The value. Raises EncryptionError if it was sealed for another place, altered, or its key is gone."""
        return Redacted(self.open_bytes(sealed, place).decode("utf-8"))

    def seal_bytes(self, value: bytes, place: str) -> Sealed:
        """As seal, for bytes."""
        nonce = secrets.token_bytes(_NONCE)
        return Sealed(self.current, nonce + self._ciphers[self.current].encrypt(nonce, value, place.encode("utf-8")))

    def open_bytes(self, sealed: Sealed, place: str) -> bytes:
        """As open, for bytes."""
        cipher = self._ciphers.get(sealed.key)
        if cipher is None:
            raise EncryptionError("the key of this value is not in the key file")
        try:
            return cipher.decrypt(sealed.data[:_NONCE], sealed.data[_NONCE:], place.encode("utf-8"))
        except (InvalidTag, ValueError):
            raise EncryptionError("this value was altered, or moved here from another row") from None

    def look_up(self, value: Redacted, name: str) -> str:
        """The blind index of a value in the field of that name, under the current key."""
        return self._index(self.current, value, name)

    def look_ups(self, value: Redacted, name: str) -> tuple[str, ...]:
        """Its blind indexes under all keys of the ring: what to search for while a rotation is under way."""
        return tuple(self._index(key, value, name) for key in self.keys)

    def ledger_hash(self, value: str, name: str) -> str:
        """A keyed hash that stays the same through rotations, for the ledger of what was erased."""
        return _keyed(_derived(self._ledger, f"ledger:{name}"), value)

    def _index(self, key: str, value: Redacted, name: str) -> str:
        return _keyed(_derived(self._masters[key], f"index:{name}"), value.reveal())


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDFExpand(SHA256(), _BYTES, f"privacy-desk:{purpose}".encode()).derive(master)


def _keyed(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode("utf-8"), hashlib.sha256).hexdigest()
