"""Telling people what became of their request: in the conversation where they asked, and by mail where that is right.

By mail go: answers, notices and questions to an address whose control was shown, everything about a request that staff
entered, and the notice that something will be destroyed, to every address of the request, with a link that stops it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from pii.redacted import Redacted
from tickets import challenges, contacts, outbox, rows, steps
from tickets.contacts import CONTACT_INDEX, KnownContact
from tickets.letters import NOTHING_MORE, Details, News, news_letter
from tickets.office import Office
from tickets.outbox import Letter
from tickets.rows import Row
from tickets.store import Unit
from tickets.vocabulary import Channel, EvidenceKind, Regime, Way

MAILED = frozenset(
    {
        News.FULFILLED,
        News.PARTLY_FULFILLED,
        News.DENIED,
        News.REFERRED,
        News.DUPLICATE,
        News.EXTENDED,
        News.ASKED,
        News.REPLIED,
    }
)
"""What a proven mailbox hears of too: a conversation is gone after a month, and who has left it looks into the mail."""
_CHATS = {Channel.WEB: Way.WEB, Channel.TELEGRAM: Way.TELEGRAM}
_STOP = """
If this was not you, stop it. Stopping needs no login:

{base_url}/stop/{token}
"""


def tell(unit: Unit, office: Office, row: Row, kind: News, now: datetime, details: Details = NOTHING_MORE) -> None:
    """Post a piece of news in the transaction of what it tells."""
    way = _CHATS.get(Channel(row["channel"]))
    if way is not None:
        _, text = _written(unit, office, row, kind, details, width=0)
        conversation = row["conversation"]
        letter = Letter(way, conversation, kind.value, Redacted(conversation), "", text, row["id"])
        outbox.post(unit, office.vault, letter, now)
    if way is None or (kind in MAILED and EvidenceKind.MAILBOX_CONTROL in steps.shown(unit, row)):
        address = contacts.address_of(contacts.of_request(unit, office.vault, row["id"]))
        if address is not None:
            _mail(unit, office, row, kind, address, _written(unit, office, row, kind, details), now)


def tell_before_destruction(unit: Unit, office: Office, row: Row, now: datetime) -> None:
    """Every address of the request hears that it is settled, and how to stop it before the hold is over."""
    details = Details(answer_by=row["answer_by"])
    for contact in contacts.of_request(unit, office.vault, row["id"]):
        if contact.is_account and contact.is_mailable:
            subject, text = _written(unit, office, row, News.VERIFIED, details)
            token = challenges.new_stop_token(unit, row["id"], now).reveal()
            link = _STOP.replace("{base_url}", office.mail.base_url.rstrip("/")).replace("{token}", token)
            _mail(unit, office, row, News.VERIFIED, contact, (subject, text + link), now)


def _written(unit: Unit, office: Office, row: Row, kind: News, details: Details, **more: int) -> tuple[str, str]:
    return news_letter(
        kind,
        office.mail,
        policy=row["policy"],
        rights=rows.rights_of(unit, row["id"]),
        reference=row["reference"],
        at=row["received_at"],
        details=details,
        **more,
    )


def with_regimes(details: Details, row: Row) -> Details:
    """The details and the laws that apply to the request, for where to complain."""
    return replace(details, regimes=tuple(Regime(word) for word in json.loads(row["regimes"])))


def _mail(
    unit: Unit, office: Office, row: Row, kind: News, address: KnownContact, written: tuple[str, str], now: datetime
) -> None:
    subject, text = written
    lane = office.vault.look_up(address.value, CONTACT_INDEX)
    outbox.post(unit, office.vault, Letter(Way.MAIL, lane, kind.value, address.value, subject, text, row["id"]), now)
