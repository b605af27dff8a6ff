"""How wrong logins slow the next ones down: each account and each address by itself, and nobody is locked out.

After the third wrong try in a row an account waits one second, then two, four, up to five minutes; a try within the
wait is refused without being looked at. A try counts before it is compared, so tries in parallel gain nothing. Logins
that do not exist wait just the same. Twenty wrong tries from an address within ten minutes are all it has.

An account counts apart where its owner has logged in before: whoever tries from elsewhere, however long, does not keep
the owner waiting. All names are keyed hashes; they leave with the other budgets.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets import budgets
from tickets.store import Unit
from tickets.tables_proof import budgets as table

FREE_TRIES = 2
LONGEST_WAIT = 300  # seconds
OF_ADDRESS = 20
ADDRESS_WINDOW = timedelta(minutes=10)
KNOWN_FOR = timedelta(days=30)  # since the last login there


@dataclass(frozen=True)
class Place:
    """From where which login is tried: the names of its counters."""

    address: str
    account: str
    account_here: str
    known_here: str


@dataclass(frozen=True)
class State:
    """What the counters of a place say. waits: seconds before a try may be compared. is_known: its owner was here.

    counter: the one that counts there; failures: what it has counted.
    """

    waits: int
    is_known: bool
    counter: str
    failures: int


def wait_after(failures: int) -> int:
    """Seconds to wait after so many wrong tries in a row."""
    # The exponent is held small, because the count of an attack is not.
    return 0 if failures <= FREE_TRIES else min(LONGEST_WAIT, 2 ** min(failures - FREE_TRIES - 1, 20))


def seconds_until(moment: datetime | None, now: datetime) -> int:
    """Whole seconds, rounded up; 0 if it is over or there is none."""
    return max(0, math.ceil((moment - now).total_seconds())) if moment is not None else 0


def place_of(vault: Vault, login: str, address: str) -> Place:
    """The counters of a login and an address; equal ones for what is equal, telling nothing without the key."""
    network, name = _network(address), login.encode("utf-8", "replace").decode()
    both = vault.ledger_hash(f"{network}|{name}", "login here")
    return Place(
        f"login:address:{vault.ledger_hash(network, 'login address')}",
        f"login:account:{vault.ledger_hash(name, 'login account')}",
        f"login:here:{both}",
        f"login:known:{both}",
    )


def look(unit: Unit, place: Place, now: datetime) -> State:
    """How things stand; in one statement, because an attack asks this ten thousand times. Changes nothing."""
    names = (place.address, place.account, place.account_here, place.known_here)
    found = {row.name: row for row in unit.execute(sa.select(table).where(table.c.name.in_(names)))}
    known, sender = found.get(place.known_here), found.get(place.address)
    is_known = known is not None and bool(known.began_at > now)
    counter = place.account_here if is_known else place.account
    account = found.get(counter)
    # In the counter of an account the time is that of the next try.
    waits = seconds_until(account.began_at if account is not None else None, now)
    if sender is not None and sender.spent >= OF_ADDRESS:
        waits = max(waits, seconds_until(sender.began_at + ADDRESS_WINDOW, now))
    return State(waits, is_known, counter, account.spent if account is not None else 0)


def take(unit: Unit, place: Place, now: datetime) -> int:
    """Count a try, in a writing transaction; gives 0 if it may be compared, else the seconds to wait, uncounted."""
    state = look(unit, place, now)
    if state.waits:
        return state.waits
    budgets.spend(unit, place.address, OF_ADDRESS, ADDRESS_WINDOW, now)
    failures = state.failures + 1
    _write(unit, state.counter, now + timedelta(seconds=wait_after(failures)), failures)
    return 0


def forgive(unit: Unit, place: Place, now: datetime) -> None:
    """The try was right: its counter begins anew, and the place is known from now on."""
    budgets.give_back(unit, place.address)
    budgets.drop(unit, look(unit, place, now).counter)
    # Until when, because budgets leave by their time.
    _write(unit, place.known_here, now + KNOWN_FOR, 0)


def forget_account(unit: Unit, vault: Vault, login: str) -> None:
    """An administrator gave a new password: nobody waits for the tries at the old one."""
    budgets.drop(unit, place_of(vault, login, "").account)


def _write(unit: Unit, name: str, at: datetime, spent: int) -> None:
    # The writing transaction is the only one while it lasts, so nobody counts in between.
    budgets.drop(unit, name)
    unit.execute(sa.insert(table).values(name=name, began_at=at, spent=spent))


def _network(address: str) -> str:
    """What one sender has: an IPv4 address, or the 2^64 addresses of an IPv6 network."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.encode("utf-8", "replace").decode()[:100]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
