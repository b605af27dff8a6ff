"""Two versions of a policy, clause by clause. The made-up versions in edits/ say what is expected of each edit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from kb_texts import profile_of, version_of

from policies_kb.answering import AnswerKind
from policies_kb.comparing import Change, ClauseChange, Comparison, compare
from policies_kb.comparison_forms import as_json, as_text
from policies_kb.compiler import compile_policy, read_source
from policies_kb.errors import KnowledgeError
from policies_kb.knowledge import ROOT
from policies_kb.likeness import SUCCEEDS, likeness, plain_words
from policies_kb.model import PolicyVersion
from policies_kb.profile import ClauseLabel, Profile, load_profile, read_yaml
from policies_kb.topics import Topic
from policies_kb.word_changes import Side, is_weighty, weighty_words, word_changes

EDITS = Path(__file__).parent / "edits"
POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
STEPS = [(policy, step) for policy in POLICIES for step in read_yaml(EDITS / policy / "edits.yml")]
NAMED = [pytest.param(policy, step, id=f"{policy} {step['new']}") for policy, step in STEPS]
KEEP = "We keep your account data for six months after you leave the service."
SHARE = "We share your address with the carrier who delivers the parcel to your door."
SELL = "We do not sell your data, and nobody else pays us for a look at it."
ASK = "You can ask us at any time which data we hold about you and where it came from."
PLACES = "Our servers stand in two halls in the north, and copies are made each night."


@cache
def edited(policy: str, version: str) -> tuple[Profile, PolicyVersion]:
    if (ROOT / policy / f"{version}.txt").exists():
        return profile_of(policy), version_of(policy)
    path = EDITS / policy / f"{version}.txt"
    profile = load_profile(path.with_suffix(".profile.yml"))
    return profile, compile_policy(read_source(path.read_bytes(), path.name), profile, version)


@cache
def comparison_of(policy: str, old: str, new: str) -> Comparison:
    return compare(edited(policy, old), edited(policy, new))


def made(text: str, version: str = "1", **labels: ClauseLabel) -> tuple[Profile, PolicyVersion]:
    profile = Profile(policy="made", name="Made", current=version)
    return profile, compile_policy(text, profile, version)


def between(old: str, new: str) -> Comparison:
    return compare(made(old), made(new, "2"))


def kinds(comparison: Comparison) -> list[Change]:
    return [one.change for one in comparison.clauses]


def text_of(*paragraphs: str) -> str:
    return "\n".join(paragraphs) + "\n"


def found(comparison: Comparison, edit: dict[str, Any]) -> list[ClauseChange]:
    sides = [(one, (one.old, one.new)) for one in comparison.clauses]
    return [
        one
        for one, clauses in sides
        if all(
            bool(clause) == bool(words) and (clause is None or clause.text.startswith(words))
            for clause, words in zip(clauses, (edit["old"], edit["new"]))
        )
    ]


# --- the edits that a lawyer makes


@pytest.mark.parametrize(("policy", "step"), NAMED)
def test_every_edit_is_told_as_what_it_is(policy: str, step: dict[str, Any]) -> None:
    comparison = comparison_of(policy, str(step["old"]), str(step["new"]))
    for edit in step["edits"]:
        if edit["change"] == "added" and edit.get("regrouped"):
            continue  # the second part of a split, see below
        told = found(comparison, edit)
        assert [one.change.value for one in told] == [edit["change"]], edit["what"]
        assert told[0].is_regrouped is edit.get("regrouped", False), edit["what"]
        assert told[0].has_moved is edit.get("has_moved", edit["change"] == "moved"), edit["what"]


@pytest.mark.parametrize(("policy", "step"), NAMED)
def test_what_no_edit_names_is_unchanged(policy: str, step: dict[str, Any]) -> None:
    comparison = comparison_of(policy, str(step["old"]), str(step["new"]))
    named = [one for edit in step["edits"] for one in found(comparison, edit)]
    others = [one for one in comparison.clauses if one not in named and not one.is_part]
    assert {one.change for one in others} == {Change.UNCHANGED}


@pytest.mark.parametrize(("policy", "step"), NAMED)
def test_the_kinds_of_answer_before_and_now_are_those_of_the_edits(policy: str, step: dict[str, Any]) -> None:
    comparison = comparison_of(policy, str(step["old"]), str(step["new"]))
    told = {one.topic.value: (one.old_kind.value, one.new_kind.value) for one in comparison.answers}
    for edit in step["edits"]:
        expected = (edit["kind_before"], edit["kind_after"])
        for topic in edit["topics"]:
            assert told.get(topic, expected) == expected and (topic in told or expected[0] == expected[1]), edit["what"]


@pytest.mark.parametrize(("policy", "step"), NAMED)
def test_each_clause_of_both_versions_is_told_of(policy: str, step: dict[str, Any]) -> None:
    old, new = (edited(policy, str(step[side]))[1] for side in ("old", "new"))
    comparison = comparison_of(policy, old.version, new.version)
    assert {one.old.id for one in comparison.clauses if one.old} == {clause.id for clause in old.clauses}
    in_order = dict.fromkeys(one.new.id for one in comparison.clauses if one.new)
    assert list(in_order) == [clause.id for clause in new.clauses]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_version_compared_with_itself_has_no_change(policy: str) -> None:
    same = compare(edited(policy, profile_of(policy).current), edited(policy, profile_of(policy).current))
    assert set(kinds(same)) == {Change.UNCHANGED} and not same.answers and not same.headings and not same.changed()


def test_a_split_clause_is_one_clause_in_two_changes_and_counts_once() -> None:
    comparison = comparison_of("klasterina", "undated", "2026-06")
    parts = [one for one in comparison.clauses if one.is_part]
    assert [one.change for one in parts] == [Change.REWORDED] * 2 and parts[0].old == parts[1].old
    assert parts[1].is_regrouped and parts[1].new and parts[1].new.text.startswith("Continued use")
    reworded = [one for one in comparison.clauses if one.change is Change.REWORDED]
    assert comparison.count(Change.REWORDED) == len(reworded) - 1


# --- what was made for the rules


def test_versions_of_two_policies_are_not_compared() -> None:
    with pytest.raises(KnowledgeError, match="two policies"):
        compare(edited("klasso", "2026-04"), edited("klantra", profile_of("klantra").current))


def test_what_was_removed_stands_where_it_stood() -> None:
    comparison = between(text_of(KEEP, SHARE, SELL), text_of(KEEP, SELL, ASK))
    assert kinds(comparison) == [Change.UNCHANGED, Change.REMOVED, Change.UNCHANGED, Change.ADDED]


def test_the_first_clause_removed_comes_first() -> None:
    assert kinds(between(text_of(KEEP, SHARE), text_of(SHARE)))[0] is Change.REMOVED


def test_of_clauses_that_changed_places_the_fewest_have_moved() -> None:
    comparison = between(text_of(KEEP, SHARE, SELL, ASK), text_of(ASK, KEEP, SHARE, SELL))
    assert kinds(comparison) == [Change.MOVED] + [Change.UNCHANGED] * 3 and comparison.changed() == ()


def test_a_clause_in_another_section_has_moved_though_its_place_in_the_order_stays() -> None:
    old = text_of("1. Storage", KEEP, "2. Sharing", SHARE, SELL)
    new = text_of("1. Storage", KEEP, SHARE, "2. Sharing", SELL)
    assert kinds(between(old, new)) == [Change.UNCHANGED, Change.MOVED, Change.UNCHANGED]


def test_another_number_before_a_heading_moves_nothing() -> None:
    old = text_of("1. Storage", KEEP, "2. Sharing", SHARE)
    new = text_of("1. Sources", ASK, "2. Storage", KEEP, "3. Sharing", SHARE)
    comparison = between(old, new)
    assert kinds(comparison) == [Change.ADDED, Change.UNCHANGED, Change.UNCHANGED]
    assert comparison.headings == (("", "1. Sources"),)


def test_a_renamed_heading_is_told_and_moves_nothing() -> None:
    comparison = between(text_of("1. Storage", KEEP, SELL), text_of("1. How long we keep it", KEEP, SELL))
    assert set(kinds(comparison)) == {Change.UNCHANGED}
    assert comparison.headings == (("1. Storage", "1. How long we keep it"),)


def test_two_merged_clauses_are_both_told_with_the_new_one_and_nothing_is_new() -> None:
    first, second = SHARE + " The carrier keeps it until then.", SELL + " This has been so since the day we began."
    kept, *merged = between(text_of(KEEP, first, second), text_of(KEEP, f"{first} {second}")).clauses
    assert kept.change is Change.UNCHANGED and [one.old and one.old.text for one in merged] == [first, second]
    assert all(one.change is Change.REWORDED and one.is_part and one.is_regrouped for one in merged)
    assert merged[0].new == merged[1].new


ITEMS = (
    "- your full name, and the name of the school, the class and the teacher that invited you to the service",
    "- your address, with the floor and the name on the door, and one in another town if you gave us one of these",
    "- your birthday, where the law of your country asks us to know it, and the year alone in every other country",
)


def test_an_item_under_another_introduction_is_reworded_though_its_words_stay() -> None:
    old = text_of("We collect:", *ITEMS, "We never collect:", "- " + PLACES * 3)
    new = text_of("We collect:", *ITEMS[:2], "We never collect:", ITEMS[2], "- " + PLACES * 3)
    told = [one for one in between(old, new).clauses if one.new and one.new.text == ITEMS[2]]
    assert [one.change for one in told] == [Change.REWORDED] and told[0].likeness == 1.0
    assert "under another introduction" in as_text(between(old, new))


def test_items_whose_introduction_was_reworded_stay_what_they_are() -> None:
    old, new = text_of("We may collect the following:", *ITEMS), text_of("We do collect the following:", *ITEMS)
    assert kinds(between(old, new)) == [Change.REWORDED] + [Change.UNCHANGED] * 3


def test_a_clause_in_its_old_place_is_known_again_in_words_that_would_not_do_elsewhere() -> None:
    new = "Account data stays with us for ninety days once you have left, and for six months if you owe us money."
    assert 0.4 <= likeness(plain_words(KEEP), plain_words(new)) < SUCCEEDS
    assert kinds(between(text_of(SHARE, KEEP, SELL), text_of(SHARE, new, SELL)))[1] is Change.REWORDED
    elsewhere = kinds(between(text_of(KEEP, SHARE, SELL, ASK), text_of(SHARE, SELL, ASK, PLACES, new)))
    assert Change.REWORDED not in elsewhere


def test_unlike_clauses_of_one_policy_are_not_taken_for_one_another() -> None:
    for policy in POLICIES:
        words = [plain_words(clause.text) for clause in version_of(policy).clauses]
        close = sum(likeness(a, b) >= SUCCEEDS for place, a in enumerate(words) for b in words[:place])
        assert close <= len(words) // 10, policy  # near-twins such as two sections on changes


# --- answers


def labelled(text: str, version: str, **stances: Any) -> tuple[Profile, PolicyVersion]:
    profile, plain = made(text, version)
    label = ClauseLabel({Topic.RETENTION: 1}, {})
    told = Profile("made", "Made", version, labels={clause.id: label for clause in plain.clauses})
    return told, compile_policy(text, told, version)


def test_a_topic_is_told_of_where_its_kind_or_its_clauses_differ() -> None:
    silent, stated = made(text_of(KEEP)), labelled(text_of(KEEP), "2")
    assert [(one.topic, one.old_kind, one.new_kind) for one in compare(silent, stated).answers] == [
        (Topic.RETENTION, AnswerKind.SILENT, AnswerKind.STATES)
    ]
    other = labelled(text_of(KEEP.replace("six months", "ninety days")), "3")
    (told,) = compare(stated, other).answers
    assert told.old_kind is told.new_kind and told.old != told.new


# --- words


def test_the_words_of_both_sides_put_together_are_the_two_texts() -> None:
    old, new = KEEP, "We keep your account data for ninety days after you leave, not longer."
    changes = word_changes(old, new)
    assert "".join(one.text for one in changes if one.side is not Side.NEW) == old
    assert "".join(one.text for one in changes if one.side is not Side.OLD) == new


def test_a_changed_period_a_number_and_a_negation_are_weighty() -> None:
    assert weighty_words("deleted 6 months after", "deleted 12 months after") == (("6",), ("12",))
    assert weighty_words("We record calls.", "We do not record calls.")[1] == ("do not",)
    assert weighty_words("kept in a hall", "kept in a house") == ((), ())


@pytest.mark.parametrize("words", ["12", "ninety days", "not", "don’t", "without", "never", "only", "unless"])
def test_words_that_turn_a_sentence_round_are_weighty(words: str) -> None:
    assert is_weighty(words)


@pytest.mark.parametrize("words", ["address", "another", "notice", "nothing special", "knot"])
def test_words_that_only_look_like_it_are_not(words: str) -> None:
    assert not is_weighty(words)


# --- the forms


def test_the_json_has_the_texts_of_what_changed_and_the_ids_of_the_rest() -> None:
    data = as_json(comparison_of("klasso", "2026-04", "2026-09"))
    assert (data["policy"], data["from"], data["to"]) == ("klasso", "2026-04", "2026-09")
    told = [one for one in data["clauses"] if one["change"] == "added"]
    assert all(one["old"] is None and one["new"]["text"] for one in told) and len(told) == data["counts"]["added"]
    assert all(set(one) == {"change", "clause"} for one in data["clauses"] if one["change"] == "unchanged")


def test_the_text_shows_what_went_and_what_came_inside_a_clause() -> None:
    text = as_text(comparison_of("classtime", "2020-09-25", "2026-09-01"))
    assert "deleted [-6-]{+12+} months after" in " ".join(text.split())
    assert "classtime: 2020-09-25 -> 2026-09-01" in text
