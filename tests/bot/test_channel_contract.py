"""What every channel does with a reply, whatever it looks like: one contract over the web, Telegram and plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from builders import fresh_conversation, fresh_id

from bot.channels.telegram.buttons import Buttons
from bot.channels.telegram.rendering import Place, rendered
from bot.desk import Button, Reply, Turn
from bot.intake import take
from bot.launch import Parts
from bot.rendering import plain_text
from bot.sessions import Session, Sessions
from bot.web_messages import message_of
from pii.redacted import Redacted

BASE = "https://desk.example.org"
SECRET = Redacted("only-for-tests-only-for-tests-only-for-tests")
SESSION = Session("web:" + "a" * 32, "klasso")
CHAT = "tg:" + "a" * 32
HOSTILE = [
    "<b>bold</b> <script>alert(1)</script>",
    "*bold* _italic_ [link](https://attacker.example) `code`",
    "</blockquote><a href='https://attacker.example'>x</a>",
    "{{7*7}} ${HOME} %s {company} {0.__class__}",
    "\u202eright to left\u202c and \u200bnothing",
    "=cmd|' /C calc'!A0",
    "🧑‍🚀" * 20 + " é e\u0301 " + "ﷺ",
    "line\nline\r\nline\ttab",
    "@someone #tag /request{} https://attacker.example",
    '{"text": "json", "answer": null}',
]


@dataclass(frozen=True)
class Shown:
    """What a person gets to see. links: the addresses that can be followed; buttons: title -> what it leads to."""

    text: str
    links: tuple[str, ...]
    buttons: dict[str, str]
    size: int


def on_the_web(reply: Reply) -> Shown:
    """As the API gives it to the page and the widget, which put every text in as text."""
    sessions = Sessions(SECRET)
    sent = json.loads(message_of(reply, "m", lambda payload: sessions.button(SESSION, payload)).json())
    answers = [answer for answer in (sent["answer"], *sent["more_answers"]) if answer]
    quotes = [quote for answer in answers for quote in answer["quotes"]]
    helps = [step for answer in answers for step in answer["steps"]]
    texts = [sent["text"], *(quote["text"] for quote in quotes), *helps, sent["letter"], sent["closing"]]
    if sent["request"]:
        texts.append(sent["request"]["reference"])
    return Shown(
        "\n".join(texts),
        tuple(BASE + quote["url"] for quote in quotes),
        {button["title"]: sessions.pressed(SESSION, button["token"]) for button in sent["buttons"]},
        len(json.dumps(sent)),
    )


def on_telegram(reply: Reply) -> Shown:
    """As the Bot API gets it: the text itself and marks by place."""
    seals = Buttons(SECRET)
    sent = rendered(reply, Place(BASE, lambda policy: policy.title(), lambda payload: seals.data(CHAT, payload)))
    keys = [key for row in sent.rows for key in row]
    assert all(len(key.data.encode()) <= 64 for key in keys)
    units = sent.text.encode("utf-16-le")
    for mark in sent.entities:
        assert 0 <= mark.offset < mark.offset + mark.length <= len(units) // 2
    return Shown(
        sent.text,
        tuple(mark.url for mark in sent.entities if mark.url),
        {key.title: seals.payload(CHAT, key.data) or "" for key in keys},
        len(units) // 2,
    )


def on_the_command_line(reply: Reply) -> Shown:
    """As plain text; a button is only named there."""
    text = plain_text(reply, BASE)
    links = tuple(re.findall(rf"{re.escape(BASE)}/p/\S+", text))
    return Shown(text, links, {button.title: button.payload for button in reply.buttons}, len(text))


CHANNELS = {"web": on_the_web, "telegram": on_telegram, "text": on_the_command_line}
LONGEST = {"web": 200_000, "telegram": 4_096, "text": 200_000}


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> Callable[[Reply], Shown]:
    show = CHANNELS[request.param]

    def within_its_limit(reply: Reply) -> Shown:
        shown = show(reply)
        assert shown.size <= LONGEST[request.param]
        return shown

    return within_its_limit


def quote(text: str, **more: Any) -> dict[str, Any]:
    usual = {"clause": "c1", "section": "7. Contact", "items": [], "lead_in": "", "start": 0, "end": len(text)}
    place = {"policy": "klasso", "version": "1", "url": "/p/klasso/1#c1", "role": "answer", "label": ""}
    return {**usual, **place, "text": text, **more}


def answer(*quotes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "kind": "states",
        "topic": "contact",
        "quotes": list(quotes),
        "steps": [],
        "note": "",
        "condition": "",
        **more,
    }


def test_a_text_is_shown_as_it_is(channel: Callable[[Reply], Shown]) -> None:
    assert "Hello, what would you like to know?" in channel(Reply("Hello, what would you like to know?")).text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_is_ever_read_as_markup(channel: Callable[[Reply], Shown], hostile: str) -> None:
    shown = channel(Reply(hostile, answer=answer(quote(hostile), note=hostile), closing=hostile))
    plain = "\n".join(hostile.replace("\r", "").split("\n"))
    assert shown.text.replace("\r", "").count(plain) >= 3
    assert all(link.startswith(f"{BASE}/p/") for link in shown.links)


def test_a_quote_is_whole_and_links_to_its_clause(channel: Callable[[Reply], Shown]) -> None:
    shown = channel(Reply("The policy says:", answer=answer(quote("We do not record calls — “ever”."))))
    assert "We do not record calls — “ever”." in shown.text
    assert shown.links == (f"{BASE}/p/klasso/1#c1",)


def test_steps_keep_their_order(channel: Callable[[Reply], Shown]) -> None:
    steps = ["Open the app", "Go to the settings", "Press delete"]
    shown = channel(Reply("How:", answer=answer(quote("You can delete it."), steps=steps)))
    places = [shown.text.index(step) for step in steps]
    assert places == sorted(places)


def test_a_button_leads_where_it_was_meant_to(channel: Callable[[Reply], Shown]) -> None:
    buttons = (
        Button("Yes, open a request", "/affirm"),
        Button("No", "/deny"),
        Button("Copy", '/request{"right": "access"}'),
    )
    shown = channel(Reply("Shall I?", buttons=buttons))
    assert shown.buttons == {button.title: button.payload for button in buttons}


def test_a_long_answer_fits_and_says_where_to_read_on(channel: Callable[[Reply], Shown]) -> None:
    long = "This sentence is one of very many in this clause. " * 200
    shown = channel(Reply("The policy says:", answer=answer(quote(long), quote("Short and also true.", role="also"))))
    assert "This sentence is one of very many" in shown.text and f"{BASE}/p/klasso/1#c1" in shown.links


def test_a_letter_and_what_is_said_after_it_are_both_there(channel: Callable[[Reply], Shown]) -> None:
    shown = channel(Reply("Write to them:", letter="Dear school,\nplease delete it.", closing="It is noted."))
    assert shown.text.index("Dear school,") < shown.text.index("It is noted.")


@pytest.mark.asyncio
@pytest.mark.parametrize("policy", ["klasso", "classtime", "klasterina", "kloudtalk", "klantra"])
async def test_real_answers_say_the_same_everywhere(parts: Parts, policy: str) -> None:
    for question in ("how do I delete my account?", "who gets my data?", "do you record calls?", "do you use cookies?"):
        turn = Turn.typed(fresh_conversation(), policy, fresh_id(), take(question))
        reply = await parts.desk.reply(turn)
        assert reply.answer is not None
        first = reply.answer["quotes"][0]["text"] if reply.answer["quotes"] else reply.text
        for show in CHANNELS.values():
            shown = show(reply)
            assert first[:80] in shown.text
            assert set(shown.buttons.values()) == {button.payload for button in reply.buttons}


@pytest.mark.asyncio
async def test_a_request_is_filed_alike_everywhere(parts: Parts) -> None:
    for channel_name in ("web", "telegram"):
        conversation = fresh_conversation()
        for text in ("please delete my account", "yes", "one@example.org", "no", "yes"):
            turn = await parts.reception.typed(conversation, "klasso", fresh_id(), text, channel_name)
            reply = await parts.desk.reply(turn)
        assert reply.request is not None
        for show in CHANNELS.values():
            assert reply.request["reference"] in show(reply).text
        (filed,) = parts.requests.status_of(conversation)
        assert filed.reference == reply.request["reference"]


def test_a_masked_address_is_no_mention_of_a_stranger_on_telegram() -> None:
    text = "🙂 A code went to z…@example.org. Your address is …@mail.example.org."
    sent = rendered(Reply(text), Place(BASE, str, str))
    units = sent.text.encode("utf-16-le")
    marked = [units[2 * mark.offset : 2 * (mark.offset + mark.length)].decode("utf-16-le") for mark in sent.entities]
    assert sent.text == text and marked == ["z…@example.org", "…@mail.example.org"]
