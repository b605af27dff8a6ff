"""What the front page makes of requests, letters and news: in Debian's chromium, over a desk that a test scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from scripted_desk import RECEIPT, SITE, ScriptedDesk, answer, message

from tickets.vocabulary import Status
from tickets.words import STATUS_WORDS

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"]
OFFER = [{"title": "Yes, open a request", "token": "signed-yes"}, {"title": "No", "token": "signed-no"}]
FILED = message("Your request is open.", request=RECEIPT)
FORGOTTEN = message("This chat is erased.", kind="forgotten")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor whose clock stands still until it is moved. Whatever the page complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.clock.install()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    assert [text for text in complaints if "500" not in text] == []
    context.close()


def say(page: Page, text: str = "delete my account") -> None:
    page.fill("#composer-text", text)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.keyboard.press("Enter")
    expect(page.locator("#log")).to_have_attribute("aria-busy", "false")


def wait(page: Page, seconds: float) -> None:
    """Let time pass, and what it starts come to an end."""
    page.clock.run_for(int(seconds * 1000))
    settle(page)


def settle(page: Page) -> None:
    """Requests are served in their order: when a later one has its answer, the earlier ones have theirs."""
    for _ in range(2):
        page.evaluate("() => fetch('/static/logo.svg').then((response) => response.text())")


def show_tab(page: Page, shown: bool) -> None:
    state = "visible" if shown else "hidden"
    page.evaluate(
        "s => { Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => s });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        state,
    )
    settle(page)


def order_in(page: Page, *texts: str) -> list[int]:
    """Where the texts stand in the last message of the desk."""
    whole = page.locator("#log .desk-says").last.inner_text()
    return [whole.index(text) for text in texts]


# --- answers, receipts, letters


def test_an_offer_is_made_after_the_quotes_and_before_its_buttons(page: Page) -> None:
    says = answer("states", "access_edit_delete.deletion", "You may delete your account.")
    desk = ScriptedDesk([message("The policy says:", answer=says, closing="Shall I open a request?", buttons=OFFER)])
    desk.on(page)
    say(page)
    places = order_in(page, "The policy says", "You may delete", "Shall I open a request?", "Yes, open a request")
    assert places == sorted(places)


def test_answers_on_several_rights_stand_apart_each_with_its_topic_and_badge(page: Page) -> None:
    first = answer("states", "access_edit_delete.deletion", "You may delete your account.")
    second = answer("silent", "access_edit_delete.access", "We keep logs.")
    ScriptedDesk([message("This is what it says:", answer=first, more_answers=[second])]).on(page)
    say(page)
    sections = page.locator("#log .desk-says").last.locator("section.answer")
    expect(sections).to_have_count(2)
    expect(sections.nth(0)).to_contain_text("Deleting an account or data")
    expect(sections.nth(0).locator(".badge")).to_have_text("The policy says")
    expect(sections.nth(1)).to_contain_text("Getting a copy of one's data")
    expect(sections.nth(1).locator(".badge")).to_have_text("The policy does not say")


def test_a_receipt_tells_status_and_due_date_in_words_and_why(page: Page) -> None:
    ScriptedDesk([FILED]).on(page)
    say(page)
    receipt = page.locator(".receipt")
    expect(receipt).to_contain_text("Request filed")
    expect(receipt).to_contain_text("Deletion, a copy of your data")
    expect(receipt).to_contain_text(STATUS_WORDS[Status.UNVERIFIED][1:])
    expect(receipt).to_contain_text("2 Mar 2026")
    expect(receipt).to_contain_text("A code is on its way to your mailbox")
    working = receipt.locator("details li")
    expect(working).not_to_be_visible()
    receipt.get_by_text("Why this date").click()
    expect(working).to_have_text("answer, GDPR Art. 12(3): received Sat 31 Jan 2026 → one month → Mon 2 Mar 2026")


@pytest.mark.parametrize("changed", [{"proof": "by_staff"}, {"created": False}])
def test_no_code_is_announced_where_none_was_sent(page: Page, changed: dict[str, Any]) -> None:
    ScriptedDesk([message("Your request.", request=RECEIPT | changed)]).on(page)
    say(page)
    expect(page.locator(".receipt")).to_be_visible()
    expect(page.locator(".receipt")).not_to_contain_text("code")


def test_a_referral_has_no_due_date_and_gives_a_letter_after_the_passage(page: Page) -> None:
    says = answer("states", "controller_role", "Ask your school.")
    receipt = RECEIPT | {"status": "referred", "proof": "not_needed"}
    reply = message("Ask the school.", answer=says, request=receipt, letter="Dear school", closing="I have noted it.")
    ScriptedDesk([reply]).on(page)
    say(page)
    expect(page.locator(".receipt")).to_contain_text("somebody else decides")
    expect(page.locator(".receipt")).not_to_contain_text("Mar 2026")
    expect(page.locator(".receipt details")).to_have_count(0)
    said = ("Ask the school.", "Ask your school.", "Dear school", "somebody else decides", "I have noted it.")
    places = order_in(page, *said)
    assert places == sorted(places)


def test_the_letter_can_be_copied_whole(page: Page) -> None:
    letter = "Subject: My rights\n\nDear Sir or Madam,\n<b>not bold</b>\n"
    ScriptedDesk([message("Here it is.", letter=letter)]).on(page)
    page.evaluate(
        "() => { window.copied = []; const clipboard = { writeText: async (text) => copied.push(text) };"
        " Object.defineProperty(navigator, 'clipboard', { value: clipboard }); }"
    )
    say(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".letter")).to_contain_text("Copied")
    assert page.evaluate("copied") == [letter]
    assert page.locator("#log b").count() == 0


def test_where_the_clipboard_is_closed_the_letter_is_marked(page: Page) -> None:
    ScriptedDesk([message("Here it is.", letter="Dear school")]).on(page)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false"
    )
    say(page)
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("String(getSelection())") == "Dear school"
    expect(page.locator(".letter")).to_contain_text("copy it with your keyboard")


def test_hostile_words_of_the_desk_are_text(page: Page) -> None:
    bad = '<img src=x onerror="document.title=1">'
    receipt = RECEIPT | {"reference": bad, "rights": [bad], "status": bad, "working": [bad], "answer_by": bad}
    desk = ScriptedDesk([message(bad, request=receipt, letter=bad, closing=bad)])
    desk.on(page)
    desk.tells(bad, 1)
    say(page)
    wait(page, 16)
    expect(page.locator(".is-news")).to_contain_text(bad)
    assert page.locator("#log img").count() == 0 and page.title() != "1"


# --- news


def test_news_is_asked_for_every_15_seconds_once_there_is_a_request(page: Page) -> None:
    desk = ScriptedDesk([message("Hello."), FILED])
    desk.on(page)
    say(page, "hello")
    wait(page, 60)
    assert desk.polls == []
    say(page)
    wait(page, 15.1)
    wait(page, 15.1)
    assert desk.polls == [(0, "Bearer token-1")] * 2


def test_news_is_shown_once_as_the_support_teams_and_leaves_the_buttons(page: Page) -> None:
    desk = ScriptedDesk([FILED | {"buttons": OFFER}])
    desk.on(page)
    say(page)
    desk.tells("Which account is it?", 7)
    wait(page, 15.1)
    page.reload()
    wait(page, 31)
    expect(page.locator(".is-news")).to_have_count(1)
    expect(page.locator(".is-news")).to_contain_text("From the support team")
    expect(page.locator(".is-news")).to_contain_text("Which account is it?")
    expect(page.get_by_role("button", name="Yes, open a request")).to_be_visible()
    assert {after for after, _ in desk.polls[1:]} == {7}


def test_a_server_that_repeats_itself_is_not_repeated(page: Page) -> None:
    desk = ScriptedDesk([FILED])
    desk.on(page)
    say(page)
    desk.tells("Once.", 3)
    desk.tells("Once.", 3)
    wait(page, 15.1)
    wait(page, 15.1)
    expect(page.locator(".is-news")).to_have_count(1)


def test_a_hidden_tab_does_not_ask_and_one_that_is_shown_again_asks_at_once(page: Page) -> None:
    desk = ScriptedDesk([FILED])
    desk.on(page)
    say(page)
    show_tab(page, False)
    wait(page, 120)
    assert desk.polls == []
    desk.tells("We have a question.", 1)
    show_tab(page, True)
    expect(page.locator(".is-news")).to_have_count(1)
    wait(page, 15.1)
    assert len(desk.polls) == 2


def test_failures_are_silent_and_asked_less_and_less_often(page: Page) -> None:
    desk = ScriptedDesk([FILED], fails=True)
    desk.on(page)
    say(page)
    before = page.locator("#log").inner_text()
    for _ in range(16):  # four minutes
        wait(page, 15.1)
    assert len(desk.polls) == 4  # after 15 s, then 30, 60 and 120 s later
    assert page.locator("#log").inner_text() == before
    desk.fails = False
    desk.tells("At last.", 1)
    for _ in range(16):
        wait(page, 15.1)
    expect(page.locator(".is-news")).to_have_count(1)
    assert len(desk.polls) > 5


def test_news_below_what_is_being_read_moves_nothing_and_offers_a_way(page: Page) -> None:
    long = message("A long answer.\n" * 80, request=RECEIPT)
    desk = ScriptedDesk([long])
    desk.on(page)
    say(page)
    desk.tells("Which account is it?", 1)
    before = page.evaluate("document.getElementById('log').scrollTop")
    wait(page, 15.1)
    assert page.evaluate("document.getElementById('log').scrollTop") == before
    page.get_by_role("button", name=re.compile("New message")).click()
    expect(page.locator(".is-news")).to_be_in_viewport()
    expect(page.get_by_role("button", name=re.compile("New message"))).not_to_be_visible()


def test_news_of_one_policy_is_not_shown_in_the_chat_of_another(page: Page) -> None:
    desk = ScriptedDesk([FILED])
    desk.on(page)
    say(page)
    page.locator("input[value=klantra]").check()
    desk.tells("Which account is it?", 1)
    wait(page, 31)
    assert desk.polls == [] and page.locator(".is-news").count() == 0
    page.locator("input[value=klasso]").check()
    expect(page.locator(".is-news")).to_have_count(1)


# --- forgetting


def test_forgetting_leaves_only_the_last_word_and_the_next_message_opens_a_conversation(page: Page) -> None:
    desk = ScriptedDesk([FILED, FORGOTTEN, message("Hello again.")])
    desk.on(page)
    say(page)
    say(page, "forget me")
    expect(page.locator("#log .entry")).to_have_count(1)
    expect(page.locator("#log")).to_contain_text("This chat is erased.")
    kept = page.evaluate("JSON.parse(sessionStorage.getItem('privacy-desk')).chats.klasso")
    assert kept["token"] == "" and len(kept["entries"]) == 1 and not kept["hasRequest"] and kept["after"] == 0
    page.goto(f"{SITE}/?policy=klasso")
    wait(page, 60)
    assert desk.sessions == 1 and desk.polls == []
    say(page, "hello")
    assert desk.sessions == 2
    expect(page.locator("#log")).to_contain_text("Hello again.")
    expect(page.locator("#log")).not_to_contain_text("delete my account")


def test_news_that_was_on_its_way_does_not_come_back_into_a_forgotten_chat(page: Page) -> None:
    desk = ScriptedDesk([FILED, FORGOTTEN], holds=True)
    desk.on(page)
    say(page)
    desk.tells("Which account is it?", 1)
    wait(page, 15.1)
    assert len(desk.held) == 1
    say(page, "forget me")
    desk.release()
    settle(page)
    expect(page.locator("#log .entry")).to_have_count(1)
    assert page.locator(".is-news").count() == 0


def test_forgetting_one_policys_chat_leaves_the_others(page: Page) -> None:
    desk = ScriptedDesk([message("An answer."), FORGOTTEN])
    desk.on(page)
    say(page, "what do you collect?")
    page.locator("input[value=klantra]").check()
    say(page, "forget me")
    page.locator("input[value=klasso]").check()
    expect(page.locator("#log")).to_contain_text("what do you collect?")


# --- the demo mailbox


def test_a_demo_without_mail_server_leads_to_its_mailbox_where_a_code_is_sent(page: Page) -> None:
    ScriptedDesk([FILED], demo_mail=True).on(page)
    expect(page.locator(".mail-note")).to_contain_text("No mail server is set")
    say(page)
    link = page.locator(".receipt").get_by_role("link")
    expect(link).to_have_attribute("href", "/demo/mail")
    expect(link).to_have_attribute("target", "_blank")


def test_with_a_mail_server_nothing_speaks_of_a_demo_mailbox(page: Page) -> None:
    ScriptedDesk([FILED]).on(page)
    say(page)
    expect(page.locator(".receipt")).to_be_visible()
    assert page.locator('a[href="/demo/mail"]').count() == 0
