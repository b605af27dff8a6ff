"""What a person hears over HTTP when the assistant or the store fails or hangs, and how a draft survives it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from builders import said_in
from chatting import Chat, app_over, chatting, client_of, filed_by, open_chat
from fakes import FailingAgent, HangingAgent

from bot.desk import TROUBLE, Desk
from bot.launch import Parts
from tickets.errors import StoreUnavailableError
from tickets.service import RequestService
from tickets.store import Store

pytestmark = pytest.mark.asyncio


async def test_a_failing_assistant_is_admitted_and_the_same_words_can_be_sent_again(
    own_settings: Any, parts: Parts
) -> None:
    agent = FailingAgent(1, "inner detail")
    app = app_over(own_settings, parts, Desk(agent))  # type: ignore[arg-type]
    async with chatting(app) as chat:
        first = await chat.say("do you record calls?", "again")
        assert first["text"] == TROUBLE and first["answer"] is None and "inner" not in json.dumps(first)
        assert (await chat.say("do you record calls?", "again"))["text"] == TROUBLE  # the same message, the same reply
        assert (await chat.say("do you record calls?"))["text"] == "All is well." and agent.handled == 2
        assert 'result="failed"} 1.0' in (await chat.http.get("/metrics")).text


async def test_a_hanging_assistant_is_admitted_after_the_patience_and_others_are_served(
    own_settings: Any, parts: Parts
) -> None:
    agent = HangingAgent()
    desk = Desk(agent, patience=0.1)  # type: ignore[arg-type]
    app = app_over(own_settings, parts, desk)
    async with chatting(app) as chat:
        waiting = asyncio.create_task(chat.say("hello"))
        assert (await chat.http.get("/healthz")).status_code == 200
        assert (await waiting)["text"] == TROUBLE
    agent.let_go.set()
    await desk.drain()


async def test_a_store_that_fails_is_admitted_and_nothing_is_said_to_be_filed(
    app: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    async with chatting(app, "classtime") as chat:
        await chat.confirming()
        with monkeypatch.context() as patch:
            patch.setattr(Store, "unit", full)
            failed = await chat.say("yes", "first")
        assert failed["request"] is None and "NOT exist" in failed["text"] and "team@classtime.com" in failed["text"]
        assert filed_by(app, parts, chat) == []
        assert (await retried(chat))["request"]["created"] and len(filed_by(app, parts, chat)) == 1


def slowly(let_go: threading.Event, was_let_go: list[bool], then: Any = RequestService.open_request) -> Any:
    """Filing that waits for the database, as SQLite does for seconds where the file is locked."""

    def waiting(self: RequestService, *given: Any) -> Any:
        was_let_go.append(let_go.wait(3))
        return then(self, *given)

    return waiting


async def test_a_store_that_hangs_is_admitted_within_the_patience_and_files_once(
    own_settings: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, desk = threading.Event(), Desk(parts.desk.agent, patience=0.5)
    app = app_over(own_settings, parts, desk)
    async with chatting(app) as chat:
        await chat.confirming()
        with monkeypatch.context() as patch:
            patch.setattr(RequestService, "open_request", slowly(let_go, []))
            began = time.monotonic()
            failed = await chat.say("yes", "slow")
            assert time.monotonic() - began < 2 and failed["text"] == TROUBLE and failed["request"] is None
            let_go.set()
            await Desk(parts.desk.agent, _tasks=desk._tasks).drain()
        await chat.say("yes", "slow")
        (filed,) = filed_by(app, parts, chat)
        assert filed.reference in (await chat.say("what happened to my request?"))["text"]


async def test_after_a_store_that_hung_and_failed_a_yes_files_the_draft(
    own_settings: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    let_go, desk = threading.Event(), Desk(parts.desk.agent, patience=0.5)
    app = app_over(own_settings, parts, desk)
    async with chatting(app) as chat:
        await chat.confirming()
        with monkeypatch.context() as patch:
            patch.setattr(RequestService, "open_request", slowly(let_go, [], full))
            assert (await chat.say("yes"))["text"] == TROUBLE
            let_go.set()
            await Desk(parts.desk.agent, _tasks=desk._tasks).drain()
        assert filed_by(app, parts, chat) == []
        assert (await retried(chat))["request"]["created"] and len(filed_by(app, parts, chat)) == 1


async def retried(chat: Chat) -> dict[str, Any]:
    """Say yes until it is filed: the summary may be shown once more."""
    reply = await chat.say("yes")
    return await chat.say("yes") if "Is that right?" in said_in(reply) else reply


async def test_a_store_that_hangs_stops_nobody_else(
    own_settings: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, was_let_go = threading.Event(), list[bool]()
    async with client_of(app_over(own_settings, parts, Desk(parts.desk.agent))) as http:
        filing, asking = await open_chat(http), await open_chat(http)
        await filing.confirming()
        monkeypatch.setattr(RequestService, "open_request", slowly(let_go, was_let_go))
        waits = asyncio.create_task(filing.say("yes"))
        await asyncio.sleep(0.1)
        assert (await asking.say("do you record calls?"))["answer"]["kind"] == "denies"
        let_go.set()
        assert (await waits)["request"]["rights"] == ["deletion"]
    assert was_let_go == [True], "the whole server stood still while one request waited for the database"
