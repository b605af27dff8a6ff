"""A morning at the console in a real browser: a deletion from the queue to its letter, by two people."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from queue_room import Room
from staff_people import PASSWORD, Clock, Person, settings_of

from console.app import create_app
from console.house import House
from console.launch import server_config
from pii.redacted import Redacted
from tickets.vocabulary import EvidenceKind, Finding, Remark, Right, Role, Status

PATIENCE = 30.0  # seconds until a hang counts as one
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LOGGED_IN = frozenset({EvidenceKind.LOGIN_TOKEN})


@contextmanager
def serving(house: House, folder: Path, **variables: str) -> Iterator[str]:
    """The whole console on a free port; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        house.settings = settings_of(folder, PRIVACY_DESK_CONSOLE_PORT=str(port), **variables)
        server = uvicorn.Server(server_config(create_app(house)))
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        until = time.monotonic() + PATIENCE
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.05)
        try:
            yield house.settings.url
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@contextmanager
def chromium_started() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@dataclass
class Desk:
    """A console that listens, its requests and its people; the time is the house's own."""

    url: str
    room: Room

    def member(self, role: Role, login: str) -> Person:
        """Somebody who has a password and an authenticator app already."""
        person = self.room.person(role, login)
        self.room.clock.pass_by(minutes=1)  # no code counts twice
        return person

    def log_in(self, page: Page, person: Person) -> None:
        """Password, then the code; ends at the queue."""
        page.set_default_timeout(10_000)
        page.goto(f"{self.url}/queue")
        page.fill("#login", person.login)
        page.fill("#password", PASSWORD)
        page.click("text=Go on")
        page.fill("#code", person.code())
        page.click("button:has-text('Log in')")
        expect(page.locator("h1")).to_have_text("All open")


@pytest.fixture
def desk(house: House, clock: Clock, tmp_path: Path) -> Iterator[Desk]:
    with serving(house, tmp_path) as url:
        yield Desk(url, Room(house, clock))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as opened:
        yield opened


@contextmanager
def own_browser(chromium: Browser) -> Iterator[Page]:
    """A browser without a login."""
    context: BrowserContext = chromium.new_context()
    try:
        yield context.new_page()
    finally:
        context.close()


def said(page: Page, text: str) -> None:
    """Wait until the page's top says so."""
    expect(page.locator("#notices")).to_contain_text(text)


def show_password(page: Page) -> None:
    """What cannot be undone asks for the password once more."""
    expect(page.locator("h1")).to_have_text("Your password again")
    page.fill("#again", PASSWORD)
    page.click("text=Go on")


def test_a_deletion_goes_from_the_queue_to_its_letter_by_two_people(chromium: Browser, desk: Desk) -> None:
    room = desk.room
    urgent = room.file(Right.DELETION, days_ago=25, evidence=LOGGED_IN, text="delete my account please")
    room.file(Right.DELETION, days_ago=3, contact="two@example.org")
    room.file(Right.MARKETING_OPT_OUT, days_ago=9, contact="three@example.org")
    first_agent, second_person = desk.member(Role.AGENT, "agent-one"), desk.member(Role.APPROVER, "approver-one")
    with own_browser(chromium) as agent, own_browser(chromium) as approver:
        desk.log_in(agent, first_agent)
        assert urgent in (agent.locator("#rows a.open").first.text_content() or "")
        agent.locator("#rows a.open").first.click()
        agent.click("text=Take it")
        said(agent, "You have this request now.")
        check_against_the_records(agent)
        assert room.status(urgent) is Status.VERIFIED

        desk.log_in(approver, second_person)
        approver.goto(f"{desk.url}/requests/{urgent}")
        assert "agent-one has it" in approver.inner_text("aside")
        approver.click("button:text-is('Approve')")
        show_password(approver)
        said(approver, "Approve: done.")

        agent.reload()
        agent.click("button:text-is('Start work')")
        said(agent, "Start work: done.")
        agent.click("text=Not now, and why")
        assert "On hold until" in agent.inner_text(".blocked")
        room.clock.pass_by(hours=73)
        desk.log_in(agent, first_agent)  # an idle session has ended meanwhile
        fulfil_after_reading_the_letter(agent, f"{desk.url}/requests/{urgent}")
    assert room.status(urgent) is Status.FULFILLED
    (letter,) = room.letters(urgent, "fulfilled")
    assert urgent in letter and len(room.letters(urgent, "verified")) == 1
    who_did_what = [entry for entry in room.trail(urgent) if entry[0] in (first_agent.id, second_person.id)]
    assert [(actor, deed) for actor, deed in who_did_what if deed in ("claimed", "approved", "fulfilled")] == [
        (first_agent.id, "claimed"),
        (second_person.id, "approved"),
        (first_agent.id, "fulfilled"),
    ]


