"""One message in, one message out: the conversation behind every channel.

A `Desk` hands a cleaned message to Rasa and gives back what is to be shown. It never leaves a person in silence: if
Rasa fails, hangs or has nothing to say, that is admitted within eight seconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from bot.intake import Taken
from bot.nlu.naming import speaking_of
from bot.rasa_agent import COMPANION, collecting_channel, names_spoken_of, whole
from pii.logs import describe
from pii.masking import Contact

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from rasa.core.agent import Agent

    from bot.closing import Closing
    from bot.menu import Menu
    from bot.receipts import Receipts
    from tickets.store import Unit

PATIENCE = 5.0  # seconds until a person is told that something is wrong; intake may have taken 2.5 before
TROUBLE = "Something went wrong on our side, and your message was not answered. Please send it again in a moment."
NOT_UNDERSTOOD = "/nonsense"  # what a typed command counts as
CUT = "(I read the first 1,000 characters of your message.)"
_log = structlog.get_logger("bot.desk")


@dataclass(frozen=True)
class Button:
    """What can be pressed. payload: a command to the dialogue, which channels sign or keep to themselves."""

    title: str
    payload: str


@dataclass(frozen=True)
class Reply:
    """One message to a person. answer and request are plain data (see actions.speaking) or None."""

    text: str
    answer: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    buttons: tuple[Button, ...] = ()
    failed: bool = False
    more_answers: tuple[dict[str, Any], ...] = ()
    letter: str = ""  # a text to copy and send to somebody else
    closing: str = ""  # what is said after the quotes and the letter
    # "forgotten": the conversation is gone, and what a channel keeps of it has to go too. "status", "my_data": it tells
    # what this conversation holds, and a channel that has more of the same person adds it.
    kind: str = ""


@dataclass(frozen=True)
class Turn:
    """A message as the dialogue gets it."""

    conversation: str
    policy: str
    message_id: str
    text: str
    full_text: str
    channel: str = "web"
    was_cut: bool = False
    contacts: tuple[dict[str, Any], ...] = ()  # see actions.services.Heard
    proof: dict[str, Any] | None = None
    raw_contacts: tuple[Contact, ...] = ()  # the values themselves, for the menu alone: they never go into a tracker
    pressed: bool = False  # a button that this server made, not typed words
    account: str = ""  # that the company's own site vouches for (see bot.login); empty if nobody is logged in

    def vouched(self, account: str) -> "Turn":
        """The same turn of a person who is logged in to that account."""
        return replace(self, account=account)

    @classmethod
    def of_button(cls, conversation: str, policy: str, message_id: str, payload: str, channel: str = "web") -> "Turn":
        """A pressed button, whose payload was checked to be ours."""
        return cls(conversation, policy, message_id, payload, payload, channel, pressed=True)

    @classmethod
    def typed(cls, conversation: str, policy: str, message_id: str, taken: Taken, channel: str = "web") -> "Turn":
        """A message that a person typed, whose contacts are not kept (see bot.reception for one whose are)."""
        text = NOT_UNDERSTOOD if taken.is_command else taken.read
        return cls(conversation, policy, message_id, text, taken.full, channel, taken.was_cut)


@dataclass
class Desk:
    """The running assistant. forget: erases what is kept of a conversation; menu: takes requests when Rasa fails.

    agent: the model with the knowledge that its actions answer from. Changing over is one assignment to it: a turn
    looks at it once, when it begins.
    """

    agent: "Agent"
    patience: float = PATIENCE
    forget: "Callable[[str], Awaitable[str]] | None" = None
    menu: "Menu | None" = None
    receipts: "Receipts | None" = None  # with them every answer can be opened again
    # Told of every answered turn that was typed: the turn, its reply, and the names of the responses said in it.
    noted: "Callable[[Turn, Reply, Collection[str]], None] | None" = None
    _tasks: set["asyncio.Task[list[dict[str, Any]]]"] = field(default_factory=set)

    async def reply(self, turn: Turn, closing: "Closing | None" = None) -> Reply:
        """Answer one turn. Never raises for a failure of the assistant.

        closing: settles the message in the transaction that keeps the conversation; where none is kept, it is left
        open for the caller.
        """
        if self.menu is not None and self.menu.takes(turn):
            return await self.menu.reply(turn)
        # The turn itself has a limit too, so that one that never ends does not hold its conversation for good.
        task = asyncio.ensure_future(asyncio.wait_for(self._ask(turn, closing), 4 * self.patience))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            # Shielded: a client that hangs up must not abort the turn half-way, before the tracker is saved.
            messages = await asyncio.wait_for(asyncio.shield(task), self.patience)
            if _asks_to_forget(messages) and self.forget is not None:
                return Reply(await self.forget(turn.conversation), kind="forgotten")
        except asyncio.TimeoutError:
            _log.error("assistant_too_slow", policy=turn.policy, channel=turn.channel)
            return self._trouble(turn)
        except Exception as error:  # noqa: BLE001  the boundary: whatever Rasa raises, the person hears of it
            _log.error("assistant_failed", policy=turn.policy, kind=describe(error).get("type"))
            return self._trouble(turn)
        if not any(message["text"] for message in messages):
            _log.error("assistant_silent", policy=turn.policy, channel=turn.channel)
            return self._trouble(turn)
        return self._told(turn, messages, _joined(messages, turn))

    def _told(self, turn: Turn, messages: list[dict[str, Any]], reply: Reply) -> Reply:
        if self.noted is not None and not turn.pressed:
            self.noted(turn, reply, {message["name"] for message in messages if message["name"]})
        return reply

    def _trouble(self, turn: Turn) -> Reply:
        """An honest word, and a way to file a request without the assistant."""
        return self.menu.offered(turn) if self.menu is not None else Reply(TROUBLE, failed=True)

    async def _ask(self, turn: Turn, closing: "Closing | None") -> list[dict[str, Any]]:
        from rasa.core.channels.channel import UserMessage

        agent, output = self.agent, collecting_channel()
        began = self.receipts.now() if self.receipts is not None else None
        if closing is not None:  # this task's own context: no other turn sees it
            COMPANION.set(_Ending(turn, lambda: self._whole(turn, agent, output, began), closing))
        metadata: dict[str, Any] = {
            "policy": turn.policy,
            "channel": turn.channel,
            "message_id": turn.message_id,
            "full_text": turn.full_text,
            "contacts": list(turn.contacts),
            "proof": turn.proof,
            "account": turn.account,
        }
        message = UserMessage(
            turn.text,
            output,
            turn.conversation,
            input_channel=turn.channel,
            message_id=turn.message_id,
            metadata=metadata,
        )
        with speaking_of(names_spoken_of(agent, turn.policy)):
            await agent.handle_message(message)
        return self._whole(turn, agent, output, began)

    def _whole(self, turn: Turn, agent: "Agent", output: Any, began: "datetime | None") -> list[dict[str, Any]]:
        """What was said, each answer with its receipt of the release that gave it."""
        messages = whole(output.messages)
        knowledge = getattr(agent, "knowledge", None)
        if self.receipts is None or began is None or knowledge is None:
            return messages
        if turn.policy in knowledge.policies:
            self.receipts.add(messages, knowledge.get(turn.policy), knowledge.release, began)
        return messages

    async def understand(self, text: str) -> dict[str, Any]:
        """How a text is understood, outside any conversation and without keeping anything of it."""
        parsed = await asyncio.wait_for(self.agent.parse_message(text), self.patience)
        return dict(parsed)

    async def reading(self, conversation: str) -> dict[str, Any]:
        """How the last message of a conversation was understood: intent, topics, rights."""
        tracker = await self.agent.tracker_store.retrieve(conversation)
        return dict(tracker.latest_message.parse_data) if tracker and tracker.latest_message else {}

    async def is_asking(self, conversation: str) -> bool:
        """Whether a form is open there, whose question waits for an answer."""
        tracker = await self.agent.tracker_store.retrieve(conversation)
        return bool(tracker and tracker.active_loop_name)

    async def settled(self) -> bool:
        """Wait for the turns that are under way now; whether all have ended."""
        under_way = set(self._tasks)
        return not under_way or not (await asyncio.wait(under_way, timeout=5 * self.patience))[1]

    async def drain(self) -> None:
        """Wait for turns that are under way."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self.patience)


