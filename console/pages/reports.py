"""Reports: what was received in a period and what became of it, as a page that prints, as CSV and JSON; dossiers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages import reports_charts as charts
from console.pages.queue_words import RIGHT_FOR_STAFF
from console.pages.reports_periods import Choice, offered
from tickets.dossier import dossier
from tickets.errors import InputError, UnknownRequestError
from tickets.references import normalised
from tickets.report_model import Report, Tally
from tickets.vocabulary import Role
from tickets.words import DELAY_WORDS, REFUSAL_WORDS

if TYPE_CHECKING:
    from console.house import House

AT_ONCE = 1  # reports that are counted at the same time: each reads all requests of its period
CSV, JSON, ZIP = "text/csv; charset=utf-8", "application/json", "application/zip"
CCPA_WORDS = {
    "requests_to_delete": "to delete",
    "requests_to_correct": "to correct",
    "requests_to_know": "to know",
    "requests_to_opt_out_of_sale_sharing": "to opt out of sale or sharing",
    "requests_to_limit": "to limit the use of sensitive data",
}
Typed = Annotated[str, Form(max_length=400)]


class ReportPages:
    """Reads what the pages show. Its methods block and are called in threads."""

    def __init__(self, house: "House") -> None:
        self._house = house

    def shown(self, choice: Choice, now: datetime) -> dict[str, Any]:
        """The report of a period, in words and drawings."""
        report = self._house.reports.summary(choice.policy, choice.start, choice.end, now)
        names = dict.fromkeys((*self._house.knowledge.ids, *report.by_policy))
        policies = {policy: self._name(policy) for policy in names}
        return {
            "choice": choice,
            "offered": offered(now.astimezone(timezone.utc).date(), choice.policy),
            "policies": policies,
            "of_policy": policies.get(choice.policy, choice.policy),
            "made": now,
            "public": self._public(choice.policy),
            "part_words": charts.PART_WORDS,
            **_drawn(report, policies),
        }

    def csv(self, choice: Choice) -> str:
        """One line for each request."""
        return self._house.reports.csv(choice.policy, choice.start, choice.end)

    def summary_csv(self, choice: Choice, now: datetime) -> str:
        """The lines of the report."""
        return self._house.reports.summary_csv(choice.policy, choice.start, choice.end, now)

    def json(self, choice: Choice, now: datetime) -> str:
        """Report and requests."""
        return self._house.reports.json(choice.policy, choice.start, choice.end, now)

    def dossier(self, reference: str, now: datetime, actor: str, reason: str, *, revealed: bool) -> bytes:
        """The zip for a regulator. Raises InputError without a reason, and UnknownRequestError."""
        if not reason.strip():
            raise InputError("Say why it is made: that goes on the audit trail.")
        house = self._house
        return dossier(house.store, house.vault, reference, now, revealed=revealed, actor=actor, reason=reason.strip())

    def _name(self, policy: str) -> str:
        """The company's name; the id of a policy that is not here any more."""
        return self._house.knowledge.name_of(policy) if policy in self._house.knowledge.ids else policy

    def _public(self, policy: str) -> str:
        is_known = policy in self._house.knowledge.ids
        return f"{self._house.settings.public_url}/p/{policy}/transparency" if is_known else ""


def add(routes: Routes, house: "House") -> None:
    """The page, its downloads, and the form for a dossier."""
    _add_report(routes, house, ReportPages(house))
    _add_dossier(routes, house, ReportPages(house))


def _add_report(routes: Routes, house: "House", pages: ReportPages) -> None:
    counting = asyncio.Semaphore(AT_ONCE)

    def asked(request: Request) -> tuple[Choice, datetime]:
        now = house.clock()
        return Choice.of(request.query_params, now.astimezone(timezone.utc).date()), now

    @routes.get("/reports")
    async def page(request: Request, who: Who) -> Response:
        choice, now = asked(request)
        async with counting:
            shown = await asyncio.to_thread(pages.shown, choice, now)
        return house.look.page(request, who, "reports.html", **shown)

    @routes.get("/reports/requests.csv")
    async def requests_csv(request: Request, who: Who) -> Response:
        choice, _ = asked(request)
        async with counting:
            text = await asyncio.to_thread(pages.csv, choice)
        return download(text.encode(), CSV, choice.file_name("requests", "csv"))

    @routes.get("/reports/summary.csv")
    async def summary_csv(request: Request, who: Who) -> Response:
        choice, now = asked(request)
        async with counting:
            text = await asyncio.to_thread(pages.summary_csv, choice, now)
        return download(text.encode(), CSV, choice.file_name("report", "csv"))

    @routes.get("/reports/report.json")
    async def as_json(request: Request, who: Who) -> Response:
        choice, now = asked(request)
        async with counting:
            text = await asyncio.to_thread(pages.json, choice, now)
        return download(text.encode(), JSON, choice.file_name("report", "json"))


