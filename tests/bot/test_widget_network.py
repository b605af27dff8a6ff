"""The widget loses nothing: cut networks, servers that go and come, reloads, tabs, storage that is not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from scripted_desk import RECEIPT, message
from scripted_widget_desk import running
from widget_visit import OPENER, Visit, browsers, kept, menu, reply, say

BUTTONS = [{"title": "Yes", "token": "signed-yes"}]
BLOCKED = (
    "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, "
    "{ get() { throw new DOMException('blocked', 'SecurityError'); } });"
)
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with running() as (desk, desk_url, site):
        visiting = Visit(browser.new_context(), desk, desk_url, site)
        yield visiting
        visiting.check()
        visiting.context.close()


def heard(visit: Visit) -> list[str]:
    return [sent.get("text", sent.get("button", "")) for sent in visit.desk.heard]


def expect_said_once(page: Page, *texts: str) -> None:
    """The replies to these messages, in this order, each once."""
    expect(page.locator(".desk-says .lead")).to_have_text(
        ["I am a machine. Ask me about Klasso's privacy policy.", *(f"You said: {text}" for text in texts)]
    )
    expect(page.locator(".me.sent")).to_have_count(len(texts))


# --- reload and tabs


def test_a_reload_keeps_the_conversation_with_its_buttons_and_receipt(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("Open.", request=RECEIPT), message("Shall I?", buttons=BUTTONS)]
    say(page, "one")
    expect(page.locator(".receipt")).to_be_visible()
    say(page, "two")
    expect(page.get_by_role("button", name="Yes")).to_be_visible()
    page.reload()
    page.locator(OPENER).click()
    expect(page.locator(".receipt")).to_contain_text("KLS-7F3K-92QD")
    page.get_by_role("button", name="Yes").click()
    expect(reply(page)).to_contain_text("You said: a button")
    assert len(visit.desk.sessions) == 1


def test_a_message_on_its_way_when_the_page_is_left_is_answered_after_the_reload(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.holds = threading.Event()
    say(page, "one")
    expect(page.get_by_text("Looking it up")).to_be_visible()
    page.reload()
    visit.desk.holds.set()
    page.locator(OPENER).click()
    expect_said_once(page, "one")
    assert heard(visit) == ["one"]


def test_two_tabs_show_one_conversation_and_a_message_is_sent_by_one_of_them(visit: Visit) -> None:
    page, other = visit.opened(), visit.opened()
    say(page, "from here")
    expect_said_once(other, "from here")
    say(other, "from there")
    expect_said_once(page, "from here", "from there")
    expect_said_once(other, "from here", "from there")
    assert heard(visit) == ["from here", "from there"] and len(visit.desk.sessions) == 1
    assert sum(url.endswith("/api/messages") for url in visit.urls) == 2
    visit.desk.tells("Which account is it?")
    for tab in (page, other):
        expect(tab.locator(".is-news")).to_have_count(1)


def test_a_tab_that_is_closed_leaves_its_unsent_message_to_the_other(visit: Visit) -> None:
    page, other = visit.opened(), visit.opened()
    visit.context.set_offline(True)
    say(page, "left behind")
    expect(other.locator(".me.sending")).to_have_count(1)
    page.close()
    visit.context.set_offline(False)
    expect_said_once(other, "left behind")
    assert heard(visit) == ["left behind"]


def test_a_conversation_of_a_month_ago_is_not_shown(visit: Visit) -> None:
    page = visit.opened()
    say(page, "long ago")
    expect_said_once(page, "long ago")
    page.evaluate(
        "() => { const key = Object.keys(localStorage)[0]; const found = JSON.parse(localStorage[key]);"
        " localStorage[key] = JSON.stringify({ ...found, saved: Date.now() - 31 * 86400000 }); }"
    )
    page.reload()
    page.locator(OPENER).click()
    expect_said_once(page)
    assert len(visit.desk.sessions) == 2


def test_no_more_than_the_last_hundred_entries_are_kept(visit: Visit) -> None:
    page = visit.opened()
    page.evaluate(
        "() => { const key = Object.keys(localStorage)[0]; const found = JSON.parse(localStorage[key]);"
        " for (let place = 1; place < 150; place += 1) found.entries.push({ key: `news ${place}`, place, who: 'team',"
        " text: `${place}`, at: 1 }); localStorage[key] = JSON.stringify(found); }"
    )
    page.reload()
    page.locator(OPENER).click()
    say(page, "now")
    expect(reply(page)).to_contain_text("You said: now")
    assert len((kept(page) or {})["entries"]) == 100


@pytest.mark.parametrize("script", [BLOCKED, FULL])
def test_without_a_storage_it_works_all_the_same(visit: Visit, script: str) -> None:
    visit.context.add_init_script(script)
    page = visit.opened()
    say(page, "one")
    expect_said_once(page, "one")
    visit.desk.tells("News.")
    expect(page.locator(".is-news")).to_contain_text("News.")


@pytest.mark.parametrize("kept_text", ["null", "{", '{"entries": 5}', '{"entries": [], "saved": "x"}', "[]", '"x"'])
def test_rubbish_in_the_storage_is_a_new_conversation(visit: Visit, kept_text: str) -> None:
    key = f"privacy-desk {visit.desk_url} klasso"
    visit.context.add_init_script(f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, {kept_text!r});")
    page = visit.opened()
    say(page, "one")
    expect_said_once(page, "one")


# --- what cannot be shown as it should


def test_an_answer_of_the_stream_that_lacks_empty_fields_is_shown_also_after_a_reload(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.cuts = 1  # so that it comes by the stream alone
    passage = {"text": "You may delete it.", "section": "Rights", "role": "answer", "url": "/p/klasso/2025-01#c1"}
    request = {key: RECEIPT[key] for key in ("reference", "received", "status", "answer_by", "created")}
    lean = {"id": "m-1", "text": "It says:", "answer": {"kind": "states", "topic": "complaint", "quotes": [passage]}}
    visit.desk.says = [lean | {"request": request}]
    say(page, "one")
    expect(reply(page).locator("blockquote")).to_have_text("You may delete it.")
    expect(reply(page).locator(".receipt")).to_contain_text(str(RECEIPT["reference"]))
    expect_goes_on(page)
    page.reload()
    page.locator(OPENER).click()
    expect(page.locator("blockquote")).to_have_text("You may delete it.")
    expect(page.locator(".desk-says")).to_have_count(3)


@pytest.mark.parametrize(
    "answer", [{"kind": "states", "topic": "x", "quotes": [{"role": "answer"}]}, {"quotes": 5}, "an answer"]
)
def test_an_answer_that_cannot_be_drawn_is_said_in_brief_and_breaks_nothing_else(visit: Visit, answer: object) -> None:
    page = visit.opened()
    visit.desk.says = [message("What it says first.", answer=answer)]
    say(page, "one")
    expect(reply(page)).to_have_text("What it says first.")
    expect_goes_on(page)
    page.reload()
    page.locator(OPENER).click()
    expect(page.locator(".desk-says .lead")).to_have_text(
        ["I am a machine. Ask me about Klasso's privacy policy.", "What it says first.", "You said: two"]
    )
    with page.expect_download() as saved:
        menu(page, "Save it as a text file")
    assert "Privacy Desk: What it says first." in saved.value.path().read_text("utf-8")


def test_damaged_entries_in_the_storage_do_not_take_the_others_with_them(visit: Visit) -> None:
    page = visit.opened()
    say(page, "one")
    expect_said_once(page, "one")
    page.evaluate(
        "() => { const key = Object.keys(localStorage)[0]; const found = JSON.parse(localStorage[key]);"
        " found.entries.push(null, 5, {}, { key: 'desk a 0', place: 1, who: 'desk', to: '' },"
        " { key: 'desk b 0', place: 2, who: 'desk', to: 'b', message: null },"
        " { key: 'news 9', place: 3, who: 'team' }, { key: 'me c', place: 4, who: 'me', at: 1, text: 'x' },"
        " { key: 'me d', who: 'me', at: 1, text: 'no place', state: 'sent' });"
        " localStorage[key] = JSON.stringify(found); }"
    )
    page.reload()
    page.locator(OPENER).click()
    expect(page.locator(".me.sent")).to_have_count(1)
    expect_goes_on(page)


def test_an_event_that_is_not_understood_is_reported_once_and_the_stream_goes_on(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.happens("reply", {"to": "nobody"})
    visit.desk.happens("something new", {})
    visit.desk.tells("News.")
    expect(page.locator(".is-news")).to_contain_text("News.")
    visit.desk.restart()
    visit.desk.tells("More news.")
    expect(page.locator(".is-news")).to_have_count(2)
    assert visit.complaints == ["Privacy Desk: event 1 is not understood: TypeError."]
    visit.complaints.clear()


def expect_goes_on(page: Page) -> None:
    """The next message is sent and answered."""
    say(page, "two")
    expect(reply(page)).to_contain_text("You said: two")
    expect(page.locator(".me.sent")).to_have_count(2)


# --- cut networks


def test_offline_says_so_and_sends_later_in_order(visit: Visit) -> None:
    page = visit.opened()
    visit.context.set_offline(True)
    for text in ("one", "two", "three"):
        say(page, text)
    expect(page.get_by_text("You are offline")).to_be_visible()
    expect(page.locator(".me.sending")).to_have_count(3)
    assert heard(visit) == []
    visit.context.set_offline(False)
    expect_said_once(page, "one", "two", "three")
    expect(page.get_by_text("You are offline")).to_have_count(0)
    assert heard(visit) == ["one", "two", "three"]


def test_what_was_written_offline_is_sent_after_a_reload(visit: Visit) -> None:
    page = visit.opened()
    visit.context.set_offline(True)
    say(page, "one")
    expect(page.locator(".me.sending")).to_have_count(1)
    visit.context.set_offline(False)
    page.goto(f"{visit.site}/?title=Again")
    expect(page.locator(".me.sent")).to_have_count(1)
    assert heard(visit) == ["one"]


def test_a_reply_whose_connection_breaks_comes_all_the_same_and_once(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.cuts = 1
    say(page, "one")
    expect_said_once(page, "one")
    say(page, "two")
    expect_said_once(page, "one", "two")
    assert heard(visit) == ["one", "two"]


def test_a_server_that_is_gone_in_mid_answer_is_waited_for(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.is_down = True
    visit.desk.restart()
    say(page, "one")
    say(page, "two")
    expect(page.get_by_text("does not answer just now")).to_be_visible()
    expect(page.locator(".me.failed")).to_have_count(0)
    visit.desk.is_down = False
    expect_said_once(page, "one", "two")
    expect(page.get_by_text("does not answer just now")).to_have_count(0)
    visit.desk.tells("The stream is back.")
    expect(page.locator(".is-news")).to_contain_text("The stream is back.")


def test_a_busy_desk_is_asked_again_after_the_time_it_names(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.refusals = [(429, {"Retry-After": "1"}, "too_many"), (503, {"Retry-After": "1"}, "busy")]
    say(page, "one")
    expect(page.locator(".me.sending")).to_have_count(1)
    expect_said_once(page, "one")


def test_what_the_desk_refuses_fails_and_the_next_message_goes_through(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.refusals = [(422, {}, "malformed")]
    say(page, "one")
    expect(page.locator(".me.failed")).to_contain_text("did not take this message")
    assert page.get_by_role("button", name="Try again").count() == 0
    say(page, "two")
    expect(reply(page)).to_contain_text("You said: two")


def test_where_the_policy_was_taken_out_it_says_what_becomes_of_requests(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.refusals = [(410, {}, "policy_gone")]
    say(page, "one")
    expect(page.locator(".me.failed")).to_contain_text("no longer answered here. Your requests go on")
    assert page.get_by_role("button", name="Try again").count() == 0


def test_after_many_tries_the_person_can_try_again(visit: Visit) -> None:
    visit.context.add_init_script(
        "window.setTimeout = ((later) => (work, time, ...more) => later(work, time / 200, ...more))(setTimeout);"
    )
    page = visit.page()
    page.locator(OPENER).click()
    expect(page.locator(".desk-says").first).to_be_visible()
    visit.desk.is_down = True
    say(page, "one")
    expect(page.locator(".me.failed")).to_contain_text("could not be reached")
    visit.desk.is_down = False
    page.get_by_role("button", name="Try again").click()
    expect_said_once(page, "one")
    assert heard(visit) == ["one"]


def test_a_desk_that_cannot_be_reached_at_first_can_be_tried_again(visit: Visit) -> None:
    page = visit.page()
    page.locator(OPENER).wait_for()
    visit.desk.is_down = True
    page.locator(OPENER).click()
    expect(page.locator(".notice")).to_contain_text("could not be reached")
    visit.desk.is_down = False
    page.get_by_role("button", name="Try again").click()
    expect_said_once(page)


# --- the session


def test_a_session_that_is_over_is_replaced_and_the_message_sent_again(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.over = {"token-1"}
    say(page, "one")
    expect_said_once(page, "one")
    assert len(visit.desk.sessions) == 2


def test_a_button_of_a_session_that_is_over_is_not_pressed_in_another(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("Shall I?", buttons=BUTTONS)]
    say(page, "one")
    button = page.get_by_role("button", name="Yes")
    expect(button).to_be_visible()
    visit.desk.over = {"token-1"}
    button.click()
    expect(page.locator(".me.failed")).to_contain_text("no longer works")
    assert heard(visit) == ["one"]


# --- the stream


def test_the_stream_is_opened_once_the_panel_was_and_by_one_tab(visit: Visit) -> None:
    page = visit.page()
    page.locator(OPENER).wait_for()
    page.wait_for_timeout(300)
    assert not [url for url in visit.urls if "/api/events" in url]
    page.locator(OPENER).click()
    expect(page.locator(".desk-says").first).to_be_visible()
    visit.opened()
    visit.desk.tells("One.")
    expect(page.locator(".is-news")).to_have_count(1)
    assert visit.desk.streams == 1


def test_after_a_restart_the_stream_goes_on_where_it_was(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.tells("Before.")
    expect(page.locator(".is-news")).to_have_count(1)
    visit.desk.restart()
    visit.desk.tells("Meanwhile.")
    expect(page.locator(".is-news .lead")).to_have_text(["Before.", "Meanwhile."])
    assert "after=1" in [url for url in visit.urls if "/api/events" in url][-1]


def test_a_message_said_elsewhere_with_the_same_conversation_is_shown_with_its_reply(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.answer({"id": "elsewhere", "text": "said on another machine"})
    expect(page.locator(".me")).to_contain_text("said on another machine")
    expect_said_once(page, "said on another machine")


def test_a_hidden_page_stops_listening_and_catches_up_when_it_is_seen_again(visit: Visit) -> None:
    visit.context.add_init_script(
        "window.setTimeout = ((later) => (work, time, ...more) => later(work, time / 300, ...more))(setTimeout);"
    )
    page = visit.page()
    page.locator(OPENER).click()
    expect(page.locator(".desk-says").first).to_be_visible()
    show(page, False)
    page.wait_for_timeout(1_500)
    visit.desk.tells("Meanwhile.")
    page.wait_for_timeout(700)
    assert page.locator(".is-news").count() == 0 and visit.desk.streams == 0
    show(page, True)
    expect(page.locator(".is-news")).to_contain_text("Meanwhile.")


def test_news_for_a_closed_panel_is_counted_and_read_once_it_is_opened(visit: Visit) -> None:
    page = visit.opened()
    page.keyboard.press("Escape")
    visit.desk.tells("One.")
    visit.desk.tells("Two.")
    expect(page.locator(".launcher .count")).to_have_text("2")
    expect(page.locator(".root > [role=status]")).to_have_text("Unread messages: 2")
    page.locator(OPENER).click()
    expect(page.locator(".is-news")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".launcher .count")).not_to_be_visible()


def test_news_below_what_is_being_read_moves_nothing_and_offers_a_way(visit: Visit) -> None:
    page = visit.opened()
    visit.desk.says = [message("A long answer.\n" * 80)]
    say(page, "one")
    expect(reply(page)).to_contain_text("A long answer.")
    before = page.locator(".log").evaluate("log => log.scrollTop")
    visit.desk.tells("Which account is it?")
    way = page.get_by_role("button", name="New message below")
    expect(way).to_be_visible()
    assert page.locator(".log").evaluate("log => log.scrollTop") == before
    way.click()
    expect(page.locator(".is-news")).to_be_in_viewport()
    expect(way).not_to_be_visible()


def show(page: Page, shown: bool) -> None:
    page.evaluate(
        "state => { Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        "visible" if shown else "hidden",
    )
