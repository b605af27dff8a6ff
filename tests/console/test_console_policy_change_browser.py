"""A policy's owner in a real browser: from what stands in the way to a new answer; and a policy that is an attack."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from builders import data_in
from owner_room import HERE, THEN, edited, mended, own_policies
from owner_room import RECORDED as RECORDED_CLAUSE
from playwright.sync_api import Browser, Page, expect
from queue_room import Room
from staff_people import Clock
from test_console_morning import Desk, chromium_started, own_browser, said, serving, show_password

from bot.releases.publishing import publish
from bot.settings import BotSettings
from console.house import House
from console.launch import served_knowledge
from policies_kb.documents import Document
from policies_kb.folders import PolicyFolder
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.reviewing import load_review
from policies_kb.topics import Topic
from policies_kb.workbench import update
from policies_kb.workshop import Workshop, workshop
from tickets.vocabulary import Role

ASKING = 120_000  # milliseconds until the model in its own process must have answered
RECORDED = "are the video lessons recorded"
PAYLOADS = (
    "<script>window.pwned = 1</script>",
    '"><img src=x onerror="window.pwned = 1">',
    "{{ 7 * 7 }}",
    "' autofocus onfocus='window.pwned = 1",
    "</textarea><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
)


@dataclass
class OwnersBrowser:
    """A console that listens, over a folder of policies and a shelf with one release."""

    desk: Desk
    folder: PolicyFolder
    shelf: FolderShelf
    data: Path

    @property
    def url(self) -> str:
        """The page of the change."""
        return self.desk.url + HERE

    def enter(self, page: Page, role: Role, login: str) -> None:
        """Somebody comes in and opens the page."""
        self.desk.log_in(page, self.desk.member(role, login))
        page.goto(self.url)

    def answer(self) -> str:
        """What people are answered now on recordings: the kind, and the first words quoted."""
        live, _ = served_knowledge(self.desk.room.house.settings, self.desk.room.house.store)
        found = live.answer("klasso", RECORDED, {Topic("first_party_collection.calls_recordings"): 1.0})
        return f"{found.kind.value}: {found.quotes[0].clause.text}"


@pytest.fixture(scope="module")
def owners_engine() -> Iterator[Browser]:
    with chromium_started() as opened:
        yield opened


@pytest.fixture(scope="module")
def own_shop(settings: BotSettings) -> Workshop:
    return workshop(settings.data)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose vectors are its own: publishing adds to them."""
    made = data_in(tmp_path)
    source = (made / "vectors").resolve()
    (made / "vectors").unlink()
    shutil.copytree(source, made / "vectors")
    return made


@pytest.fixture
def owned(
    house: House, clock: Clock, data: Path, settings: BotSettings, own_shop: Workshop, model_path: Path
) -> Iterator[OwnersBrowser]:
    root = data.parent
    folder, shelf = own_policies(root), FolderShelf(data / "releases")
    publish(replace(settings, policies=root / "policies"), shelf, ["klasso"], "the product", "the first", THEN)
    clock.now = datetime.now(timezone.utc)
    with serving(house, data, PRIVACY_DESK_POLICIES=str(root / "policies")) as url:
        yield OwnersBrowser(Desk(url, Room(house, clock)), edited(folder, own_shop), shelf, data)


def look_at(page: Page) -> None:
    """Nothing on the page is out of anybody's reach, and nothing sticks out."""
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], width


def settle_one_by_one(page: Page, kind: str, button: str) -> int:
    """Press the first of these buttons until there is none."""
    count = 0
    while (found := page.locator(f"button[formaction$='/{kind}']:has-text('{button}')")).count():
        left = found.count()
        found.first.click()
        expect(found).to_have_count(left - 1)
        count += 1
    return count


def asked(page: Page) -> None:
    """Wait until the golden questions are there."""
    expect(page.locator("#golden [role=status]")).to_contain_text("asked", timeout=ASKING)


def test_an_owner_settles_what_stands_in_the_way_and_the_new_answer_is_served(
    owners_engine: Browser, owned: OwnersBrowser, own_shop: Workshop
) -> None:
    mended(owned.folder, own_shop)
    assert owned.answer().startswith("denies: - No Recording or Storage")
    with own_browser(owners_engine) as page:
        owned.enter(page, Role.ADMIN, "owner-one")
        expect(page.locator("#golden")).to_contain_text("asking the desk 32 questions")
        page.fill("#by", "Owner One")
        assert settle_one_by_one(page, "confirm", "Confirm") > 3
        page.click("button:has-text('Accept this clause') >> nth=0")
        assert page.input_value("#by") == "Owner One"
        page.click("text=Accept all I have read")
        expect(page.locator("#wrong")).to_contain_text("Tick first")
        page.check("[name=read_clauses]")
        page.click("text=Accept all I have read")
        expect(page.locator("#way")).to_contain_text("no clause to accept")
        for one in page.locator("textarea[name^=why_]").all():
            one.fill("It is meant so: both addresses answer.")
        settle_one_by_one(page, "explain", "Explain")
        asked(page)
        assert page.locator(".golden-thing").count() > 0 and not page.is_visible("text=Publish…")
        page.click(".golden-thing button >> nth=0")
        asked(page)
        page.check("[name=read_golden]")
        page.click("text=Decide all I have read")
        expect(page.locator(".publishing")).to_contain_text("Nothing stands in the way", timeout=ASKING)
        page.fill("#why_publish", "the September text")
        page.click("text=Publish…")
        show_password(page)
        expect(page.locator("#run")).to_contain_text("release 2 is published: klasso", timeout=ASKING)
        expect(page.locator("#run tbody tr").first).to_contain_text("the September text")
        page.click("text=Look at the page as it is now")
        expect(page.locator("h1 + p")).to_contain_text("People are answered from version 2026-09.")
    signed = load_review(owned.folder.path, "2026-09")
    assert {one.by for one in (*signed.accepted, *signed.confirmed, *signed.decided)} == {"Owner One (owner-one)"}
    assert owned.answer().startswith("conditional: - Recording and Storage")


