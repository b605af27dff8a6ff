"""The widget on a foreign site, over the product as it is served: a real process, a real browser, no script between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from builders import PROJECT, environment, fresh_address
from playwright.sync_api import Browser, Page, Route, expect
from scripted_widget_desk import WidgetDesk, host_page
from serving import Running, free_port, started, stopped
from widget_visit import Visit, accessible, browsers, kept, menu, reply, say, until

from tickets.mail import read_maildir

CODE = re.compile(r"(?<![\w-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
STOP = re.compile(r"/stop/[\w-]+")
KEY = "only-for-tests-only-for-tests-only-for-tests"
QUESTION = "do you record calls?"
QUOTE = "Klasso does not record, store, or share your video"
SLOW = 30_000  # milliseconds; a restart takes some seconds


@dataclass
class House:
    """The product, and the address of the company's site that shows its widget."""

    running: Running
    site: str

    @property
    def folder(self) -> Path:
        """Where its data lies."""
        return self.running.folder

    def start_again(self) -> None:
        """At the same address, over the same database."""
        self.running = _served(self.folder, self.site, self.running.port)

    def mail_to(self, address: str) -> str:
        """The newest mail to an address, "" before there is one."""
        mails = [mail for mail in read_maildir(self.folder / "data" / "mail") if mail.to == address]
        return str(mails[0].text) if mails else ""

    def row(self, question: str) -> tuple[Any, ...] | None:
        """The first row of an answer of its database, to which the running process alone writes."""
        with closing(sqlite3.connect(f"file:{self.folder / 'privacy-desk.db'}?mode=ro", uri=True)) as database:
            found: tuple[Any, ...] | None = database.execute(question).fetchone()
        return found


def _served(folder: Path, site: str, port: int) -> Running:
    return started(folder, port, PRIVACY_DESK_ORIGINS=f"klasso={site}", PRIVACY_DESK_LOGIN_KEYS=f"klasso={KEY}")


@contextmanager
def company_site(desk: str) -> Iterator[str]:
    """A site under the strictest Content-Security-Policy that docs/widget.md promises to be enough."""

    class Site(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            options = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", f"default-src 'none'; script-src {desk}; connect-src {desk}")
            self.end_headers()
            self.wfile.write(host_page(desk, **options).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[House]:
    port = free_port()
    with company_site(f"http://127.0.0.1:{port}") as site:
        made = House(_served(tmp_path_factory.mktemp("served"), site, port), site)
        yield made
        stopped(made.running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Visit]:
    """A visitor of the site. Their browser must not complain, load anything from elsewhere or keep a cookie."""
    context = browser.new_context(viewport={"width": 1280, "height": 850}, reduced_motion="reduce")
    visiting = Visit(context, WidgetDesk(b""), house.running.url, house.site)
    yield visiting
    visiting.check()
    context.close()


def ask(page: Page, text: str, *, holds: str) -> None:
    """Say something and read the reply to it."""
    count = page.locator(".desk-says").count()
    say(page, text)
    expect(page.locator(".desk-says")).to_have_count(count + 1)
    expect(reply(page)).to_contain_text(holds)


def press(page: Page, name: str, *, holds: str) -> None:
    """Press a quick reply of the latest message and read the reply to it."""
    count = page.locator(".desk-says").count()
    reply(page).get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".desk-says")).to_have_count(count + 1)
    expect(reply(page)).to_contain_text(holds)


def file_deletion(page: Page) -> tuple[str, str]:
    """From the wish to the receipt, by buttons where there are some: the address given, and the reference."""
    address = fresh_address()
    ask(page, "please delete my account", holds="Shall I open a request")
    press(page, "Yes, open a request", holds="Which e-mail address")
    ask(page, address, holds="anything the support team should know")
    press(page, "Nothing to add", holds="Please check")
    press(page, "Yes, open the request", holds="Your request is open")
    return address, page.locator(".receipt code").last.inner_text()


