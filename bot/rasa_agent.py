"""Rasa's Agent in this process: without TensorFlow, actions in process, a small tracker store and a quick lock.

Nothing of Sanic listens. What is changed in Rasa is listed in `install` and in lean_rasa; rasa 3.6.21 is pinned
exactly.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from bot import lean_rasa
from pii.encryption import EncryptionError
from policies_kb.knowledge import KnowledgeBase, names_of
from tickets.errors import TicketError

if TYPE_CHECKING:
    from rasa.core.agent import Agent

    from tickets.conversations import Conversations
    from tickets.store import Unit

MOST_CONVERSATIONS = 5_000  # kept in memory, the one silent for longest is dropped first
MOST_EARLIER = 120  # messages that were rolled up, kept beside for the staff who read the conversation
MOST_EVENTS = 60  # of a conversation; older turns are rolled up into its slots
FORM_SLOT = "requested_slot"
ACTIONS_PACKAGE = "actions"
_log = structlog.get_logger("bot.conversations")


class Companion(Protocol):
    """What is written in the transaction that keeps the conversation of a turn."""

    def along(self, unit: "Unit") -> None:
        """Write, before the commit."""

    def committed(self) -> None:
        """It is durable."""


COMPANION: ContextVar[Companion | None] = ContextVar("companion", default=None)
"""The companion of the turn under way, if it has one."""


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(timezone.utc)


def load_agent(
    model: Path,
    services: Mapping[str, Any],
    kept: "Conversations | None" = None,
    clock: Callable[[], datetime] = utc_now,
    beside: "Agent | None" = None,
) -> "Agent":
    """The agent of that model, with the actions working on these services (by name, see actions.services.Services).

    It carries the knowledge that its actions answer from as `knowledge`, so that the two are never mixed.
    kept: where conversations outlive the process; None keeps them in memory alone.
    beside: the agent whose conversations it shares, and whose place it is going to take.
    Raises bot.training.TrainingError for a model that is not the one that was trained.
    """
    from bot.training import verified_model

    verified_model(model)
    lean_rasa.install(serving=True)
    from rasa.core.agent import Agent
    from rasa.shared.core.domain import Domain

    _quicken_events()
    _quicken_validation()
    # A tracker store each, because Rasa sets the model's domain on it while loading; what is in it is shared.
    trackers = recent_tracker_store()(Domain.empty(), kept=kept, clock=clock)
    if beside is not None:
        trackers.share(own_tracker_store(beside))
    agent = Agent.load(
        str(model),
        action_endpoint=_in_process_endpoint(services),
        tracker_store=trackers,
        lock_store=beside.lock_store if beside is not None else queueing_lock_store()(),
    )
    agent.knowledge = services.get("knowledge")
    return agent


def dismantle(agent: "Agent") -> None:
    """Take an agent apart that answers nobody any more.

    What was there when the process became ready is frozen: it is never looked through for cycles, and Rasa's graph of
    components is one that would keep the first model in memory for good.
    """
    runner = agent.processor.graph_runner if agent.processor is not None else None
    getattr(runner, "_instantiated_nodes", {}).clear()
    agent.processor = None


def names_spoken_of(agent: Any, policy: str) -> tuple[str, ...]:
    """How the company is called whose policy a message is about."""
    knowledge: KnowledgeBase | None = getattr(agent, "knowledge", None)
    found = knowledge.policies.get(policy) if knowledge is not None else None
    return names_of(found.profile) if found is not None else ()


def _in_process_endpoint(services: Mapping[str, Any]) -> Any:
    """The seam that Rasa has for action servers, answered by rasa_sdk's executor without HTTP."""
    from rasa.utils.endpoints import ClientResponseError, EndpointConfig
    from rasa_sdk.executor import ActionExecutor
    from rasa_sdk.interfaces import ActionExecutionRejection

    class InProcessEndpoint(EndpointConfig):
        def __init__(self) -> None:
            super().__init__(url="inprocess://actions", enable_selective_domain=True)
            self._executor = ActionExecutor()
            # By name, as `rasa run actions` does it: fronts do not import each other.
            for action in importlib.import_module(ACTIONS_PACKAGE).actions_for(services):
                self._executor.register_action(action)

        async def request(self, *_: Any, **call: Any) -> Any:
            try:
                return await self._executor.run(call["json"])
            except ActionExecutionRejection as error:
                told = json.dumps({"error": error.message, "action_name": error.action_name})
                raise ClientResponseError(400, "rejected", told) from error

    return InProcessEndpoint()


