"""What the policies contradict, refer to in vain, or leave out: for the five exactly what a careful reader finds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from kb_texts import POLICIES, made_up, profile_of, version_of

from policies_kb import facts
from policies_kb.ledger import ledger_svg, ledger_table, ledger_text
from policies_kb.lint import FindingKind, findings
from policies_kb.profile import Profile
from policies_kb.topics import Topic

TABLE = ledger_table([(profile_of(policy), version_of(policy)) for policy in POLICIES])
ACME = Profile(policy="acme", name="Acme", current="1")

FOUND = {
    "classtime": {(FindingKind.REFERENCE, "section 8 does not exist")},
    "klantra": {
        (FindingKind.AGES, "13 and 18"),
        (FindingKind.CONTACTS, "ataraxydevelopers.apps@gmail.com and klantrateam@gmail.com"),
    },
    "klasso": {(FindingKind.NO_CONTACT, "the policy names no e-mail address")},
    "klasterina": {(FindingKind.NO_CONTACT, "the policy names no e-mail address")},
    "kloudtalk": {
        (FindingKind.CONTRADICTION, "on sharing data with third parties"),
        (FindingKind.CONTRADICTION, "on the service providers that handle data"),
        (FindingKind.NO_CONTACT, "the policy names no e-mail address"),
    },
}
SILENT = {
    "klasso": [
        Topic.COOKIES, Topic.SECURITY, Topic.ENCRYPTION, Topic.CHILDREN, Topic.BREACH, Topic.TRANSFER, Topic.COMPLAINT,
    ],
    "classtime": [Topic.CALLS, Topic.BREACH],
    "klasterina": [Topic.CHILDREN, Topic.TRANSFER, Topic.COMPLAINT, Topic.CALLS, Topic.SALE],
    "kloudtalk": [Topic.CALLS, Topic.CONTACT, Topic.CHILDREN, Topic.COMPLAINT, Topic.BREACH],
    "klantra": [Topic.CALLS, Topic.LOCATION, Topic.DO_NOT_TRACK],
}  # fmt: skip
SAID = [
    ("klasso", Topic.CALLS, "denies"),
    ("klasso", Topic.DELETION, "states"),
    ("klasso", Topic.CONTACT, "states"),
    ("classtime", Topic.DO_NOT_TRACK, "denies"),
    ("classtime", Topic.SALE, "denies"),
    ("classtime", Topic.RIGHTS, "conditional"),
    ("classtime", Topic.RETENTION, "states"),
    ("klasterina", Topic.EUROPEANS, "states"),
    ("klasterina", Topic.CALIFORNIANS, "states"),
    ("klasterina", Topic.CHAT, "states"),
    ("kloudtalk", Topic.SHARING, "conflict"),
    ("kloudtalk", Topic.MESSAGES, "conditional"),
    ("kloudtalk", Topic.SALE, "denies"),
    ("klantra", Topic.COLLECTION, "conditional"),
    ("klantra", Topic.CHILDREN, "conflict"),
    ("klantra", Topic.CONTACT, "conflict"),
    ("klantra", Topic.CONTROLLER, "states"),
    ("klantra", Topic.BREACH, "conditional"),
    ("klantra", Topic.SALE, "denies"),
]  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
def test_the_lint_finds_what_is_wrong_with_a_policy_and_nothing_else(policy: str) -> None:
    found = {(finding.kind, finding.text) for finding in findings(version_of(policy), profile_of(policy))}
    assert found == FOUND[policy]


def test_kloudtalks_contradiction_shows_both_sides() -> None:
    (finding,) = [
        one for one in findings(version_of("kloudtalk"), profile_of("kloudtalk")) if one.text.startswith("on sharing")
    ]
    texts = " ".join(clause.text for clause in finding.clauses)
    assert "We never share any information" in texts and "we may share some data with our trusted partners" in texts


def test_klantras_two_ages_are_shown_with_their_clauses() -> None:
    (finding,) = [one for one in findings(version_of("klantra"), profile_of("klantra")) if one.kind is FindingKind.AGES]
    assert [facts.ages(clause.text) for clause in finding.clauses] == [(13,), (18,)]


def test_a_reference_to_a_section_that_is_there_is_no_finding() -> None:
    source = (
        "1. Data\nSee section 2 for how you delete what we collect about you.\n"
        "2. Deletion\nWrite to a@example.org and we delete all of it within a month.\n"
    )
    assert findings(made_up(source), ACME) == []


def test_a_reference_to_a_section_of_a_law_is_no_finding() -> None:
    source = "Rights\nYou have rights under section 7 of the Data Protection Act; write to a@example.org about them.\n"
    assert findings(made_up(source), ACME) == []


def test_the_same_age_and_the_same_address_twice_are_no_finding() -> None:
    source = (
        "Children\nNobody under 13 may use this. Parents of children under the age of 13 write to a@example.org.\n\n"
        "Contact\nFor everything else the address is a@example.org as well, every day.\n"
    )
    assert findings(made_up(source), ACME) == []


@pytest.mark.parametrize(
    ("policy", "topic"), [(policy, topic) for policy, topics in SILENT.items() for topic in topics]
)
def test_the_ledger_shows_where_a_policy_is_silent(policy: str, topic: Topic) -> None:
    assert TABLE[topic.value][policy] == "silent"


@pytest.mark.parametrize(("policy", "topic", "kind"), SAID)
def test_the_ledger_shows_how_a_policy_speaks(policy: str, topic: Topic, kind: str) -> None:
    assert TABLE[topic.value][policy] == kind


def test_the_ledger_has_every_topic_for_every_policy() -> None:
    assert set(TABLE) == {topic.value for topic in Topic}
    assert all(set(kinds) == set(POLICIES) for kinds in TABLE.values())


def test_the_ledgers_text_counts_the_silent_topics() -> None:
    lines = ledger_text(TABLE).splitlines()
    counts = [sum(kinds[policy] == "silent" for kinds in TABLE.values()) for policy in POLICIES]
    assert lines[0].split() == list(POLICIES)
    assert lines[-1].split() == ["silent", "on", *map(str, counts)]


def test_the_ledgers_picture_is_well_formed_and_tells_kinds_apart_without_colour() -> None:
    root = ET.fromstring(ledger_svg(TABLE))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(POLICIES) <= set(texts)
    assert {"✓", "✗", "?", "!"} <= set(texts)


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("children under 13", (13,)),
        ("under the age of 16", (16,)),
        ("at least 18 years old", (18,)),
        ("under 13 in the US, over 16 elsewhere", (13, 16)),
        ("at least 30 days", ()),
        ("13 servers", ()),
    ],
)
def test_ages_are_told_from_other_numbers(text: str, ages: tuple[int, ...]) -> None:
    assert facts.ages(text) == ages


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("deleted after 6 months", ("6 months",)),
        ("for a period of 30 days, or thirty days", ("30 days", "thirty days")),
        ("within 10 business days", ("10 business days",)),
        ("monitored 24/7", ()),
        ("every day", ()),
    ],
)
def test_periods_are_found_as_they_stand(text: str, periods: tuple[str, ...]) -> None:
    assert facts.periods(text) == periods
