"""The command line: python -m console serves it; python -m console user … looks after its staff.

Exit codes: 0 done, 1 not possible (no such login), 2 the database, the keys or a setting cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from console.launch import ConsoleError, open_store, open_vault, serve, utc_now
from console.settings import ConsoleSettings, ConsoleSettingsError
from pii.encryption import EncryptionError
from pii.logs import configure_logging
from policies_kb.errors import KnowledgeError
from tickets import audit
from tickets.deeds import OPERATOR
from tickets.errors import InputError, StoreError, StoreLockedError
from tickets.staff import Member, Staff
from tickets.vocabulary import Role

LOCKED = "the product is running on this SQLite file. "
INSTEAD = {
    None: "It serves the console too, at {url}/ unless told otherwise",
    "user": "Use Staff in its console, or stop it and run this again (on PostgreSQL both run at once)",
}


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, out: TextIO | None = None) -> int:
    """Run one command; gives the exit code. What went wrong is one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        settings = ConsoleSettings.from_environment(environment)
        instead = INSTEAD[options.command].format(url=settings.url)
        if options.command is None:
            return serve(settings)
        return _user(settings, options, out or sys.stdout)
    except InputError as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    except StoreLockedError:
        print(f"console: {LOCKED}{instead}", file=sys.stderr)
    except (ConsoleError, ConsoleSettingsError, StoreError, EncryptionError, KnowledgeError) as error:
        print(f"console: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m console", description="The staff console; alone, it is served.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    user = commands.add_parser("user", help="look after the people who may log in")
    what = user.add_subparsers(dest="what", required=True, metavar="WHAT")
    add = what.add_parser("add", help="add somebody; prints a first password, once")
    add.add_argument("login")
    add.add_argument("--role", type=Role, default=Role.AGENT, help=f"one of: {', '.join(Role)} (default: agent)")
    for name, help_text in (
        ("reset", "a new first password; the second factor and all sessions are gone"),
        ("disable", "let somebody in no more"),
        ("enable", "let somebody in again"),
    ):
        what.add_parser(name, help=help_text).add_argument("login")
    what.add_parser("list", help="who there is")
    return parser


def _user(settings: ConsoleSettings, options: argparse.Namespace, out: TextIO) -> int:
    configure_logging(sys.stderr)  # what is printed can be piped
    with open_store(settings) as store:
        vault, now = open_vault(settings, store), utc_now()
        audit.use_key(store, vault)
        staff = Staff(store, vault)
        if options.what == "list":
            for member in staff.members():
                print(f"{member.login:<40} {member.role.value:<9} {state_of(member)}", file=out)
        elif options.what in ("add", "reset"):
            is_new = options.what == "add"
            made = (
                staff.add(options.login, options.role, now, actor=OPERATOR)
                if is_new
                else staff.reset(options.login, now, actor=OPERATOR)
            )
            member, password = made
            print(f"login     {member.login} ({member.role.value})\npassword  {password.reveal()}", file=out)
            print("It is shown only now, and has to be changed at the first login.", file=out)
        else:
            act = staff.disable if options.what == "disable" else staff.enable
            act(options.login, now, actor=OPERATOR)
            print(f"{options.login}: {options.what}d", file=out)
    return 0


def state_of(member: Member) -> str:
    """How a member stands, in words."""
    if member.is_disabled:
        return "disabled"
    if member.is_first_password:
        return "has not logged in yet"
    return "active" if member.has_second_factor else "no second factor yet"
