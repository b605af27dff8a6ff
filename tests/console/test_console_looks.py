"""How pages lie in a real browser: nothing sticks out, eight figures stand in even rows, a form shows what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from queue_room import Room
from staff_people import Clock
from test_console_morning import Desk, chromium_started, own_browser, serving

from console.house import House
from tickets.vocabulary import Right, Role

WIDTHS = (360, 800, 1280)


@pytest.fixture(scope="module")
def engine() -> Iterator[Browser]:
    with chromium_started() as opened:
        yield opened


@pytest.fixture
def room_served(house: House, clock: Clock, tmp_path: Path) -> Iterator[Desk]:
    with serving(house, tmp_path) as url:
        yield Desk(url, Room(house, clock))


def sticks_out(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_no_page_of_staff_or_reports_is_wider_than_the_window(engine: Browser, room_served: Desk) -> None:
    room_served.room.file(Right.QUESTION)
    admin = room_served.member(Role.ADMIN, "admin-one")
    with own_browser(engine) as page:
        room_served.log_in(page, admin)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for path in ("/staff", "/staff/trail", "/reports", "/letters"):
                page.goto(room_served.url + path)
                assert sticks_out(page) == 0, (path, width)


def test_the_figures_of_a_report_stand_in_full_rows(engine: Browser, room_served: Desk) -> None:
    viewer = room_served.member(Role.VIEWER, "viewer-one")
    with own_browser(engine) as page:
        room_served.log_in(page, viewer)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{room_served.url}/reports")
            tops = [round(one.bounding_box()["y"]) for one in page.locator(".figures > div").all()]  # type: ignore[index]
            rows = {top: tops.count(top) for top in tops}
            assert len(tops) == 8 and len(set(rows.values())) == 1, (width, rows)


def test_what_was_done_asks_for_no_reason_and_what_was_not_does(engine: Browser, room_served: Desk) -> None:
    room = room_served.room
    agent = room_served.member(Role.AGENT, "agent-one")
    reference = room.in_progress(Right.ACCESS, Right.OBJECTION)
    room.house.decisions.approve(reference, "staff:second", room.clock.now)
    with own_browser(engine) as page:
        room_served.log_in(page, agent)
        page.goto(f"{room_served.url}/requests/{reference}/partly-fulfil")
        page.check('[name="outcome_access"][value="fulfilled"]')
        page.check('[name="outcome_objection"][value="refused"]')
        assert not page.is_visible("#reason_access") and page.is_visible("#reason_objection")
        page.select_option("#reason_objection", "LegallyExempted")
        page.fill("#basis_objection", "GDPR Art. 21(1)")
        page.click("text=See the letter first")
        assert "Not done: objection" in page.inner_text("body") or "Your password again" in page.inner_text("h1")
