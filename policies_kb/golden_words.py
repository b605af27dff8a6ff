"""A golden question that is answered otherwise, in words: what was wanted, what came, and since when."""

from __future__ import annotations

from policies_kb.answering import AnswerKind
from policies_kb.comparing import Change, compare
from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder
from policies_kb.golden import GoldenResult
from policies_kb.model import Clause

LONGEST = 160  # characters of a clause that are shown


def golden_report(result: GoldenResult, folder: PolicyFolder) -> str:
    """A few lines on one question: asked, wanted, got, since when."""
    wanted = result.question
    lines = [f"asked:  {wanted.ask}", f"wanted: {wanted.kind.value}"]
    lines += [f"        {clause}: {_words_of(clause, folder)}" for clause in (*wanted.clauses, *wanted.all)]
    lines.append(f"got:    {got_words(result)}")
    lines += [f"since:  {words}" for words in _since(result, folder)]
    return "\n".join([*lines, f"so:     {result.trouble or 'as wanted'}"])


def got_words(result: GoldenResult) -> str:
    """What the desk answers now, in one line."""
    if result.answer is None:
        return f"no answer from the policy: heard as {result.intent}"
    first = next((quote.clause for quote in result.answer.quotes if quote.clause.id == result.first), None)
    if first is None or result.answer.kind is AnswerKind.SILENT:
        return result.answer.kind.value
    return f"{result.answer.kind.value}, {first.id}: {shortened(first.text)}"


def shortened(text: str, most: int = LONGEST) -> str:
    """One line of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _words_of(clause: str, folder: PolicyFolder) -> str:
    found = _last_holder(clause, folder)
    return f"“{shortened(found[1].text)}”" if found else "(no version has this clause)"


def _last_holder(clause: str, folder: PolicyFolder) -> tuple[str, Clause] | None:
    """The newest version that has the clause."""
    for version in reversed(folder.versions()):
        found = folder.compiled(version).clause(clause)
        if found is not None:
            return version, found
    return None


def _since(result: GoldenResult, folder: PolicyFolder) -> list[str]:
    """For each clause that was wanted: from which version on it says something else, and what."""
    found = []
    for clause in dict.fromkeys((*result.question.clauses, *result.question.all)):
        holder = _last_holder(clause, folder)
        if holder is None or holder[0] == folder.current:
            continue
        versions = folder.versions()
        after = versions[versions.index(holder[0]) + 1]
        day = folder.effective(after)
        dated = f" of {day.isoformat()}" if day and day.isoformat() != after else ""
        found.append(f"version {after}{dated}, {_became(clause, holder[0], after, folder)}")
    return found


def _became(clause: str, old: str, new: str, folder: PolicyFolder) -> str:
    try:
        changes = compare(
            (folder.profile(old), folder.compiled(old)), (folder.profile(new), folder.compiled(new))
        ).clauses
    except KnowledgeError:
        return "which cannot be compared"
    of_it = [one for one in changes if one.old is not None and one.old.id == clause]
    successor = next((one.new for one in of_it if one.change is Change.REWORDED and one.new), None)
    if successor is None:
        return "which no longer has the clause"
    return f"where it reads ({successor.id}): “{shortened(successor.text)}”"
