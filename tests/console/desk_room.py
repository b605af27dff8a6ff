"""A console with the pages on knowledge, findings, reports and letters, over a store of its own; requests to count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from staff_people import Clock, Person, browser, let_in

from console.app import create_app
from console.house import House
from tickets.model import OpenRequest
from tickets.vocabulary import Channel, RefusalReason, Regime, Right, Role

PAGES = ("entry", "knowledge", "findings", "reports", "letters")
WORKER, SECOND = "staff:0000000000000001", "staff:0000000000000002"


@dataclass
class Room:
    """The console, and who comes in."""

    house: House
    clock: Clock

    def __post_init__(self) -> None:
        self.app = create_app(self.house, PAGES)

    def enter(self, role: Role, login: str = "") -> Person:
        """A new member of that role at a browser of their own."""
        return let_in(browser(self.app), self.house, self.clock, role, login)

    def file(self, key: str, now: datetime, right: Right = Right.MARKETING_OPT_OUT, policy: str = "klasso") -> str:
        """A request that needs no proof; gives its reference."""
        wish = OpenRequest(
            policy=policy,
            policy_version=self.house.knowledge.get(policy).current.version,
            rights=frozenset({right}),
            channel=Channel.WEB,
            conversation=f"conversation-{key}",
            text=f"please stop writing, {key}",
            regimes=frozenset({Regime.CCPA}),
            idempotency_key=key,
        )
        return self.house.requests.open_request(wish, now).reference

    def fulfil(self, reference: str, now: datetime) -> None:
        """Do what was asked."""
        self.house.decisions.start(reference, WORKER, now)
        self.house.decisions.approve(reference, SECOND, now)
        self.house.decisions.fulfil(reference, WORKER, now)

    def refuse(self, reference: str, now: datetime) -> None:
        """Refuse it, with a reason."""
        self.house.decisions.start(reference, WORKER, now)
        self.house.decisions.refuse(reference, RefusalReason.LEGALLY_EXEMPTED, "Civ. Code 1798.145", WORKER, now)


def words_of(page: str) -> str:
    """A page as it is read, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
