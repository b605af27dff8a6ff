"""The versions of a policy in time: from when each holds, and what changed between two of them."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from policies_kb.comparing import Comparison, compare
from policies_kb.errors import UnknownPolicyError
from policies_kb.knowledge import Policy

_DATED = re.compile(r"^(?P<year>(?:19|20)\d{2})(?:-(?P<month>\d{2}))?(?:-(?P<day>\d{2}))?(?![\d-])")


@dataclass(frozen=True)
class DatedVersion:
    """A version and from when it holds. words: that date as exactly as it is known ("April 2026"), "" if it is not."""

    version: str
    since: date | None
    words: str


def history_of(policy: Policy) -> tuple[DatedVersion, ...]:
    """All versions, oldest first; those whose date nobody knows come before those with one.

    The current version is the last one, whatever its name: what is newer than that is not served yet, and is left out.
    """
    held = [_held(policy, version) for version in policy.versions]
    held.sort(key=lambda one: (one.since or date.min, one.version == policy.current.version, one.version))
    current = next(place for place, one in enumerate(held) if one.version == policy.current.version)
    return tuple(held[: current + 1])


def held_on(history: Sequence[DatedVersion], day: date) -> DatedVersion:
    """The version that held on that day; for a day before all, the oldest."""
    begun = [one for one in history if one.since is None or one.since <= day]
    return begun[-1] if begun else history[0]


def compared(policy: Policy, old: str, new: str) -> Comparison:
    """Two versions of one policy. Raises UnknownPolicyError for a version that is not there."""
    for version in (old, new):
        if version not in policy.versions:
            known = ", ".join(sorted(policy.versions))
            raise UnknownPolicyError(f"{policy.profile.policy} has no version {version!r}; it has: {known}")
    return compare(
        (policy.profile_of(old), policy.versions[old]),
        (policy.profile_of(new), policy.versions[new]),
    )


def day_in_words(day: date) -> str:
    """ "1 September 2026" ."""
    return f"{day.day} {month_name[day.month]} {day.year}"


def _held(policy: Policy, version: str) -> DatedVersion:
    profile = policy.profile_of(version)
    effective = profile.effective if profile.current == version else None
    if effective is not None:
        return DatedVersion(version, effective, day_in_words(effective))
    named = _DATED.match(version)
    if named is None:
        return DatedVersion(version, None, "")
    year, month, day = int(named["year"]), named["month"], named["day"]
    try:
        since = date(year, int(month or 1), int(day or 1))
    except ValueError:
        return DatedVersion(version, None, "")
    if day:
        return DatedVersion(version, since, day_in_words(since))
    return DatedVersion(version, since, f"{month_name[since.month]} {year}" if month else str(year))
