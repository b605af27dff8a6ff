"""Small talk, what is not about privacy, the way to a person, and more on the same question."""

from __future__ import annotations

import pytest
from talking import POLICIES, Talk, asked, kind, quotes, titles, unstamped

from bot.desk import CUT
from bot.launch import Parts


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("hello", "Hello."),
        ("good morning", "Hello."),
        ("thanks", "You are welcome."),
        ("thank you very much", "You are welcome."),
        ("bye", "Goodbye."),
        ("how are you?", "I am a machine, so I am always the same."),
        ("are you a bot?", "I am a machine. I quote"),
        ("who are you?", "I am a machine. I quote"),
        ("great answer", "Thank you."),
        ("you are useless", "I am sorry that I did not help."),
    ],
)
def test_small_talk_is_met_in_kind_and_quotes_nothing(parts: Parts, said: str, begins: str) -> None:
    reply = asked(parts, "klasso", said)
    assert reply.text.startswith(begins)
    assert reply.answer is None and reply.request is None


def test_someone_who_is_annoyed_is_offered_a_person(parts: Parts) -> None:
    assert titles(asked(parts, "klasso", "you are useless")) == ["Ask the support team"]


@pytest.mark.parametrize(
    "said",
    [
        "What is the weather tomorrow?",
        "Who won the world cup?",
        "Give me a recipe for pancakes",
        "What is 17 times 3?",
        "Book me a flight to Rome",
        "Tell me a joke",
    ],
)
def test_what_is_not_about_privacy_gets_no_quote(parts: Parts, said: str) -> None:
    reply = asked(parts, "klasso", said)
    assert reply.text.startswith("That is not about privacy")
    assert reply.answer is None and reply.request is None


@pytest.mark.parametrize("said", ["asdf qwer zxcv", "xxxx", "🙂🙂🙂", "blue"])
def test_what_makes_no_sense_is_met_with_examples(parts: Parts, said: str) -> None:
    reply = asked(parts, "klasso", said)
    assert reply.text.startswith("I did not understand that.")
    assert reply.answer is None and reply.request is None


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("said", ["I want to talk to a human", "Can I speak to a real person?"])
def test_a_wish_for_a_person_tells_the_policys_own_contact(parts: Parts, policy: str, said: str) -> None:
    talk = Talk(parts, policy)
    reply = talk.say(said)
    profile = parts.knowledge.get(policy).profile
    assert profile.contact[0] in reply.text and profile.name in reply.text
    assert titles(reply) == ["Ask the support team"] and talk.filed() == ()


def test_more_shows_what_was_not_shown_yet(parts: Parts) -> None:
    talk = Talk(parts, "klasterina")
    first = talk.say("What do you collect about me?")
    more = talk.say("more")
    assert "has more that bears on your question" in more.text and quotes(more)
    assert not {quote["clause"] for quote in quotes(first)} & {quote["clause"] for quote in quotes(more)}


def test_more_again_does_not_show_the_same_again(parts: Parts) -> None:
    talk = Talk(parts, "klasterina")
    talk.say("What do you collect about me?")
    second, third = talk.say("more"), talk.say("more")
    assert not {quote["clause"] for quote in quotes(second)} & {quote["clause"] for quote in quotes(third)}


def test_more_where_there_is_no_more_offers_a_person(parts: Parts) -> None:
    talk = Talk(parts, "classtime")
    talk.say("Do you respond to Do Not Track?")
    reply = talk.say("more")
    assert reply.text.startswith("That is all I found") and titles(reply) == ["Ask the support team"]


def test_more_without_a_question_offers_a_person(parts: Parts) -> None:
    assert asked(parts, "klasso", "more").text.startswith("That is all I found")


def test_a_long_message_is_read_from_its_beginning_and_that_is_said(parts: Parts) -> None:
    reply = asked(parts, "klasso", "Do you record calls? " + "I would like to know that. " * 60)
    assert reply.text.startswith(CUT) and kind(reply) == "denies"


def test_a_conversation_of_a_hundred_turns_still_answers_the_same(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    first = talk.say("Do you record calls?")
    for number in range(98):
        talk.say(("hello", "Do you use cookies?", "thanks")[number % 3])
    assert unstamped(talk.say("Do you record calls?")) == unstamped(first)


def test_typing_errors_do_not_hide_a_question(parts: Parts) -> None:
    assert kind(asked(parts, "klasso", "do you recrod calls?")) == "denies"
    assert kind(asked(parts, "kloudtalk", "do you shrae my data with thrid parties")) == "conflict"


def test_shouting_and_whispering_are_heard_alike(parts: Parts) -> None:
    assert asked(parts, "klasso", "DO YOU RECORD CALLS?") == asked(parts, "klasso", "do you record calls?")
