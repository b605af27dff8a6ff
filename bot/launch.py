"""Puts the parts of the bot process together: settings -> store, knowledge, agent -> desk -> app."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.parts import Parts as Parts
from bot.parts import assemble as assemble
from bot.parts import open_store as open_store
from bot.rasa_agent import utc_now
from bot.settings import BotSettings
from policies_kb.knowledge import Policy
from policies_kb.workshop import workshop

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.releases.following import Follower

STOPPING_SECONDS = 9  # for what is under way when the process is asked to end


class LaunchError(RuntimeError):
    """The product cannot start; the text says why and what to do."""


def make_app(
    settings: BotSettings,
    parts: Parts,
    others: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = (),
    follower: "Follower | None" = None,
) -> "FastAPI":
    """The public app over these parts, with all its channels. others: what is served beside it, each until an event.

    follower: changes over to what is published; without it the parts stay what they are.
    """
    from bot.app import Services, create_app
    from bot.ballot import Ballot
    from bot.login import Logins
    from bot.metrics import Metrics
    from bot.origins import Origins
    from bot.sessions import Sessions
    from bot.shedding import Gate
    from bot.web.pages import Pages
    from bot.web_door import WebDoor
    from bot.work import Background, demo_mails

    metrics, sessions = Metrics(), Sessions(settings.secret)
    door = WebDoor(
        desk=parts.desk,
        reception=parts.reception,
        sessions=sessions,
        store=parts.store,
        vault=parts.vault,
        inbox=parts.inbox,
        outbox=parts.outbox,
        clock=parts.clock,
        secret=settings.secret,
        metrics=metrics,
    )
    parts.forgetting.also = [door.forget]
    if follower is not None:
        follower.show_on(metrics.registry)
        others = [*others, follower.run]
    beside = Background(settings, parts, door, _greeting(settings, parts), others)
    return create_app(
        Services(
            desk=parts.desk,
            reception=parts.reception,
            identity=parts.identity,
            door=door,
            ballot=Ballot(parts.inbox, parts.outbox, parts.votes, parts.noting, parts.clock),
            outbox=parts.outbox,
            knowledge=parts.knowledge,
            sessions=sessions,
            pages=Pages(),
            welcome=_greeting(settings, parts),
            is_ready=lambda: _is_ready(parts),
            close=parts.store.close,
            metrics=metrics,
            logins=Logins(settings.login_keys),
            origins=Origins(settings.origins),
            gate=Gate(is_busy=lambda: door.is_busy),
            behind_proxy=settings.behind_proxy,
            mails=demo_mails(settings),
            background=beside.run,
            more=[*beside.routes, lambda app: _add_transparency(app, settings, parts)],
            kept_days=settings.conversation_days,
            base_url=settings.base_url,
            earlier=follower.earlier if follower is not None else lambda number, policy: None,
        )
    )


def _add_transparency(app: "FastAPI", settings: BotSettings, parts: Parts) -> None:
    """The public page of counts, which is no part of any channel."""
    from bot import app_transparency
    from tickets.transparency import transparency

    services = app.state.services
    app_transparency.add(app, services, lambda policy, now: transparency(parts.store, policy, now), parts.clock)


def _greeting(settings: BotSettings, parts: Parts) -> Callable[[Policy], str]:
    """The first words to a person: a machine, whose policy, what is kept and for how long, how to reach a person."""

    def welcome(policy: Policy) -> str:
        domain = parts.desk.agent.domain  # of the release that is served now
        words = str((domain.responses if domain else {})["utter_welcome"][0]["text"])
        return words.format(company=policy.profile.name, days=settings.conversation_days)

    return welcome


def _is_ready(parts: Parts) -> bool:
    """Whether a message could be answered and a request filed now."""
    from tickets.errors import TicketError

    try:
        parts.store.check_current()
    except TicketError:
        return False
    return bool(parts.desk.agent.is_ready())


def listening_socket(settings: BotSettings) -> socket.socket:
    """The port, taken before anything slow is done. Raises LaunchError if somebody else has it."""
    taken = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise LaunchError(
            f"port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
            "Stop what uses it, or choose another one: PRIVACY_DESK_PORT=8090 make run"
        ) from error
    return taken


def serve(settings: BotSettings, started: float) -> int:
    """Run until stopped. What is missing on disk (encoder, vectors, model, first release) is made first, and said."""
    import uvicorn

    from bot.banner import banner
    from bot.console_beside import console_beside
    from bot.releases.differing import differences
    from bot.releases.following import Follower, replica_name
    from bot.releases.shelf import shelf_of
    from bot.releases.starting import begin
    from pii.logs import configure_logging

    taken = listening_socket(settings)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = open_store(settings.database_url)
    shelf, shop = shelf_of(settings, store), workshop(settings.data, settings.policies)
    begun = begin(settings, shelf, shop, utc_now(), _said)
    configure_logging(sys.stderr)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    settings, demo = _with_demo(settings)
    parts = assemble(settings, begun.model, store, begun.knowledge)
    console, console_words = console_beside(settings, parts)
    replica = replica_name(settings.port)
    follower = Follower(shelf, begun.opener, parts, begun.manifest.number, replica, parts.clock)
    app = make_app(settings, parts, [one for one in (demo, console) if one], follower)
    unpublished = differences(settings, begun.manifest, begun.knowledge)
    # h11 refuses malformed heads that looser parsers take; nothing here speaks WebSocket.
    config = uvicorn.Config(
        app,
        log_config=None,
        http="h11",
        ws="none",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # bot.shedding reads them, if there is a proxy
        timeout_graceful_shutdown=STOPPING_SECONDS,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            seconds = time.monotonic() - started
            print(banner(settings, parts.knowledge, seconds, console_words, unpublished), flush=True)

    Server(config).run(sockets=[taken])
    return 0


def _said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _with_demo(
    settings: BotSettings,
) -> tuple[BotSettings, Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None]:
    """The pretend Telegram, if it is wanted and its port is free; without the port there is no Telegram at all."""
    if settings.telegram is None or settings.telegram.demo_port is None:
        return settings, None
    from bot.demo_telegram import demo_socket, serve_demo

    listening = demo_socket(settings.telegram.demo_port)
    if listening is None:
        return replace(settings, telegram=None), None
    return settings, lambda stop: serve_demo(listening, stop)
