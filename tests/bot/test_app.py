"""The public HTTP app over the real assistant, store and policies: conversations, and what a client cannot do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from builders import fresh_address, fresh_id, said_in
from chatting import Chat, chatting, client_of, conversation_of, error_of, filed_by, open_chat

from bot.intake import COMMANDS, take
from bot.launch import Parts
from bot.sessions import Sessions
from pii.redacted import Redacted
from tickets.errors import UnknownRequestError

pytestmark = pytest.mark.asyncio
MESSAGES = "/api/messages"
INTENTS = ("ask_policy", "request", "small_talk", "out_of_scope", "nonsense", "human") + (
    "affirm",
    "deny",
    "cancel",
    "status",
    "more",
)
FORMS = (
    "/{}",
    " /{}",
    "//{}",
    "/ /{}",
    "/ / /{}",
    "\t/{}",
    "\n/\n/{}",
    "\u00a0/{}",
    "\u2028/\u2003/{}",
    "\x00/{}",
    "/\x00/{}",
    "\x85/{}",
    '/{}{{"right":"deletion"}}',
    '/ /{}{{"right": "deletion"}}',
    '/{}{{"offer__rights":["deletion"]}}',
    "/{}@1.0",
    '/{}@1.0{{"right":"access"}}',
    "/{}\n",
    "\ufeff /{}",
    "/SESSION_START /{}",
)


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
    assert set(opened) == {"token", "policy", "messages"} and opened["policy"]["id"] == "kloudtalk"
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


async def test_a_session_of_a_policy_that_is_gone_is_told(app: Any) -> None:
    _, token = app.state.services.sessions.open("bankrupt")
    async with client_of(app) as http:
        response = await Chat(http, token).post({"id": "1", "text": "hello"})
        assert response.status_code == 404 and error_of(response) == "unknown_policy"


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


# --- what a client cannot do ---------------------------------------------------------------------------------------


async def test_typed_commands_are_read_as_words(parts: Parts) -> None:
    """Rasa takes "/intent" as a command of confidence 1.0; what is typed must go through the reader instead."""
    for intent in INTENTS:
        for form in FORMS:
            reading = await parts.desk.agent.parse_message(take(form.format(intent)).read)
            assert "topics" in reading, (intent, form)
    control = await parts.desk.agent.parse_message("/request")
    assert "topics" not in control and control["intent"]["confidence"] == 1.0


@pytest.mark.parametrize("intent", INTENTS)
async def test_a_typed_intent_reaches_the_dialogue_without_its_slash(app: Any, parts: Parts, intent: str) -> None:
    async with chatting(app) as chat:
        await chat.say(f" / /{intent}")
        reading = await parts.desk.reading(conversation_of(app, chat))
        assert "topics" in reading and reading["text"] == COMMANDS.get(intent, intent)


@pytest.mark.parametrize(
    "text",
    [
        '/request{"right":"deletion"}',
        ' / /request{"right": "deletion"}',
        '/request{"right": "access"}',
        "/request",
        "/affirm",
    ],
)
async def test_a_typed_command_files_nothing(app: Any, parts: Parts, text: str) -> None:
    async with chatting(app) as chat:
        reply = await chat.say(text)
        assert reply["request"] is None and filed_by(app, parts, chat) == []


async def test_the_same_command_from_a_button_works(app: Any, parts: Parts) -> None:
    """The control of the test above: the payload itself is a command that opens the form, or files a question."""
    async with chatting(app) as chat:
        session = app.state.services.sessions.read(chat.token)
        token = app.state.services.sessions.button(session, '/request{"right": "deletion"}')
        assert "Which e-mail address" in (await chat.press({"token": token}))["text"]
    async with chatting(app) as chat:
        await chat.say("do you use cookies?")
        session = app.state.services.sessions.read(chat.token)
        token = app.state.services.sessions.button(session, '/request{"right": "question"}')
        assert (await chat.press({"token": token}))["request"]["rights"] == ["question"]


async def test_a_typed_command_confirms_no_summary(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        await chat.confirming()
        for text in ('/request{"right": "deletion"}', '/affirm{"party": "own"}', "/{}", '/prove{"a": 1}', "/prove"):
            assert (await chat.say(text))["request"] is None
        assert filed_by(app, parts, chat) == []
        assert "Is that right?" in said_in(await chat.say("blue"))


async def test_a_client_cannot_choose_its_conversation(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        victim, attacker = await open_chat(http), await open_chat(http)
        await victim.file()
        target = conversation_of(app, victim)
        before = _events(await parts.desk.agent.tracker_store.retrieve(target))
        for value in (target, [target], {"id": target}, None, ""):
            for name in ("sender", "sender_id", "conversation", "conversation_id", "session", "input_channel"):
                await attacker.post({"id": fresh_id(), "text": "cancel my request", name: value})
            metadata = {"sender_id": target, "policy": "klantra", "channel": "telegram", "conversation": value}
            await attacker.post({"id": fresh_id(), "text": "cancel my request", "metadata": metadata})
        for name in ("X-Sender", "X-Conversation", "Cookie"):
            await attacker.post({"id": fresh_id(), "text": "cancel my request"}, **{name: target})
        await http.post(
            f"{MESSAGES}?sender={target}&conversation={target}",
            json={"id": fresh_id(), "text": "cancel my request"},
            headers={"Authorization": f"Bearer {attacker.token}"},
        )
        assert _events(await parts.desk.agent.tracker_store.retrieve(target)) == before
        assert [one.status.value for one in filed_by(app, parts, victim)] == ["unverified"]
        last = (await parts.desk.agent.tracker_store.retrieve(conversation_of(app, attacker))).latest_message
        assert last.metadata["policy"] == "klasso" and last.metadata["channel"] == "web"


def _events(tracker: Any) -> list[dict[str, Any]]:
    return [event.as_dict() for event in tracker.events]


async def test_two_sessions_never_see_each_others_requests(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        mine, yours = await open_chat(http), await open_chat(http)
        reference = (await mine.file())["request"]["reference"]
        for text in ("what happened to my request?", "cancel my request", "send the code again", "my data"):
            assert reference not in json.dumps(await yours.say(text))
        named = json.dumps(await yours.say(f"what is the status of {reference}?"))
        assert "deletion" not in named and "answer by" not in named and "If there is a request" in named
        assert reference in (await mine.say("what happened to my request?"))["text"]
        assert [one.status.value for one in filed_by(app, parts, mine)] == ["unverified"]
        with pytest.raises(UnknownRequestError):
            now = parts.requests.show(reference).summary.received
            parts.requests.withdraw(reference, conversation_of(app, yours), now)


async def test_contact_data_reach_neither_the_dialogue_nor_its_replies_but_as_a_hint(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        replies = [await chat.say("please delete my account, I am jane.doe@example.org, +44 20 7946 0123")]
        replies += [await chat.say(text) for text in ("yes", "The calls were with pat.roe@example.org.", "yes")]
        tracker = await parts.desk.agent.tracker_store.retrieve(conversation_of(app, chat))
        everything = json.dumps([_events(tracker), replies])
        for planted in ("jane.doe", "pat.roe", "7946", "0123"):
            assert planted not in everything
        assert "[email-1]" in everything and "j\\u2026@example.org" in everything
        assert replies[-1]["request"]["proof"] == "code_sent"
