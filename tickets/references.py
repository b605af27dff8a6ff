"""References: labels people read out, like KLS-7F3K-92QD. They name a request and open nothing."""

from __future__ import annotations

import re
import secrets

# No vowels (no words), and at most one of what is read as the other: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
ALPHABET = "23456789CDFGHJKMNPQRTVWXY"
_MISREAD = str.maketrans("ZSB", "258")
_GROUP = 4
_SHAPE = re.compile(rf"[A-Z]{{3}}(?:-[{ALPHABET}]{{{_GROUP}}}){{2}}")
_NEAR = re.compile(r"(?<!\w)[A-Za-z]{3}[\s_\u2010-\u2015-]*[A-Za-z0-9]{4}[\s_\u2010-\u2015-]*[A-Za-z0-9]{4}(?!\w)")
_LONGEST_SEARCHED = 4_000
_VOWELS = frozenset("AEIOU")


def new_reference(policy: str) -> str:
    """A fresh label for a request about that policy."""
    return f"{_prefix(policy)}-{_group()}-{_group()}"


def normalised(typed: str) -> str:
    """A reference as typed by a person, in the form that is stored; an empty text if it cannot be one."""
    spaced = re.sub(r"[\s_\u2010-\u2015-]+", "-", typed[:40].strip()).upper()
    candidate = spaced[:4] + spaced[4:].translate(_MISREAD)
    return candidate if _SHAPE.fullmatch(candidate) else ""


def found_in(text: str) -> str:
    """The first reference in a text, in the form that is stored; an empty text if there is none."""
    for candidate in _NEAR.finditer(text[:_LONGEST_SEARCHED]):
        if found := normalised(candidate.group()):
            return found
    return ""


def _group() -> str:
    # At least one letter in each group, so that no reference looks like a phone number and is masked as one.
    while True:
        group = "".join(secrets.choice(ALPHABET) for _ in range(_GROUP))
        if not group.isdigit():
            return group


def _prefix(policy: str) -> str:
    consonants = [char for char in policy.upper() if "A" <= char <= "Z" and char not in _VOWELS]
    return "".join(consonants[:3]).ljust(3, "X")
