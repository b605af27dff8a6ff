"""`python -m bot policy …`: the work of a policy's owner, from the first text to a release and back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import BotSettings

if TYPE_CHECKING:
    from bot.policy_desk import PolicyDesk
    from bot.releases.shelf import Shelf

Command = Callable[[argparse.Namespace], int]
Commands = Any  # argparse keeps the type of its subparsers to itself


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(timezone.utc)


def add_parser(commands: Commands) -> None:
    """The subcommands, under `policy`."""
    policy = commands.add_parser("policy", help="add, update, review, test, publish and roll back policies")
    own = policy.add_subparsers(required=True, metavar="what")
    _texts(own)
    _edits(own)
    _signatures(own)
    _releases(own)


def _texts(own: Commands) -> None:
    add = _one(own, "add", "take a company's policy in from a file", _later("policy_texts.add"))
    add.add_argument("file", help="txt, md, html, docx or pdf; - reads pasted text from standard input")
    add.add_argument("--name", required=True, help="the company as people call it")
    update = _one(
        own, "update", "take the next version in, carrying over what was written", _later("policy_texts.update")
    )
    update.add_argument("file", help="txt, md, html, docx or pdf; - reads pasted text from standard input")
    for parser in (add, update):
        parser.add_argument(
            "--version", default="", help="its name, for example 2026-06; else after the date in the text"
        )
        parser.add_argument(
            "--anyway", action="store_true", help="also a text that does not look like a privacy policy"
        )
    compare = _one(
        own,
        "compare",
        "what is different, clause by clause, and what it does to the answers",
        _later("policy_texts.compare"),
    )
    compare.add_argument(
        "--from", dest="old", default="", metavar="VERSION", help="else what is published, or the one before"
    )
    compare.add_argument("--to", dest="new", default="", metavar="VERSION", help="else the folder's current one")
    compare.add_argument("--json", action="store_true")
    compare.add_argument("--page", metavar="FILE", help="write it as one page, side by side, for an e-mail")
    label = _one(own, "label", "what a clause is about, as a person reads it", _later("policy_labels.label"))
    label.add_argument("clause", metavar="CLAUSE")
    label.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="NAME=RANK",
        help="1 answers, 2 answers in part, 3 touches; none of these: show it",
    )
    label.add_argument(
        "--denies", action="append", default=[], metavar="NAME", help="a topic on which it says that it is not so"
    )
    label.add_argument(
        "--depends", action="append", default=[], metavar="NAME", help="a topic on which it says that it depends"
    )
    label.add_argument(
        "--audience", default="", help="whom it is about, if not everybody: app, web, child, school_licence …"
    )
    label.add_argument("--right", action="append", default=[], metavar="NAME", help="a right that it grants")
    label.add_argument("--none", action="store_true", help="it is about no topic")
    test = own.add_parser("test", help="ask the golden questions, as pytest does")
    test.add_argument("ids", nargs="*", metavar="ID")
    test.set_defaults(run=_run(_later("policy_texts.test")))
    listed = own.add_parser("list", help="all policies: what is published, what lies in the folder")
    listed.set_defaults(run=_run(_later("policy_texts.list_policies")))


def _edits(own: Commands) -> None:
    profile = _one(
        own,
        "profile",
        "write profile.yml anew, checked and compiled before it is put in place",
        _later("policy_profile.profile"),
    )
    profile.add_argument("file", help="the new text; - reads it from standard input")
    profile.add_argument(
        "--seen", default="", metavar="SHA256", help="of the file that you started from; refused if it is another now"
    )


def _signatures(own: Commands) -> None:
    review = _one(
        own, "review", "what stands in the way of publishing, and the command for each", _later("policy_signing.review")
    )
    review.add_argument("--json", action="store_true", help="as data, with what the desk answers now")
    accept = _one(own, "accept", "a named person accepts changed clauses", _later("policy_signing.accept"))
    accept.add_argument("items", nargs="*", metavar="CLAUSE")
    accept.add_argument("--note", default="")
    confirm = _one(own, "confirm", "a named person confirms fields of the profile", _later("policy_signing.confirm"))
    confirm.add_argument("items", nargs="*", metavar="FIELD")
    explain = _one(
        own, "explain", "a named person says why a finding of lint may stay", _later("policy_signing.explain")
    )
    explain.add_argument("items", nargs="+", metavar="FINDING")
    explain.add_argument("--why", required=True)
    decide = _one(
        own,
        "decide",
        "a named person takes today's answers to golden questions as right",
        _later("policy_signing.decide"),
    )
    decide.add_argument("items", nargs="*", type=int, metavar="NUMBER")
    for parser in (accept, confirm, decide):
        parser.add_argument("--all", action="store_true", help="all that wait")
    for parser in (accept, confirm, explain, decide):
        parser.add_argument("--by", required=True, metavar="NAME", help="who says so")


def _releases(own: Commands) -> None:
    publish = own.add_parser("publish", help="make a release, if nothing stands in the way")
    publish.add_argument("ids", nargs="*", metavar="ID")
    publish.add_argument("--all", action="store_true", help="all policies whose folder differs from what is published")
    publish.set_defaults(run=_run(_later("policy_publishing.publish")))
    withdraw = _one(
        own,
        "withdraw",
        "answer nobody from it any more; its folder and its requests stay",
        _later("policy_publishing.withdraw"),
    )
    releases = own.add_parser("releases", help="what was published, when and by whom")
    releases.set_defaults(run=_run(_later("policy_publishing.releases")))
    rollback = own.add_parser("rollback", help="serve an earlier release again")
    rollback.add_argument("number", type=int)
    rollback.set_defaults(run=_run(_later("policy_publishing.rollback")))
    for parser in (publish, withdraw, rollback):
        parser.add_argument("--by", required=True, metavar="NAME", help="who does it")
        parser.add_argument("--why", default="")


def _one(own: Commands, name: str, words: str, command: Command) -> Any:
    """A command about one policy."""
    parser = own.add_parser(name, help=words)
    parser.add_argument("id", metavar="ID")
    parser.set_defaults(run=_run(command))
    return parser


def _run(command: Command) -> Callable[[argparse.Namespace, float], int]:
    return lambda parsed, started: command(parsed)


def _later(name: str) -> Command:
    """The command "module.function" of this package, imported when it runs: `python -m bot run` needs none of it."""
    module, _, function = name.partition(".")

    def command(parsed: argparse.Namespace) -> int:
        return int(getattr(import_module(f"bot.{module}"), function)(parsed))

    return command


@contextmanager
def opened_desk() -> Iterator[tuple["PolicyDesk", "Shelf"]]:
    """The owner's desk with the shelf of releases."""
    from bot.policy_desk import PolicyDesk
    from bot.releases.shelf import opened_shelf

    settings = BotSettings.from_environment()
    with opened_shelf(settings) as shelf:
        yield PolicyDesk(settings, shelf), shelf


def say(*lines: str) -> None:
    """To standard output."""
    for line in lines:
        print(line)


def progress(line: str) -> None:
    """What is being done, while it is."""
    print(f"  {line} …", file=sys.stderr, flush=True)


def path_of(text: str) -> Path:
    """A file that the person named."""
    return Path(text).expanduser()
