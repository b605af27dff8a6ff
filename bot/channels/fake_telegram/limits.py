"""How fast a bot may send: 30 messages a second overall, one a second to a person, 20 a minute to a group.

From Telegram's "My bot is hitting limits" (core.telegram.org/bots/faq); bursts of three to a person pass in practice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Bucket:
    """Tokens that come back with time."""

    most: float
    per_second: float
    left: float = field(init=False)
    at: datetime | None = None

    def __post_init__(self) -> None:
        self.left = self.most

    def seconds_short(self, now: datetime) -> float:
        """How long until one token is there; 0 if one is."""
        if self.at is not None:
            self.left = min(self.most, self.left + (now - self.at).total_seconds() * self.per_second)
        self.at = now
        return max(0.0, (1 - self.left) / self.per_second)


class SendingLimits:
    """The rates of one bot."""

    def __init__(self) -> None:
        """Nothing has been sent yet."""
        self._overall = Bucket(30, 30)
        self._chats: dict[int, Bucket] = {}

    def take(self, chat: int, is_group: bool, now: datetime) -> int:
        """Count one message: 0, or the whole seconds to wait, and then it does not count."""
        bucket = self._chats.setdefault(chat, Bucket(20, 20 / 60) if is_group else Bucket(3, 1))
        short = max(self._overall.seconds_short(now), bucket.seconds_short(now))
        if short > 0:
            return max(1, math.ceil(short))
        self._overall.left -= 1
        bucket.left -= 1
        return 0
