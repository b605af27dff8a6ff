"""Where messages of the web come in: made durable, answered once, and answered the same when they come again.

A browser that sends a message again under the same id, after a cut or a restart of the server, gets the reply that
the first one got. While the database is down messages are answered all the same, so that requests can be left by menu.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from bot import api_models as api
from bot.bells import Bells
from bot.closing import Closing
from bot.desk import Reply, Turn
from bot.intake import take
from bot.metrics import Metrics
from bot.sessions import Session, Sessions
from bot.web_messages import Arrived, message_of
from pii.redacted import Redacted
from tickets.errors import TicketError
from tickets.inbox import Incoming
from tickets.outbox import Letter, post_sent
from tickets.vocabulary import Way

if TYPE_CHECKING:
    from bot.desk import Desk
    from bot.reception import Reception
    from pii.encryption import Vault
    from tickets.inbox import Inbox, Item, Received
    from tickets.outbox import Outbox
    from tickets.store import Store, Unit

SOURCE = "web"
REPLY = "reply"  # the kind of an outgoing message that answers one
PATIENCE = 2.5  # seconds for the database to take a message
LONGEST_WAIT = 8.0  # seconds for a reply that another message, or another process, is in the way of
LOOK_SECONDS = 0.25
MOST_UNDER_WAY = 48  # about half a second's work
BUSY_FROM = 12
MOST_REMEMBERED = 1_000  # replies given while the database was down
ERASED = "This message was answered, and the conversation has been erased since."
_log = structlog.get_logger("bot.web")


class BusyError(RuntimeError):
    """Too much is under way, or the reply is not there yet: the same message may be sent again."""

    retry_after = 1  # seconds


class IdReusedError(ValueError):
    """The client used an id for another message before."""


@dataclass
class WebDoor:
    """The web's side of the inbox."""

    desk: "Desk"
    reception: "Reception"
    sessions: Sessions
    store: "Store"
    vault: "Vault"
    inbox: "Inbox"
    outbox: "Outbox"
    clock: Callable[[], datetime]
    secret: Redacted
    metrics: Metrics
    bells: Bells = field(default_factory=Bells)
    wake_outbox: Callable[[], None] = lambda: None  # there may be something to send
    wake_inbox: Callable[[], None] = lambda: None  # there may be something to answer
    _replies: "dict[str, asyncio.Future[api.RepliesModel]]" = field(default_factory=dict)
    _tasks: "set[asyncio.Task[Any]]" = field(default_factory=set)
    _arriving: int = 0  # messages that are being written down
    _remembered: "OrderedDict[str, tuple[str, api.RepliesModel]]" = field(default_factory=OrderedDict)

    @property
    def is_busy(self) -> bool:
        """Whether so much is under way that only calm people are let in."""
        return len(self._tasks) + self._arriving >= BUSY_FROM

    async def post(self, session: Session, sent: api.SendModel) -> api.RepliesModel:
        """The reply to one message. Raises IntakeError, SessionError, IdReusedError, BusyError."""
        payload = self.sessions.pressed(session, sent.button) if sent.button is not None else ""
        if not payload:
            take(sent.text or "")
        if len(self._tasks) + self._arriving >= MOST_UNDER_WAY:
            raise BusyError
        arrived = Arrived(session, sent.id, sent.text or "", payload)
        mark = self._mark(arrived)
        remembered = self._remembered.get(arrived.key)
        if remembered is not None:
            return _same(mark, *remembered)
        received = await self._received(arrived, mark)
        if received is None:
            return await self._shielded(self._unkept(arrived, mark))
        if received.item is not None:
            return await self._shielded(self._first_try(received.item))
        return await self._later(arrived, received)

    async def _shielded(self, work: Any) -> api.RepliesModel:
        """A client that hangs up does not end the answering of its message."""
        task: "asyncio.Task[api.RepliesModel]" = asyncio.ensure_future(work)
        self._keep_task(task)
        return await asyncio.shield(task)

    def _keep_task(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _first_try(self, item: "Item") -> api.RepliesModel:
        try:
            return await self.handle(item)
        except Exception as error:
            _log.error("arrival_failed", sequence=item.sequence, kind=type(error).__name__, attempt=item.attempts + 1)
            with contextlib.suppress(TicketError):  # its lease runs out, and it is tried again
                await asyncio.to_thread(self.inbox.failed, item, type(error).__name__, self.clock())
            raise BusyError from error

    async def _received(self, arrived: "Arrived", mark: str) -> "Received | None":
        """What the inbox says; None while the database is down."""
        from tickets.errors import KeyReusedError

        session = arrived.session
        incoming = Incoming(SOURCE, arrived.key, session.conversation, Redacted(arrived.packed()), mark)
        receiving = asyncio.ensure_future(asyncio.to_thread(self.inbox.receive, incoming, self.clock(), take=True))
        self._arriving += 1
        try:
            return await asyncio.wait_for(asyncio.shield(receiving), PATIENCE)
        except KeyReusedError:
            raise IdReusedError from None
        except (TicketError, asyncio.TimeoutError) as error:
            _log.error("arrival_not_kept", channel=SOURCE, kind=type(error).__name__)
            self._keep_task(asyncio.ensure_future(self._settled_late(receiving)))
            return None
        finally:
            self._arriving -= 1

    async def _settled_late(self, receiving: "asyncio.Future[Received]") -> None:
        """What the database took in after all, while it was answered without it: nobody is to answer it again."""
        with contextlib.suppress(TicketError):
            received = await receiving
            if received.item is not None:
                await asyncio.to_thread(self.inbox.settle, received.item, self.clock())

    async def _later(self, arrived: "Arrived", received: "Received") -> api.RepliesModel:
        """A message that was answered before, is being answered, or waits for an earlier one."""
        until = time.monotonic() + LONGEST_WAIT
        while not received.is_settled:
            if time.monotonic() > until:
                raise BusyError
            self.wake_inbox()
            reply = self._replies.setdefault(arrived.key, asyncio.get_running_loop().create_future())
            try:
                return await asyncio.wait_for(asyncio.shield(reply), LOOK_SECONDS)
            except asyncio.TimeoutError:  # another process may have answered it
                received = await asyncio.to_thread(self.inbox.look, SOURCE, arrived.key)
            finally:
                self._replies.pop(arrived.key, None)
        erased = [api.MessageModel(id=arrived.id, text=ERASED, kind="forgotten")]
        return await self._kept(arrived, received) or api.RepliesModel(id=arrived.id, replies=erased)

    async def _kept(self, arrived: "Arrived", received: "Received") -> api.RepliesModel | None:
        """The reply that was given before, if it is still there."""
        kept = await asyncio.to_thread(self.outbox.read, received.reply_id) if received.reply_id else None
        return api.RepliesModel(id=arrived.id, replies=json.loads(kept.text)["replies"]) if kept else None

    async def handle(self, item: "Item") -> api.RepliesModel:
        """Answer one item of the inbox and settle it. Raises what makes it worth another try."""
        arrived = Arrived.of(item.body.reveal())
        closing = Closing(self.store, item, self.clock, lambda unit, reply: self._posted(unit, arrived, reply))
        try:
            model = await self._answered(arrived, closing)
        except BaseException:
            self._replies.pop(arrived.key, None)
            raise
        waiting = self._replies.pop(arrived.key, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(model)
        self.bells.ring(arrived.session.conversation)
        self.wake_outbox()
        if self._replies:
            self.wake_inbox()  # the next of this lane
        return model

    async def _answered(self, arrived: "Arrived", closing: Closing | None) -> api.RepliesModel:
        started = time.perf_counter()
        reply = await self.desk.reply(await self._turn(arrived), closing)
        if closing is not None:
            try:
                await closing.close_now(reply)
            except TicketError as error:  # it is said all the same, and said again when it is tried again
                _log.error("arrival_not_settled", channel=SOURCE, kind=type(error).__name__)
        self.metrics.count(arrived.session.policy, SOURCE, reply, time.perf_counter() - started)
        if closing is not None and reply.failed and (kept := await self._in_the_end(arrived)):
            return kept
        return api.RepliesModel(id=arrived.id, replies=[self._message(arrived, reply)])

    async def _in_the_end(self, arrived: "Arrived") -> api.RepliesModel | None:
        """The reply of a turn that seemed to fail, if it came about all the same: what is kept is what is said."""
        with contextlib.suppress(TicketError):
            return await self._kept(arrived, await asyncio.to_thread(self.inbox.look, SOURCE, arrived.key))
        return None

    async def _turn(self, arrived: "Arrived") -> Turn:
        session = arrived.session
        account = session.account(self.clock())
        if arrived.payload:
            turn = Turn.of_button(session.conversation, session.policy, arrived.id, arrived.payload)
        else:
            turn = await self.reception.typed(session.conversation, session.policy, arrived.id, arrived.text)
        return turn.vouched(account)

    async def _unkept(self, arrived: "Arrived", mark: str) -> api.RepliesModel:
        """Without the database: the menu files into sealed files, and the reply is remembered for a second try."""
        model = await self._answered(arrived, None)
        self._remembered[arrived.key] = (mark, model)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return model

    def forget(self, conversation: str) -> None:
        """Drop what is remembered of a conversation."""
        for key in [key for key in self._remembered if key.startswith(f"{conversation}:")]:
            del self._remembered[key]

    async def drain(self) -> None:
        """Wait for what is under way."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=LONGEST_WAIT)

    def _posted(self, unit: "Unit", arrived: "Arrived", reply: Reply) -> str | None:
        conversation = arrived.session.conversation
        if reply.kind == "forgotten":
            return None  # nothing of the conversation is kept, not even this
        said = None if arrived.payload else take(arrived.text).full
        message = self._message(arrived, reply).dict()
        text = json.dumps({"to": arrived.id, "said": said, "replies": [message]})
        letter = Letter(Way.WEB, conversation, REPLY, Redacted(conversation), "", text)
        return post_sent(unit, self.vault, letter, self.clock())[0]

    def _message(self, arrived: "Arrived", reply: Reply) -> api.MessageModel:
        return message_of(reply, f"{arrived.id}-1", lambda payload: self.sessions.button(arrived.session, payload))

    def _mark(self, arrived: "Arrived") -> str:
        """Tells one message from another without keeping it: texts may hold an address or a code."""
        content = (arrived.payload or arrived.text).encode("utf-8", "surrogatepass")
        return hmac.new(self.secret.reveal().encode(), content, hashlib.sha256).hexdigest()


def _same(mark: str, before: str, model: api.RepliesModel) -> api.RepliesModel:
    if mark != before:
        raise IdReusedError
    return model
