"""Messages of the web are durable before they are answered, and answered once however often they come."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import anyio
import httpx
import jwt
import pytest
from builders import fresh_id, said_in
from chatting import Chat, chatting, client_of, error_of, open_chat, without_limits

from bot.desk import TROUBLE, Reply
from bot.inbound import Inbound
from bot.launch import Parts, make_app
from bot.settings import BotSettings
from bot.web_door import SOURCE
from bot.web_messages import Arrived
from pii.redacted import Redacted
from tickets.errors import StoreUnavailableError
from tickets.inbox import Incoming

pytestmark = pytest.mark.asyncio
SITE = "https://www.example.org"
KEY = "only-for-tests-only-for-tests-only-for-tests"


@pytest.fixture
def app_with_sites(own_settings: BotSettings, parts: Parts) -> Any:
    settings = replace(own_settings, origins={"klasso": frozenset({SITE})}, login_keys={"klasso": Redacted(KEY)})
    return make_app(settings, parts)


async def test_a_message_sent_a_hundred_times_at_once_is_answered_once(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_limits(app)
    monkeypatch.setattr("bot.web_door.MOST_UNDER_WAY", 1_000)
    async with chatting(app) as chat:
        replies = await asyncio.gather(*(chat.post({"id": "same", "text": "do you record calls?"}) for _ in range(100)))
        good = [reply.json() for reply in replies if reply.status_code == 200]
        assert len({json.dumps(one, sort_keys=True) for one in good}) == 1 and len(good) > 50
        assert {reply.status_code for reply in replies} <= {200, 503}
        assert 'result="answered"} 1.0' in (await chat.http.get("/metrics")).text


async def test_the_reply_of_a_message_outlives_the_process(app: Any, own_settings: BotSettings, parts: Parts) -> None:
    async with chatting(app) as chat:
        before = await chat.say("do you record calls?", "asked-before")
        async with client_of(make_app(own_settings, parts)) as http:
            again = Chat(http, chat.token)
            assert await again.say("do you record calls?", "asked-before") == before
            assert error_of(await again.post({"id": "asked-before", "text": "something else"})) == "refused"


async def test_what_a_killed_process_had_taken_in_is_answered_after_the_start(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        services = app.state.services
        session = services.sessions.read(chat.token)
        arrived = Arrived(session, "left-behind", "do you record calls?", "")
        incoming = Incoming(
            SOURCE, arrived.key, session.conversation, Redacted(arrived.packed()), services.door._mark(arrived)
        )
        assert parts.inbox.receive(incoming, parts.clock(), take=True).item is not None  # and the process dies
        parts.inbox.free_leases(parts.clock())
        await _worked_off(parts, services)
        reply = await chat.say("do you record calls?", "left-behind")
        assert reply["answer"]["kind"] == "denies"
        assert len(parts.outbox.feed(session.conversation, 0)) == 1


async def _worked_off(parts: Parts, services: Any) -> None:
    inbound, stop = Inbound(parts.inbox, {SOURCE: services.door.handle}, parts.clock), asyncio.Event()
    running = asyncio.create_task(inbound.run(stop))
    for _ in range(200):
        await asyncio.sleep(0.02)
        if not parts.inbox.waiting():
            break
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_messages_of_one_conversation_are_answered_in_their_order(app: Any) -> None:
    async with app.router.lifespan_context(app), chatting(app) as chat:
        wishes = ["please delete my account", "yes", "one@example.org", "no"]
        replies = await asyncio.gather(*(chat.say(text, f"m{number}") for number, text in enumerate(wishes)))
        assert "Is that right?" in said_in(replies[-1])


async def test_what_is_too_much_at_once_is_put_off(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(app)
    monkeypatch.setattr("bot.web_door.MOST_UNDER_WAY", 3)
    async with client_of(app) as http:
        chats = [await open_chat(http) for _ in range(20)]
        replies = await asyncio.gather(*(chat.post({"id": "one", "text": "hello"}) for chat in chats))
        put_off = [reply for reply in replies if reply.status_code == 503]
        assert put_off and all(error_of(reply) == "busy" and reply.headers["Retry-After"] == "1" for reply in put_off)
        assert (await chats[-1].post({"id": "one", "text": "hello"})).status_code == 200


async def test_a_message_that_a_slow_database_took_in_late_is_not_answered_again(
    app: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = parts.inbox.receive

    def slowly(*given: Any, **named: Any) -> Any:
        time.sleep(0.3)
        return receive(*given, **named)

    monkeypatch.setattr("bot.web_door.PATIENCE", 0.05)
    monkeypatch.setattr(app.state.services.door.inbox, "receive", slowly)
    async with chatting(app) as chat:
        assert (await chat.say("do you record calls?", "slow"))["answer"]["kind"] == "denies"
        await app.state.services.door.drain()
        conversation = app.state.services.sessions.read(chat.token).conversation
        assert parts.inbox.look(SOURCE, f"{conversation}:slow").is_settled
        assert parts.inbox.waiting(conversation) == 0


async def test_what_is_said_is_what_is_kept_though_the_turn_seemed_to_fail(
    app: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = app.state.services.desk
    whole = desk.reply

    async def seems_to_fail(turn: Any, closing: Any = None) -> Any:
        await whole(turn, closing)
        return Reply(TROUBLE, failed=True)

    monkeypatch.setattr(desk, "reply", seems_to_fail)
    async with chatting(app) as chat:
        said = await chat.say("do you record calls?", "late")
        assert said["answer"]["kind"] == "denies" and said == await chat.say("do you record calls?", "late")


async def test_a_broken_turn_is_tried_again_and_its_sender_told_to_wait(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(app) as chat:
        reception = app.state.services.reception
        whole = reception.typed

        async def broken(*_: Any) -> Any:
            monkeypatch.setattr(reception, "typed", whole)
            raise RuntimeError("only for tests")

        monkeypatch.setattr(reception, "typed", broken)
        first = await chat.post({"id": "twice", "text": "do you record calls?"})
        assert first.status_code == 503 and int(first.headers["Retry-After"]) >= 1 and error_of(first) == "busy"


async def test_without_the_database_a_message_is_answered_all_the_same_and_remembered(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(app) as chat:

        def down(*_: Any, **__: Any) -> Any:
            raise StoreUnavailableError("only for tests")

        monkeypatch.setattr(app.state.services.door.inbox, "receive", down)
        replies = [await chat.say("do you record calls?", "unkept") for _ in range(2)]
        assert replies[0] == replies[1] and replies[0]["answer"]["kind"] == "denies"
        assert error_of(await chat.post({"id": "unkept", "text": "something else"})) == "refused"


async def test_the_stream_gives_each_reply_and_goes_on_after_the_last_one_seen(app: Any) -> None:
    async with chatting(app) as chat:
        await chat.say("do you record calls?", "first")
        await chat.say("who gets my data? write to one@example.org", "second")
        events = await _events(app, chat, 2)
        assert json.loads(events[0]["data"])["replies"] == [
            await chat.say("do you record calls?", "first")
        ]  # as the POST
        assert [json.loads(event["data"])["to"] for event in events] == ["first", "second"]
        assert "one@example.org" not in json.dumps(events)
        (rest,) = await _events(app, chat, 1, **{"Last-Event-ID": events[0]["id"]})
        assert rest == events[1]


async def _events(app: Any, chat: Chat, wanted: int, **headers: str) -> list[dict[str, str]]:
    """Read the stream itself: a client without a network would wait for its end."""
    services = app.state.services
    from bot.app_api import _stream

    session = services.sessions.read(chat.token)
    found: list[dict[str, str]] = []
    async for event in _stream(services, session, int(headers.get("Last-Event-ID", 0)), anyio.Event()):
        found.append({"event": str(event.event), "id": str(event.id), "data": str(event.data)})
        if len(found) == wanted:
            break
    return found


async def test_a_site_that_is_not_listed_is_refused_and_a_listed_one_may_read_refusals_too(app_with_sites: Any) -> None:
    async with client_of(app_with_sites) as http:
        wanted = {"policy": "klasso"}
        good = await http.post("/api/sessions", json=wanted, headers={"Origin": SITE})
        assert good.status_code == 201 and good.headers["Access-Control-Allow-Origin"] == SITE
        assert "Access-Control-Allow-Credentials" not in good.headers
        bad = await http.post("/api/sessions", json=wanted, headers={"Origin": "https://attacker.example"})
        assert error_of(bad) == "origin_refused" and "Access-Control-Allow-Origin" not in bad.headers
        other = await http.post("/api/sessions", json={"policy": "kloudtalk"}, headers={"Origin": SITE})
        assert error_of(other) == "origin_refused"
        large = await http.post("/api/messages", content=b"x" * 20_000, headers={"Origin": SITE})
        assert large.status_code == 413 and large.headers["Access-Control-Allow-Origin"] == SITE
        token = good.json()["token"]
        stolen = {"Authorization": f"Bearer {token}", "Origin": "https://attacker.example"}
        assert (
            error_of(await http.post("/api/messages", json={"id": "a", "text": "hello"}, headers=stolen))
            == "origin_refused"
        )


async def test_a_login_counts_as_evidence_and_names_the_account_for_staff(app_with_sites: Any, parts: Parts) -> None:
    now = int(parts.clock().timestamp())
    login = jwt.encode({"aud": "klasso", "sub": "user-4711", "iat": now, "exp": now + 900}, KEY, "HS256")
    async with client_of(app_with_sites) as http:
        opened = (await http.post("/api/sessions", json={"policy": "klasso", "login": login})).json()
        assert opened["logged_in"] is True
        filed = await Chat(http, opened["token"]).file()
        with parts.store.reading() as unit:
            from tickets import rows

            row = rows.by_reference(unit, filed["request"]["reference"])
            kinds = {one["kind"] for one in rows.evidence_of(unit, row["id"])}
        assert kinds == {"login_token"} and "user-4711" in row["text"]
        assert filed["request"]["status"] == "unverified"  # one signal of the two that a deletion needs


async def test_a_login_that_is_not_believed_is_said_so(app_with_sites: Any) -> None:
    async with client_of(app_with_sites) as http:
        refused = await http.post("/api/sessions", json={"policy": "klasso", "login": "a.b.c"})
        assert refused.status_code == 401 and error_of(refused) == "login_invalid"


async def test_nothing_else_that_a_page_says_about_a_person_is_believed(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        wanted = {"policy": "klasso", "account": "user-1", "logged_in": True, "conversation": "web:mine", "sender": "x"}
        opened = await http.post("/api/sessions", json=wanted)
        assert opened.json()["logged_in"] is False
        filed = await Chat(http, opened.json()["token"]).file()
        with parts.store.reading() as unit:
            from tickets import rows

            row = rows.by_reference(unit, filed["request"]["reference"])
            assert not rows.evidence_of(unit, row["id"]) and "user-1" not in row["text"]


async def test_a_vote_takes_what_it_is_about_from_what_was_said(app: Any, parts: Parts) -> None:
    async with chatting(app) as chat:
        await chat.say("do you record calls? I am one@example.org", "asked")
        voted = await _vote(chat, message="asked", right=False, reason="wrong_passage", note="ask two@example.org")
        assert voted.status_code == 204
        (vote,) = [one for one in parts.votes.latest(50) if one.vote.message_id == "asked"][:1]
        assert vote.vote.policy == "klasso" and vote.vote.clauses and not vote.vote.is_right
        assert "record calls" in vote.vote.question.reveal() and "example.org" not in vote.vote.question.reveal()
        assert "example.org" not in vote.vote.note.reveal()


async def test_only_answers_of_ones_own_can_be_voted_on(app: Any) -> None:
    async with client_of(app) as http:
        mine, theirs = await open_chat(http), await open_chat(http)
        await mine.say("do you record calls?", "mine")
        await mine.say("hello", "greeted")
        for chat, message in ((theirs, "mine"), (mine, "greeted"), (mine, fresh_id())):
            assert (await _vote(chat, message=message, right=True)).status_code == 404
        assert (await _vote(mine, message="mine", right=True, reason="nonsense")).status_code == 422


async def _vote(chat: Chat, **vote: Any) -> httpx.Response:
    return await chat.http.post("/api/votes", json=vote, headers={"Authorization": f"Bearer {chat.token}"})
