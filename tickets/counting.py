"""Counts requests for a report: the database puts those together that are the same to it, here they are added up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from math import ceil

from tickets.model import RightResult
from tickets.report_model import CCPA_TYPES, Metric, Report, Tally
from tickets.vocabulary import DelayReason, RefusalReason, Right, RightOutcome, Status

_COUNTED = {
    Status.FULFILLED: "fulfilled",
    Status.PARTLY_FULFILLED: "partly_fulfilled",
    Status.DENIED: "refused",
    Status.WITHDRAWN: "withdrawn",
    Status.REFERRED: "referred",
    Status.DUPLICATE: "duplicate",
    Status.EXPIRED_UNVERIFIED: "expired",
}
_AS_STATUS = {
    RightOutcome.FULFILLED: Status.FULFILLED,
    RightOutcome.PARTLY_FULFILLED: Status.PARTLY_FULFILLED,
    RightOutcome.REFUSED: Status.DENIED,
}
_ANSWERS = frozenset({Status.FULFILLED, Status.PARTLY_FULFILLED, Status.DENIED})
_NOT_VERIFIABLE = frozenset({RefusalReason.IDENTITY_VERIFICATION_FAILURE})
_EXEMPT = frozenset(
    {
        RefusalReason.LEGALLY_EXEMPTED,
        RefusalReason.LEGAL_OBLIGATION_IMPAIRED,
        RefusalReason.LEGAL_CLAIM_IMPAIRED,
        RefusalReason.FREEDOM_OF_EXPRESSION_IMPAIRED,
    }
)


@dataclass(frozen=True)
class Alike:
    """Some requests that are the same to a report. month: of the receipt, "2026-01".

    results: of each right, where a part was done and it was written down. days: from the day of receipt to that of the
    closing, in UTC; None while open. is_overdue: False if not asked for.
    """

    policy: str
    month: str
    rights: Collection[Right]
    status: Status
    days: int | None
    is_on_time: bool
    is_overdue: bool
    reasons: frozenset[RefusalReason]
    delay: DelayReason | None
    is_ccpa: bool
    times: int
    results: Mapping[Right, RightResult] = field(default_factory=dict)

    def of(self, rights: Collection[Right]) -> Alike:
        """The same as it stands to some of its rights: what was done in part may have been done, or refused, there."""
        told = [self.results[right] for right in self.rights if right in rights and right in self.results]
        if not told:
            return self
        outcomes = {one.outcome for one in told}
        status = _AS_STATUS[outcomes.pop()] if len(outcomes) == 1 else Status.PARTLY_FULFILLED
        return replace(self, status=status, reasons=frozenset(one.reason for one in told if one.reason is not None))


@dataclass
class _Heap:
    """The requests of one line of a report, so far."""

    counts: Counter[str] = field(default_factory=Counter)
    days: Counter[int] = field(default_factory=Counter)
    grounds: Counter[str] = field(default_factory=Counter)

    def add(self, some: Alike) -> None:
        """Count some more."""
        self.counts["received"] += some.times
        self.counts[_COUNTED.get(some.status, "open")] += some.times
        self.counts["extended"] += some.times * (some.delay is not None)
        self.counts["overdue"] += some.times * some.is_overdue
        if some.status in _ANSWERS and some.days is not None:
            self.days[some.days] += some.times
            self.counts["on_time" if some.is_on_time else "late"] += some.times
        for ground in {_ground(reason) for reason in some.reasons}:
            self.grounds[ground] += some.times

    def tally(self, with_overdue: bool) -> Tally:
        """As it stands."""
        counts = dict(self.counts)
        overdue = counts.pop("overdue", 0)
        return Tally(
            **counts,
            overdue=overdue if with_overdue else None,
            median=median(self.days),
            percentile_95=percentile(self.days, 95),
            mean=mean(self.days),
        )

    def metric(self) -> Metric:
        """As 11 CCR 7102 asks for it."""
        return Metric(
            received=self.counts["received"],
            complied_in_whole=self.counts["fulfilled"],
            complied_in_part=self.counts["partly_fulfilled"],
            denied=self.counts["refused"],
            median_days=median(self.days),
            mean_days=mean(self.days),
            denied_not_verifiable=self.grounds["not_verifiable"],
            denied_exempt=self.grounds["exempt"],
            denied_other=self.grounds["other"],
        )


def counted(policy: str, start: date, end: date, found: Iterable[Alike], *, with_overdue: bool) -> Report:
    """The report on these requests. with_overdue: whether it was asked for what is overdue."""
    total, by_type = _Heap(), {name: _Heap() for name in CCPA_TYPES}
    by_policy: defaultdict[str, _Heap] = defaultdict(_Heap, {policy: _Heap()} if policy else {})
    by_right = {right: _Heap() for right in Right}
    by_month = {month: _Heap() for month in months(start, end)}
    reasons: Counter[RefusalReason] = Counter()
    delays: Counter[DelayReason] = Counter()
    for some in found:
        for heap in (total, by_policy[some.policy], by_month[some.month]):
            heap.add(some)
        for right in some.rights:
            by_right[right].add(some.of({right}))
        for name, rights in CCPA_TYPES.items():
            if some.is_ccpa and not rights.isdisjoint(some.rights):
                by_type[name].add(some.of(rights))
        for reason in some.reasons:
            reasons[reason] += some.times
        if some.delay is not None:
            delays[some.delay] += some.times
    return Report(
        policy=policy,
        start=start,
        end=end,
        total=total.tally(with_overdue),
        by_right={right: heap.tally(with_overdue) for right, heap in by_right.items()},
        by_policy={name: by_policy[name].tally(with_overdue) for name in sorted(by_policy)},
        by_month={month: heap.tally(with_overdue) for month, heap in by_month.items()},
        reasons={reason: reasons[reason] for reason in RefusalReason if reasons[reason]},
        delays={reason: delays[reason] for reason in DelayReason if delays[reason]},
        ccpa={name: heap.metric() for name, heap in by_type.items()},
    )


def months(start: date, end: date) -> Iterator[str]:
    """The months of a period, "2026-01" and so on."""
    for number in range(start.year * 12 + start.month - 1, end.year * 12 + end.month):
        yield f"{number // 12:04}-{number % 12 + 1:02}"


def percentile(days: Counter[int], percent: int) -> int | None:
    """The least number of days within which that share of all was answered (nearest rank); None without any."""
    left = ceil(sum(days.values()) * percent / 100)
    for number in sorted(days):
        left -= days[number]
        if left <= 0:
            return number
    return None


def median(days: Counter[int]) -> float | None:
    """The middle; of an even number of them, half-way between the two."""
    count = sum(days.values())
    if not count:
        return None
    ranks, seen, middle = sorted(days), 0, []
    for number in ranks:
        before, seen = seen, seen + days[number]
        middle += [number for rank in ((count - 1) // 2, count // 2) if before <= rank < seen]
    return sum(middle) / 2


def mean(days: Counter[int]) -> float | None:
    """The mean, to one decimal."""
    count = sum(days.values())
    return round(sum(number * times for number, times in days.items()) / count, 1) if count else None


def _ground(reason: RefusalReason) -> str:
    return "not_verifiable" if reason in _NOT_VERIFIABLE else "exempt" if reason in _EXEMPT else "other"
