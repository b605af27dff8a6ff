"""Sends what waits for Telegram conversations, by python-telegram-bot's own client.

A conversation's id is "tg:" and the chat's number, minted from an update that Telegram vouched for. What Telegram asks
to be retried is retried when it says; a person who has blocked the bot is given up at once, and staff see it.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from pii.redacted import Redacted
from tickets.outbox import Parcel
from tickets.worker import Refused, RetryLater

PREFIX = "tg:"
LONGEST = 4_096  # characters of one message, counted by Telegram in UTF-16 units
TIMEOUT = 20.0  # seconds
_CHAT = re.compile(rf"{PREFIX}(-?\d{{1,19}})")


class TelegramSender:
    """Sends plain text: nothing in it is markup, whatever a person typed."""

    def __init__(self, token: Redacted, base_url: str = "https://api.telegram.org/bot") -> None:
        """base_url: of another Bot API server, up to where the token follows."""
        logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO line carries the token
        request = HTTPXRequest(read_timeout=TIMEOUT, write_timeout=TIMEOUT, connect_timeout=TIMEOUT)
        self._bot = Bot(token.reveal(), base_url=base_url, request=request)

    async def send(self, parcel: Parcel) -> None:
        """Send one message. Raises Refused where trying again is no use, RetryLater where Telegram says when."""
        chat = _CHAT.fullmatch(parcel.recipient.reveal())
        if chat is None:
            raise Refused("not_a_chat")
        try:
            for part in parts_of(parcel.text.reveal()):
                await self._bot.send_message(int(chat.group(1)), part)
        except RetryAfter as error:
            asked = error.retry_after
            seconds = asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
            raise RetryLater(seconds, "too_many_requests") from None
        except (Forbidden, BadRequest) as error:
            raise Refused(type(error).__name__.lower()) from None
        except TelegramError as error:  # the network, Telegram itself, or a token that staff can mend
            raise RetryLater(kind=type(error).__name__.lower()) from None

    async def close(self) -> None:
        """Let the connections go."""
        await self._bot.shutdown()


def parts_of(text: str) -> list[str]:
    """A text in messages that Telegram takes, cut at the last line or word that fits."""
    parts = []
    rest = text.strip()
    while _units(rest) > LONGEST:
        fits = _longest_that_fits(rest)
        cut = max(fits.rfind("\n"), fits.rfind(" "))
        end = cut if cut > 0 else len(fits)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _longest_that_fits(text: str) -> str:
    fits = text[:LONGEST]
    while _units(fits) > LONGEST:
        fits = fits[: len(fits) - (_units(fits) - LONGEST + 1) // 2]
    return fits
