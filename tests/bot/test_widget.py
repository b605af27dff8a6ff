"""The widget in a browser, on another site with a strict Content-Security-Policy: what a person sees and can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from scripted_desk import RECEIPT, answer, message, quote
from scripted_widget_desk import CLAUSE, running
from widget_visit import OPENER, Visit, accessible, browsers, kept, menu, reply, say, until

OFFER = [{"title": "Yes, open a request", "token": "signed-yes"}, {"title": "No", "token": "signed-no"}]
SAYS = answer("states", "access_edit_delete.deletion", "You may delete your account.")
STEPS = answer(
    "states", "access_edit_delete.deletion", "You may delete your account.", steps=["Open it", "Press it"], note="Note."
)
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 850}, "reduced_motion": "reduce"}
FORGOTTEN = message("This chat is erased.", kind="forgotten")
HOSTILE = (
    "<img src=x onerror=fire()>",
    "<script>fire()</script>",
    "<svg onload=fire()>",
    '"><script>fire()</script>',
    "'-fire()-'",
    "${fire()}",
    "{{constructor.constructor('fire()')()}}",
    "javascript:fire()",
    "<a href=javascript:fire()>x</a>",
    "<iframe srcdoc='<script>parent.fire()</script>'>",
    "</textarea><script>fire()</script>",
    "<style>*{display:none}</style>",
    "<details open ontoggle=fire()>",
    "<math><mtext></table><img src=x onerror=fire()>",
    "<template><script>fire()</script></template>",
    "\u202egnp.exe <b>fire()</b>",
    "<body onload=fire()>",
    "&lt;script&gt;fire()&lt;/script&gt;",
    "<input autofocus onfocus=fire()>",
    "]]><script>fire()</script>",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visitor whose browser must not complain; parameters go to the browser's context."""
    with running() as (desk, desk_url, site):
        context = browser.new_context(**(DESKTOP | getattr(request, "param", {})))
        visiting = Visit(context, desk, desk_url, site)
        yield visiting
        visiting.check()
        context.close()


PHONE = pytest.mark.parametrize(
    "visit", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True
)
DARK = pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)


# --- answers


def test_a_question_leads_to_the_clause_in_the_policy(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("It says:", answer=SAYS)]
    say(page)
    expect(reply(page).locator(".badge")).to_have_text("The policy says")
    quoted = reply(page).locator("blockquote")
    expect(quoted).to_have_text("You may delete your account.")
    assert quoted.get_attribute("lang") == "en" and quoted.get_attribute("dir") == "ltr"
    link = reply(page).get_by_role("link", name="Read it in the policy")
    expect(link).to_have_attribute("rel", "noopener")
    with page.context.expect_page() as popup:
        link.click()
    popup.value.wait_for_load_state()
    assert popup.value.url == f"{visit.desk_url}/p/klasso/2025-01#c1" and "c1" in CLAUSE.decode()
    expect(popup.value.locator(":target")).to_have_text("You may delete your account.")


def test_links_lead_to_the_desk_and_nowhere_else(visit: Visit) -> None:
    page = visit.opened()
    quotes = [
        quote(url, "answer") | {"url": url}
        for url in ("https://example.org/", "//example.org/", "/\\example.org", "javascript:fire()")
    ]
    visit.desk.says = [message("It says:", answer=SAYS | {"quotes": quotes})]
    say(page)
    expect(reply(page).locator("blockquote")).to_have_count(4)
    assert reply(page).locator("a").count() == 0


def test_steps_are_a_list_and_buttons_are_buttons_that_work_once(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("How:", answer=STEPS, closing="Shall I?", buttons=OFFER), message("It is done.")]
    say(page)
    expect(reply(page).locator("ol > li")).to_have_text(["Open it", "Press it"])
    page.get_by_role("button", name="Yes, open a request").click()
    expect(reply(page)).to_contain_text("It is done.")
    assert visit.desk.heard[1]["button"] == "signed-yes" and "text" not in visit.desk.heard[1]
    expect(page.get_by_role("button", name="Yes, open a request")).to_have_count(0)


