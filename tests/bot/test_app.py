"""The public HTTP app over the real assistant, store and policies."""

from __future__ import annotations

import asyncio
import json
import random
import re
import string
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import Chat, app_over, client_of, fresh_address, fresh_id, open_chat, said_in
from fakes import FailingAgent, HangingAgent

from bot.app import SECURITY_HEADERS
from bot.desk import TROUBLE, Desk
from bot.intake import COMMANDS, take
from bot.launch import Parts, make_app, open_store
from bot.sessions import Sessions
from pii.redacted import Redacted
from tickets.errors import StoreUnavailableError, UnknownRequestError
from tickets.service import RequestService
from tickets.store import Store

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


def error_of(response: httpx.Response) -> str:
    """The code of an error; its body must have the one shape that is promised."""
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message"}, body
    assert body["error"]["message"].strip() and response.headers["content-type"] == "application/json"
    return str(body["error"]["code"])


@asynccontextmanager
async def chatting(app: Any, policy: str = "klasso") -> AsyncIterator[Chat]:
    async with client_of(app) as http:
        yield await open_chat(http, policy)


def conversation_of(app: Any, chat: Chat) -> str:
    return str(app.state.services.sessions.read(chat.token).conversation)


def filed_by(app: Any, parts: Parts, chat: Chat) -> list[Any]:
    return list(parts.requests.status_of(conversation_of(app, chat)))


# --- conversations -------------------------------------------------------------------------------------------------


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


# --- malformed input -----------------------------------------------------------------------------------------------

CANARY = "canary-7f3a"
MALFORMED: dict[str, Any] = {
    "no object": [CANARY],
    "a string": CANARY,
    "null": None,
    "nothing": {},
    "no id": {"text": CANARY},
    "an id that is a number": {"id": {"n": CANARY}, "text": CANARY},
    "an id with a space": {"id": f"{CANARY} x", "text": "hi"},
    "an id too long": {"id": CANARY * 20, "text": "hi"},
    "an empty id": {"id": "", "text": "hi"},
    "a text that is a number": {"id": "1", "text": 5},
    "a text that is true": {"id": "1", "text": True},
    "an id that is a plain number": {"id": 5, "text": CANARY},
    "a button that is a number": {"id": "1", "button": 5},
    "a text that is a list": {"id": "1", "text": [CANARY]},
    "a text that is an object": {"id": "1", "text": {CANARY: CANARY}},
    "a button that is a list": {"id": "1", "button": [CANARY]},
    "neither text nor button": {"id": "1"},
    "an empty text": {"id": "1", "text": ""},
    "a text of white space": {"id": "1", "text": " \n\t "},
    "a text of slashes": {"id": "1", "text": " / / "},
    "a button too long": {"id": "1", "button": CANARY * 200},
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_message_is_told_without_repeating_it(app: Any, body: Any) -> None:
    async with chatting(app) as chat:
        response = await chat.post(body)
        assert response.status_code == 422 and error_of(response) in ("malformed", "empty")
        assert CANARY not in response.text


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"not json",
        b'{"id": "1", "text": "canary-7f3a}',
        b"\xff\xfe\x00\x01canary-7f3a",
        bytes(range(256)),
        b'{"id": "1", "text": "\xc3\x28 canary-7f3a"}',
        b"[" * 5000,
        b'{"id": ' + b"1" * 5000 + b"}",
        b'{"id": "1", "text": NaN}',
        b"\x1f\x8b\x08\x00canary",
    ],
    ids=lambda raw: repr(raw[:12]),
)
@pytest.mark.parametrize("path", [MESSAGES, "/api/sessions"])
async def test_a_body_that_is_no_json_is_told(app: Any, raw: bytes, path: str) -> None:
    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}
        response = await chat.http.post(path, content=raw, headers=headers)
        assert response.status_code == 422, response.text
        assert error_of(response) == "malformed" and "canary" not in response.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_is_not_declared_as_json_is_refused(app: Any, parts: Parts, kind: str) -> None:
    """A page of another site can send these without being asked for permission."""
    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": kind}
        body = json.dumps({"id": "1", "text": "please delete my account"})
        response = await chat.http.post(MESSAGES, content=body, headers=headers)
        assert response.status_code == 422 and error_of(response) == "malformed"
        assert filed_by(app, parts, chat) == []


async def test_a_long_message_is_answered_and_a_longer_one_refused(app: Any) -> None:
    async with chatting(app) as chat:
        fits = await chat.post({"id": "1", "text": ("do you record calls? " * 200)[:4000]})
        assert fits.status_code == 200 and "first 1,000 characters" in fits.json()["replies"][0]["text"]
        over = await chat.post({"id": "2", "text": "a" * 4001})
        assert over.status_code == 413 and error_of(over) == "too_long"


