"""Swaps e-mail addresses and phone numbers for placeholders.

Where a string could be either, privacy wins: nine to twelve digits in a row count as a phone number. Dates, times,
prices, decimals, versions, IP addresses and UUIDs are recognised first and left alone. The cost is linear: an address
is grown outwards from its "@", and every phone pattern has a bounded length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pii.redacted import Redacted


class ContactKind(str, Enum):
    """What kind of contact a placeholder stands for."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True)
class Contact:
    """One contact found; the placeholder stands for it in the text, for example "[email-1]"."""

    kind: ContactKind
    placeholder: str
    value: Redacted


@dataclass(frozen=True)
class Masked:
    """A text without contact data, and what was taken out, each contact once, in the order met."""

    text: str
    found: tuple[Contact, ...]


@dataclass(frozen=True)
class _Hit:
    kind: ContactKind
    start: int
    end: int
    value: str


# Characters that are not seen: they would hide an address from the patterns, and from a reader.
_UNSEEN = "\u200b-\u200d\u2060\ufeff\u00ad"
_LOCAL = re.compile(rf"[\w.%+&'!#$*^`{{|}}~{_UNSEEN}-]")
_AT = re.compile(r"[@＠﹫]| ?[(\[]at[)\]] ?", re.IGNORECASE)
_DOMAIN = re.compile(
    rf"\[[0-9a-fA-F:.]{{3,45}}\]|[\w{_UNSEEN}](?:[\w{_UNSEEN}-]*[\w{_UNSEEN}])?(?:\.\w(?:[\w{_UNSEEN}-]*\w)?)*"
)
_QUOTED = re.compile(r'"[^"\n@]{1,64}"\Z')
_NOT_FIRST = ".%+&'!#$*^`{|}~-"
_UNSEEN_ANY = re.compile(f"[{_UNSEEN}]")

# A placeholder that a person typed: it must not pass for one of ours.
_TYPED_PLACEHOLDER = re.compile(r"\[((?:email|phone)-\d{1,9})\]", re.IGNORECASE)

_MONEY = r"(?:€|\$|£|¥|₴|₹|zł|(?:eur|usd|gbp|uah|pln|inr|euros?|dollars?|pounds?)\b)"
_SEP = r"[ .\-/()\u00a0\u2010-\u2013]"  # what people put between the digits of a phone number
_GAP = r"[ \-\u00a0\u2010-\u2013]"
_LEFT_ALONE = (
    # UUID
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
    # 2024-01-31, 31.01.2024, 31 01 2024
    r"(?:19|20)\d{2}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])(?!\d)",
    r"(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d{2}(?!\d)",
    # 202401311230, 20240131123000
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?!\d)",
    # 14:30, 14:30:05.123456
    r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?!\d)",
    # 192.0.2.1 and versions of three or more parts (one part may be long: a build number)
    r"\d{1,3}(?:\.\d{1,3}){3}(?![\d-])",
    r"v\d{1,5}(?:\.\d{1,10}){1,5}(?!\d)",
    # a card's number, and 1 000 000 000
    r"\d{4}(?:[ -]\d{4}){3}(?!\d)",
    r"\d{1,3}(?:[ \u00a0]000){1,5}(?!\d)",
    # prices and decimals
    rf"{_MONEY} ?\d{{1,3}}(?:[ ,.]\d{{3}}){{1,5}}(?:[.,]\d{{1,2}})?(?![\d-])",
    rf"{_MONEY} ?\d{{1,15}}(?:[.,]\d{{1,2}})?(?![\d-])",
    rf"\d{{1,3}}(?:[ ,.]\d{{3}}){{1,5}}(?:[.,]\d{{1,2}})? ?{_MONEY}",
    rf"\d{{1,15}}(?:[.,]\d{{1,2}})? ?{_MONEY}",
    r"\d{1,9}[.,]\d{5,20}(?!\d)",
)
_PHONES = (
    # +1 202 555 0123, +1 (202) 555-0123, +1 555-0123
    rf"\+1{_SEP}{{0,2}}(?:\d{{3}}{_SEP}{{0,2}})?\d{{3}}{_SEP}{{0,2}}\d{{4}}(?!\d)",
    # +44 20 7946 0123, +44 (0)20 7946 0123, 0049 151 234567
    rf"(?:\+|\b00)[ (]?[1-9](?:{_SEP}{{0,3}}\d){{6,14}}(?!\d)",
    # (202) 555-0123, 1-202-555-0123, 202.555.0123
    rf"(?:1{_GAP})?\(\d{{3}}\) ?\d{{3}}[ .\-\u2010-\u2013]?\d{{4}}(?!\d)",
    r"\b(?:1[ .\-])?\d{3}[ .\-\u2010-\u2013]\d{3}[ .\-\u2010-\u2013]\d{4}(?!\d)",
    # (020) 7946 0123, (11) 91234-5678, 06 12 34 56 78, 030/1234567, 0151-23456789
    rf"\(\d{{2,5}}\) ?\d{{3,5}}{_GAP}?\d{{3,5}}(?!\d)",
    rf"\b0\d{{1,4}}(?:{_SEP}{{1,3}}\d{{2,8}}){{1,4}}(?!\d)",
    # 98765 43210, 612 345 678, 12 34 56 78, 9123 4567, 555-0123
    rf"(?<!\d{_GAP})\b\d{{5}}{_GAP}\d{{5}}(?!{_GAP}?\d)",
    rf"(?<!\d{_GAP})\b\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}(?!{_GAP}?\d)",
    rf"(?<!\d{_GAP})\b\d{{2}}(?:{_GAP}\d{{2}}){{3}}(?!{_GAP}?\d)",
    rf"(?<!\d{_GAP})\b(?!(?:19|20)\d\d{_GAP}(?:19|20)\d\d)\d{{4}}{_GAP}\d{{4}}(?!{_GAP}?\d)",
    r"\b\d{3}[\-\u2010-\u2013]\d{4}(?!\d)",
    # nine to twelve digits in a row
    r"\b\d{9,12}(?!\d)",
)
_NUMBER = re.compile(
    rf"(?<![\w#])(?P<other>{'|'.join(_LEFT_ALONE)})|(?<!#)(?P<phone>{'|'.join(_PHONES)})", re.IGNORECASE
)
_LONGEST_PLAIN = 12  # digits; a longer number with a short last group has probably swallowed the next word
_SHORT_TAIL = re.compile(r"[ \u00a0]\d{1,2}\Z")
_TRUNK_DIGITS = range(9, 13)
_PASSES = 8  # taking one contact out can bare another beside it; two passes are the rule


