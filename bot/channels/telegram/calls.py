"""Calls to the Bot API, over python-telegram-bot's own client; its errors in our words.

What cannot work at any time is Refused, all else RetryLater. A token that Telegram does not take is said once, and the
process stays up: staff can have it renewed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import structlog
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.heard import BotName
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.rendered import Mark, Rendered
from pii.redacted import Redacted
from tickets.worker import Refused, RetryLater

API = "https://api.telegram.org/bot"
TIMEOUT = 15.0  # seconds of one call; two of them are less than the worker's patience
BEST_EFFORT = 5.0  # seconds for what is only polite
TOKEN_REFUSED = "token_refused"
CONFLICT = "conflict"  # somebody else polls for this bot, or a webhook is set
_AFTER_REFUSED_TOKEN = 60.0
_POOL = 16
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_Result = TypeVar("_Result")
_log = structlog.get_logger("bot.telegram")


class Calls:
    """One bot's calls. base_url: of another Bot API server, up to where the token follows."""

    def __init__(self, token: Redacted, base_url: str = API, pace: Pace | None = None) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO line carries the token
        self._bot = Bot(token.reveal(), base_url=base_url, request=_connections(_POOL))
        self._poll = httpx.AsyncClient(base_url=self._bot.base_url, follow_redirects=False)
        self._pace = pace or Pace()
        self._is_refused = False

    async def me(self) -> BotName:
        """Who this bot is."""
        found = await self._told(self._bot.get_me())
        return BotName(found.id, found.username or "")

    async def updates(self, offset: int | None, seconds: int, kinds: Sequence[str]) -> list[Any]:
        """What waits for us, as it came; waits that long for something to come. Raises RetryLater.

        python-telegram-bot would read them itself, and one update that it cannot read would hide the others for good.
        """
        asked = {"timeout": seconds, "allowed_updates": list(kinds)} | ({} if offset is None else {"offset": offset})
        try:
            found = await self._poll.post("/getUpdates", json=asked, timeout=seconds + TIMEOUT)
            answer = found.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RetryLater(kind=type(error).__name__.lower()) from None
        if found.status_code in (401, 404):
            self._refused_token()
            raise RetryLater(_AFTER_REFUSED_TOKEN, TOKEN_REFUSED)
        if found.status_code != 200 or not isinstance(answer, dict):
            raise RetryLater(_asked_seconds(answer), CONFLICT if found.status_code == 409 else "not_given")
        self._is_refused = False
        updates = answer.get("result")
        return updates if isinstance(updates, list) else []

    async def send(self, chat: int, message: Rendered) -> None:
        """Send a message as soon as the limits allow. Raises Refused, RetryLater."""
        await self._pace.wait(chat)
        try:
            await self._told(self._sending(chat, message), chat)
        except ChatMigrated as moved:  # a group that became a supergroup
            await self._told(self._sending(moved.new_chat_id, message), chat)
        except BadRequest as error:
            if not (message.entities or message.rows) or _is_no_chat(error):
                raise Refused(_word(error)) from None
            # Rather plain words than none: a link or a mark that Telegram does not take.
            _log.error("telegram_look_refused", kind=_word(error))
            await self._plainly(chat, message)

    async def edit(self, chat: int, message_id: int, message: Rendered) -> None:
        """Show a message that was sent differently; its buttons go. Raises as send."""
        await self._told(
            self._bot.edit_message_text(
                message.text, chat, message_id, entities=_entities(message.entities), link_preview_options=_NO_PREVIEW
            ),
            chat,
        )

    async def without_buttons(self, chat: int, message_id: int) -> None:
        """Take a message's buttons away. Raises as send."""
        await self._told(self._bot.edit_message_reply_markup(chat, message_id), chat)

    async def answer_press(self, callback: str, words: str = "") -> None:
        """End the waiting that a pressed button shows. Raises as send."""
        await self._told(self._bot.answer_callback_query(callback, words or None, show_alert=bool(words)))

    async def typing(self, chat: int) -> None:
        """Show for five seconds that an answer is on its way. Raises as send."""
        await self._told(self._bot.send_chat_action(chat, "typing"), chat)

    async def call(self, method: str, **values: Any) -> None:
        """Any other call, by its name in python-telegram-bot. Raises as send."""
        try:
            await self._told(getattr(self._bot, method)(**values))
        except BadRequest as error:
            raise Refused(_word(error)) from None

    async def close(self) -> None:
        """Let the connections go."""
        await self._bot.shutdown()
        await self._poll.aclose()

    async def _plainly(self, chat: int, message: Rendered) -> None:
        rows = tuple(row for row in (tuple(key for key in row if key.data) for row in message.rows) if row)
        try:
            await self._told(self._sending(chat, replace(message, entities=(), rows=rows)), chat)
        except BadRequest as error:
            raise Refused(_word(error)) from None

    def _sending(self, chat: int, message: Rendered) -> Awaitable[Any]:
        answered = ReplyParameters(message.reply_to, allow_sending_without_reply=True) if message.reply_to else None
        return self._bot.send_message(
            chat,
            message.text,
            entities=_entities(message.entities),
            reply_markup=_keyboard(message),
            link_preview_options=_NO_PREVIEW,
            reply_parameters=answered,
        )

    async def _told(self, call: Awaitable[_Result], chat: int | None = None) -> _Result:
        """What a call gives. Raises BadRequest and ChatMigrated as they are, Refused and RetryLater for the others."""
        try:
            found = await call
        except (BadRequest, ChatMigrated):
            raise
        except RetryAfter as error:
            asked = error.retry_after
            seconds = asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
            if chat is not None:
                self._pace.asked_to_wait(chat, seconds)
            raise RetryLater(seconds, "too_many_requests") from None
        except Forbidden:
            raise Refused("blocked") from None
        except InvalidToken:
            self._refused_token()
            raise RetryLater(_AFTER_REFUSED_TOKEN, TOKEN_REFUSED) from None
        except TelegramError as error:  # the network or Telegram itself
            raise RetryLater(kind=_word(error)) from None
        self._is_refused = False
        return found

    def _refused_token(self) -> None:
        if not self._is_refused:
            _log.error("telegram_token_refused")
        self._is_refused = True


async def politely(call: Awaitable[None]) -> None:
    """A call that nothing depends on: it ends in any case, and soon."""
    try:
        await asyncio.wait_for(call, BEST_EFFORT)
    except Exception as error:  # noqa: BLE001  whatever it is, the answer itself is safe
        _log.info("telegram_courtesy_failed", kind=type(error).__name__)


def _connections(size: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=size,
        read_timeout=TIMEOUT,
        write_timeout=TIMEOUT,
        connect_timeout=TIMEOUT,
        pool_timeout=TIMEOUT,
    )


def _asked_seconds(answer: object) -> float | None:
    parameters = answer.get("parameters") if isinstance(answer, dict) else None
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(asked) if isinstance(asked, int) else None


def _entities(marks: Sequence[Mark]) -> list[MessageEntity] | None:
    return [MessageEntity(mark.type, mark.offset, mark.length, url=mark.url or None) for mark in marks] or None


def _keyboard(message: Rendered) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(key.title, url=key.url or None, callback_data=key.data or None) for key in row]
        for row in message.rows
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _is_no_chat(error: BadRequest) -> bool:
    return "chat not found" in error.message.lower()


def _word(error: TelegramError) -> str:
    return type(error).__name__.lower()
