"""Commands about what is kept: purge, rotate-keys, backup, restore. All but backup write, and need the bot stopped."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TextIO

from tickets import audit
from tickets.anchors import daily_anchor
from tickets.backup import back_up
from tickets.backup import restore as put_back
from tickets.commands.printing import print_table
from tickets.commands.settings import Settings
from tickets.compacting import compact
from tickets.retention import Keeper
from tickets.rotation import rotate
from tickets.schedule import NOTHING
from tickets.store import Store


def _now() -> datetime:
    return datetime.now(timezone.utc)


def purge(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Let everything leave whose time is over, and anchor the audit trail."""
    vault, now = settings.vault(), _now()
    with Store(settings.database_url) as store:
        audit.use_key(store, vault)
        keeper = Keeper(store, vault, settings.schedule, ledger=settings.ledger, mail=settings.mail)
        purged = keeper.purge(now)
        if purged != NOTHING:
            compact(store)  # the bot is stopped: a big file, too
        with store.reading() as unit:
            daily_anchor(unit, settings.anchors, now)
    print_table([(name.replace("_", " "), str(count)) for name, count in asdict(purged).items()], out)
    return 0


def rotate_keys(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Seal everything with a fresh key and forget the old ones; 1 if they had to be kept."""
    settings.vault()
    with Store(settings.database_url) as store:
        if not store.is_sqlite:
            print("Bots that run on follow the key file. This takes half a minute longer than the sealing.", file=out)
        done = rotate(store, settings.keys, settings.spool)
    print(f"{done.sealed_anew} values are now sealed with the key {done.key}.", file=out)
    if done.unreadable:
        print(
            f"{done.unreadable} values do not open with their key: they were altered, or their key is missing. "
            "The old keys were kept because of them.",
            file=out,
        )
        return 1
    print(f"Forgotten: {', '.join(done.dropped)}. Earlier backups need the earlier key file.", file=out)
    return 0


def backup(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Write a backup; the bot may run."""
    with Store(settings.database_url, read_only=True) as store:
        store.check_current()
        checksum = back_up(store, options.file)
    print(f"{options.file} is written and checked; SHA-256 {checksum}", file=out)
    print(f"NOT in it: the key file {settings.keys}, without which contacts cannot be read.", file=out)
    print(
        f"Keep copies of it, of {settings.ledger.name} (who was erased) and of {settings.anchors.name} somewhere else.",
        file=out,
    )
    return 0


def restore(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Put a backup in the place of the database; 1 if some of it cannot be read with these keys."""
    restored = put_back(settings.database_url, options.file, settings.around(), _now(), force=options.force)
    print(f"{restored.requests} requests are back.", file=out)
    erased = restored.erased
    print(
        f"Erased again, as the ledger says: {erased.conversations} conversations, {erased.pseudonymised} requests.",
        file=out,
    )
    if erased.still_open:
        print(f"{erased.still_open} requests of erased people are open again: their answer was lost.", file=out)
    if restored.aside:
        print(
            f"The database from before is kept as {restored.aside}: it holds personal data, delete it soon.", file=out
        )
    if restored.unreadable:
        print(f"{restored.unreadable} values were sealed with keys that are not in {settings.keys}.", file=out)
        return 1
    return 0
