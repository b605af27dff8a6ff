"""The command about what arrived: it only looks, but for --try-again, which writes and needs the bot stopped."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone
from typing import TextIO

from tickets import audit
from tickets.commands.printing import print_table
from tickets.commands.settings import Settings
from tickets.deeds import OPERATOR
from tickets.inbox import Inbox
from tickets.store import Store


def inbox(settings: Settings, options: Namespace, out: TextIO) -> int:
    """How many messages wait, and which were set aside after their last try, without what they say.

    1 if there are such, or if there is none of the number that is to be tried again.
    """
    if options.try_again is not None:
        return _try_again(settings, options.try_again, out)
    with Store(settings.database_url, read_only=True) as store:
        box = Inbox(store, settings.vault_if_any())
        waiting, oldest, stuck = box.waiting(), box.oldest_waiting(), box.quarantined(options.limit)
    since = f"{oldest:%Y-%m-%d %H:%M}Z" if oldest else "-"
    print_table([("waiting", str(waiting)), ("waiting since", since)], out)
    if stuck:
        heading = ("SET ASIDE", "RECEIVED", "SOURCE", "PROBLEM", "TRIES")
        lines = [
            (str(one.sequence), f"{one.received_at:%Y-%m-%d %H:%M}Z", one.source, one.problem, str(one.attempts))
            for one in stuck
        ]
        print(file=out)
        print_table([heading, *lines], out)
    return 1 if stuck else 0


def _try_again(settings: Settings, sequence: int, out: TextIO) -> int:
    with Store(settings.database_url) as store:
        vault = settings.vault()  # not without the keys: it goes into the audit trail
        audit.use_key(store, vault)
        is_waiting = Inbox(store, vault).try_again(sequence, datetime.now(timezone.utc), actor=OPERATOR)
    if is_waiting:
        print(f"Message {sequence} waits to be tried again.", file=out)
        return 0
    print(f"No message {sequence} was set aside.", file=out)
    return 1
