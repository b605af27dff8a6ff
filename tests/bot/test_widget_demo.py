"""The demo of the widget: a company's page on which its attributes can be tried out."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from scripted_desk import CARDS
from widget_visit import PATIENCE, accessible, browsers

from bot.web.bundle import bundle
from bot.web.pages import CONTENT_SECURITY_POLICY, STATIC, Pages

SITE = "http://desk.example.org"


@pytest.fixture
def page() -> Iterator[Page]:
    with browsers() as browser:
        opened = browser.new_page()
        opened.set_default_timeout(PATIENCE)
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        opened.route("**/*", serve)
        yield opened
        assert complaints == []


def serve(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path.startswith("/static/"):
        found = STATIC / path.removeprefix("/static/")
        route.fulfill(body=found.read_bytes(), content_type=mimetypes.guess_type(found.name)[0] or "text/plain")
    elif path == "/widget.js":
        route.fulfill(body=bundle(), content_type="text/javascript; charset=utf-8")
    elif path == "/api/policies":
        listed = {"policies": [{"id": card.id} for card in CARDS]}
        route.fulfill(body=json.dumps(listed), content_type="application/json")
    else:
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
        route.fulfill(body=Pages().widget_demo(CARDS), headers=headers)


def test_the_demo_shows_the_widget_and_the_line_that_puts_it_into_a_page(page: Page) -> None:
    page.goto(f"{SITE}/demo/widget")
    expect(page.get_by_role("button", name="Privacy questions")).to_be_visible()
    expect(page.locator("#line")).to_contain_text(
        '<script src="http://desk.example.org/widget.js" data-policy="klasso"'
    )
    accessible(page)


def test_what_is_chosen_is_what_the_widget_gets(page: Page) -> None:
    page.goto(f"{SITE}/demo/widget?policy=klantra&language=de&colour=%23ffd400&theme=nothing&position=<script>")
    expect(page.get_by_role("button", name="Fragen zum Datenschutz")).to_have_css(
        "background-color", "rgb(255, 212, 0)"
    )
    page.get_by_label("Side").select_option("left")
    page.wait_for_url("**position=left**")
    widget = page.get_by_role("button", name="Fragen zum Datenschutz")
    expect(widget).to_be_visible()
    assert (widget.bounding_box() or {})["x"] < 100
    given = page.locator("script[data-policy]").evaluate("one => ({ ...one.dataset })")
    assert given == {"policy": "klantra", "language": "de", "theme": "auto", "position": "left", "colour": "#ffd400"}
