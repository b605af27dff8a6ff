"""KloudTalk, messages and calls: two clauses that contradict each other, and words that only look like an answer."""

from __future__ import annotations

import pytest
from talking import asked, kind, quoted, quotes, read_out, titles

from bot.launch import Parts

RECORDING = "recording how and when users interact"


@pytest.mark.parametrize(
    "question",
    [
        "Do you share my data?",
        "Do you share my data with third parties?",
        "Do you share my information with others?",
        "Do you give my data to partners?",
        "Is my data shared with anybody?",
        "Do you keep my information confidential?",
    ],
)
def test_sharing_is_a_contradiction_with_both_sides_quoted(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "conflict" and "contradicts itself" in reply.text
    sides = quoted(reply, "against")
    assert "We never share any information of service providers or end customers with any third-party" in sides
    assert "we may share some data with our trusted partners" in sides


def test_on_a_contradiction_a_person_can_be_asked(parts: Parts) -> None:
    assert "Ask the support team" in titles(asked(parts, "kloudtalk", "Do you share my data with third parties?"))


@pytest.mark.parametrize(
    "question",
    [
        "Do you store my messages?",
        "Do you keep my messages?",
        "Are my messages kept on your servers?",
        "How long do you keep undelivered messages?",
        "What happens to undelivered messages?",
    ],
)
def test_keeping_messages_depends_on_their_delivery(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "conditional" and "delivered" in reply.text
    branches = quoted(reply, "condition")
    assert "we do not retain your messages" in branches
    assert "in encrypted form on our servers for a period of 30 days" in branches


def test_asking_about_undelivered_messages_quotes_the_30_days_first(parts: Parts) -> None:
    reply = asked(parts, "kloudtalk", "What happens to undelivered messages?")
    assert "30 days" in quotes(reply)[0]["text"]


@pytest.mark.parametrize(
    "question",
    [
        "Do you record my calls?",
        "Are calls recorded?",
        "Are phone calls recorded?",
        "Do you record my conversations?",
        "recording",
    ],
)
def test_on_recording_calls_it_is_silent_whatever_the_word_recording_suggests(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "silent" and reply.answer["topic"] == "first_party_collection.calls_recordings"  # type: ignore[index]
    assert {quote["role"] for quote in quotes(reply)} == {"related"}
    assert RECORDING not in quoted(reply, "answer", "also")


@pytest.mark.parametrize(
    "question", ["How do I delete my data?", "How do I delete my account?", "How can I have my personal data removed?"]
)
def test_removal_needs_a_written_request(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert "upon receiving a written request from you" in quoted(reply, "answer", "exception")
    assert "gives no address for the request" in reply.answer["note"]  # type: ignore[index]
    assert "File a request: deletion" in titles(reply)


@pytest.mark.parametrize(
    "question", ["Where do I send the written request?", "What is your email address?", "How do I contact you?"]
)
def test_there_is_no_address_to_write_to(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "silent" and reply.answer["topic"] == "contact"  # type: ignore[index]
    assert "@" not in read_out(reply)


@pytest.mark.parametrize(
    "question",
    [
        "What happens when I delete my address book?",
        "Is there a backup of my address book?",
        "Is my address book backed up?",
    ],
)
def test_the_address_book_goes_at_once_and_has_no_backup(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "states"
    assert "does not have a backup" in quoted(reply, "answer")
    assert "deleted at once and on a permanent basis" in quoted(reply, "answer")


@pytest.mark.parametrize(
    "question",
    ["Do we re-use or sell collected data?", "Do you re-use or sell collected data?", "Do you sell my data?"],
)
def test_a_question_that_is_a_heading_is_answered_by_what_stands_under_it(parts: Parts, question: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "denies" and reply.text.startswith("No, ")
    assert "We do not resell any of our database." in quoted(reply, "answer")
    assert quotes(reply)[0]["section"] == "Do we re-use or sell collected data?"


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Do you collect data from children?", "specific_audiences.children"),
        ("Where can I complain?", "complaint"),
        ("Do you tell me about a data breach?", "data_security.breach"),
    ],
)
def test_what_the_policy_leaves_out_is_neither_a_yes_nor_a_no(parts: Parts, question: str, topic: str) -> None:
    reply = asked(parts, "kloudtalk", question)
    assert kind(reply) == "silent" and reply.answer["topic"] == topic  # type: ignore[index]