def check_against_the_records(page: Page) -> None:
    """Note that the account agrees with the company's own records."""
    page.click("a:has-text('Verify against records')")
    page.check("input[value=staff_record_match]")
    page.click("button:text-is('Verify against records')")
    said(page, "Verify against records: done.")


def fulfil_after_reading_the_letter(page: Page, url: str) -> None:
    """The letter is seen, then the password is asked for, then it goes."""
    page.goto(url)
    page.click("a:text-is('Fulfil…')")
    expect(page.locator("main")).to_contain_text("This goes to the person, in their web chat")
    page.click("button:has-text('Fulfil and send')")
    show_password(page)
    said(page, "Fulfil: done. The letter is on its way.")


def test_an_agent_needs_no_mouse(chromium: Browser, desk: Desk) -> None:
    first = desk.room.file(Right.DELETION, days_ago=20)
    second = desk.room.file(Right.ACCESS, days_ago=10, contact="two@example.org")
    first_agent = desk.member(Role.AGENT, "agent-one")
    with own_browser(chromium) as page:
        page.set_default_timeout(10_000)
        log_in_by_keyboard(page, desk, first_agent)
        for key, reference in (("j", first), ("j", second), ("k", first), ("j", second)):
            page.keyboard.press(key)
            expect(page.locator(f"#r-{reference}")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/requests/{second}")
        page.keyboard.press("n")
        expect(page.locator("#note-text")).to_be_focused()
        page.keyboard.type("the records are asked for")
        page.keyboard.press("Tab")
        expect(page.locator("button:has-text('Keep the note')")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".talk .note")).to_contain_text("the records are asked for")
        page.wait_for_load_state()  # the page is drawn before its keys work
        page.keyboard.press("g")
        page.keyboard.press("q")
        page.wait_for_url(f"{desk.url}/queue")
    (kept,) = desk.room.house.handling.remarks(second)
    assert (kept.kind, kept.actor, kept.text) == (Remark.NOTE, first_agent.id, "the records are asked for")


def log_in_by_keyboard(page: Page, desk: Desk, person: Person) -> None:
    """The fields are where the hands are: nothing is clicked."""
    page.goto(f"{desk.url}/")
    for field, text, key in (("login", person.login, "Tab"), ("password", PASSWORD, "Enter"), ("code", "", "Enter")):
        expect(page.locator(f"#{field}")).to_be_focused()
        page.keyboard.type(text or person.code())
        page.keyboard.press(key)
    page.wait_for_url(f"{desk.url}/queue")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_the_pages_of_the_morning_are_within_reach_of_everybody(
    chromium: Browser, desk: Desk, scheme: str, width: int
) -> None:
    room = desk.room
    open_one = room.file(Right.DELETION, Right.ACCESS, days_ago=40, evidence=LOGGED_IN, text="delete my account")
    done = room.in_progress(Right.ACCESS, days_ago=12, contact="two@example.org")
    room.house.decisions.approve(done, "staff:second", room.clock.now)
    room.house.decisions.fulfil(done, "staff:0", room.clock.now)
    room.house.handling.note(open_one, "the records are asked for", "staff:0", room.clock.now)
    ask(room, "do you keep the drawings that my daughter made in class")
    person = desk.member(Role.APPROVER, "approver-one")
    paths: tuple[str, ...] = (
        "/queue",
        f"/requests/{open_one}",
        f"/requests/{open_one}/refuse",
        f"/requests/{open_one}/verify",
    )
    paths += ("/reports", "/reports/dossier", "/findings", "/knowledge", "/knowledge/klasso", "/queue/new", "/letters")
    # axe-core is put into the page as a script, which the page's own rule would refuse.
    context = chromium.new_context(
        bypass_csp=True,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    desk.log_in(page, person)
    found: dict[str, list[str]] = {}
    for path in paths:
        answer = page.goto(f"{desk.url}{path}")
        assert answer is not None and answer.status == 200, path
        found[path] = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in violations(page)]
    context.close()
    assert {path: broken for path, broken in found.items() if broken} == {}


def violations(page: Page) -> list[dict[str, list[dict[str, str]]]]:
    """The rules that axe-core finds broken."""
    broken: list[dict[str, list[dict[str, str]]]] = Axe().run(page).response["violations"]
    return broken


def ask(room: Room, question: str) -> None:
    """A question that the policy leaves open."""
    version = room.house.knowledge.get("klasso").current.version
    room.house.findings.note("klasso", version, Finding.UNANSWERED, "", Redacted(question), room.clock.now)
