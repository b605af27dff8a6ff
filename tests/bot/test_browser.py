"""The product in a real browser: Debian's chromium, driven by Playwright, against a served product."""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from serving import Running, started, stopped

from tickets.vocabulary import Status

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"]
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture(scope="module")
def served(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = started(tmp_path_factory.mktemp("browser"))
    yield running
    stopped(running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, served: Running) -> Iterator[Page]:
    """A new visitor; whatever the page loads or complains of is collected and must be in order."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    hosts: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: hosts.append(request.url))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    assert [url for url in hosts if not url.startswith((served.url, "data:"))] == []
    assert context.cookies() == []
    assert [text for text in complaints if "ERR_" not in text] == []
    context.close()


def ask(page: Page, text: str) -> None:
    """Type and send; wait for the reply."""
    before = page.locator("#log .desk-says").count()
    page.fill("#composer-text", text)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('#log .desk-says').length > n", arg=before)


def opened(page: Page, served: Running, policy: str) -> None:
    page.goto(f"{served.url}/?policy={policy}")
    expect(page.get_by_role("log")).to_contain_text("I am a machine")


def test_a_question_leads_to_the_highlighted_clause(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    ask(page, "do you record our calls?")
    log = page.get_by_role("log")
    expect(log).to_contain_text("No, Klasso's privacy policy says it does not")
    expect(log.locator("blockquote").first).to_contain_text("Klasso does not record, store, or share your video")
    with page.context.expect_page() as popup:
        log.get_by_role("link", name=re.compile("Read it in the policy")).first.click()
    policy = popup.value
    policy.wait_for_load_state()
    target = policy.locator(":target")
    expect(target).to_contain_text("No Recording or Storage")
    expect(target).to_be_in_viewport()
    plain = policy.locator("main").evaluate("e => getComputedStyle(e).backgroundColor")
    assert target.evaluate("e => getComputedStyle(e).backgroundColor") != plain


def test_the_steps_stand_as_a_list_and_a_request_can_be_filed_from_there(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    ask(page, "How do I delete my account?")
    log = page.get_by_role("log")
    expect(log.locator("ol li")).to_have_count(6)
    expect(log).to_contain_text("required legal logs")
    press(page, "File a request: deletion")
    assert status_of(served, filed_from_form(page)) is Status.UNVERIFIED


def test_a_newcomer_finds_the_code_in_the_demo_mailbox_and_shows_that_it_is_theirs(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    reference = filed(page)
    expect(page.locator(".receipt")).to_contain_text("A code is on its way to your mailbox")
    with page.context.expect_page() as popup:
        page.locator(".receipt").get_by_role("link").click()
    mail = mail_about(popup.value, served, reference)
    ask(page, mail.locator("code").inner_text())
    expect(page.locator("#log .desk-says").last).to_contain_text("the code is right")


def test_a_stop_link_changes_nothing_until_its_button_is_pressed_and_the_chat_hears_of_it(
    page: Page, served: Running
) -> None:
    opened(page, served, "klasso")
    reference = filed(page)
    stop = page.context.new_page()
    link = mail_about(stop, served, reference).get_by_role("link")
    stop.goto(f"{served.url}{link.get_attribute('href')}")
    expect(stop.locator("main")).to_contain_text(reference)
    stop.reload()
    assert status_of(served, reference) is Status.UNVERIFIED
    stop.get_by_role("button", name="Stop this request").click()
    expect(stop.locator("main")).to_contain_text("The request is stopped")
    assert status_of(served, reference) is Status.WITHDRAWN
    expect_news(page, "was taken back")


def test_a_stop_link_that_is_none_gets_a_friendly_page(page: Page, served: Running) -> None:
    answered = page.request.get(f"{served.url}/stop/none")
    assert answered.status == 404 and "No request stands behind this link" in answered.text()


def test_forget_me_leaves_nothing_of_the_chat_in_the_tab(page: Page, served: Running) -> None:
    opened(page, served, "klantra")
    ask(page, "how old must I be?")
    ask(page, "forget me")
    page.get_by_role("button", name="Erase this chat").click()
    expect(page.locator("#log .entry")).to_have_count(1)
    page.reload()
    expect(page.locator("#log")).to_contain_text("This chat is erased")
    assert "how old must I be?" not in page.evaluate("JSON.stringify({...sessionStorage})")
    ask(page, "how old must I be?")
    expect(page.locator("#log blockquote").first).to_be_visible()


def filed(page: Page) -> str:
    """Ask for deletion, all the way to the receipt."""
    ask(page, "please delete my account")
    press(page, "Yes, open a request")
    return filed_from_form(page)


def filed_from_form(page: Page) -> str:
    """Answer the form's questions; the reference of what was filed."""
    ask(page, f"pat.{secrets.token_hex(4)}@example.org")  # one address gets a few mails a day only
    ask(page, "no")
    press(page, "Yes, open the request")
    return page.locator(".receipt code").inner_text()


def press(page: Page, name: str) -> None:
    """Press a button of the latest reply; wait for what it leads to."""
    before = page.locator("#log .desk-says").count()
    page.get_by_role("button", name=name).click()
    page.wait_for_function("n => document.querySelectorAll('#log .desk-says').length > n", arg=before)


def mail_about(page: Page, served: Running, reference: str) -> Locator:
    """The mail about a request, in the demo mailbox, which looks again by itself."""
    page.goto(f"{served.url}/demo/mail")
    mail = page.locator(".mail", has_text=reference)
    expect(mail).to_be_visible(timeout=20_000)
    return mail


def expect_news(page: Page, text: str) -> None:
    """News comes after a while, or when the tab is looked at again."""
    for _ in range(40):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(250)
        if page.locator(".is-news").count():
            break
    expect(page.locator(".is-news")).to_contain_text(text)


def status_of(served: Running, reference: str) -> Status:
    """As it stands in the database."""
    with contextlib.closing(sqlite3.connect(f"file:{database_of(served)}?mode=ro", uri=True)) as looked_at:
        (status,) = looked_at.execute("SELECT status FROM requests WHERE reference = ?", (reference,)).fetchone()
    return Status(status)


def database_of(served: Running) -> Path:
    return next(path for path in served.folder.iterdir() if path.suffix == ".db")


def test_both_sides_of_a_contradiction_are_shown(page: Page, served: Running) -> None:
    opened(page, served, "kloudtalk")
    ask(page, "do you share my data with others?")
    log = page.get_by_role("log")
    expect(log).to_contain_text("contradicts itself")
    expect(log).to_contain_text("We never share any information")
    expect(log).to_contain_text("we may share some data with our trusted partners")


def test_silence_is_told_apart_from_a_no(page: Page, served: Running) -> None:
    opened(page, served, "kloudtalk")
    ask(page, "do you record my phone calls?")
    expect(page.get_by_role("log")).to_contain_text("The policy does not say")
    expect(page.get_by_role("log")).to_contain_text("Related, but not an answer")


def test_a_reload_keeps_the_chat(page: Page, served: Running) -> None:
    opened(page, served, "klantra")
    ask(page, "how old must I be?")
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("how old must I be?")
    expect(page.get_by_role("log")).to_contain_text("under the age of 18")


def test_each_policy_has_a_chat_of_its_own(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    ask(page, "do you use cookies for anything?")
    page.locator("input[value=klasterina]").check()
    expect(page.get_by_role("log")).to_contain_text("Klasterina's privacy policy")
    expect(page.get_by_role("log")).not_to_contain_text("do you use cookies for anything?")


def test_hostile_text_is_shown_as_text(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    title = page.title()
    ask(page, HOSTILE)
    expect(page.get_by_role("log")).to_contain_text(HOSTILE)
    assert page.title() == title and page.locator("#log img").count() == 0


def test_everything_works_with_the_keyboard_alone(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_class(re.compile("skip"))
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.type("who gets my phone number?")
    page.keyboard.press("Enter")
    expect(page.locator("#log blockquote").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_sideways_scrolling(browser: Browser, served: Running, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    phone = context.new_page()
    opened(phone, served, "classtime")
    ask(phone, "how long do you keep my data after I leave?")
    expect(phone.get_by_role("log")).to_contain_text("6 months")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert min(phone.locator("button:visible").evaluate_all("all => all.map(b => b.offsetHeight)")) >= 44
    phone.goto(f"{served.url}/p/classtime")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_message_that_could_not_be_sent_can_be_sent_again(page: Page, served: Running) -> None:
    opened(page, served, "klasso")
    page.context.set_offline(True)
    page.fill("#composer-text", "do you share my pictures?")
    page.keyboard.press("Enter")
    again = page.get_by_role("button", name=re.compile("Try again"))
    expect(again).to_be_visible()
    page.context.set_offline(False)
    again.click()
    expect(page.locator("#log blockquote").first).to_be_visible()


def test_the_api_page_works_without_the_internet(page: Page, served: Running) -> None:
    page.goto(f"{served.url}/docs")
    expect(page.locator("#swagger-ui")).to_contain_text("/api/messages")
