"""A named person accepts clauses, confirms what was read, explains findings, decides golden questions.

Each is written into the version's review file; what is confirmed leaves to_confirm, what is decided is wanted from now
on in golden.yml. All files of one signature are put in place together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from policies_kb.carrying import listed, open_yaml, yaml_text
from policies_kb.errors import ProfileError, UnknownClauseError
from policies_kb.folders import PolicyFolder
from policies_kb.gate import Published
from policies_kb.golden import GoldenQuestion, GoldenResult, as_decided
from policies_kb.lint import findings
from policies_kb.pending import FIELDS, Pending, changed_fields, field_stamp, finding_id, pending_clauses
from policies_kb.placing import alone, place_files
from policies_kb.reviewing import (
    Confirmed,
    Decided,
    Review,
    checked_name,
    load_review,
    review_text,
    said_at,
    with_accepted,
    with_explained,
)


@dataclass(frozen=True)
class Signature:
    """Who says so, and when."""

    by: str
    at: datetime

    def __post_init__(self) -> None:
        """Raises ProfileError for what is no name."""
        object.__setattr__(self, "by", checked_name(self.by))


def accept(
    folder: PolicyFolder, published: Published | None, clauses: Collection[str] | None, who: Signature, note: str = ""
) -> list[Pending]:
    """Accept these clauses as they are now; None: all that differ. Raises UnknownClauseError for one that does not."""
    with alone(folder.path):
        now = (folder.profile(), folder.compiled())
        pending = pending_clauses(published.compared if published else None, now)
        unknown = sorted(set(clauses or ()) - {one.clause.id for one in pending})
        if unknown:
            raise UnknownClauseError(
                f"{folder.policy} has no changed clause {', '.join(unknown)}; "
                f"`python -m bot policy review {folder.policy}` lists those to accept"
            )
        review = load_review(folder.path, folder.current)
        chosen = [one for one in pending if (not review.accepts(one) if clauses is None else one.clause.id in clauses)]
        _save(folder, with_accepted(review, chosen, who.by, note, who.at))
    return chosen


def confirm(
    folder: PolicyFolder, published: Published | None, fields: Collection[str] | None, who: Signature
) -> list[str]:
    """Confirm these fields of the profile as they are now; None: all that wait. Gives what was confirmed."""
    with alone(folder.path):
        profile, review = folder.profile(), load_review(folder.path, folder.current)
        waiting = [entry.field for entry in profile.to_confirm]
        waiting += changed_fields(published.profile, profile, review.carried) if published else []
        unknown = sorted(set(fields or ()) - set(waiting))
        if unknown:
            known = ", ".join(dict.fromkeys(waiting)) or "none"
            raise ProfileError(f"nothing is to be confirmed under {', '.join(unknown)}; waiting: {known}")
        chosen = list(dict.fromkeys(one for one in waiting if fields is None or one in fields))
        made = [
            Confirmed(
                name,
                field_stamp(profile, name, {}) if name in FIELDS else "",
                who.by,
                said_at(who.at),
                list(dict.fromkeys(entry.guess for entry in profile.to_confirm if entry.field == name)),
            )
            for name in chosen
        ]
        data = open_yaml((folder.path / "profile.yml").read_text("utf-8"))
        _without_confirmed(data, chosen)
        kept = replace(review, confirmed=(*review.confirmed, *made))
        _save(folder, kept, {"profile.yml": yaml_text(data)})
    return chosen


def explain(folder: PolicyFolder, found: Collection[str], who: Signature, why: str) -> None:
    """Say why these findings of lint may stay. Raises ProfileError for one that lint does not have."""
    with alone(folder.path):
        known = [finding_id(one) for one in findings(folder.compiled(), folder.profile())]
        unknown = sorted(set(found) - set(known))
        if unknown:
            raise ProfileError(f"there is no finding {', '.join(unknown)}; there are: {', '.join(known) or 'none'}")
        review = load_review(folder.path, folder.current)
        _save(folder, with_explained(review, list(found), who.by, why, who.at))


def decide(
    folder: PolicyFolder,
    published: Published | None,
    results: Sequence[GoldenResult],
    numbers: Collection[int] | None,
    who: Signature,
) -> list[tuple[GoldenResult, GoldenQuestion]]:
    """Take today's answers as right: those of the questions of these numbers; None: of all where that is asked for.

    results: of all golden questions, in order. Gives each with what is wanted from now on. With None, questions that
    were taken out of golden.yml since the last release are decided as taken out.
    """
    with alone(folder.path):
        if [result.question for result in results] != list(folder.golden()):
            raise ProfileError(f"{folder.policy}/golden.yml was changed meanwhile; look again, then decide")
        wrong = sorted(set(numbers or ()) - set(range(1, len(results) + 1)))
        if wrong:
            raise ProfileError(f"golden.yml has questions 1 to {len(results)}, not {', '.join(map(str, wrong))}")
        before = {one.ask: one for one in published.golden} if published else {}
        review = load_review(folder.path, folder.current)
        settled = {(one.ask, one.kind, tuple(one.clauses)) for one in review.decided}
        chosen = [
            (result, as_decided(result) if result.trouble or not result.question.decided else result.question)
            for number, result in enumerate(results, 1)
            if (number in numbers if numbers is not None else _asks_for_it(result, before, settled))
        ]
        made = [_decided(result, wanted, before, who) for result, wanted in chosen]
        asked = {result.question.ask for result in results} | {ask for ask, kind, _ in settled if not kind}
        gone = [ask for ask in before if ask not in asked] if numbers is None else []
        made += [Decided(ask, "", [], who.by, said_at(who.at), _words(before[ask])) for ask in gone]
        golden = open_yaml((folder.path / "golden.yml").read_text("utf-8")) if results else []
        _put_decided(golden, {result.question.ask: wanted for result, wanted in chosen})
        files = {"golden.yml": yaml_text(golden)} if results else {}
        _save(folder, replace(review, decided=(*review.decided, *made)), files)
    return chosen


def _asks_for_it(
    result: GoldenResult, before: dict[str, GoldenQuestion], settled: Collection[tuple[str, str, tuple[str, ...]]]
) -> bool:
    """Whether a decision is due: a wrong answer, a first one, or one that was rewritten by hand and not decided so."""
    question = result.question
    is_settled = (question.ask, question.kind.value, question.clauses) in settled
    rewritten = question.ask in before and before[question.ask] != question and not is_settled
    return bool(result.trouble) or not question.decided or rewritten


def _decided(
    result: GoldenResult, wanted: GoldenQuestion, before: dict[str, GoldenQuestion], who: Signature
) -> Decided:
    old = before.get(wanted.ask) or (result.question if result.question.decided else None)
    text = _words(old) if old else ""
    return Decided(wanted.ask, wanted.kind.value, list(wanted.clauses), who.by, said_at(who.at), text)


def _words(question: GoldenQuestion) -> str:
    return " ".join([question.kind.value, *question.clauses])


def _put_decided(entries: Any, wanted: dict[str, GoldenQuestion]) -> None:
    for entry in entries:
        one = wanted.get(" ".join(str(entry["ask"]).split()))
        if one is None:
            continue
        entry["kind"] = one.kind.value
        for name, clauses in (("clauses", one.clauses), ("all", one.all)):
            if [str(clause) for clause in entry.get(name) or ()] != list(clauses):
                entry[name] = listed(clauses)
        entry.pop("decided", None)


def _without_confirmed(data: Any, fields: Collection[str]) -> None:
    entries = data.get("to_confirm")
    for entry in list(entries or ()):
        if str(entry["field"]) in fields:
            entries.remove(entry)
    if entries is not None and not entries:
        del data["to_confirm"]


def _save(folder: PolicyFolder, review: Review, others: dict[str, str] | None = None) -> None:
    files = {f"{folder.current}.review.yml": review_text(review), **(others or {})}
    place_files(folder.path, {name: text.encode("utf-8") for name, text in files.items()})
