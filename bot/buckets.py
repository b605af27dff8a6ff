"""Token buckets: how often somebody may come, in bounded memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

CALM = 3  # calls that somebody may have made of late who is still called calm


@dataclass(frozen=True)
class Rate:
    """burst: calls at once; every: seconds until one more is allowed; penalty: tokens that a refused call costs."""

    burst: int
    every: float
    penalty: float = 0.0


@dataclass
class Buckets:
    """One bucket for each name. deepest: below zero, so that who keeps knocking waits longer, but not for ever."""

    rate: Rate
    most: int = 20_000  # names; the one unused for longest starts afresh
    deepest: float = -20.0
    _levels: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)

    def take(self, name: str, now: float) -> int:
        """0 if the call is allowed, else the seconds until it will be. now: of a clock that never goes back."""
        level = self.level(name, now)
        allowed = level >= 1.0
        level = level - 1.0 if allowed else max(self.deepest, level - self.rate.penalty)
        self._levels[name] = (level, now)
        self._levels.move_to_end(name)
        while len(self._levels) > self.most:
            self._levels.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1.0 - level) * self.rate.every))

    def level(self, name: str, now: float) -> float:
        """How many calls would be allowed at once; below 1 none."""
        level, at = self._levels.get(name, (float(self.rate.burst), now))
        return min(float(self.rate.burst), level + max(0.0, now - at) / self.rate.every)

    def is_calm(self, name: str, now: float) -> bool:
        """Whether hardly anything was used of late: somebody who types, not somebody who floods."""
        return self.level(name, now) >= self.rate.burst - CALM

    def __len__(self) -> int:
        return len(self._levels)
