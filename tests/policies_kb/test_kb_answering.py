"""An answer is made of spans of one policy; its kind follows from what the clauses say and what a person marked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kb_texts import POLICIES, clause_with, made_up, profile_of, tools, version_of

from policies_kb.answering import MOST_QUOTES, AnswerKind, Role, answer, further, main_topic
from policies_kb.encoder import NullEncoder
from policies_kb.ledger import ledger_table
from policies_kb.lexical import LexicalIndex, words
from policies_kb.model import Clause, Stance, TopicLabel
from policies_kb.profile import Conflict, Profile
from policies_kb.ranking import PolicyIndex, label_matrix, related_topics
from policies_kb.topics import Topic

ACME = Profile(policy="acme", name="Acme", current="1")
SOURCE = """Sale
We never sell your data to anybody, whatever they may offer for it.

Sharing
We share your data with couriers, because they need to find your door.

Marketing
We write to you about offers once a month, unless you tell us to stop.
"""


def index_of(labels: dict[str, tuple[Topic, Stance]], source: str = SOURCE) -> PolicyIndex:
    """A policy whose clauses a person labelled: words of a clause -> its topic and stance."""
    version = made_up(source)
    clauses = tuple(_labelled(clause, labels) for clause in version.clauses)
    return PolicyIndex(replace(version, clauses=clauses), NullEncoder(), NullEncoder())


def _labelled(clause: Clause, labels: dict[str, tuple[Topic, Stance]]) -> Clause:
    topic, stance = next(value for key, value in labels.items() if key in clause.text)
    return replace(clause, labels=(TopicLabel(topic, 1, 1.0),), stances={topic: stance}, reviewed=True)


LABELS = {
    "never sell": (Topic.SALE, Stance.DENIES),
    "couriers": (Topic.SHARING, Stance.STATES),
    "unless": (Topic.MARKETING, Stance.CONDITIONAL),
}


@pytest.mark.parametrize(
    ("topic", "kind", "quoted"),
    [
        (Topic.SALE, AnswerKind.DENIES, "never sell"),
        (Topic.SHARING, AnswerKind.STATES, "couriers"),
        (Topic.MARKETING, AnswerKind.CONDITIONAL, "unless"),
    ],
)
def test_the_kind_of_an_answer_is_how_its_clause_speaks(topic: Topic, kind: AnswerKind, quoted: str) -> None:
    found = answer(index_of(LABELS), ACME, "what about it?", {topic: 1.0})
    assert found.kind is kind and found.topic is topic
    assert quoted in found.quotes[0].clause.text and found.quotes[0].role is Role.ANSWER


def test_a_topic_without_a_clause_is_silent_with_one_related_quote() -> None:
    found = answer(index_of(LABELS), ACME, "do you use cookies?", {Topic.COOKIES: 1.0})
    assert found.kind is AnswerKind.SILENT and found.topic is Topic.COOKIES
    assert [quote.role for quote in found.quotes] == [Role.RELATED]
    assert found.steps == () and found.note == ""


def test_a_contradiction_shows_both_sides_with_its_note() -> None:
    index = index_of(LABELS)
    sides = tuple(clause.id for clause in index.clauses[:2])
    profile = replace(ACME, conflicts=(Conflict((Topic.SALE, Topic.SHARING), sides, "They disagree."),))
    found = answer(index, profile, "do you pass data on?", {Topic.SHARING: 0.6, Topic.SALE: 0.4})
    assert found.kind is AnswerKind.CONFLICT and found.note == "They disagree."
    assert {quote.clause.id for quote in found.quotes if quote.role is Role.AGAINST} == set(sides)


def test_a_contradiction_on_another_topic_stays_out_of_an_answer() -> None:
    index = index_of(LABELS)
    profile = replace(ACME, conflicts=(Conflict((Topic.SALE,), tuple(c.id for c in index.clauses[:2]), ""),))
    assert answer(index, profile, "newsletter?", {Topic.MARKETING: 1.0}).kind is AnswerKind.CONDITIONAL


@pytest.mark.parametrize("policy", POLICIES)
def test_an_answer_on_any_topic_quotes_its_own_policy_byte_for_byte(policy: str) -> None:
    source = version_of(policy).source
    for topic in Topic:
        found = tools().knowledge.answer(policy, topic.phrase, {topic: 1.0})
        for quote in found.quotes:
            assert quote.policy == policy and quote.clause.text == quote.span.of(source)
            assert quote.path == f"/p/{policy}/{profile_of(policy).current}#{quote.clause.id}"
        assert len({quote.clause.id for quote in found.quotes}) == len(found.quotes)


@pytest.mark.parametrize("policy", POLICIES)
def test_an_answer_is_silent_just_where_the_ledger_is(policy: str) -> None:
    table = ledger_table([(profile_of(policy), version_of(policy))])
    for topic in Topic:
        found = tools().knowledge.answer(policy, topic.phrase, {topic: 1.0})
        assert (found.kind is AnswerKind.SILENT) == (table[topic.value][policy] == "silent"), topic


@pytest.mark.parametrize("policy", POLICIES)
def test_a_related_quote_stands_in_a_silent_answer_and_nowhere_else(policy: str) -> None:
    for topic in Topic:
        found = tools().knowledge.answer(policy, topic.phrase, {topic: 1.0})
        roles = {quote.role for quote in found.quotes}
        assert roles == {Role.RELATED} if found.kind is AnswerKind.SILENT else Role.RELATED not in roles, topic


@pytest.mark.parametrize("policy", POLICIES)
def test_more_never_repeats_what_the_answer_quoted(policy: str) -> None:
    bound = tools().knowledge.get(policy)
    for topic in Topic:
        shown = answer(bound.index, bound.profile, topic.phrase, {topic: 1.0}).quotes
        rest = further(bound.index, topic.phrase, {topic: 1.0}, {quote.clause.id for quote in shown})
        assert not {quote.clause.id for quote in shown} & {quote.clause.id for quote in rest}
        assert len(rest) <= 3 < MOST_QUOTES


def test_steps_stand_with_the_exception_that_belongs_to_them() -> None:
    found = tools().knowledge.answer("klasso", "how do I delete my account", {Topic.DELETION: 1.0})
    assert len(found.steps) == 6 and "school administrator" in found.note
    exceptions = [quote.clause for quote in found.quotes if quote.role is Role.EXCEPTION]
    assert exceptions == [clause_with(version_of("klasso"), "required legal logs")]


@pytest.mark.parametrize(
    ("question", "label"), [("in the app?", "the mobile app"), ("on the website?", "the web service")]
)
def test_the_branch_that_a_question_names_comes_first(question: str, label: str) -> None:
    found = tools().knowledge.answer("klantra", f"what do you collect {question}", {Topic.COLLECTION: 1.0})
    assert found.kind is AnswerKind.CONDITIONAL and found.condition
    assert [q.label for q in found.quotes if q.role is Role.CONDITION][0] == label


def test_the_items_of_a_quoted_list_come_without_their_marks() -> None:
    found = tools().knowledge.answer("classtime", "what are my rights", {Topic.RIGHTS: 1.0})
    (rights,) = [quote for quote in found.quotes if "following rights" in quote.clause.text]
    assert len(rights.item_texts()) == 6 and rights.item_texts()[0] == "Right to access your personal data,"


def test_a_question_without_a_topic_still_gets_quotes_of_that_policy() -> None:
    found = tools().knowledge.answer("klasso", "blue", {})
    assert found.quotes and {quote.policy for quote in found.quotes} == {"klasso"}


def test_the_main_topic_is_the_one_with_the_largest_share() -> None:
    assert main_topic({Topic.SALE: 0.3, Topic.CONTACT: 0.6}) is Topic.CONTACT
    assert main_topic({}) is Topic.COLLECTION


def test_a_policy_without_clauses_is_silent() -> None:
    found = answer(PolicyIndex(made_up(""), NullEncoder(), NullEncoder()), ACME, "do you sell?", {Topic.SALE: 1.0})
    assert found.kind is AnswerKind.SILENT and found.quotes == ()


def test_words_are_compared_by_their_stems_without_filler() -> None:
    assert words("Do you share the cookies?") == words("sharing cookie")


def test_typing_errors_are_mended_towards_the_policys_own_words() -> None:
    index = LexicalIndex(["We use cookies on every page.", "We sell nothing."])
    scores, share = index.scores("do you use coookies")
    assert scores[0] > scores[1] == 0
    assert share.tolist() == [1.0, 0.0]


def test_words_that_no_clause_has_score_nothing() -> None:
    scores, share = LexicalIndex(["We use cookies."]).scores("zebra")
    assert scores.tolist() == share.tolist() == [0.0]


def test_every_label_finds_its_place_in_the_matrix() -> None:
    clauses = version_of("klasso").clauses
    matrix = label_matrix(clauses, list(Topic))
    assert [(row > 0).sum() for row in matrix] == [len(clause.labels) for clause in clauses]


def test_topics_are_related_to_those_above_and_below_them_only() -> None:
    related = related_topics(list(Topic))
    place = {topic: number for number, topic in enumerate(Topic)}
    assert (
        related[place[Topic.COOKIES], place[Topic.COLLECTION]]
        == related[place[Topic.COLLECTION], place[Topic.COOKIES]]
        == 1
    )
    assert (
        related[place[Topic.COOKIES], place[Topic.LOCATION]] == related[place[Topic.COOKIES], place[Topic.COOKIES]] == 0
    )
