"""Classtime, a learning platform in the USA: numbers, a section that is missing, and whom to ask."""

from __future__ import annotations

import pytest
from talking import asked, kind, quoted, read_out, titles

from bot.launch import Parts

PROMOTION = "Дистанційне"


@pytest.mark.parametrize(
    "question",
    [
        "How long do you keep my data?",
        "How long is my data kept after I delete my account?",
        "When is my data deleted after I close my account?",
        "how many months until my account data is gone",
    ],
)
def test_six_months_after_deletion_is_quoted(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) == "states"
    assert "deleted 6 months after deletion of the corresponding account" in quoted(reply)


def test_asking_how_to_delete_tells_that_it_takes_six_months(parts: Parts) -> None:
    reply = asked(parts, "classtime", "How do I delete my account?")
    assert "6 months after deletion" in quoted(reply)


@pytest.mark.parametrize(
    "question", ["Do you respond to Do Not Track?", "Do you honour Do Not Track signals?", "do you respect DNT?"]
)
def test_do_not_track_is_denied(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) == "denies" and reply.text.startswith("No, ")
    assert quoted(reply, "answer") == "We do not respond to Do Not Track (DNT) signals."


@pytest.mark.parametrize(
    "question",
    ["Do you sell my data?", "Do you rent or sell personal data?", "Do you rent my personal data?", "is my data sold"],
)
def test_renting_and_selling_is_denied(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) == "denies" and reply.text.startswith("No, ")
    assert "We do not rent or sell your personal data to third parties." in quoted(reply, "answer")


@pytest.mark.parametrize(
    "question", ["What are my rights?", "What rights do I have?", "Which rights do I have over my data?"]
)
def test_all_six_rights_are_quoted_one_by_one(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) == "conditional"
    assert reply.answer is not None
    (rights,) = [quote for quote in reply.answer["quotes"] if "following rights" in quote["text"]]
    assert len(rights["items"]) == 6
    for word in ("access", "rectified", "erasure", "restrict", "portability", "object"):
        assert word in rights["text"]


@pytest.mark.parametrize(
    "question", ["What are my rights?", "How do I delete my account?", "How do I get a copy of my data?"]
)
def test_rights_depend_on_the_schools_licence(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) == "conditional" and "school or employer" in reply.text
    assert "contact your school/employer/institution/teacher" in quoted(reply, "condition")
    assert "team@classtime.com" in quoted(reply)


@pytest.mark.parametrize(
    "question",
    [
        "My school has a license, who do I ask about my data?",
        "I am a student invited by my teacher. How do I delete my data?",
        "I use Classtime through my school. How do I get my data deleted?",
    ],
)
def test_people_under_a_school_licence_are_sent_to_their_school_first(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert "please contact your school" in " ".join(reply.answer["quotes"][0]["text"].split())  # type: ignore[index]


@pytest.mark.parametrize(
    "question",
    ["What are the parents' rights?", "What rights do parents have?", "How can parents review their child's data?"],
)
def test_the_missing_section_8_is_told_and_the_rights_are_shown(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert "See section 8 for parent’s rights" in quoted(reply)
    assert 'a "section 8" that it does not have' in reply.answer["note"]  # type: ignore[index]
    assert "You have the following rights" in quoted(reply)


@pytest.mark.parametrize("question", ["Where is section 8?", "What does section 8 say?", "I cannot find section 8"])
def test_asking_for_section_8_tells_that_it_is_missing(parts: Parts, question: str) -> None:
    assert 'a "section 8" that it does not have' in read_out(asked(parts, "classtime", question))


@pytest.mark.parametrize(
    "question",
    [
        "Do you have a special offer for me?",
        "Is there any promotion or discount?",
        "Do you offer distance learning?",
        "Що таке дистанційне навчання?",
        "Дистанційне навчання: скористайтесь нашою спеціальною пропозицією для вас!",
    ],
)
def test_the_promotion_at_the_top_is_never_quoted(parts: Parts, question: str) -> None:
    assert PROMOTION not in quoted(asked(parts, "classtime", question))


def test_contact_is_quoted_with_its_address(parts: Parts) -> None:
    reply = asked(parts, "classtime", "What is your email address?")
    assert kind(reply) == "states" and "team@classtime.com" in quoted(reply, "answer")


@pytest.mark.parametrize(
    "question",
    [
        "How old must my child be?",
        "Do you collect data from children under 13?",
        "Who consents for my 10 year old son?",
    ],
)
def test_children_are_answered_from_the_clauses_on_those_under_13(parts: Parts, question: str) -> None:
    reply = asked(parts, "classtime", question)
    assert kind(reply) != "silent"
    assert "under 13" in quoted(reply, "answer", "condition")


def test_a_complaint_can_be_filed_from_the_answer(parts: Parts) -> None:
    reply = asked(parts, "classtime", "How do I complain?")
    assert kind(reply) == "states" and "If you are not satisfied" in quoted(reply, "answer")
    assert "File a request: complaint" in titles(reply)