async def test_a_body_over_sixteen_kilobytes_is_refused_however_it_comes(app: Any) -> None:
    big = json.dumps({"id": "1", "text": "a" * 17_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000]

    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}
        ways = [
            {"content": big},
            {"content": chunks()},
            {"content": big, "headers": headers | {"content-length": "10"}},
            {"content": b"{}", "headers": headers | {"content-length": "999999999999"}},
        ]
        for way in ways:
            response = await chat.http.post(MESSAGES, **{"headers": headers, **way})
            assert response.status_code == 413 and error_of(response) == "too_large"
            assert response.headers["x-content-type-options"] == "nosniff"


def fuzzed(shaken: random.Random, token: str) -> tuple[bytes, dict[str, str]]:
    """One hostile request: a good one with something wrong, or noise."""
    values = [None, 0, -1, 1.5, True, [], {}, "", "a", "/x", "\x00", "\ud800", "é" * 50, "x" * 4001, "9" * 400, [[[]]]]
    body: Any = {"id": f"f{shaken.randrange(10**9)}", "text": shaken.choice(["hi", "/request", "\u202e", "[email-1]"])}
    for _ in range(shaken.randrange(1, 4)):
        key = shaken.choice(
            ["id", "text", "button", "sender", "metadata", "".join(shaken.choices(string.printable, k=5))]
        )
        body[key] = shaken.choice(values)
    raw = json.dumps(shaken.choice([body, body, body, [body], shaken.choice(values)])).encode()
    damage = shaken.randrange(6)
    if damage == 0:
        place = shaken.randrange(len(raw))
        raw = raw[:place] + bytes([shaken.randrange(256)]) + raw[place + 1 :]
    elif damage == 1:
        raw = raw[: shaken.randrange(len(raw))]
    elif damage == 2:
        raw = shaken.randbytes(shaken.randrange(200))
    headers = {"content-type": shaken.choice(["application/json"] * 5 + ["text/plain", "application/json; charset=x"])}
    wrong = [f"Bearer {token[:-2]}", "Bearer", "Basic eA==", "x" * 3000]
    headers["authorization"] = shaken.choice([f"Bearer {token}"] * 6 + wrong)
    return raw, headers


async def test_two_thousand_hostile_requests_never_break_the_server(app: Any) -> None:
    shaken, seen = random.Random(20240711), set()
    async with chatting(app) as chat:
        for _ in range(2000):
            raw, headers = fuzzed(shaken, chat.token)
            path = shaken.choice([MESSAGES, MESSAGES, MESSAGES, "/api/sessions"])
            response = await chat.http.post(path, content=raw, headers=headers)
            seen.add(response.status_code)
            assert response.status_code < 500, (raw, headers)
            if response.status_code >= 400:
                error_of(response)
        assert (await chat.say("do you record calls?"))["answer"]["kind"] == "denies"
    assert {200, 401, 422} <= seen


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_a_failing_assistant_is_admitted_and_the_same_message_can_be_sent_again(
    own_settings: Any, parts: Parts
) -> None:
    agent = FailingAgent(1, "inner detail")
    app = app_over(own_settings, parts, Desk(agent))  # type: ignore[arg-type]
    async with chatting(app) as chat:
        first = await chat.say("do you record calls?", "again")
        assert first["text"] == TROUBLE and first["answer"] is None and "inner" not in json.dumps(first)
        second = await chat.say("do you record calls?", "again")
        third = await chat.say("do you record calls?", "again")
        assert second["text"] == third["text"] == "All is well." and agent.handled == 2
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


# --- pages, health, headers ----------------------------------------------------------------------------------------


