"""Requests by menu while the database is down too: kept in a sealed file, and filed once it is back."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from broken_desk import Broken, down, payloads
from builders import fresh_address

from bot.desk import Reply
from bot.launch import Parts
from bot.work import drain_spool
from tickets.errors import StoreUnavailableError
from tickets.service import RequestService
from tickets.spool import Spool
from tickets.vocabulary import Right, Status

pytestmark = pytest.mark.asyncio
SPOOLED_AT = datetime(2026, 3, 2, 23, 30, tzinfo=timezone.utc)


@pytest.fixture
def broken(parts: Parts, tmp_path: Path) -> Broken:
    return Broken(parts, tmp_path)


async def spooled(broken: Broken, monkeypatch: pytest.MonkeyPatch, address: str = "") -> Reply:
    """A request by menu while the store raises."""
    await broken.press("menu:deletion")
    with monkeypatch.context() as patch:
        patch.setattr("tickets.store.Store.unit", down)
        patch.setattr("tickets.store.Store.reading", down)
        return await (broken.say(address) if address else broken.press("menu:none"))


async def test_without_a_database_the_request_is_kept_and_filed_once_it_is_back(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, address = Broken(parts, tmp_path, clock=lambda: SPOOLED_AT), fresh_address()
    reply = await spooled(broken, monkeypatch, address)
    assert "is kept safely" in reply.text and not reply.failed and broken.filed() == []
    assert drain_spool(broken.parts) == 1
    (filed,) = broken.filed()
    assert (filed.rights, filed.status, filed.received) == ((Right.DELETION,), Status.UNVERIFIED, SPOOLED_AT)
    assert [one.hint for one in parts.requests.show(filed.reference).contacts] == [f"{address[0]}…@example.org"]
    assert drain_spool(broken.parts) == 0 and len(broken.filed()) == 1


async def test_what_waits_in_the_spool_is_sealed(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    address = fresh_address()
    await spooled(broken, monkeypatch, address)
    (path,) = broken.spool.waiting()
    kept = path.read_text("utf-8")
    assert address not in kept and "deletion" not in kept and broken.conversation not in kept
    assert path.stat().st_mode & 0o077 == 0


async def test_the_reference_of_a_spooled_request_comes_into_its_conversation(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spooled(broken, monkeypatch)
    drain_spool(broken.parts)
    (filed,) = broken.filed()
    for parcel in broken.parts.outbox.lease(broken.parts.clock(), 1_000):
        if parcel.recipient.reveal() == broken.conversation:
            broken.parts.outbox.delivered(parcel, broken.parts.clock())
    told = broken.parts.outbox.feed(broken.conversation, 0)
    assert any(filed.reference in message.text for message in told)


async def test_a_store_that_hangs_is_waited_for_no_longer_than_the_patience_and_nothing_is_filed_twice(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, done, original = threading.Event(), threading.Event(), RequestService.open_request

    def waiting(self: RequestService, *given: Any) -> Any:
        let_go.wait(5)
        receipt = original(self, *given)
        done.set()
        return receipt

    broken.menu.patience = 0.2
    await broken.press("menu:deletion")
    with monkeypatch.context() as patch:
        patch.setattr(RequestService, "open_request", waiting)
        began = time.monotonic()
        reply = await broken.say(fresh_address())
        assert time.monotonic() - began < 2 and "is kept safely" in reply.text
        let_go.set()
        assert await asyncio.to_thread(done.wait, 5)  # the thread that hung goes on
    drain_spool(broken.parts)
    assert len(broken.filed()) == 1 and broken.spool.waiting() == ()


async def test_a_store_that_is_still_down_leaves_the_spool_as_it_is(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spooled(broken, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr("tickets.store.Store.unit", down)
        with pytest.raises(StoreUnavailableError):
            drain_spool(broken.parts)
    assert len(broken.spool.waiting()) == 1
    assert drain_spool(broken.parts) == 1 and len(broken.filed()) == 1


async def test_where_nothing_can_be_kept_the_request_does_not_exist_and_can_be_tried_again(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "leave", down)
        reply = await spooled(broken, patch)
    assert "does NOT exist" in reply.text and "Klasso" in reply.text and reply.failed
    assert payloads(reply) == ["menu:none", "menu:cancel"]
    assert broken.filed() == [] and drain_spool(broken.parts) == 0
    again = await broken.press("menu:none")
    assert [one.reference in again.text for one in broken.filed()] == [True]


async def test_the_day_of_receipt_is_that_of_the_menu_also_days_later(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(parts, tmp_path, clock=lambda: SPOOLED_AT)
    await spooled(broken, monkeypatch)
    broken.parts = replace(broken.parts, clock=lambda: SPOOLED_AT + timedelta(days=5))
    drain_spool(broken.parts)
    (filed,) = broken.filed()
    assert filed.received == SPOOLED_AT and filed.answer_by == (SPOOLED_AT + timedelta(days=30)).date()
