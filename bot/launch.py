"""Puts the parts of the bot process together: settings -> store, knowledge, agent -> desk -> app."""

from __future__ import annotations

import gc
import logging
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.rasa_agent import utc_now
from bot.settings import BotSettings
from policies_kb.knowledge import KnowledgeBase, Policy
from policies_kb.workshop import workshop

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.desk import Desk
    from bot.forgetting import Forgetting
    from bot.reception import Reception
    from pii.encryption import Vault
    from tickets.contacts import ContactBox
    from tickets.identity import Identity
    from tickets.letters import Correspondence
    from tickets.outbox import Outbox
    from tickets.retention import Keeper
    from tickets.service import RequestService
    from tickets.spool import Spool
    from tickets.store import Store


class LaunchError(RuntimeError):
    """The product cannot start; the text says why and what to do."""


@dataclass
class Parts:
    """What a running bot is made of."""

    desk: "Desk"
    reception: "Reception"
    knowledge: KnowledgeBase
    store: "Store"
    requests: "RequestService"
    identity: "Identity"
    keeper: "Keeper"
    outbox: "Outbox"
    spool: "Spool"
    box: "ContactBox"
    forgetting: "Forgetting"
    vault: "Vault"
    mail: "Correspondence"
    clock: Callable[[], datetime]


def open_store(url: str) -> "Store":
    """The requests' database, with its tables up to date. Raises tickets.errors.StoreError."""
    from tickets.store import Store

    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    store = Store(url)
    try:
        store.migrate()
    except Exception:
        store.close()
        raise
    return store


def assemble(
    settings: BotSettings,
    model: Path,
    store: "Store",
    knowledge: KnowledgeBase | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Parts:
    """Load the model and everything it works with."""
    from bot.desk import Desk
    from bot.forgetting import Forgetting
    from bot.menu import Menu
    from bot.rasa_agent import load_agent
    from bot.reception import Reception
    from pii.encryption import Vault, load_ring
    from tickets import audit
    from tickets.contacts import ContactBox
    from tickets.conversations import Conversations
    from tickets.following import FollowingVault
    from tickets.identity import Identity
    from tickets.ledger import LEDGER_FILE
    from tickets.letters import Correspondence
    from tickets.outbox import Outbox
    from tickets.retention import Keeper
    from tickets.schedule import Schedule
    from tickets.service import RequestService
    from tickets.spool import Spool

    base = knowledge or workshop(settings.data).knowledge
    # On PostgreSQL keys may be changed beside a running bot.
    vault = Vault(load_ring(settings.keys)) if store.is_sqlite else FollowingVault(settings.keys)
    audit.use_key(store, vault)
    mail = Correspondence(settings.base_url, base.name_of)
    requests = RequestService(store, vault, mail, target_days=settings.target_days)
    identity, box = Identity(store, vault, mail), ContactBox(store, vault)
    schedule = Schedule(conversation=settings.conversation_days)
    keeper = Keeper(store, vault, schedule, ledger=settings.data / LEDGER_FILE, mail=mail)
    keeper.catch_up(clock())
    shared = {"knowledge": base, "requests": requests, "identity": identity, "keeper": keeper, "clock": clock}
    agent = load_agent(model, shared, Conversations(store, vault), clock)
    forgetting = Forgetting(agent, keeper, clock)
    spool = Spool(settings.data / "spool", vault)
    desk = Desk(agent, forget=forgetting, menu=Menu(base, requests, box, spool, clock))
    reception = Reception(box, identity, clock)
    outbox = Outbox(store, vault)
    gc.freeze()
    gc.enable()
    return Parts(
        desk, reception, base, store, requests, identity, keeper, outbox, spool, box, forgetting, vault, mail, clock
    )


def make_app(settings: BotSettings, parts: Parts) -> "FastAPI":
    """The public app over these parts."""
    from bot.app import Services, create_app
    from bot.sessions import Sessions
    from bot.web.pages import Pages
    from bot.work import background, demo_mails

    responses = parts.desk.agent.domain.responses if parts.desk.agent.domain else {}
    welcome = str(responses["utter_welcome"][0]["text"])

    def greet(policy: Policy) -> str:
        return welcome.format(company=policy.profile.name, days=settings.conversation_days)

    run_beside, wake = background(settings, parts)
    services = Services(
        desk=parts.desk,
        reception=parts.reception,
        identity=parts.identity,
        feed=parts.outbox.feed,
        knowledge=parts.knowledge,
        sessions=Sessions(settings.secret),
        pages=Pages(),
        welcome=greet,
        is_ready=lambda: _is_ready(parts),
        close=parts.store.close,
        mails=demo_mails(settings),
        background=run_beside,
        wake=wake,
        kept_days=settings.conversation_days,
        base_url=settings.base_url,
    )
    parts.forgetting.also = [services.forget]
    return create_app(services)


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
    """Run until stopped. What is missing on disk (encoder, vectors, model) is built first, and said."""
    import uvicorn

    from bot.training import ensure_model_apart
    from pii.logs import configure_logging

    taken = listening_socket(settings)
    if not (settings.data / "vectors").exists():
        print("building the sentence encoder and the index of the policies (about 20 seconds, once) …", file=sys.stderr)
    knowledge = workshop(settings.data).knowledge
    model = ensure_model_apart(settings.models)
    configure_logging(sys.stderr)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = make_app(settings, assemble(settings, model, open_store(settings.database_url), knowledge))
    # h11 refuses malformed heads that looser parsers take; nothing here speaks WebSocket.
    config = uvicorn.Config(app, log_config=None, http="h11", ws="none", access_log=False, server_header=False)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(_banner(settings, knowledge, time.monotonic() - started), flush=True)

    Server(config).run(sockets=[taken])
    return 0


def _mail_line(settings: BotSettings) -> str:
    """Where mails go; without a mail server a code never reaches anybody, and the operator has to know."""
    if settings.mail is not None:
        return f"  Mail leaves by      {settings.mail.host}"
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        return f"  Demo mailbox        {settings.base_url}/demo/mail (set PRIVACY_DESK_SMTP_HOST to send mail)"
    return f"  MAIL IS NOT SENT    codes lie in {settings.data / 'mail'}: set PRIVACY_DESK_SMTP_HOST"


def _banner(settings: BotSettings, knowledge: KnowledgeBase, seconds: float) -> str:
    names = ", ".join(knowledge.get(policy).profile.name for policy in knowledge.ids)
    return f"""
Privacy Desk is ready ({seconds:.1f} s).

  Ask a policy        {settings.base_url}/
  Read a policy       {settings.base_url}/p/klasso
  API for programs    {settings.base_url}/docs
{_mail_line(settings)}

  Policies: {names}.
  Try: "do you record calls?", "how do I delete my account?", "please delete my account";
  then see the request: .venv/bin/python -m tickets list

Ctrl-C stops it.
"""
