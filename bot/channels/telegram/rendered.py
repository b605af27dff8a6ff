"""A message as it goes to Telegram: plain text, marks by place, and rows of buttons. Kept as JSON in the outbox."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.channels.telegram.units import LONGEST, first, units


@dataclass(frozen=True)
class Mark:
    """A stretch of the text in another look, in UTF-16 units. type: as in the Bot API's MessageEntity."""

    type: str
    offset: int
    length: int
    url: str = ""


@dataclass(frozen=True)
class Key:
    """A button: data comes back when it is pressed (see .buttons); a url is opened."""

    title: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True)
class Rendered:
    """One message. reply_to: the number of the message that it answers, 0 for none."""

    text: str = field(repr=False)
    entities: tuple[Mark, ...] = field(default=(), repr=False)
    rows: tuple[tuple[Key, ...], ...] = ()
    reply_to: int = 0

    def to_json(self) -> str:
        """For the outbox."""
        kept = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(kept, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Rendered":
        """Raises ValueError, KeyError or TypeError for what `to_json` did not make."""
        kept: dict[str, Any] = json.loads(text)
        rows = tuple(tuple(Key(**key) for key in row) for row in kept.get("rows", ()))
        return cls(
            kept["text"], tuple(Mark(**mark) for mark in kept.get("entities", ())), rows, kept.get("reply_to", 0)
        )


class Sheet:
    """A text that grows, with its marks."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._marks: list[Mark] = []
        self.length = 0  # UTF-16 units so far

    def add(self, text: str, *types: str, url: str = "") -> None:
        """Append. A link has a url; text whose look is plain has no types."""
        text = printable(text)
        size = units(text)
        if size:
            self._marks += [Mark(one, self.length, size, url if one == "text_link" else "") for one in types]
        self._parts.append(text)
        self.length += size

    def done(self) -> Rendered:
        """As a message of at most 4,096 units, without white space at its ends, as Telegram itself would have it."""
        text = "".join(self._parts)
        kept = text.rstrip()
        if units(kept) > LONGEST:
            kept = first(kept, LONGEST - 2).rstrip() + " …"
        start = len(kept) - len(kept.lstrip())
        size = units(kept)
        cut = (replace(mark, length=min(mark.offset + mark.length, size) - mark.offset) for mark in self._marks)
        moved = (_moved(mark, start) for mark in cut if mark.length > 0)
        return Rendered(kept.lstrip(), tuple(mark for mark in moved if mark.length > 0))


def printable(text: str) -> str:
    """Without what Telegram does not take or would take out: NUL, other controls, halves of surrogate pairs."""
    return "".join(char for char in text if (char >= " " or char in "\n\t") and not "\ud800" <= char <= "\udfff")


def _moved(mark: Mark, by: int) -> Mark:
    offset = max(0, mark.offset - by)
    return replace(mark, offset=offset, length=mark.length - (by - (mark.offset - offset)))
