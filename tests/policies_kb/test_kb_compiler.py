"""A text and a profile give the compiled clauses: always the same, complete, and refused where something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kb_texts import POLICIES, clause_with, made_up, profile_of, source_of, version_of

from policies_kb.compiler import MAX_SOURCE, clause_id, compile_policy, denies, dump, load, read_source
from policies_kb.errors import CompileError, SourceError
from policies_kb.facts import periods
from policies_kb.model import Stance
from policies_kb.profile import Case, ClauseLabel, Condition, Conflict, Help, Profile
from policies_kb.segment import Marks
from policies_kb.topics import Topic

TEXT = """Data
We collect your name, because it has to stand on the invoices.

Use
We never sell your name to anybody, and we never give it away either.
"""


@pytest.mark.parametrize("policy", POLICIES)
def test_compiling_twice_gives_the_same_bytes(policy: str) -> None:
    first, second = (
        dump(compile_policy(source_of(policy), profile_of(policy), profile_of(policy).current)) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("policy", POLICIES)
def test_a_compiled_policy_survives_being_written_and_read(policy: str) -> None:
    version = version_of(policy)
    assert load(dump(version), version.source, policy) == version


@pytest.mark.parametrize("policy", POLICIES)
def test_a_person_labelled_every_clause_of_a_shipped_policy(policy: str) -> None:
    unread = [clause.id for clause in version_of(policy).clauses if not clause.reviewed]
    assert unread == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_clause_is_a_span_of_its_source(policy: str) -> None:
    for clause in version_of(policy).clauses:
        assert clause.text == source_of(policy)[clause.span.start : clause.span.end]
        assert clause.text == clause.text.strip() != ""


@pytest.mark.parametrize("policy", POLICIES)
def test_ids_of_clauses_are_unique_and_can_stand_in_a_link(policy: str) -> None:
    ids = [clause.id for clause in version_of(policy).clauses]
    assert len(ids) == len(set(ids))
    assert all(character.isascii() and (character.isalnum() or character == "-") for name in ids for character in name)


def test_an_id_stays_while_other_text_moves_and_changes() -> None:
    preface = "Preface\nThis part is new, and it pushes everything that follows further down.\n\n"
    before, after = made_up(TEXT), made_up(preface + TEXT.replace("invoices", "letters"))
    assert clause_with(before, "never sell").id == clause_with(after, "never sell").id
    assert clause_with(before, "We collect").id != clause_with(after, "We collect").id


def test_an_id_does_not_depend_on_line_breaks() -> None:
    assert clause_id("We sell\n  nothing.") == clause_id("We sell nothing.")


def test_the_same_sentence_twice_has_two_ids() -> None:
    sentence = "We sell nothing that we know about you to anybody at all."
    first, second = made_up(f"One\n{sentence}\n\nTwo\n{sentence}\n").clauses
    assert second.id == f"{first.id}-2"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["We sell nothing.", "Contact us.", "•", "данні є", "Title", "- one", "\n"]), max_size=20)
)
def test_ids_are_unique_for_any_text(parts: list[str]) -> None:
    ids = [clause.id for clause in made_up("\n".join(parts)).clauses]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("marks", "named"),
    [
        (Marks(asides=frozenset({"Special offer"})), "Special offer"),
        (Marks(headings=frozenset({"Scope"})), "Scope"),
        (Marks(starts=("We also",)), "We also"),
    ],
    ids=["aside", "heading", "start"],
)
def test_a_profile_that_marks_a_line_the_text_lacks_is_refused(marks: Marks, named: str) -> None:
    with pytest.raises(CompileError, match=named):
        made_up(TEXT, marks)


WRONG = "no-such-clause-000000"


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {WRONG: ClauseLabel({Topic.SALE: 1}, {})}},
        {"conflicts": (Conflict((Topic.SALE,), (WRONG,), ""),)},
        {"conditions": (Condition((Topic.SALE,), "?", (Case("now", (WRONG,)),)),)},
        {"helps": (Help(Topic.SALE, (), "", (WRONG,)),)},
    ],
    ids=["labels", "conflicts", "conditions", "help"],
)
def test_a_profile_that_names_a_clause_the_text_lacks_is_refused(change: dict[str, object]) -> None:
    profile = replace(Profile(policy="acme", name="Acme", current="1"), **change)  # type: ignore[arg-type]
    with pytest.raises(CompileError, match=WRONG):
        compile_policy(TEXT, profile, "1")


def test_an_older_version_may_lack_the_clauses_that_the_profile_names() -> None:
    profile = Profile(policy="acme", name="Acme", current="2", labels={WRONG: ClauseLabel({Topic.SALE: 1}, {})})
    assert len(compile_policy(TEXT, profile, "1").clauses) == 2


def test_a_compiled_file_of_another_text_is_refused() -> None:
    with pytest.raises(CompileError, match="another text"):
        load(dump(made_up(TEXT)), TEXT + " ", "acme/1.clauses.json")


@pytest.mark.parametrize("damage", ["", "{}", "[1]", "null", '{"source_sha256": 1'])
def test_a_damaged_compiled_file_is_refused_by_its_name(damage: str) -> None:
    with pytest.raises(CompileError, match="acme/1.clauses.json"):
        load(damage, TEXT, "acme/1.clauses.json")


def test_a_compiled_file_with_an_unknown_topic_is_refused() -> None:
    data = json.loads(dump(made_up(TEXT)))
    data["clauses"][0]["topics"] = {"horoscopes": [1, 1.0]}
    with pytest.raises(CompileError, match="horoscopes"):
        load(json.dumps(data), TEXT, "acme/1.clauses.json")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"We collect\x00 data.", "NUL"),
        ("Données".encode("latin-1"), "not UTF-8"),
        ("Data".encode("utf-16"), "not UTF-8"),
        (b"x" * (MAX_SOURCE + 1), "2,000,000"),
    ],
    ids=["empty", "blank", "NUL", "latin-1", "utf-16", "too large"],
)
def test_what_is_not_a_readable_text_is_refused_by_its_name(raw: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        read_source(raw, "policy.txt")
    assert "policy.txt" in str(caught.value)


def test_the_largest_text_is_read() -> None:
    assert len(read_source(b"x" * MAX_SOURCE, "policy.txt")) == MAX_SOURCE


def test_line_ends_of_windows_are_kept_byte_for_byte() -> None:
    raw = b"Data\r\nWe collect your name.\r\n"
    version = made_up(read_source(raw, "policy.txt"))
    assert version.source.encode() == raw
    assert [clause.text for clause in version.clauses] == ["We collect your name."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We keep it for at least 6 years.", ("6 years",)),
        ("Anyone over 2 years behind is told within 30 days.", ("2 years", "30 days")),
        ("You must be 18 years or older, or 13 years old with consent.", ()),
        ("Children under the age of 13 years, and those aged 16 years.", ()),
    ],
)
def test_how_old_somebody_is_counts_as_no_period(text: str, found: tuple[str, ...]) -> None:
    assert periods(text) == found


def test_periods_and_contacts_of_a_clause_are_found() -> None:
    version = version_of("classtime")
    assert clause_with(version, "after deletion of the corresponding account").periods == ("6 months",)
    address = clause_with(version, "8560 Sunset Blvd")
    assert address.contacts == ("team@classtime.com", "+1 (213) 421-6800")


@pytest.mark.parametrize(
    ("policy", "words", "topic", "stance"),
    [
        ("klasso", "does not record", Topic.CALLS, Stance.DENIES),
        ("classtime", "We do not rent or sell", Topic.SALE, Stance.DENIES),
        ("classtime", "We do not respond to Do Not Track", Topic.DO_NOT_TRACK, Stance.DENIES),
        ("klantra", "We do not sell or rent", Topic.SALE, Stance.DENIES),
        ("kloudtalk", "We do not resell", Topic.SALE, Stance.DENIES),
        ("klantra", "In the event of a data breach", Topic.BREACH, Stance.CONDITIONAL),
    ],
)
def test_a_reviewed_clause_speaks_the_way_it_was_read(policy: str, words: str, topic: Topic, stance: Stance) -> None:
    assert clause_with(version_of(policy), words).stance_on(topic) is stance


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("We do not sell your data.", True),
        ("We don’t track you across other sites.", True),
        ("Calls are never recorded.", True),
        ("We will never share your photos.", True),
        ("We collect your name.", False),
        ("You do not have to pay. We share data with partners.", False),
        ("We sell your data.", False),
    ],
)
def test_a_denial_is_read_from_the_wording_of_an_unlabelled_clause(text: str, denied: bool) -> None:
    assert denies(text) is denied
