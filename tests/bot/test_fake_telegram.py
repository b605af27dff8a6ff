"""The Bot API server of our own behaves as the real one, as far as a bot can see."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx
import pytest

from bot.channels.fake_telegram.server import make_fake
from bot.channels.fake_telegram.world import World

TOKEN = "1:demo"
Result = TypeVar("Result")


class Api:
    """A bot's side of a world, without a network."""

    def __init__(self, world: World, transport: httpx.AsyncBaseTransport | None = None) -> None:
        app = make_fake(world, transport=transport)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fake")

    async def raw(self, method: str, token: str = TOKEN, **arguments: Any) -> httpx.Response:
        return await self.client.post(f"/bot{token}/{method}", json=arguments)

    async def __call__(self, method: str, **arguments: Any) -> Any:
        answer = (await self.raw(method, **arguments)).json()
        assert answer["ok"], answer
        return answer["result"]

    async def refused(self, method: str, **arguments: Any) -> tuple[int, str]:
        response = await self.raw(method, **arguments)
        answer = response.json()
        assert answer["ok"] is False and answer["error_code"] == response.status_code
        return response.status_code, answer["description"]


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> int:
    return world.new_person("Ann", has_started=True)


def said(world: World, chat: int) -> list[str]:
    return [message.text for message in world.messages(chat)]


# Getting updates


