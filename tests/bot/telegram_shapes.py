"""Updates as Telegram sends them, for tests. Numbers are made up."""

from __future__ import annotations

from typing import Any

from bot.channels.telegram.heard import BotName

BOT = BotName(4711, "desk_bot")
PERSON = {"id": 71, "is_bot": False, "first_name": "Secret-Name", "username": "secret_name", "language_code": "uk"}
PRIVATE = {"id": 71, "type": "private", "first_name": "Secret-Name", "username": "secret_name"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Secret-Title"}
MYSELF = {"id": 4711, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}


def units(text: str) -> int:
    """A length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def message(text: str = "", update_id: int = 1, **more: Any) -> dict[str, Any]:
    """Somebody wrote to the bot in private, or with chat=GROUP in a group."""
    fields = {"message_id": 5, "date": 1_770_000_000, "chat": PRIVATE, "from": PERSON, "text": text, **more}
    return {
        "update_id": update_id,
        "message": {name: value for name, value in fields.items() if value not in ("", None)},
    }


def in_group(text: str, update_id: int = 1, mention: str = "@desk_bot", **more: Any) -> dict[str, Any]:
    """The same in a group; the mention, if it stands in the text, is marked as Telegram marks it."""
    at = text.find(mention) if mention else -1
    marks = [{"type": "mention", "offset": units(text[:at]), "length": units(mention)}] if at >= 0 else []
    return message(text, update_id, **{"chat": GROUP, "entities": marks, **more})


def pressed(data: str, update_id: int = 1, **more: Any) -> dict[str, Any]:
    """A button was pressed."""
    under = {
        "message_id": 9,
        "date": 1_770_000_000,
        "chat": PRIVATE,
        "from": MYSELF,
        "text": "Shall I?",
        "entities": [{"type": "bold", "offset": 0, "length": 5}],
        "reply_markup": {"inline_keyboard": [[{"text": "Yes", "callback_data": data}]]},
    }
    query = {"id": "cb-1", "from": PERSON, "message": {**under, **more}, "chat_instance": "1", "data": data}
    return {"update_id": update_id, "callback_query": query}


def membership(before: str, after: str, update_id: int = 1, chat: dict[str, Any] | None = None) -> dict[str, Any]:
    """The bot's own place in a chat changed."""
    change = {
        "chat": chat or PRIVATE,
        "from": PERSON,
        "date": 1_770_000_000,
        "old_chat_member": {"user": MYSELF, "status": before},
        "new_chat_member": {"user": MYSELF, "status": after},
    }
    return {"update_id": update_id, "my_chat_member": change}
