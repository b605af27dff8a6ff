"""The product is restarted while people talk to it: each message is answered, once, and the same when it comes again.

A short run of bench.restarts, which has a longer one and says how many messages a second it was.
"""

from __future__ import annotations

from pathlib import Path

from bench.restarts import Result, restarted

TIMES, RATE, BETWEEN = 2, 15.0, 1.0


def test_two_restarts_lose_double_and_change_nothing(model_path: Path) -> None:
    result = restarted(TIMES, RATE, BETWEEN)
    assert len(result.stops) == TIMES and _were_hit(result), "no message was under way at a restart"
    assert set(result.counted().values()) == {0}, result.counted()


def test_without_the_inbox_messages_are_done_twice(model_path: Path) -> None:
    """The control: the same harness, and the defence taken out."""
    result = restarted(TIMES, 2 * RATE, BETWEEN, without="inbox")
    counted = result.counted()
    assert counted["lost"] == len(result.heard)
    assert counted["doubled"] + counted["unlike"] > 0


def _were_hit(result: Result) -> bool:
    return any(one.tries > 1 for one in result.heard) and any(one.again is not None for one in result.heard)
