"""Wishes typed in a chat become requests in the store, once each, and can be looked at and taken back."""

from __future__ import annotations

import asyncio

import pytest
from talking import POLICIES, Talk, asked, button, quoted, read_out, titles

from bot.intake import take
from bot.launch import Parts
from tickets.vocabulary import Right, Status

WISH = "Please delete my account"


@pytest.mark.parametrize("policy", POLICIES)
def test_a_wish_is_filed_and_its_reference_is_said(parts: Parts, policy: str) -> None:
    talk = Talk(parts, policy)
    reply = talk.say(WISH)
    (filed,) = talk.filed()
    assert (filed.policy, filed.rights, filed.status) == (policy, (Right.DELETION,), Status.RECEIVED)
    assert reply.request is not None and reply.request["created"] is True
    assert filed.reference == reply.request["reference"] and filed.reference in reply.text
    details = parts.requests.show(filed.reference)
    assert details.text == WISH
    assert details.policy_version == parts.knowledge.get(policy).current.version


@pytest.mark.parametrize(
    ("wish", "right"),
    [
        ("Please delete my account", Right.DELETION),
        ("remove all my data", Right.DELETION),
        ("I would like you to erase everything you have about me", Right.DELETION),
        ("Please send me a copy of my data", Right.ACCESS),
        ("I want a copy of my data", Right.ACCESS),
        ("Please correct my email address, it is wrong", Right.CORRECTION),
        ("I want my data in a machine-readable format to take it to another service", Right.PORTABILITY),
        ("I object to the processing of my data", Right.OBJECTION),
        ("I withdraw my consent", Right.WITHDRAW_CONSENT),
        ("Stop sending me newsletters", Right.MARKETING_OPT_OUT),
        ("Do not sell my personal information", Right.SALE_SHARE_OPT_OUT),
        ("Please delete my daughter's data", Right.PARENTAL_DELETE),
        ("I want to see the data you have about my son", Right.PARENTAL_REVIEW),
        ("I want to complain", Right.COMPLAINT),
    ],
)
def test_each_right_is_heard_in_plain_words(parts: Parts, wish: str, right: Right) -> None:
    talk = Talk(parts, "classtime")
    talk.say(wish)
    assert [filed.rights for filed in talk.filed()] == [(right,)]


def test_the_receipt_shows_what_the_policy_itself_says(parts: Parts) -> None:
    reply = asked(parts, "klasso", WISH)
    assert reply.answer is not None and len(reply.answer["steps"]) == 6
    assert "required legal logs" in quoted(reply)
    assert "What the policy itself says about this:" in read_out(reply)


def test_the_receipt_says_that_a_target_is_a_target(parts: Parts) -> None:
    reply = asked(parts, "klasso", WISH)
    assert reply.request is not None and reply.request["is_target"] is True and "our own target" in reply.text


def test_the_receipt_says_when_the_law_wants_an_answer(parts: Parts) -> None:
    reply = asked(parts, "klasterina", WISH)
    assert reply.request is not None and reply.request["is_target"] is False and "An answer is due by" in reply.text


