"""`python -m bot policy profile`: profile.yml written anew, checked and compiled before it is put in place."""

from __future__ import annotations

import argparse
import sys

from bot.policy_commands import opened_desk, path_of, say
from policies_kb.editing import edit_profile
from policies_kb.errors import ProfileError, SourceError
from policies_kb.profile import MAX_BYTES


def profile(parsed: argparse.Namespace) -> int:
    """Put the profile in place with what follows from it."""
    text = _text(parsed.file)
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        is_published = desk.published(parsed.id) is not None
        done = edit_profile(folder, text, desk.shop.labeller, parsed.seen, is_published)
        desk.shop.vectors.save()
        say(f"{parsed.id}: profile.yml and the compiled clauses of {done.profile.current} are saved")
        if done.put_back:
            names = ", ".join(dict.fromkeys(one.field for one in done.put_back))
            say(f"put back under to_confirm, because only a person who confirms them settles them: {names}")
        say(f"next: python -m bot policy review {parsed.id}")
    return 0


def _text(file: str) -> str:
    """What is in that file, or comes in."""
    try:
        text = sys.stdin.read(MAX_BYTES + 1) if file == "-" else _read(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError("profile.yml is not UTF-8 text; save it as UTF-8 and try again") from error
    if len(text.encode("utf-8")) > MAX_BYTES:
        raise ProfileError(f"profile.yml is larger than {MAX_BYTES:,} bytes; a profile is a short file")
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _read(file: str) -> bytes:
    path = path_of(file)
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{path.name}: cannot be read ({error.strerror}); check the path") from error
