"""A person writes profile.yml anew as a text: it is put in place with the compiled file that follows, or not at all.

The gate's promise is kept: what waits for a confirmation goes on waiting, whatever was deleted, and before the first
release every field that people are told of waits for one once it was changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from policies_kb import compiler
from policies_kb.carrying import yaml_text
from policies_kb.compiler import Labeller
from policies_kb.errors import CompileError, ProfileError, SourceError
from policies_kb.examples import check_examples
from policies_kb.folders import PolicyFolder
from policies_kb.pending import FIELDS, field_stamp
from policies_kb.placing import alone, place_files
from policies_kb.profile import Profile, ToConfirm
from policies_kb.profile_text import line_named, read_typed
from policies_kb.refreshing import entry_of

FILE = "profile.yml"
CHANGED = "profile.yml was changed since you opened it, and nothing was saved: open it as it is now, then change it"
BY_HAND = "was written by hand, and nobody has confirmed it yet"


@dataclass(frozen=True)
class Edited:
    """A profile that can be put in place. put_back: what waits for a confirmation though it was not in the text."""

    text: str
    profile: Profile
    source: str
    put_back: tuple[ToConfirm, ...]


def seen_in(raw: bytes) -> str:
    """What a profile.yml is known by, so that nobody writes over what another person has written meanwhile."""
    return hashlib.sha256(raw).hexdigest()


def edit_profile(folder: PolicyFolder, text: str, labeller: Labeller, seen: str, is_published: bool) -> Edited:
    """Write the profile. seen: of the file that the person saw, "" where nobody looked.

    Raises KnowledgeError; then nothing was changed.
    """
    with alone(folder.path):
        folder = PolicyFolder(folder.path)
        edited = checked_edit(folder, text, seen, is_published)
        made = compiler.compile_policy(edited.source, edited.profile, folder.current, labeller)
        files = {FILE: edited.text, f"{folder.current}.clauses.json": compiler.dump(made)}
        place_files(folder.path, {name: content.encode("utf-8") for name, content in files.items()})
    return edited


def checked_edit(folder: PolicyFolder, text: str, seen: str, is_published: bool) -> Edited:
    """All that can be checked without a model. Raises KnowledgeError that says what is wrong, and at which line."""
    if seen and seen != seen_in(_read(folder, FILE)):
        raise ProfileError(CHANGED)
    before = folder.profile()
    profile, tree = read_typed(folder.policy, text)
    if profile.current != before.current:
        raise ProfileError(f"profile.yml: current stays {before.current}; another text is taken in as the next version")
    waiting = _put_back(before, profile, is_published)
    written = text if text.endswith("\n") else f"{text}\n"
    if waiting:
        tree["to_confirm"] = [*(tree.get("to_confirm") or ()), *map(entry_of, waiting)]
        written = yaml_text(tree)
        profile, _ = read_typed(folder.policy, written)
    source = compiler.read_source(_read(folder, f"{before.current}.txt"), f"{before.current}.txt")
    _check_places(folder, source, profile, text)
    return Edited(written, profile, source, waiting)


def _put_back(before: Profile, profile: Profile, is_published: bool) -> tuple[ToConfirm, ...]:
    """What was waiting and is not in the text any more; before the first release also the fields that changed now.

    Later on the gate finds those by itself: it compares with what is published.
    """
    kept = [one for one in before.to_confirm if one not in profile.to_confirm]
    named = {one.field for one in (*before.to_confirm, *profile.to_confirm)}
    changed = [name for name in FIELDS if field_stamp(before, name, {}) != field_stamp(profile, name, {})]
    fresh = [] if is_published else [ToConfirm(name, BY_HAND) for name in changed if name not in named]
    return tuple(dict.fromkeys([*kept, *fresh]))


def _check_places(folder: PolicyFolder, source: str, profile: Profile, text: str) -> None:
    """Whether the lines and clauses that the profile names are there, and the clauses that questions name still are."""
    try:
        version = compiler.compile_policy(source, profile, profile.current)
        check_examples(folder.questions(), version, folder.path / "questions.yml")
    except CompileError as error:
        line = line_named(text, str(error))
        raise ProfileError(f"profile.yml, line {line}: {error}" if line else str(error)) from error


def _read(folder: PolicyFolder, name: str) -> bytes:
    try:
        return (folder.path / name).read_bytes()
    except OSError as error:
        raise SourceError(f"{folder.path / name}: cannot be read ({error.strerror})") from error