def _quicken_events() -> None:
    """Remember the classes of events: Rasa walks all subclasses for every event of every turn."""
    from rasa.shared.core.events import Event
    from rasa.shared.utils.common import all_subclasses

    known = {cls.type_name: cls for cls in all_subclasses(Event)}
    original = Event.resolve_by_type
    if getattr(original, "quickened", False):
        return

    def resolve(type_name: str, default: Any = None) -> Any:
        return known.get(type_name) or original(type_name, default)

    resolve.quickened = True  # type: ignore[attr-defined]
    Event.resolve_by_type = staticmethod(resolve)


def _quicken_validation() -> None:
    """Keep the validator of an action's answer: Rasa has jsonschema check the schema itself anew on every call."""
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    validator = validator_for(schema)(schema)

    def validate(self: Any, result: dict[str, Any]) -> bool:
        for error in validator.iter_errors(result):
            raise error
        return True

    RemoteAction._validate_action_result = validate


class PackedTexts(OrderedDict[str, Any]):
    """Texts by key, compressed: a conversation takes a few kilobytes instead of thirty."""

    def __setitem__(self, key: str, text: Any) -> None:
        super().__setitem__(key, zlib.compress(text.encode("utf-8"), 1))

    def packed(self, key: str) -> bytes:
        """A text as it is kept."""
        return bytes(super().__getitem__(key))

    def __getitem__(self, key: str) -> Any:
        return zlib.decompress(super().__getitem__(key)).decode("utf-8")


@lru_cache(maxsize=1)
def recent_tracker_store() -> type:
    """A tracker store that keeps the recent conversations packed in memory, and all of them where `kept` says.

    Rasa replays every event of a session several times a turn, so a conversation's cost grows with its length.
    Rolling up keeps the slots, the form that is open, and the last turns.
    """
    from rasa.core.tracker_store import InMemoryTrackerStore
    from rasa.shared.core.trackers import DialogueStateTracker

    class RecentTrackerStore(InMemoryTrackerStore):
        def __init__(
            self,
            domain: Any,
            kept: "Conversations | None" = None,
            clock: Callable[[], datetime] = utc_now,
            **_: Any,
        ) -> None:
            super().__init__(domain)
            self.store: Any = PackedTexts()
            self._kept = kept
            self._clock = clock
            # Conversations that could not be read: what is said meanwhile must not overwrite them.
            self._unread: set[str] = set()

        def share(self, other: "RecentTrackerStore") -> None:
            """Keep the same conversations as another one."""
            self.store, self._unread = other.store, other._unread

        async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
            if self._kept is not None and (self._kept.is_shared or sender_id not in self.store):
                await self._load(sender_id, self._kept)
            return await super().retrieve(sender_id)

        async def _load(self, sender_id: str, kept: "Conversations") -> None:
            try:
                packed = await asyncio.to_thread(kept.load, sender_id)
            except (TicketError, EncryptionError) as error:
                self._unread.add(sender_id)
                _log.error("conversation_not_read", kind=type(error).__name__)
                return
            self._unread.discard(sender_id)
            if packed is not None:
                self.store[sender_id] = zlib.decompress(packed).decode("utf-8")
            elif kept.is_shared:
                self.store.pop(sender_id, None)  # another replica forgot it

        async def save(self, tracker: DialogueStateTracker) -> None:
            earlier = _earlier_in(self.store[tracker.sender_id]) if tracker.sender_id in self.store else []
            if len(tracker.events) > MOST_EVENTS:
                whole, tracker = tracker, _rolled_up(tracker)
                earlier += _spoken(list(whole.events)[: _first_kept(whole, tracker)])
            await super().save(tracker)
            if earlier:
                text = json.loads(self.store[tracker.sender_id]) | {"earlier": earlier[-MOST_EARLIER:]}
                self.store[tracker.sender_id] = json.dumps(text)
            self.store.move_to_end(tracker.sender_id)
            while len(self.store) > MOST_CONVERSATIONS:
                self.store.popitem(last=False)
            if self._kept is not None:
                await self._keep(tracker.sender_id, self._kept)

        async def _keep(self, sender_id: str, kept: "Conversations") -> None:
            """A conversation that cannot be kept is still answered; requests are kept on their own."""
            if sender_id in self._unread:
                self.store.pop(sender_id, None)  # so that the next message looks for it again
                return
            try:
                packed, beside = self.store.packed(sender_id), COMPANION.get()
                along = beside.along if beside else None
                await asyncio.to_thread(kept.save, sender_id, packed, self._clock(), along)
                if beside:
                    beside.committed()
            except (TicketError, EncryptionError) as error:
                _log.error("conversation_not_kept", kind=type(error).__name__)

        async def delete(self, sender_id: str) -> None:
            """Forget a conversation. Rasa 3.6 has no call for it."""
            self.store.pop(sender_id, None)
            if self._kept is not None:
                await asyncio.to_thread(self._kept.delete, sender_id)

    return RecentTrackerStore