def test_what_a_person_writes_is_an_update_as_telegram_sends_it(world: World) -> None:
    chat = world.new_person("Ann")
    number = world.start(chat, "klasso")

    async def scene() -> Any:
        return await Api(world)("getUpdates")

    (update,) = run(scene())
    message = update["message"]
    assert message["message_id"] == number
    assert message["from"] == {"id": chat, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    assert message["chat"] == {"id": chat, "first_name": "Ann", "type": "private"}
    assert message["text"] == "/start klasso"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_update_numbers_follow_each_other_from_a_random_beginning(world: World, ann: int) -> None:
    for text in ("one", "two", "three"):
        world.say(ann, text)
    numbers = [update.id for update in world.pending()]
    assert numbers == list(range(numbers[0], numbers[0] + 3)) and numbers[0] > 1000


def test_updates_come_again_until_a_higher_offset_confirms_them(world: World, ann: int) -> None:
    for text in ("one", "two", "three"):
        world.say(ann, text)

    async def scene() -> list[list[str]]:
        api = Api(world)
        first = await api("getUpdates", limit=2)
        again = await api("getUpdates")
        rest = await api("getUpdates", offset=again[1]["update_id"] + 1)
        return [[update["message"]["text"] for update in some] for some in (first, again, rest)]

    assert run(scene()) == [["one", "two"], ["one", "two", "three"], ["three"]]
    assert len(world.pending()) == 1


def test_a_negative_offset_keeps_only_the_last_updates(world: World, ann: int) -> None:
    for text in ("one", "two", "three"):
        world.say(ann, text)

    async def scene() -> Any:
        return await Api(world)("getUpdates", offset=-1)

    assert [update["message"]["text"] for update in run(scene())] == ["three"]
    assert len(world.pending()) == 1


def test_a_long_poll_ends_as_soon_as_something_is_said(world: World, ann: int) -> None:
    async def scene() -> Any:
        api = Api(world)
        poll = asyncio.create_task(api("getUpdates", timeout=50))
        await world.until(lambda: world.calls.get("getupdates"))
        threading.Thread(target=world.say, args=(ann, "hello")).start()
        return await poll

    assert [update["message"]["text"] for update in run(scene())] == ["hello"]


def test_a_long_poll_without_news_ends_with_nothing_after_its_timeout() -> None:
    async def scene() -> Any:
        return await Api(World(speed=1000))("getUpdates", timeout=50)

    assert run(scene()) == []


def test_of_two_polls_at_once_the_older_is_ended(world: World, ann: int) -> None:
    async def scene() -> tuple[tuple[int, str], Any]:
        api = Api(world)
        older = asyncio.create_task(api.refused("getUpdates", timeout=50))
        await world.until(lambda: world.calls.get("getupdates"))
        newer = asyncio.create_task(api("getUpdates", timeout=50))
        refusal = await older
        world.say(ann, "hello")
        return refusal, await newer

    (status, words), updates = run(scene())
    assert status == 409 and words.startswith("Conflict: terminated by other getUpdates request")
    assert len(updates) == 1


def test_only_the_kinds_a_bot_names_are_kept_for_it(world: World, ann: int) -> None:
    async def scene() -> Any:
        api = Api(world)
        await api("getUpdates", allowed_updates=["callback_query"])
        world.say(ann, "hello")
        nothing = await api("getUpdates")
        await api("getUpdates", allowed_updates=[])
        world.say(ann, "again")
        return nothing, await api("getUpdates")

    nothing, one = run(scene())
    assert nothing == [] and len(one) == 1


def test_updates_are_gone_after_a_day_and_presses_after_150_seconds(world: World, ann: int) -> None:
    async def scene() -> None:
        api = Api(world)
        sent = await api(
            "sendMessage", chat_id=ann, text="?", reply_markup=keyboard({"text": "A", "callback_data": "a"})
        )
        world.press(sent["message_id"], "A")

    run(scene())
    world.say(ann, "hello")
    world.skip(200)
    assert [list(update.wire)[1] for update in world.pending()] == ["message"]
    world.skip(24 * 3600)
    assert world.pending() == []


def test_an_update_can_be_delivered_a_second_time(world: World, ann: int) -> None:
    world.say(ann, "hello")

    async def scene() -> Any:
        api = Api(world)
        (first,) = await api("getUpdates")
        await api("getUpdates", offset=first["update_id"] + 1)
        world.redeliver(first["update_id"])
        (again,) = await api("getUpdates", offset=first["update_id"] + 1)
        return first == again, await api("getUpdates", offset=first["update_id"] + 1)

    assert run(scene()) == (True, [])


# Speaking


def keyboard(*buttons: dict[str, str]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


BAD_TEXTS = [
    ({"text": ""}, "message text is empty"),
    ({"text": " \n "}, "text must be non-empty"),
    ({"text": "😀" * 2048 + "x"}, "message is too long"),
    ({"text": "abc", "entities": [{"type": "bold", "offset": 1, "length": 3}]}, "ends after the end of the text"),
    ({"text": "abc", "entities": [{"type": "bold", "offset": 4, "length": 1}]}, "begins after the end of the text"),
    ({"text": "abc", "entities": [{"type": "bold", "offset": -1, "length": 1}]}, "incorrect offset -1"),
    ({"text": "abc", "entities": [{"type": "bold", "offset": 0, "length": -2}]}, "incorrect length -2"),
    ({"text": "😀", "entities": [{"type": "bold", "offset": 0, "length": 1}]}, "in a middle of a UTF-16 symbol"),
    ({"text": "abc", "entities": [{"type": "loud", "offset": 0, "length": 1}]}, "can't parse MessageEntity"),
    ({"text": "abc", "entities": [{"type": "bold", "offset": 0}]}, "can't parse MessageEntity"),
    ({"text": "abc", "entities": "[{"}, "can't parse entities JSON object"),
    (
        {"text": "abc", "entities": [{"type": "text_link", "offset": 0, "length": 3, "url": "nowhere"}]},
        "entity URL 'nowhere' is invalid: Wrong HTTP URL",
    ),
    ({"text": "<b>abc", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag"),
    ({"text": "a < b", "parse_mode": "HTML"}, "can't parse entities: Unsupported start tag"),
    ({"text": "a.", "parse_mode": "MarkdownV2"}, "can't parse entities: Character '.' is reserved"),
    ({"text": "a _b", "parse_mode": "Markdown"}, "can't parse entities: Can't find end of the entity"),
    ({"text": "a", "parse_mode": "BBCode"}, "unsupported parse_mode"),
    ({"text": "a", "reply_markup": keyboard({"text": "A", "callback_data": "é" * 33})}, "BUTTON_DATA_INVALID"),
    ({"text": "a", "reply_markup": keyboard({"text": "A", "callback_data": ""})}, "BUTTON_DATA_INVALID"),
    ({"text": "a", "reply_markup": keyboard({"text": "A", "url": "http://exa mple.org\n"})}, "BUTTON_URL_INVALID"),
    ({"text": "a", "reply_markup": keyboard({"text": "A", "url": "javascript:x"})}, "Unsupported URL protocol"),
    ({"text": "a", "reply_markup": keyboard({"text": "A", "url": "ftp://example.org"})}, "Unsupported URL protocol"),
    ({"text": "a", "reply_markup": keyboard({"text": "A"})}, "text buttons are unallowed"),
    ({"text": "a", "reply_parameters": {"message_id": 99_999}}, "message to be replied not found"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD_TEXTS, ids=[words for _, words in BAD_TEXTS])
def test_what_the_real_server_refuses_is_refused_and_not_shown(
    world: World, ann: int, arguments: dict[str, Any], words: str
) -> None:
    async def scene() -> tuple[int, str]:
        return await Api(world).refused("sendMessage", chat_id=ann, **arguments)

    status, description = run(scene())
    assert status == 400 and description.startswith("Bad Request: ") and words in description
    assert said(world, ann) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x" * 4096},
        {"text": "😀" * 2048},
        {"text": "abc", "entities": [{"type": "bold", "offset": 0, "length": 3}]},
        {"text": "abc", "reply_markup": keyboard({"text": "A", "callback_data": "é" * 32})},
        {"text": "abc", "reply_markup": keyboard({"text": "A", "url": "https://example.org/p#c"})},
        {"text": "abc", "reply_markup": keyboard({"text": "A", "url": "http://localhost:8080/p"})},
        {"text": "abc", "reply_markup": keyboard({"text": "A", "url": "tg://resolve?domain=x"})},
        {"text": "abc", "reply_parameters": {"message_id": 99_999, "allow_sending_without_reply": True}},
    ],
)
def test_what_is_just_within_the_limits_is_shown(world: World, ann: int, arguments: dict[str, Any]) -> None:
    async def scene() -> Any:
        return await Api(world)("sendMessage", chat_id=ann, **arguments)

    assert run(scene())["text"] == arguments["text"]
    assert said(world, ann) == [arguments["text"]]


def test_a_host_without_a_dot_is_refused_where_the_world_is_strict() -> None:
    world = World(strict_urls=True)
    ann = world.new_person(has_started=True)

    async def scene() -> tuple[int, str]:
        markup = keyboard({"text": "A", "url": "http://localhost:8080/p"})
        return await Api(world).refused("sendMessage", chat_id=ann, text="a", reply_markup=markup)

    assert run(scene())[1].endswith("'http://localhost:8080/p' is invalid: Wrong HTTP URL")


def test_markup_becomes_entities(world: World, ann: int) -> None:
    async def scene() -> tuple[Any, Any]:
        api = Api(world)
        html = await api(
            "sendMessage",
            chat_id=ann,
            parse_mode="HTML",
            text='😀 <b>a &amp; b</b> <a href="https://example.org/">c</a>',
        )
        marked = await api("sendMessage", chat_id=ann, parse_mode="MarkdownV2", text=r"*a* _b_ `c\.`")
        return html, marked

    html, marked = run(scene())
    assert html["text"] == "😀 a & b c"
    assert html["entities"] == [
        {"type": "bold", "offset": 3, "length": 5},
        {"type": "text_link", "offset": 9, "length": 1, "url": "https://example.org/"},
    ]
    assert [entity["type"] for entity in marked["entities"]] == ["bold", "italic", "code"]
    assert marked["text"] == "a b c."


def test_only_people_who_let_the_bot_hear_from_it(world: World, ann: int) -> None:
    stranger, met = world.new_person("Ben"), world.new_person("Cleo")
    group = world.new_group("Three", [met])
    world.say_in_group(group, met, "hello")
    world.block(ann)

    async def scene() -> list[tuple[int, str]]:
        api = Api(world)
        return [await api.refused("sendMessage", chat_id=chat, text="hi") for chat in (stranger, met, ann, 12)]

    assert run(scene()) == [
        (400, "Bad Request: chat not found"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (403, "Forbidden: bot was blocked by the user"),
        (400, "Bad Request: chat not found"),
    ]


def test_a_block_and_its_end_are_updates(world: World, ann: int) -> None:
    world.block(ann)
    world.say(ann, "I am back")
    kinds = [update.wire for update in world.pending()]
    states = [one["my_chat_member"]["new_chat_member"]["status"] for one in kinds if "my_chat_member" in one]
    assert states == ["kicked", "member"]
    assert "message" in kinds[-1]


def test_an_edit_changes_the_message_and_drops_buttons_not_given_again(world: World, ann: int) -> None:
    async def scene() -> tuple[Any, list[tuple[int, str]]]:
        api = Api(world)
        markup = keyboard({"text": "A", "callback_data": "a"})
        sent = await api("sendMessage", chat_id=ann, text="one", reply_markup=markup)
        where = {"chat_id": ann, "message_id": sent["message_id"]}
        refusals = [await api.refused("editMessageText", **where, text="one", reply_markup=markup)]
        edited = await api("editMessageText", **where, text="two")
        refusals.append(await api.refused("editMessageReplyMarkup", **where))
        refusals.append(await api.refused("editMessageText", chat_id=ann, message_id=99_999, text="x"))
        mine = world.say(ann, "mine")
        refusals.append(await api.refused("editMessageText", chat_id=ann, message_id=mine, text="x"))
        return edited, refusals

    edited, refusals = run(scene())
    assert edited["text"] == "two" and "reply_markup" not in edited and edited["edit_date"]
    assert [words.split(": ")[1] for _, words in refusals] == [
        "message is not modified",
        "message is not modified",
        "message to edit not found",
        "message can't be edited",
    ]
    assert said(world, ann) == ["two"]


def test_a_deleted_message_is_gone(world: World, ann: int) -> None:
    async def scene() -> tuple[int, str]:
        api = Api(world)
        sent = await api("sendMessage", chat_id=ann, text="one")
        where = {"chat_id": ann, "message_id": sent["message_id"]}
        assert await api("deleteMessage", **where) is True
        return await api.refused("deleteMessage", **where)

    assert run(scene()) == (400, "Bad Request: message to delete not found")
    assert said(world, ann) == []


def test_a_pressed_button_is_a_query_that_can_be_answered_for_half_a_minute(world: World, ann: int) -> None:
    async def scene() -> tuple[Any, str, str, tuple[int, str]]:
        api = Api(world)
        markup = keyboard({"text": "Yes", "callback_data": "y"}, {"text": "More", "url": "https://example.org/"})
        sent = await api("sendMessage", chat_id=ann, text="?", reply_markup=markup)
        first, second = world.press(sent["message_id"], "Yes"), world.press(sent["message_id"], 0)
        assert first and second and world.press(sent["message_id"], "More") is None
        (query, _) = (update["callback_query"] for update in await api("getUpdates"))
        await api("answerCallbackQuery", callback_query_id=first, text="Noted", show_alert=True)
        world.skip(40)
        return query, first, second, await api.refused("answerCallbackQuery", callback_query_id=second)

    query, first, second, refusal = run(scene())
    assert query["id"] == first and query["data"] == "y" and query["from"]["id"] == ann
    assert query["message"]["text"] == "?"
    answer = world.answer_to(first)
    assert answer and (answer.text, answer.is_alert) == ("Noted", True)
    assert refusal[0] == 400 and "query is too old" in refusal[1]
    assert [press.id for press in world.unanswered()] == [second]


def test_typing_is_shown_until_a_message_comes_or_five_seconds_have_passed(world: World, ann: int) -> None:
    async def scene() -> list[bool]:
        api, seen = Api(world), []
        await api("sendChatAction", chat_id=ann, action="typing")
        seen.append(world.is_typing(ann))
        await api("sendMessage", chat_id=ann, text="hi")
        seen.append(world.is_typing(ann))
        await api("sendChatAction", chat_id=ann, action="typing")
        world.skip(6)
        seen.append(world.is_typing(ann))
        assert (await api.refused("sendChatAction", chat_id=ann, action="dance"))[0] == 400
        return seen

    assert run(scene()) == [True, False, False]


def test_in_a_group_the_bot_sees_commands_mentions_and_replies_and_nothing_else(world: World, ann: int) -> None:
    ben = world.new_person("Ben")
    group = world.new_group("Two", [ann, ben])

    async def scene() -> list[str]:
        api = Api(world)
        sent = await api("sendMessage", chat_id=group, text="hi")
        world.say_in_group(group, ann, "just us", mention=False)
        world.say_in_group(group, ann, "what is kept?")
        world.say_in_group(group, ben, "/policy", mention=False)
        world.say_in_group(group, ben, "/policy@another_bot", mention=False)
        world.say_in_group(group, ben, "and why?", mention=False, reply_to_bot=sent["message_id"])
        updates = await api("getUpdates", allowed_updates=["message"])
        found = [update["message"] for update in updates if "message" in update]
        assert found[0]["entities"][0]["type"] == "mention"
        assert found[-1]["reply_to_message"]["message_id"] == sent["message_id"]
        assert {message["chat"]["type"] for message in found} == {"supergroup"}
        return [message["text"] for message in found]

    assert run(scene()) == ["@privacy_desk_demo_bot what is kept?", "/policy", "and why?"]


def test_photos_voices_contacts_and_edits_arrive_as_telegram_sends_them(world: World, ann: int) -> None:
    number = world.say(ann, "helo")
    world.edit(number, "hello")
    world.send_photo(ann, "look"), world.send_voice(ann), world.send_contact(ann)
    world.push({"something_new": {"a": 1}})
    kinds = [sorted(set(update.wire) - {"update_id"})[0] for update in world.pending()]
    assert kinds == ["message", "edited_message", "message", "message", "message", "something_new"]
    fields = [set(update.wire.get("message", {})) for update in world.pending()]
    assert {"photo", "caption"} <= fields[2] and "voice" in fields[3] and "contact" in fields[4]


def test_a_long_text_is_sent_in_several_messages_as_the_app_does(world: World, ann: int) -> None:
    world.say(ann, "😀" * 3000)
    lengths = [len(update.wire["message"]["text"]) for update in world.pending()]
    assert lengths == [2048, 952]


# About the bot


def test_what_the_bot_says_of_itself_is_kept(world: World) -> None:
    async def scene() -> Any:
        api = Api(world)
        commands = [{"command": "start", "description": "Begin"}]
        await api("setMyCommands", commands=commands)
        await api("setMyDescription", description="A machine")
        await api("setMyShortDescription", short_description="Machine")
        bad = await api.refused("setMyCommands", commands=[{"command": "Not this", "description": "x"}])
        me = await api("getMe")
        return await api("getMyCommands"), bad, me["username"], await api("getMyDescription")

    commands, bad, name, about = run(scene())
    assert commands == [{"command": "start", "description": "Begin"}]
    assert bad == (400, "Bad Request: BOT_COMMAND_INVALID")
    assert name == "privacy_desk_demo_bot" and about == {"description": "A machine"}


@pytest.mark.parametrize(
    ("token", "method", "status", "words"),
    [
        ("1:other", "getMe", 401, "Unauthorized"),
        ("demo", "getMe", 404, "Not Found"),
        (TOKEN, "sendHologram", 404, "Not Found: method not found"),
    ],
)
def test_a_wrong_token_or_method_is_told_as_the_real_server_tells_it(
    world: World, token: str, method: str, status: int, words: str
) -> None:
    async def scene() -> httpx.Response:
        return await Api(world).raw(method, token)

    response = run(scene())
    assert response.status_code == status
    assert response.json() == {"ok": False, "error_code": status, "description": words}


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart"])
def test_arguments_come_in_the_address_a_form_json_or_multipart(world: World, ann: int, way: str) -> None:
    texts = {"chat_id": str(ann), "text": "hé 😀", "entities": json.dumps([{"type": "bold", "offset": 0, "length": 2}])}
    sent: dict[str, dict[str, Any]] = {
        "query": {"params": texts},
        "form": {"data": texts},
        "json": {"json": {**texts, "chat_id": ann}},
        "multipart": {"files": {name: (None, value.encode()) for name, value in texts.items()}},
    }

    async def scene() -> Any:
        return (await Api(world).client.post(f"/bot{TOKEN}/sendmessage", **sent[way])).json()["result"]

    message = run(scene())
    assert message["text"] == "hé 😀" and message["entities"] == [{"type": "bold", "offset": 0, "length": 2}]


PIECES = [
    None,
    True,
    -1,
    0,
    2**70,
    0.5,
    "",
    "x",
    "😀" * 3000,
    "\ud800",
    "[",
    "[" * 9000,
    "{}",
    "[[]]",
    [],
    [None],
    {},
    {"a": 1},
]
NAMES = (
    ["chat_id", "text", "entities", "parse_mode", "reply_markup", "reply_parameters", "message_id", "action"]
    + ["callback_query_id", "url", "commands", "scope", "offset", "limit", "allowed_updates", "description"]
    + ["max_connections", "secret_token", "short_description", "language_code", "drop_pending_updates"]
)
METHODS = (
    ["getMe", "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo", "sendMessage", "editMessageText"]
    + ["editMessageReplyMarkup", "deleteMessage", "answerCallbackQuery", "sendChatAction", "setMyCommands"]
    + [
        "getMyCommands",
        "deleteMyCommands",
        "setMyDescription",
        "getMyDescription",
        "setMyShortDescription",
        "getChat",
        "sendHologram",
    ]
)


def arguments_at_random(chance: random.Random, chat: int) -> dict[str, Any]:
    markup = keyboard({"text": "A", chance.choice(["url", "callback_data", "web_app"]): chance.choice(["a", "é" * 40])})
    entity = {"type": "text_link", "offset": chance.randrange(-1, 9), "length": chance.randrange(-1, 9), "url": "a.b"}
    pieces = [*PIECES, chat, markup, [entity], {"message_id": "x"}, {"inline_keyboard": 1}, "HTML", "<b>&</a>"]
    return {name: chance.choice(pieces) for name in chance.sample(NAMES, 5)} | {"chat_id": chat, "timeout": 0}


def test_no_arguments_break_the_server(world: World, ann: int) -> None:
    chance = random.Random(4)

    async def scene() -> set[int]:
        api, statuses = Api(world), set()
        for _ in range(1500):
            body = json.dumps(arguments_at_random(chance, ann))
            method, headers = chance.choice(METHODS), {"Content-Type": "application/json"}
            response = await api.client.post(f"/bot{TOKEN}/{method}", content=body.encode(), headers=headers)
            statuses.add(response.status_code)
        await api("deleteWebhook")
        return statuses

    assert run(scene()) == {200, 400, 404}
