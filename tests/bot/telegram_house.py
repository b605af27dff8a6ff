"""Telegram from end to end: our Bot API server on loopback, the adapter over a database, a desk that a test scripts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from serving import free_port

from bot.channels.fake_telegram.server import make_server
from bot.channels.fake_telegram.world import World
from bot.channels.telegram.start import House
from bot.channels.telegram.start import Telegram as Front
from bot.closing import Closing
from bot.desk import Button, Reply, Turn
from bot.inbound import Inbound
from bot.intake import take
from bot.telegram_settings import TelegramSettings
from pii.encryption import KeyRing, Vault
from pii.redacted import Redacted
from tickets.chats import Chats
from tickets.inbox import Inbox
from tickets.outbox import Outbox
from tickets.store import Store
from tickets.vocabulary import Way
from tickets.worker import Worker

TOKEN = "4711:only-for-tests"
SECRET = Redacted("only-for-tests-only-for-tests-only-for-tests")
WEBHOOK_SECRET = Redacted("webhook-secret-of-the-tests-webhook-secret")
VAULT = Vault(KeyRing.new())
WELCOME = "I am a machine for {policy}."
Said = Callable[[Turn], Reply]


def now() -> datetime:
    """The wall clock."""
    return datetime.now(timezone.utc)


def echo(turn: Turn) -> Reply:
    """Says what it was told, with two buttons."""
    return Reply(f"{turn.policy} heard {turn.text}", buttons=(Button("Yes", "/affirm"), Button("No", "/deny")))


@dataclass
class Knowledge:
    """Which policies there are."""

    ids: tuple[str, ...] = ("klasso",)

    def name_of(self, policy: str) -> str:
        """Its company."""
        return policy.title()

    def get(self, policy: str) -> str:
        """Its id, which is all that the notice of these tests shows."""
        return policy


@dataclass
class Desk:
    """As bot.desk.Desk, with answers of a test. intents: by text; any other is a question about the policy."""

    says: Said = echo
    intents: dict[str, str] = field(default_factory=dict)
    heard: list[Turn] = field(default_factory=list)
    before: Callable[[Turn], Awaitable[None]] | None = None

    async def reply(self, turn: Turn, closing: Closing | None = None) -> Reply:
        """Answer, and note who asked."""
        self.heard.append(turn)
        if self.before is not None:
            await self.before(turn)
        return self.says(turn)

    async def understand(self, text: str) -> dict[str, Any]:
        """As Desk.understand."""
        return {"intent": {"name": self.intents.get(text, "ask_policy")}}

    async def is_asking(self, conversation: str) -> bool:
        """As Desk.is_asking: no form is ever open here."""
        return False


@dataclass
class Reception:
    """Takes a text as the real one does, without contacts."""

    async def typed(self, conversation: str, policy: str, message_id: str, text: str, channel: str = "web") -> Turn:
        """As Reception.typed."""
        return Turn.typed(conversation, policy, message_id, take(text), channel)


@dataclass
class Keeper:
    """Knows who has been answered."""

    desk: Desk
    requests: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def my_data(self, conversation: str) -> Any:
        """As tickets.retention.Keeper.my_data, as far as it is asked here."""
        count = sum(turn.conversation == conversation for turn in self.desk.heard)
        return SimpleNamespace(messages=count, last_talk=None, requests=self.requests.get(conversation, ()))


@dataclass
class Identity:
    """Knows which conversations wait for a code."""

    waiting: set[str] = field(default_factory=set)

    def awaits_code(self, conversation: str, now: datetime) -> bool:
        """As tickets.identity.Identity.awaits_code."""
        return conversation in self.waiting


@dataclass
class Telegram:
    """A running adapter. world: the other side; forgotten: conversations that were erased."""

    world: World
    url: str
    store: Store
    desk: Desk
    knowledge: Knowledge
    forgotten: list[str] = field(default_factory=list)
    mode: str = "polling"
    wakes: tuple[Callable[[], None], Callable[[], None]] = (lambda: None, lambda: None)

    def __post_init__(self) -> None:
        self.inbox, self.chats = Inbox(self.store, VAULT), Chats(self.store, VAULT)
        self.outbox = Outbox(self.store, VAULT)
        self.keeper, self.identity = Keeper(self.desk), Identity()

    def front(self) -> Front:
        """Parts that begin anew, as after a restart."""

        async def forgetting(conversation: str, others: Sequence[str]) -> str:
            self.forgotten += [conversation, *others]
            return "Erased."

        house = House(
            desk=self.desk,  # type: ignore[arg-type]
            reception=Reception(),  # type: ignore[arg-type]
            knowledge=self.knowledge,  # type: ignore[arg-type]
            store=self.store,
            vault=VAULT,
            inbox=self.inbox,
            chats=self.chats,
            keeper=self.keeper,  # type: ignore[arg-type]
            identity=self.identity,  # type: ignore[arg-type]
            forgetting=forgetting,
            welcome=lambda policy: WELCOME.format(policy=policy),
            secret=SECRET,
            base_url="https://desk.example.org",
            clock=now,
        )
        settings = TelegramSettings(Redacted(TOKEN), f"{self.url}/bot", self.mode, WEBHOOK_SECRET)
        return Front(settings, house, lambda: self.wakes[0](), lambda: self.wakes[1]())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Front]:
        """The adapter, the inbox's and the outbox's workers, until the block ends."""
        stop, front = asyncio.Event(), self.front()
        inbound = Inbound(self.inbox, {front.source: front.handle}, now)
        worker = Worker(self.outbox, {Way.TELEGRAM: front.sender}, now)
        self.wakes = (inbound.wake, worker.wake)
        tasks = [asyncio.create_task(part.run(stop)) for part in (front, inbound, worker)]
        try:
            yield front
        finally:
            stop.set()
            await asyncio.wait_for(asyncio.gather(*tasks), 20)
            await front.close()

    async def said(self, chat: int, count: int = 1, seconds: float = 10.0) -> list[str]:
        """What the bot said in a chat, once it is that many messages."""
        enough = await self.world.until(lambda: len(self.world.messages(chat)) >= count, seconds)
        texts = [message.text for message in self.world.messages(chat)]
        assert enough, texts
        return texts

    async def quiet(self, seconds: float = 10.0) -> None:
        """Return when nothing waits any more, on either side."""
        waits = (self.world.pending, self.inbox.waiting, self.outbox.oldest_waiting)
        assert await eventually(lambda: not any(wait() for wait in waits), seconds), "something still waits"


async def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> bool:
    """Whether it comes to hold; the patience only tells a hang."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return bool(condition())


@contextmanager
def served(world: World) -> Iterator[str]:
    """The world's server in a thread of its own; gives its address."""
    port = free_port()
    server = make_server(world, port=port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


@contextmanager
def telegram(folder: Path, *policies: str, world: World | None = None, **more: Any) -> Iterator[Telegram]:
    """Everything but the adapter's own tasks."""
    world = world or World(TOKEN, "desk_bot")
    store = Store(f"sqlite:///{folder / 'telegram.db'}")
    store.migrate()
    with served(world) as url:
        yield Telegram(world, url, store, Desk(), Knowledge(policies or ("klasso",)), **more)
    store.close()
