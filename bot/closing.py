"""Settles an arrived message together with what it brings: the conversation, the reply, and the note that it is done.

All three are one transaction, so a message that comes twice, or whose process is killed half-way, has its effects once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tickets.inbox import settle_with

if TYPE_CHECKING:
    from bot.desk import Reply
    from tickets.inbox import Item
    from tickets.store import Store, Unit

Post = Callable[["Unit", "Reply"], "str | None"]
"""Puts a reply into the outbox, in the caller's transaction; gives its id, None where nothing is to be sent."""


@dataclass
class Closing:
    """The end of one item of the inbox."""

    store: "Store"
    item: "Item"
    clock: Callable[[], datetime]
    post: Post
    is_closed: bool = False

    def along(self, unit: "Unit", reply: "Reply") -> None:
        """In the transaction that keeps the conversation. Nothing is posted for what was settled before."""
        settle_with(unit, self.item, self.clock(), lambda: self.post(unit, reply))

    def committed(self) -> None:
        """That transaction is durable."""
        self.is_closed = True

    async def close_now(self, reply: "Reply") -> None:
        """For a reply that did not come out of a kept conversation. Raises tickets.errors.StoreError."""
        if not self.is_closed:
            await asyncio.to_thread(self._close, reply)
            self.committed()

    def _close(self, reply: "Reply") -> None:
        with self.store.unit() as unit:
            self.along(unit, reply)
            unit.commit()
