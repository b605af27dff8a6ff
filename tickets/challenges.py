"""Codes that go out by mail: one row for a request, a conversation and a purpose, at most three mails, five tries.

A new code replaces the old one and leaves the tries counted. How many mails one address, one conversation and all
people together can cause in a day is limited, because anybody can type anybody's address. All in the caller's
transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.redacted import Redacted
from tickets import budgets, contacts, outbox, rows, steps
from tickets.codes import new_code
from tickets.contacts import CONTACT_INDEX, KnownContact
from tickets.letters import CODE, REACH, code_letter, reach_letter
from tickets.office import DAY, Office
from tickets.outbox import Letter
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import requests
from tickets.tables_proof import MOST_TRIES, challenges, stop_links
from tickets.vocabulary import Channel, ContactKind, Purpose, Right, Status, Way

MOST_SENDS = 3
SENDER = "service"
_TOKEN_BYTES = 16  # 128 bits


class Sent(str, Enum):
    """What became of a code that was to be sent."""

    SENT = "sent"
    NO_BUDGET = "no_budget"
    TOO_OFTEN = "too_often"  # three were sent, all tries are used up, or one was used already


@dataclass(frozen=True)
class Errand:
    """A code to be sent. channel: where the conversation takes place; address: of the request, never one just typed."""

    row: Row
    conversation: str
    channel: Channel
    purpose: Purpose
    address: KnownContact


def send(unit: Unit, office: Office, errand: Errand, now: datetime) -> Sent:
    """Make a code, replace the earlier one, and post its letter."""
    before = of(unit, errand.row["id"], errand.conversation, errand.purpose)
    if before is not None and (before["sends"] >= MOST_SENDS or before["tries"] >= MOST_TRIES or before["used_at"]):
        return Sent.TOO_OFTEN
    if not may_mail(unit, office, errand.address, errand.conversation, now):
        return Sent.NO_BUDGET
    code = new_code()
    challenge_id = before["id"] if before is not None else secrets.token_hex(16)
    expires_at = now + timedelta(minutes=office.code_minutes)
    values = {
        "code_hash": hash_of(office, errand.conversation, errand.purpose, challenge_id, code.reveal())[0],
        "sent_at": now,
        "expires_at": expires_at,
    }
    if before is None:
        whose = {"id": challenge_id, "request_id": errand.row["id"], "conversation": errand.conversation}
        unit.execute(sa.insert(challenges).values(**whose, purpose=errand.purpose.value, **values))
    else:
        again = sa.update(challenges).where(challenges.c.id == challenge_id)
        unit.execute(again.values(**values, sends=challenges.c.sends + 1))
    _post(unit, office, errand, code, now, expires_at)
    return Sent.SENT


def asked(unit: Unit, row: Row, now: datetime) -> Row:
    """Write down that proof was asked for; with the first time, its time to prove begins."""
    if Status(row["status"]) is not Status.RECEIVED:
        return steps.note(unit, row, "code_sent", SENDER, now, bears=False)
    return steps.move(unit, row, Status.UNVERIFIED, "code_sent", SENDER, now, change={"proof_asked_at": now})


def of(unit: Unit, request_id: str, conversation: str, purpose: Purpose) -> Row | None:
    """The challenge for that request, conversation and purpose."""
    same = (
        challenges.c.request_id == request_id,
        challenges.c.conversation == conversation,
        challenges.c.purpose == purpose.value,
    )
    found: Row | None = unit.execute(sa.select(challenges).where(*same)).mappings().first()
    return found


def unused(unit: Unit, conversation: str, purpose: Purpose) -> list[Row]:
    """A conversation's challenges whose code was not used and whose request is open, newest first."""
    waiting = (
        challenges.c.conversation == conversation,
        challenges.c.purpose == purpose.value,
        challenges.c.used_at.is_(None),
        requests.c.closed_at.is_(None),
    )
    found = sa.select(challenges).join(requests, requests.c.id == challenges.c.request_id).where(*waiting)
    return list(unit.execute(found.order_by(challenges.c.sent_at.desc(), challenges.c.id)).mappings())


def hash_of(office: Office, conversation: str, purpose: Purpose, challenge_id: str, code: str) -> tuple[str, ...]:
    """The keyed hashes of a code that fits one challenge only, under the current key first."""
    bound = Redacted("|".join((purpose.value, challenge_id, code, conversation)))
    current = office.vault.look_up(bound, "challenges.code_hash")
    return (current, *(one for one in office.vault.look_ups(bound, "challenges.code_hash") if one != current))


