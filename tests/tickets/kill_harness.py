"""Files requests in a child process, kills it with SIGKILL again and again, and counts what is left.

    python kill_harness.py MODE URL FILINGS KILLS [SECONDS]

Prints {"kills", "acknowledged", "lost", "doubled", "torn"}.

Modes: `whole` is the product. The others take one defence away and must go red: `no_key` sends every attempt under a
new key, `no_transaction` commits after each statement, `memory` acknowledges before it files. In all modes the look
for an open request of the same conversation is off, so that the key alone stands against doubles. Each filing has an
address, so that contact, code and letter belong to the transaction as well.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa

from pii.encryption import KeyRing, Vault
from pii.masking import mask
from tickets.contacts import ContactBox
from tickets.letters import Correspondence
from tickets.model import OpenRequest
from tickets.office import Limits
from tickets.service import RequestService
from tickets.store import Store, Unit
from tickets.vocabulary import Channel, Regime, Right

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)
REPLY_SECONDS = 0.02  # from the commit to the moment the reply has arrived


RING = KeyRing.new()
MAIL = Correspondence("https://desk.example.org", str.title)
LIMITS = Limits(mails_to_address=10**6, mails_of_conversation=10**6, mails_in_all=10**6)


class KeyOnlyService(RequestService):
    def _existing(self, unit: Unit, wish: OpenRequest, now: datetime) -> None:
        return None


class EagerUnit(Unit):
    """Commits after each statement that writes."""

    def execute(self, statement: Any) -> Any:
        result = super().execute(statement)
        if getattr(statement, "is_insert", False):
            self.connection.commit()
        return result


class TornStore:
    """A store whose units are no units."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        with self._store.unit() as unit:
            yield EagerUnit(unit.connection)


def wish(number: int, mode: str, handles: tuple[str, ...]) -> OpenRequest:
    usual = OpenRequest(
        policy="klasso",
        policy_version="2026-04",
        rights=frozenset({Right.DELETION, Right.ACCESS}),
        channel=Channel.WEB,
        conversation=f"conversation-{number}",
        text=f"filing {number}",
        regimes=frozenset({Regime.GDPR}),
        idempotency_key=f"key-{number}",
        contacts=handles,
    )
    return replace(usual, idempotency_key=secrets.token_hex(8)) if mode == "no_key" else usual


def child(mode: str, url: str, first: int, filings: int, acknowledged: int) -> None:
    """File from `first` on; write each number down once its filing is answered."""
    with Store(url) as store:
        vault = Vault(RING)
        box = ContactBox(store, vault)
        filed_in: Any = TornStore(store) if mode == "no_transaction" else store
        service = KeyOnlyService(filed_in, vault, MAIL, limits=LIMITS)
        if mode == "memory":
            for number in range(first, filings):
                os.write(acknowledged, b"%d\n" % number)
            time.sleep(REPLY_SECONDS)
        for number in range(first, filings):
            found = mask(f"filing-{number}@example.org").found
            handles = box.keep(f"conversation-{number}", found, NOW)
            service.open_request(wish(number, mode, tuple(handles.values())), NOW)
            time.sleep(REPLY_SECONDS)
            if mode != "memory":
                os.write(acknowledged, b"%d\n" % number)


def life(mode: str, url: str, first: int, filings: int, seconds: float | None) -> int:
    """One child, killed after so many seconds of filing; gives the first number that was not answered."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            child(mode, url, first, filings, writing)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    if seconds is not None:
        select.select([reading], [], [], 10)  # it is filing now
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        answered = [int(line) for line in pipe if line.endswith("\n")]
    os.waitpid(pid, 0)
    return max(answered, default=first - 1) + 1


def counted(url: str, answered: int) -> dict[str, int]:
    """What the database holds, against what was answered."""
    with Store(url, read_only=True) as store, store.reading() as unit:
        texts = Counter(unit.execute(sa.text("SELECT text FROM requests")).scalars())
        whole = """SELECT count(*) FROM requests r WHERE
            (SELECT count(*) FROM request_rights x WHERE x.request_id = r.id) = 2
            AND (SELECT count(*) FROM audit a WHERE a.request_id = r.id) = 2
            AND (SELECT count(*) FROM request_contacts c WHERE c.request_id = r.id) = 1
            AND (SELECT count(*) FROM challenges c WHERE c.request_id = r.id) = 1
            AND (SELECT count(*) FROM stop_links s WHERE s.request_id = r.id) = 1
            AND (SELECT count(*) FROM outbox o WHERE o.request_id = r.id) = 1
            AND r.status = 'unverified' AND (SELECT count(*) FROM idempotency_keys k WHERE k.request_id = r.id) = 1"""
        return {
            "lost": sum(f"filing {number}" not in texts for number in range(answered)),
            "doubled": sum(times > 1 for times in texts.values()),
            "torn": sum(texts.values()) - int(unit.execute(sa.text(whole)).scalar()),
        }


def main(mode: str, url: str, filings: int, kills: int, longest: float = 0.06) -> None:
    """longest: seconds that a life may file at most; the longer, the more is filed by the last kill."""
    with Store(url) as store:
        store.migrate()
    answered = done = 0
    while done < kills and answered < filings:
        answered = life(mode, url, answered, filings, random.uniform(0, longest))
        done += 1
    if mode != "memory":
        # Without a kill: the rest where the kills were many, a few more where they were not.
        answered = life(mode, url, answered, filings if kills >= 200 else min(filings, answered + 5), None)
    print(json.dumps({"kills": done, "acknowledged": answered} | counted(url, answered)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *map(float, sys.argv[5:6]))