@dataclass
class _Ending:
    """Closes a message in the transaction that keeps its conversation, once the dialogue has said all."""

    turn: Turn
    whole: "Callable[[], list[dict[str, Any]]]"
    closing: "Closing"
    is_open: bool = True  # a conversation that is about to be erased is closed after that

    def along(self, unit: "Unit") -> None:
        """The reply, as far as it is a reply."""
        messages = self.whole()
        self.is_open = _asks_to_forget(messages) or not any(message["text"] for message in messages)
        if not self.is_open:
            self.closing.along(unit, _joined(messages, self.turn))

    def committed(self) -> None:
        """Both are durable."""
        if not self.is_open:
            self.closing.committed()


def _asks_to_forget(messages: list[dict[str, Any]]) -> bool:
    return any(message["data"].get("forget") for message in messages)


def _joined(messages: list[dict[str, Any]], turn: Turn) -> Reply:
    """All that the dialogue said in one turn, as one message: what follows an answer is said after its quotes."""
    leads: list[str] = [CUT] if turn.was_cut else []
    closings: list[str] = []
    letters: list[str] = []
    data: dict[str, Any] = {}
    for message in messages:
        if message["data"].get("letter"):
            letters.append(message["text"])
        elif message["text"]:
            (closings if data.get("answer") or letters else leads).append(message["text"])
        data.update({key: value for key, value in message["data"].items() if value is not None})
    return Reply(
        "\n".join(leads),
        data.get("answer"),
        data.get("request"),
        tuple(Button(entry["title"], entry["payload"]) for message in messages for entry in message["buttons"]),
        more_answers=tuple(data.get("more_answers") or ()),
        letter="\n\n".join(letters),
        closing="\n".join(closings),
        kind=str(data.get("kind") or ""),
    )
