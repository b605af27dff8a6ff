"""What a report says. Every request that was received in the period counts once, by where it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tickets.vocabulary import DelayReason, RefusalReason, Right


@dataclass(frozen=True)
class Tally:
    """What became of some requests; the counts from fulfilled to open add up to received.

    median, percentile_95 and mean: whole days (UTC) from receipt to an answer that did or refused what was asked, None
    without any. on_time and late: of those answers, by the law's last day or, where no law names one, by the operator's
    own target. overdue: open although that day is over; None if not asked for.
    """

    received: int = 0
    fulfilled: int = 0
    partly_fulfilled: int = 0
    refused: int = 0
    withdrawn: int = 0
    referred: int = 0
    duplicate: int = 0
    expired: int = 0
    open: int = 0
    extended: int = 0
    on_time: int = 0
    late: int = 0
    overdue: int | None = None
    median: float | None = None
    percentile_95: int | None = None
    mean: float | None = None

    @property
    def answered(self) -> int:
        """Done, wholly or in part."""
        return self.fulfilled + self.partly_fulfilled

    @property
    def share_on_time(self) -> float | None:
        """Of all whose last day counts: answered, or open beyond it. 0..1, None without any."""
        counted = self.on_time + self.late + (self.overdue or 0)
        return self.on_time / counted if counted else None

    def to_json(self) -> dict[str, Any]:
        """Plain data, with a rounded share."""
        share = self.share_on_time
        fields = {name: getattr(self, name) for name in FIELDS}
        return fields | {"share_on_time": None if share is None else round(share, 4)}


FIELDS = (
    *("received", "answered", "fulfilled", "partly_fulfilled", "refused", "withdrawn", "referred", "duplicate"),
    *("expired", "open", "extended", "on_time", "late", "overdue", "median", "percentile_95", "mean"),
)


@dataclass(frozen=True)
class Metric:
    """What 11 CCR 7102(a)(1) asks for about one type of request, and (a)(2) about why some were denied."""

    received: int
    complied_in_whole: int
    complied_in_part: int
    denied: int
    median_days: float | None
    mean_days: float | None
    denied_not_verifiable: int
    denied_exempt: int
    denied_other: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return dict(vars(self))


CCPA_TYPES: Mapping[str, frozenset[Right]] = {
    "requests_to_delete": frozenset({Right.DELETION}),
    "requests_to_correct": frozenset({Right.CORRECTION}),
    "requests_to_know": frozenset({Right.ACCESS, Right.PORTABILITY}),
    "requests_to_opt_out_of_sale_sharing": frozenset({Right.SALE_SHARE_OPT_OUT}),
    "requests_to_limit": frozenset({Right.LIMIT_SENSITIVE}),
}


@dataclass(frozen=True)
class Report:
    """The requests received from start to end, both days included, in UTC. policy: "" for all.

    by_right: every right; a request that holds several counts under each, by what became of that right. by_month:
    "2026-01", every month of the period. by_policy: those with requests. reasons and delays: only those given.
    ccpa: by type of request, of those about policies that name CCPA as a law of theirs. Where the people live is not
    known, so requests of all individuals are counted, which 11 CCR 7102(b) allows if it is said.
    """

    policy: str
    start: date
    end: date
    total: Tally
    by_right: Mapping[Right, Tally]
    by_policy: Mapping[str, Tally]
    by_month: Mapping[str, Tally]
    reasons: Mapping[RefusalReason, int]
    delays: Mapping[DelayReason, int]
    ccpa: Mapping[str, Metric]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "policy": self.policy,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "total": self.total.to_json(),
            "by_right": {right.value: tally.to_json() for right, tally in self.by_right.items()},
            "by_policy": {policy: tally.to_json() for policy, tally in self.by_policy.items()},
            "by_month": {month: tally.to_json() for month, tally in self.by_month.items()},
            "refusal_reasons": {reason.value: count for reason, count in self.reasons.items()},
            "delay_reasons": {reason.value: count for reason, count in self.delays.items()},
            "ccpa_7102": {
                "counted": "all individuals",
                **{name: metric.to_json() for name, metric in self.ccpa.items()},
            },
        }