def test_a_request_is_filed_to_the_receipt(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("Shall I?", buttons=OFFER), message("Your request is open.", request=RECEIPT)]
    say(page, "delete my account")
    page.get_by_role("button", name="Yes, open a request").click()
    receipt = page.locator(".receipt")
    expect(receipt).to_contain_text("KLS-7F3K-92QD")
    expect(receipt).to_contain_text("2 Mar 2026")
    expect(receipt).to_contain_text("A code is on its way")
    accessible(page)


def test_the_examples_can_be_pressed(visit: Visit) -> None:
    page = visit.opened()
    page.get_by_role("button", name="How do I delete my account?").click()
    expect(page.locator(".me")).to_contain_text("How do I delete my account?")
    expect(page.locator(".examples")).to_be_empty()
    expect(reply(page)).to_contain_text("You said: How do I delete my account?")


def test_hostile_text_is_shown_as_text_and_nothing_runs(visit: Visit) -> None:
    page = visit.opened()
    page.evaluate("() => { window.fire = () => { window.fired = true; }; }")
    for text in HOSTILE:
        says = answer("states", text, text, steps=[text], note=text, condition=text)
        says["quotes"][0] |= {"section": text, "label": text, "role": "condition", "lead_in": text}
        request = RECEIPT | {"reference": text, "rights": [text], "status": text, "answer_by": text, "working": [text]}
        buttons = [{"title": text, "token": text}]
        visit.desk.says = [message(text, answer=says, request=request, letter=text, closing=text, buttons=buttons)]
        say(page, text)
        expect(reply(page).locator(".lead")).to_have_text(text)
        visit.desk.tells(text)
        expect(page.locator(".is-news").last.locator(".lead")).to_have_text(text)
    assert page.evaluate("window.fired") is None
    root = page.locator(".root")
    assert (
        root.locator("script, img, iframe, style, template, math, [onload], [style], input:not([type=radio])").count()
        == 0
    )


# --- votes


@pytest.mark.parametrize("note", ["", "It speaks of the app only."])
def test_after_a_no_the_reason_is_asked_for(visit: Visit, note: str) -> None:
    page = visit.opened()
    visit.desk.says = [message("It says:", answer=SAYS)]
    say(page)
    vote = reply(page).get_by_role("group", name="Was this right?")
    vote.get_by_role("button", name="No").click()
    expect(vote.get_by_role("radio")).to_have_count(5)
    accessible(page)
    vote.get_by_label("Something is missing").check()
    vote.get_by_role("textbox").fill(note)
    vote.get_by_role("button", name="Send").click()
    expect(vote).to_contain_text("Thank you")
    asked = {"message": visit.desk.heard[0]["id"], "right": False}
    assert visit.desk.votes == [asked, asked | {"reason": "incomplete"} | ({"note": note} if note else {})]
    page.reload()
    page.locator(OPENER).click()
    expect(reply(page)).to_contain_text("Thank you")


def test_a_yes_is_enough_and_only_answers_of_the_policy_are_asked_about(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("It says:", answer=SAYS), message("Hello.")]
    say(page)
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(reply(page)).to_contain_text("Thank you")
    assert visit.desk.votes == [{"message": visit.desk.heard[0]["id"], "right": True}]
    say(page, "hello")
    expect(reply(page)).to_contain_text("Hello.")
    assert reply(page).locator(".vote").count() == 0


@pytest.mark.parametrize("asks", [{"buttons": OFFER}, {"closing": "Which address is it?"}])
def test_under_a_message_that_asks_something_itself_there_is_no_vote_to_be_taken_for_its_answer(
    visit: Visit, asks: dict[str, Any]
) -> None:
    page = visit.opened()
    visit.desk.says = [message("It says:", answer=SAYS), message("It says:", answer=SAYS, **asks)]
    say(page)
    expect(reply(page).locator(".vote")).to_be_visible()
    say(page)
    expect(page.locator(".quote")).to_have_count(2)
    expect(page.locator(".vote")).to_have_count(1)


# --- the person's own copy, and forgetting


