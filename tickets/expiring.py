"""Requests of which nothing was ever proven: they expire once their time to prove it is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets import erasing, news, steps
from tickets.letters import Correspondence, News
from tickets.office import Office
from tickets.store import Unit
from tickets.tables import requests
from tickets.tables_proof import evidence
from tickets.vocabulary import SIGNALS, Status

KEEPER = "retention"
"""The actor of what happens on schedule."""


def unproven(asked_before: datetime) -> Any:
    """The ids of unverified requests that were asked for proof before that time, without any signal since.

    A request with a signal waits for staff, and a received one was never asked: neither expires by itself.
    """
    signal = sa.exists().where(
        evidence.c.request_id == requests.c.id, evidence.c.kind.in_([kind.value for kind in SIGNALS])
    )
    waiting = (requests.c.status == Status.UNVERIFIED.value, requests.c.closed_at.is_(None))
    return sa.select(requests.c.id).where(*waiting, requests.c.proof_asked_at < asked_before, sa.not_(signal))


def expire(
    unit: Unit, vault: Vault, mail: Correspondence | None, ids: Collection[str], asked_before: datetime, now: datetime
) -> int:
    """Close those of them that are still unproven, tell their people, and drop the contacts; gives how many.

    The contacts go at once: nobody ever showed that they belong to who typed them.
    """
    still = sa.select(requests).where(requests.c.id.in_(unproven(asked_before)), requests.c.id.in_(ids))
    found = unit.execute(still.order_by(requests.c.id)).mappings().all()
    for row in found:
        steps.move(unit, row, Status.EXPIRED_UNVERIFIED, "expired", KEEPER, now)
        if mail is not None:
            news.tell(unit, Office(vault, mail), row, News.EXPIRED, now)
    erasing.drop_contacts(unit, [row["id"] for row in found])
    return len(found)
