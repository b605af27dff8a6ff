"""Does the queue of the console open at once when it is full: 1,000,000 requests, on SQLite and on PostgreSQL.

    python -m bench.queue [--count 1000000] [--postgres URL] [--only sqlite|postgresql] [--folder DIR]

Measured through the product's own Queue: each view's first page together with the counts of all views (what a click on
a view costs), a page from the middle, a view narrowed by each filter, the three kinds of search, and the mark that
live updates ask for. A quarter of the requests is open. On PostgreSQL the tables are made in a schema of their own,
which is dropped at the end; the tables are analysed, as autovacuum does it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.measuring import machine, milliseconds, p50, p95, table
from pii.encryption import KeyRing, Vault
from pii.redacted import Redacted
from tickets.contacts import CONTACT_INDEX
from tickets.queue import UNFILTERED, Filter, Queue, View
from tickets.reports import Reports
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right, Status

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
TIMES = 40
STAFF = tuple(f"staff:{number:016x}" for number in range(40))
ADDRESS = "somebody@example.org"
_BATCH = 20_000
_OPEN = (
    *((Status.RECEIVED, 10), (Status.UNVERIFIED, 40), (Status.VERIFIED, 10), (Status.IN_PROGRESS, 25)),
    *((Status.AWAITING_REQUESTER, 10), (Status.AWAITING_CONTROLLER, 5)),
)
_CLOSED = ((Status.WITHDRAWN, 50), (Status.EXPIRED_UNVERIFIED, 40), (Status.REFERRED, 10))
_POLICIES = ("klasso", "classtime", "klantra")
_REGIMES = ([Regime.GDPR], [Regime.GDPR, Regime.UK_GDPR], [Regime.CCPA], [Regime.COPPA])
_WORDS = [
    "please",
    "delete",
    "account",
    "homework",
    "photos",
    "teacher",
    "school",
    "payment",
    "invoice",
    "newsletter",
    "wrong",
    "address",
    "lesson",
    "class",
    "phone",
    "number",
    "old",
    "child",
    "grade",
    "history",
    "messages",
    "calendar",
    "subscription",
    "location",
    "device",
]
_REQUESTS = (
    *("id", "reference", "policy", "policy_version", "channel", "conversation", "text", "regimes", "received_at"),
    *("answer_by", "working", "is_target", "status", "closed_at", "filer", "verified_at", "referred_to", "assignee"),
)
_RIGHTS = ("request_id", "right")
_CONTACTS = ("id", "request_id", "kind", "sealed", "key_id", "look_up")
_AUDIT = ("sequence", "at", "request_id", "actor", "action", "to_status", "detail", "previous", "hash")


def made(count: int, vault: Vault) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """The rows of each table, batch by batch."""
    dice, known = random.Random(count), vault.look_up(Redacted(ADDRESS), CONTACT_INDEX)
    for start in range(0, count, _BATCH):
        rows: dict[str, list[tuple[Any, ...]]] = {"requests": [], "request_rights": [], "request_contacts": []}
        rows["audit"] = []
        for number in range(start, min(start + _BATCH, count)):
            name = f"{dice.getrandbits(128):032x}"
            rows["requests"].append(_request(dice, number, name))
            right = dice.choice(list(Right)).value if dice.random() < 0.4 else Right.DELETION.value
            rows["request_rights"].append((name, right))
            look_up = known if number % (count // 10 or 1) == 0 else f"{dice.getrandbits(256):064x}"
            rows["request_contacts"].append((name, name, "email", dice.randbytes(48), "k1", look_up))
            rows["audit"].append((number + 1, NOW, name, "requester", "opened", "received", "{}", look_up, look_up))
        yield rows


def _request(dice: random.Random, number: int, name: str) -> tuple[Any, ...]:
    is_open = dice.random() < 0.25
    due_in = dice.randint(-60, 0) if dice.random() < 0.5 else dice.randint(1, 45)
    answer_by = NOW + timedelta(days=due_in if is_open else dice.randint(-700, -1), seconds=dice.randint(0, 40_000))
    status = dice.choices(*zip(*(_OPEN if is_open else _CLOSED)))[0]
    proven = is_open and status not in (Status.RECEIVED, Status.UNVERIFIED)
    received = answer_by - timedelta(days=30)
    return (
        name,
        f"KLS-{number:08d}",
        dice.choices(_POLICIES, (60, 30, 10))[0],
        "2026-04",
        dice.choices([channel.value for channel in Channel], (70, 20, 10))[0],
        f"{dice.getrandbits(128):032x}",
        " ".join(dice.choices(_WORDS, k=dice.randint(8, 40))),
        json.dumps([regime.value for regime in dice.choice(_REGIMES)]),
        received,
        answer_by.date(),
        json.dumps(["received", "one month", "the last day is a working day"]),
        False,
        status.value,
        None if is_open else min(answer_by, NOW),
        f"requester:{name}",
        received if proven else None,
        "the school" if status is Status.REFERRED else None,
        dice.choice(STAFF) if is_open and dice.random() < 0.4 else None,
    )


TABLES = {"requests": _REQUESTS, "request_rights": _RIGHTS, "request_contacts": _CONTACTS, "audit": _AUDIT}


def fill_sqlite(path: Path, count: int, vault: Vault) -> None:
    """Straight into the file; the triggers that stand before evidence are taken away, for nothing is decided here."""
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    connection = sqlite3.connect(path)
    for pragma in ("synchronous = 0", "journal_mode = off", "cache_size = -500000"):
        connection.execute(f"PRAGMA {pragma}")
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for rows in made(count, vault):
        for name, columns in TABLES.items():
            places = ", ".join("?" for _ in columns)
            named = ", ".join(f'"{column}"' for column in columns)
            values = [tuple(_for_sqlite(value) for value in row) for row in rows[name]]
            connection.executemany(f"INSERT INTO {name} ({named}) VALUES ({places})", values)
        connection.commit()
    connection.close()


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value if value is None or isinstance(value, (str, bytes, int)) else value.isoformat()


def fill_postgresql(store: Store, count: int, vault: Vault) -> None:
    """By COPY, with the triggers off."""
    store.migrate()
    plain = store.engine.raw_connection()
    with plain.cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        for rows in made(count, vault):
            for name, columns in TABLES.items():
                named = ", ".join(f'"{column}"' for column in columns)
                text = "".join("\t".join(_for_copy(value) for value in row) + "\n" for row in rows[name])
                cursor.copy_expert(f"COPY {name} ({named}) FROM STDIN", io.StringIO(text))
    plain.commit()
    plain.set_session(autocommit=True)
    with plain.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE requests, request_rights, request_contacts, audit")
    plain.close()


def _for_copy(value: Any) -> str:
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def measured(store: Store, vault: Vault) -> list[tuple[str, Callable[[], object]]]:
    """What is measured, by name."""
    queue, me = Queue(store, vault), STAFF[0]
    calls: list[tuple[str, Callable[[], object]]] = [("counts of all views", lambda: queue.counts(me, NOW))]

    def opened(view: View, chosen: Filter = UNFILTERED) -> Callable[[], object]:
        return lambda: (queue.page(view, chosen, me, NOW), queue.counts(me, NOW))

    calls += [(f"view {view.value}, with counts", opened(view)) for view in View]
    middle = _middle(queue, me)
    calls += [("all_open, page 21", lambda: queue.page(View.ALL_OPEN, UNFILTERED, me, NOW, after=middle))]
    filters = {
        "policy": Filter(policy="klantra"),
        "right": Filter(right=Right.APPEAL),
        "status": Filter(status=Status.AWAITING_CONTROLLER),
        "channel": Filter(channel=Channel.STAFF),
        "regime": Filter(regime=Regime.COPPA),
        "assignee": Filter(assignee=STAFF[7]),
        "all at once": Filter("klantra", Right.APPEAL, Status.AWAITING_CONTROLLER, Channel.STAFF, Regime.COPPA),
    }
    calls += [(f"all_open by {name}, with counts", opened(View.ALL_OPEN, one)) for name, one in filters.items()]
    words = {"reference": "KLS-7F3K-92QD", "contact": ADDRESS, "words": "invoce from techer"}
    calls += [(f"search by {name}", partial(queue.search, text, NOW)) for name, text in words.items()]
    return [*calls, ("mark", queue.mark)]


def _middle(queue: Queue, me: str) -> str:
    after = ""
    for _ in range(20):
        after = queue.page(View.ALL_OPEN, UNFILTERED, me, NOW, after=after).next
    return after


def report(store: Store, vault: Vault, times: int) -> str:
    """A table of what each call took."""
    rows: list[Sequence[str]] = [("", "median", "p95", "longest")]
    for name, call in measured(store, vault):
        milliseconds(call, 3)
        taken = milliseconds(call, times)
        rows.append((name, *(f"{value:.1f} ms" for value in (p50(taken), p95(taken), max(taken)))))
    for name, policy in (("report of a year, all policies", ""), ("report of a year, one policy", _POLICIES[0])):
        summary = partial(Reports(store).summary, policy, NOW.date() - timedelta(days=364), NOW.date(), NOW)
        (taken_once,) = milliseconds(summary, 1)  # nobody opens it all day long
        rows.append((name, f"{taken_once:.0f} ms", "", ""))
    return table(rows)


@contextmanager
def schema_in(url: str) -> Iterator[str]:
    """The URL of a fresh schema, dropped afterwards."""
    name = f"bench_{secrets.token_hex(4)}"
    engine = sa.create_engine(url, future=True)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
    try:
        yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def main() -> None:
    """Fill, measure, print; each database by itself."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    vault = Vault(KeyRing.new())
    print(f"{machine()}; {options.count:,} requests, {options.times} calls each")
    if options.only != "postgresql":
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = Path(folder) / "large.db"
            fill_sqlite(path, options.count, vault)
            print(f"\nSQLite {sqlite3.sqlite_version}, a file of {path.stat().st_size / 1e6:.0f} MB")
            with Store(f"sqlite:///{path}") as store:
                print(report(store, vault, options.times), flush=True)
    if options.postgres and options.only != "sqlite":
        with schema_in(options.postgres) as url, Store(url) as store:
            fill_postgresql(store, options.count, vault)
            print("\nPostgreSQL")
            print(report(store, vault, options.times))


if __name__ == "__main__":
    main()
