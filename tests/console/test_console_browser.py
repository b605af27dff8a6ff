"""The shell in a real browser: Debian's chromium at a served console. What only a browser shows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pyotp
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from staff_people import PASSWORD, settings_of

from console.app import create_app
from console.house import House
from console.launch import server_config
from tickets.vocabulary import Role

PATIENCE = 30.0  # seconds until a hang counts as one
FLAGS = ["--no-sandbox", "--disable-gpu"]


@dataclass
class Served:
    """A console that listens."""

    url: str
    house: House


@pytest.fixture
def served(shell_house: House, tmp_path: Path) -> Iterator[Served]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    shell_house.settings = settings_of(tmp_path, PRIVACY_DESK_CONSOLE_PORT=str(port))
    shell_house.clock = lambda: datetime.now(timezone.utc)
    server = uvicorn.Server(server_config(create_app(shell_house, ("entry", "people"))))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    yield Served(shell_house.settings.url, shell_house)
    server.should_exit = True
    thread.join(PATIENCE)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context()
    yield opened
    opened.close()


def first_login(page: Page, served: Served) -> None:
    """An administrator comes in for the first time, by keyboard alone."""
    page.set_default_timeout(10_000)
    _, first = served.house.staff.add("admin", Role.ADMIN, served.house.clock())
    page.goto(f"{served.url}/staff")
    for field, text in (("login", "admin"), ("password", first.reveal())):
        page.wait_for_function("id => document.activeElement.id === id", arg=field)
        page.keyboard.type(text)
        page.keyboard.press("Tab" if text == "admin" else "Enter")
    page.wait_for_url("**/first-password**")
    page.focus("#old")
    for text in (first.reveal(), PASSWORD, PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor/new**")
    secret = page.text_content(".secret") or ""
    page.wait_for_function("document.activeElement.id === 'code'")
    page.keyboard.type(pyotp.TOTP(secret.replace(" ", "")).now())
    page.keyboard.press("Enter")
    page.wait_for_selector(".codes")


def test_the_first_login_goes_by_keyboard_and_breaks_no_rule_of_the_page(
    context: BrowserContext, served: Served
) -> None:
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    first_login(page, served)
    page.goto(f"{served.url}/staff")
    assert page.text_content("h1") == "Staff"
    assert [text for text in said if "Content Security Policy" in text or "Error" in text] == []
    assert page.evaluate("typeof htmx") == "object" and page.evaluate("localStorage.length") == 0


def test_a_link_on_another_site_finds_one_logged_in(context: BrowserContext, served: Served) -> None:
    first_login(context.new_page(), served)
    page = context.new_page()
    page.goto(f"data:text/html,<a href='{served.url}/account'>to the console</a>")
    page.click("a")
    page.wait_for_selector("text=Id in the trail")


def test_a_form_on_another_site_and_a_frame_do_nothing(context: BrowserContext, served: Served) -> None:
    first_login(context.new_page(), served)
    page = context.new_page()
    action = f"{served.url}/account/end-sessions"
    page.goto(f"data:text/html,<form method=post action='{action}'><button>win</button></form>")
    page.click("button")
    page.wait_for_selector("text=Not from this site")
    framed = context.new_page()
    framed.goto(f"data:text/html,<iframe src='{served.url}/login'></iframe>")
    framed.wait_for_timeout(500)
    assert all("Log in" not in frame.content() for frame in framed.frames)
    page.goto(f"{served.url}/account")
    assert page.text_content("h1") == "Your account"


def test_a_form_in_another_tab_goes_on_after_the_token_was_renewed(context: BrowserContext, served: Served) -> None:
    page, other = context.new_page(), context.new_page()
    first_login(page, served)
    other.goto(f"{served.url}/account")
    before = other.get_attribute("input[name=token]", "value")
    page.goto(f"{served.url}/staff")
    page.fill("#login", "newcomer")
    page.click("text=Add >> nth=-1")
    page.fill("#again", PASSWORD)
    page.click("text=Go on")
    page.wait_for_selector("text=A first password for newcomer")
    other.wait_for_function("old => document.querySelector('input[name=token]').value !== old", arg=before)
    other.click("text=Log out everywhere")
    other.wait_for_selector("text=All your sessions have ended")


def test_shortcuts_can_be_read_used_and_switched_off(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    first_login(page, served)
    page.goto(f"{served.url}/account")
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert not page.is_visible("#keys")
    page.click("[data-opens=keys]")
    page.check("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/staff")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2000])
def test_every_page_of_the_shell_is_within_reach_of_everybody(
    chromium: Browser, served: Served, scheme: str, width: int
) -> None:
    # axe-core is put into the page as a script, which the page's own rule would refuse.
    context = chromium.new_context(
        bypass_csp=True,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
    )
    page, found = context.new_page(), {}
    page.goto(f"{served.url}/login")
    found["/login"] = Axe().run(page).response["violations"]
    first_login(page, served)
    found["codes"] = Axe().run(page).response["violations"]
    for path in ("/account", "/staff", "/nowhere"):
        page.goto(f"{served.url}{path}")
        found[path] = Axe().run(page).response["violations"]
        wide = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth)"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.evaluate(
            f"{wide}.map(e => e.outerHTML.slice(0, 80))"
        )
    context.close()
    assert {path: [entry["id"] for entry in entries] for path, entries in found.items() if entries} == {}
