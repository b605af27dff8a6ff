"""Requests that came by phone, mail or letter: staff enter them, dated with the day on which they were received."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum

from pii.masking import Contact, mask
from pii.redacted import Redacted
from tickets import rows, steps
from tickets.contacts import ContactBox
from tickets.errors import InputError
from tickets.model import OpenRequest, Receipt
from tickets.references import normalised
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right

_OLDEST = timedelta(days=366)
_NOON = time(12, tzinfo=timezone.utc)
_ENTERED = "entered"


class Manner(str, Enum):
    """How a request reached the staff who enter it."""

    PHONE = "phone"
    MAIL = "mail"
    LETTER = "letter"


@dataclass(frozen=True)
class StaffFiling:
    """A request to enter. contact: as staff typed it, one address or number or several; empty if there is none.

    text: what the person asked, in staff's words or theirs; it is masked here. regimes, country: of the policy.
    received: the day on which it came, in UTC. key: made with the form, so that a form sent twice files once.
    """

    policy: str
    policy_version: str
    rights: frozenset[Right]
    regimes: frozenset[Regime]
    received: date
    manner: Manner
    contact: Redacted
    key: str
    text: str = field(default="", repr=False)
    country: str = ""


def enter(
    store: Store, service: RequestService, box: ContactBox, wish: StaffFiling, actor: str, now: datetime
) -> Receipt:
    """File it. Gives the same receipt for the same key. Raises as RequestService.open_request does."""
    given = mask(wish.contact.reveal())
    if wish.contact.reveal().strip() and not given.found:
        raise InputError("the contact holds neither an e-mail address nor a phone number")
    told = mask(wish.text)
    received = _moment(wish.received, now)
    conversation = f"entered:{wish.key}"
    asked = OpenRequest(
        policy=wish.policy,
        policy_version=wish.policy_version,
        rights=wish.rights,
        channel=Channel.STAFF,
        conversation=conversation,
        text=told.text,
        regimes=wish.regimes,
        idempotency_key=wish.key,
        country=wish.country,
        filer=actor,
        contacts=_held(box, conversation, given.found, now),
        mentioned=_held(box, conversation, told.found, now),
    )
    receipt = service.open_request(asked, received)
    _say_how(store, receipt, wish, actor, now)
    return receipt


def _held(box: ContactBox, conversation: str, found: Iterable[Contact], now: datetime) -> tuple[str, ...]:
    return tuple(box.keep(conversation, found, now).values())


def _moment(day: date, now: datetime) -> datetime:
    """The time of receipt: now for today, and noon for a day of which nobody noted the hour."""
    today = now.astimezone(timezone.utc).date()
    if day > today:
        raise InputError("the day of receipt lies in the future")
    if day < today - _OLDEST:
        raise InputError("the day of receipt is more than a year ago: check it")
    return now if day == today else datetime.combine(day, _NOON)


def _say_how(store: Store, receipt: Receipt, wish: StaffFiling, actor: str, now: datetime) -> None:
    """Into the trail: how it came, and when it was really entered. Once, also if the form was sent twice."""
    with store.unit() as unit:
        row = rows.by_reference(unit, normalised(receipt.reference))
        if row is None or any(line.action == _ENTERED for line in rows.history(unit, row["id"])):
            return
        detail = {"manner": wish.manner.value, "received": wish.received.isoformat()}
        steps.note(unit, row, _ENTERED, actor, now, detail=detail, bears=False)
        unit.commit()