def mask(text: str) -> Masked:
    """Replace every contact in a text. The same contact gets the same placeholder; numbers start at 1 in each text."""
    book = _Book()
    masked = _TYPED_PLACEHOLDER.sub(r"(\1)", text)
    for _ in range(_PASSES):
        before = masked
        masked = _replaced(masked, _emails(masked), book)
        masked = _replaced(masked, _phones(masked), book)
        if masked == before:
            break
    return Masked(masked, tuple(book.contacts.values()))


class _Book:
    """Hands out placeholders."""

    def __init__(self) -> None:
        self.contacts: dict[tuple[ContactKind, str], Contact] = {}
        self._counts = dict.fromkeys(ContactKind, 0)

    def placeholder(self, hit: _Hit) -> str:
        key = (hit.kind, _same(hit))
        if key not in self.contacts:
            self._counts[hit.kind] += 1
            name = f"[{hit.kind.value}-{self._counts[hit.kind]}]"
            self.contacts[key] = Contact(hit.kind, name, Redacted(hit.value))
        return self.contacts[key].placeholder


def _same(hit: _Hit) -> str:
    """Two spellings with the same result are the same contact."""
    if hit.kind is ContactKind.EMAIL:
        return hit.value.casefold()
    return "".join(char for char in hit.value if char.isdigit())


def _replaced(text: str, hits: Iterator[_Hit], book: _Book) -> str:
    parts: list[str] = []
    position = 0
    for hit in hits:
        parts += [text[position : hit.start], book.placeholder(hit)]
        position = hit.end
    parts.append(text[position:])
    return "".join(parts)


def _emails(text: str) -> Iterator[_Hit]:
    position = 0
    for sign in _AT.finditer(text):
        if sign.start() < position:
            continue
        domain = _DOMAIN.match(text, sign.end())
        start = _local_start(text, position, sign.start())
        if domain is None or start == sign.start():
            continue
        value = f"{text[start : sign.start()]}@{domain.group()}"
        yield _Hit(ContactKind.EMAIL, start, domain.end(), _UNSEEN_ANY.sub("", value))
        position = domain.end()


def _local_start(text: str, floor: int, end: int) -> int:
    """Where the part before an "@" begins. It cannot cross another "@", so all calls together read the text once."""
    quoted = _QUOTED.search(text, max(floor, end - 66), end)
    if quoted is not None:
        return quoted.start()
    start = end
    while start > floor and _LOCAL.match(text, start - 1):
        start -= 1
    while start < end and text[start] in _NOT_FIRST:
        start += 1
    return start


def _phones(text: str) -> Iterator[_Hit]:
    position = 0
    while (match := _NUMBER.search(text, position)) is not None:
        position = match.end()
        if match["phone"] is None:
            continue
        value = _without_swallowed(match["phone"])
        if _is_phone(value):
            position = match.start() + len(value)
            yield _Hit(ContactKind.PHONE, match.start(), position, value)


def _without_swallowed(value: str) -> str:
    """Drop a short last group from a number that is too long: "+44 20 7946 0123 10 times"."""
    while sum(char.isdigit() for char in value) > _LONGEST_PLAIN and (tail := _SHORT_TAIL.search(value)):
        value = value[: tail.start()]
    return value


def _is_phone(value: str) -> bool:
    if value.startswith("0") and not value.startswith("00"):
        return sum(char.isdigit() for char in value) in _TRUNK_DIGITS
    return True
