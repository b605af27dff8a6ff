"""The command line: python -m tickets COMMAND; --help lists them.

Commands that look take no lock and run beside the bot; so does backup. Those that write need the bot stopped on
SQLite. The database is named by PRIVACY_DESK_DATABASE_URL, the key file by PRIVACY_DESK_KEYS. Exit codes: 0 done, 1 not
found, damaged or not all done, 2 the database, the keys or a file cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pii.encryption import EncryptionError
from tickets.commands import arriving, deciding, keeping, looking
from tickets.commands.settings import DATABASE_VARIABLE, KEYS_VARIABLE, Settings
from tickets.errors import StoreError, StoreLockedError, TicketError, UnknownRequestError
from tickets.model import Filters
from tickets.vocabulary import Status

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["DATABASE_VARIABLE", "KEYS_VARIABLE", "main"]

_Command = Callable[[Settings, argparse.Namespace, TextIO], int]


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    command: _Command = options.run
    try:
        return command(Settings.from_environment(os.environ), options, out or sys.stdout)
    except BrokenPipeError:  # "| head" has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush goes nowhere
        return 0
    except UnknownRequestError as error:
        print(f"tickets: {error}", file=sys.stderr)
        return 1
    except StoreLockedError:
        print("tickets: the bot is running on this SQLite file: stop it, then run this again", file=sys.stderr)
    except StoreError as error:
        print(f"tickets: {error} (set {DATABASE_VARIABLE} to look elsewhere)", file=sys.stderr)
    except (TicketError, EncryptionError) as error:
        print(f"tickets: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tickets", description="Look after data-subject requests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_looking(commands)
    _add_deciding(commands)
    _add_keeping(commands)
    _add_arriving(commands)
    return parser


def _add_looking(commands: Commands) -> None:
    listing = _add(commands, "list", looking.list_requests, "the requests, those due first at the top")
    listing.add_argument("--policy", help="only this policy's")
    listing.add_argument("--status", type=Status, help=f"only this status: {', '.join(Status)}")
    listing.add_argument("--open", action="store_true", help="only open ones")
    listing.add_argument("--due-by", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only those due by this day")
    listing.add_argument("--limit", type=_positive, default=Filters.limit, help="at most so many (%(default)s)")
    listing.add_argument("--json", action="store_true", help="as JSON")
    show = _add(commands, "show", looking.show, "one request with its history")
    show.add_argument("reference")
    show.add_argument("--json", action="store_true", help="as JSON")
    export = _add(commands, "export", looking.export, "the record of requests without their people, as JSON or CSV")
    export.add_argument("--policy", help="only this policy's")
    export.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only those received since")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON (the default)")
    form.add_argument("--csv", action="store_true", help="as CSV that is safe in a spreadsheet")
    verify = _add(commands, "verify-audit", looking.verify_audit, "check that the audit trail is whole")
    verify.add_argument("--anchors", type=Path, metavar="FILE", help="a copy of the anchors that was kept elsewhere")
    outbox = _add(commands, "outbox", looking.outbox, "how many messages wait, and which were given up")
    outbox.add_argument("--limit", type=_positive, default=100, help="at most so many given up (%(default)s)")


def _add_deciding(commands: Commands) -> None:
    deciding.add_options(_add(commands, "decide", deciding.decide, "carry out a decision of the staff"))
    contact = _add(commands, "contact", deciding.contact, "show a request's contacts; who looks is written down")
    contact.add_argument("reference")
    contact.add_argument("--as", dest="actor", required=True, metavar="ID", help="who looks, for example staff:7")
    contact.add_argument("--reason", required=True, help="why, in a few words without names")


def _add_keeping(commands: Commands) -> None:
    _add(commands, "purge", keeping.purge, "let everything leave whose time is over")
    _add(commands, "rotate-keys", keeping.rotate_keys, "seal everything with a fresh key, forget the old one")
    backup = _add(commands, "backup", keeping.backup, "write a backup (without the keys); the bot may run")
    backup.add_argument("file", type=Path)
    restore = _add(commands, "restore", keeping.restore, "put a backup in the place of the database")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="also where data is; it is kept aside")


def _add_arriving(commands: Commands) -> None:
    inbox = _add(commands, "inbox", arriving.inbox, "how many messages wait to be answered, and which were set aside")
    inbox.add_argument("--limit", type=_positive, default=100, help="at most so many set aside (%(default)s)")
    inbox.add_argument(
        "--try-again", type=_positive, metavar="NUMBER", help="let one that was set aside wait once more"
    )


def _add(commands: Commands, name: str, run: _Command, what: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what)
    parser.set_defaults(run=run)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