def login_token(account: str) -> str:
    """As docs/widget.md shows a site's server how to make one."""

    def part(value: dict[str, object]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    now = int(time.time())
    claims: dict[str, object] = {"aud": "klasso", "sub": account, "iat": now, "exp": now + 900}
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    mark = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


def test_a_question_leads_to_the_highlighted_clause_of_the_policy(visit: Visit) -> None:
    page = visit.opened()
    ask(page, QUESTION, holds=QUOTE)
    accessible(page)
    with page.context.expect_page() as opened:
        reply(page).get_by_role("link", name=re.compile("policy", re.IGNORECASE)).first.click()
    clause = opened.value.locator(":target")
    expect(clause).to_contain_text("does not record")
    expect(clause).to_be_in_viewport()
    plain = opened.value.locator("main p:not(:target), main li:not(:target)").first
    background = "element => getComputedStyle(element).backgroundColor"
    assert clause.evaluate(background) != plain.evaluate(background)


def test_an_answer_that_comes_by_the_stream_first_is_the_same_answer_and_stays_after_a_reload(visit: Visit) -> None:
    page = visit.opened()
    ask(page, QUESTION, holds=QUOTE)
    said = _without_times(reply(page).inner_text())

    def answered_late(route: Route) -> None:
        response = route.fetch()
        time.sleep(1)  # the stream is read by the browser meanwhile
        route.fulfill(response=response)

    page.route("**/api/messages", answered_late)
    ask(page, QUESTION, holds=QUOTE)
    assert _without_times(reply(page).inner_text()) == said
    page.unroute("**/api/messages")
    page.reload()
    page.locator(".launcher").click()
    assert _without_times(reply(page).inner_text()) == said


def _without_times(text: str) -> str:
    return re.sub(r"\d\d:\d\d", "", text)


def test_a_deletion_is_filed_confirmed_followed_and_stopped_without_a_reload(visit: Visit, house: House) -> None:
    page = visit.opened()
    address, reference = file_deletion(page)
    until(page, lambda: house.mail_to(address))
    mail = house.mail_to(address)
    (code,) = [found for found in CODE.findall(mail) if found not in reference][:1]
    ask(page, code, holds="the code is right")
    ask(page, "status", holds=reference)
    accessible(page)
    assert httpx.post(f"{house.running.url}{STOP.findall(mail)[0]}").status_code == 200
    expect(page.locator(".is-news")).to_contain_text(reference)
    said = page.locator(".list .entry").all_inner_texts()
    page.reload()
    page.locator(".launcher").click()
    expect(page.locator(".list .entry")).to_have_count(len(said))
    expect(page.locator(".is-news")).to_have_count(1)


def test_a_message_sent_as_the_server_is_killed_gets_one_answer(visit: Visit, house: House) -> None:
    page = visit.opened()
    with page.expect_request("**/api/messages"):
        say(page, QUESTION)
    house.running.process.kill()
    house.running.process.wait()
    say(page, "how do I delete my account?")
    house.start_again()
    answers = page.locator(".list .desk-says:has(.badge)")
    expect(answers).to_have_count(2, timeout=SLOW)
    expect(answers.first).to_contain_text(QUOTE)
    expect(page.locator(".me.sent")).to_have_count(2)
    page.reload()
    page.locator(".launcher").click()
    page.wait_for_timeout(1_000)  # for what the stream may bring a second time
    expect(answers).to_have_count(2)


def test_two_tabs_show_one_conversation_and_forgetting_empties_both(visit: Visit) -> None:
    one, other = visit.opened(), visit.opened()
    ask(one, QUESTION, holds=QUOTE)
    expect(reply(other)).to_contain_text(QUOTE)
    ask(other, "thanks", holds="You are welcome")
    expect(reply(one)).to_contain_text("You are welcome")
    one.bring_to_front()
    menu(one, "Forget me")
    expect(reply(one)).to_contain_text("Shall I erase this chat?")
    reply(one).get_by_role("button", name="Erase this chat").click()
    for page in (one, other):
        expect(page.locator(".list")).not_to_contain_text(QUOTE)
        assert QUOTE not in json.dumps(kept(page))


def test_a_login_of_the_site_is_evidence_for_staff(visit: Visit, house: House) -> None:
    page = visit.opened(login=login_token("account-4711"))
    _, reference = file_deletion(page)
    assert _evidence(house, reference) == ["login_token"]
    assert "account-4711" in _shown(house, reference)
    _, unvouched = file_deletion(_stranger(visit))
    assert _evidence(house, unvouched) == []


def _stranger(visit: Visit) -> Page:
    """Somebody in a browser that has no login; whoever says so in the page's address is one too."""
    page = visit.page(login="forged")
    page.evaluate("localStorage.clear()")
    page.reload()
    page.locator(".launcher").click()
    expect(reply(page)).to_be_visible()
    visit.complaints.clear()  # the widget tells the site's developer that the token is none
    return page


def _evidence(house: House, reference: str) -> list[str]:
    return list(json.loads(_shown(house, reference, "--json"))["evidence"])


def _shown(house: House, reference: str, *options: str) -> str:
    """What staff see of a request."""
    command = [sys.executable, "-m", "tickets", "show", reference, *options]
    variables = environment(house.folder)
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_vote_is_kept_with_its_reason(visit: Visit, house: House) -> None:
    page = visit.opened()
    ask(page, QUESTION, holds=QUOTE)
    reply(page).get_by_role("button", name="No").click()
    reply(page).get_by_label("Something is missing").check()
    reply(page).locator(".vote-form button[type=submit]").click()
    expect(reply(page).locator(".vote-told")).to_be_visible()
    until(page, lambda: house.row("select 1 from votes where reason is not null"))
    assert house.row("select policy, is_right, reason from votes") == ("klasso", 0, "incomplete")