def test_an_owner_goes_back_to_an_earlier_release(
    owners_engine: Browser, owned: OwnersBrowser, settings: BotSettings
) -> None:
    own = replace(settings, policies=owned.folder.path.parent)
    publish(own, owned.shelf, ["klasso"], "Owner One", "too early", THEN)
    with own_browser(owners_engine) as page:
        owned.enter(page, Role.ADMIN, "owner-two")
        page.fill("#why_back", "published too early")
        page.click("text=Roll back to this…")
        show_password(page)
        expect(page.locator("#run")).to_contain_text("release 1 is the current one", timeout=ASKING)
    assert owned.shelf.current() == 1 and owned.shelf.moves()[-1].by == "owner-two"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_within_reach_of_everybody(owners_engine: Browser, owned: OwnersBrowser, scheme: str) -> None:
    context = owners_engine.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    owned.enter(page, Role.ADMIN, "owner-three")
    asked(page)
    look_at(page)
    for place in ("/knowledge", f"{HERE}/labels", f"{HERE}/labels/{RECORDED_CLAUSE}"):
        page.goto(owned.desk.url + place)
        look_at(page)
    context.close()


def test_what_a_clause_is_about_is_mended_on_a_form(owners_engine: Browser, owned: OwnersBrowser) -> None:
    with own_browser(owners_engine) as page:
        owned.enter(page, Role.APPROVER, "owner-six")
        page.locator(f"#clause-{RECORDED_CLAUSE}").get_by_role("link", name="Mend what it is about").click()
        expect(page.locator(".said")).to_contain_text("With the prior consent of every participant")
        page.get_by_label("and says of topic 1").select_option("depends")
        page.select_option("#topic_2", "first_party_collection.calls_recordings")
        page.get_by_role("button", name="Save what it is about").click()
        expect(page.locator("#wrong")).to_contain_text("is chosen twice")
        page.select_option("#topic_2", "")
        page.get_by_role("button", name="Save what it is about").click()
        said(page, "Saved.")
        expect(page.locator(f"#clause-{RECORDED_CLAUSE}")).to_contain_text(
            "recording of calls or video (answers, depends)"
        )
        asked(page)


def test_by_keyboard_the_enter_key_in_the_name_signs_nothing(owners_engine: Browser, owned: OwnersBrowser) -> None:
    with own_browser(owners_engine) as page:
        owned.enter(page, Role.APPROVER, "owner-four")
        page.fill("#by", "Owner Four")
        page.press("#by", "Enter")
        said(page, "You sign as Owner Four (owner-four).")
        signed = load_review(owned.folder.path, "2026-09")
        assert not signed.accepted and not signed.confirmed
        page.focus("button:has-text('Confirm') >> nth=0")
        page.keyboard.press("Enter")
        said(page, "Confirmed")


def test_a_text_full_of_scripts_is_shown_and_runs_nothing(
    owners_engine: Browser, owned: OwnersBrowser, own_shop: Workshop
) -> None:
    lines = [f"We keep your data for {number} months {text} and {text}." for number, text in enumerate(PAYLOADS, 3)]
    text = (
        (owned.folder.path / "2026-09.txt")
        .read_text("utf-8")
        .replace("8. Contact Us", "\n".join(lines) + "\n8. Contact Us")
    )
    update(owned.folder, Document(text, "txt"), "2026-10", own_shop.labeller)
    golden = owned.folder.path / "golden.yml"
    added = "".join(
        f"- ask: {text!r}\n  kind: silent\n" for text in ("what about <script>window.pwned = 1</script> data",)
    )
    golden.write_text(golden.read_text("utf-8") + added, "utf-8")
    with own_browser(owners_engine) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        owned.enter(page, Role.ADMIN, "owner-five")
        asked(page)
        body = page.inner_text("body")
        assert all(text in body for text in PAYLOADS)
        assert page.evaluate("window.pwned") is None
        assert [text for text in complaints if "Content Security Policy" in text] == []
