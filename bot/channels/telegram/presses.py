"""Pressed buttons: the waiting they show is always ended, and the choice is shown in place of the buttons."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.channels.telegram.calls import Calls, politely
from bot.channels.telegram.heard import Heard, Pressed
from bot.channels.telegram.rendered import Mark, Rendered
from bot.channels.telegram.speech import CHOSEN
from bot.channels.telegram.units import LONGEST, units

MOST_REMEMBERED = 5_000
MOST_UNDER_WAY = 200


class Courtesies:
    """What is only polite, beside the work: people must not wait for it while Telegram is slow or down."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, call: Coroutine[Any, Any, None]) -> None:
        """Have it done soon, or not at all if very much is under way."""
        if len(self._tasks) >= MOST_UNDER_WAY:
            call.close()
            return
        task = asyncio.create_task(politely(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@dataclass
class Press:
    """One press, while it is being worked on. Nothing here can fail or takes time."""

    calls: Calls
    courtesies: Courtesies
    pressed: Pressed
    _is_answered: bool = False

    def answer(self, words: str = "") -> None:
        """End the waiting, once; words are shown in a box."""
        if not self._is_answered:
            self._is_answered = True
            self.courtesies.begin(self.calls.answer_press(self.pressed.callback, words))

    def show_choice(self, chat: int) -> None:
        """Put the choice in place of the buttons."""
        message = with_choice(self.pressed)
        if message is None:
            self.take_buttons(chat)
        else:
            self.courtesies.begin(self.calls.edit(chat, self.pressed.message_id, message))

    def take_buttons(self, chat: int) -> None:
        """Take away buttons that open nothing any more."""
        self.courtesies.begin(self.calls.without_buttons(chat, self.pressed.message_id))


@dataclass
class Used:
    """Messages whose buttons were pressed: of two quick taps one counts. In memory; the buttons go soon after."""

    _seen: "OrderedDict[tuple[str, int], None]" = field(default_factory=OrderedDict)

    def has(self, lane: str, heard: Heard) -> bool:
        """Whether a button of that message was pressed before."""
        return (lane, heard.message_id) in self._seen

    def add(self, lane: str, heard: Heard) -> None:
        """From now on it counts as pressed."""
        self._seen[(lane, heard.message_id)] = None
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)


def with_choice(pressed: Pressed) -> Rendered | None:
    """The message with the choice as its last line; None if it cannot be shown so."""
    text = pressed.text.reveal()
    line = CHOSEN.format(title=pressed.title)
    whole = f"{text}\n\n{line}"
    if not text or not pressed.title or units(whole) > LONGEST:
        return None
    marks = [_mark(entity) for entity in pressed.entities]
    chosen = Mark("italic", units(whole) - units(line), units(line))
    return Rendered(whole, (*(mark for mark in marks if mark.type), chosen))


_OUR_MARKS = ("bold", "italic", "blockquote", "expandable_blockquote", "text_link", "code", "pre")


def _mark(entity: dict[str, object]) -> Mark:
    """One of ours; Telegram adds some of its own, such as addresses, and finds them again by itself."""
    kind = str(entity["type"]) if entity.get("type") in _OUR_MARKS else ""
    return Mark(kind, int(str(entity["offset"])), int(str(entity["length"])), str(entity.get("url", "")))
