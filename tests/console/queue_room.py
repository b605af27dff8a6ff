"""A console with the queue, the requests' pages and people who work at them; and short ways to file what they need."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from staff_people import Clock, Person, browser, let_in

from console.app import create_app
from console.house import House
from pii.masking import mask
from tickets.contacts import ContactBox
from tickets.model import OpenRequest
from tickets.outgoing import opened
from tickets.tables import requests
from tickets.tables_talk import outbox
from tickets.vocabulary import Channel, EvidenceKind, Regime, Right, Role, Status, Way

PAGES = ("entry", "people", "queue", "request", "decide", "filing")
CONTACT = "one@example.org"


@dataclass
class Room:
    """The console and its people."""

    house: House
    clock: Clock
    app: FastAPI = field(init=False)
    filed: int = 0

    def __post_init__(self) -> None:
        self.app = create_app(self.house, PAGES)

    def person(self, role: Role = Role.AGENT, login: str = "") -> Person:
        """Somebody of that role, logged in."""
        return let_in(browser(self.app), self.house, self.clock, role, login)

    def file(self, *rights: Right, days_ago: float = 0, text: str = "please", **changes: Any) -> str:
        """File a request; gives its reference. contact: who asks, empty for nobody."""
        self.filed += 1
        now, contact = self.clock.now - timedelta(days=days_ago), changes.pop("contact", CONTACT)
        usual = {
            "policy": "klasso",
            "channel": Channel.WEB,
            "conversation": f"conversation-{self.filed}",
            "regimes": frozenset({Regime.GDPR}),
            "idempotency_key": f"key-{self.filed}",
            "rights": frozenset(rights or (Right.QUESTION,)),
            "text": mask(text).text,
        }
        wanted = usual | changes
        policy = self.house.knowledge.get(wanted["policy"])
        handles = ContactBox(self.house.store, self.house.vault).keep(wanted["conversation"], mask(contact).found, now)
        wish = OpenRequest(policy_version=policy.current.version, contacts=tuple(handles.values()), **wanted)
        return self.house.requests.open_request(wish, now).reference

    def in_progress(self, *rights: Right, by: str = "staff:0", **changes: Any) -> str:
        """A request whose identity is settled and that is being worked on."""
        evidence = frozenset({EvidenceKind.LOGIN_TOKEN})
        reference, now = self.file(*rights, evidence=evidence, **changes), self.clock.now
        if self.status(reference) is not Status.VERIFIED:
            self.house.decisions.verify(reference, EvidenceKind.STAFF_RECORD_MATCH, by, now)
        self.house.decisions.start(reference, by, now)
        return reference

    def status(self, reference: str) -> Status:
        """Where it stands."""
        return self.house.requests.show(reference).summary.status

    def version(self, reference: str) -> int:
        """What a page shown now would bring back as `seen`."""
        return self.house.requests.show(reference).version

    def fresh(self, reference: str, **typed: Any) -> dict[str, Any]:
        """A form as a page that is opened now would bring it back."""
        details = self.house.requests.show(reference)
        return {"seen": details.version, "since": max(line.sequence for line in details.history), **typed}

    def letters(self, reference: str, kind: str) -> list[str]:
        """The texts of that kind which wait to go to the person's chat, oldest first."""
        own = sa.select(requests.c.id).where(requests.c.reference == reference).scalar_subquery()
        found = sa.select(outbox).where(
            outbox.c.request_id == own, outbox.c.kind == kind, outbox.c.way == Way.WEB.value
        )
        with self.house.store.reading() as unit:
            rows = unit.execute(found.order_by(outbox.c.sequence)).mappings().all()
        return [opened(self.house.vault, row, self.clock.now).text.reveal() for row in rows]

    def trail(self, reference: str) -> list[tuple[str, str]]:
        """Who did what."""
        return [(line.actor, line.action) for line in self.house.requests.show(reference).history]


def words(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    plain = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(plain).split())


def references(answer: httpx.Response) -> list[str]:
    """The requests that a list shows, in its order."""
    return re.findall(r'class="open" href="/requests/([A-Z0-9-]+)"', answer.text)


def hidden(answer: httpx.Response) -> dict[str, str]:
    """The hidden fields of the page's forms, the last of each name."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    return {name: unescape(value) for name, value in found}
