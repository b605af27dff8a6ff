"""Puts the console together, and serves it."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from console.settings import ConsoleSettings
from pii.encryption import Vault
from pii.redacted import Redacted
from policies_kb.errors import KnowledgeError
from tickets.errors import TicketError
from tickets.staff import Staff
from tickets.vocabulary import Role

if TYPE_CHECKING:
    import argon2
    import uvicorn
    from fastapi import FastAPI

    from console.house import House
    from policies_kb.knowledge import KnowledgeBase, LiveKnowledge
    from tickets.letters import Correspondence
    from tickets.store import Store

FIRST_LOGIN = "admin"
STOPPING_SECONDS = 9
LOOK_SECONDS = 1.0


class ConsoleError(RuntimeError):
    """The console cannot start; the text says why and what to do."""


def utc_now() -> datetime:
    """The present."""
    return datetime.now(timezone.utc)


def make_console(
    store: "Store",
    vault: Vault,
    knowledge: "KnowledgeBase",
    mail: "Correspondence",
    data_folder: Path,
    settings: ConsoleSettings,
    clock: Callable[[], datetime] = utc_now,
) -> "FastAPI":
    """The console's app over a store that somebody else opens and closes."""
    from console.app import create_app

    return create_app(make_house(store, vault, knowledge, mail, data_folder, settings, clock))


def make_house(
    store: "Store",
    vault: Vault,
    knowledge: "KnowledgeBase",
    mail: "Correspondence",
    data_folder: Path,
    settings: ConsoleSettings,
    clock: Callable[[], datetime] = utc_now,
    hasher: "argon2.PasswordHasher | None" = None,
) -> "House":
    """All services that the pages work with. hasher: None for the usual one."""
    from console.house import House
    from console.rendering import Renderer
    from tickets import audit
    from tickets.decisions import Decisions
    from tickets.findings import Findings
    from tickets.handling import Handling
    from tickets.identity import Identity
    from tickets.inbox import Inbox
    from tickets.ledger import LEDGER_FILE
    from tickets.outbox import Outbox
    from tickets.queue import Queue
    from tickets.reports import Reports
    from tickets.retention import Keeper
    from tickets.schedule import Schedule
    from tickets.service import RequestService
    from tickets.staff_login import StaffLogins
    from tickets.staff_passwords import usual_hasher
    from tickets.votes import Votes

    audit.use_key(store, vault)
    hashing = hasher or usual_hasher()
    schedule = Schedule(conversation=settings.conversation_days)
    return House(
        settings=settings,
        store=store,
        vault=vault,
        mail=mail,
        knowledge=knowledge,
        clock=clock,
        requests=RequestService(store, vault, mail, target_days=settings.target_days),
        decisions=Decisions(store, vault, mail),
        identity=Identity(store, vault, mail),
        keeper=Keeper(store, vault, schedule, ledger=data_folder / LEDGER_FILE, mail=mail),
        staff=Staff(store, vault, hashing),
        logins=StaffLogins(store, vault, hashing),
        queue=Queue(store, vault),
        handling=Handling(store, vault, mail),
        findings=Findings(store, vault),
        votes=Votes(store, vault),
        reports=Reports(store),
        outbox=Outbox(store, vault),
        inbox=Inbox(store, vault),
        look=Renderer(settings.is_https),
    )


def first_admin(store: "Store", vault: Vault, now: datetime) -> Redacted | None:
    """The password of a first administrator, made where there is no staff at all; to be printed once."""
    staff = Staff(store, vault)
    return staff.add(FIRST_LOGIN, Role.ADMIN, now)[1] if staff.is_empty() else None


def first_words(settings: ConsoleSettings, password: Redacted | None) -> str:
    """What the terminal says: where the console is, and the first login, this once."""
    lines = [f"  Staff console       {settings.url}/"]
    if password is not None:
        lines += [
            f"    first login       {FIRST_LOGIN}",
            f"    password, once    {password.reveal()}",
            "    (you choose your own and set up a second factor; lost it? python -m console user reset admin)",
        ]
    return "\n".join(lines)


