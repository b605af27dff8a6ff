"""How often somebody may come, and that a flood does not take the others' turn."""

from __future__ import annotations

from typing import Any

import pytest

from bot.buckets import Buckets, Rate
from bot.metrics import Metrics
from bot.shedding import MESSAGES, Gate, Shedding, address_of


def test_a_burst_is_allowed_then_one_call_for_each_interval() -> None:
    buckets = Buckets(Rate(burst=3, every=10.0))
    assert [buckets.take("one", 0.0) for _ in range(4)] == [0, 0, 0, 10]
    assert buckets.take("one", 5.0) == 5 and buckets.take("one", 10.0) == 0 and buckets.take("one", 10.0) == 10


def test_names_do_not_share_a_bucket() -> None:
    buckets = Buckets(Rate(burst=1, every=10.0))
    assert (buckets.take("one", 0.0), buckets.take("other", 0.0), buckets.take("one", 0.0)) == (0, 0, 10)


def test_who_keeps_knocking_waits_longer_but_not_for_ever() -> None:
    buckets = Buckets(Rate(burst=2, every=1.0, penalty=1.0), deepest=-5.0)
    waits = [buckets.take("one", 0.0) for _ in range(20)]
    assert waits[:2] == [0, 0] and waits[2] < waits[3] and max(waits) == 6
    assert buckets.take("one", 6.0) == 0


def test_memory_is_bounded_and_a_clock_that_steps_back_gives_nothing_away() -> None:
    buckets = Buckets(Rate(burst=1, every=10.0), most=100)
    for number in range(1_000):
        buckets.take(str(number), 0.0)
    assert len(buckets) == 100
    assert buckets.take("999", -50.0) > 0


def test_a_flooding_conversation_is_shut_out_and_a_calm_one_is_not() -> None:
    gate = Gate()
    waits = {"flood": [], "calm": []}  # type: ignore[var-annotated]
    for tick in range(1_200):  # two minutes
        now = tick / 10
        if tick % 4 == 0:
            waits["flood"].append(gate.wait(MESSAGES, "POST", "198.51.100.1", "flood", now)[0])
        if tick % 50 == 0:
            waits["calm"].append(gate.wait(MESSAGES, "POST", "198.51.100.2", "calm", now)[0])
    assert set(waits["calm"]) == {0}
    assert waits["flood"].count(0) < 30  # of 300: its burst, and nothing for as long as it goes on


def test_while_much_is_under_way_only_calm_people_are_let_in() -> None:
    gate = Gate(is_busy=lambda: True)
    assert gate.wait(MESSAGES, "POST", "198.51.100.1", "calm", 0.0) == (0, "busy")
    for _ in range(6):
        refused = gate.wait(MESSAGES, "POST", "198.51.100.1", "hasty", 0.0)
    assert refused == (2, "busy")


@pytest.mark.parametrize("spoofed", range(5))
def test_spoofed_headers_fill_one_bucket(spoofed: int) -> None:
    head = {
        "client": ("192.0.2.1", 1),
        "headers": [(b"x-forwarded-for", f"203.0.113.{spoofed}, 198.51.100.7".encode())],
    }
    assert address_of(head, behind_proxy=True) == "198.51.100.7"
    assert address_of(head, behind_proxy=False) == "192.0.2.1"


async def _call(app: Shedding, path: str, method: str = "POST", token: bytes = b"Bearer one") -> dict[str, Any]:
    answered: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    headers = [(b"authorization", token)]
    await app({"type": "http", "path": path, "method": method, "headers": headers, "client": ("::1", 1)}, receive, send)
    return {"status": answered[0]["status"], **dict(answered[0]["headers"])}


@pytest.mark.asyncio
async def test_a_refusal_says_when_to_come_again_and_is_counted() -> None:
    passed = 0

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        nonlocal passed
        passed += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    metrics = Metrics()
    app = Shedding(inner, Gate(), metrics, clock=lambda: 0.0)
    answers = [await _call(app, MESSAGES) for _ in range(25)]
    assert passed == 20 and {answer["status"] for answer in answers[20:]} == {429}
    assert all(int(answer[b"retry-after"]) >= 2 for answer in answers[20:])
    assert metrics.shed.labels("conversation")._value.get() == 5
    assert (await _call(app, "/p/klasso", "GET"))["status"] == 200  # reading costs nothing
