"""Updates that wait for the bot: numbered one by one, kept for a day, gone once confirmed.

A pressed button is kept for 150 seconds only, as by the real server: nobody waits longer for an answer to a press.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Wire = dict[str, Any]
KEPT = timedelta(hours=24)
KEPT_PRESS = timedelta(seconds=150)
KEPT_FOR_REDELIVERY = 10_000
BY_DEFAULT = frozenset({"message", "edited_message", "callback_query", "my_chat_member"})
"""Kinds of updates that a bot gets if it names none; the real server leaves out chat_member and reactions."""


@dataclass(frozen=True)
class Update:
    """One update. lane: what keeps its order on a webhook: a chat, or the presses of a person."""

    id: int
    wire: Wire
    lane: int
    expires: datetime


class Mailbox:
    """The queue of one bot. May be used from any thread."""

    def __init__(self, first: int | None = None) -> None:
        """first: the first update's number; otherwise it begins at random, as after a quiet week."""
        self._lock = threading.RLock()
        self._next = first if first is not None else random.SystemRandom().randrange(100_000_000, 900_000_000)
        self._waiting: "OrderedDict[int, Update]" = OrderedDict()
        self._again: list[Update] = []
        self._known: "deque[Update]" = deque(maxlen=KEPT_FOR_REDELIVERY)
        self.allowed: frozenset[str] = frozenset()

    def put(self, kind: str, payload: Wire, lane: int, now: datetime) -> int | None:
        """Keep an update of this kind for the bot: its number, or None where the bot does not want such updates."""
        if kind not in (self.allowed or BY_DEFAULT):
            return None
        return self.put_raw({kind: payload}, lane, now)

    def put_raw(self, fields: Wire, lane: int, now: datetime) -> int:
        """Keep whatever it is, known to the Bot API or not."""
        kept = KEPT_PRESS if "callback_query" in fields else KEPT
        with self._lock:
            update = Update(self._next, {"update_id": self._next, **fields}, lane, now + kept)
            self._next += 1
            self._waiting[update.id] = update
            self._known.append(update)
        return update.id

    def waiting(self, now: datetime) -> list[Update]:
        """All that is not confirmed, oldest first; what came again before all else."""
        with self._lock:
            for old in [update.id for update in self._waiting.values() if update.expires <= now]:
                del self._waiting[old]
            return [*self._again, *self._waiting.values()]

    def confirm_below(self, offset: int, now: datetime) -> int:
        """The bot has those before this number. A negative one: it wants no more than so many of the last.

        Gives how many were confirmed.
        """
        with self._lock:
            waiting = [update.id for update in self.waiting(now) if update not in self._again]
            known = waiting[:offset] if offset < 0 else [number for number in waiting if number < offset]
            for number in known:
                del self._waiting[number]
        return len(known)

    def done(self, updates: Iterable[Update]) -> None:
        """These have arrived: by a webhook, or for a second time."""
        with self._lock:
            for update in updates:
                if update in self._again:
                    self._again.remove(update)
                else:
                    self._waiting.pop(update.id, None)

    def is_again(self, update: Update) -> bool:
        """Whether it was confirmed before and is delivered a second time."""
        with self._lock:
            return update in self._again

    def redeliver(self, update_id: int) -> bool:
        """Deliver an update once more, confirmed or not. False for one that is not known (any more)."""
        with self._lock:
            for update in reversed(self._known):
                if update.id == update_id:
                    self._again.append(update)
                    return True
        return False

    def drop_all(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()
            self._again.clear()
