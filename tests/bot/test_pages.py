"""The public pages: the whole policy with a target for every clause, stopping, the demo mailbox; nothing as markup."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from html import unescape
from html.parser import HTMLParser

import pytest

from actions.speaking import RIGHT_TOPIC
from bot.web.pages import STATIC, Pages, PolicyCard
from pii.redacted import Redacted
from policies_kb.compiler import compile_policy
from policies_kb.knowledge import KnowledgeBase
from policies_kb.profile import Profile
from tickets.letters import Correspondence, code_letter
from tickets.mail import ReceivedMail
from tickets.model import Summary
from tickets.vocabulary import OPEN, Channel, Right, Status
from tickets.words import RIGHT_WORDS, STATUS_WORDS

POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
AT = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
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


def test_the_demo_page_says_how_long_the_server_keeps_a_conversation() -> None:
    assert "the server keeps it for 30 days" in Pages().demo([], "")
    assert "the server keeps it for 7 days" in Pages().demo([], "", kept_days=7)


def test_the_demo_page_speaks_of_a_mailbox_only_where_no_mail_is_sent() -> None:
    assert "/demo/mail" not in Pages().demo([], "")
    assert 'href="/demo/mail" target="_blank"' in Pages().demo([], "", demo_mail=True)


# --- stopping a request


def request(status: Status = Status.UNVERIFIED, reference: str = "KLS-7F3K-92QD") -> Summary:
    rights = (Right.DELETION, Right.ACCESS)
    return Summary(reference, "klasso", rights, status, AT, None, date(2026, 3, 2), False)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_request_is_shown_with_one_button_that_posts(status: Status) -> None:
    page = Pages().stop(request(status), done=False)
    for wanted in ("KLS-7F3K-92QD", "Deletion, a copy of your data", STATUS_WORDS[status][1:]):
        assert wanted in page
    assert re.findall(r"<form[^>]*>", page) == ['<form method="post">'] and page.count("<button") == 1


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", sorted(set(Status) - OPEN))
def test_a_closed_request_has_nothing_to_press(status: Status, done: bool) -> None:
    page = Pages().stop(request(status), done=done)
    assert "<form" not in page and "<button" not in page and "KLS-7F3K-92QD" in page


def test_only_a_withdrawn_request_is_called_stopped() -> None:
    assert "The request is stopped" in Pages().stop(request(Status.WITHDRAWN), done=True)
    for status in sorted(set(Status) - {Status.WITHDRAWN}):
        assert "is stopped" not in Pages().stop(request(status), done=True)


def test_a_link_that_leads_to_no_request_says_nothing_of_any() -> None:
    page = Pages().stop(None, done=False)
    assert "No request stands behind this link" in page and "<form" not in page and "<dl" not in page
    assert page == Pages().stop(None, done=True)


def test_the_pages_that_mails_lead_to_need_no_script_and_take_no_markup() -> None:
    hostile = ReceivedMail(AT, HOSTILE, HOSTILE, HOSTILE)
    for page in (Pages().stop(request(reference=HOSTILE), done=False), Pages().mail([hostile])):
        seen = Seen(page)
        assert seen.inline == [] and "script" not in seen.tags and HOSTILE in seen.text
        assert seen.tags.count("img") == 1  # the logo


# --- the demo mailbox


def letter(base_url: str = "http://127.0.0.1:8000") -> ReceivedMail:
    subject, text = code_letter(
        Correspondence(base_url, lambda policy: "Klasso"),
        policy="klasso",
        rights=(Right.DELETION,),
        reference="KLS-7F3K-92QD",
        channel=Channel.WEB,
        at=AT,
        code=Redacted("K7Q2M9XD"),
        minutes=10,
        stop_token=Redacted("tok-en_1"),
    )
    return ReceivedMail(AT, "someone@example.org", subject, text)


def test_a_letter_stands_in_the_mailbox_word_for_word() -> None:
    shown = " ".join(Seen(Pages().mail([letter()])).text.split())
    assert " ".join(letter().text.split()).split("K7Q2-M9XD")[0] in shown
    assert "someone@example.org" in shown and letter().subject in shown


def test_lines_that_the_letter_broke_are_whole_again_and_its_facts_stay_apart() -> None:
    page = unescape(Pages().mail([letter()]))
    assert "to ask for something that concerns the data kept under this e-mail address." in page
    assert "Company: Klasso\nReference: KLS-7F3K-92QD\n" in page


def test_the_code_stands_alone_to_be_selected() -> None:
    assert re.findall(r"<code>(.*?)</code>", Pages().mail([letter()])) == ["K7Q2-M9XD"]
    assert "user-select: all" in (STATIC / "plain.css").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("http://127.0.0.1:8000/stop/abc-_1", ["/stop/abc-_1"]),
        ("http://127.0.0.1:8000/stop/abc/../x", []),
        ("http://127.0.0.1:8000/p/klasso", []),
        ("https://example.org/stop/abc", []),
        ("http://127.0.0.1:8000.example.org/stop/abc", []),
        ("javascript:alert(1)//http://127.0.0.1:8000/stop/abc", []),
        ("see http://127.0.0.1:8000/stop/abc", []),
    ],
)
def test_only_our_own_stop_links_are_links(text: str, links: list[str]) -> None:
    page = Pages().mail([ReceivedMail(AT, "x@example.org", "Subject", text)], "http://127.0.0.1:8000/")
    shown = page.partition('class="mail-text"')[2]
    assert re.findall(r'href="([^"]*)"', shown) == links and text in unescape(shown)


def test_a_stop_link_leads_here_also_where_our_pages_lie_under_a_path() -> None:
    page = Pages().mail([letter("https://desk.example.org/privacy/")], "https://desk.example.org/privacy/")
    assert 'href="/privacy/stop/tok-en_1"' in page


def test_the_mailbox_says_what_it_is_and_looks_again_by_itself() -> None:
    for mails in ([], [letter()]):
        page = Pages().mail(mails)
        assert "This is no real mailbox" in page and '<meta http-equiv="refresh" content="5">' in page
    assert "No mail yet" in Pages().mail([])


# --- the files


def words_of(name: str) -> dict[str, str]:
    """One of the vocabularies of the page's script."""
    listed = re.search(rf"export const {name} = {{\n(.*?)}};", (STATIC / "words.js").read_text("utf-8"), re.DOTALL)
    assert listed is not None
    return dict(re.findall(r'^  "?([\w.]+)"?: "(.*)",$', listed[1], re.MULTILINE))


def test_the_script_speaks_of_rights_statuses_and_topics_as_everything_else_does() -> None:
    assert words_of("RIGHTS") == {right.value: words for right, words in RIGHT_WORDS.items()}
    assert words_of("STATUSES") == {status.value: words for status, words in STATUS_WORDS.items()}
    assert words_of("TOPICS") == {topic.value: topic.phrase for topic in RIGHT_TOPIC.values()}


def test_every_icon_that_the_scripts_draw_is_on_the_page() -> None:
    page = Pages().demo([], "")
    scripts = "".join(path.read_text("utf-8") for path in STATIC.glob("*.js"))
    named = set(re.findall(r'icon\("(\w+)"\)', scripts)) | {
        "states",
        "denies",
        "conditional",
        "conflict",
        "silent",
        "open",
    }
    assert {"mail", "copy", "person"} <= named and {name for name in named if f'id="i-{name}"' not in page} == set()


def test_the_pages_files_load_nothing_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        found = re.findall(r"https?://[^\s\"')]+", path.read_text("utf-8"))
        assert [url for url in found if not url.startswith("http://www.w3.org/")] == [], path.name


def test_the_pages_scripts_never_write_markup() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text("utf-8"))
