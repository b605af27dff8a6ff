"""What a running bot is made of: settings -> store, knowledge, agent, and all that works on them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.rasa_agent import utc_now
from bot.settings import BotSettings
from policies_kb.knowledge import KnowledgeBase
from policies_kb.workshop import workshop

if TYPE_CHECKING:
    from bot.desk import Desk, Reply, Turn
    from bot.forgetting import Forgetting
    from bot.noting import Noting
    from bot.reception import Reception
    from pii.encryption import Vault
    from tickets.chats import Chats
    from tickets.contacts import ContactBox
    from tickets.identity import Identity
    from tickets.inbox import Inbox
    from tickets.letters import Correspondence
    from tickets.outbox import Outbox
    from tickets.retention import Keeper
    from tickets.service import RequestService
    from tickets.spool import Spool
    from tickets.store import Store
    from tickets.votes import Votes


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
    inbox: "Inbox"
    outbox: "Outbox"
    chats: "Chats"
    votes: "Votes"
    noting: "Noting"
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
    from bot.noting import Noting
    from bot.rasa_agent import load_agent
    from bot.reception import Reception
    from pii.encryption import Vault, load_ring
    from tickets import audit
    from tickets.chats import Chats
    from tickets.contacts import ContactBox
    from tickets.conversations import Conversations
    from tickets.findings import Findings
    from tickets.following import FollowingVault
    from tickets.handling import Handling
    from tickets.identity import Identity
    from tickets.inbox import Inbox
    from tickets.ledger import LEDGER_FILE
    from tickets.letters import Correspondence
    from tickets.outbox import Outbox
    from tickets.retention import Keeper
    from tickets.schedule import Schedule
    from tickets.service import RequestService
    from tickets.spool import Spool
    from tickets.votes import Votes

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
    shared = {
        "knowledge": base,
        "requests": requests,
        "identity": identity,
        "keeper": keeper,
        "handling": Handling(store, vault, mail, target_days=settings.target_days),
        "clock": clock,
    }
    agent = load_agent(model, shared, Conversations(store, vault), clock)
    forgetting = Forgetting(agent, keeper, clock)
    spool = Spool(settings.data / "spool", vault)
    desk = Desk(agent, forget=forgetting, menu=Menu(base, requests, box, spool, clock))
    reception = Reception(box, identity, clock)
    inbox = Inbox(store, vault)
    noting = Noting(Findings(store, vault), clock)

    def noted(turn: "Turn", reply: "Reply", spoken: Collection[str]) -> None:
        noting.noted(turn.policy, base.get(turn.policy).current.version, turn.text, reply, spoken)

    desk.noted = noted
    outbox = Outbox(store, vault)
    if store.is_sqlite:  # nobody else works on it: what a killed process held is free
        inbox.free_leases(clock())
        outbox.free_leases()
    gc.freeze()
    gc.enable()
    return Parts(
        desk=desk,
        reception=reception,
        knowledge=base,
        store=store,
        requests=requests,
        identity=identity,
        keeper=keeper,
        inbox=inbox,
        outbox=outbox,
        chats=Chats(store, vault),
        votes=Votes(store, vault),
        noting=noting,
        spool=spool,
        box=box,
        forgetting=forgetting,
        vault=vault,
        mail=mail,
        clock=clock,
    )
