"""Two processes on one PostgreSQL: a conversation may be answered by either, one turn at a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import said_in
from chatting import Chat, client_of

from bot.launch import assemble, make_app, open_store
from bot.settings import BotSettings

pytestmark = pytest.mark.asyncio


async def test_a_conversation_goes_on_at_the_other_replica_in_order_and_once(
    own_settings: BotSettings, model_path: Path, knowledge: Any, postgres_url: str
) -> None:
    settings = replace(own_settings, database_url=postgres_url)
    stores = [open_store(postgres_url) for _ in range(2)]
    apps = [make_app(settings, assemble(settings, model_path, store, knowledge)) for store in stores]
    async with client_of(apps[0]) as one, client_of(apps[1]) as other:
        begun = (await one.post("/api/sessions", json={"policy": "klasso"})).json()["token"]
        chats = [Chat(one, begun), Chat(other, begun)]
        wishes = ["please delete my account", "yes", "one@example.org", "no"]
        for number, text in enumerate(wishes):
            reply = await chats[number % 2].say(text, f"m{number}")
        assert "Is that right?" in said_in(reply)
        # The same message to both at once, and again later: one request, one reply.
        replies = await asyncio.gather(*(chat.post({"id": "last", "text": "yes"}) for chat in chats))
        filed = [answer.json()["replies"][0] for answer in replies if answer.status_code == 200]
        filed.append(await chats[1].say("yes", "last"))
        assert len({one["request"]["reference"] for one in filed}) == 1
        conversation = apps[0].state.services.sessions.read(begun).conversation
        feed = apps[1].state.services.outbox.feed(conversation, 0)
        assert [json.loads(one.text)["to"] for one in feed if one.kind == "reply"] == ["m0", "m1", "m2", "m3", "last"]
    for store in stores:
        store.close()