def test_the_conversation_can_be_copied_and_saved(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.site)
    page = visit.opened()
    visit.desk.says = [message("How:", answer=STEPS, closing="Shall I?")]
    say(page, "how do I delete it?")
    expect(reply(page)).to_contain_text("Shall I?")
    menu(page, "Copy the conversation")
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    for words in ("You wrote: how do I delete it?", "The policy says", "“You may delete your account.”", "1. Open it"):
        assert words in copied
    assert f"{visit.desk_url}/p/klasso/2025-01#c1" in copied
    with page.expect_download() as saved:
        menu(page, "Save it as a text file")
    assert saved.value.suggested_filename == "privacy-klasso.txt"
    assert Path(saved.value.path()).read_text("utf-8") == copied


def test_forgetting_wipes_the_storage_in_every_tab(visit: Visit) -> None:
    page = visit.opened()
    say(page, "my secret question")
    other = visit.opened()
    expect(other.locator(".me")).to_contain_text("my secret question")
    visit.desk.says = [message("Shall I erase it?", buttons=OFFER), FORGOTTEN]
    menu(page, "Forget me")
    page.get_by_role("button", name="Yes, open a request").click()
    expect(page.locator(".list .entry")).to_have_count(1)
    expect(reply(page)).to_contain_text("This chat is erased.")
    expect(other.locator(".list .entry")).to_have_count(0)
    assert visit.desk.heard[1]["text"] == "forget me"
    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})") == "{}"
    say(page, "hello again")
    expect(reply(page)).to_contain_text("You said: hello again")
    assert len(visit.desk.sessions) == 2 and "resume" not in visit.desk.sessions[1]


def test_starting_afresh_asks_first_where_a_request_was_filed(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("Your request is open.", request=RECEIPT)]
    say(page, "delete it")
    expect(page.locator(".receipt")).to_be_visible()
    menu(page, "Start afresh")
    page.get_by_role("button", name="Keep the conversation").click()
    expect(page.locator(".receipt")).to_be_visible()
    menu(page, "Start afresh")
    page.get_by_role("group").get_by_role("button", name="Start afresh").click()
    expect(page.locator(".list .entry")).to_have_count(1)
    expect(reply(page)).to_contain_text("I am a machine")
    assert len(visit.desk.sessions) == 2


# --- the box and the log


@pytest.mark.parametrize(
    ("language", "length", "said"),
    [
        ("en", 799, ""),
        ("en", 900, "100 characters left"),
        ("en", 1_000, "0 characters left"),
        ("en", 1_001, "1 character too many"),
        ("en", 4_100, "3,100 characters too many"),
        ("de", 4_100, "3.100 Zeichen zu viel"),
        ("es", 1_001, "Sobra 1 carácter"),
    ],
)
def test_the_box_takes_a_thousand_characters_and_says_how_many_are_too_many(
    visit: Visit, language: str, length: int, said: str
) -> None:
    page = visit.opened(language=language)
    page.locator("#box").fill("x" * length)
    expect(page.locator(".counter")).to_have_text(said)
    assert page.locator(".send").is_enabled() == (length <= 1_000)


def test_buttons_out_of_view_are_pointed_to_until_they_are_seen_or_gone(visit: Visit) -> None:
    page = visit.opened()
    long = answer("states", "complaint", "A clause.\n" * 60)
    visit.desk.says = [message("How:", answer=long, closing="Shall I?", buttons=OFFER)] * 2
    say(page, "delete my account")
    way = page.get_by_role("button", name="More below")
    expect(way).to_be_visible()
    expect(page.locator(".me")).to_be_in_viewport()
    offer = page.get_by_role("button", name="Yes, open a request")
    expect(offer).not_to_be_in_viewport()
    accessible(page)
    way.click()
    expect(offer).to_be_in_viewport(ratio=1)
    expect(reply(page).locator(".closing")).to_be_in_viewport()
    expect(way).not_to_be_visible()
    say(page, "delete my account")
    expect(way).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(OPENER).click()
    expect(way).to_be_visible()
    say(page, "something else")
    expect(reply(page)).to_contain_text("You said")
    expect(way).not_to_be_visible()


