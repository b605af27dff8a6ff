"""The passwords of staff: how they are made, what they must be like, and how they are compared.

argon2id takes 64 MiB for each comparison, so only two run at once, whoever knocks. Who is not known costs the same
work as a wrong password: the time taken does not tell whether there is such a login.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from pii.redacted import Redacted
from tickets.codes import ALPHABET
from tickets.errors import InputError

SHORTEST = 12
LONGEST = 200
CROWD_SECONDS = 2
_AT_ONCE = 2
_CROWD = 8  # half a second's work; more in a queue would take the threads from those who are logged in
_GROUPS, _GROUP = 4, 5  # 100 bits


class Passwords:
    """Hashes and compares with one hasher. Making one costs a hash: that of nobody."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._counting = threading.Lock()
        self._here = 0
        self._nobody = self.hash(Redacted(secrets.token_urlsafe(16)))

    def hash(self, password: Redacted) -> str:
        """What is kept of a password."""
        with self._taking_turns():
            return self._hasher.hash(_bytes_of(password))

    def fits(self, kept: str, password: Redacted) -> bool:
        """Whether a password is the one of that hash; with an empty hash the same work, and no."""
        with self._taking_turns():
            try:
                return self._hasher.verify(kept or self._nobody, _bytes_of(password)) and kept != ""
            except (VerificationError, InvalidHashError):
                return False

    @property
    def is_crowded(self) -> bool:
        """Whether so many wait for their turn that strangers had better come back."""
        return self._here >= _CROWD

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with less work than is usual now."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        with self._counting:
            self._here += 1
        try:
            with self._turn:
                yield
        finally:
            with self._counting:
                self._here -= 1


def usual_hasher() -> argon2.PasswordHasher:
    """argon2id as RFC 9106 recommends where memory is short: 64 MiB, three passes."""
    return argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)


def first_password() -> Redacted:
    """A fresh password of 100 bits, to be read out and changed."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return Redacted("-".join(groups).lower())


def check_new(password: Redacted, old: Redacted, login: str) -> None:
    """Raise InputError with a sentence for the person if a password should not be chosen.

    Long, and not easily thought of from what is on the screen; nothing about digits and signs (NIST SP 800-63B).
    """
    text = _normalised(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InputError(f"A password has {SHORTEST} to {LONGEST} characters; a sentence is a good one.")
    if text == _normalised(old):
        raise InputError("The new password has to differ from the old one.")
    bare = "".join(char for char in text.casefold() if char.isalnum())
    for known in (login, "privacydesk", "password", "passwort", "1234567890", "qwertyuiop"):
        bare = bare.replace("".join(char for char in known if char.isalnum()), "")
    if len(set(bare)) < 5:
        raise InputError("This password is easily guessed: take one with more different characters.")


def _normalised(password: Redacted) -> str:
    """The same password from every keyboard (NFKC); what is too long stays too long."""
    return unicodedata.normalize("NFKC", password.reveal()[: 4 * LONGEST])


def _bytes_of(password: Redacted) -> bytes:
    return _normalised(password).encode("utf-8", "surrogatepass")
