"""/p/<policy>/changes: two versions side by side, as a page, as a file of its own and as JSON."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from two_versions import HOSTILE, KEEP, ONE, TWO, base_of, policy_of

from bot.app import SECURITY_HEADERS
from bot.app_changes import add_changes
from bot.app_errors import add_errors
from bot.web.changes import SIGNS, WORDS, as_page
from bot.web.environment import STATIC
from policies_kb.comparing import Change
from policies_kb.history import compared, history_of
from policies_kb.knowledge import Policy

PATH = "/p/made/changes"


def page_over(policy: Policy, *, self_contained: bool = False) -> str:
    history = history_of(policy)
    old, new = history[0].version, history[-1].version
    return as_page(compared(policy, old, new), policy.profile.name, history, self_contained=self_contained)


def get(policy: Policy, path: str) -> httpx.Response:
    import asyncio

    async def asked() -> httpx.Response:
        app = FastAPI()
        services: Any = SimpleNamespace(knowledge=base_of(policy))
        add_errors(app)
        add_changes(app, services)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example.org") as http:
            return await http.get(path)

    return asyncio.run(asked())


# --- the page


@pytest.mark.parametrize("self_contained", [False, True])
def test_nothing_of_a_policy_becomes_markup(self_contained: bool) -> None:
    page = page_over(TWO, self_contained=self_contained)
    assert "<script" not in page and "onerror=" not in re.sub(r"&[^;]+;", "", page).replace("onerror=alert", "")
    assert (
        HOSTILE in unescape(re.sub(r"</?(?:ins|del)[^>]*>", "", page)) and "Made &amp; Co" in page and "49" not in page
    )


def test_the_served_page_keeps_the_content_security_policy() -> None:
    page = page_over(TWO)
    assert "style-src 'self'" in SECURITY_HEADERS["Content-Security-Policy"]
    assert "<style" not in page and " style=" not in page and "onclick" not in page
    for asset in set(re.findall(r'href="/static/([^"#]+)"', page)):
        assert (STATIC / asset).exists()


def test_the_file_carries_its_style_and_asks_nothing_of_a_server() -> None:
    page = page_over(TWO, self_contained=True)
    assert (STATIC / "changes.css").read_text("utf-8") in page
    assert re.findall(r'(?:href|src)="(?!#)[^"]*"', page) == [] and "@import" not in page and "url(" not in page


def test_each_change_has_a_word_and_a_sign() -> None:
    assert set(SIGNS) == set(WORDS) == set(Change) and len(set(SIGNS.values())) == len(Change)
    swapped = policy_of(
        "2", _1=f"{KEEP}\nTwo stay where they are.\nOne of us goes now.\n", _2=f"Two stay where they are.\n{KEEP}\n"
    )
    page = page_over(swapped)
    for change in (Change.MOVED, Change.REMOVED):
        assert f'<span class="sign" aria-hidden="true">{SIGNS[change]}</span> {WORDS[change]}' in page


def test_what_changed_inside_a_clause_is_marked_on_its_side_and_a_period_stands_out() -> None:
    page = page_over(TWO)
    assert '<del class="weighty">six months</del>' in page and '<ins class="weighty">ninety days</ins>' in page
    assert "Only before: “six months”" in page and "Only now: “ninety days”" in page


def test_runs_of_unchanged_clauses_are_folded_and_counted() -> None:
    page = page_over(TWO)
    (folded,) = re.findall(r'<details class="same">(.*?)</details>', page, re.DOTALL)
    assert "<summary>1 clause unchanged</summary>" in folded and "the carrier who delivers" in folded


def test_every_place_is_there_once_and_links_lead_to_one() -> None:
    page = page_over(policy_of("2", _1=f"{KEEP}\n{KEEP} {KEEP}\n", _2=f"{KEEP} {KEEP}\n{KEEP}\n"))
    places = re.findall(r' id="([^"]+)"', page)
    assert len(places) == len(set(places)) and set(re.findall(r'href="#([^"]+)"', page)) <= set(places)


# --- the routes


def test_without_versions_named_it_is_what_the_current_one_changed() -> None:
    three = policy_of("3", _1=KEEP, _2=KEEP.replace("six", "nine"), _3=KEEP.replace("six", "ten"))
    page = get(three, PATH).text
    assert "nine months" in unescape(page) or ">nine<" in page
    assert '<a href="?from=1&amp;to=2">what it changed</a>' in page and "Version 2 " in page
    assert ">six<" in get(three, f"{PATH}?from=1&to=2").text and ">six<" in get(three, f"{PATH}?from=1").text


def test_one_version_says_that_there_is_nothing_to_compare() -> None:
    answer = get(ONE, PATH)
    assert answer.status_code == 200 and "one version only" in answer.text and "April 2026" in answer.text


@pytest.mark.parametrize("query", ["?from=1999", "?to=../etc", "?from=2026-04&to=%3Cscript%3E"])
def test_a_version_that_is_not_there_is_not_found(query: str) -> None:
    answer = get(TWO, PATH + query)
    assert answer.status_code == 404 and "<script>" not in answer.text


def test_an_overlong_name_is_refused_and_an_unknown_policy_not_found() -> None:
    assert get(TWO, f"{PATH}?from={'9' * 61}").status_code == 422
    assert get(TWO, "/p/nobody/changes").status_code == 404


@pytest.mark.parametrize("path", [f"{PATH}.json", f"{PATH}?format=json"])
def test_the_same_as_json_with_the_dates_of_the_versions(path: str) -> None:
    data = get(TWO, path).json()
    assert data["versions"][0] == {"version": "2026-04", "since": "2026-04-01"}
    assert data["comparison"]["counts"] == {"unchanged": 1, "reworded": 1, "moved": 0, "added": 1, "removed": 0}
    assert get(ONE, path).json()["comparison"] is None
