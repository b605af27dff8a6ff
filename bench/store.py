"""Does the store stay fast when it is full: 1,000,000 requests beside 1,000, in a SQLite file of their own.

    python -m bench.store [--large 1000000] [--small 1000] [--folder DIR]

Measured through the product's own service: opening a request (with its contact, code, letter and audit entry, synced
to the disk), the list of what is open and due by today (the first hundred), and, as a yardstick of the disk alone, an
empty synced commit. What counts is the ratio of the medians. The requests are written straight into the tables; a
quarter of them is open and half of those are due, so that both lists have their full hundred. Calls on the two stores
alternate, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bench.measuring import machine, p50, p95, table
from pii.encryption import KeyRing, Vault
from pii.masking import mask
from tickets.contacts import ContactBox
from tickets.letters import Correspondence
from tickets.model import Filters, OpenRequest
from tickets.office import USUAL_LIMITS, Limits
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right, Status

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
TIMES = 300
_BATCH = 10_000
_NO_LIMITS = Limits(*(10**9 for _ in vars(USUAL_LIMITS)))


def fill(path: Path, count: int, vault: Vault) -> None:
    """Write so many requests with rights, contact, key and audit entries."""
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = 0")
    connection.execute("PRAGMA journal_mode = off")
    connection.execute("PRAGMA cache_size = -500000")
    dice = random.Random(count)
    for start in range(0, count, _BATCH):
        _write(connection, [_row(dice, number) for number in range(start, min(start + _BATCH, count))])
        connection.commit()
    connection.close()


def _row(dice: random.Random, number: int) -> dict[str, Any]:
    is_open = dice.random() < 0.25
    due_in = dice.randint(-60, 0) if dice.random() < 0.5 else dice.randint(1, 45)
    answer_by = NOW + timedelta(days=due_in if is_open else dice.randint(-700, -1))
    received = answer_by - timedelta(days=30)
    return {
        "id": f"{dice.getrandbits(128):032x}",
        "reference": f"KLS-{number:08d}",
        "conversation": f"{dice.getrandbits(128):032x}",
        "received_at": f"{received:%Y-%m-%d %H:%M:%S}.000000",
        "answer_by": f"{answer_by:%Y-%m-%d}",
        "status": Status.RECEIVED.value if is_open else Status.WITHDRAWN.value,
        "closed_at": None if is_open else f"{answer_by:%Y-%m-%d %H:%M:%S}.000000",
        "text": "please delete everything that you have about me, answer to [email-1]. " * dice.randint(1, 4),
        "sealed": dice.randbytes(48),
        "look_up": f"{dice.getrandbits(256):064x}",
        "sequence": number + 1,
    }


def _write(connection: sqlite3.Connection, rows: list[dict[str, Any]]) -> None:
    working = json.dumps(["received", "one month", "the last day is a working day"])
    connection.executemany(
        "INSERT INTO requests (id, reference, policy, policy_version, channel, conversation, text, regimes, "
        "received_at, answer_by, working, is_target, status, filer) VALUES (:id, :reference, 'klasso', '2026-04', "
        f"'web', :conversation, :text, '[\"gdpr\"]', :received_at, :answer_by, '{working}', 0, 'received', "
        "'requester:' || :conversation)",
        rows,
    )
    for statement in (
        "INSERT INTO request_rights VALUES (:id, 'deletion')",
        "UPDATE requests SET status = :status, closed_at = :closed_at WHERE id = :id AND :closed_at IS NOT NULL",
        "INSERT INTO request_contacts VALUES (:id, :id, 'email', :sealed, 'k1', :look_up, 1)",
        "INSERT INTO idempotency_keys VALUES (:conversation, 'key', :look_up, :id, '{}', :received_at)",
        "INSERT INTO audit VALUES (:sequence, :received_at, :id, 'requester', 'opened', NULL, 'received', '{}', "
        ":look_up, :look_up)",
    ):
        connection.executemany(statement, rows)


def service_on(store: Store, vault: Vault) -> RequestService:
    """The product's service, whose budgets a thousand filings do not use up."""
    mail = Correspondence("https://desk.example.org", str.title)
    return RequestService(store, vault, mail, limits=_NO_LIMITS)


def opener(store: Store, vault: Vault) -> Callable[[], object]:
    """Files one request of a new conversation; its contact is held beforehand, outside what is measured."""
    service, box = service_on(store, vault), ContactBox(store, vault)

    def wishes() -> Iterator[OpenRequest]:
        while True:
            name = secrets.token_hex(16)
            found = mask(f"{name}@example.org").found
            handles = box.keep(name, found, NOW)
            yield OpenRequest(
                policy="klasso",
                policy_version="2026-04",
                rights=frozenset({Right.DELETION}),
                channel=Channel.WEB,
                conversation=name,
                text="please delete everything",
                regimes=frozenset({Regime.GDPR}),
                idempotency_key=name,
                contacts=tuple(handles.values()),
            )

    made = wishes()
    ready = [next(made) for _ in range(TIMES + 20)]
    return lambda: service.open_request(ready.pop(), NOW)


def lister(store: Store, vault: Vault) -> Callable[[], object]:
    """Lists what is open and due by today."""
    service = service_on(store, vault)
    due = Filters(open_only=True, due_by=NOW.date())
    return lambda: service.listing(due)


def lister_of_policy(store: Store, vault: Vault) -> Callable[[], object]:
    """The same of one policy, which here has all requests."""
    service = service_on(store, vault)
    due = Filters(policy="klasso", open_only=True, due_by=NOW.date())
    return lambda: service.listing(due)


def committer(store: Store, vault: Vault) -> Callable[[], object]:
    """A commit that changes one number, synced: what the disk takes by itself."""

    def commit() -> None:
        with store.unit() as unit:
            unit.connection.exec_driver_sql(f"PRAGMA user_version = {secrets.randbelow(10**6)}")
            unit.commit()

    return commit


MEASURED: dict[str, Callable[[Store, Vault], Callable[[], object]]] = {
    "open one": opener,
    "due by today": lister,
    "due of one policy": lister_of_policy,
    "empty commit": committer,
}


def alternately(one: Callable[[], object], other: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Milliseconds of many calls of each, in turns, after some to warm up."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(-10, TIMES):
        for call, times in ((one, taken[0]), (other, taken[1])):
            started = time.perf_counter()
            call()
            if number >= 0:
                times.append((time.perf_counter() - started) * 1000)
    return taken


def main() -> None:
    """Fill both, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.store")
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    vault = Vault(KeyRing.new())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        paths = Path(folder) / "small.db", Path(folder) / "large.db"
        for path, count in zip(paths, (options.small, options.large)):
            fill(path, count, vault)
        print(f"{machine()}; files of {', '.join(f'{path.stat().st_size / 1e6:.0f} MB' for path in paths)}")
        rows: list[tuple[str, ...]] = [
            ("", f"{options.small:,}", "p95", f"{options.large:,}", "p95", "ratio of medians")
        ]
        with Store(f"sqlite:///{paths[0]}") as small, Store(f"sqlite:///{paths[1]}") as large:
            for name, make in MEASURED.items():
                few, many = alternately(make(small, vault), make(large, vault))
                cells = (f"{value:.2f} ms" for value in (p50(few), p95(few), p50(many), p95(many)))
                rows.append((name, *cells, f"{p50(many) / p50(few):.2f}"))
        print(table(rows))


if __name__ == "__main__":
    main()
