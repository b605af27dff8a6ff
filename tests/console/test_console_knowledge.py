"""Knowledge: every policy with what is wrong with it, the clauses as people see them, and where it is silent."""

from __future__ import annotations

import re

import pytest
from desk_room import Room, words_of
from staff_people import Clock, Person

from console.house import House
from console.pages.knowledge import KIND_MEANINGS, KIND_WORDS, families
from pii.redacted import Redacted
from policies_kb.answering import AnswerKind
from policies_kb.ledger import ledger_table
from policies_kb.lint import findings as lint
from policies_kb.topics import Topic
from tickets.vocabulary import Finding, Role


@pytest.fixture
def viewer(house: House, clock: Clock) -> Person:
    return Room(house, clock).enter(Role.VIEWER)


def test_every_kind_of_answer_on_a_topic_has_a_word_of_its_own(house: House) -> None:
    table = ledger_table(
        [(house.knowledge.get(name).profile, house.knowledge.get(name).current) for name in ("klasso",)]
    )
    kinds = {kinds["klasso"] for kinds in table.values()} | {"states", "denies", "conditional", "conflict", "silent"}
    assert kinds == set(KIND_WORDS) == set(KIND_MEANINGS) and kinds <= {kind.value for kind in AnswerKind}
    assert len(set(KIND_WORDS.values())) == len(KIND_WORDS)


def test_a_list_of_topics_holds_each_once_and_a_family_begins_with_its_head() -> None:
    listed = [topic for _, members in families() for topic in members]
    assert sorted(listed) == sorted(Topic) and len(listed) == len(set(listed))
    assert all(members[0].parent is None and members[0].phrase == head for head, members in families())
    assert all(topic.parent in (None, members[0]) for _, members in families() for topic in members)


def test_the_map_says_in_words_what_the_ledger_says(viewer: Person, house: House) -> None:
    page = viewer.get("/knowledge").text
    policies = [house.knowledge.get(name) for name in house.knowledge.ids]
    table = ledger_table([(policy.profile, policy.current) for policy in policies])
    rows = dict(re.findall(r'<th scope="row"[^>]*title="[^"]*">([^<]+)</th>(.*?)</tr>', page, re.DOTALL))
    for name, kinds in table.items():
        shown = re.findall(r'class="kind (\w+)"[^>]*>([^<]+)<', rows[Topic(name).phrase.replace("'", "&#39;")])
        assert shown == [(kind, KIND_WORDS[kind]) for kind in kinds.values()]
    assert len(rows) == len(table)


def test_each_policy_is_listed_with_what_is_wrong_and_what_is_open(viewer: Person, house: House, clock: Clock) -> None:
    house.findings.note("klasso", "2026-04", Finding.SILENT, "", Redacted("do you share it"), clock())
    page = words_of(viewer.get("/knowledge").text)
    kloudtalk = house.knowledge.get("kloudtalk")
    wrong = len(lint(kloudtalk.current, kloudtalk.profile))
    assert (
        wrong > 1
        and f"KloudTalk {kloudtalk.current.version} {len(kloudtalk.current.clauses)} GDPR {wrong} findings" in page
    )
    assert re.search(r"Klasso 2026-04 \d+ none 1 finding in Klasso \d+ of \d+ topics 1 open questions", page)


def test_a_policy_shows_every_clause_with_a_link_to_where_people_see_it(viewer: Person, house: House) -> None:
    version = house.knowledge.get("klantra").current
    page = viewer.get("/knowledge/klantra").text
    for clause in version.clauses:
        assert f'href="{house.settings.public_url}/p/klantra/{version.version}#{clause.id}"' in page
    assert words_of(page).count("labelled by a person") == sum(clause.reviewed for clause in version.clauses)
    assert "Ages differ" in page and "Several contact addresses" in page and "depends" in page


def test_narrowed_to_a_topic_it_shows_the_clauses_on_it_the_best_first(viewer: Person, house: House) -> None:
    topic, version = Topic.SHARING, house.knowledge.get("kloudtalk").current
    page = viewer.get(f"/knowledge/kloudtalk?topic={topic.value}").text.split('id="clauses"')[1]
    shown = re.findall(rf"/{version.version}#([\w.-]+)\"", page)
    ranks = {clause.id: clause.rank_of(topic) for clause in version.clauses if clause.rank_of(topic)}
    assert set(shown) == set(ranks) and 0 < len(ranks) < len(version.clauses)
    assert [ranks[name] for name in shown] == sorted(ranks.values())  # type: ignore[type-var]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/klasso?version=1", "/klasso?topic=everything", "/%3Cscript%3E", "/..%2Fklasso"]
)
def test_what_is_not_there_is_said_so(viewer: Person, path: str) -> None:
    answer = viewer.get(f"/knowledge{path}")
    assert answer.status_code == 404 and "<script>" not in answer.text
