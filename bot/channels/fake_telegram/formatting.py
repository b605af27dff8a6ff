"""Texts as the real server takes them: lengths in UTF-16 units, entities checked, spaces at the ends cut off.

The descriptions of refusals are those of the real server (td/telegram/MessageEntity.cpp).
"""

from __future__ import annotations

import re
from typing import Any

from bot.channels.fake_telegram.links import checked_link
from bot.channels.fake_telegram.refusals import bad_request

LONGEST_TEXT = 4_096  # UTF-16 units
MOST_ENTITIES = 100
_FARTHEST = 1_000_000
STYLES = frozenset(
    {"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre"}
)
FOUND_BY_SERVER = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}
)
KNOWN = STYLES | FOUND_BY_SERVER | {"text_link", "text_mention", "custom_emoji"}
_FINDERS = (
    ("bot_command", re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("email", re.compile(r"(?<!\w)[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?!\w)")),
    ("mention", re.compile(r"(?<![\w@./+-])@[A-Za-z0-9_]{3,32}(?!\w)")),
    ("url", re.compile(r"(?<![\w@])https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")),
    ("hashtag", re.compile(r"(?<![\w#&])#\w*[^\W\d]\w*")),
)


def units(text: str) -> int:
    """The length that Telegram counts: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def found_entities(text: str) -> list[dict[str, Any]]:
    """What the server marks in a text by itself: commands, mentions, addresses, links, hashtags."""
    found: list[dict[str, Any]] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern in _FINDERS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            found.append({"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())})
    return sorted(found, key=lambda entity: int(entity["offset"]))


def checked_text(text: str, entities: Any, *, strict_urls: bool) -> tuple[str, list[dict[str, Any]]]:
    """A text and its entities as they will stand in the message. Raises Refusal."""
    if not text:
        raise bad_request("message text is empty")
    text = text.replace("\r", "")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise bad_request("strings must be encoded in UTF-8")
    marked = [checked_entity(text, entity, strict_urls) for entity in _as_list(entities)]
    text, marked = _trimmed(text, [entity for entity in marked if entity["length"] > 0])
    if units(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return text, sorted([*marked, *_also_found(text, marked)], key=lambda entity: int(entity["offset"]))


def checked_entity(text: str, entity: Any, strict_urls: bool) -> dict[str, Any]:
    """One entity that a bot sent. Raises Refusal, with the real server's words."""
    if not isinstance(entity, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in KNOWN:
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    if not _is_whole(offset) or not _is_whole(length):
        name = "length" if _is_whole(offset) else "offset"
        raise bad_request(f"can't parse MessageEntity: Can't find field \"{name}\"")
    assert isinstance(offset, int) and isinstance(length, int)
    _check_bounds(text, offset, length)
    kept = {"type": kind, "offset": offset, "length": length}
    if kind == "text_link":
        kept["url"] = checked_link(str(entity.get("url") or ""), "entity URL", strict=strict_urls)
    if kind == "pre" and entity.get("language"):
        kept["language"] = str(entity["language"])
    return kept


def _check_bounds(text: str, offset: int, length: int) -> None:
    if not 0 <= offset <= _FARTHEST:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if not 0 <= length <= _FARTHEST:
        raise bad_request(f"receive an entity with incorrect length {length}")
    if length == 0:
        return
    end = offset + length
    if offset > units(text):
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if end > units(text):
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {end}"
        )
    if _splits_a_character(text, offset) or _splits_a_character(text, end):
        raise bad_request(f"entity beginning at UTF-16 offset {offset} begins or ends in a middle of a UTF-16 symbol")


def _splits_a_character(text: str, offset: int) -> bool:
    encoded = text.encode("utf-16-le")
    return 0xDC <= encoded[2 * offset + 1] <= 0xDF if 2 * offset + 1 < len(encoded) else False


def _as_list(entities: Any) -> list[Any]:
    if entities is None or entities == "":
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities JSON object")
    return entities[:MOST_ENTITIES]


def _is_whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def _trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Without spaces at its ends; entities follow, and those that held nothing but such spaces go."""
    cut = len(text) - len(text.lstrip(" \n"))
    body = text[cut:].rstrip()
    if not body:
        raise bad_request("text must be non-empty")
    end = units(body)
    moved = []
    for entity in entities:
        first = max(0, int(entity["offset"]) - cut)
        last = min(end, int(entity["offset"]) + int(entity["length"]) - cut)
        if last > first:
            moved.append({**entity, "offset": first, "length": last - first})
    return body, moved


def _also_found(text: str, marked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the server marks by itself, outside of what the bot marked as a link or code."""
    solid = [entity for entity in marked if entity["type"] in ("code", "pre", "text_link", *FOUND_BY_SERVER)]
    return [
        found
        for found in found_entities(text)
        if not any(
            found["offset"] < other["offset"] + other["length"] and other["offset"] < found["offset"] + found["length"]
            for other in solid
        )
    ]
