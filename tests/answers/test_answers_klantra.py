"""Klantra, a CRM with a mobile app: two parts that say different things."""

from __future__ import annotations

import pytest
from talking import asked, kind, quoted, quotes, titles

from bot.launch import Parts

APP = "This app does not collect, store, or share any personal information"


@pytest.mark.parametrize(
    "question",
    [
        "What personal data do you collect?",
        "Do you collect my name?",
        "Do you collect my email address?",
        "Do you collect my IP address?",
        "Do you collect my billing information?",
        "Does the mobile app collect personal data?",
        "What does the website collect?",
    ],
)
def test_what_is_collected_depends_on_app_or_web_and_both_are_quoted(parts: Parts, question: str) -> None:
    reply = asked(parts, "klantra", question)
    assert kind(reply) == "conditional" and "mobile app or the web service" in reply.text
    labels = {quote["label"]: " ".join(quote["text"].split()) for quote in quotes(reply, "condition")}
    assert set(labels) == {"the mobile app", "the web service"}
    assert APP in labels["the mobile app"]
    assert "you may provide:" in labels["the web service"] or "automatically collect:" in labels["the web service"]


def test_name_email_ip_and_billing_of_the_web_part_are_all_quoted(parts: Parts) -> None:
    words = quoted(asked(parts, "klantra", "What personal data do you collect?"))
    for named in ("Name", "Email address", "IP address", "Billing information"):
        assert named in words


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("Does the mobile app collect personal data?", "the mobile app"),
        ("What does the website collect?", "the web service"),
    ],
)
def test_the_part_that_is_asked_about_comes_first(parts: Parts, question: str, label: str) -> None:
    assert quotes(asked(parts, "klantra", question))[0]["label"] == label


@pytest.mark.parametrize(
    "question",
    [
        "How old must I be?",
        "What is the minimum age?",
        "What is the age limit?",
        "Do you collect data from children?",
        "Can children use Klantra?",
    ],
)
def test_the_two_ages_contradict_each_other(parts: Parts, question: str) -> None:
    reply = asked(parts, "klantra", question)
    assert kind(reply) == "conflict" and "contradicts itself" in reply.text
    assert "under the age of 13" in quoted(reply, "against") and "under the age of 18" in quoted(reply, "against")
    assert "Ask the support team" in titles(reply)


@pytest.mark.parametrize(
    "question",
    ["How do I contact you?", "What is your email address?", "Which email do I write to?", "Who can I contact?"],
)
def test_the_two_addresses_are_both_quoted(parts: Parts, question: str) -> None:
    reply = asked(parts, "klantra", question)
    assert kind(reply) == "conflict"
    sides = quoted(reply, "against")
    assert "klantrateam@gmail.com" in sides and "ataraxydevelopers.apps@gmail.com" in sides


@pytest.mark.parametrize(
    "question",
    [
        "Who is responsible for my clients' data?",
        "Are you a processor for my clients' data?",
        "Are you the data controller?",
    ],
)
def test_it_is_only_the_processor_of_its_clients_data(parts: Parts, question: str) -> None:
    reply = asked(parts, "klantra", question)
    assert reply.answer is not None and reply.answer["topic"] == "controller_role"
    assert "Klantra acts only as a data processor for client data you upload." in quoted(reply)


@pytest.mark.parametrize(
    "question",
    ["What happens in a data breach?", "Will you tell me about a data breach?", "Do you notify me of a data breach?"],
)
def test_after_a_breach_users_are_told_when_required(parts: Parts, question: str) -> None:
    reply = asked(parts, "klantra", question)
    assert kind(reply) == "conditional"
    assert "Notify affected users when required" in quoted(reply, "answer")


def test_selling_and_renting_is_denied(parts: Parts) -> None:
    reply = asked(parts, "klantra", "Do you sell my data?")
    assert kind(reply) == "denies" and "We do not sell or rent your personal data." in quoted(reply, "answer")


def test_deletion_is_told_for_the_app_and_for_the_web(parts: Parts) -> None:
    reply = asked(parts, "klantra", "How do I delete my account?")
    assert kind(reply) == "conditional"
    assert "uninstalling the app" in quoted(reply, "condition")
    assert "subject to legal" in quoted(reply, "condition", "exception")
