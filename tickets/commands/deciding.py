"""python -m tickets decide: the staff's moves from the command line, and the contact of a request.

For desks without a console. Who decides is named by --as, an opaque id such as staff:7, and stands in the audit trail;
two people need two ids. The rules are those of tickets.decisions.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TextIO

from tickets import audit
from tickets.commands.printing import printable
from tickets.commands.settings import Settings
from tickets.decisions import Decisions
from tickets.errors import InputError
from tickets.model import RightResult, Summary
from tickets.store import Store
from tickets.vocabulary import DelayReason, EvidenceKind, RefusalReason, Right, RightOutcome
from tickets.words import STATUS_WORDS

_Move = Callable[[Decisions, Namespace, datetime], Summary]
MOVES: dict[str, _Move] = {
    "verify": lambda desk, given, now: desk.verify(given.reference, EvidenceKind(given.evidence), given.actor, now),
    "start": lambda desk, given, now: desk.start(given.reference, given.actor, now),
    "approve": lambda desk, given, now: desk.approve(given.reference, given.actor, now),
    "fulfil": lambda desk, given, now: desk.fulfil(given.reference, given.actor, now),
    "partly-fulfil": lambda desk, given, now: desk.partly_fulfil(given.reference, _results(given), given.actor, now),
    "refuse": lambda desk, given, now: desk.refuse(
        given.reference, _refusal(given), _needed(given, "basis"), given.actor, now
    ),
    "extend": lambda desk, given, now: desk.extend(given.reference, _delay(given), given.actor, now),
    "refer": lambda desk, given, now: desk.refer(given.reference, _needed(given, "controller"), given.actor, now),
}


def add_options(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("reference")
    parser.add_argument("move", choices=sorted(MOVES), help="what is decided")
    parser.add_argument("--as", dest="actor", required=True, metavar="ID", help="who decides, for example staff:7")
    parser.add_argument(
        "--evidence",
        default=EvidenceKind.STAFF_RECORD_MATCH.value,
        choices=[EvidenceKind.STAFF_RECORD_MATCH.value, EvidenceKind.LOGIN_TOKEN.value],
        help="verify: what was shown (%(default)s)",
    )
    reasons = [*RefusalReason, *DelayReason]
    parser.add_argument("--reason", choices=[reason.value for reason in reasons], help="refuse, partly-fulfil, extend")
    parser.add_argument("--basis", help="refuse, partly-fulfil: the clause or law it rests on")
    for name, help_text in (
        ("done", "a right that was done"),
        ("in-part", "a right of which a part was done"),
        ("refused", "a right that was not done"),
    ):
        words = [right.value for right in Right]
        help_text = f"partly-fulfil: {help_text}; may come several times, and each right is named"
        parser.add_argument(f"--{name}", action="append", default=[], choices=words, metavar="RIGHT", help=help_text)
    parser.add_argument("--controller", help="refer: who decides about the data")


def decide(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Carry one decision out; its letter leaves with the bot's next round."""
    vault = settings.vault()
    with Store(settings.database_url) as store:
        audit.use_key(store, vault)
        desk = Decisions(store, vault, settings.mail)
        summary = MOVES[options.move](desk, options, datetime.now(timezone.utc))
    day = summary.answer_by
    print(f"{summary.reference}: {STATUS_WORDS[summary.status]}; answer by {day}.", file=out)
    return 0


def contact(settings: Settings, options: Namespace, out: TextIO) -> int:
    """Show the contacts of a request; who looked and why stands in the trail."""
    vault = settings.vault()
    with Store(settings.database_url) as store:
        audit.use_key(store, vault)
        desk = Decisions(store, vault, settings.mail)
        found = desk.reveal_contact(options.reference, options.actor, options.reason, datetime.now(timezone.utc))
    for one in found:
        mentioned = "" if one.is_account else " (only mentioned in the text)"
        print(f"{one.kind.value}  {printable(one.value.reveal())}{mentioned}", file=out)
    if not found:
        print("No contact was given.", file=out)
    return 0


def _needed(given: Namespace, name: str) -> str:
    value = getattr(given, name)
    if not value:
        raise InputError(f"{given.move} needs --{name}")
    return str(value)


def _refusal(given: Namespace) -> RefusalReason:
    reason = _needed(given, "reason")
    if reason not in {one.value for one in RefusalReason}:
        raise InputError(f"{given.move} needs a reason for refusing, such as {RefusalReason.LEGALLY_EXEMPTED.value}")
    return RefusalReason(reason)


def _results(given: Namespace) -> list[RightResult]:
    """What became of each right, all on the same ground."""
    reason, basis = _refusal(given), _needed(given, "basis")
    found = [RightResult(Right(word), RightOutcome.FULFILLED) for word in given.done]
    found += [RightResult(Right(word), RightOutcome.PARTLY_FULFILLED, reason, basis) for word in given.in_part]
    return [*found, *(RightResult(Right(word), RightOutcome.REFUSED, reason, basis) for word in given.refused)]


def _delay(given: Namespace) -> DelayReason:
    reason = _needed(given, "reason")
    if reason not in {one.value for one in DelayReason}:
        raise InputError(f"extend needs a reason for a delay, such as {DelayReason.COMPLEXITY_OF_PROCESS.value}")
    return DelayReason(reason)
