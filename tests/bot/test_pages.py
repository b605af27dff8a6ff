"""The two public pages: the whole policy, a link target for every clause, and nothing of theirs as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from bot.web.pages import STATIC, Pages, PolicyCard
from policies_kb.compiler import compile_policy
from policies_kb.knowledge import KnowledgeBase
from policies_kb.profile import Profile

POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
HOSTILE = '<script>alert(1)</script> <img src=x onerror="alert(2)"> {{ 7 * 7 }} & "quotes" \'too\''


class Seen(HTMLParser):
    """What a page shows: its text, its ids, its elements."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.ids, self.tags, self.inline = "", set[str](), list[str](), list[str]()
        self._main = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids |= {given["id"]} if given.get("id") else set()
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.inline.append(tag)
        self._main += tag == "main"

    def handle_endtag(self, tag: str) -> None:
        self._main -= tag == "main"

    def handle_data(self, data: str) -> None:
        if self._main:
            self.text += data


def page_of(policy: str, knowledge: KnowledgeBase) -> str:
    found = knowledge.get(policy)
    return Pages().policy(found.profile, found.current, sorted(found.versions))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_character_of_the_policy_stands_on_its_page_in_order(policy: str, knowledge: KnowledgeBase) -> None:
    shown = iter("".join(Seen(page_of(policy, knowledge)).text.split()))
    for wanted in "".join(knowledge.get(policy).current.source.split()):
        assert any(char == wanted for char in shown), f"{wanted!r} is missing"


@pytest.mark.parametrize("policy", POLICIES)
def test_every_clause_can_be_linked_to(policy: str, knowledge: KnowledgeBase) -> None:
    assert {clause.id for clause in knowledge.get(policy).current.clauses} <= Seen(page_of(policy, knowledge)).ids


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_on_a_page_is_inline_script_or_style(policy: str, knowledge: KnowledgeBase) -> None:
    assert Seen(page_of(policy, knowledge)).inline == []


def test_a_hostile_policy_is_text() -> None:
    profile = Profile("evil", f"Evil {HOSTILE}", "1")
    version = compile_policy(f"Privacy\n{HOSTILE} we never sell anything to anybody.\n", profile, "1")
    page = Pages().policy(profile, version, ["1"])
    seen = Seen(page)
    assert "script" not in [tag for tag in seen.tags if tag == "script" and "alert" in page.split(tag)[0]]
    assert "<script>alert" not in page and "<img" not in page.replace('<img src="/static', "")
    assert HOSTILE in seen.text and "49" not in seen.text


def test_the_demo_page_offers_every_policy_with_its_questions() -> None:
    cards = [PolicyCard("a", HOSTILE, HOSTILE, "1", "/p/a/1", (HOSTILE,)), PolicyCard("b", "B", "b", "2", "/p/b/2")]
    page = Pages().demo(cards, "")
    assert Seen(page).inline == [] and "<script>alert" not in page
    assert re.findall(r'value="([ab])"', page) == ["a", "b"]


def test_the_pages_files_load_nothing_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        found = re.findall(r"https?://[^\s\"')]+", path.read_text("utf-8"))
        assert [url for url in found if not url.startswith("http://www.w3.org/")] == [], path.name


def test_the_pages_scripts_never_write_markup() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text("utf-8"))