def test_buttons_in_view_need_no_pointer(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("Shall I?", buttons=OFFER)]
    say(page)
    expect(page.get_by_role("button", name="Yes, open a request")).to_be_in_viewport()
    page.wait_for_timeout(300)
    expect(page.get_by_role("button", name="More below")).not_to_be_visible()


def test_the_log_reaches_down_to_the_box(visit: Visit) -> None:
    page = visit.opened()
    say(page)
    expect(reply(page)).to_contain_text("You said")
    expect(page.locator(".working")).to_be_empty()
    log, composer = page.locator(".log").bounding_box(), page.locator(".composer").bounding_box()
    assert log and composer and abs(log["y"] + log["height"] - composer["y"]) < 1


# --- keyboard, focus, screen reader


def test_everything_works_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.page()
    page.locator(OPENER).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "Privacy questions"
    page.keyboard.press("Enter")
    expect(page.locator("#box")).to_be_focused()
    visit.desk.says = [message("Shall I?", answer=SAYS, buttons=OFFER)]
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(reply(page)).to_contain_text("Shall I?")
    assert visit.desk.heard[0]["text"] == "first line\nsecond line"
    seen = []
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
        seen.append(focused(page))
    assert {"No", "Yes, open a request", "Read it in the policy (opens in a new tab)", "Conversation"} <= set(seen)


def test_focus_goes_into_the_box_and_back_to_the_launcher_and_esc_closes_one_thing_at_a_time(visit: Visit) -> None:
    page = visit.opened()
    expect(page.locator("#box")).to_be_focused()
    more = page.locator("button[aria-haspopup=menu]")
    more.click()
    assert focused(page) == "Copy the conversation"
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Close the chat"
    page.keyboard.press("Escape")
    expect(page.locator("[role=menu]")).not_to_be_visible()
    expect(more).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).not_to_be_visible()
    expect(page.locator(OPENER)).to_be_focused()


def test_the_pages_own_shortcuts_do_not_hear_what_is_typed(visit: Visit) -> None:
    page = visit.opened()
    page.evaluate(
        "() => { window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key)); }"
    )
    page.locator("#box").press("s")
    page.locator("#box").press("Escape")
    page.keyboard.press("x")
    assert page.evaluate("heard") in (["x"], [])


def test_what_is_said_is_a_polite_log_that_names_who_speaks(visit: Visit) -> None:
    page = visit.opened()
    log = page.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    say(page, "hello")
    expect(log).to_contain_text("You wrote:hello")
    expect(reply(page)).to_contain_text("Privacy Desk:")
    expect(page.get_by_role("dialog", name="Klasso")).to_be_visible()


def focused(page: Page) -> str:
    """The name of what has the focus, as it is read aloud."""
    name: str = page.evaluate(
        "() => { let at = document.activeElement;"
        " while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;"
        " return at.getAttribute('aria-label') || at.textContent; }"
    )
    return name


# --- states that axe looks at


