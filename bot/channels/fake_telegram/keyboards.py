"""Inline keyboards, checked as the real server does."""

from __future__ import annotations

from typing import Any

from bot.channels.fake_telegram.links import checked_link
from bot.channels.fake_telegram.refusals import bad_request

LONGEST_DATA = 64  # bytes
MOST_BUTTONS = 100
OTHER_MARKUP = frozenset({"keyboard", "remove_keyboard", "force_reply"})


def checked_keyboard(markup: Any, *, strict_urls: bool) -> list[list[dict[str, Any]]]:
    """The rows of `reply_markup`; empty for none, and for keyboards that are not under a message. Raises Refusal."""
    if markup is None or markup == "":
        return []
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return []
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    made = [_checked_row(row, strict_urls) for row in rows]
    if sum(len(row) for row in made) > MOST_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return [row for row in made if row]


def _checked_row(row: Any, strict_urls: bool) -> list[dict[str, Any]]:
    if not isinstance(row, list):
        raise bad_request("can't parse inline keyboard button: expected an Array of Array of InlineKeyboardButton")
    return [_checked_button(button, strict_urls) for button in row]


def _checked_button(button: Any, strict_urls: bool) -> dict[str, Any]:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    text = button["text"].strip()
    if not text:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if "url" in button:
        return {"text": text, "url": _checked_address(str(button["url"]), strict_urls)}
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode("utf-8", "surrogatepass")) <= LONGEST_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        return {"text": text, "callback_data": data}
    raise bad_request("text buttons are unallowed in the inline keyboard")


def _checked_address(url: str, strict_urls: bool) -> str:
    """The real server refuses some addresses itself and the rest by a code of Telegram's."""
    if url.strip() and any(ord(char) < 33 for char in url):
        raise bad_request("BUTTON_URL_INVALID")
    return checked_link(url, "inline keyboard button URL", strict=strict_urls)
