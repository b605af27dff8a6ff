"""A person at a page that shows the widget: what they do, and what their browser reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from scripted_widget_desk import WidgetDesk

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"]
PATIENCE = 8_000  # milliseconds
OPENER = ".launcher"


@dataclass
class Visit:
    """A browser of its own, with what it loads and complains of. Lines about lost connections are no complaints."""

    context: BrowserContext
    desk: WidgetDesk
    desk_url: str
    site: str
    urls: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def page(self, **options: str) -> Page:
        """Another tab, at the site; options of the widget."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.goto(f"{self.site}/?{urlencode(options)}")
        return page

    def opened(self, **options: str) -> Page:
        """Another tab, with the panel open and the welcome read."""
        page = self.page(**options)
        page.locator(OPENER).click()
        expect(page.locator(".list .desk-says").first).to_be_visible()
        return page

    def check(self) -> None:
        """Nothing was loaded from elsewhere, no cookie was set, and nothing was complained of."""
        assert [url for url in self.urls if not url.startswith((self.site, self.desk_url, "blob:"))] == []
        assert self.context.cookies() == [] and self.desk.cookies == []
        others = [text for text in self.complaints if "ERR_" not in text and "status of" not in text]
        assert others == [], others


@contextmanager
def browsers() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


def until(page: Page, holds: Callable[[], object]) -> None:
    """Wait for what the desk hears."""
    for _ in range(PATIENCE // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It did not happen.")


def say(page: Page, text: str = "do you record calls?") -> Locator:
    """Type and send. Gives one's own message."""
    page.locator("#box").fill(text)
    page.locator("#box").press("Enter")
    return page.locator(".me").last


def reply(page: Page) -> Locator:
    """The latest message of the desk."""
    return page.locator(".desk-says").last


def menu(page: Page, name: str) -> None:
    """Choose from the menu."""
    page.locator("button[aria-haspopup=menu]").click()
    page.get_by_role("menuitem", name=name).click()


def kept(page: Page) -> dict[str, Any] | None:
    """The conversation as the browser keeps it."""
    found: dict[str, Any] | None = page.evaluate(
        "() => JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith('privacy-desk '))?.[1] ?? 'null')"
    )
    return found


def accessible(page: Page) -> None:
    """axe-core finds nothing to object to. Its script gets past the site's policy by way of the debugger."""
    page.wait_for_timeout(250)  # colours are read when nothing moves any more
    found = Axe().run(page)
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found.response["violations"]] == []
