"""The public HTTP app over the real assistant, store and policies, from the first message to a filed request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from builders import fresh_address, fresh_id
from chatting import Chat, chatting, client_of, error_of, filed_by, open_chat

from bot.launch import Parts
from bot.sessions import Sessions
from pii.redacted import Redacted

pytestmark = pytest.mark.asyncio
MESSAGES = "/api/messages"


async def test_the_policies_are_listed_with_what_may_be_asked(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        listed = (await http.get("/api/policies")).json()["policies"]
        assert [policy["id"] for policy in listed] == parts.knowledge.ids
        for policy in listed:
            assert policy["name"] and policy["about"] and policy["examples"]
            assert (await http.get(policy["url"])).status_code == 200


async def test_a_session_begins_with_who_is_speaking(app: Any) -> None:
    async with client_of(app) as http:
        opened = (await http.post("/api/sessions", json={"policy": "kloudtalk"})).json()
    assert (
        set(opened) == {"token", "policy", "messages", "resumed", "logged_in"} and opened["policy"]["id"] == "kloudtalk"
    )
    (welcome,) = opened["messages"]
    assert "machine" in welcome["text"] and "KloudTalk" in welcome["text"] and "{" not in welcome["text"]


async def test_a_question_gets_one_reply_with_quotes_of_the_policy(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        response = await chat.post({"id": "q-1", "text": "do you record calls?"})
        body = response.json()
        assert body["id"] == "q-1" and [reply["id"] for reply in body["replies"]] == ["q-1-1"]
        answer = body["replies"][0]["answer"]
        assert answer["kind"] == "denies" and body["replies"][0]["text"].startswith("No")
        source = parts.knowledge.get("klasso").current.source
        for quote in answer["quotes"]:
            assert source[quote["start"] : quote["end"]] == quote["text"]
            page = await chat.http.get(quote["url"].partition("#")[0])
            assert page.status_code == 200 and f'id="{quote["url"].partition("#")[2]}"' in page.text


async def test_an_unknown_policy_is_told(app: Any) -> None:
    async with client_of(app) as http:
        for policy in ("nowhere", "KLASSO", "../klasso", "", "\ud800"):
            body = json.dumps({"policy": policy})
            response = await http.post("/api/sessions", content=body, headers={"content-type": "application/json"})
            assert response.status_code == 404 and error_of(response) == "unknown_policy"


async def test_a_forged_or_missing_session_is_refused_and_files_nothing(app: Any, parts: Parts) -> None:
    before = len(parts.requests.listing())
    async with client_of(app) as http:
        forged = Sessions(Redacted("t" * 40)).open("klasso")[1]
        for header in ({}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {forged}"}):
            response = await http.post(MESSAGES, json={"id": "1", "text": "delete my account"}, headers=header)
            assert response.status_code == 401 and error_of(response) == "session_invalid"
    assert len(parts.requests.listing()) == before


async def test_a_session_of_a_policy_that_is_gone_is_told_and_still_hears_of_its_requests(app: Any) -> None:
    _, token = app.state.services.sessions.open("bankrupt")
    async with client_of(app) as http:
        response = await Chat(http, token).post({"id": "1", "text": "hello"})
        assert response.status_code == 410 and error_of(response) == "policy_gone"
        news = await http.get(MESSAGES, headers={"Authorization": f"Bearer {token}"})
        assert news.status_code == 200 and news.json()["messages"] == []


async def test_the_same_id_gives_the_same_reply_and_files_once(
    app: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled, original = list[str](), parts.desk.agent.handle_message

    async def counted(message: Any) -> Any:
        handled.append(message.text)
        return await original(message)

    async with chatting(app) as chat:
        await chat.confirming()
        monkeypatch.setattr(parts.desk.agent, "handle_message", counted)
        message = {"id": "once", "text": "yes"}
        replies = await asyncio.gather(*(chat.post(message) for _ in range(10)))
        replies.append(await chat.post(message))
        assert len({reply.text for reply in replies}) == 1
        assert replies[0].json()["replies"][0]["request"]["rights"] == ["deletion"]
        assert len(filed_by(app, parts, chat)) == 1
        assert handled == ["yes"]


async def test_the_same_id_with_another_text_is_refused_and_files_nothing(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        await chat.confirming()
        await chat.say("what do you collect?", "taken")
        response = await chat.post({"id": "taken", "text": "yes"})
        assert response.status_code == 409 and error_of(response) == "refused"
        assert filed_by(app, parts, chat) == []


async def test_the_same_id_in_another_conversation_is_another_message(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        one, other = await open_chat(http), await open_chat(http)
        first = await one.file(message_id="same")
        second = await other.file(message_id="same")
        assert first["request"]["reference"] != second["request"]["reference"]


async def test_a_request_is_filed_and_its_reference_told(app: Any, parts: Parts) -> None:
    async with chatting(app, "klantra") as chat:
        reply = await chat.file("Please erase everything you have about me")
        reference = reply["request"]["reference"]
        assert reference in reply["text"] and reply["request"]["created"]
        details = parts.requests.show(reference)
        assert details.summary.policy == "klantra"
        assert [right.value for right in details.summary.rights] == ["deletion"]


async def test_a_button_files_what_it_offers(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        reply = await chat.say("how do I delete my account?")
        assert reply["request"] is None and filed_by(app, parts, chat) == []
        button = next(button for button in reply["buttons"] if "deletion" in button["title"])
        assert "/request" not in button["token"]
        asked = await chat.press(button)
        assert "Which e-mail address" in asked["text"] and filed_by(app, parts, chat) == []
        await chat.say(fresh_address())
        filed = await chat.press(pressed_in(await chat.say("no"), "Yes, open the request"))
        assert filed["request"]["rights"] == ["deletion"]
        taken_back = await chat.press(pressed_in(filed, "Take the request back"))
        assert filed["request"]["reference"] in taken_back["text"]
        assert [str(one.status.value) for one in filed_by(app, parts, chat)] == ["withdrawn"]


def pressed_in(reply: dict[str, Any], title: str) -> dict[str, str]:
    return next(dict(button) for button in reply["buttons"] if button["title"] == title)


async def test_a_button_of_another_conversation_is_refused(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        mine, yours = await open_chat(http), await open_chat(http)
        (button, *_) = (await mine.say("how do I delete my account?"))["buttons"]
        for token in (button["token"], mine.token, '/request{"right": "deletion"}', "nonsense", ""):
            response = await yours.post({"id": fresh_id(), "button": token})
            assert response.status_code == 403 and error_of(response) == "button_invalid"
        assert filed_by(app, parts, yours) == []
