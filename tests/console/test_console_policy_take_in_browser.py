"""An owner without a terminal in a real browser: a text taken in, a company added, a profile mended."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import docx
import pytest
from owner_room import EDITED, THEN, own_policies
from playwright.sync_api import Browser, FilePayload, Page, expect
from queue_room import Room
from staff_people import Clock
from test_console_morning import Desk, own_browser, said, serving
from test_console_policy_change_browser import ASKING, OwnersBrowser, data, look_at, owners_engine

from bot.releases.publishing import publish
from bot.settings import BotSettings
from console.house import House
from policies_kb.folders import PolicyFolder
from policies_kb.releases.folder_shelf import FolderShelf
from tickets.vocabulary import Role

__all__ = ["data", "owners_engine"]  # fixtures
ACME = "\n".join(
    (
        "Privacy policy of Acme, in force since March 1, 2026",
        "1. Collection",
        "When you open an account we collect your name and your e-mail address, and no other personal data.",
        "2. Keeping",
        "Your personal data is kept for 6 months after you have deleted your account. Then it is deleted too.",
        "3. Others",
        "We do not sell personal information to anybody. Our service providers process it for us under a contract.",
        "4. Rights",
        "The GDPR gives you the right to access your data and to have it erased; write to privacy@acme.example.org.",
    )
)


@pytest.fixture
def shipped(house: House, clock: Clock, data: Path, settings: BotSettings, model_path: Path) -> Iterator[OwnersBrowser]:
    """Klasso is published, and its folder is as it was published."""
    root = data.parent
    folder, shelf = own_policies(root), FolderShelf(data / "releases")
    publish(replace(settings, policies=root / "policies"), shelf, ["klasso"], "the product", "the first", THEN)
    clock.now = datetime.now(timezone.utc)
    with serving(house, data, PRIVACY_DESK_POLICIES=str(root / "policies")) as url:
        yield OwnersBrowser(Desk(url, Room(house, clock)), folder, shelf, data)


def as_word_file(text: str) -> bytes:
    """The text as somebody has it in Word."""
    document, target = docx.Document(), io.BytesIO()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(target)
    return target.getvalue()


def taken_in(page: Page) -> None:
    """Wait until the text is taken in, then look at it."""
    expect(page.locator("#run-title")).to_have_text("Done", timeout=ASKING)
    page.click("text=Look at it, clause by clause")


def test_the_next_version_is_uploaded_and_its_differences_are_shown(
    owners_engine: Browser, shipped: OwnersBrowser
) -> None:
    content = as_word_file(EDITED.read_text("utf-8"))
    with own_browser(owners_engine) as page:
        shipped.enter(page, Role.APPROVER, "owner-one")
        page.click("text=Take the next version in")
        page.click("button:has-text('Take it in')")
        expect(page.locator("#wrong")).to_contain_text("Choose the file that holds the policy")
        payload = FilePayload(name="Our policy (final) ö.docx", mimeType="application/msword", buffer=content)
        page.set_input_files("#file", payload)
        page.fill("#version", "2026-09")
        page.click("button:has-text('Take it in')")
        taken_in(page)
        expect(page.locator("h1 + p")).to_contain_text("In the folder lies version 2026-09")
        assert page.locator(".change ins").count() > 0 and page.locator(".change del").count() > 0
        expect(page.locator("#golden [role=status]")).to_contain_text("asked", timeout=ASKING)
    folder = PolicyFolder(shipped.folder.path)
    assert folder.versions() == ["2026-04", "2026-09"] and list((shipped.data / "uploads").iterdir()) == []


def test_a_company_is_added_from_a_pasted_text(owners_engine: Browser, shipped: OwnersBrowser) -> None:
    with own_browser(owners_engine) as page:
        shipped.enter(page, Role.APPROVER, "owner-two")
        page.goto(f"{shipped.desk.url}/knowledge")
        page.click("text=Add a policy")
        page.fill("#name", "Acme Ltd")
        page.fill("#id", "klasso")
        page.fill("#text", ACME)
        page.click("button:has-text('Add the policy')")
        expect(page.locator("#wrong")).to_contain_text("There is a policy of this id already")
        assert page.input_value("#text") == ACME and page.input_value("#name") == "Acme Ltd"
        page.fill("#id", "acme")
        page.click("button:has-text('Add the policy')")
        taken_in(page)
        expect(page.locator("h1")).to_have_text("Acme Ltd: change and publish")
        expect(page.locator("h1 + p")).to_contain_text("It is not published")
        assert page.locator("#clauses-title").inner_text().endswith("4 to accept")
        page.goto(f"{shipped.desk.url}/knowledge")
        expect(page.locator("main")).to_contain_text("acme: folder 2026-03-01")
    assert (shipped.folder.path.parent / "acme" / "golden.yml").is_file()


def test_a_text_that_is_no_policy_is_refused_in_words(owners_engine: Browser, shipped: OwnersBrowser) -> None:
    with own_browser(owners_engine) as page:
        shipped.enter(page, Role.APPROVER, "owner-three")
        page.goto(f"{shipped.url}/update")
        page.fill("#text", "Mix the flour with the milk, then fry it in butter. " * 30)
        page.click("button:has-text('Take it in')")
        expect(page.locator("#run-title")).to_have_text("Not done", timeout=ASKING)
        shown = page.inner_text("#run")
        assert "privacy policy" in shown and str(shipped.data.parent) not in shown
        page.click("text=Try again")
        expect(page.locator("h1")).to_contain_text("take the next version in")


def test_the_profile_is_edited_with_a_mistake_and_then_without(owners_engine: Browser, shipped: OwnersBrowser) -> None:
    path = shipped.folder.path / "profile.yml"
    before = path.read_text("utf-8")
    with own_browser(owners_engine) as page:
        shipped.enter(page, Role.APPROVER, "owner-four")
        page.click("text=Edit the profile")
        assert page.input_value("#text") == before
        page.fill("#text", before.replace("contact: [", "contact: ", 1))
        page.press("#text", "Tab")
        page.click("button:has-text('Save')")
        expect(page.locator("#wrong")).to_contain_text("profile.yml, line ")
        assert "contact: " in page.inner_text("pre[aria-label='The lines around it']") and path.read_text() == before
        page.fill("#text", before.replace("name: Klasso", "name: Klasso Two", 1))
        page.click("button:has-text('Save')")
        expect(page.locator("h1")).to_have_text("Klasso Two: change and publish", timeout=ASKING)
        said(page, "The profile is saved.")
        expect(page.locator("[aria-label='Field name']")).to_contain_text("another than published")
    assert path.read_text("utf-8") == before.replace("name: Klasso", "name: Klasso Two", 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_within_reach_of_everybody(owners_engine: Browser, shipped: OwnersBrowser, scheme: str) -> None:
    context = owners_engine.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    shipped.enter(page, Role.APPROVER, "owner-five")
    for path, button in (
        ("/knowledge/add", ""),
        (f"{shipped.url}/update", "Take it in"),
        (f"{shipped.url}/profile", ""),
    ):
        page.goto(path if path.startswith("http") else shipped.desk.url + path)
        look_at(page)
        if button:
            page.click(f"button:has-text('{button}')")
            expect(page.locator("#wrong")).to_be_visible()
            look_at(page)
    page.click("summary:has-text('What the fields mean')")
    page.fill("#text", "name Klasso\ncurrent: '2026-04'\n")
    page.click("button:has-text('Save')")
    expect(page.locator("#wrong")).to_be_visible()
    look_at(page)
    page.goto(f"{shipped.url}/update")
    page.fill("#text", "no policy")
    page.click("button:has-text('Take it in')")
    look_at(page)
    expect(page.locator("#run-title")).to_have_text("Not done", timeout=ASKING)
    look_at(page)
    context.close()
