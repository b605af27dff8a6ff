"""Stand-ins for the assistant when it misbehaves."""

from __future__ import annotations

import asyncio
from typing import Any


class FailingAgent:
    """Rasa that raises, a given number of times; then it answers."""

    def __init__(self, failures: int, secret: str = "") -> None:
        self.left = failures
        self.secret = secret
        self.handled = 0

    async def handle_message(self, message: Any) -> None:
        """As Agent.handle_message."""
        self.handled += 1
        if self.left > 0:
            self.left -= 1
            raise RuntimeError(f"the assistant broke on {message.text} {self.secret}")
        await message.output_channel.send_response(message.sender_id, {"text": "All is well."})


class SilentAgent:
    """Rasa as it is when an action failed: no exception, and nothing said."""

    async def handle_message(self, message: Any) -> None:
        """As Agent.handle_message."""


class HangingAgent:
    """Rasa that does not come back until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.finished = 0

    async def handle_message(self, message: Any) -> None:
        """As Agent.handle_message."""
        await self.let_go.wait()
        self.finished += 1
        await message.output_channel.send_response(message.sender_id, {"text": "Late."})
