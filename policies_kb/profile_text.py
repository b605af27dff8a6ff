"""The text of a profile.yml as a person typed it: read, or told in plain words what is wrong and at which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError as EditorError

from policies_kb.carrying import open_yaml
from policies_kb.errors import ProfileError
from policies_kb.profile import Profile, read_profile

FIELDS = (
    "name",
    "about",
    "aliases",
    "current",
    "effective",
    "contact",
    "regimes",
    "controller",
    "referral",
    "examples",
    "marks",
    "clauses",
    "conditions",
    "conflicts",
    "help",
    "facts",
    "to_confirm",
)
"""All fields that a profile may have, in the order in which docs/policies.md tells of them."""
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_QUOTED = re.compile(r"'([^']{2,})'|\"([^\"]{2,})\"")
_CLAUSE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{6}(?:-\d+)?")
NO_COLON = "a colon is missing after the name of a field"
_PLAINLY = (  # a parser's words, and ours; the first that fits
    ("could not find expected ':'", NO_COLON),
    ("mapping values are not allowed", "there is a colon where none can be: put a text that holds one in quotes"),
    ("cannot start any token", "a text begins with a tab, or with a sign that means something else: put it in quotes"),
    ("expected ',' or", "a comma is missing, or a bracket is not closed"),
    ("did not find expected", "it is not indented like the lines above it, or a quote or bracket is not closed"),
    ("expected <block end>", "it is not indented like the lines above it, or a quote or bracket is not closed"),
    ("unexpected end of stream", "a quote is opened and never closed"),
    ("duplicate key", "this name is there twice; keep one of them"),
)  # fmt: skip
_BEGUN = ("simple key", "flow sequence", "flow mapping", "quoted scalar")
_MALFORMED = "it is not written as this field is; the table of fields says how"


def read_typed(policy: str, text: str) -> tuple[Profile, CommentedMap]:
    """The profile that the text says, and the text for editing. Raises ProfileError that names the line."""
    if found := _UNREADABLE.search(text):
        raise _wrong(_line_at(text, found.start()), "there is a character that is no text; delete it")
    tree = _tree(text)
    _check_fields(policy, tree)
    try:
        return read_profile(policy, text), tree
    except ProfileError as error:
        line, words = _culprit(policy, tree), _words_of(error.__cause__ or error)
        raise _wrong(_line_of(text, words, line or 1) or line, words) from error


def line_named(text: str, words: str) -> int | None:
    """The line of the text that holds what an error names: a clause's id, or words in quotes."""
    return _line_of(text, words, 1)


def _tree(text: str) -> CommentedMap:
    try:
        tree = open_yaml(text)
    except (yaml.YAMLError, EditorError) as error:
        raise _unparsed(text, error) from error
    except (ValueError, RecursionError) as error:
        raise _wrong(_line_of_day(text), f"a date or a number cannot be read ({error})") from error
    if not isinstance(tree, CommentedMap):
        raise ProfileError("profile.yml: holds no field; it begins with lines such as name: Acme")
    return tree


def _unparsed(text: str, error: Exception) -> ProfileError:
    """In plain words; the parser's own stand behind where there are none."""
    problem = str(getattr(error, "problem", None) or error)
    mark, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if began is not None and any(what in str(getattr(error, "context", "")) for what in _BEGUN):
        mark = began  # the line on which it was begun, not the one on which its end is missed
    lines = text.split("\n")
    before = lines[mark.line - 1] if mark is not None and mark.line else ""
    if mark is not None and "mapping values" in problem and before.strip() and ":" not in before:
        return _wrong(mark.line, NO_COLON)  # the line before was taken for the beginning of this one
    plainly = next((ours for theirs, ours in _PLAINLY if theirs in problem), problem)
    if "duplicate key" in problem and (named := _QUOTED.search(problem)):
        plainly = f"{named.group(1) or named.group(2)}: {plainly}"
    return _wrong(min(mark.line + 1, len(lines)) if mark is not None else None, plainly)


def _check_fields(policy: str, tree: CommentedMap) -> None:
    for name in tree:
        if name == "policy" and str(tree[name]) != policy:
            raise _wrong(_line_of_key(tree, name), f"a policy's id stays what it is, {policy}; take the line out")
        if name not in (*FIELDS, "policy"):
            raise _wrong(_line_of_key(tree, name), f"there is no field {name!r}; there are: {', '.join(FIELDS)}")
    for name in ("name", "current"):
        if not str(tree.get(name) or "").strip():
            raise _wrong(_line_of_key(tree, name), f"{name} is missing; every profile has it")


def _culprit(policy: str, tree: CommentedMap) -> int | None:
    """The line of the first field that cannot be read by itself; of the entry in it, where it has entries."""
    for name, value in tree.items():
        if not _fails(policy, name, value):
            continue
        inner = next((line for line, part in _parts(value) if _fails(policy, name, part)), None)
        return inner or _line_of_key(tree, name)
    return None


def _parts(value: Any) -> Iterator[tuple[int, Any]]:
    """The entries of a field, each by itself, with their lines."""
    if isinstance(value, CommentedMap):
        for name in value:
            yield _line_of_key(value, name) or 1, {name: value[name]}
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield value.lc.item(place)[0] + 1, [entry]  # type: ignore[attr-defined]


def _fails(policy: str, name: str, value: Any) -> bool:
    try:
        read_profile(policy, yaml.safe_dump({"name": "x", "current": "x", name: _plain(value)}, allow_unicode=True))
    except ProfileError:
        return True
    return False


def _plain(value: Any) -> Any:
    """Without the editor's own types, which keep comments and quotes."""
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if value is None or isinstance(value, bool):
        return value
    return next((kind(value) for kind in (int, float) if isinstance(value, kind)), str(value))


def _words_of(error: BaseException) -> str:
    """What is wrong with a field, for people."""
    text = str(error)
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing here"
    if text.endswith("is not a valid Topic"):
        return f"there is no topic {text.removesuffix(' is not a valid Topic')}"
    if text.startswith("invalid literal for int()"):
        return f"the rank of a topic is 1, 2 or 3, not {text.rpartition(': ')[2]}"
    if text.startswith("Invalid isoformat string"):
        return f"a date is written as in 2026-04-01, not {text.rpartition(': ')[2]}"
    return text if isinstance(error, (ValueError, ProfileError)) else _MALFORMED


def _line_of_key(tree: CommentedMap, name: Any) -> int | None:
    try:
        return int(tree.lc.key(name)[0]) + 1
    except (KeyError, TypeError, AttributeError):
        return None


def _line_of(text: str, words: str, first: int) -> int | None:
    """The first line from that one on which something stands that the words name."""
    named = [one or other for one, other in _QUOTED.findall(words)] + _CLAUSE.findall(words)
    lines = text.splitlines()
    for name in named:
        for number in range(first, len(lines) + 1):
            if name in lines[number - 1]:
                return number
    return None


def _line_of_day(text: str) -> int | None:
    for found in _DAY.finditer(text):
        try:
            date.fromisoformat(found.group())
        except ValueError:
            return _line_at(text, found.start())
    return None


def _line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _wrong(line: int | None, words: str) -> ProfileError:
    return ProfileError(f"profile.yml, line {line}: {words}" if line else f"profile.yml: {words}")
