"""What an update is taken to mean."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram_shapes import BOT, GROUP, MYSELF, PERSON, in_group, membership, message, pressed

from bot.channels.telegram.heard import EMPTY, LARGEST, Heard, Kind, packed, unpacked
from bot.channels.telegram.updates import UNREADABLE, read
from pii.redacted import Redacted
from tickets.chats import Chat

ME = Chat("4711", 71)
MEMBER = Chat("4711", -100500, 71)


def said(update: dict[str, Any]) -> tuple[Kind, str, str]:
    heard = read(update, BOT)
    return heard.kind, heard.name, heard.text.reveal()


def test_a_private_text_is_heard_with_its_chat() -> None:
    heard = read(message("do you record calls?", 42), BOT)
    assert (heard.kind, heard.chat, heard.update_id, heard.message_id) == (Kind.TEXT, ME, 42, 5)
    assert heard.text.reveal() == "do you record calls?" and not heard.is_group and heard.message_key == "tg42"


@pytest.mark.parametrize(
    ("text", "kind", "name", "rest"),
    [
        ("/start", Kind.START, "start", ""),
        ("/start klasso", Kind.START, "start", "klasso"),
        ("/start@desk_bot klasso", Kind.START, "start", "klasso"),
        ("/Delete my account", Kind.COMMAND, "delete", "my account"),
        ("/status@DESK_bot", Kind.COMMAND, "status", ""),
        ("/status@other_bot", Kind.COMMAND, "status", ""),
        ('/request{"right": "deletion"}', Kind.TEXT, "", '/request{"right": "deletion"}'),
        ("say /help", Kind.TEXT, "", "say /help"),
        ("/", Kind.TEXT, "", "/"),
    ],
)
def test_commands_of_a_private_chat(text: str, kind: Kind, name: str, rest: str) -> None:
    assert said(message(text)) == (kind, name, rest)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@desk_bot do you sell data?", "do you sell data?"),
        ("hello @Desk_Bot", "hello"),
        ("😀😀 @desk_bot are 😀 kept?", "😀😀  are 😀 kept?"),
    ],
)
def test_in_a_group_a_mention_of_the_bot_is_heard_and_taken_out(text: str, rest: str) -> None:
    heard = read(in_group(text, mention="@Desk_Bot" if "Desk" in text else "@desk_bot"), BOT)
    assert (heard.kind, heard.text.reveal(), heard.chat, heard.is_group) == (Kind.TEXT, rest, MEMBER, True)


@pytest.mark.parametrize(
    "update",
    [
        in_group("do you sell data?"),
        in_group("/help"),
        in_group("/help@other_bot"),
        in_group("@desk_botanist hello", mention="@desk_botanist"),
        in_group("hello @desk_bot", mention=""),  # not marked by Telegram, so not a mention
        in_group("no", reply_to_message={"message_id": 2, "from": {"id": 5}}),
        message("", chat=GROUP, photo=[{"file_id": "x"}]),
        message("hi", chat={"id": -5, "type": "channel"}),
        message("hi", **{"from": {**PERSON, "is_bot": True}}),
        message("hi", via_bot=MYSELF),
        message("hi", sender_chat=GROUP, chat=GROUP),
        message("", new_chat_title="x"),
        message("", pinned_message={"message_id": 3}),
        {"update_id": 3, "poll": {"id": "1"}},
        {"update_id": 3},
        {"message": {"text": "no number"}},
        {"update_id": 4, "channel_post": {"chat": GROUP, "text": "x"}},
        {"update_id": 4, "edited_message": message("hi", chat=GROUP)["message"]},
    ],
)
def test_what_is_not_for_us_is_ignored_and_nothing_of_it_is_kept(update: dict[str, Any]) -> None:
    heard = read(update, BOT)
    assert heard == Heard(Kind.IGNORED) and heard.text == EMPTY
    with pytest.raises(ValueError):
        packed(heard)


def test_a_reply_to_the_bot_and_a_command_with_its_name_are_for_us_in_a_group() -> None:
    assert (
        read(in_group("and for how long?", reply_to_message={"message_id": 2, "from": MYSELF}), BOT).kind is Kind.TEXT
    )
    assert said(in_group("/help@desk_bot")) == (Kind.COMMAND, "help", "")


@pytest.mark.parametrize("field", sorted(UNREADABLE))
def test_what_is_no_text_is_named_and_its_content_left_behind(field: str) -> None:
    update = message(
        "", **{field: {"phone_number": "+44 20 7946 0123", "file_id": "secret-file"}}, caption="secret-words"
    )
    heard = read(update, BOT)
    assert (heard.kind, heard.name) == (Kind.UNREADABLE, UNREADABLE[field])
    kept = packed(heard).reveal()
    assert not any(secret in kept for secret in ("7946", "secret"))


def test_nothing_that_tells_a_name_is_kept_of_any_update() -> None:
    updates = [message("hello"), in_group("@desk_bot hi"), pressed("a:b"), membership("left", "member", chat=GROUP)]
    for update in updates:
        kept = packed(read(update, BOT)).reveal().lower()
        assert "secret" not in kept and '"uk"' not in kept


def test_an_edit_is_told_from_a_message_and_carries_no_text() -> None:
    edited = {"update_id": 8, "edited_message": message("changed")["message"]}
    heard = read(edited, BOT)
    assert (heard.kind, heard.chat, heard.text) == (Kind.EDITED, ME, EMPTY)
    assert read({"update_id": 8, "edited_message": message("", location={"x": 1})["message"]}, BOT).kind is Kind.IGNORED


def test_a_pressed_button_comes_with_its_title_and_the_message_it_stood_under() -> None:
    heard = read(pressed("request|r=deletion:seal", 9), BOT)
    assert heard.kind is Kind.PRESSED and heard.chat == ME and heard.pressed is not None
    assert (heard.pressed.callback, heard.pressed.data) == ("cb-1", "request|r=deletion:seal")
    assert (heard.pressed.title, heard.pressed.text.reveal()) == ("Yes", "Shall I?")
    assert heard.pressed.entities == ({"type": "bold", "offset": 0, "length": 5},) and heard.message_id == 9


def test_in_a_group_a_button_belongs_to_who_pressed_it() -> None:
    assert read(pressed("a:b", chat=GROUP), BOT).chat == MEMBER


def test_data_that_no_button_can_hold_is_emptied() -> None:
    heard = read(pressed("x" * 65), BOT)
    assert heard.pressed is not None and heard.pressed.data == ""


@pytest.mark.parametrize(
    ("before", "after", "chat", "kind"),
    [
        ("member", "kicked", None, Kind.BLOCKED),
        ("kicked", "member", None, Kind.UNBLOCKED),
        ("left", "member", GROUP, Kind.JOINED),
        ("kicked", "administrator", GROUP, Kind.JOINED),
        ("member", "administrator", GROUP, Kind.IGNORED),
        ("member", "left", GROUP, Kind.IGNORED),
    ],
)
def test_what_becomes_of_the_bots_own_place(before: str, after: str, chat: dict[str, Any] | None, kind: Kind) -> None:
    assert read(membership(before, after, chat=chat), BOT).kind is kind


def test_a_group_that_moves_is_told_with_its_new_number() -> None:
    heard = read(message("", chat={"id": -5, "type": "group"}, migrate_to_chat_id=-1005), BOT)
    assert (heard.kind, heard.chat, heard.moved_to) == (Kind.MIGRATED, Chat("4711", -5), -1005)


REAL = [
    message("hello"),
    message("/start klasso"),
    in_group("@desk_bot do you sell data?"),
    pressed("request|r=deletion:seal"),
    membership("left", "member", chat=GROUP),
    membership("member", "kicked"),
    message(
        "", photo=[{"file_id": "x"}], caption="@desk_bot look", caption_entities=[{"type": "mention", "offset": 0}]
    ),
    {"update_id": 7, "edited_message": message("changed")["message"]},
]
VALUES: list[Any] = [
    None, True, -1, 0, 2**70, 1.5, float("nan"), "", "x" * 9_000, "\ud800", "@desk_bot", [], [[]], [None], {},
    {"id": 1}, [{"type": "mention", "offset": -3, "length": 10**9}], [{"type": ["x"], "offset": 0, "length": 1}],
    {"type": "private"},
]  # fmt: skip


def mutated(update: Any, chance: random.Random, rate: float) -> Any:
    """The same with some of its values replaced, dropped or doubled."""
    if chance.random() < rate:
        return copy.deepcopy(chance.choice(VALUES))
    if isinstance(update, dict):
        return {name: mutated(value, chance, rate) for name, value in update.items() if chance.random() > rate / 2}
    if isinstance(update, list):
        return [mutated(value, chance, rate) for value in update] * chance.choice((1, 1, 2))
    return update


def test_5000_broken_updates_are_read_without_an_error_and_come_back_from_the_inbox_as_they_were() -> None:
    chance = random.Random(4)
    kinds = set()
    for _ in range(5_000):
        heard = read(mutated(chance.choice(REAL), chance, chance.choice((0.01, 0.03, 0.1))), BOT)
        kinds.add(heard.kind)
        if heard.chat is not None:
            body = packed(heard)
            assert unpacked(body) == heard and len(body.reveal()) <= LARGEST + 10_000
    assert kinds >= {Kind.TEXT, Kind.PRESSED, Kind.IGNORED, Kind.JOINED, Kind.EDITED}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children) | st.dictionaries(st.sampled_from(sorted(REAL[3]) + ["text", "chat"]), children)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(ANYTHING, st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "else"]))
def test_any_json_at_all_is_read_without_an_error(value: Any, name: str) -> None:
    read(value, BOT)
    read({"update_id": 1, name: value}, BOT)


def test_a_message_of_any_length_fits_the_inbox() -> None:
    heard = read(pressed("a:b", text="\U0001f600" * 5_000), BOT)
    assert len(packed(heard).reveal()) <= LARGEST
    assert len(json.loads(packed(read(message("я" * 100_000), BOT)).reveal())["text"]) == 5_000


def test_an_update_prints_without_what_was_said() -> None:
    assert "record" not in repr(read(message("do you record calls?"), BOT)) and Redacted("x") == Redacted("x")