def listening_socket(settings: ConsoleSettings) -> socket.socket:
    """The port, taken before anything slow is done. Raises ConsoleError if somebody else has it."""
    taken = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise ConsoleError(
            f"port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
            "`make run` serves the console too; stop it, or choose another port: PRIVACY_DESK_CONSOLE_PORT"
        ) from error
    return taken


def open_store(settings: ConsoleSettings) -> "Store":
    """The requests' database, with its tables up to date. Raises tickets.errors.StoreError."""
    from tickets.store import Store

    if settings.database_url.startswith("sqlite:///"):
        Path(settings.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database_url)
    try:
        store.migrate()
    except Exception:
        store.close()
        raise
    return store


def open_vault(settings: ConsoleSettings, store: "Store") -> Vault:
    """The keys. On PostgreSQL they may be changed beside a running console."""
    from pii.encryption import load_ring
    from tickets.following import FollowingVault

    settings.keys.parent.mkdir(parents=True, exist_ok=True)
    return Vault(load_ring(settings.keys)) if store.is_sqlite else FollowingVault(settings.keys)


def serve(settings: ConsoleSettings) -> int:
    """Run the console alone until it is stopped; for PostgreSQL, beside the bot."""
    import uvicorn

    from pii.logs import configure_logging
    from tickets.letters import Correspondence

    taken = listening_socket(settings)
    configure_logging(sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with open_store(settings) as store:
        vault = open_vault(settings, store)
        knowledge, look = served_knowledge(settings, store)
        mail = Correspondence(settings.public_url, knowledge.name_of)
        app = make_console(store, vault, knowledge, mail, settings.data, settings)
        print(f"\n{first_words(settings, first_admin(store, vault, utc_now()))}\n\nCtrl-C stops it.", flush=True)
        stop = threading.Event()
        threading.Thread(target=_follow, args=(look, stop), daemon=True).start()
        uvicorn.Server(server_config(app)).run(sockets=[taken])
        stop.set()
    return 0


def served_knowledge(settings: ConsoleSettings, store: "Store") -> "tuple[LiveKnowledge, Callable[[], None]]":
    """The policies as people are answered from them, and a look at whether that has changed.

    Before the first release, which the bot makes when it starts, those of the folder. The look raises KnowledgeError
    for a release that cannot be read, and TicketError for a database that does not answer.
    """
    from policies_kb.knowledge import LiveKnowledge
    from policies_kb.releases.folder_shelf import FolderShelf
    from policies_kb.releases.opening import Opener
    from policies_kb.releases.store_shelf import StoreShelf
    from policies_kb.workshop import workshop
    from tickets.releases import ReleaseRows

    folder, shop = settings.data / "releases", workshop(settings.data)
    shelf = FolderShelf(folder) if store.is_sqlite else StoreShelf(ReleaseRows(store), folder)
    opener, number = Opener(shelf, shop.encoder, shop.vectors), shelf.current()
    first = opener.open(shelf.manifest(number)) if number is not None else shop.knowledge
    shop.vectors.save()
    live = LiveKnowledge(first)

    def look() -> None:
        current = shelf.current()
        if current is not None and current != live.release:
            opened = opener.open(shelf.manifest(current))
            live.follow(lambda: opened)

    return live, look


def _follow(look: Callable[[], None], stop: threading.Event) -> None:
    """Look once a second; what cannot be read now is looked at again."""
    log, is_told = structlog.get_logger("console.releases"), False
    while not stop.wait(LOOK_SECONDS):
        try:
            look()
            is_told = False
        except (KnowledgeError, TicketError, OSError) as error:
            if not is_told:
                log.error("shelf_not_read", kind=type(error).__name__)
            is_told = True


def server_config(app: "FastAPI") -> "uvicorn.Config":
    """How the app is served: h11 refuses malformed heads that looser parsers take; nothing here speaks WebSocket."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_config=None,
        http="h11",
        ws="none",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # console.guard reads them, if there is a proxy
        timeout_graceful_shutdown=STOPPING_SECONDS,
    )
