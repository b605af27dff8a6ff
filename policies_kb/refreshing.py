"""The profile of a next version: what was read in the new text, beside what a person wrote about the old one.

A person's words are not changed. What is gone from under them, and what is there now, is listed to be confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from policies_kb import facts
from policies_kb.carrying import Carrying, listed, quoted
from policies_kb.drafting import Guesses
from policies_kb.first_profile import FACTS, MISSING, READ
from policies_kb.profile import ToConfirm
from policies_kb.segment import Marks


def refresh(data: CommentedMap, version: str, marks: Marks, found: tuple[Guesses, Guesses], carrying: Carrying) -> None:
    """Bring the profile up to the new version. found: what was read in the old text and in the new one."""
    old, new = found
    data["current"] = quoted(version)
    _set_effective(data, new)
    _set_marks(data, marks, carrying)
    if "facts" in data:
        data["facts"] = {name: listed(new.values(name)) for name in FACTS}
    told = [*_differences(old, new), *_stale_help(data, old, new), *carrying.told]
    _list_to_confirm(data, told, carrying)


def _set_effective(data: CommentedMap, new: Guesses) -> None:
    """The old date does not hold for the new text."""
    data.pop("effective", None)
    if new.effective:
        data.insert(list(data).index("current") + 1, "effective", new.effective)


def _set_marks(data: CommentedMap, marks: Marks, carrying: Carrying) -> None:
    given: Any = data.get("marks") or CommentedMap()
    for name in ("asides", "headings", "starts"):
        before, now = [str(one) for one in given.get(name) or ()], sorted(getattr(marks, name))
        gone = [one for one in before if one not in now]
        if gone:
            carrying.tell("marks", f"{name}: the text no longer has {', '.join(map(repr, gone))}")
        if sorted(before) != now:
            kept = [one for one in before if one in now]
            given[name] = listed([*kept, *(one for one in now if one not in kept)])
    if given:
        data["marks"] = given


def _differences(old: Guesses, new: Guesses) -> list[ToConfirm]:
    """What the new text names and the old one did not, and the other way round."""
    told = []
    for name in READ:
        before, now = old.values(name), new.values(name)
        places = {one.value: one.clause for one in new.found if one.field == name}
        told += [ToConfirm(name, f"new in the text: {one}", places[one]) for one in now if one not in before]
        gone = [one for one in before if one not in now and name != "effective"]
        told += [ToConfirm(name, f"no longer in the text: {one}") for one in gone]
    if not new.effective:
        told.append(ToConfirm("effective", MISSING["effective"]))
    return told


def _stale_help(data: CommentedMap, old: Guesses, new: Guesses) -> list[ToConfirm]:
    """Help that a person wrote and that names a period or an address which the text no longer has."""
    gone = set(old.values("periods")) - set(new.values("periods"))
    gone |= set(old.values("contact")) - set(new.values("contact"))
    told = []
    for help_ in data.get("help") or ():
        words = " ".join([*map(str, help_.get("steps") or ()), str(help_.get("note") or "")])
        stale = [one for one in (*facts.periods(words), *facts.contacts(words)) if one.rstrip(".") in gone]
        told += [ToConfirm("help", f"{help_['topic']}: speaks of {one}, which the text no longer has") for one in stale]
    return told


def _list_to_confirm(data: CommentedMap, told: Sequence[ToConfirm], carrying: Carrying) -> None:
    """What was open before stays open."""
    entries = CommentedSeq()
    for entry in data.get("to_confirm") or ():
        standing = carrying.ids([entry["clause"]]) if entry.get("clause") else []
        entries.append(entry_of(ToConfirm(str(entry["field"]), str(entry["guess"]), standing[0] if standing else "")))
    seen = {(entry["field"], entry["guess"]) for entry in entries}
    for one in dict.fromkeys(told):
        if (one.field, one.guess) not in seen:
            entries.append(entry_of(one))
    data.pop("to_confirm", None)
    if entries:
        data["to_confirm"] = entries


def entry_of(one: ToConfirm) -> CommentedMap:
    """As it stands in the file."""
    entry = CommentedMap({"field": one.field, "guess": quoted(one.guess)})
    if one.clause:
        entry["clause"] = quoted(one.clause)
    entry.fa.set_flow_style()
    return entry
