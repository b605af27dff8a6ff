"""Whatever is asked: quotes are the policy's own words, from that policy alone, and silence is never dressed up."""

from __future__ import annotations

import pytest
from talking import POLICIES, asked, kind, quotes, unstamped

from bot.desk import Reply
from bot.launch import Parts
from bot.rendering import plain_text

NAMES = {
    "classtime": "Classtime",
    "klantra": "Klantra",
    "klasso": "Klasso",
    "klasterina": "Klasterina",
    "kloudtalk": "KloudTalk",
}
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
Replies = dict[str, dict[str, Reply]]


@pytest.fixture(scope="module")
def replies(parts: Parts) -> Replies:
    """policy -> question -> reply, each asked in a conversation of its own."""
    return {policy: {question: asked(parts, policy, question) for question in QUESTIONS} for policy in POLICIES}


def test_there_are_forty_different_questions() -> None:
    assert len(set(QUESTIONS)) == 40


@pytest.mark.parametrize("policy", POLICIES)
def test_no_question_is_answered_from_another_companys_policy(parts: Parts, replies: Replies, policy: str) -> None:
    current = parts.knowledge.get(policy).current
    for question, reply in replies[policy].items():
        for quote in quotes(reply):
            assert (quote["policy"], quote["version"]) == (policy, current.version), question
            assert quote["url"] == f"/p/{policy}/{current.version}#{quote['clause']}"
            assert current.clause(quote["clause"]) is not None


@pytest.mark.parametrize("policy", POLICIES)
def test_every_quote_is_the_source_between_start_and_end(parts: Parts, replies: Replies, policy: str) -> None:
    source = parts.knowledge.get(policy).current.source
    shown = [quote for reply in replies[policy].values() for quote in quotes(reply)]
    assert len(shown) >= 40
    assert [quote for quote in shown if quote["text"] != source[quote["start"] : quote["end"]]] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_quotes_reach_a_person_byte_for_byte(replies: Replies, policy: str) -> None:
    for reply in replies[policy].values():
        for quote in quotes(reply):
            assert f"“{quote['text']}”" in plain_text(reply)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_related_quote_is_shown_just_where_the_policy_is_silent(replies: Replies, policy: str) -> None:
    assert "silent" in {kind(reply) for reply in replies[policy].values()}
    for question, reply in replies[policy].items():
        roles = [quote["role"] for quote in quotes(reply)]
        assert roles == ["related"] if kind(reply) == "silent" else "related" not in roles, question


@pytest.mark.parametrize("policy", POLICIES)
def test_silence_is_said_with_a_way_to_a_person_and_without_steps(replies: Replies, policy: str) -> None:
    silent = [reply for reply in replies[policy].values() if kind(reply) == "silent"]
    for reply in silent:
        assert reply.text.startswith("The policy does not say")
        assert reply.buttons[0].payload == '/request{"right": "question"}'
        assert reply.answer is not None and not reply.answer["steps"] and not reply.answer["note"]
        assert "The nearest passage, which is NOT an answer:" in plain_text(reply)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_no_is_only_said_where_the_policy_denies(replies: Replies, policy: str) -> None:
    for question, reply in replies[policy].items():
        assert reply.text.startswith("No, ") == (kind(reply) == "denies"), question


@pytest.mark.parametrize("policy", POLICIES)
def test_every_question_gets_an_answer_and_files_nothing(replies: Replies, policy: str) -> None:
    assert [question for question, reply in replies[policy].items() if reply.answer is None or reply.request] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reply_names_its_own_company_alone(replies: Replies, policy: str) -> None:
    others = [name for other, name in NAMES.items() if other != policy]
    for question, reply in replies[policy].items():
        assert [name for name in others if name in plain_text(reply)] == [], question


@pytest.mark.parametrize("policy", POLICIES)
def test_naming_another_company_changes_nothing(parts: Parts, policy: str) -> None:
    for name in NAMES.values():
        reply = asked(parts, policy, f"Does {name} record calls?")
        assert {quote["policy"] for quote in quotes(reply)} == {policy}
        assert kind(reply) == ("denies" if policy == "klasso" else "silent")


def test_the_same_question_gets_the_same_answer(parts: Parts, replies: Replies) -> None:
    question = "How long do you keep my data?"
    assert unstamped(asked(parts, "klasterina", question)) == unstamped(replies["klasterina"][question])
