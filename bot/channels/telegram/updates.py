"""Reads an update of the Bot API. Whatever its JSON holds, it is read without an error: at worst it is IGNORED.

Fields are those of core.telegram.org/bots/api#update. What others say in a group is read only where they speak to us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.channels.telegram.heard import BotName, Heard, Kind, Pressed
from bot.channels.telegram.units import part
from pii.redacted import Redacted
from tickets.chats import Chat

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
IGNORED = Heard(Kind.IGNORED)
LONGEST_TEXT = 5_000  # characters; Telegram's own limit is 4,096 units
_LONGEST_DATA = 64  # bytes of a button's data
_MOST_ENTITIES = 100
_LARGEST_ID = 2**52  # "at most 52 significant bits"
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|\Z)\s*", re.ASCII)
_ENTITY_FIELDS = ("type", "offset", "length", "url", "language")
_HERE = ("member", "administrator", "creator", "restricted")

UNREADABLE = {
    "photo": "photos",
    "voice": "voice messages",
    "video_note": "video messages",
    "video": "videos",
    "audio": "recordings",
    "animation": "animations",
    "sticker": "stickers",
    "document": "files",
    "contact": "contact cards",
    "venue": "places",
    "location": "places",
    "poll": "polls",
    "checklist": "check lists",
    "dice": "dice",
    "game": "games",
    "story": "stories",
    "paid_media": "photos",
}
"""What a message may consist of besides text, and how we speak of it. A venue carries a location as well."""


def read(update: object, bot: BotName) -> Heard:
    """What an update means. Never raises."""
    fields = _mapping(update)
    update_id = _number(fields.get("update_id"))
    if update_id is None or update_id < 0:
        return IGNORED
    heard = IGNORED
    if "message" in fields:
        heard = _message(_mapping(fields["message"]), bot)
    elif "edited_message" in fields:
        heard = _edited(_mapping(fields["edited_message"]), bot)
    elif "callback_query" in fields:
        heard = _callback(_mapping(fields["callback_query"]), bot)
    elif "my_chat_member" in fields:
        heard = _membership(_mapping(fields["my_chat_member"]), bot)
    return IGNORED if heard.chat is None else replace(heard, update_id=update_id)


def _message(message: Mapping[str, Any], bot: BotName) -> Heard:
    moved = _number(message.get("migrate_to_chat_id"))
    if moved is not None:
        group = _number(_mapping(message.get("chat")).get("id"))
        return IGNORED if group is None else Heard(Kind.MIGRATED, 0, Chat(str(bot.id), group), True, moved_to=moved)
    where = _where(message, bot)
    if where.chat is None:
        return IGNORED
    text = message.get("text")
    if isinstance(text, str) and text:
        return _said(where, text[:LONGEST_TEXT], message, bot)
    word = next((word for field, word in UNREADABLE.items() if message.get(field)), "")
    if not word or (
        where.is_group and not _is_addressed(message, _text_of(message, "caption"), "caption_entities", bot)
    ):
        return IGNORED
    return replace(where, kind=Kind.UNREADABLE, name=word)


def _edited(message: Mapping[str, Any], bot: BotName) -> Heard:
    where = _where(message, bot)
    is_text = isinstance(message.get("text"), str)  # a live location "edits" itself again and again
    return replace(where, kind=Kind.EDITED) if where.chat is not None and not where.is_group and is_text else IGNORED


def _said(where: Heard, text: str, message: Mapping[str, Any], bot: BotName) -> Heard:
    command = _COMMAND.match(text)
    named = (command.group(2) or "").lower() if command else ""
    if command and (not where.is_group or named == bot.username.lower()):
        name, argument = command.group(1).lower(), _words(text[command.end() :])
        kind = Kind.START if name == "start" else Kind.COMMAND
        return replace(where, kind=kind, name=name, text=argument)
    if where.is_group:
        if not _is_addressed(message, text, "entities", bot):
            return IGNORED
        text = _without_mentions(text, message.get("entities"), bot)
    return replace(where, kind=Kind.TEXT, text=_words(text))


def _callback(query: Mapping[str, Any], bot: BotName) -> Heard:
    message = _mapping(query.get("message"))
    where = _where({**message, "from": query.get("from"), "sender_chat": None, "via_bot": None}, bot)
    callback, data = query.get("id"), query.get("data")
    if (
        where.chat is None
        or not isinstance(callback, str)
        or not isinstance(data, str)
        or len(callback) > _LONGEST_DATA
    ):
        return IGNORED
    pressed = Pressed(
        callback,
        data if len(data.encode("utf-8", "surrogatepass")) <= _LONGEST_DATA else "",
        where.message_id,
        _title(message, data),
        _words(_text_of(message, "text")[:LONGEST_TEXT]),
        _entities(message.get("entities")),
    )
    return replace(where, kind=Kind.PRESSED, pressed=pressed)


def _membership(change: Mapping[str, Any], bot: BotName) -> Heard:
    """The bot's own place in a chat: blocked by a person, or taken into a group."""
    where = _where(change, bot)
    fresh = _mapping(change.get("new_chat_member"))
    if where.chat is None or _number(_mapping(fresh.get("user")).get("id")) != bot.id:
        return IGNORED
    before = _mapping(change.get("old_chat_member")).get("status")
    after = fresh.get("status")
    if where.is_group:
        is_new = after in _HERE and before not in _HERE
        return replace(where, kind=Kind.JOINED, chat=replace(where.chat, member=None)) if is_new else IGNORED
    if after == "kicked":
        return replace(where, kind=Kind.BLOCKED)
    return replace(where, kind=Kind.UNBLOCKED) if after == "member" else IGNORED


