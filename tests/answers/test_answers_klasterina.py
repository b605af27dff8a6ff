"""Klasterina, online courses: laws it names, an address it does not, and this very chat."""

from __future__ import annotations

import pytest
from talking import asked, kind, quoted, quotes, read_out, titles

from bot.launch import Parts


@pytest.mark.parametrize(
    "question",
    ["Do you comply with GDPR?", "Are you GDPR compliant?", "Does the CCPA apply?", "Do you follow the CCPA?"],
)
def test_the_laws_that_it_claims_to_follow_are_quoted(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert kind(reply) == "states"
    assert "GDPR for European users, CCPA for California residents" in quoted(reply, "answer")


@pytest.mark.parametrize(
    "question",
    [
        "How do I contact you?",
        "What is your email address?",
        "What is your postal address?",
        "How do I contact support?",
    ],
)
def test_contact_is_told_without_an_address(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert "contact channels provided on our platform" in quoted(reply, "answer")
    assert "gives no e-mail, phone or postal address" in reply.answer["note"]  # type: ignore[index]
    assert "@" not in read_out(reply)


@pytest.mark.parametrize(
    "question",
    [
        "How long do you keep my certificates?",
        "Are my transcripts kept after deletion?",
        "Do you keep certificates and transcripts after I delete my account?",
        "What happens to my certificates when I leave?",
    ],
)
def test_certificates_and_transcripts_may_be_kept_longer(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert kind(reply) == "conditional"
    assert "certificates and transcripts, may be retained longer for verification purposes" in quoted(reply, "answer")


@pytest.mark.parametrize("question", ["How do I delete my account?", "Can I delete my data?"])
def test_deletion_is_never_told_without_the_certificates(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert "may be retained longer" in quoted(reply, "answer", "exception")
    assert "File a request: deletion" in titles(reply)


@pytest.mark.parametrize(
    "question",
    [
        "Do you analyse this chat?",
        "Do you analyze this chat?",
        "What happens to this conversation?",
        "Is this chat recorded?",
        "Does this bot read my messages?",
        "What happens with what I type here?",
    ],
)
def test_it_says_of_this_very_chat_that_it_may_be_analysed(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert kind(reply) == "states"
    assert "These tools may analyze conversation content" in quoted(reply, "answer")


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Do you collect data from children?", "specific_audiences.children"),
        ("What is the minimum age?", "specific_audiences.children"),
        ("Do you transfer my data abroad?", "international_transfer"),
        ("Is my data sent to other countries?", "international_transfer"),
        ("Where can I complain to an authority?", "complaint"),
        ("How do I complain?", "complaint"),
        ("Do you sell my data?", "third_party_sharing.sale"),
    ],
)
def test_what_the_policy_leaves_out_is_neither_a_yes_nor_a_no(parts: Parts, question: str, topic: str) -> None:
    reply = asked(parts, "klasterina", question)
    assert kind(reply) == "silent" and reply.answer["topic"] == topic  # type: ignore[index]
    assert reply.text.startswith("The policy does not say")
    assert {quote["role"] for quote in quotes(reply)} == {"related"}
    assert "Ask the support team" in titles(reply)


def test_breaches_are_told_with_what_it_will_do(parts: Parts) -> None:
    reply = asked(parts, "klasterina", "What happens after a data breach?")
    assert "we'll notify you according to applicable laws" in quoted(reply, "answer")
