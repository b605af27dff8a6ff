"""The webhook: an update is in the inbox before it is acknowledged, and a stranger is refused before it is read."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import TYPE_CHECKING

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.channels.telegram.arrivals import Arrivals
from pii.redacted import Redacted
from tickets.errors import InputError, TicketError

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST_BODY = 1_048_576  # bytes
RETRY_AFTER = 30  # seconds; Telegram keeps to it (security.md, section b)
_log = structlog.get_logger("bot.telegram")


def add_webhook(app: "FastAPI", arrivals: Arrivals, secret: Redacted) -> None:
    """Serve POST /telegram/webhook. secret: what was given to setWebhook as secret_token."""
    wanted = secret.reveal().encode()

    @app.post(PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), wanted):
            return Response(status_code=403)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        return await _kept(arrivals, body)


async def _kept(arrivals: Arrivals, body: bytes) -> Response:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return Response(status_code=400)
    try:
        if await arrivals.is_full():
            return _later("backlog")
        await arrivals.keep([update])
    except InputError:
        _log.error("telegram_update_too_large")  # acknowledged: it would not fit the next time either
    except (TicketError, asyncio.TimeoutError) as error:
        return _later(type(error).__name__)
    return Response(status_code=200)


def _later(reason: str) -> Response:
    """Telegram keeps it and comes again."""
    _log.warning("telegram_webhook_put_off", reason=reason)
    return Response(status_code=503, headers={"Retry-After": str(RETRY_AFTER)})


async def _body(request: Request) -> bytes | None:
    """What was sent; None as soon as it is too much."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return body
