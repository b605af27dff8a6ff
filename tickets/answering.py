"""A person's answer to a question of staff: it is kept with the request, and the work and the clock go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from pii.masking import mask
from tickets import contacts, pausing, remarks, steps
from tickets.intake import REQUESTER
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import requests
from tickets.tables_proof import grants, pauses, request_contacts
from tickets.vocabulary import Remark, Status


def waiting(unit: Unit, conversation: str) -> Row | None:
    """The request of a conversation, or opened to it by a code, that was asked about last and waits for the answer."""
    granted = sa.select(grants.c.request_id).where(grants.c.conversation == conversation)
    own = sa.or_(requests.c.conversation == conversation, requests.c.id.in_(granted))
    asked = sa.select(sa.func.max(pauses.c.asked_at)).where(pauses.c.request_id == requests.c.id).scalar_subquery()
    found = sa.select(requests).where(own, requests.c.status == Status.AWAITING_REQUESTER.value)
    row: Row | None = unit.execute(found.order_by(asked.desc(), requests.c.id).limit(1)).mappings().first()
    return row


def hear(unit: Unit, vault: Vault, conversation: str, text: str, handles: Sequence[str], now: datetime) -> bool:
    """Keep the answer with the request that waits for it; False if none does."""
    row = waiting(unit, conversation)
    if row is None:
        return False
    pausing.end(unit, row, now)
    change = steps.dates(steps.clock_now(unit, row))
    steps.move(unit, row, Status.IN_PROGRESS, "answered", REQUESTER, now, change=change)
    # Intake has masked it already; masking twice would change its placeholders.
    masked = mask(text)
    remarks.add(unit, vault, row["id"], Remark.ANSWER, REQUESTER, masked.text if masked.found else text, now)
    _attach(unit, vault, row["id"], conversation, handles)
    return True


def _attach(unit: Unit, vault: Vault, request_id: str, conversation: str, handles: Sequence[str]) -> None:
    """What was typed with the answer comes to the request as mentioned: nobody has shown that it is theirs."""
    own = sa.select(sa.func.count()).select_from(request_contacts).where(request_contacts.c.request_id == request_id)
    room = contacts.MOST_OF_A_REQUEST - int(unit.execute(own).scalar())
    given = contacts.held(unit, vault, conversation, handles)
    known = {(one.kind, one.value) for one in contacts.of_request(unit, vault, request_id)}
    new = [one for one in given if (one.kind, one.value) not in known][: max(room, 0)]
    contacts.attach(unit, vault, request_id, [contacts.KnownContact(one.kind, one.value, False) for one in new])
