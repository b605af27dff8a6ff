"""The command line: python -m tickets list | show REFERENCE | verify-audit.

Looks only: it opens the database without taking the writer's lock, so it runs beside the bot. The database is named by
PRIVACY_DESK_DATABASE_URL. Exit codes: 0 done, 1 not found or the audit trail is damaged, 2 the database cannot be read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TextIO

from tickets.errors import StoreError, UnknownRequestError
from tickets.model import Details, Filters, Summary
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Status

DATABASE_VARIABLE = "PRIVACY_DESK_DATABASE_URL"
DATA_VARIABLE = "PRIVACY_DESK_DATA"
_HEADINGS = ("REFERENCE", "POLICY", "ASKED FOR", "STATUS", "RECEIVED", "ANSWER BY")


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    out = out or sys.stdout
    command: Callable[[RequestService, argparse.Namespace, TextIO], int] = options.run
    try:
        with Store(_database(), read_only=True) as store:
            return command(RequestService(store), options, out)
    except UnknownRequestError as error:
        print(f"tickets: {error}", file=sys.stderr)
        return 1
    except StoreError as error:
        print(f"tickets: {error} (set {DATABASE_VARIABLE} to look elsewhere)", file=sys.stderr)
        return 2


def _database() -> str:
    """The database that the bot uses with the same environment."""
    folder = Path(os.environ.get(DATA_VARIABLE) or Path(__file__).resolve().parent.parent / "var").resolve()
    return os.environ.get(DATABASE_VARIABLE) or f"sqlite:///{folder / 'privacy-desk.db'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tickets", description="Look at data-subject requests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the requests, those due first at the top")
    listing.add_argument("--policy", help="only this policy's")
    listing.add_argument("--status", type=Status, help=f"only this status: {', '.join(Status)}")
    listing.add_argument("--open", action="store_true", help="only open ones")
    listing.add_argument("--due-by", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only those due by this day")
    listing.add_argument("--limit", type=_positive, default=Filters.limit, help="at most so many (%(default)s)")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="one request with its history")
    show.add_argument("reference")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(run=_show)
    verify = commands.add_parser("verify-audit", help="check that the audit trail is whole")
    verify.set_defaults(run=_verify)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _list(service: RequestService, options: argparse.Namespace, out: TextIO) -> int:
    filters = Filters(options.policy, options.status, options.open, options.due_by, options.limit)
    found = service.listing(filters)
    if options.json:
        _print_json([summary.to_json() for summary in found], out)
    elif found:
        _print_table([_HEADINGS, *(_cells(summary) for summary in found)], out)
        if len(found) == filters.limit:
            print(f"(the first {filters.limit}; --limit shows more)", file=out)
    else:
        narrowed = filters != Filters(limit=filters.limit)
        print("No requests match." if narrowed else "No requests yet.", file=out)
    return 0


def _cells(summary: Summary) -> tuple[str, ...]:
    return (
        summary.reference,
        summary.policy,
        ", ".join(right.value for right in summary.rights),
        summary.status.value,
        f"{summary.received:%Y-%m-%d %H:%M}Z",
        f"{summary.answer_by}{' (target)' if summary.is_target else ''}",
    )


def _print_table(lines: Sequence[Sequence[str]], out: TextIO) -> None:
    printed = [[_printable(cell) for cell in line] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*printed, strict=True)]
    for line in printed:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), file=out)


def _show(service: RequestService, options: argparse.Namespace, out: TextIO) -> int:
    details = service.show(options.reference)
    if options.json:
        _print_json(details.to_json(), out)
    else:
        _print_details(details, out)
    return 0


def _print_details(details: Details, out: TextIO) -> None:
    summary = details.summary
    facts = [
        (summary.reference, summary.status.value),
        ("policy", f"{summary.policy}, version {details.policy_version}"),
        ("asked for", ", ".join(right.value for right in summary.rights)),
        ("received", f"{summary.received:%Y-%m-%d %H:%M}Z by {details.channel.value}"),
        ("acknowledge by", str(summary.acknowledge_by or "-")),
        ("answer by", f"{summary.answer_by}{' (our own target, not a law)' if summary.is_target else ''}"),
        *(("why", line) for line in details.working),
        *(("wrote", line) for line in details.text.splitlines()),
        *(("history", f"{line.at:%Y-%m-%d %H:%M}Z {line.action} by {line.actor}") for line in details.history),
    ]
    _print_table(facts, out)


def _verify(service: RequestService, options: argparse.Namespace, out: TextIO) -> int:
    report = service.verify_audit()
    for problem in report.problems:
        print(problem, file=out)
    verdict = "The audit trail is whole" if report.intact else "The audit trail is DAMAGED"
    print(f"{verdict}: {report.entries} entries, newest {report.head.sequence} {report.head.hash}", file=out)
    return 0 if report.intact else 1


def _print_json(data: object, out: TextIO) -> None:
    print(json.dumps(data, indent=2), file=out)


def _printable(text: str) -> str:
    """What people typed must not steer the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


if __name__ == "__main__":
    sys.exit(main())
