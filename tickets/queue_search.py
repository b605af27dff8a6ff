"""Finding a request by what somebody says of it: its reference, a contact, or words of its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from rapidfuzz import fuzz, utils

from pii.encryption import Vault
from pii.masking import mask
from tickets import contacts
from tickets.contacts import KnownContact, canonical
from tickets.queue_lines import COLUMNS, Line, lines_of
from tickets.references import ALPHABET, found_in, normalised
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import requests
from tickets.vocabulary import ContactKind

MOST_TEXTS = 5_000
"""Texts of open requests that are looked through for words, the newest."""
_LONGEST_SEARCH = 200
_MOST_WORDS = 8
_ALIKE = 75.0  # of 100: one wrong letter in a word of four
_GROUPS = ((0, 3), (3, 7), (7, 11))
_LABEL = re.compile(r"[A-Za-z]{3}[A-Za-z0-9]{8}")


def search(unit: Unit, vault: Vault, text: str, now: datetime, limit: int) -> tuple[Line, ...]:
    """What is found first by reference, then by contact, then by words; the kinds are not mixed."""
    # Half a character and NUL are refused by databases and hashes; nobody looks for them.
    wanted = text.encode("utf-8", "ignore").decode().replace("\0", " ").strip()[:_LONGEST_SEARCH]
    if not wanted or limit < 1:
        return ()
    if reference := _reference_in(wanted):
        found = _by_reference(unit, reference)
        return lines_of(unit, found[:limit], now)
    known = [KnownContact(ContactKind(one.kind.value), one.value) for one in mask(wanted).found]
    if known:
        plain = [KnownContact(one.kind, canonical(one.kind, one.value)) for one in known]
        return lines_of(unit, _by_contact(unit, vault, plain, limit), now)
    return lines_of(unit, _by_words(unit, wanted, limit), now)


def _reference_in(wanted: str) -> str:
    """A reference as it is written, in a sentence, or typed without its dashes."""
    if found := found_in(wanted):
        return found
    bare = re.sub(r"[^A-Za-z0-9]", "", wanted)
    return normalised("-".join(bare[start:end] for start, end in _GROUPS)) if _LABEL.fullmatch(bare) else ""


def _by_reference(unit: Unit, reference: str) -> Sequence[Row]:
    exact = _rows(unit, sa.select(*COLUMNS).where(requests.c.reference == reference))
    return exact or _rows(unit, sa.select(*COLUMNS).where(requests.c.reference.in_(_near(reference))))


def _near(reference: str) -> list[str]:
    """References with one character read wrongly, or two neighbours changed round."""
    places = [place for place in range(4, len(reference)) if reference[place] != "-"]
    near = {reference[:place] + char + reference[place + 1 :] for place in places for char in ALPHABET}
    for one, next_one in zip(places, places[1:]):
        chars = list(reference)
        chars[one], chars[next_one] = chars[next_one], chars[one]
        near.add("".join(chars))
    return sorted(near - {reference})


def _by_contact(unit: Unit, vault: Vault, known: list[KnownContact], limit: int) -> Sequence[Row]:
    ids = contacts.requests_with(unit, vault, known)
    newest = sa.select(*COLUMNS).where(requests.c.id.in_(ids)).order_by(requests.c.received_at.desc(), requests.c.id)
    return _rows(unit, newest.limit(limit))


def _by_words(unit: Unit, wanted: str, limit: int) -> Sequence[Row]:
    """Requests in whose text each word stands, or nearly: the best first, of equal ones the newest."""
    words = utils.default_process(wanted).split()[:_MOST_WORDS]
    if not words:
        return ()
    told = sa.select(requests.c.id, requests.c.text).where(requests.c.closed_at.is_(None), requests.c.text != "")
    newest = unit.execute(told.order_by(requests.c.received_at.desc(), requests.c.id).limit(MOST_TEXTS)).all()
    rated = [(_likeness(words, utils.default_process(row.text)), row.id) for row in newest]
    best = sorted((one for one in rated if one[0] > 0), key=lambda one: -one[0])[:limit]
    ids = [request_id for _, request_id in best]
    by_id = {row["id"]: row for row in _rows(unit, sa.select(*COLUMNS).where(requests.c.id.in_(ids)))}
    return [by_id[request_id] for request_id in ids]


def _likeness(words: list[str], text: str) -> float:
    """0 if one of the words is missing, else how well they agree, up to 100."""
    total = 0.0
    for word in words:
        alike = 100.0 if word in text else fuzz.partial_ratio(word, text, score_cutoff=_ALIKE)
        if not alike:
            return 0.0
        total += alike
    return total / len(words)


def _rows(unit: Unit, found: Any) -> Sequence[Row]:
    rows: Sequence[Row] = unit.execute(found).mappings().all()
    return rows
