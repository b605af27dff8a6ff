"""By when a request is to be acknowledged and answered, and the working that shows why.

Dates are calendar days; the last day counts to its end. They are read off the moment of receipt in UTC, for
California in its own time, because there the UTC date can be a day later and the deadline would slip. Where a detail
is open (which holidays, which regime), the earlier date is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from dateutil.relativedelta import relativedelta

from tickets.errors import ClockError
from tickets.vocabulary import Regime, Right

DEFAULT_TARGET_DAYS = 30


@dataclass(frozen=True)
class Clock:
    """The two dates of a request. is_target: answer_by is the operator's own aim, no law names it."""

    acknowledge_by: date | None
    answer_by: date
    working: tuple[str, ...]
    is_target: bool


@dataclass(frozen=True)
class Pause:
    """A question to the requester about the scope, from asking to the reply."""

    asked: datetime
    answered: datetime


@dataclass(frozen=True)
class Facts:
    """What happened since receipt that the law lets count. Rules take from it only what they allow."""

    extended: bool = False  # with a reason, and the notice sent in time: the caller has checked both
    proof_arrived: datetime | None = None  # of an identity that really had to be proven
    pauses: tuple[Pause, ...] = ()


class Unit(str, Enum):
    """What a period is counted in."""

    MONTHS = "month"
    DAYS = "calendar day"
    BUSINESS_DAYS = "business day"


class Rolling(str, Enum):
    """What happens when the last day is a day off."""

    STAYS = "stays"
    MEMBER_STATE = "member_state"  # Reg. 1182/71 Art. 3(4)
    ENGLAND = "england"


@dataclass(frozen=True)
class Rule:
    """One sentence of a law. `extended` is the whole period from receipt, not what is added."""

    regime: Regime
    source: str
    rights: frozenset[Right]
    unit: Unit
    answer: int = 0  # 0: this rule names no number for the answer
    extended: int = 0  # 0: cannot be extended
    acknowledge: int = 0
    acknowledge_unit: Unit = Unit.BUSINESS_DAYS
    rolling: Rolling = Rolling.STAYS
    zone: str = "UTC"
    proof_starts: bool = False
    pauses: bool = False
    since: date = field(default=date.min)


# GDPR Art. 12(3) covers Art. 15-22. Withdrawing consent (Art. 7(3)), complaints and questions have no number there.
_ARTICLES_15_TO_22 = frozenset(Right) - {Right.WITHDRAW_CONSENT, Right.COMPLAINT, Right.APPEAL, Right.QUESTION}
_KNOW_DELETE_CORRECT = frozenset(
    {
        Right.ACCESS,
        Right.PORTABILITY,
        Right.DELETION,
        Right.CORRECTION,
        Right.PARENTAL_REVIEW,
        Right.PARENTAL_DELETE,
    }
)
_CALIFORNIA = "America/Los_Angeles"
RULES = (
    Rule(Regime.GDPR, "GDPR Art. 12(3)", _ARTICLES_15_TO_22, Unit.MONTHS, 1, 3, rolling=Rolling.MEMBER_STATE),
    Rule(
        Regime.UK_GDPR,
        "UK GDPR Art. 12(3)",
        _ARTICLES_15_TO_22,
        Unit.MONTHS,
        1,
        3,
        rolling=Rolling.ENGLAND,
        proof_starts=True,
        pauses=True,
    ),
    Rule(
        Regime.UK_GDPR,
        "UK GDPR complaints",
        frozenset({Right.COMPLAINT}),
        Unit.DAYS,
        acknowledge=30,
        acknowledge_unit=Unit.DAYS,
        since=date(2026, 6, 19),
    ),
    Rule(Regime.CCPA, "11 CCR 7021", _KNOW_DELETE_CORRECT, Unit.DAYS, 45, 90, acknowledge=10, zone=_CALIFORNIA),
    Rule(
        Regime.CCPA,
        "11 CCR 7026, 7027",
        frozenset({Right.SALE_SHARE_OPT_OUT, Right.LIMIT_SENSITIVE}),
        Unit.BUSINESS_DAYS,
        15,
        zone=_CALIFORNIA,
    ),
    # COPPA, 16 CFR 312.6, names no number of days: it has no rule here, and the target applies.
    Rule(
        Regime.FERPA,
        "34 CFR 99.10, the school's duty",
        frozenset({Right.ACCESS, Right.PARENTAL_REVIEW}),
        Unit.DAYS,
        45,
        zone=_CALIFORNIA,
    ),
)


@dataclass(frozen=True)
class _Deadline:
    day: date
    steps: tuple[str, ...]

    def told(self, what: str, source: str) -> str:
        return f"{what}, {source}: {' -> '.join(self.steps)}"


def due(
    regimes: Collection[Regime],
    rights: Collection[Right],
    received: datetime,
    *,
    country: str = "",
    target_days: int = DEFAULT_TARGET_DAYS,
    facts: Facts = Facts(),
) -> Clock:
    """Work out the clock of a request; of several rules that apply, the earliest date counts.

    country: the EU member state whose public holidays move a GDPR deadline (two letters); without it only weekends do.
    target_days: the operator's own aim, used and called a target where no law names a number.
    Raises ClockError for a time without zone, no rights, an unknown country or a target below one day.
    """
    _check(rights, received, country, target_days)
    rules = [rule for rule in RULES if rule.regime in regimes and not rule.rights.isdisjoint(rights)]
    rules = [rule for rule in rules if _day(received, rule.zone) >= rule.since]
    notes: list[str] = []
    acknowledge_by = _earliest("acknowledge", [(r, _acknowledge(r, received)) for r in rules if r.acknowledge], notes)
    answer_by = _earliest("answer", [(r, _answer(r, received, country, facts)) for r in rules if r.answer], notes)
    is_target = answer_by is None
    if answer_by is None:
        answer_by = _target(regimes, received, target_days, notes)
    return Clock(acknowledge_by, answer_by, tuple(notes), is_target)


