"""Klasso, video calls for schools: what a reader of its policy would answer, and what nobody may read into it."""

from __future__ import annotations

import pytest
from talking import asked, kind, quoted, quotes, read_out, titles

from bot.launch import Parts

STEPS = [
    "Open the Klasso app.",
    "Log in to your account.",
    "Go to the Settings or Profile tab in the bottom navigation menu.",
    "Scroll to the bottom.",
    "Select Delete Account.",
    "Confirm your choice.",
]


@pytest.mark.parametrize(
    "question",
    [
        "Do you record calls?",
        "Are video calls recorded?",
        "Do you keep recordings of meetings?",
        "Are my video calls stored on your servers?",
        "does klasso save the video of parent teacher meetings",
        "recording",
    ],
)
def test_recording_and_storing_calls_is_denied_in_so_many_words(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasso", question)
    assert kind(reply) == "denies" and reply.text.startswith("No, ")
    assert "does not record, store, or share your video or audio streams" in quoted(reply, "answer")


def test_sharing_video_with_third_parties_is_denied(parts: Parts) -> None:
    reply = asked(parts, "klasso", "Do you share my video with third parties?")
    assert kind(reply) == "denies" and reply.text.startswith("No, ")
    assert "share your video or audio streams with any third parties" in quoted(reply, "answer")


DELETION = [
    "How do I delete my account?",
    "How do I delete my account",
    "What are the steps to delete my account?",
    "How can I get my account removed?",
]


@pytest.mark.parametrize("question", DELETION)
def test_deletion_is_explained_in_six_steps(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasso", question)
    assert kind(reply) == "states"
    assert reply.answer is not None and reply.answer["steps"] == STEPS
    assert "Scroll to the bottom and select the Delete Account option." in quoted(reply)


@pytest.mark.parametrize("question", [*DELETION, "Can I delete my account?", "What happens when I delete my account?"])
def test_deletion_is_never_told_without_the_legal_logs_and_the_school_administrator(
    parts: Parts, question: str
) -> None:
    reply = asked(parts, "klasso", question)
    assert "required legal logs" in quoted(reply, "exception", "answer")
    assert "you may contact your school administrator directly" in quoted(reply)
    assert "school administrator" in reply.answer["note"]  # type: ignore[index]


@pytest.mark.parametrize("question", DELETION)
def test_after_the_steps_a_button_files_the_request(parts: Parts, question: str) -> None:
    assert "File a request: deletion" in titles(asked(parts, "klasso", question))


@pytest.mark.parametrize("question", DELETION)
def test_asking_how_deletion_works_files_nothing(parts: Parts, question: str) -> None:
    assert asked(parts, "klasso", question).request is None


@pytest.mark.parametrize(
    "question",
    [
        "How do I contact you?",
        "What is your email address?",
        "Whom do I contact with questions?",
        "How can I contact support?",
    ],
)
def test_contact_is_the_school_administrator_or_the_support_team_and_no_address(parts: Parts, question: str) -> None:
    reply = asked(parts, "klasso", question)
    assert "contact your school administrator or reach out to our support team" in quoted(reply, "answer")
    assert "gives no e-mail address" in reply.answer["note"]  # type: ignore[index]
    assert "@" not in read_out(reply)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Do you use cookies?", "first_party_collection.cookies"),
        ("cookies", "first_party_collection.cookies"),
        ("How do you protect my data?", "data_security"),
        ("What security measures do you have?", "data_security"),
        ("Is my data encrypted?", "data_security.encryption"),
        ("Do you collect data from children?", "specific_audiences.children"),
        ("Are children under 13 allowed?", "specific_audiences.children"),
        ("What happens if there is a data breach?", "data_security.breach"),
        ("Do you tell me about a data breach?", "data_security.breach"),
        ("Do you transfer my data abroad?", "international_transfer"),
        ("Is my data sent to other countries?", "international_transfer"),
        ("Where can I complain?", "complaint"),
        ("How do I make a complaint to an authority?", "complaint"),
        ("Do you sell my data?", "third_party_sharing.sale"),
    ],
)
def test_what_the_policy_leaves_out_is_neither_a_yes_nor_a_no(parts: Parts, question: str, topic: str) -> None:
    reply = asked(parts, "klasso", question)
    assert kind(reply) == "silent" and reply.answer["topic"] == topic  # type: ignore[index]
    assert reply.text.startswith("The policy does not say")
    assert {quote["role"] for quote in quotes(reply)} == {"related"}
    assert "Ask the support team" in titles(reply)