async def delete_tracker(agent: "Agent", conversation: str) -> None:
    """Forget a conversation: Rasa hides the store behind a wrapper that cannot."""
    await own_tracker_store(agent).delete(conversation)


def own_tracker_store(agent: "Agent") -> Any:
    """The store that was made here, without Rasa's wrapper."""
    return getattr(agent.tracker_store, "_tracker_store", agent.tracker_store)


def _rolled_up(tracker: Any) -> Any:
    """The same conversation in fewer events."""
    from rasa.shared.core.events import ActionExecuted, ActiveLoop, SessionStarted, SlotSet
    from rasa.shared.core.trackers import DialogueStateTracker

    kept = [SlotSet(name, slot.value) for name, slot in tracker.slots.items() if slot.value is not None]
    form = tracker.active_loop_name
    loop = [ActionExecuted(form), ActiveLoop(form), SlotSet(FORM_SLOT, tracker.get_slot(FORM_SLOT))] if form else []
    start = [ActionExecuted("action_session_start"), SessionStarted()]
    last = [] if form else _last_turns(list(tracker.events), MOST_EVENTS // 4)
    listen = [ActionExecuted("action_listen")]
    events = [*start, *listen, *loop, *kept, *(listen if form else []), *last]
    return DialogueStateTracker.from_events(tracker.sender_id, events, tracker.slots.values())


def _first_kept(whole: Any, rolled: Any) -> int:
    """From which event on the last turns stand in the rolled up conversation too."""
    from rasa.shared.core.events import UserUttered

    kept = next((event for event in rolled.events if isinstance(event, UserUttered)), None)
    return next((index for index, event in enumerate(whole.events) if event is kept), len(whole.events))


def _spoken(events: Iterable[Any]) -> list[dict[str, Any]]:
    """What was said in these events, as staff read it; the dialogue does not go through it any more."""
    told = (event.as_dict() for event in events if event.type_name in ("user", "bot"))
    return [{name: one[name] for name in ("event", "text", "timestamp", "data") if one.get(name)} for one in told]


def _earlier_in(text: str) -> list[dict[str, Any]]:
    """What was said before a conversation was rolled up, from how it is kept. Looked for before it is read at all."""
    return list(json.loads(text).get("earlier", ())) if '"earlier": [' in text else []


def _last_turns(events: list[Any], most: int) -> list[Any]:
    """The last events, from the start of a turn on."""
    from rasa.shared.core.events import UserUttered

    turns = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    first = next((index for index in turns if len(events) - index <= most), turns[-1] if turns else len(events))
    return events[first:]


def queueing_lock_store() -> type:
    """One asyncio lock a conversation. Rasa's own store polls once a second, so quick messages wait for seconds."""
    from rasa.core.lock_store import LockStore

    class QueueingLockStore(LockStore):
        def __init__(self) -> None:
            super().__init__()
            self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

        @asynccontextmanager
        async def lock(self, conversation_id: str, *_: Any, **__: Any) -> AsyncIterator[None]:
            lock, waiting = self._locks.get(conversation_id, (asyncio.Lock(), 0))
            self._locks[conversation_id] = (lock, waiting + 1)
            try:
                async with lock:
                    yield None
            finally:
                lock, waiting = self._locks[conversation_id]
                if waiting == 1:
                    del self._locks[conversation_id]
                else:
                    self._locks[conversation_id] = (lock, waiting - 1)

    return QueueingLockStore


def collecting_channel() -> Any:
    """An output channel that keeps each message whole: text, data and buttons together."""
    from rasa.core.channels.channel import OutputChannel

    class WholeMessages(OutputChannel):
        def __init__(self) -> None:
            self.messages: list[dict[str, Any]] = []

        @classmethod
        def name(cls) -> str:
            return "desk"

        async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
            self.messages.append(message)

    return WholeMessages()


def whole(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages as text, data and buttons, and the name of the response, without Rasa's empty fields."""
    return [
        {
            "text": message.get("text") or "",
            "data": message.get("custom") or {},
            "buttons": message.get("buttons") or [],
            "name": message.get("utter_action") or "",
        }
        for message in messages
    ]
