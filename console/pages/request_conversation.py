"""What is kept of the conversation in which a request was filed: both sides' words, masked, and the clauses cited.

The dialogue keeps its events packed and sealed for some weeks after the last message, then they are gone; nothing of it
is copied here. What cannot be read counts as not kept: the request itself does not depend on it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pii.encryption import EncryptionError
from pii.masking import mask
from tickets import rows
from tickets.conversations import Conversations
from tickets.errors import StoreError
from tickets.references import normalised

if TYPE_CHECKING:
    from console.house import House

MOST_SAID = 200
_LARGEST = 8_000_000
_LONGEST = 4_000
_BUTTONS = {"deny": "no", "affirm": "yes", "cancel": "yes, withdraw it"}
_HIDDEN = ("session_start", "restart", "nonsense")


@dataclass(frozen=True)
class Cited:
    """A clause that an answer quoted. path: its place on the policy's page."""

    path: str
    section: str
    text: str


@dataclass(frozen=True)
class Said:
    """One message. is_person: said by the person, not by the desk. pressed: a button, not typed words."""

    at: datetime
    is_person: bool
    text: str
    cited: tuple[Cited, ...] = ()
    pressed: bool = False


def conversation_of(house: "House", reference: str) -> tuple[Said, ...]:
    """What is kept, oldest first; empty if nothing is. Blocks."""
    with house.store.reading() as unit:
        row = rows.by_reference(unit, normalised(reference))
    if row is None:
        return ()
    try:
        packed = Conversations(house.store, house.vault).load(str(row["conversation"]))
    except (EncryptionError, StoreError):
        return ()
    return said_in(packed) if packed else ()


def said_in(packed: bytes) -> tuple[Said, ...]:
    """The messages of a packed conversation, the newest MOST_SAID of them."""
    try:
        opener = zlib.decompressobj()
        kept = json.loads(opener.decompress(packed, _LARGEST).decode("utf-8"))
        # What a long conversation was rolled up from stands apart: the dialogue does not go through it any more.
        return tuple(_said([*kept.get("earlier", ()), *kept["events"]]))[-MOST_SAID:]
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return ()


def _said(events: Iterable[Mapping[str, Any]]) -> Iterator[Said]:
    for event in events:
        kind, text = event.get("event"), str(event.get("text") or "")[:_LONGEST]
        if kind not in ("user", "bot"):
            continue
        at = datetime.fromtimestamp(float(event.get("timestamp") or 0), timezone.utc)
        if kind == "bot":
            cited = tuple(_cited(event.get("data") or {}))
            if text or cited:
                yield Said(at, False, mask(text).text, cited)
        elif text.startswith("/"):
            if pressed := _button(text):
                yield Said(at, True, pressed, pressed=True)
        elif text:
            yield Said(at, True, mask(text).text)


def _button(payload: str) -> str:
    """A pressed button in words: its command, and what it was about."""
    command, _, rest = payload[1:].partition("{")
    if command in _HIDDEN:
        return ""
    try:
        about = json.loads(f"{{{rest}") if rest else {}
    except ValueError:
        about = {}
    values = [str(value) for value in about.values()] if isinstance(about, dict) else []
    return ": ".join([_BUTTONS.get(command, command.replace("_", " ")), *values])


def _cited(data: Mapping[str, Any]) -> Iterator[Cited]:
    """The clauses in what an action sent beside its words, wherever in it they stand."""
    custom = data.get("custom") or {}
    answers = [custom.get("answer"), *(custom.get("more_answers") or ()), custom]
    for answer in answers:
        for quote in (answer or {}).get("quotes") or ():
            path = str(quote.get("url") or "")
            if path.startswith("/p/"):
                yield Cited(path, str(quote.get("section") or ""), str(quote.get("text") or "")[:_LONGEST])
