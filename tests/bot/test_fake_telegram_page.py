"""The page of the pretend Telegram, in Debian's chromium."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import free_port

from bot.channels.fake_telegram.demo import demo_world
from bot.channels.fake_telegram.methods import Methods
from bot.channels.fake_telegram.parameters import Parameters
from bot.channels.fake_telegram.server import make_server
from bot.channels.fake_telegram.talking import answer_press, send_message, show_typing
from bot.channels.fake_telegram.webhook import Postman
from bot.channels.fake_telegram.world import World

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"]
HOSTILE = '<img src=x onerror="document.title=1">'
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "This was right", "callback_data": "y"}],
        [{"text": "Read it", "url": "https://example.org/p/klasso#c-1"}],
    ]
}


@pytest.fixture
def world() -> World:
    return demo_world()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    port = free_port()
    server = make_server(world, port=port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A visitor; whatever the page loads or complains of must be in order, under its own strict policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    hosts: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: hosts.append(request.url))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    assert [host for host in hosts if not host.startswith(url)] == []
    assert context.cookies() == [] and complaints == []
    context.close()


def private_chat(world: World) -> int:
    return min(chat.id for chat in world.chats.values() if chat.title == "Ann")


def bot_says(world: World, chat: int, text: str, **more: object) -> None:
    send_message(world, Parameters({"chat_id": chat, "text": text, **more}))


def test_the_page_says_plainly_that_it_is_not_telegram(page: Page, url: str) -> None:
    response = page.goto(url)
    assert response and "default-src 'none'" in response.headers["content-security-policy"]
    expect(page.locator("#pretend")).to_contain_text("pretend Telegram on this machine")


def test_a_deep_link_starts_the_chat_with_its_payload(page: Page, url: str, world: World) -> None:
    page.goto(f"{url}/?start=klasso")
    page.get_by_role("button", name="Start (klasso)").click()
    expect(page.get_by_role("log")).to_contain_text("/start klasso")
    (update,) = [update.wire for update in world.pending() if "message" in update.wire]
    assert update["message"]["text"] == "/start klasso"


def test_what_the_bot_says_is_drawn_with_its_entities_and_never_as_markup(page: Page, url: str, world: World) -> None:
    ann = private_chat(world)
    world.start(ann)
    page.goto(url)
    text = f"😀 bold {HOSTILE} quote link"
    places = {"bold": "bold", "quote": "blockquote", "link": "text_link"}
    entities = [
        {"type": kind, "offset": text.index(word) + 1, "length": len(word), "url": "https://example.org/"}
        for word, kind in places.items()
    ]
    bot_says(world, ann, text, entities=entities)
    log = page.get_by_role("log")
    expect(log.locator("b")).to_have_text("bold")
    expect(log.locator("blockquote")).to_have_text("quote")
    expect(log.get_by_role("link", name="link")).to_have_attribute("href", "https://example.org/")
    expect(log).to_contain_text(HOSTILE)
    assert page.title() == "Pretend Telegram" and log.locator("img").count() == 0


def test_a_pressed_button_turns_until_the_bot_answers_and_its_answer_is_shown(
    page: Page, url: str, world: World
) -> None:
    ann = private_chat(world)
    world.start(ann)
    bot_says(world, ann, "Here.", reply_markup=KEYBOARD)
    page.goto(url)
    button = page.get_by_role("button", name="This was right")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    (press,) = world.unanswered()
    answer_press(world, Parameters({"callback_query_id": press.id, "text": "Noted."}))
    expect(page.locator("#toast")).to_have_text("Noted.")
    expect(button).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("link", name="Read it")).to_have_attribute("href", "https://example.org/p/klasso#c-1")


def test_by_keyboard_alone_one_writes_and_picks_a_command(page: Page, url: str, world: World) -> None:
    ann = private_chat(world)
    world.start(ann)
    commands = '[{"command": "policy", "description": "Another policy"}]'
    Methods(world, Postman(world))._set_commands(Parameters({"commands": commands}))
    page.goto(url)
    page.get_by_label("Message", exact=True).focus()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("hello")
    page.keyboard.type("/p")
    expect(page.locator("#commands")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#commands button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".entry").last).to_contain_text("/policy")
    assert [message.text for message in world.history(ann)] == ["/start", "hello", "/policy"]


def test_from_a_group_a_deep_link_leads_to_the_speakers_private_chat(page: Page, url: str, world: World) -> None:
    (group,) = [chat.id for chat in world.chats.values() if chat.is_group]
    page.goto(url)
    page.get_by_role("button", name="Ann, Ben and the bot").click()
    page.get_by_label("Ben", exact=True).check()
    page.get_by_role("button", name="Name the bot").click()
    page.keyboard.type("delete my account")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("delete my account")
    link = {"text": "Write to me in private", "url": f"https://t.me/{world.username}?start=klasso"}
    bot_says(world, group, "Better in private.", reply_markup={"inline_keyboard": [[link]]})
    page.get_by_role("link", name="Write to me in private").click()
    expect(page.locator("#chat-about")).to_contain_text("you are Ben")
    page.get_by_role("button", name="Start (klasso)").click()
    expect(page.get_by_role("log")).to_contain_text("/start klasso")


def test_typing_is_shown(page: Page, url: str, world: World) -> None:
    ann = private_chat(world)
    world.start(ann)
    page.goto(url)
    show_typing(world, Parameters({"chat_id": ann, "action": "typing"}))
    expect(page.locator("#typing")).to_be_visible()
    bot_says(world, ann, "Done.")
    expect(page.locator("#typing")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_keeps_anybody_out(page: Page, url: str, world: World, scheme: str, width: int) -> None:
    ann = private_chat(world)
    world.start(ann)
    bot_says(world, ann, "Here.", reply_markup=KEYBOARD)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(url)
    page.locator(".listed").first.click()
    expect(page.get_by_role("log")).to_contain_text("Here.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