def _check(rights: Collection[Right], received: datetime, country: str, target_days: int) -> None:
    if received.tzinfo is None:
        raise ClockError("the time of receipt has no time zone: pass an aware datetime")
    if not rights:
        raise ClockError("a request without a right has no due date")
    if target_days < 1:
        raise ClockError("the operator's target must be at least one day")
    if country and country not in holidays.list_supported_countries():
        raise ClockError("no calendar for that country: use its two-letter code, for example DE")


def _earliest(what: str, deadlines: Iterable[tuple[Rule, _Deadline]], notes: list[str]) -> date | None:
    found = list(deadlines)
    notes += [deadline.told(what, rule.source) for rule, deadline in found]
    if not found:
        return None
    earliest = min(deadline.day for _, deadline in found)
    if len(found) > 1:
        notes.append(f"{what}: the earliest counts -> {_long(earliest)}")
    return earliest


def _acknowledge(rule: Rule, received: datetime) -> _Deadline:
    start = _day(received, rule.zone)
    end, steps = _counted(start, rule.acknowledge, rule.acknowledge_unit)
    return _Deadline(end, (f"received {_long(start)}", *steps, _long(end)))


def _answer(rule: Rule, received: datetime, country: str, facts: Facts) -> _Deadline:
    start, steps = _start(rule, received, facts)
    extended = facts.extended and rule.extended > 0
    end, counted = _counted(start, rule.extended if extended else rule.answer, rule.unit)
    steps += [f"extended to {counted[0]} in all", *counted[1:]] if extended else counted
    if facts.extended and not extended:
        steps.append("cannot be extended")
    paused = sum((_day(p.answered, rule.zone) - _day(p.asked, rule.zone)).days for p in facts.pauses)
    if rule.pauses and paused > 0:
        end += timedelta(days=paused)
        steps.append(f"stopped for {paused} days while the scope was being clarified")
    last, rolled = _rolled(end, rule.rolling, country)
    return _Deadline(last, (*steps, *rolled))


def _start(rule: Rule, received: datetime, facts: Facts) -> tuple[date, list[str]]:
    start = _day(received, rule.zone)
    steps = [f"received {_long(start)}"]
    if facts.proof_arrived is None:
        return start, steps
    proof = _day(facts.proof_arrived, rule.zone)
    if not rule.proof_starts:
        return start, [*steps, "verification does not pause it"]
    return max(start, proof), [*steps, f"the needed proof of identity arrived {_long(max(start, proof))}"]


def _counted(start: date, number: int, unit: Unit) -> tuple[date, list[str]]:
    words = [_period(number, unit)]
    if unit is Unit.DAYS:
        return start + timedelta(days=number), words
    if unit is Unit.BUSINESS_DAYS:
        return _business_days_after(start, number), words
    end = start + relativedelta(months=number)
    if end.day != start.day:
        words.append(f"no {start.day} {end:%b}")
    return end, words


def _period(number: int, unit: Unit) -> str:
    count = "one" if number == 1 else {2: "two", 3: "three"}.get(number, str(number))
    note = " (without weekends and US federal holidays)" if unit is Unit.BUSINESS_DAYS else ""
    return f"{count} {unit.value}{'s' if number != 1 else ''}{note}"


def _business_days_after(start: date, number: int) -> date:
    day = start
    while number:
        day += timedelta(days=1)
        number -= not _day_off(day, "US", "")
    return day


def _rolled(end: date, rolling: Rolling, country: str) -> tuple[date, list[str]]:
    """Move a last day that is a day off to the next working day."""
    if rolling is Rolling.STAYS:
        return end, [_long(end)]
    place = ("GB", "ENG") if rolling is Rolling.ENGLAND else (country, "")
    last, steps = end, []
    while why := _day_off(last, *place):
        steps.append(f"{last.day} {last:%b} is {why}")
        last += timedelta(days=1)
    rule = "Reg. 1182/71 Art. 3" if rolling is Rolling.MEMBER_STATE else "next working day in England"
    return last, [*steps, f"{_long(last)} ({rule})" if steps else _long(last)]


def _day_off(day: date, country: str, subdivision: str) -> str:
    """Why a day is no working day, or an empty text."""
    if day.weekday() >= 5:
        return f"a {day:%A}"
    return "a public holiday" if country and day in _public_holidays(country, subdivision, day.year) else ""


@lru_cache(maxsize=512)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US"))


def _target(regimes: Collection[Regime], received: datetime, days: int, notes: list[str]) -> date:
    start = _day(received, "UTC")
    end = start + timedelta(days=days)
    why = "the law named gives no number of days for this" if regimes else "the policy names no law"
    notes.append(
        f"answer, the operator's own target ({why}): received {_long(start)} -> "
        f"{_period(days, Unit.DAYS)} -> {_long(end)}"
    )
    return end


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(_zone(zone)).date()


def _zone(name: str) -> ZoneInfo:
    # Not dateutil's reader: it knows daylight saving time only up to 2037.
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ClockError(f"no time zone data for {name}: install the tzdata package") from error


def _long(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b} {day.year}"
