"""What an answer to "what changed since March?" holds: from which version to which, and the changes worth quoting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from policies_kb.answering import Quote, Role
from policies_kb.comparing import Change, ClauseChange, Comparison
from policies_kb.history import DatedVersion, compared, day_in_words, held_on, history_of
from policies_kb.knowledge import Policy
from policies_kb.since import Since, Whence
from policies_kb.word_changes import weighty_words

MOST = 5  # changes quoted; the page has the rest
_DATE_LINE = re.compile(r"^\W*(?:last (?:updated|modified|revised|changed)|effective|version)\b", re.IGNORECASE)


class Outcome(str, Enum):
    """What there is to tell."""

    CHANGED = "changed"
    NO_CLAUSE = "no_clause"  # another version, with the same clauses
    NOTHING = "nothing"  # the same version as then
    ONE_VERSION = "one_version"  # nothing to compare with
    OWN_DAY = "own_day"  # a day that only the person knows
    TWO_READINGS = "two_readings"
    FUTURE = "future"


@dataclass(frozen=True)
class News:
    """The outcome with what it is about.

    since: in words. old: the version that held then, new: the current one. days: of TWO_READINGS.
    is_before_all: what was asked for lies before the oldest version known.
    """

    outcome: Outcome
    since: str
    old: DatedVersion
    new: DatedVersion
    comparison: Comparison | None = None
    days: tuple[date, ...] = ()
    is_before_all: bool = False

    def path(self) -> str:
        """The page that shows all of it."""
        if self.comparison is None:
            return ""
        return f"/p/{self.comparison.policy}/changes?from={self.old.version}&to={self.new.version}"


def news_of(policy: Policy, since: Since, today: date) -> News:
    """What changed since then, as far as it is known."""
    history = history_of(policy)
    oldest, newest = history[0], history[-1]
    words = " or ".join(day_in_words(day) for day in since.days)
    if since.whence is Whence.DAY and since.days[0] > today:
        return News(Outcome.FUTURE, words, newest, newest)
    if len(history) == 1:
        is_known = since.whence is Whence.DAY and newest.since is not None and since.days[0] >= newest.since
        return News(Outcome.NOTHING if is_known else Outcome.ONE_VERSION, words, newest, newest)
    if since.whence is Whence.OWN_DAY:
        return News(Outcome.OWN_DAY, "", oldest, newest)
    if since.whence is not Whence.DAY:
        named = next((one for one in history if one.version == since.version), history[-2])
        return _between(policy, f"version {named.version}", named, newest)
    held = {held_on(history, day).version for day in since.days}
    if len(held) > 1:
        return News(Outcome.TWO_READINGS, words, oldest, newest, days=since.days)
    if oldest.since is not None and since.days[0] < oldest.since:
        return _between(policy, f"version {oldest.version}", oldest, newest, is_before_all=True)
    return _between(policy, words, held_on(history, since.days[0]), newest)


def _between(policy: Policy, since: str, old: DatedVersion, new: DatedVersion, is_before_all: bool = False) -> News:
    if old.version == new.version:
        return News(Outcome.NOTHING, since, old, new)
    comparison = compared(policy, old.version, new.version)
    is_same = not counts_told(comparison)
    outcome = Outcome.NO_CLAUSE if is_same else Outcome.CHANGED
    return News(outcome, since, old, new, comparison, is_before_all=is_before_all)


def counts_told(comparison: Comparison) -> str:
    """ "2 clauses reworded, 1 added"; empty where every clause stayed as it was."""
    words = {
        Change.REWORDED: "reworded",
        Change.ADDED: "added",
        Change.REMOVED: "removed",
        Change.MOVED: "moved to another place",
    }
    shown = replace(comparison, clauses=tuple(one for one in comparison.clauses if not one.is_regrouped))
    counted = [(shown.count(change), word) for change, word in words.items() if shown.count(change)]
    first = next((count for count, _ in counted), 0)
    parts = [f"{count} {word}" for count, word in counted]
    return ", ".join(parts).replace(" ", " clause " if first == 1 else " clauses ", 1)


def told(comparison: Comparison) -> tuple[ClauseChange, ...]:
    """The changes that people are told of: not that the same words were cut into clauses elsewhere."""
    return tuple(one for one in comparison.changed() if not one.is_regrouped)


def worth_telling(comparison: Comparison, most: int = MOST) -> tuple[ClauseChange, ...]:
    """The changes to quote, in the order of the text: first those that turn an answer, then those of weight."""
    changed = told(comparison)
    turned = {
        clause.id
        for one in comparison.answers
        if one.old_kind is not one.new_kind
        for clause in {c.id: c for c in (*one.old, *one.new)}.values()
        if clause not in one.old or clause not in one.new
    }
    order = sorted(range(len(changed)), key=lambda place: (-_weight(changed[place], turned), place))
    return tuple(changed[place] for place in sorted(order[:most]))


def _weight(one: ClauseChange, turned: set[str]) -> int:
    if _DATE_LINE.match(one.clause.text):
        return -1
    is_turning = any(clause is not None and clause.id in turned for clause in (one.old, one.new))
    is_heavy = one.old is None or one.new is None or any(weighty_words(one.old.text, one.new.text))
    return 2 * is_turning + is_heavy


def quotes_of_changes(comparison: Comparison, changes: Sequence[ClauseChange]) -> tuple[Quote, ...]:
    """Each change as quotes of the version that says so: before and now, or what was added or removed."""
    quotes: list[Quote] = []
    for one in changes:
        sides = (
            (one.old, comparison.old_version, Role.BEFORE if one.new else Role.REMOVED),
            (one.new, comparison.new_version, Role.NOW if one.old else Role.ADDED),
        )
        for clause, version, role in sides:
            quote = Quote(clause, comparison.policy, version, role) if clause else None
            if quote is not None and quote not in quotes:  # a clause that was split is quoted once
                quotes.append(quote)
    return tuple(quotes)
