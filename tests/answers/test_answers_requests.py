"""Wishes typed in a chat are offered, asked about, confirmed, and only then become requests in the store, once each."""

from __future__ import annotations

import asyncio

import pytest
from builders import WISH, fresh_address, tracker_store_of
from talking import POLICIES, Talk, asked, button, quoted, read_out, said_in, titles

from bot.desk import Turn
from bot.intake import take
from bot.launch import Parts
from tickets.vocabulary import Right, Status


@pytest.mark.parametrize("policy", POLICIES)
def test_a_confirmed_wish_is_filed_and_its_reference_is_said(parts: Parts, policy: str) -> None:
    talk = Talk(parts, policy)
    reply = talk.file("Please delete my account")
    (filed,) = talk.filed()
    assert (filed.policy, filed.rights, filed.status) == (policy, (Right.DELETION,), Status.UNVERIFIED)
    assert reply.request is not None and reply.request["created"] is True
    assert filed.reference == reply.request["reference"] and filed.reference in reply.text
    details = parts.requests.show(filed.reference)
    assert details.text == "Please delete my account"
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
    assert talk.say(wish).request is None and talk.filed() == ()
    talk.file(wish)
    assert [filed.rights for filed in talk.filed()] == [(right,)]


def test_nothing_is_filed_before_the_summary_was_confirmed(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text, asked_then in (
        (WISH, "Shall I open a request"),
        ("yes", "Which e-mail address"),
        (fresh_address(), "anything the support team should know"),
        ("no", "Is that right?"),
    ):
        reply = talk.say(text)
        assert asked_then in said_in(reply)
        assert reply.request is None and talk.filed() == ()


def test_a_no_to_the_summary_files_nothing_and_a_cancel_drops_it(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.confirming()
    assert "Nothing is filed" in talk.say("no").text
    assert "no request was opened" in talk.say("cancel").text
    assert talk.filed() == ()


def test_the_offer_shows_what_the_policy_itself_says(parts: Parts) -> None:
    reply = asked(parts, "klasso", WISH)
    assert reply.answer is not None and len(reply.answer["steps"]) == 6
    assert "required legal logs" in quoted(reply)
    assert "This is what Klasso's privacy policy itself says about it:" in read_out(reply)
    assert reply.closing == "Shall I open a request for you (deletion)?"
    assert titles(reply) == ["Yes, open a request", "No"]


def test_the_receipt_says_that_a_target_is_a_target(parts: Parts) -> None:
    reply = Talk(parts, "klasso").file()
    assert reply.request is not None and reply.request["is_target"] is True
    assert "that is a target, not a date set by law" in reply.text
    assert "no law): received" in read_out(reply) and "30 calendar days" in read_out(reply)


def test_the_receipt_says_when_the_law_wants_an_answer(parts: Parts) -> None:
    reply = Talk(parts, "klasterina").file()
    assert reply.request is not None and reply.request["is_target"] is False
    assert "An answer is due by" in reply.text
    assert all(line.replace(" -> ", " → ") in read_out(reply) for line in reply.request["working"])


def test_a_confirmation_that_comes_twice_files_once(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file(message_id="the same")
    assert talk.say("yes", message_id="the same").request is None and len(talk.filed()) == 1


def test_a_confirmation_that_is_handled_again_after_a_kill_gives_the_same_receipt(parts: Parts) -> None:
    """The request is committed before the conversation is saved; between the two the process may die."""
    talk = Talk(parts, "klasso")
    talk.confirming()
    conversations = tracker_store_of(parts).store
    before = conversations[talk.conversation]
    first = talk.say("yes", message_id="the same")
    conversations[talk.conversation] = before
    second = talk.say("yes", message_id="the same")
    assert first.request is not None and first.request["created"] and first.request == second.request
    assert len(talk.filed()) == 1


def test_the_same_wish_again_gives_the_same_reference(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    first, second = talk.file(), talk.file("delete my account now please")
    assert len(talk.filed()) == 1
    assert first.request is not None and second.request is not None
    assert first.request["reference"] == second.request["reference"] and second.request["created"] is False
    assert "already" in second.text


def test_another_wish_is_another_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    talk.file("Please send me a copy of my data")
    assert {filed.rights for filed in talk.filed()} == {(Right.DELETION,), (Right.ACCESS,)}


def test_two_people_have_two_requests(parts: Parts) -> None:
    alice, bob = Talk(parts, "klasso"), Talk(parts, "klasso")
    first, second = alice.file(), bob.file()
    assert first.request is not None and second.request is not None
    assert first.request["reference"] != second.request["reference"]
    assert len(alice.filed()) == len(bob.filed()) == 1


def test_a_right_that_the_open_request_lacks_is_filed_too(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reply = talk.file("please delete my account and send me a copy of all my data")
    assert {right for one in talk.filed() for right in one.rights} == {Right.DELETION, Right.ACCESS}
    assert reply.request is not None and reply.request["rights"] == ["access"] and reply.request["created"]


def test_two_confirmations_sent_at_once_file_once(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.confirming()
    turns = [Turn.typed(talk.conversation, "klasso", f"at-once-{number}", take("yes")) for number in range(3)]

    async def all_at_once() -> list[str]:
        replies = await asyncio.gather(*(parts.desk.reply(turn) for turn in turns))
        return [reply.request["reference"] for reply in replies if reply.request]

    assert asyncio.run(all_at_once()) == [talk.filed()[0].reference] and len(talk.filed()) == 1


def test_two_wishes_sent_at_once_are_one_draft_and_file_once(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    turns = [Turn.typed(talk.conversation, "klasso", f"wishes-{number}", take(WISH)) for number in range(3)]

    async def all_at_once() -> list[str]:
        return [reply.closing for reply in await asyncio.gather(*(parts.desk.reply(turn) for turn in turns))]

    assert all("Shall I open a request" in closing for closing in asyncio.run(all_at_once()))
    talk.go_on(talk.say("yes"))
    talk.say("yes")
    assert [filed.rights for filed in talk.filed()] == [(Right.DELETION,)]


def test_a_button_opens_the_form_for_what_it_says(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    reply = talk.press(button(talk.say("How do I delete my account?"), "File a request: deletion"))
    assert "Which e-mail address" in reply.text and talk.filed() == ()
    talk.go_on(reply)
    reply = talk.say("yes")
    assert [filed.rights for filed in talk.filed()] == [(Right.DELETION,)]
    assert reply.request is not None and reply.request["reference"] in reply.text
    assert not parts.requests.show(talk.filed()[0].reference).text.startswith("/")


@pytest.mark.parametrize("words", ["It should say {}", "the new address is {}"])
def test_a_correction_names_the_new_address_and_the_account_stays(parts: Parts, words: str) -> None:
    talk = Talk(parts, "klasso")
    for text in ("please correct my e-mail address, it is wrong", "yes", "old.one@example.org"):
        talk.say(text)
    summary = talk.say(words.format("new.one@example.org"))
    assert "Is that right?" in summary.text and words.format("[email-1]") in summary.text
    assert talk.say("yes").request is not None
    details = parts.requests.show(talk.filed()[0].reference)
    assert details.contacts[0].hint == "o…@example.org" and words.format("[email-1]") in details.text


@pytest.mark.parametrize("answer", ["yes", "yes please", "ok"])
def test_yes_begins_what_was_offered(parts: Parts, answer: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    assert "Which e-mail address" in talk.say(answer).text


@pytest.mark.parametrize("answer", ["no", "no thanks", "?", "why", "hm", "maybe", "blue", "hello", "thanks"])
@pytest.mark.parametrize("first", ["Do you use cookies?", WISH])
def test_anything_but_a_yes_files_nothing_and_begins_no_form(parts: Parts, first: str, answer: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(first)
    assert "Which e-mail address" not in talk.say(answer).text
    assert talk.filed() == ()


def test_a_yes_after_a_no_files_nothing(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text in ("Do you use cookies?", "no thanks", "yes"):
        talk.say(text)
    assert talk.filed() == ()


# --- questions that are passed on ----------------------------------------------------------------------------------


def test_what_the_policy_leaves_out_can_be_passed_on_to_a_person(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.press(button(talk.say("Do you use cookies?"), "Ask the support team"))
    (filed,) = talk.filed()
    assert filed.rights == (Right.QUESTION,)
    assert parts.requests.show(filed.reference).text == "Do you use cookies?"


@pytest.mark.parametrize("answer", ["yes", "yes please", "ok"])
def test_yes_passes_on_the_question_that_was_not_answered(parts: Parts, answer: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Do you use cookies?")
    reply = talk.say(answer)
    assert [filed.rights for filed in talk.filed()] == [(Right.QUESTION,)]
    assert talk.filed()[0].reference in reply.text