@pytest.mark.parametrize(
    ("colour", "computed"), [("", ""), ("#ffd400", "rgb(255, 212, 0)"), ("#102030", "rgb(16, 32, 48)")]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_theme_and_colour_can_be_read(visit: Visit, theme: str, colour: str, computed: str) -> None:
    page = visit.opened(theme=theme, colour=colour)
    accessible(page)
    visit.desk.says = [message("How:", answer=STEPS, closing="Shall I?", buttons=OFFER)]
    say(page)
    expect(reply(page)).to_contain_text("Shall I?")
    accessible(page)
    if colour:
        expect(page.locator(".me .bubble")).to_have_css("background-color", computed)


@pytest.mark.parametrize("kind", ["denies", "conditional", "conflict", "silent"])
def test_every_kind_of_answer_can_be_read(visit: Visit, kind: str) -> None:
    roles = ("answer", "against", "against", "condition", "exception", "related", "also")
    page = visit.opened(theme="dark" if kind in ("denies", "silent") else "light")
    says = answer(kind, "complaint", "x") | {"quotes": [quote(f"A passage, as {role}.", role) for role in roles]}
    visit.desk.says = [message("It says:", answer=says, more_answers=[says], letter="Dear school")]
    say(page)
    expect(reply(page).locator(".badge")).to_have_count(2)
    accessible(page)


def test_the_closed_widget_with_news_the_menu_and_the_failures_are_accessible(visit: Visit) -> None:
    page = visit.opened()
    say(page)
    expect(reply(page)).to_contain_text("You said")
    page.keyboard.press("Escape")
    visit.desk.tells("Which account is it?")
    expect(page.get_by_role("button", name="Privacy questions. Unread messages: 1")).to_be_visible()
    expect(page.locator(".count")).to_have_text("1")
    accessible(page)
    page.locator(OPENER).click()
    expect(page.locator(".is-news")).to_contain_text("From the support team")
    page.locator("button[aria-haspopup=menu]").click()
    accessible(page)
    page.keyboard.press("Escape")
    visit.desk.refusals = [(422, {}, "malformed")]
    say(page, "another")
    expect(page.locator(".me.failed")).to_be_visible()
    accessible(page)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    accessible(page)


# --- sizes, themes, languages


@PHONE
def test_on_a_phone_it_takes_the_whole_screen_and_the_page_behind_stays_put(visit: Visit) -> None:
    page = visit.opened()
    panel = page.locator("dialog")
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert panel.evaluate("panel => panel.matches(':modal')")
    assert page.evaluate("getComputedStyle(document.body).overflow") == "hidden"
    visit.desk.says = [message("How:", answer=STEPS, closing="Shall I?", buttons=OFFER)]
    say(page)
    expect(reply(page)).to_contain_text("Shall I?")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".log").evaluate("log => log.scrollWidth <= log.clientWidth")
    accessible(page)
    page.locator(".head").get_by_role("button", name="Close the chat").click()
    expect(page.locator(OPENER)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.body).overflow") == "visible"


@PHONE
def test_what_is_pressed_is_large_enough_for_a_finger(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [
        message("How:", answer=STEPS, letter="Dear school"),
        message("How:", answer=STEPS, closing="Shall I?", buttons=OFFER),
    ]
    say(page)
    page.locator(".vote").get_by_role("button", name="No").click()
    expect(page.get_by_role("radio").first).to_be_visible()
    say(page)
    expect(page.locator(".reply")).to_have_count(2)
    expect(page.get_by_role("radio").first).to_be_visible()
    sizes = page.locator("button:visible, label.why:visible, .quote a:visible").evaluate_all(
        "all => all.map((one) => [one.textContent || one.ariaLabel, one.offsetWidth, one.offsetHeight])"
    )
    assert len(sizes) > 8 and [one for one in sizes if one[1] < 44 or one[2] < 44] == []


def test_a_keyboard_that_covers_the_page_makes_the_panel_smaller(visit: Visit) -> None:
    page = visit.opened()
    page.set_viewport_size({"width": 390, "height": 420})
    expect(page.locator("#box")).to_be_in_viewport()
    expect(page.locator("#box")).to_be_focused()
    assert (page.locator("dialog").bounding_box() or {})["height"] == 420


@DARK
def test_the_dark_theme_follows_the_person_unless_the_page_says_otherwise(visit: Visit) -> None:
    dark = visit.opened()
    light = visit.opened(theme="light")
    grounds = [one.locator("dialog").evaluate("one => getComputedStyle(one).backgroundColor") for one in (dark, light)]
    assert grounds == ["rgb(22, 31, 29)", "rgb(255, 255, 255)"]


def test_the_brands_colour_is_on_the_launcher(visit: Visit) -> None:
    page = visit.page(colour="rebeccapurple", position="left", title="Ask us")
    launcher = page.locator(OPENER)
    expect(launcher).to_be_visible()
    assert launcher.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(102, 51, 153)"
    assert (launcher.bounding_box() or {})["x"] < 100
    launcher.click()
    expect(page.get_by_role("heading", name="Ask us")).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "words"), [("uk", "Політика говорить"), ("de-AT", "Das sagt die"), ("es", "La política dice")]
)
def test_it_speaks_the_pages_language_and_quotes_in_the_policys(visit: Visit, lang: str, words: str) -> None:
    page = visit.opened(lang=lang)
    visit.desk.says = [message("It says:", answer=SAYS), message("Open.", request=RECEIPT)]
    expect(page.locator(".note-line")).to_be_visible()
    say(page)
    expect(reply(page).locator(".badge")).to_contain_text(words)
    expect(reply(page).locator("blockquote")).to_have_text("You may delete your account.")
    say(page, "delete it")
    expect(page.locator(".receipt")).to_contain_text("2026")
    expect(page.locator(".receipt time").last).not_to_contain_text("Mar ")
    accessible(page)


