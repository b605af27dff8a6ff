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
    from tickets.handling import Handling
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


@dataclass(frozen=True)
class _Cores:
    """The services of tickets that the dialogue and the desk share."""

    vault: "Vault"
    mail: "Correspondence"
    requests: "RequestService"
    identity: "Identity"
    box: "ContactBox"
    keeper: "Keeper"
    handling: "Handling"


def _cores(settings: BotSettings, store: "Store", base: KnowledgeBase, now: datetime) -> _Cores:
    from pii.encryption import Vault, load_ring
    from tickets import audit
    from tickets.contacts import ContactBox
    from tickets.following import FollowingVault
    from tickets.handling import Handling
    from tickets.identity import Identity
    from tickets.ledger import LEDGER_FILE
    from tickets.letters import Correspondence
    from tickets.retention import Keeper
    from tickets.schedule import Schedule
    from tickets.service import RequestService

    # On PostgreSQL keys may be changed beside a running bot.
    vault = Vault(load_ring(settings.keys)) if store.is_sqlite else FollowingVault(settings.keys)
    audit.use_key(store, vault)
    mail = Correspondence(settings.base_url, base.name_of)
    schedule = Schedule(conversation=settings.conversation_days)
    keeper = Keeper(store, vault, schedule, ledger=settings.data / LEDGER_FILE, mail=mail)
    keeper.catch_up(now)
    return _Cores(
        vault,
        mail,
        RequestService(store, vault, mail, target_days=settings.target_days),
        Identity(store, vault, mail),
        ContactBox(store, vault),
        keeper,
        Handling(store, vault, mail, target_days=settings.target_days),
    )


def assemble(
    settings: BotSettings,
    model: Path,
    store: "Store",
    knowledge: KnowledgeBase | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Parts:
    """Load the model and everything it works with. knowledge: that of the settings' folder without it."""
    from bot.noting import Noting
    from bot.reception import Reception
    from tickets.chats import Chats
    from tickets.findings import Findings
    from tickets.inbox import Inbox
    from tickets.outbox import Outbox
    from tickets.spool import Spool
    from tickets.votes import Votes

    loaded = knowledge or workshop(settings.data, settings.policies).knowledge
    base = LiveKnowledge(loaded)
    cores = _cores(settings, store, base, clock())
    vault, spool = cores.vault, Spool(settings.data / "spool", cores.vault)
    loading = _Loading(store, cores, clock)
    desk, forgetting = _desk(settings, base, cores, spool, loading.agent(model, loaded), clock)
    base.follow(lambda: getattr(desk.agent, "knowledge", loaded))
    noting = Noting(Findings(store, vault), clock)
    desk.noted = _noted(noting, base)
    inbox, outbox = Inbox(store, vault), Outbox(store, vault)
    if store.is_sqlite:  # nobody else works on it: what a killed process held is free
        inbox.free_leases(clock())
        outbox.free_leases()
    gc.freeze()
    gc.enable()
    return Parts(
        desk=desk,
        reception=Reception(cores.box, cores.identity, clock),
        knowledge=base,
        store=store,
        requests=cores.requests,
        identity=cores.identity,
        keeper=cores.keeper,
        inbox=inbox,
        outbox=outbox,
        chats=Chats(store, vault),
        votes=Votes(store, vault),
        noting=noting,
        spool=spool,
        box=cores.box,
        forgetting=forgetting,
        vault=vault,
        mail=cores.mail,
        clock=clock,
        load_beside=lambda model, knowledge: loading.agent(model, knowledge, desk.agent),
    )


class _Loading:
    """Loads agents, one after another, over the same conversations."""

    def __init__(self, store: "Store", cores: _Cores, clock: Callable[[], datetime]) -> None:
        from tickets.conversations import Conversations

        self._conversations = Conversations(store, cores.vault)
        self._clock = clock
        self._shared = {
            "requests": cores.requests,
            "identity": cores.identity,
            "keeper": cores.keeper,
            "handling": cores.handling,
            "clock": clock,
        }

    def agent(self, model: Path, knowledge: KnowledgeBase, beside: "Agent | None" = None) -> "Agent":
        """The agent of that model and that knowledge. beside: the one whose conversations it shares."""
        from bot.rasa_agent import load_agent

        services = {**self._shared, "knowledge": knowledge}
        return load_agent(model, services, self._conversations, self._clock, beside=beside)


def _desk(
    settings: BotSettings,
    base: KnowledgeBase,
    cores: _Cores,
    spool: "Spool",
    agent: "Agent",
    clock: Callable[[], datetime],
) -> tuple["Desk", "Forgetting"]:
    from bot.desk import Desk
    from bot.forgetting import Forgetting
    from bot.menu import Menu
    from bot.receipts import Receipts

    forgetting = Forgetting(agent, cores.keeper, clock)
    menu = Menu(base, cores.requests, cores.box, spool, clock)
    return Desk(agent, forget=forgetting, menu=menu, receipts=Receipts(settings.secret, clock)), forgetting


def _noted(noting: "Noting", base: KnowledgeBase) -> "Callable[[Turn, Reply, Collection[str]], None]":
    """Notes a turn under the version that answered it."""

    def noted(turn: "Turn", reply: "Reply", spoken: Collection[str]) -> None:
        quoted = [str(quote["version"]) for quote in (reply.answer or {}).get("quotes", ())]
        version = quoted[0] if quoted else base.get(turn.policy).current.version
        noting.noted(turn.policy, version, turn.text, reply, spoken)

    return noted
