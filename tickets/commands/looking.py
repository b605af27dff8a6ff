"""Commands that only look. They take no lock, so they run beside the bot."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TextIO

from tickets import audit, rows, views
from tickets.anchors import read_anchors
from tickets.commands.printing import print_json, print_table, printable
from tickets.commands.settings import Settings
from tickets.errors import UnknownRequestError
from tickets.export import records, write_csv, write_json
from tickets.model import Details, Filters, Summary
from tickets.outbox import Outbox
from tickets.references import normalised
from tickets.store import Store

_HEADINGS = ("REFERENCE", "POLICY", "ASKED FOR", "STATUS", "RECEIVED", "ANSWER BY")


def list_requests(settings: Settings, options: Namespace, out: TextIO) -> int:
    """The requests, those due first at the top."""
    filters = Filters(options.policy, options.status, options.open, options.due_by, options.limit)
    with Store(settings.database_url, read_only=True) as store, store.reading() as unit:
        found = rows.listed(unit, filters)
    if options.json:
        print_json([summary.to_json() for summary in found], out)
    elif found:
        print_table([_HEADINGS, *(_cells(summary) for summary in found)], out)
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


def show(settings: Settings, options: Namespace, out: TextIO) -> int:
    """One request with its history; contacts only as hints."""
    with Store(settings.database_url, read_only=True) as store, store.reading() as unit:
        row = rows.by_reference(unit, normalised(options.reference))
        if row is None:
            raise UnknownRequestError("there is no such request here")
        details = views.details(unit, settings.vault_if_any(), row)
    if options.json:
        print_json(details.to_json(), out)
    else:
        _print_details(details, out)
    return 0


def _print_details(details: Details, out: TextIO) -> None:
    summary = details.summary
    facts = [
        (summary.reference, f"{summary.status.value}{' (answer is taking longer)' if details.extended else ''}"),
        ("policy", f"{summary.policy}, version {details.policy_version}"),
        ("asked for", ", ".join(right.value for right in summary.rights)),
        ("received", f"{summary.received:%Y-%m-%d %H:%M}Z by {details.channel.value}"),
        ("acknowledge by", str(summary.acknowledge_by or "-")),
        ("answer by", f"{summary.answer_by}{' (our own target, not a law)' if summary.is_target else ''}"),
        *(("why", line) for line in details.working),
        ("who asks", details.identity),
        *(("contact", f"{contact.hint} ({contact.kind.value})") for contact in details.contacts),
        *([("not before", f"{details.hold_until:%Y-%m-%d %H:%M}Z")] if details.hold_until else []),
        *(("same contact", reference) for reference in details.possible_duplicates),
        *(("wrote", line) for line in details.text.splitlines()),
        *(("history", f"{line.at:%Y-%m-%d %H:%M}Z {line.action} by {line.actor}") for line in details.history),
    ]
    print_table(facts, out)


def export(settings: Settings, options: Namespace, out: TextIO) -> int:
    """The record of requests, without their people."""
    with Store(settings.database_url, read_only=True) as store:
        found = records(store, options.policy, options.since)
        (write_csv if options.csv else write_json)(found, out)
    return 0


def verify_audit(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Check the audit trail against itself, the requests and the anchors; 1 if it is damaged."""
    path: Path = options.anchors or settings.anchors
    kept = read_anchors(path)
    with Store(settings.database_url, read_only=True) as store:
        if settings.keys.is_file():
            audit.use_key(store, settings.vault())
        with store.reading() as unit:
            report = audit.verify(unit, anchors=kept)
    for problem in report.problems:
        print(printable(problem), file=out)
    verdict = "The audit trail is whole" if report.intact else "The audit trail is DAMAGED"
    print(f"{verdict}: {report.entries} entries, newest {report.head.sequence} {report.head.hash}", file=out)
    print(f"Compared with {len(kept)} anchors in {path.name}.", file=out)
    return 0 if report.intact else 1


def outbox(settings: Settings, options: Namespace, out: TextIO) -> int:
    """How many messages stand where, and those that were given up; 1 if there are such."""
    with Store(settings.database_url, read_only=True) as store:
        box = Outbox(store, settings.vault_if_any())
        counts, oldest, dead = box.counts(), box.oldest_waiting(), box.dead(options.limit)
    facts = [(status.value, str(count)) for status, count in counts.items()]
    print_table([*facts, ("waiting since", f"{oldest:%Y-%m-%d %H:%M}Z" if oldest else "-")], out)
    if dead:
        heading = ("GIVEN UP", "ID", "WAY", "KIND", "PROBLEM", "TRIES")
        lines = [
            (f"{one.given_up_at:%Y-%m-%d %H:%M}Z", one.id, one.way.value, one.kind, one.problem, str(one.attempts))
            for one in dead
        ]
        print(file=out)
        print_table([heading, *lines], out)
    return 1 if dead else 0
