"""The services around one store, and short ways to file, to read the mail and to come as far as a test needs."""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from conftest import MAIL, NOW, VAULT, service_on, wish

from pii.masking import mask
from pii.redacted import Redacted
from tickets.checking import Compare
from tickets.contacts import ContactBox
from tickets.decisions import Decisions
from tickets.identity import Identity, looks_like_code
from tickets.model import Receipt, RightResult, Summary
from tickets.office import USUAL_LIMITS, Limits
from tickets.outgoing import Parcel, opened
from tickets.store import Store
from tickets.tables import requests
from tickets.tables_talk import outbox
from tickets.vocabulary import EvidenceKind, RefusalReason, Right, RightOutcome, Status

FAR = replace(USUAL_LIMITS, mails_to_address=10**6, mails_of_conversation=10**6, mails_in_all=10**6, wrong_codes=10**6)
"""Limits that do not get in the way of a test of something else."""

CHECKER, WORKER, APPROVER = "staff:1", "staff:2", "staff:3"
WRONG = Redacted("00000000")


def at(hours: float = 0, days: float = 0) -> datetime:
    return NOW + timedelta(hours=hours, days=days)


class House:
    """Everything that acts on requests."""

    def __init__(self, store: Store, limits: Limits = USUAL_LIMITS, compare: Compare = hmac.compare_digest) -> None:
        self.store = store
        self.box = ContactBox(store, VAULT)
        self.service = service_on(store, limits=limits)
        self.identity = Identity(store, VAULT, MAIL, limits=limits, compare=compare, reach_seconds=0)
        self.staff = Decisions(store, VAULT, MAIL)

    def file(self, contact: str = "one@example.org", now: datetime = NOW, **changes: Any) -> Receipt:
        """File a request with that contact (or several, with blanks between); "" for none."""
        asked = wish(**changes)
        handles = self.box.keep(asked.conversation, mask(contact).found, now)
        return self.service.open_request(replace(asked, contacts=tuple(handles.values())), now)

    def verified(self, **changes: Any) -> Receipt:
        """A request proven by a code and by staff."""
        receipt = self.file(**changes)
        conversation = changes.get("conversation", "conversation-1")
        self.identity.check_code(conversation, self.code(receipt.reference), NOW)
        self.staff.verify(receipt.reference, EvidenceKind.STAFF_RECORD_MATCH, CHECKER, NOW)
        return receipt

    def in_progress(self, **changes: Any) -> Receipt:
        """A proven request that somebody works on."""
        receipt = self.verified(**changes)
        self.staff.start(receipt.reference, WORKER, NOW)
        return receipt

    def letters(self, reference: str = "", kind: str = "") -> list[Parcel]:
        """What waits to be sent, oldest first."""
        found = sa.select(outbox).where(outbox.c.status == "waiting").order_by(outbox.c.sequence)
        if kind:
            found = found.where(outbox.c.kind == kind)
        if reference:
            found = found.where(outbox.c.request_id == self.row(reference)["id"])
        with self.store.reading() as unit:
            return [opened(VAULT, row, NOW) for row in unit.execute(found).mappings()]

    def code(self, reference: str, kind: str = "code") -> Redacted:
        """The code in the newest letter."""
        text = self.letters(reference, kind)[-1].text.reveal()
        found = re.search(r"^ {4}(\w{4}-\w{4})$", text, re.MULTILINE)
        code = looks_like_code(found[1]) if found else None
        assert code is not None
        return code

    def stop_token(self, reference: str, kind: str = "code") -> Redacted:
        """The secret of the link in the newest letter."""
        texts = [letter.text.reveal() for letter in self.letters(reference, kind)]
        return Redacted(re.findall(r"/stop/(\S+)", "\n".join(texts))[-1])

    def row(self, reference: str) -> Any:
        with self.store.reading() as unit:
            return unit.execute(sa.select(requests).where(requests.c.reference == reference)).mappings().one()

    def status(self, reference: str) -> Status:
        return Status(self.row(reference)["status"])

    def actions(self, reference: str) -> list[str]:
        """The trail of a request, in words."""
        return [line.action for line in self.service.show(reference).history]


def in_part(*asked: Right, basis: str = "clause 1") -> list[RightResult]:
    """Of several rights all but the last were done; of one alone a part was."""
    reason = RefusalReason.LEGALLY_EXEMPTED
    outcome = RightOutcome.REFUSED if len(asked) > 1 else RightOutcome.PARTLY_FULFILLED
    done = [RightResult(right, RightOutcome.FULFILLED) for right in asked[:-1]]
    return [*done, RightResult(asked[-1], outcome, reason, basis)]


def rights(*names: Right) -> frozenset[Right]:
    return frozenset(names)


def statuses(found: tuple[Summary, ...]) -> list[Status]:
    return [one.status for one in found]