def test_arabic_is_written_from_right_to_left_and_the_policy_from_left_to_right(visit: Visit) -> None:
    page = visit.page(language="ar")
    page.locator(OPENER).wait_for()
    assert (page.locator(OPENER).bounding_box() or {})["x"] < 100
    page.locator(OPENER).click()
    expect(page.locator("#box")).to_have_css("direction", "rtl")
    title, head = (
        page.get_by_role("heading", name="Klasso").locator("bdi").bounding_box(),
        page.locator(".head").bounding_box(),
    )
    assert title and head and title["x"] > head["x"] + head["width"] / 2
    visit.desk.says = [message("It says:", answer=STEPS)]
    say(page, "سؤال")
    quoted = reply(page).locator("blockquote")
    assert quoted.evaluate("one => getComputedStyle(one).direction") == "ltr"
    assert reply(page).evaluate("one => getComputedStyle(one).direction") == "rtl"
    figure = quoted.locator("xpath=..")
    assert figure.evaluate(
        "one => [getComputedStyle(one).borderLeftWidth, getComputedStyle(one).borderRightWidth]"
    ) == [
        "3px",
        "0px",
    ]
    words, section = quoted.bounding_box(), figure.locator("cite").bounding_box()
    assert words and section and words["x"] == section["x"]
    own, other = page.locator(".me .bubble").bounding_box(), reply(page).locator(".bubble").bounding_box()
    assert own and other and own["x"] < other["x"] + other["width"] / 2
    accessible(page)


def test_in_arabic_a_version_a_reference_and_a_count_keep_the_order_of_their_parts(visit: Visit) -> None:
    page = visit.opened(language="ar")
    assert in_order(page, ".head-title a", "2025", "01")
    page.locator("#box").fill("x" * 4_100)
    assert in_order(page, ".counter", "3", "100")
    page.locator("#box").fill("")
    says = SAYS | {"quotes": [quote("One."), quote("Two.", "also")]}
    visit.desk.says = [message("It says:", answer=says), message("Open.", request=RECEIPT)]
    say(page)
    say(page)
    expect(page.locator(".receipt")).to_be_visible()
    assert in_order(page, ".receipt code", "KLS", "92QD")
    assert in_order(page, ".fold summary", ")", "1", "(")


def in_order(page: Page, selector: str, *parts: str) -> bool:
    """Whether the parts of a text are seen in this order, from left to right."""
    places = page.locator(selector).first.evaluate(
        """(one, parts) => parts.map((part) => {
            const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
            while (texts.nextNode() && !texts.currentNode.data.includes(part));
            const at = texts.currentNode.data.indexOf(part), range = document.createRange();
            range.setStart(texts.currentNode, at);
            range.setEnd(texts.currentNode, at + part.length);
            return range.getBoundingClientRect().x;
        })""",
        parts,
    )
    return bool(places == sorted(places))


def test_english_says_nothing_about_languages(visit: Visit) -> None:
    expect(visit.opened().locator(".note-line")).not_to_be_visible()


def test_reduced_motion_and_forced_colours_are_respected(visit: Visit) -> None:
    page = visit.page()
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    page.locator(OPENER).click()
    expect(page.locator("#box")).to_be_focused()
    assert page.locator("dialog").evaluate("one => getComputedStyle(one).animationName") == "none"
    assert page.locator(".send").evaluate("one => getComputedStyle(one).borderTopStyle") == "solid"
    page.emulate_media(media="print", forced_colors="none")
    expect(page.locator("dialog")).not_to_be_visible()


