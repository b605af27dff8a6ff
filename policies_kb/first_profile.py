"""The first profile.yml of a policy: everything that was read in its text, and a list of it to be confirmed."""

from __future__ import annotations

import json
from typing import Any

from policies_kb.drafting import LEGAL_FORMS, Guesses
from policies_kb.profile import ToConfirm
from policies_kb.segment import Marks

READ = ("contact", "regimes", "controller", "effective", "ages", "periods", "rights")
FACTS = ("ages", "periods", "rights")
MISSING = {"contact": "the text names no address", "effective": "the text names no date from which it holds"}
_HEAD = """\
# The profile of this policy: what a person writes down beside its text. docs/policies.md lists the fields.
# What stands under to_confirm was read by a program: mend it above, then `python -m bot policy confirm`.
"""


def first_profile(name: str, version: str, found: Guesses, marks: Marks) -> str:
    """The file's text."""
    aliases = dict.fromkeys([name.lower(), LEGAL_FORMS.sub("", name).lower()])
    fields: dict[str, Any] = {"name": name, "current": version}
    fields |= {"effective": found.effective.isoformat()} if found.effective else {}
    fields |= {"about": "", "aliases": list(aliases), "contact": list(found.values("contact"))}
    fields |= {"regimes": list(found.values("regimes")), "controller": " ".join(found.values("controller"))}
    lines = [f"{key}: {written(value)}" for key, value in fields.items()]
    marked = {"asides": sorted(marks.asides), "headings": sorted(marks.headings)}
    lines += _block("marks", {key: value for key, value in marked.items() if value})
    lines += _block("facts", {key: list(found.values(key)) for key in FACTS})
    listed = [*to_confirm(found), *(ToConfirm("marks", f"no policy text: {line}") for line in sorted(marks.asides))]
    return _HEAD + "\n".join([*lines, "to_confirm:", *(f"- {_entry(one)}" for one in listed)]) + "\n"


def to_confirm(found: Guesses) -> list[ToConfirm]:
    """What was read, field by field, and the fields for which there is nothing to read."""
    listed = [ToConfirm(one.field, one.value, one.clause) for name in READ for one in found.found if one.field == name]
    listed += [ToConfirm(name, words) for name, words in MISSING.items() if not found.values(name)]
    return list(dict.fromkeys(listed)) or [ToConfirm("name", "nothing could be read in the text but its clauses")]


def written(value: Any) -> str:
    """A value on one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _block(name: str, values: dict[str, list[str]]) -> list[str]:
    return [f"{name}:", *(f"  {key}: {written(value)}" for key, value in values.items())] if values else []


def _entry(one: ToConfirm) -> str:
    clause = f", clause: {written(one.clause)}" if one.clause else ""
    return f"{{field: {one.field}, guess: {written(one.guess)}{clause}}}"