def _add_dossier(routes: Routes, house: "House", pages: ReportPages) -> None:
    def dossier_form(
        request: Request, who: Who, reference: str, reason: str = "", wrong: str = "", status: int = 200
    ) -> Response:
        values = {"reference": reference, "reason": reason, "wrong": wrong}
        return house.look.page(request, who, "reports_dossier.html", status, **values)

    async def made(request: Request, who: Who, reference: str, reason: str, revealed: bool) -> Response:
        now = house.clock()
        try:
            content = await asyncio.to_thread(
                lambda: pages.dossier(reference, now, who.member.id, reason, revealed=revealed)
            )
        except (InputError, UnknownRequestError) as error:
            status = 404 if isinstance(error, UnknownRequestError) else 422
            return dossier_form(request, who, reference, reason, str(error), status)
        return download(content, ZIP, f"{normalised(reference)}.zip")

    @routes.get("/reports/dossier", role=Role.APPROVER)
    async def form(request: Request, who: Who, reference: str = "") -> Response:
        return dossier_form(request, who, normalised(reference))

    @routes.post("/reports/dossier", role=Role.APPROVER)
    async def masked(request: Request, who: Who, reference: Typed = "", reason: Typed = "") -> Response:
        return await made(request, who, reference, reason, revealed=False)

    @routes.post("/reports/dossier/revealed", role=Role.APPROVER, confirm=True)
    async def revealed(request: Request, who: Who, reference: Typed = "", reason: Typed = "") -> Response:
        return await made(request, who, reference, reason, revealed=True)


def download(content: bytes, media_type: str, name: str) -> Response:
    """A file to keep."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _drawn(report: Report, policies: Mapping[str, str]) -> dict[str, Any]:
    """The report's lines with their bars, and the charts."""
    by_right = [(RIGHT_FOR_STAFF[right], tally) for right, tally in report.by_right.items() if tally.received]
    by_policy = [(policies[policy], tally) for policy, tally in report.by_policy.items()]
    months = [(charts.month_in_words(month), tally) for month, tally in report.by_month.items()]
    return {
        "total": report.total,
        "on_time": charts.in_percent(report.total.share_on_time),
        "median": charts.in_days(report.total.median),
        "high": charts.in_days(report.total.percentile_95),
        "columns": charts.columns(report.by_month),
        "days": charts.days(report.by_month),
        "groups": [
            ("right", "By right", "Right", lines(by_right)),
            ("policy", "By policy", "Policy", lines(by_policy)),
            ("month", "By month", "Month", lines(months)),
        ],
        "clock": charts.bar(_clock(report.total), sum(_clock(report.total).values())),
        "clock_counts": _clock(report.total),
        "reasons": _reasons({REFUSAL_WORDS[one]: count for one, count in report.reasons.items()}),
        "delays": _reasons({DELAY_WORDS[one]: count for one, count in report.delays.items()}),
        "ccpa": [(CCPA_WORDS.get(name, name), metric) for name, metric in report.ccpa.items()],
        "has_ccpa": any(metric.received for metric in report.ccpa.values()),
    }


def lines(tallies: Sequence[tuple[str, Tally]]) -> list[dict[str, Any]]:
    """The lines of a table: (name, tally, its bar, days and share in words)."""
    most = max((tally.received for _, tally in tallies), default=0)
    return [
        {
            "name": name,
            "tally": tally,
            "parts": charts.parts_of(tally),
            "bar": charts.bar(charts.parts_of(tally), most),
            "median": charts.in_days(tally.median),
            "high": charts.in_days(tally.percentile_95),
            "on_time": charts.in_percent(tally.share_on_time),
        }
        for name, tally in tallies
    ]


def _clock(total: Tally) -> dict[str, int]:
    return {"on_time": total.on_time, "late": total.late, "overdue": total.overdue or 0}


def _reasons(counts: Mapping[str, int]) -> list[tuple[str, int, tuple[charts.Slice, ...]]]:
    most = max(counts.values(), default=0)
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    return [(words, count, charts.bar({"reason": count}, most)) for words, count in ordered]