def _where(message: Mapping[str, Any], bot: BotName) -> Heard:
    """Chat and message; IGNORED for channels, for other bots, and for who speaks as a channel or through a bot."""
    chat, sender = _mapping(message.get("chat")), _mapping(message.get("from"))
    number, person, kind = _number(chat.get("id")), _number(sender.get("id")), chat.get("type")
    if number is None or person is None or kind not in ("private", "group", "supergroup"):
        return IGNORED
    if sender.get("is_bot") or message.get("sender_chat") or message.get("via_bot"):
        return IGNORED
    is_group = kind != "private"
    found = Chat(str(bot.id), number, person if is_group else None)
    return Heard(Kind.IGNORED, 0, found, is_group, _number(message.get("message_id")) or 0)


def _is_addressed(message: Mapping[str, Any], text: str, name: str, bot: BotName) -> bool:
    replied = _mapping(_mapping(message.get("reply_to_message")).get("from"))
    if _number(replied.get("id")) == bot.id:
        return True
    return bool(_mentions(text, message.get(name), bot))


def _mentions(text: str, entities: object, bot: BotName) -> list[tuple[int, int]]:
    """Places (offset and length in UTF-16 units) where this bot is named."""
    found = []
    for entity in entities[:_MOST_ENTITIES] if isinstance(entities, list) else ():
        fields = _mapping(entity)
        start, length = _number(fields.get("offset")), _number(fields.get("length"))
        if start is None or length is None or start < 0 or length <= 0:
            continue
        names_us = part(text, start, length).lower() == f"@{bot.username.lower()}"
        means_us = _number(_mapping(fields.get("user")).get("id")) == bot.id
        if fields.get("type") == "mention" and names_us or fields.get("type") == "text_mention" and means_us:
            found.append((start, length))
    return found


def _without_mentions(text: str, entities: object, bot: BotName) -> str:
    rest = text
    for start, length in sorted(_mentions(text, entities, bot), reverse=True):
        rest = part(rest, 0, start) + part(rest, start + length, len(rest) * 2)
    return rest.strip()


def _title(message: Mapping[str, Any], data: str) -> str:
    """What stood on the button."""
    rows = _mapping(message.get("reply_markup")).get("inline_keyboard")
    for row in rows[:_MOST_ENTITIES] if isinstance(rows, list) else ():
        for button in row[:_MOST_ENTITIES] if isinstance(row, list) else ():
            fields = _mapping(button)
            if fields.get("callback_data") == data and isinstance(fields.get("text"), str):
                return str(fields["text"])[:100]
    return ""


def _entities(entities: object) -> tuple[dict[str, Any], ...]:
    """The marks of our own message, to be put back when it is edited."""
    kept = []
    for entity in entities[:_MOST_ENTITIES] if isinstance(entities, list) else ():
        fields = {name: value for name, value in _mapping(entity).items() if name in _ENTITY_FIELDS}
        numbers = _number(fields.get("offset")), _number(fields.get("length"))
        words = all(
            isinstance(fields.get(name, ""), str) and len(fields.get(name, "")) <= 500 for name in ("type", "url")
        )
        if None not in numbers and words and isinstance(fields.get("language", ""), str):
            kept.append(fields)
    return tuple(kept)


def _text_of(message: Mapping[str, Any], field: str) -> str:
    text = message.get(field)
    return text if isinstance(text, str) else ""


def _words(text: str) -> Redacted:
    """Half a surrogate pair is no character, and no database takes it."""
    return Redacted(text.encode("utf-8", "ignore").decode("utf-8"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) <= _LARGEST_ID else None
