"""Which sites may show a policy's widget: exact origins."""

from __future__ import annotations

import pytest

from bot.origins import OriginError, Origins

LISTED = "https://www.example.org"
TRICKS = [
    "https://www.example.org.attacker.example",
    "https://www.example.org:8443",
    "http://www.example.org",
    "https://example.org",
    "https://wwwxexample.org",
    "https://attacker.example/https://www.example.org",
    "https://www.example.org@attacker.example",
    "https://WWW.EXAMPLE.ORG",
    "https://www.example.org/",
    "https://www.example.org.",
    " https://www.example.org",
    "https://www.example.org https://attacker.example",
    "null",
    "file://",
    "",
    "*",
]


def origins() -> Origins:
    return Origins(Origins.read(f"klasso={LISTED},https://app.example.org kloudtalk=https://kloud.example.org"))


def test_a_listed_site_may_and_only_for_its_policy() -> None:
    origins().check(LISTED, "klasso")
    with pytest.raises(OriginError):
        origins().check(LISTED, "kloudtalk")


def test_what_is_no_browsers_page_has_no_origin() -> None:
    origins().check(None, "klasso")


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_is_taken_for_a_listed_site(trick: str) -> None:
    with pytest.raises(OriginError):
        origins().check(trick, "klasso")


@pytest.mark.parametrize(
    "text",
    [
        "klasso",
        "klasso=",
        "=https://a.example.org",
        "klasso=*",
        "klasso=https://*.example.org",
        "klasso=https://a.example.org/path",
    ],
)
def test_what_is_no_exact_origin_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(OriginError):
        Origins.read(text)