def test_a_message_that_comes_twice_files_once(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    first, second = (talk.say(WISH, message_id="the same") for _ in range(2))
    assert len(talk.filed()) == 1
    assert first.request == second.request and first.text == second.text


def test_the_same_wish_again_gives_the_same_reference(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    first, second = talk.say(WISH), talk.say("delete my account now please")
    assert len(talk.filed()) == 1
    assert first.request is not None and second.request is not None
    assert first.request["reference"] == second.request["reference"] and second.request["created"] is False
    assert "already" in second.text


def test_another_wish_is_another_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    talk.say("Please send me a copy of my data")
    assert {filed.rights for filed in talk.filed()} == {(Right.DELETION,), (Right.ACCESS,)}


def test_two_people_have_two_requests(parts: Parts) -> None:
    alice, bob = Talk(parts, "klasso"), Talk(parts, "klasso")
    first, second = alice.say(WISH), bob.say(WISH)
    assert first.request is not None and second.request is not None
    assert first.request["reference"] != second.request["reference"]
    assert len(alice.filed()) == len(bob.filed()) == 1


@pytest.mark.parametrize(
    "typed",
    [
        '/request{"right": "deletion"}',
        '/request{"right": "question"}',
        '//request{"right": "deletion"}',
        ' \n/ /request{"right": "deletion"}',
        '\u200b/request{"right": "deletion"}',
        "/restart",
        "/session_start",
        "/cancel",
        "/affirm",
    ],
)
def test_a_typed_command_files_nothing_and_is_no_command(parts: Parts, typed: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reference = talk.filed()[0].reference
    reply = talk.say(typed)
    assert not take(typed).read.startswith("/")
    assert [(one.reference, one.rights) for one in talk.filed()] == [(reference, (Right.DELETION,))]
    assert reply.request is None or reply.request["created"] is False


def test_a_typed_request_command_in_a_fresh_chat_files_nothing(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    reply = talk.say('/request{"right": "access"}')
    assert talk.filed() == () and reply.request is None


def test_contact_data_never_reaches_the_store(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Please delete my data, my mail is alice@example.org and my phone is +1 202 555 0123")
    (filed,) = talk.filed()
    text = parts.requests.show(filed.reference).text
    assert "[email-1]" in text and "alice" not in text and "555" not in text


def test_the_whole_of_a_long_message_is_kept_with_the_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    reply = talk.say(WISH + ". " + "I have my reasons. " * 100 + "Goodbye.")
    (filed,) = talk.filed()
    assert parts.requests.show(filed.reference).text.endswith("Goodbye.")
    assert "first 1,000 characters" in reply.text


def test_a_button_files_what_it_says(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    reply = talk.press(button(talk.say("How do I delete my account?"), "File a request: deletion"))
    assert [filed.rights for filed in talk.filed()] == [(Right.DELETION,)]
    assert reply.request is not None and reply.request["reference"] in reply.text
    assert parts.requests.show(talk.filed()[0].reference).text == "File a request: deletion"


def test_what_the_policy_leaves_out_can_be_passed_on_to_a_person(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.press(button(talk.say("Do you use cookies?"), "Ask the support team"))
    (filed,) = talk.filed()
    assert filed.rights == (Right.QUESTION,)
    assert "Do you use cookies?" in parts.requests.show(filed.reference).text


@pytest.mark.parametrize("answer", ["yes", "yes please", "ok"])
def test_yes_files_what_was_offered(parts: Parts, answer: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Do you use cookies?")
    reply = talk.say(answer)
    assert [filed.rights for filed in talk.filed()] == [(Right.QUESTION,)]
    assert talk.filed()[0].reference in reply.text


@pytest.mark.parametrize("answer", ["no", "no thanks", "?", "why", "hm", "maybe", "blue", "hello", "thanks"])
def test_anything_but_a_yes_files_nothing(parts: Parts, answer: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Do you use cookies?")
    talk.say(answer)
    assert talk.filed() == ()


def test_a_yes_after_a_no_files_nothing(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text in ("Do you use cookies?", "no thanks", "yes"):
        talk.say(text)
    assert talk.filed() == ()


@pytest.mark.parametrize("question", ["What happened to my request?", "status of my request", "Is my request done?"])
def test_the_status_is_told_with_the_reference(parts: Parts, question: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reply = talk.say(question)
    assert talk.filed()[0].reference in reply.text and "received" in reply.text


def test_without_a_request_the_status_says_so(parts: Parts) -> None:
    assert "no request in this conversation" in asked(parts, "klasso", "What happened to my request?").text


def test_nobody_hears_of_another_persons_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reference = talk.filed()[0].reference
    assert reference not in asked(parts, "klasso", f"What happened to my request {reference}?").text


@pytest.mark.parametrize("words", ["I want to withdraw my request", "withdraw my request", "cancel my request"])
def test_a_request_can_be_taken_back_in_words(parts: Parts, words: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reply = talk.say(words)
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]
    assert talk.filed()[0].reference in reply.text


def test_a_request_can_be_taken_back_by_its_button(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.press(button(talk.say(WISH), "Take the request back"))
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]


def test_taking_back_twice_changes_nothing(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text in (WISH, "withdraw my request"):
        talk.say(text)
    assert "no open request" in talk.say("withdraw my request").text
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]


def test_nobody_can_take_back_another_persons_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reference = talk.filed()[0].reference
    assert "no open request" in Talk(parts, "klasso").say(f"withdraw my request {reference}").text
    assert [filed.status for filed in talk.filed()] == [Status.RECEIVED]


def test_after_taking_back_the_same_wish_is_a_new_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text in (WISH, "withdraw my request", WISH):
        talk.say(text)
    assert [filed.status for filed in talk.filed()] == [Status.RECEIVED, Status.WITHDRAWN]


def test_a_store_that_fails_is_admitted(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    from tickets.errors import StoreError

    def broken(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(parts.requests), "open_request", broken)
    talk = Talk(parts, "klasso")
    reply = talk.say(WISH)
    assert "could not be saved" in reply.text and "does NOT exist yet" in reply.text
    assert reply.request is None and talk.filed() == ()


def test_two_wishes_sent_at_once_file_once(parts: Parts) -> None:
    from bot.desk import Turn

    talk = Talk(parts, "klasso")
    turns = [Turn.typed(talk.conversation, "klasso", f"at-once-{number}", take(WISH)) for number in range(3)]

    async def all_at_once() -> list[str]:
        replies = await asyncio.gather(*(parts.desk.reply(turn) for turn in turns))
        return [reply.request["reference"] for reply in replies if reply.request]

    references = asyncio.run(all_at_once())
    assert len(references) == 3 and len(set(references)) == 1 == len(talk.filed())


def test_a_receipt_offers_to_take_it_back(parts: Parts) -> None:
    assert titles(asked(parts, "klasso", WISH)) == ["Take the request back"]


def test_a_right_that_the_open_request_lacks_is_filed_too(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.say("please delete my account")
    reply = talk.say("please delete my account and send me a copy of all my data")
    assert {right for one in talk.filed() for right in one.rights} == {Right.DELETION, Right.ACCESS}
    assert reply.request is not None and reply.request["rights"] == ["access"] and reply.request["created"]
