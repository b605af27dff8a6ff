"""The queue in a real browser: keys, and rows that are renewed under nobody's hands."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from queue_room import Room
from staff_people import Clock, Person, settings_of

from console.house import House
from console.launch import server_config
from tickets.vocabulary import Right, Role

PATIENCE = 30.0  # seconds until a hang counts as one
FLAGS = ["--no-sandbox", "--disable-gpu"]
# What the page does by itself every ten seconds, at once.
ASK_NOW = (
    "htmx.ajax('GET', document.getElementById('views').getAttribute('hx-get'), {target: '#views', swap: 'outerHTML'})"
)


@dataclass
class Visit:
    """An agent's browser at a console that listens."""

    room: Room
    agent: Person
    page: Page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(house: House, clock: Clock, tmp_path: Path, chromium: Browser) -> Iterator[Visit]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    house.settings = settings_of(tmp_path, PRIVACY_DESK_CONSOLE_PORT=str(listening.getsockname()[1]))
    room = Room(house, clock)
    agent = room.person(Role.AGENT, "agent-one")
    server = uvicorn.Server(server_config(room.app))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    # The debugger lets axe in; what the page itself may do is tested with its policy in force (test_console_browser).
    context = chromium.new_context(base_url=house.settings.url, bypass_csp=True)
    cookie = agent.client.cookies.get("desk")
    context.add_cookies([{"name": "desk", "value": cookie, "url": house.settings.url}])
    yield Visit(room, agent, context.new_page())
    context.close()
    server.should_exit = True
    thread.join(PATIENCE)


def test_rows_are_renewed_while_nobody_is_at_them(visit: Visit) -> None:
    reference, page = visit.room.file(), visit.page
    page.goto("/queue")
    page.mouse.move(0, 0)
    visit.room.house.handling.claim(reference, visit.agent.id, visit.room.clock.now)
    page.evaluate(ASK_NOW)
    expect(page.locator("#rows")).to_contain_text("you")
    expect(page.locator("#changed")).to_be_hidden()


@pytest.mark.parametrize("hands", ["keyboard", "pointer", "ticks"])
def test_rows_stay_under_somebodys_hands_until_they_are_wanted(visit: Visit, hands: str) -> None:
    reference, page = visit.room.file(), visit.page
    page.goto("/queue")
    if hands == "keyboard":
        page.keyboard.press("j")
    elif hands == "pointer":
        page.hover("#rows tbody tr")
    else:
        page.check("#rows input[name=ticket]")
    visit.room.house.handling.claim(reference, visit.agent.id, visit.room.clock.now)
    page.evaluate(ASK_NOW)
    expect(page.locator("#views")).to_contain_text("Mine 1")
    expect(page.locator("#changed")).to_be_visible()
    expect(page.locator("#rows")).to_contain_text("nobody")
    page.click("#show-changed")
    expect(page.locator("#rows")).to_contain_text("you")


def test_the_queue_is_worked_by_keys_alone(visit: Visit) -> None:
    first, second = visit.room.file(days_ago=9), visit.room.file(days_ago=1)
    page = visit.page
    page.goto("/queue")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jjx")
    expect(page.locator("#q")).to_have_value("jjx")
    page.locator("#q").blur()
    for key in "jjkjx":
        page.keyboard.press(key)
    expect(page.locator(f"#r-{second}")).to_be_focused()
    expect(page.locator(f'input[value^="{second}@"]')).to_be_checked()
    expect(page.locator(f'input[value^="{first}@"]')).not_to_be_checked()
    expect(page.locator("#ticked")).to_have_text("1 ticked")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{visit.room.house.settings.url}/requests/{second}")
    page.wait_for_load_state()
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(visit: Visit, width: int, scheme: str) -> None:
    reference, page = visit.room.in_progress(Right.ACCESS, Right.PORTABILITY), visit.page
    visit.room.house.handling.note(reference, "a note", visit.agent.id, visit.room.clock.now)
    visit.room.file(text="w" * 300, days_ago=40)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    here = f"/requests/{reference}"
    for path in ("/queue", "/queue?right=access", here, f"{here}/refuse", f"{here}/partly-fulfil", "/queue/new"):
        page.goto(path)
        found = Axe().run(page).response
        assert found["passes"] and [(path, one["id"], one["nodes"]) for one in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