async def test_every_policy_has_its_page_and_its_short_address_leads_to_the_newest(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        for policy in parts.knowledge.ids:
            version = parts.knowledge.get(policy).current.version
            short = await http.get(f"/p/{policy}")
            assert short.status_code == 307 and short.headers["location"] == f"/p/{policy}/{version}"
            assert (await http.get(f"/p/{policy}/{version}")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/p/nowhere", "/p/nowhere/1", "/p/klasso/1999", "/p/klasso/..%2f..%2fetc%2fpasswd", "/nothing", "/api/nothing"]
    + ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.css", "/docs/static/../main.py", "/webhook"]
    + ["/model", "/conversations/x/tracker", "/webhooks/rest/webhook"],
)
async def test_what_is_not_there_is_not_found(app: Any, path: str) -> None:
    async with client_of(app) as http:
        response = await http.get(path)
        assert response.status_code == 404
        error_of(response)


@pytest.mark.parametrize(("method", "path"), [("PUT", MESSAGES), ("PUT", "/api/sessions"), ("DELETE", "/p/klasso")])
async def test_another_method_is_refused(app: Any, method: str, path: str) -> None:
    async with client_of(app) as http:
        response = await http.request(method, path)
        assert response.status_code == 405 and error_of(response) == "refused"


async def test_every_response_carries_the_security_headers(app: Any) -> None:
    async with chatting(app) as chat:
        http = chat.http
        authorised = {"Authorization": f"Bearer {chat.token}"}
        responses = [
            await http.get(path)
            for path in (
                "/",
                "/p/klasso",
                "/p/klasso/2026-04",
                "/static/base.css",
                "/docs",
                "/openapi.json",
                "/nothing",
            )
        ]
        responses += [await http.get(path) for path in ("/healthz", "/readyz", "/metrics", "/api/policies", MESSAGES)]
        responses += [await http.post(MESSAGES, json={}), await http.post(MESSAGES, content=b"x" * 20_000)]
        responses.append(await http.post(MESSAGES, json={"id": "1", "text": "hi"}, headers=authorised))
        for response in responses:
            for name, value in SECURITY_HEADERS.items():
                expected = response.headers.get(name)
                assert expected and (expected == value or response.url.path == "/docs"), (response.url, name)
            if response.url.path.startswith("/api"):
                assert response.headers["cache-control"] == "no-store"
            assert "set-cookie" not in response.headers


async def test_no_page_calls_another_host(app: Any) -> None:
    """A person who reads a privacy policy must not be shown to a third party by the page."""
    async with client_of(app) as http:
        for path in ("/", "/docs", "/p/klasso/2026-04"):
            page = (await http.get(path)).text
            assert re.findall(r"""(?:src|href|action)=["']?(?:https?:)?//[^"'> ]+""", page) == [], path
            for asset in set(re.findall(r"""(?:src|href)=["'](/[^"'#]+)["']""", page)):
                assert (await http.get(asset, follow_redirects=True)).status_code == 200, asset


async def test_the_docs_page_is_built_from_our_own_files_and_a_valid_description(app: Any) -> None:
    async with client_of(app) as http:
        page = (await http.get("/docs")).text
        assert "swagger" in page.lower()
        script = (await http.get("/static/docs.js")).text
        assert "openapi.json" in script and "//" not in re.sub(r"^\s*//.*$", "", script, flags=re.MULTILINE)
        described = (await http.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.") and set(described["paths"]) == {
        "/api/policies",
        "/api/sessions",
        "/api/messages",
    }
    assert set(described["paths"]["/api/messages"]) == {"get", "post"}
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(described)))
    assert references and references <= set(described["components"]["schemas"])
    responses = described["paths"]["/api/messages"]["post"]["responses"]
    assert {"200", "401", "403", "404", "413", "422"} <= set(responses)
    for code in ("401", "413", "422"):
        assert "ErrorsModel" in json.dumps(responses[code])


async def test_alive_and_ready_say_so_and_no_more(app: Any) -> None:
    async with client_of(app) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def unwritten(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"this is not a database" * 500)


@pytest.mark.parametrize("harm", [unwritten, emptied, overwritten])
async def test_without_its_database_the_product_is_alive_but_not_ready(
    own_settings: Any, parts: Parts, tmp_path: Path, harm: Any
) -> None:
    path = tmp_path / "own.db"
    store = open_store(f"sqlite:///{path}")
    app = make_app(own_settings, replace(parts, store=store))
    async with client_of(app) as http:
        assert (await http.get("/readyz")).status_code == 200
        harm(path)
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready"})
        assert (await http.get("/healthz")).status_code == 200
    store.close()


async def test_metrics_count_what_happened_and_hold_nothing_typed(app: Any) -> None:
    async with chatting(app) as chat:
        await chat.say("do you record calls? my cat is called Mimikatze")
        await chat.file("please delete my account, says Mimikatze", "mimikatze@example.org")
        metrics = (await chat.http.get("/metrics")).text
        assert 'desk_answers_total{kind="denies",policy="klasso"} 1.0' in metrics
        assert 'desk_requests_total{policy="klasso"} 1.0' in metrics
        assert 'desk_messages_total{policy="klasso",result="answered"} 6.0' in metrics
        assert "mimikatze" not in metrics.lower() and conversation_of(app, chat) not in metrics


async def test_only_the_newest_replies_are_remembered(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.MOST_REMEMBERED", 5)
    async with chatting(app) as chat:
        for number in range(12):
            await chat.say("hello", f"n{number}")
        assert [key[1] for key in app.state.services.remembered] == [f"n{number}" for number in range(7, 12)]


async def test_stopping_waits_for_turns_and_closes_the_store(own_settings: Any, parts: Parts, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    store = open_store(url)
    app = make_app(own_settings, replace(parts, store=store))
    async with app.router.lifespan_context(app):
        pass
    again = open_store(url)  # the writer's lock was given back
    again.close()
