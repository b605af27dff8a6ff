"""Whatever is asked: quotes are the policy's own words, from that policy alone, and silence is never dressed up."""

from __future__ import annotations

import pytest
from talking import POLICIES, asked, kind, quotes

from bot.launch import Parts
from bot.rendering import plain_text

NAMES = {"classtime": "Classtime", "klantra": "Klantra", "klasso": "Klasso", "klasterina": "Klasterina", "kloudtalk": "KloudTalk"}
QUESTIONS = [
    "What do you collect about me?",
    "Do you know where I am?",
    "Do you read my messages?",
    "Do you record calls?",
    "Do you use cookies?",
    "Do you show ads?",
    "Do you sell my data?",
    "Who gets my data?",
    "Do you share data with the police?",
    "What happens if the company is sold?",
    "Which service providers do you use?",
    "What can other users see of me?",
    "Where is my data stored?",
    "Do you send data to other countries?",
    "Is my data encrypted?",
    "Is my data safe with you?",
    "Which employees can see my data?",
    "Do you anonymise data?",
    "What happens after a data breach?",
    "How long do you keep my data?",
    "How do I delete my account?",
    "Can I get a copy of my data?",
    "How do I correct my data?",
    "Can I take my data to another service?",
    "Can I object to the use of my data?",
    "How do I stop the newsletter?",
    "How do I withdraw my consent?",
    "Why do you need the camera?",
    "Do you upload my phone book?",
    "Is this for children?",
    "I live in California. What are my rights?",
    "I live in Germany. Does the GDPR protect me?",
    "Who is the data controller?",
    "Do you respond to Do Not Track?",
    "When did the policy change last?",
    "How do I contact you?",
    "Where can I complain?",
    "Which company runs this?",
    "What is the legal basis?",
    "Do you make automated decisions about me?",
]


def test_there_are_forty_different_questions() -> None:
    assert len(set(QUESTIONS)) == 40


@pytest.mark.parametrize("policy", POLICIES)
def test_no_question_is_answered_from_another_companys_policy(parts: Parts, policy: str) -> None:
    current = parts.knowledge.get(policy).current
    for question in QUESTIONS:
        for quote in quotes(asked(parts, policy, question)):
            assert (quote["policy"], quote["version"]) == (policy, current.version), question
            assert quote["url"] == f"/p/{policy}/{current.version}#{quote['clause']}"
            assert current.clause(quote["clause"]) is not None


@pytest.mark.parametrize("policy", POLICIES)
def test_every_quote_is_the_source_between_start_and_end(parts: Parts, policy: str) -> None:
    source = parts.knowledge.get(policy).current.source
    shown = [quote for question in QUESTIONS for quote in quotes(asked(parts, policy, question))]
    assert len(shown) >= 40
    assert [quote for quote in shown if quote["text"] != source[quote["start"] : quote["end"]]] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_quotes_reach_a_person_byte_for_byte(parts: Parts, policy: str) -> None:
    for question in QUESTIONS:
        reply = asked(parts, policy, question)
        for quote in quotes(reply):
            assert f"“{quote['text']}”" in plain_text(reply)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_related_quote_is_shown_just_where_the_policy_is_silent(parts: Parts, policy: str) -> None:
    replies = [asked(parts, policy, question) for question in QUESTIONS]
    silent = [reply for reply in replies if kind(reply) == "silent"]
    assert silent
    for reply in replies:
        roles = [quote["role"] for quote in quotes(reply)]
        assert roles == ["related"] if kind(reply) == "silent" else "related" not in roles


@pytest.mark.parametrize("policy", POLICIES)
def test_silence_is_said_with_a_way_to_a_person_and_without_steps(parts: Parts, policy: str) -> None:
    for question in QUESTIONS:
        reply = asked(parts, policy, question)
        if kind(reply) == "silent":
            assert reply.text.startswith("The policy does not say")
            assert reply.buttons[0].payload == '/request{"right": "question"}'
            assert reply.answer is not None and not reply.answer["steps"] and not reply.answer["note"]
            assert "The nearest passage, which is NOT an answer:" in plain_text(reply)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_no_is_only_said_where_the_policy_denies(parts: Parts, policy: str) -> None:
    for question in QUESTIONS:
        reply = asked(parts, policy, question)
        assert reply.text.startswith("No, ") == (kind(reply) == "denies"), question


@pytest.mark.parametrize("policy", POLICIES)
def test_asking_files_nothing(parts: Parts, policy: str) -> None:
    assert [question for question in QUESTIONS if asked(parts, policy, question).request] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reply_names_its_own_company_alone(parts: Parts, policy: str) -> None:
    others = [name for other, name in NAMES.items() if other != policy]
    for question in QUESTIONS:
        shown = plain_text(asked(parts, policy, question))
        assert [name for name in others if name in shown] == [], question


@pytest.mark.parametrize("policy", POLICIES)
def test_naming_another_company_changes_nothing(parts: Parts, policy: str) -> None:
    for name in NAMES.values():
        reply = asked(parts, policy, f"Does {name} record calls?")
        assert {quote["policy"] for quote in quotes(reply)} == {policy}
        assert kind(reply) == ("denies" if policy == "klasso" else "silent")


def test_the_same_question_gets_the_same_answer(parts: Parts) -> None:
    first, second = (asked(parts, "klasterina", "How long do you keep my data?") for _ in range(2))
    assert first == second


def test_a_question_in_another_language_is_not_answered_with_something_else(parts: Parts) -> None:
    reply = asked(parts, "classtime", "Ich möchte wissen, welche Daten gespeichert werden")
    assert kind(reply) in ("", "silent") or "we collect" in " ".join(q["text"] for q in quotes(reply, "answer"))
