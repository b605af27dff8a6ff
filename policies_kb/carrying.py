"""What a person wrote about the older version, carried over to the newer one: labels, conditions, conflicts, help.

The profile and the written questions are edited as they stand, so that their order and their comments stay. A clause
that was reworded hands its place to its successor; what names a clause that is gone is taken out, and told.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from policies_kb.comparing import Change, Comparison
from policies_kb.compiler import denies
from policies_kb.profile import ToConfirm
from policies_kb.safe_yaml import parse_yaml
from policies_kb.word_changes import may_turn

_WIDE = 100_000  # columns: long lines stay lines


@dataclass
class Carrying:
    """Which clauses of the new version stand for which of the old one, and what could not be carried over.

    successors: old id -> the ids that stand for it now, none for one that is gone.
    """

    successors: Mapping[str, tuple[str, ...]]
    denying: frozenset[str] = frozenset()  # old ids whose wording denied something that the new wording does not
    told: list[ToConfirm] = field(default_factory=list)
    carried: dict[str, str] = field(default_factory=dict)  # new id -> the old id whose labels it has

    @classmethod
    def of(cls, comparison: Comparison) -> "Carrying":
        """From the comparison of the two versions."""
        found: dict[str, list[str]] = {}
        denying = set()
        for one in comparison.clauses:
            if one.old is not None and one.new is not None and _stops_denying(one.old.text, one.new.text):
                denying.add(one.old.id)
            if one.old is not None:
                entry = found.setdefault(one.old.id, [])
                if one.new is not None and one.change is not Change.REMOVED and one.new.id not in entry:
                    entry.append(one.new.id)
        return cls({old: tuple(new) for old, new in found.items()}, frozenset(denying))

    def ids(self, old: Iterable[Any]) -> list[str]:
        """The ids that stand for these now, each once; an id that no version knows is left for the compiler to tell."""
        return list(dict.fromkeys(new for one in old for new in self.successors.get(str(one), (str(one),))))

    def tell(self, name: str, guess: str, clause: str = "") -> None:
        """A person has to look at this field."""
        self.told.append(ToConfirm(name, guess, clause))


def open_yaml(text: str) -> Any:
    """A file of the policy's owner for editing. Raises yaml.YAMLError for what the safe reader refuses."""
    parse_yaml(text)
    return _editor().load(text)


def yaml_text(data: Any) -> str:
    """The edited file: order, comments and quotes as they were."""
    target = io.StringIO()
    _editor().dump(data, target)
    return target.getvalue()


def _editor() -> Any:
    editor: Any = YAML(typ="rt")  # builds no objects but its own, and what it reads has passed the safe reader
    editor.preserve_quotes = True
    editor.width = _WIDE
    editor.allow_unicode = True
    editor.indent(mapping=2, sequence=2, offset=0)
    return editor


def quoted(text: str) -> Any:
    """A text in double quotes, whatever is in it."""
    return DoubleQuotedScalarString(text)


def listed(texts: Iterable[str], as_written: Callable[[str], Any] = quoted) -> CommentedSeq:
    """A list on one line."""
    found = CommentedSeq([as_written(one) for one in texts])
    found.fa.set_flow_style()
    return found


def carry_profile(data: CommentedMap, carrying: Carrying) -> None:
    """Change the profile's clause ids to those of the new version."""
    if data.get("clauses"):
        _carry_labels(data["clauses"], carrying)
    _carry_conditions(data, carrying)
    _carry_conflicts(data, carrying)
    for help_ in data.get("help") or ():
        named = list(help_.get("with_clauses") or ())
        _put(help_, "with_clauses", carrying)
        if len(gone := _gone(named, carrying)):
            carrying.tell("help", f"{help_['topic']}: no longer shows {', '.join(gone)}, which the text lost", gone[0])
    referral = data.get("referral")
    if referral:
        named = list(referral.get("clauses") or ())
        _put(referral, "clauses", carrying)
        if not referral["clauses"]:
            del data["referral"]
            carrying.tell("referral", f"{referral['who']}: taken out, no clause says it any more", str(named[0]))


