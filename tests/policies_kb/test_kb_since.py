"""Since when: the day or the version that a question counts from."""

from __future__ import annotations

from datetime import date

import pytest

from policies_kb.since import Since, Whence, since_when

TODAY = date(2026, 10, 14)  # a Wednesday
VERSIONS = ("2020-09-25", "2024", "2026-04", "undated")


def read(text: str, today: date = TODAY) -> Since:
    return since_when(text, today, VERSIONS)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("what changed since March?", date(2026, 3, 1)),
        ("what changed since december", date(2025, 12, 1)),
        ("what changed since may", date(2026, 5, 1)),
        ("What changed since March 2025?", date(2025, 3, 1)),
        ("since Nov '24", date(2024, 11, 1)),
        ("since 3/2025", date(2025, 3, 1)),
        ("changes since 1 March 2026", date(2026, 3, 1)),
        ("since the 5th of May", date(2026, 5, 5)),
        ("since May 5", date(2026, 5, 5)),
        ("March 1st, 2026", date(2026, 3, 1)),
        ("since 12 November", date(2025, 11, 12)),
        ("since 2026-03-01", date(2026, 3, 1)),
        ("since 4.5.2026", date(2026, 5, 4)),
        ("since 13/04/2026", date(2026, 4, 13)),
        ("since 04/13/26", date(2026, 4, 13)),
        ("what changed since 2024", date(2024, 1, 1)),
        ("2023", date(2023, 1, 1)),
        ("since last year", date(2025, 1, 1)),
        ("what is new this year", date(2026, 1, 1)),
        ("since last month", date(2026, 9, 1)),
        ("since last week", date(2026, 10, 5)),
        ("in the last 6 months", date(2026, 4, 14)),
        ("over the past two years", date(2024, 10, 14)),
        ("in the past few months", date(2026, 7, 14)),
        ("a year ago", date(2025, 10, 14)),
        ("since yesterday", date(2026, 10, 13)),
        ("since monday", date(2026, 10, 12)),
        ("since wednesday", date(2026, 10, 7)),
        ("I signed up in June 2022, what changed?", date(2022, 6, 1)),
        ("what changed since I joined in 2021", date(2021, 1, 1)),
        ("since January 2030", date(2030, 1, 1)),
    ],
)
def test_a_day_is_read_from_the_words(text: str, day: date) -> None:
    assert read(text) == Since(Whence.DAY, (day,))


def test_figures_that_can_be_read_in_two_ways_give_both_days() -> None:
    assert read("since 03/04/2026").days == (date(2026, 3, 4), date(2026, 4, 3))
    assert read("since 05/05/2026").days == (date(2026, 5, 5),)


@pytest.mark.parametrize(
    "text", ["since version 2026-04", "since 2026-04", "what did version 2024 say", "the undated one"]
)
def test_a_version_is_known_by_its_name(text: str) -> None:
    found = read(text)
    assert found.whence is Whence.VERSION and found.version in text


@pytest.mark.parametrize(
    "text",
    ["since I signed up", "has it changed since i last read it", "since my registration", "since we became customers"]
    + [
        "how is this different from the version I agreed to",
        "since my son joined",
        "what changed after I opened my account",
    ],
)
def test_a_day_that_only_the_person_knows_is_not_guessed(text: str) -> None:
    assert read(text) == Since(Whence.OWN_DAY)


@pytest.mark.parametrize(
    "text", ["what changed?", "what may have changed", "compare the old and the new version", "", "99/99/9999"]
)
def test_without_a_day_it_is_the_version_before(text: str) -> None:
    assert read(text) == Since(Whence.PREVIOUS)


def test_the_month_that_has_just_begun_is_this_years() -> None:
    assert read("since October", date(2026, 10, 1)).days == (date(2026, 10, 1),)
    assert read("since October", date(2026, 9, 30)).days == (date(2025, 10, 1),)


@pytest.mark.parametrize(
    "text", ["since 31 February 2026 " * 50, "9" * 5_000, "since " * 2_000, "/1" * 3_000, "since i " + "a " * 3_000]
)
def test_odd_and_long_texts_are_read_without_an_error(text: str) -> None:
    assert read(text).whence in Whence
