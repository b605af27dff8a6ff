"""A comparison for programs and for the terminal. bot/web/changes.py makes the page."""

from __future__ import annotations

import textwrap
from typing import Any

from policies_kb.comparing import AnswerChange, Change, ClauseChange, Comparison
from policies_kb.model import Clause
from policies_kb.word_changes import Side, word_changes

SIGNS = {Change.UNCHANGED: " ", Change.REWORDED: "~", Change.MOVED: ">", Change.ADDED: "+", Change.REMOVED: "-"}
WIDTH = 110


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything as plain data. Texts stand byte for byte; of unchanged clauses the id is enough."""
    return {
        "policy": comparison.policy,
        "from": comparison.old_version,
        "to": comparison.new_version,
        "counts": {change.value: comparison.count(change) for change in Change},
        "clauses": [_clause_record(one) for one in comparison.clauses],
        "headings": [{"old": old, "new": new} for old, new in comparison.headings],
        "answers": [_answer_record(one) for one in comparison.answers],
    }


def _clause_record(one: ClauseChange) -> dict[str, Any]:
    if one.change is Change.UNCHANGED:
        return {"change": one.change.value, "clause": one.clause.id}
    record: dict[str, Any] = {
        "change": one.change.value,
        "old": _side(one.old),
        "new": _side(one.new),
        "has_moved": one.has_moved,
        "is_part": one.is_part,
        "is_regrouped": one.is_regrouped,
        "likeness": round(one.likeness, 3),
    }
    if one.change is Change.REWORDED and one.old and one.new:
        changes = word_changes(one.old.text, one.new.text)
        record["words"] = [{"in": s.side.value, "text": s.text, "is_weighty": s.is_weighty} for s in changes]
    return record


def _side(clause: Clause | None) -> dict[str, Any] | None:
    if clause is None:
        return None
    return {"clause": clause.id, "section": clause.section, "lead_in": clause.lead_text, "text": clause.text}


def _answer_record(one: AnswerChange) -> dict[str, Any]:
    return {
        "topic": one.topic.value,
        "old_kind": one.old_kind.value,
        "new_kind": one.new_kind.value,
        "old": [clause.id for clause in one.old],
        "new": [clause.id for clause in one.new],
    }


def as_text(comparison: Comparison) -> str:
    """For a terminal: how many, then each change, then what becomes of the answers."""
    lines = [f"{comparison.policy}: {comparison.old_version} -> {comparison.new_version}", counts_in_words(comparison)]
    for one in comparison.clauses:
        if one.change is not Change.UNCHANGED:
            lines += ["", *_clause_lines(one)]
    for old, new in comparison.headings:
        lines += [
            "",
            f"  heading: {old!r} -> {new!r}"
            if old and new
            else f"  heading {'removed' if old else 'added'}: {old or new!r}",
        ]
    if comparison.answers:
        lines += ["", "What this does to the answers:"]
        lines += [_answer_line(one) for one in comparison.answers]
    return "\n".join(lines)


def counts_in_words(comparison: Comparison) -> str:
    """ "3 reworded, 1 added, 12 unchanged" ."""
    order = (Change.REWORDED, Change.ADDED, Change.REMOVED, Change.MOVED, Change.UNCHANGED)
    counted = [(comparison.count(change), change.value) for change in order]
    return ", ".join(f"{count} {word}" for count, word in counted if count)


def _clause_lines(one: ClauseChange) -> list[str]:
    words = one.change.value + (", moved" if one.has_moved and one.change is Change.REWORDED else "")
    words += ", split or merged" if one.is_part else ""
    words += ", the same words cut elsewhere" if one.is_regrouped else ""
    lines = [f"{SIGNS[one.change]} {words}  [{one.clause.section or 'no section'}]  {one.clause.id}"]
    if one.change is Change.REWORDED and one.old and one.new:
        return lines + _wrapped("    ", _marked(one.old.text, one.new.text))
    return lines + _wrapped("    ", " ".join(one.clause.text.split()))


def _marked(old: str, new: str) -> str:
    """The new wording with the old one in it, as in 'deleted [-6-]{+12+} months after'."""
    if old == new:
        return " ".join(new.split()) + " (the same words under another introduction)"
    forms = {Side.BOTH: "{}", Side.OLD: "[-{}-]", Side.NEW: "{{+{}+}}"}
    return " ".join("".join(forms[one.side].format(one.text) for one in word_changes(old, new)).split())


def _wrapped(indent: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _answer_line(one: AnswerChange) -> str:
    kinds = f"{one.old_kind.value} -> {one.new_kind.value}" if one.old_kind is not one.new_kind else one.new_kind.value
    gone = sorted({clause.id for clause in one.old} - {clause.id for clause in one.new})
    come = sorted({clause.id for clause in one.new} - {clause.id for clause in one.old})
    return "\n".join(
        [f"  {one.topic.phrase}: {kinds}", *(f"    - {name}" for name in gone), *(f"    + {name}" for name in come)]
    )