def carry_questions(data: Any, carrying: Carrying) -> None:
    """Move the written questions to the clauses that answer them now; those of clauses that are gone go with them."""
    asked: Any = data.get("clauses") if isinstance(data, CommentedMap) else None
    for old in list(asked or ()):
        new = carrying.successors.get(str(old), (str(old),))
        if new == (str(old),):
            continue
        questions = asked[old]
        if new and new[0] in asked:
            asked[new[0]].extend(questions)  # two clauses were merged
        _replace_key(asked, old, {one: questions for one in new[:1] if one not in asked})
        if not new:
            carrying.tell("questions", f"{len(questions)} written questions went with their clause", str(old))


def _carry_labels(labels: CommentedMap, carrying: Carrying) -> None:
    for old in list(labels):
        new = carrying.successors.get(str(old), (str(old),))
        if new == (str(old),):
            continue
        label = labels[old]
        if new and label.get("denies"):
            _carry_denial(label, str(old), new[0], carrying)
        free = [one for one in new if one not in labels]
        _replace_key(labels, old, {one: deepcopy(label) for one in free})
        carrying.carried.update(dict.fromkeys(free, str(old)))
        if not new:
            carrying.tell("clauses", "the clause is gone, and its labels with it", str(old))
        elif not free:
            carrying.tell("clauses", f"its text went into {new[0]}, which has labels already", str(old))


def _stops_denying(old: str, new: str) -> bool:
    return denies(old) and not denies(new) or may_turn(old, new)


def _carry_denial(label: CommentedMap, old: str, new: str, carrying: Carrying) -> None:
    """A "no" is never carried over in silence: other words may well say yes."""
    topics = ", ".join(map(str, label["denies"]))
    if old in carrying.denying:
        del label["denies"]
        carrying.tell(
            "clauses", f"denies: {topics} was taken out, its words were changed; put it back if they still deny it", new
        )
    else:
        carrying.tell("clauses", f"denies: {topics} was carried over; does the new wording still deny it?", new)


def _carry_conditions(data: CommentedMap, carrying: Carrying) -> None:
    for condition in list(data.get("conditions") or ()):
        for case in list(condition["cases"]):
            named = list(case["clauses"])
            _put(case, "clauses", carrying)
            if not case["clauses"]:
                condition["cases"].remove(case)
                text = f"{condition['ask']} The case {str(case['when'])!r} was taken out: its clause is gone"
                carrying.tell("conditions", text, str(named[0]))
        if len(condition["cases"]) < 2:
            data["conditions"].remove(condition)
            carrying.tell("conditions", f"{condition['ask']} Taken out: fewer than two cases are left")


def _carry_conflicts(data: CommentedMap, carrying: Carrying) -> None:
    for conflict in list(data.get("conflicts") or ()):
        named = list(conflict["sides"])
        _put(conflict, "sides", carrying)
        changed = [str(one) for one in named if carrying.successors.get(str(one), (one,)) != (one,)]
        if len(conflict["sides"]) < 2:
            data["conflicts"].remove(conflict)
            text = f"{', '.join(conflict['topics'])}: no longer a contradiction, one side is gone"
            carrying.tell("conflicts", text, str(named[0]))
        elif changed:
            text = f"{', '.join(conflict['topics'])}: is it still a contradiction? A side was reworded"
            carrying.tell("conflicts", text, changed[0])


def _put(entry: CommentedMap, key: str, carrying: Carrying) -> None:
    """Change a list of ids in place where it has to be, keeping its style."""
    old = [str(one) for one in entry.get(key) or ()]
    new = carrying.ids(old)
    if new != old:
        listed: CommentedSeq = entry[key]
        del listed[:]
        listed.extend(quoted(one) for one in new)


def _gone(named: Iterable[Any], carrying: Carrying) -> list[str]:
    return [str(one) for one in named if not carrying.successors.get(str(one), (str(one),))]


def _replace_key(mapping: CommentedMap, old: Any, new: Mapping[str, Any]) -> None:
    """Put other entries in the place of one, its comment with the first."""
    place, comment = list(mapping).index(old), mapping.ca.items.pop(old, None)
    del mapping[old]
    for offset, (key, value) in enumerate(new.items()):
        mapping.insert(place + offset, quoted(key), value)
        if comment is not None and offset == 0:
            mapping.ca.items[key] = comment
