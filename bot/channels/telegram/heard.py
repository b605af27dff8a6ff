"""What an update means to us, and no more: nothing that tells a person's name, phone number or language is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from pii.redacted import Redacted
from tickets.chats import Chat

EMPTY = Redacted("")
LARGEST = 60_000
"""Bytes of a kept update; the inbox takes a little more."""


class Kind(str, Enum):
    """What happened. IGNORED: nothing that concerns us, or nothing that may be acted upon."""

    TEXT = "text"
    COMMAND = "command"
    START = "start"
    PRESSED = "pressed"
    UNREADABLE = "unreadable"
    EDITED = "edited"
    JOINED = "joined"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    MIGRATED = "migrated"
    IGNORED = "ignored"


@dataclass(frozen=True)
class BotName:
    """Who we are: the number before the token's colon, and the user name without "@"."""

    id: int
    username: str


@dataclass(frozen=True)
class Pressed:
    """A pressed button and the message it stood under. title: empty if Telegram does not show the message any more."""

    callback: str
    data: str = field(repr=False)
    message_id: int
    title: str = ""
    text: Redacted = EMPTY
    entities: tuple[dict[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Heard:
    """One update. chat is given unless it is IGNORED.

    name: a COMMAND's name, or in a word what was UNREADABLE. text: a TEXT, a COMMAND's argument, a START's payload.
    """

    kind: Kind
    update_id: int = 0
    chat: Chat | None = None
    is_group: bool = False
    message_id: int = 0
    name: str = ""
    text: Redacted = EMPTY
    pressed: Pressed | None = None
    moved_to: int | None = None  # the number of the group that a MIGRATED one has become

    @property
    def message_key(self) -> str:
        """What the dialogue knows the message by."""
        return f"tg{self.update_id}"


def packed(heard: Heard) -> Redacted:
    """As JSON, for the inbox. Raises ValueError for what is IGNORED: that is never kept."""
    if heard.chat is None:
        raise ValueError("an update without a chat is not kept")
    kept: dict[str, Any] = {
        "kind": heard.kind.value,
        "update": heard.update_id,
        "chat": [heard.chat.bot, heard.chat.chat, heard.chat.member],
        "group": heard.is_group,
        "message": heard.message_id,
        "name": heard.name,
        "text": heard.text.reveal(),
        "moved": heard.moved_to,
    }
    if heard.pressed is not None:
        kept["pressed"] = _kept(heard.pressed)
    body = json.dumps(kept)  # ASCII: half a surrogate pair, which a database would not take, is written out
    if len(body) > LARGEST:
        kept["text"] = ""
        kept["pressed"] = _kept(replace(heard.pressed, text=EMPTY, entities=())) if heard.pressed else None
        body = json.dumps(kept)
    return Redacted(body)


def _kept(pressed: Pressed) -> dict[str, Any]:
    return {
        "callback": pressed.callback,
        "data": pressed.data,
        "message": pressed.message_id,
        "title": pressed.title,
        "text": pressed.text.reveal(),
        "entities": list(pressed.entities),
    }


def unpacked(body: Redacted) -> Heard:
    """What `packed` made. Raises ValueError, KeyError or TypeError for anything else."""
    kept = json.loads(body.reveal())
    pressed = kept.get("pressed")
    return Heard(
        Kind(kept["kind"]),
        kept["update"],
        Chat(*kept["chat"]),
        kept["group"],
        kept["message"],
        kept["name"],
        Redacted(kept["text"]),
        _pressed(pressed) if pressed else None,
        kept["moved"],
    )


def _pressed(kept: dict[str, Any]) -> Pressed:
    entities = tuple(kept["entities"])
    return Pressed(kept["callback"], kept["data"], kept["message"], kept["title"], Redacted(kept["text"]), entities)
