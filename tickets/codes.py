"""The codes that people type: eight characters of Crockford's base32, 40 bits, shown as 7F3K-92QD.

Digits alone are not made into a code (one in eleven thousand), because they would look like years or a phone number.

Recognising one must not catch what people say while a code is awaited ("withdraw" has eight letters too). Codes hold
no I, L, O or U; these stand for 1, 1 and 0 when mistyped, so letters alone with I, L or O in them are taken for a word.
"""

from __future__ import annotations

import re
import secrets

from pii.redacted import Redacted

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_MEANT = str.maketrans("OIL", "011")
_CODE_CHARACTER = "[0-9A-TV-Za-tv-z]"
_DASHES = "\u2010-\u2015_-"
_WHOLE = re.compile(rf"(?:{_CODE_CHARACTER}[\s{_DASHES}]{{0,3}}){{7}}{_CODE_CHARACTER}")
# A look-ahead, so that "code 7F3K 92QD" is also read from its second word on.
_HALVES = re.compile(rf"(?<![\w@/.-])(?=({_CODE_CHARACTER}{{4}}[ {_DASHES}]?{_CODE_CHARACTER}{{4}})(?![\w@/-]))")
_CONSONANT = "[B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]"
_REFERENCE = re.compile(
    rf"\b(?:[A-Za-z]{{3}}[{_DASHES}]\w{{4}}[ {_DASHES}]\w{{4}}|{_CONSONANT}{{3}} \w{{4}} \w{{4}})\b"
)
_AROUND = " \t\r\n.,;:!?\"'`()[]<>*"
_LONGEST = 400


def new_code() -> Redacted:
    """A fresh code as it is compared: eight characters, no dash."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if not code.isdigit():
            return Redacted(code)


def normalised(typed: Redacted) -> str:
    """A typed code in the form in which it was made; what cannot be one gives a text that matches none."""
    kept = re.sub(rf"[\s{_DASHES}]", "", typed.reveal()[:_LONGEST]).upper().translate(_MEANT)
    return kept if len(kept) == LENGTH and set(kept) <= set(ALPHABET) else ""


def looks_like_code(text: str) -> Redacted | None:
    """The one code in a message, as normalised() gives it; None if there is none or more than one."""
    if len(text) > _LONGEST:
        return None
    bare = text.strip(_AROUND)
    if _WHOLE.fullmatch(bare) and _is_meant(bare, alone=True):
        return Redacted(normalised(Redacted(bare)))
    found = {
        normalised(Redacted(match[1]))
        for match in _HALVES.finditer(_REFERENCE.sub(" ", text))
        if _is_meant(match[1], alone=False)
    }
    return Redacted(found.pop()) if len(found) == 1 else None


def _is_meant(typed: str, *, alone: bool) -> bool:
    """Whether a person who typed this meant a code and not words."""
    if _is_written_out(typed):
        return True
    letters = "".join(char for char in typed if char.isalnum())
    halves = letters[:4], letters[4:]
    if not any(char.isdigit() for char in letters):
        in_one_word = " " not in typed or typed.isupper()
        return alone and in_one_word and set(letters.upper()).isdisjoint("ILO")
    if alone:
        return not (" " in typed and any(half.isalpha() and not half.isupper() for half in halves))
    # Within a sentence, "in 2020 2026" and "call 5550" are no codes, but "7f3k 92qd" is.
    return not any(half.isdigit() or half.isalpha() for half in halves)


def _is_written_out(typed: str) -> bool:
    """Capitals and a dash in the middle, exactly as in the mail."""
    written = re.fullmatch(rf"([0-9A-Z]{{4}})[{_DASHES}]([0-9A-Z]{{4}})", typed)
    return written is not None and not (written[1] + written[2]).isdigit()
