"""Wakes whoever waits for something new in a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Bells:
    """One bell for each listener; ring in the loop's own thread."""

    _hung: dict[str, set[asyncio.Event]] = field(default_factory=dict)

    @contextmanager
    def listening(self, conversation: str) -> Iterator[asyncio.Event]:
        """A bell of one's own, for as long as the block lasts."""
        bell = asyncio.Event()
        self._hung.setdefault(conversation, set()).add(bell)
        try:
            yield bell
        finally:
            self._hung[conversation].discard(bell)
            if not self._hung[conversation]:
                del self._hung[conversation]

    def ring(self, conversation: str) -> None:
        """Something new can be read there."""
        for bell in self._hung.get(conversation, ()):
            bell.set()

    def listeners(self, conversation: str | None = None) -> int:
        """How many listen, to one conversation or to all."""
        hung = self._hung.values() if conversation is None else [self._hung.get(conversation, set())]
        return sum(map(len, hung))
