"""The versions of a policy in time, and what there is to tell of them."""

from __future__ import annotations

from datetime import date

import pytest
from two_versions import KEEP, SHARE, policy_of

from policies_kb.answering import Role
from policies_kb.changes_told import MOST, News, Outcome, counts_told, news_of, quotes_of_changes, told, worth_telling
from policies_kb.errors import UnknownPolicyError
from policies_kb.history import compared, held_on, history_of
from policies_kb.knowledge import Policy
from policies_kb.since import since_when

TODAY = date(2026, 10, 14)
DATED = "Last updated: {}"


def dated(policy: Policy) -> list[tuple[str, str]]:
    return [(one.version, one.words) for one in history_of(policy)]


def told_of(policy: Policy, question: str, today: date = TODAY) -> News:
    return news_of(policy, since_when(question, today, policy.versions), today)


THREE = policy_of(
    "2026-09-01",
    _2020_09_25=f"{KEEP}\n",
    _2026_04=f"{KEEP}\n{SHARE}\n",
    _2026_09_01=f"{KEEP.replace('six months', 'ninety days')}\n{SHARE}\n",
)


def test_a_versions_date_is_as_exact_as_its_name() -> None:
    names = policy_of("2026-04", _2024=KEEP, _2026_04=KEEP, _2020_09_25=KEEP)
    assert dated(names) == [("2020-09-25", "25 September 2020"), ("2024", "2024"), ("2026-04", "April 2026")]


def test_the_profiles_date_goes_before_the_name() -> None:
    assert dated(policy_of("2026-04", date(2026, 6, 1), _2026_04=KEEP)) == [("2026-04", "1 June 2026")]


def test_a_version_without_a_date_comes_first_and_says_so() -> None:
    assert dated(policy_of("2026-04", _2026_04=KEEP, undated=KEEP)) == [("undated", ""), ("2026-04", "April 2026")]


@pytest.mark.parametrize("name", ["2026_13", "20261", "1"])
def test_a_name_that_only_looks_like_a_date_is_none(name: str) -> None:
    ((_, words),) = dated(policy_of(name.replace("_", "-"), **{f"_{name}": KEEP}))
    assert words == ""


def test_what_is_newer_than_the_current_version_is_no_history_yet() -> None:
    assert dated(policy_of("2026-04", _2026_04=KEEP, _2027=KEEP)) == [("2026-04", "April 2026")]


def test_the_version_that_held_on_a_day() -> None:
    history = history_of(THREE)
    days = {date(2019, 1, 1): "2020-09-25", date(2026, 3, 31): "2020-09-25", date(2026, 4, 1): "2026-04"}
    assert {day: held_on(history, day).version for day in days} == days


def test_only_versions_that_are_there_are_compared() -> None:
    with pytest.raises(UnknownPolicyError, match="no version '1999'; it has: 2020-09-25"):
        compared(THREE, "1999", "2026-04")


@pytest.mark.parametrize(
    ("question", "outcome", "old"),
    [
        ("what changed since May", Outcome.CHANGED, "2026-04"),
        ("what changed since 2021", Outcome.CHANGED, "2020-09-25"),
        ("what changed", Outcome.CHANGED, "2026-04"),
        ("what changed since version 2020-09-25", Outcome.CHANGED, "2020-09-25"),
        ("what changed since October", Outcome.NOTHING, "2026-09-01"),
        ("what changed since version 2026-09-01", Outcome.NOTHING, "2026-09-01"),
        ("what changed since I signed up", Outcome.OWN_DAY, "2020-09-25"),
        ("what changed since 2031", Outcome.FUTURE, "2026-09-01"),
        ("what changed since 02/04/2026", Outcome.TWO_READINGS, "2020-09-25"),
        ("what changed since 02/03/2026", Outcome.CHANGED, "2020-09-25"),
    ],
)
def test_what_there_is_to_tell(question: str, outcome: Outcome, old: str) -> None:
    news = told_of(THREE, question)
    assert (news.outcome, news.old.version, news.new.version) == (outcome, old, "2026-09-01")


def test_both_readings_of_a_date_are_named_where_they_lead_to_the_same() -> None:
    assert told_of(THREE, "since 02/03/2026").since == "3 February 2026 or 2 March 2026"


def test_a_day_before_the_oldest_version_is_told_as_such() -> None:
    news = told_of(THREE, "since 2015")
    assert news.is_before_all and news.since == "version 2020-09-25" and not told_of(THREE, "since 2021").is_before_all


def test_of_one_version_it_is_known_only_since_it_holds_that_nothing_changed() -> None:
    one = policy_of("2026-04", _2026_04=KEEP)
    assert told_of(one, "since May").outcome is Outcome.NOTHING
    assert {told_of(one, words).outcome for words in ("since March", "what changed", "since I joined")} == {
        Outcome.ONE_VERSION
    }
    assert told_of(policy_of("undated", undated=KEEP), "since May").outcome is Outcome.ONE_VERSION


def test_the_same_clauses_under_another_version_are_no_change() -> None:
    news = told_of(policy_of("2026-04", _2024=KEEP, _2026_04=KEEP), "what changed")
    assert news.outcome is Outcome.NO_CLAUSE and news.path() == "/p/made/changes?from=2024&to=2026-04"


def test_the_counts_are_words_and_say_one_clause() -> None:
    assert counts_told(compared(THREE, "2020-09-25", "2026-09-01")) == "1 clause reworded, 1 added"
    both = policy_of("2", _1=f"{KEEP}\n{SHARE}\n", _2=f"{SHARE}\n{KEEP}\n")
    assert counts_told(compared(both, "1", "2")) == "1 clause moved to another place"


def test_text_that_was_only_cut_elsewhere_is_not_told() -> None:
    more = "The carrier forgets it on the day after the parcel has come to your door."
    cut = policy_of("2", _1=f"{KEEP}\n{SHARE} {more}\n", _2=f"{KEEP}\n{SHARE}\n{more}\n")
    comparison = compared(cut, "1", "2")
    assert comparison.changed() and not told(comparison) and counts_told(comparison) == ""
    assert told_of(cut, "what changed").outcome is Outcome.NO_CLAUSE


def test_a_change_is_quoted_from_the_version_that_says_it() -> None:
    comparison = compared(THREE, "2020-09-25", "2026-09-01")
    quotes = quotes_of_changes(comparison, worth_telling(comparison))
    assert [(quote.role, quote.version) for quote in quotes] == [
        (Role.BEFORE, "2020-09-25"),
        (Role.NOW, "2026-09-01"),
        (Role.ADDED, "2026-09-01"),
    ]
    back = compared(THREE, "2026-09-01", "2020-09-25")
    assert quotes_of_changes(back, worth_telling(back))[-1].role is Role.REMOVED


def test_of_many_changes_those_of_weight_are_quoted_and_the_date_line_last() -> None:
    days = [f"Data of kind {letter} is deleted after {{}} days, whoever asks for it and why." for letter in "abcdef"]
    names = [f"The officer for matter {letter} is called {{}} by everybody in our house." for letter in "ghi"]
    lines = [DATED, *names, *days]
    old, new = ("\n".join(line.format(word) for line in lines) for word in ("eleven", "30"))
    comparison = compared(policy_of("2", _1=old, _2=new), "1", "2")
    shown = worth_telling(comparison)
    assert len(shown) == MOST < len(told(comparison)) == len(lines)
    assert not any(one.clause.text.startswith("Last updated") for one in shown)
