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
from policies_kb.knowledge import KnowledgeBase, LiveKnowledge
from policies_kb.workshop import workshop

if TYPE_CHECKING:
    from rasa.core.agent import Agent

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
    knowledge: LiveKnowledge  # what the agent of the desk answers from
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
    load_beside: "Callable[[Path, KnowledgeBase], Agent]"

    def change_to(self, agent: "Agent") -> None:
        """Serve that agent and its knowledge from the next turn on; turns under way end with what they began with."""
        self.desk.agent = agent
        self.forgetting.agent = agent  # the same conversations and locks; only its words may differ


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
    """Load the model and everything it works with. knowledge: that of the settings' folder without it."""
    from bot.desk import Desk
    from bot.forgetting import Forgetting
    from bot.menu import Menu
    from bot.noting import Noting
    from bot.rasa_agent import load_agent
    from bot.receipts import Receipts
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

    loaded = knowledge or workshop(settings.data, settings.policies).knowledge
    base = LiveKnowledge(loaded)
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
        "requests": requests,
        "identity": identity,
        "keeper": keeper,
        "handling": Handling(store, vault, mail, target_days=settings.target_days),
        "clock": clock,
    }
    conversations = Conversations(store, vault)
    agent = load_agent(model, {**shared, "knowledge": loaded}, conversations, clock)
    forgetting = Forgetting(agent, keeper, clock)
    spool = Spool(settings.data / "spool", vault)
    receipts = Receipts(settings.secret, clock)
    desk = Desk(agent, forget=forgetting, menu=Menu(base, requests, box, spool, clock), receipts=receipts)
    reception = Reception(box, identity, clock)
    inbox = Inbox(store, vault)
    noting = Noting(Findings(store, vault), clock)

    base.follow(lambda: getattr(desk.agent, "knowledge", loaded))

    def load_beside(model: Path, knowledge: KnowledgeBase) -> "Agent":
        return load_agent(model, {**shared, "knowledge": knowledge}, conversations, clock, beside=desk.agent)

    def noted(turn: "Turn", reply: "Reply", spoken: Collection[str]) -> None:
        quoted = [str(quote["version"]) for quote in (reply.answer or {}).get("quotes", ())]
        version = quoted[0] if quoted else base.get(turn.policy).current.version
        noting.noted(turn.policy, version, turn.text, reply, spoken)

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
        load_beside=load_beside,
    )
