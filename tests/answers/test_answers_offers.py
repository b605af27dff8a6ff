"""What a "yes" is to: the offer made last, and what cannot be taken back only right after it was asked."""

from __future__ import annotations

import pytest
from builders import WISH, fresh_address
from talking import Talk, said_in

from bot.launch import Parts
from tickets.vocabulary import Right, Status

NOT_UNDERSTOOD = "I did not understand that"


@pytest.mark.parametrize("yes", ["yes", "yes please", "ok"])
def test_withdrawing_is_asked_once_where_the_words_may_mean_something_else(parts: Parts, yes: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    assert "Shall I withdraw this request?" in talk.say("cancel").text
    assert [one.status for one in talk.filed()] == [Status.UNVERIFIED]
    reply = talk.say(yes)
    assert reply.text == f"Your request {talk.filed()[0].reference} is withdrawn. Nothing will be done on it."
    assert [one.status for one in talk.filed()] == [Status.WITHDRAWN]


@pytest.mark.parametrize("no", ["no", "blue", "do you record calls?", "status of my request"])
def test_a_request_is_not_withdrawn_by_anything_but_a_yes(parts: Parts, no: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    for text in ("cancel", no, "yes"):
        talk.say(text)
    assert [one.status for one in talk.filed()] == [Status.UNVERIFIED]


@pytest.mark.parametrize("yes", ["yes", "yes please", "go ahead", "ok do it", "yeah go on", "of course"])
def test_a_question_is_passed_on_in_any_words_and_nothing_else_is_said(parts: Parts, yes: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Do you use cookies?")
    reply = talk.say(yes)
    assert [one.rights for one in talk.filed()] == [(Right.QUESTION,)]
    assert "I have passed your question on" in reply.text and NOT_UNDERSTOOD not in said_in(reply)


@pytest.mark.parametrize("yes", ["yeah go on", "of course, why else would I write here", "go ahead", "yes, open it"])
def test_a_form_is_begun_in_any_words_and_nothing_else_is_said(parts: Parts, yes: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say(WISH)
    reply = talk.say(yes)
    assert "Which e-mail address" in reply.text and NOT_UNDERSTOOD not in said_in(reply)


@pytest.mark.parametrize("text", ["do you share {}?", "what about {}?"])
def test_another_question_is_no_yes_though_an_address_stands_in_it(parts: Parts, text: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("Do you use cookies?")
    talk.say(text.format(fresh_address()))
    assert talk.filed() == ()


@pytest.mark.parametrize("text", ["do you share {}?", "my mail is {}", "{}"])
def test_an_address_is_no_yes_to_erasing_the_chat(parts: Parts, text: str) -> None:
    talk = Talk(parts, "klasso")
    talk.say("forget me")
    assert talk.say(text.format(fresh_address())).kind != "forgotten"


def test_a_yes_in_the_middle_of_the_form_answers_what_was_asked_last(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.confirming()
    asked = talk.say("forget me")
    assert "Shall I erase this chat?" in asked.text and "Is that right?" not in asked.text + asked.closing
    assert talk.say("yes").kind == "forgotten"
    assert talk.filed() == ()


def test_what_was_asked_in_the_middle_of_the_form_is_no_offer_after_it(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.confirming()
    talk.say("forget me")
    assert "Is that right?" in talk.say("do you record calls?").closing
    assert talk.say("yes").request is not None  # it confirms the summary, which was shown last
    assert talk.say("yes").kind != "forgotten"


@pytest.mark.parametrize("between", ["hello", "thanks", "what's the weather like?"])
def test_what_cannot_be_taken_back_is_done_only_right_after_it_was_asked(parts: Parts, between: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    for text in ("cancel", between):
        talk.say(text)
    talk.say("yes")
    assert [one.status for one in talk.filed()] == [Status.UNVERIFIED]
    for text in ("forget me", between):
        talk.say(text)
    assert talk.say("yes").kind != "forgotten"