def pretend(unit: Unit, office: Office, conversation: str, now: datetime) -> None:
    """Do the work of send() without a letter, so that the time taken does not tell that nothing was sent."""
    name = f"nobody:{secrets.token_hex(16)}"
    nobody = KnownContact(ContactKind.EMAIL, Redacted(f"{name[-16:]}@example.org"))
    own = (conversation_budget(office, conversation), office.limits.mails_of_conversation)
    others = ((f"mail:{name}", 1), ("mail:nobody", office.limits.mails_in_all))
    for budget, limit in (own, *others):
        budgets.spend(unit, budget, limit, DAY, now)
    code, request_id = new_code(), secrets.token_hex(16)
    hash_of(office, conversation, Purpose.REACH, request_id, code.reveal())
    subject, text = reach_letter(
        replace(office.mail, name_of=str),  # there is no policy whose company could be named
        policy="nobody",
        rights=(Right.ACCESS,),
        reference=name,
        channel=Channel.WEB,
        at=now,
        code=code,
        minutes=office.code_minutes,
        stop_token=Redacted(secrets.token_urlsafe(_TOKEN_BYTES)),
    )
    lane = office.vault.look_up(nobody.value, CONTACT_INDEX)
    letter = Letter(Way.MAIL, lane, REACH, nobody.value, subject, text, request_id, deadline=now)
    outbox.post(unit, office.vault, letter, now)
    outbox.cancel(unit, request_id, now)


def may_mail(unit: Unit, office: Office, address: KnownContact, conversation: str, now: datetime) -> bool:
    """Take a mail from all three budgets, or none from any."""
    mailbox = office.vault.ledger_hash(contacts.mailbox(address.value), "mailbox")
    whole = (
        (f"mail:address:{mailbox}", office.limits.mails_to_address),
        (conversation_budget(office, conversation), office.limits.mails_of_conversation),
        ("mail:all", office.limits.mails_in_all),
    )
    taken: list[str] = []
    for name, limit in whole:
        if not budgets.spend(unit, name, limit, DAY, now):
            for earlier in taken:
                budgets.give_back(unit, earlier)
            return False
        taken.append(name)
    return True


def conversation_budget(office: Office, conversation: str) -> str:
    """The name of the budget of mails that one conversation can cause."""
    return f"mail:conversation:{office.vault.ledger_hash(conversation, 'conversation')}"


def new_stop_token(unit: Unit, request_id: str, now: datetime) -> Redacted:
    """A link's secret, by which whoever reads the mail stops the request. Only its hash is kept."""
    token = Redacted(secrets.token_urlsafe(_TOKEN_BYTES))
    unit.execute(sa.insert(stop_links).values(hash=stop_hash(token), request_id=request_id, at=now))
    return token


def behind_link(unit: Unit, token: Redacted) -> Row | None:
    """The request that a link stops."""
    found = sa.select(requests).join(stop_links, stop_links.c.request_id == requests.c.id)
    row: Row | None = unit.execute(found.where(stop_links.c.hash == stop_hash(token))).mappings().first()
    return row


def stop_hash(token: Redacted) -> str:
    """Without a key, because 128 random bits cannot be guessed, and because links must outlive a change of keys."""
    return hashlib.sha256(token.reveal().encode("utf-8", "replace")).hexdigest()


def _post(unit: Unit, office: Office, errand: Errand, code: Redacted, now: datetime, expires_at: datetime) -> None:
    kind, write = (CODE, code_letter) if errand.purpose is Purpose.PROVE else (REACH, reach_letter)
    row, address = errand.row, errand.address.value
    if errand.purpose is Purpose.PROVE:
        outbox.cancel(unit, row["id"], now, {kind})  # the code it carries is no longer the right one
    subject, text = write(
        office.mail,
        policy=row["policy"],
        rights=rows.rights_of(unit, row["id"]),
        reference=row["reference"],
        channel=errand.channel,
        at=row["received_at"] if errand.purpose is Purpose.PROVE else now,
        code=code,
        minutes=office.code_minutes,
        stop_token=new_stop_token(unit, row["id"], now),
    )
    lane = office.vault.look_up(address, CONTACT_INDEX)
    letter = Letter(Way.MAIL, lane, kind, address, subject, text, row["id"], deadline=expires_at)
    outbox.post(unit, office.vault, letter, now)