# --- on a page


def test_the_pages_styles_do_not_reach_in(visit: Visit) -> None:
    plain, wild = visit.opened(), visit.opened(style="wild")
    looks = (
        "() => [...document.querySelector('privacy-desk').shadowRoot.querySelectorAll('.head *, .bubble, #box, .send')]"
        ".map((one) => { const s = getComputedStyle(one); return [s.fontSize, s.color, s.margin, s.textTransform,"
        " s.letterSpacing, s.lineHeight, Math.round(one.getBoundingClientRect().height)]; })"
    )
    assert plain.evaluate(looks) == wild.evaluate(looks)


def test_only_its_interface_is_global_and_a_second_copy_does_nothing(visit: Visit) -> None:
    names = "() => Object.keys(window).filter((name) => !(name in frame.contentWindow))"
    page = visit.page(copies="2")
    expect(page.locator("privacy-desk")).to_have_count(1)
    page.evaluate(
        "() => { const made = document.createElement('iframe'); made.id = 'frame'; document.body.append(made); }"
    )
    assert set(page.evaluate(names)) <= {"PrivacyDesk", "frame", "0"}
    assert page.evaluate("Object.keys(PrivacyDesk).sort().join()") == "close,forget,login,open"


def test_the_page_can_open_and_close_it(visit: Visit) -> None:
    page = visit.page()
    page.evaluate("PrivacyDesk.open()")
    expect(page.locator("#box")).to_be_focused()
    page.evaluate("PrivacyDesk.close()")
    expect(page.locator("dialog")).not_to_be_visible()
    say_open = visit.page(open="true")
    expect(say_open.locator("dialog")).to_be_visible()
    assert say_open.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize(("policy", "said"), [("", "needs a policy's id"), ("nowhere", "data-policy can be klasso")])
def test_a_wrong_policy_is_told_to_the_sites_makers_and_shows_nothing(visit: Visit, policy: str, said: str) -> None:
    page = visit.context.new_page()
    with page.expect_console_message() as told:
        page.goto(f"{visit.site}/?policy={policy}")
    assert told.value.type == "warning" and said in told.value.text and told.value.text.startswith("Privacy Desk: ")
    expect(page.locator("privacy-desk")).to_have_count(0)


def test_a_login_is_passed_on_and_what_somebody_else_said_is_not_shown(visit: Visit) -> None:
    page = visit.opened(login="token of one")
    assert visit.desk.sessions == [{"policy": "klasso", "login": "token of one"}]
    say(page, "my own question")
    expect(reply(page)).to_contain_text("my own question")
    again = visit.opened(login="fresh token of one")
    expect(again.locator(".me")).to_contain_text("my own question")
    until(again, lambda: len(visit.desk.sessions) == 2)
    assert visit.desk.sessions[1] == {"policy": "klasso", "login": "fresh token of one", "resume": "token-1"}
    again.close()
    again = visit.opened(login="somebody else")
    expect(again.locator(".me")).to_have_count(0)
    assert "my own question" not in (str(kept(again)))


def test_a_login_that_is_refused_leaves_a_conversation_without_one(visit: Visit) -> None:
    page = visit.page(login="forged")
    with page.expect_console_message(lambda said: "not accepted" in said.text):
        page.locator(OPENER).click()
    expect(reply(page)).to_contain_text("I am a machine")
    assert visit.desk.sessions[-1] == {"policy": "klasso"}
    visit.complaints.clear()


def test_logging_out_leaves_nothing_for_whoever_comes_next(visit: Visit) -> None:
    page = visit.opened(login="token of one")
    say(page, "my own question")
    expect(reply(page)).to_contain_text("my own question")
    page.evaluate("PrivacyDesk.login('')")
    expect(page.locator(".me")).to_have_count(0)
    assert re.search("my own question", str(kept(page))) is None
