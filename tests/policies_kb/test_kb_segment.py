"""A policy text is cut into quotable clauses, and nothing of it is lost."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kb_texts import NEWCOMERS, POLICIES, clauses_of, made_up, one_long_line, profile_of, source_of

from policies_kb.model import Piece, PieceKind
from policies_kb.segment import FLAT_GROUP, Marks, segment
from policies_kb.sentences import sentences

WORDS = st.sampled_from(
    ["We", "collect", "your", "data.", "Cookies.", "•", "-", "–", "1.", "2.1", "a)", "e.g.", "Privacy Policy",
     "You may:", "Name", "Email: a@example.org", "don’t", "\n", "\n\n", "\t", "  ", "\r\n", "\u2028", "\u00a0",
     "What do we keep?", "*", "(see section 8)", "данні", "🙂", "x" * 600]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=400)
INSTRUCTIONS = """Deletion
You can leave at any time.
How to delete your account:
- Open the app and go to the settings, which you find at the lower right corner of every page of the app.
- Choose "Delete account" at the bottom of that page, below all the other settings that are listed there.
- Confirm with your password. Your account is deleted for good and cannot be brought back by anybody.
"""


def address(street: str) -> str:
    return f"Contact\nAcme Ltd\n{street}\nTown\n+44 20 7946 0123\n\nWe answer all letters and messages within a week.\n"


def covering(source: str, pieces: list[Piece]) -> str:
    """What is left of a text when every piece is taken out once."""
    left, at = [], 0
    for piece in pieces:
        assert at <= piece.span.start < piece.span.end, "pieces are in order, not empty, and do not overlap"
        left.append(source[at : piece.span.start])
        at = piece.span.end
    return "".join([*left, source[at:]]).strip()


@pytest.mark.parametrize("policy", POLICIES)
def test_every_character_of_a_shipped_policy_is_in_exactly_one_piece(policy: str) -> None:
    pieces = segment(source_of(policy), profile_of(policy).marks)
    assert covering(source_of(policy), pieces) == ""


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@example("Title\n- one\n\n- two\r\nEmail: a@example.org\x85x\x0cy")
@example("•\n-\n1.\n:")
def test_every_character_of_any_text_is_in_exactly_one_piece(text: str) -> None:
    assert covering(text, segment(text)) == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=300, max_size=500).map(" ".join).map(lambda text: " ".join(text.split())))
def test_every_character_of_any_long_line_is_in_exactly_one_piece(line: str) -> None:
    assert covering(line, segment(line)) == ""


@pytest.mark.parametrize("path", NEWCOMERS, ids=lambda path: path.stem)
def test_every_character_of_an_unseen_policy_is_in_exactly_one_piece(path: Path) -> None:
    text = path.read_bytes().decode()
    assert covering(text, segment(text)) == ""


UNSEEN = [pytest.param(path.read_bytes().decode(), id=path.stem) for path in NEWCOMERS]


@pytest.mark.parametrize("line", [pytest.param(one_long_line(), id="40,000 characters"), *UNSEEN])
def test_one_pasted_line_becomes_many_clauses_that_can_be_quoted(line: str) -> None:
    assert len(line.splitlines()) == 1
    clauses = clauses_of(line)
    assert len(clauses) > len(line) / 600  # a quote is read up to about 600 characters
    assert 80 <= median(map(len, clauses)) <= FLAT_GROUP


@pytest.mark.parametrize("line", [pytest.param(one_long_line(), id="40,000 characters"), *UNSEEN])
def test_a_clause_of_a_pasted_line_is_short_unless_it_is_one_sentence(line: str) -> None:
    long_ones = [piece.span for piece in segment(line) if piece.span.end - piece.span.start > 700]
    assert [span.of(line) for span in long_ones if len(sentences(line, span)) > 1] == []


def test_a_pasted_line_keeps_headings_that_are_questions_or_numbered() -> None:
    headings = {piece.span.of(one_long_line()) for piece in segment(one_long_line()) if piece.kind is PieceKind.HEADING}
    assert {"How do we Respond to Do Not Track Signals?", "7. Data Retention", "6. Contact Us"} <= headings


def test_no_clause_of_a_pasted_line_spans_two_companies() -> None:
    names = ("Klasso", "Classtime", "Klasterina", "KloudTalk", "Klantra")
    mixed = [text for text in clauses_of(one_long_line()) if sum(name in text for name in names) > 1]
    assert len(mixed) <= 4  # at most where one policy ends and the next begins


def test_a_bullet_remembers_the_line_that_introduces_it() -> None:
    source = (
        "Data\nWe collect the following kinds of data, each for a reason of its own:\n"
        "- Location: where you are when you open the map, so that the nearest shops come first in every list.\n"
        "- Contacts: the names in your address book, so that you find the people whom you know among our users.\n"
    )
    bullets = [clause for clause in made_up(source).clauses if clause.lead_in]
    assert [clause.text[:11] for clause in bullets] == ["- Location:", "- Contacts:"]
    assert {clause.lead_text for clause in bullets} == {
        "We collect the following kinds of data, each for a reason of its own:"
    }


def test_a_short_list_is_one_clause_with_its_lead_in() -> None:
    source = "Rights\nYou have the right to:\n• access\n• correction\n• deletion\n"
    (clause,) = made_up(source).clauses
    assert clause.text == "You have the right to:\n• access\n• correction\n• deletion"
    assert [item.of(source) for item in clause.items] == ["• access", "• correction", "• deletion"]


def test_the_steps_of_an_instruction_stay_together_however_long() -> None:
    steps = clauses_of(INSTRUCTIONS)[-1]
    assert steps.startswith("How to delete your account:") and steps.endswith("brought back by anybody.")


def test_klassos_six_lines_on_deletion_are_one_clause_of_steps() -> None:
    steps = [text for text in clauses_of(source_of("klasso")) if text.startswith("How to request account deletion:")]
    assert len(steps) == 1 and steps[0].count("\n- ") == 5 and "school administrator" in steps[0]


def test_an_address_is_one_clause_under_its_heading() -> None:
    first = made_up(address("8560 High Street")).clauses[0]
    assert first.path == ("Contact",)
    assert first.text == "Acme Ltd\n8560 High Street\nTown\n+44 20 7946 0123"


def test_a_low_house_number_is_not_the_number_of_a_section() -> None:
    first = made_up(address("12 High Street")).clauses[0]
    assert first.path == ("Contact",)
    assert "12 High Street" in first.text


def test_short_sentences_under_short_headings_are_not_an_address() -> None:
    source = "Data\nWe collect your name.\nSale\nWe never sell it.\nContact\nWrite to a@example.org.\n"
    assert [(clause.section, clause.text) for clause in made_up(source).clauses] == [
        ("Data", "We collect your name."),
        ("Sale", "We never sell it."),
        ("Contact", "Write to a@example.org."),
    ]


def test_a_marked_heading_after_an_address_stays_a_heading() -> None:
    pieces = segment(source_of("classtime"), profile_of("classtime").marks)
    headings = [piece.span.of(source_of("classtime")) for piece in pieces if piece.kind is PieceKind.HEADING]
    assert "Scope of Application" in headings


@pytest.mark.parametrize(
    ("lead", "last"),
    [
        ("When you create an account or use Klantra, you may provide:", "messages logged in the system)"),
        ("We may automatically collect:", "Usage activity within the platform"),
        ("In the event of a data breach, we will:", "Take corrective security measures"),
        ("Upon deletion:", "subject to legal retention rules"),
    ],
)
def test_a_list_without_bullets_stays_with_its_lead_in(lead: str, last: str) -> None:
    (clause,) = [text for text in clauses_of(source_of("klantra")) if lead in text]
    assert clause.endswith(last)


def test_a_title_that_a_paragraph_begins_with_becomes_its_section() -> None:
    version = made_up("Data\nCookies. We use cookies to keep you logged in and to remember what you chose last time.\n")
    assert [clause.path for clause in version.clauses] == [("Data", "Cookies")]


def test_kloudtalks_run_in_titles_are_sections() -> None:
    sections = {clause.section for clause in made_up(source_of("kloudtalk")).clauses}
    assert {"Cookies", "Location Information", "Your Connections"} <= sections


def test_sections_nest_as_they_are_numbered() -> None:
    source = (
        "1. Data\nWe collect data about you whenever you visit one of our shops.\n"
        "1.1 Kinds of data\nWe collect names, addresses and what you bought from us.\n"
        "2. Use of data\nWe use what we collect to send parcels and to answer letters.\n"
    )
    assert [clause.path for clause in made_up(source).clauses] == [
        ("Data",),
        ("Data", "Kinds of data"),
        ("Use of data",),
    ]


def test_klantras_lettered_parts_lie_under_their_number() -> None:
    version = made_up(source_of("klantra"))
    path = next(clause.path for clause in version.clauses if "Login timestamps" in clause.text)
    assert path == ("Information We Collect", "Automatically Collected Information")


def test_a_new_number_ends_the_section_before_it() -> None:
    version = made_up(source_of("klantra"))
    assert next(clause.path for clause in version.clauses if "We do not sell or rent" in clause.text) == (
        "How We Use Your Information",
    )


def test_classtimes_numbered_parts_lie_under_their_question() -> None:
    version = made_up(source_of("classtime"), profile_of("classtime").marks)
    path = next(clause.path for clause in version.clauses if "the server automatically logs" in clause.text)
    assert path == (
        "Which Personal Data do we Process, for what Purpose and on what Basis?",
        "When you Visit our Website",
    )


def test_what_a_person_marked_as_no_policy_text_is_no_clause() -> None:
    marks = Marks(asides=frozenset({"Special offer!"}))
    pieces = segment("Special offer!\nWe collect your name.\n", marks)
    assert [piece.kind for piece in pieces] == [PieceKind.ASIDE, PieceKind.CLAUSE]


def test_a_person_can_say_where_a_clause_begins() -> None:
    source = "We keep your name. We keep your age. We sell nothing at all."
    assert clauses_of(source) == [source]
    assert clauses_of(source, Marks(starts=("We sell",))) == [
        "We keep your name. We keep your age.",
        "We sell nothing at all.",
    ]


def test_abbreviations_do_not_end_a_sentence() -> None:
    source = "We keep data (e.g. names, i.e. what Mr. Smith typed) for 3.5 years."
    assert [span.of(source) for span in sentences(source, segment(source)[0].span)] == [source]
