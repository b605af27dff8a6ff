"""Reports: what adds up, how days and deadlines are counted, what the law's records hold, what the public may see."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW
from house import APPROVER, FAR, WORKER, House
from keeping_builders import add_request, put_request

from pii.encryption import Vault
from tickets import spreadsheet
from tickets.counting import Alike, counted, mean, median, months, percentile
from tickets.errors import InputError
from tickets.export import FIELDS
from tickets.report_model import FIELDS as COLUMNS
from tickets.report_model import Tally
from tickets.reports import Report, Reports
from tickets.store import Store
from tickets.tables import request_rights, requests
from tickets.transparency import LEAST, Hidden, PublicYear, transparency, withholding
from tickets.vocabulary import DelayReason, RefusalReason, Right, Status

JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)
REFUSED: dict[str, Any] = {"refusal_reason": "LegallyExempted", "refusal_basis": "Art. 17(3)"}


@pytest.fixture
def reports(store: Store) -> Reports:
    return Reports(store)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def one(status: Status = Status.RECEIVED, days: int | None = None, **changes: Any) -> Alike:
    usual: dict[str, Any] = {
        "policy": "klasso",
        "month": "2026-02",
        "rights": [Right.DELETION],
        "status": status,
        "days": days,
        "is_on_time": days is not None and days <= 30,
        "is_overdue": False,
        "reasons": frozenset(),
        "delay": None,
        "is_ccpa": False,
        "times": 1,
    }
    return Alike(**(usual | changes))


def report(*found: Alike) -> Report:
    return counted("", JANUARY, DECEMBER, found, with_overdue=True)


def refuse(store: Store, vault: Vault, received: str, closed: str, **changes: Any) -> str:
    at = {"closed_at": day(closed), "answer_by": date(2026, 3, 2)}
    return add_request(store, vault, "c1", day(received), Status.DENIED, **(REFUSED | at | changes))


# What is counted


def test_every_request_counts_once_by_where_it_stands_and_the_counts_add_up() -> None:
    total = report(*(one(status, 3, times=2) for status in Status)).total
    parts = (total.answered, total.refused, total.withdrawn, total.referred, total.duplicate, total.expired, total.open)
    assert total.received == 2 * len(Status) == sum(parts)
    assert (total.fulfilled, total.partly_fulfilled, total.refused, total.withdrawn) == (2, 2, 2, 2)


def test_a_request_with_two_rights_counts_under_each_and_once_in_all() -> None:
    found = report(one(rights=[Right.ACCESS, Right.DELETION]), one())
    counts = (found.total, found.by_right[Right.ACCESS], found.by_right[Right.DELETION])
    assert [tally.received for tally in counts] == [2, 1, 2]
    assert set(found.by_right) == set(Right) and found.by_right[Right.APPEAL] == Tally(overdue=0)


def test_months_without_a_request_are_there_as_nought() -> None:
    found = report(one(month="2026-03"), one(month="2026-04", times=2))
    assert list(found.by_month) == [f"2026-{number:02}" for number in range(1, 13)]
    assert [tally.received for tally in found.by_month.values()] == [0, 0, 1, 2, *[0] * 8]
    assert list(months(date(2025, 11, 30), date(2026, 1, 1))) == ["2025-11", "2025-12", "2026-01"]


def test_reasons_of_refusals_and_of_delays_are_counted() -> None:
    refused = one(Status.DENIED, 1, reasons={RefusalReason.PROCESS_EXCESSIVE}, times=2)
    partly = one(Status.PARTLY_FULFILLED, 1, reasons={RefusalReason.LEGALLY_EXEMPTED})
    found = report(refused, partly, one(delay=DelayReason.COMPLEXITY_OF_PROCESS))
    assert found.reasons == {RefusalReason.LEGALLY_EXEMPTED: 1, RefusalReason.PROCESS_EXCESSIVE: 2}
    assert found.delays == {DelayReason.COMPLEXITY_OF_PROCESS: 1} and found.total.extended == 1


# Days and deadlines


def test_only_what_was_done_or_refused_counts_as_an_answer() -> None:
    others = [Status.WITHDRAWN, Status.REFERRED, Status.DUPLICATE, Status.EXPIRED_UNVERIFIED]
    total = report(*(one(status, 8) for status in others), one()).total
    assert (total.median, total.percentile_95, total.mean, total.share_on_time) == (None, None, None, None)


def test_median_and_percentile_agree_with_plain_counting_by_hand() -> None:
    dice = random.Random(7)
    for _ in range(500):
        some = [dice.randint(0, 60) for _ in range(dice.randint(1, 40))]
        counts, ordered, middle = Counter(some), sorted(some), len(some) // 2
        plain = ordered[middle] if len(some) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        assert median(counts) == plain
        least = next(number for number in ordered if 20 * sum(x <= number for x in some) >= 19 * len(some))
        assert percentile(counts, 95) == least
        assert mean(counts) == round(sum(some) / len(some), 1)


def test_days_run_from_the_day_of_receipt_to_that_of_the_answer_in_utc(
    store: Store, vault: Vault, reports: Reports
) -> None:
    refuse(store, vault, "2026-02-01T23:59:59.999", "2026-02-02T00:00:00")
    refuse(store, vault, "2026-02-27T00:00:00", "2026-03-01T23:59:59")
    total = reports.summary("", JANUARY, DECEMBER).total
    assert (total.median, total.percentile_95, total.mean) == (1.5, 2, 1.5)


def test_on_time_is_until_the_end_of_the_last_day_and_what_is_open_beyond_it_counts_as_missed(
    store: Store, vault: Vault, reports: Reports
) -> None:
    refuse(store, vault, "2026-02-01", "2026-03-02T23:59:59.999")
    refuse(store, vault, "2026-02-01", "2026-03-03")
    for last in (date(2026, 3, 2), date(2026, 3, 3)):
        add_request(store, vault, "c1", day("2026-02-01"), answer_by=last)
    total = reports.summary("", JANUARY, DECEMBER, day("2026-03-03T08:00:00")).total
    assert (total.on_time, total.late, total.overdue, total.share_on_time) == (1, 1, 1, 1 / 3)
    unasked = reports.summary("", JANUARY, DECEMBER).total
    assert (unasked.overdue, unasked.share_on_time) == (None, 0.5)


# California


def test_the_metrics_of_11_ccr_7102() -> None:
    unproven = RefusalReason.IDENTITY_VERIFICATION_FAILURE
    some = [
        one(Status.FULFILLED, 10, is_ccpa=True),
        one(Status.PARTLY_FULFILLED, 20, is_ccpa=True, reasons={RefusalReason.LEGALLY_EXEMPTED}),
        one(Status.DENIED, 5, is_ccpa=True, reasons={unproven}),
        one(is_ccpa=True, rights=[Right.ACCESS, Right.PORTABILITY]),
        one(Status.FULFILLED, 10, is_ccpa=False),
    ]
    found = report(*some).ccpa
    assert found["requests_to_delete"].to_json() == {
        "received": 3,
        "complied_in_whole": 1,
        "complied_in_part": 1,
        "denied": 1,
        "median_days": 10,
        "mean_days": 11.7,
        "denied_not_verifiable": 1,
        "denied_exempt": 1,
        "denied_other": 0,
    }
    assert found["requests_to_know"].received == 1  # one request, though it names two rights
    assert set(found) == {
        *("requests_to_delete", "requests_to_correct", "requests_to_know"),
        *("requests_to_opt_out_of_sale_sharing", "requests_to_limit"),
    }
    assert report(*some).to_json()["ccpa_7102"]["counted"] == "all individuals"


# Read from the database


def test_the_period_takes_both_its_days_and_the_policy_only_its_own(
    store: Store, vault: Vault, reports: Reports
) -> None:
    for at in ("2026-01-31T23:59:59.999", "2026-02-01", "2026-02-28T23:59:59.999", "2026-03-01"):
        add_request(store, vault, f"c{at}", day(at))
    add_request(store, vault, "other", day("2026-02-10"), policy="klantra")
    february = (date(2026, 2, 1), date(2026, 2, 28))
    assert reports.summary("klasso", *february).total.received == 2
    every = reports.summary("", *february)
    assert {name: tally.received for name, tally in every.by_policy.items()} == {"klasso": 2, "klantra": 1}
    assert reports.summary("nobody", *february).by_policy["nobody"] == Tally()


def test_what_the_database_puts_together_is_what_single_rows_say(store: Store, vault: Vault, reports: Reports) -> None:
    with store.unit() as unit:
        for number in range(40):
            name = put_request(unit, vault, f"c{number}", day("2026-01-30") + timedelta(days=number // 7))
            if number % 2:
                unit.execute(sa.insert(request_rights).values(request_id=name, right=Right.ACCESS.value))
            if number % 5 == 0:
                unit.execute(sa.update(requests).where(requests.c.id == name).values(regimes='["ccpa", "gdpr"]'))
        unit.commit()
    found = reports.summary("", JANUARY, DECEMBER)
    assert (found.total.received, found.total.open) == (40, 40)
    assert (found.by_right[Right.DELETION].received, found.by_right[Right.ACCESS].received) == (40, 20)
    assert (found.by_month["2026-01"].received, found.by_month["2026-02"].received) == (14, 26)
    assert found.ccpa["requests_to_delete"].received == 8 and found.ccpa["requests_to_know"].received == 4


def test_a_request_that_went_through_the_whole_house_is_in_the_report(store: Store, reports: Reports) -> None:
    house = House(store, FAR)
    done = house.in_progress(rights=frozenset({Right.ACCESS})).reference
    house.staff.approve(done, APPROVER, NOW)
    house.staff.fulfil(done, WORKER, NOW + timedelta(days=4))
    found = reports.summary("klasso", JANUARY, DECEMBER, NOW + timedelta(days=9))
    assert (found.total.fulfilled, found.total.median, found.total.share_on_time) == (1, 4, 1.0)
    assert found.by_right[Right.ACCESS] == found.total


@pytest.mark.parametrize(
    ("policy", "start", "end"),
    [
        ("", date(2026, 2, 2), date(2026, 2, 1)),
        ("", date(2000, 1, 1), date(2026, 1, 1)),
        ("", date(9999, 12, 1), date.max),
        ("a\0b", JANUARY, DECEMBER),
        ("x" * 201, JANUARY, DECEMBER),
    ],
)
def test_what_is_no_period_or_no_policy_is_refused(reports: Reports, policy: str, start: date, end: date) -> None:
    for ask in (reports.summary, reports.csv, reports.json, reports.summary_csv):
        with pytest.raises(InputError):
            ask(policy, start, end)


# Files


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_csv_has_a_line_for_each_request_with_the_fields_of_11_ccr_7101(
    store: Store, vault: Vault, reports: Reports
) -> None:
    add_request(store, vault, "canary", day("2026-02-01"), Status.DENIED, **REFUSED, text="canary")
    add_request(store, vault, "late", day("2026-03-01"))
    heading, *rows = read(reports.csv("klasso", date(2026, 2, 1), date(2026, 2, 28)))
    (row,) = (dict(zip(heading, row)) for row in rows)
    assert tuple(heading) == FIELDS
    asked = ("received", "asked_for", "manner", "responded", "response", "denial_reason", "denial_basis")
    assert [row[name] for name in asked] == [
        *("2026-02-01T00:00:00+00:00", "deletion", "web", "2026-02-01T00:00:00+00:00", "denied"),
        *("LegallyExempted", "Art. 17(3)"),
    ]
    assert "canary" not in reports.csv("", JANUARY, DECEMBER) + reports.json("", JANUARY, DECEMBER)


def test_the_json_holds_the_report_and_the_same_records(store: Store, vault: Vault, reports: Reports) -> None:
    add_request(store, vault, "c1", day("2026-02-01"))
    data = json.loads(reports.json("", JANUARY, DECEMBER))
    assert data["total"]["received"] == 1 and data["by_month"]["2026-02"]["received"] == 1
    (record,) = data["records_7101"]
    assert tuple(record) == FIELDS and record["asked_for"] == ["deletion"]


def test_the_summary_as_csv_has_a_line_for_all_each_month_policy_and_right(
    store: Store, vault: Vault, reports: Reports
) -> None:
    add_request(store, vault, "c1", day("2026-02-01"))
    heading, *rows = read(reports.summary_csv("", JANUARY, DECEMBER))
    assert heading == ["group", "name", *COLUMNS, "share_on_time"] and {len(row) for row in rows} == {len(heading)}
    assert len(rows) == 1 + 12 + 1 + len(Right)
    assert rows[0][:3] == ["total", "", "1"] and rows[2][:3] == ["month", "2026-02", "1"]


def payloads() -> Iterator[str]:
    """Over 300 texts that some spreadsheet runs if it finds them at the beginning of a cell."""
    starts = ("=", "+", "-", "@", "\t", "\r", "\0", "\n", "＝", "＋", "－", "＠")
    bodies = (
        *("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("https://example.org","x")', "SUM(A1:A9)", '"quoted"', "a,b", ""),
        *("=1+1", "+1", "@SUM(1)", "\r\n=1+1", "IMPORTXML(A1)", "DDE(1)", "1;2", "'=1", " =1", "\t=1", "x\0y"),
        *("WEBSERVICE(A1)", "rundll32|'x'!A", "INDIRECT(A1)", "-2+3", "§", "ü", "🙂", "'", "''"),
    )
    return (start + body for start, body in itertools.product(starts, bodies))


def test_no_cell_begins_like_a_formula() -> None:
    texts = list(payloads())
    assert len(set(texts)) >= 300
    heading, *rows = read(spreadsheet.written(["a", "b"], [[text, [text, "x"]] for text in texts]))
    for text, row in zip(texts, rows, strict=True):
        expected = f"'{text}".replace("\0", "\ufffd")
        assert row == [expected, f"{expected}; x"]


def test_cells_come_back_as_they_were_and_lines_end_as_rfc_4180_says() -> None:
    texts = [f'{number}, "x"\r\n\u2028 -> ü' for number in range(1_000)]
    text = spreadsheet.written(["a"], [[one] for one in texts])
    assert text.startswith('"a"\r\n"0, ""x""\r\n') and text.endswith('"\r\n')
    assert [row[0] for row in read(text)[1:]] == texts
    assert read(spreadsheet.written(["a", "b", "c"], [[None, 1.5, JANUARY]]))[1] == ["", "1.5", "2026-01-01"]


# The public


def file_many(store: Store, vault: Vault, counts: Mapping[str, int]) -> None:
    with store.unit() as unit:
        for at, count in counts.items():
            for number in range(count):
                put_request(unit, vault, f"{at}-{number}", day(at))
        unit.commit()


def test_the_public_sees_counts_by_year_and_right_and_small_ones_not(store: Store, vault: Vault) -> None:
    file_many(store, vault, {"2024-12-31T23:59:59": 12, "2025-01-01": 9, "2026-01-05": 23})
    found = transparency(store, "klasso", NOW)
    assert [one.year for one in found.years] == [2026, 2025, 2024]
    assert [one.rights[Right.DELETION].text for one in found.years] == ["20 or more", "fewer than 10", "12"]
    assert {one.rights[Right.ACCESS].text for one in found.years} == {"fewer than 10"}
    assert transparency(store, "klantra", NOW).years == ()
    assert found.to_json()["years"][2]["rights"]["deletion"] == "12"


def test_a_year_without_requests_between_two_with_some_is_there(store: Store, vault: Vault) -> None:
    file_many(store, vault, {"2023-05-01": 11, "2025-05-01": 10})
    found = transparency(store, "klasso", NOW)
    assert [(one.year, one.is_over) for one in found.years] == [
        *((2026, False), (2025, True), (2024, True), (2023, True)),
    ]
    assert found.years[2].received.hidden is Hidden.SMALL


def test_of_a_lone_small_count_a_second_one_is_withheld() -> None:
    counts = {Right.ACCESS: 3, Right.DELETION: 40, Right.CORRECTION: 25}
    assert withholding(68, counts) == ({Right.CORRECTION}, True)


def test_where_a_second_one_does_not_help_the_total_is_withheld() -> None:
    assert withholding(43, {Right.ACCESS: 3, Right.DELETION: 40}) == (frozenset(), False)
    # The second would be known to be ten or more: 3 + 10 tells that the first is at most 3.
    assert withholding(53, {Right.ACCESS: 3, Right.CORRECTION: 10, Right.DELETION: 40}) == (frozenset(), False)
    # Two nines: their sum tells both.
    assert withholding(58, {Right.ACCESS: 9, Right.APPEAL: 9, Right.DELETION: 40}) == (frozenset(), False)


def test_where_nothing_is_small_everything_is_shown() -> None:
    assert withholding(50, {Right.ACCESS: 10, Right.DELETION: 40}) == (frozenset(), True)


def possible(counts: list[int], withheld: set[int], total: int) -> list[set[int]]:
    """By brute force: which values each small count can have for who sees everything else."""
    small = [place for place, count in enumerate(counts) if count < LEAST]
    shown = sum(count for place, count in enumerate(counts) if count >= LEAST and place not in withheld)
    rest = [count for place, count in enumerate(counts) if count >= LEAST and place not in withheld]
    most = min(rest, default=total)
    seen: list[set[int]] = [set() for _ in small]
    for values in itertools.product(range(LEAST), repeat=len(small)):
        left = total - shown - sum(values)
        if left == 0 if not withheld else LEAST <= left <= most:
            for place, value in enumerate(values):
                seen[place].add(value)
    return seen


def test_no_small_count_can_be_worked_out_from_the_total_and_the_others() -> None:
    dice, rights, with_total, with_second = random.Random(3), list(Right)[:5], 0, 0
    for _ in range(1_500):
        values = [dice.choice([dice.randint(0, 9), dice.randint(10, 40)]) for _ in range(dice.randint(2, 5))]
        counts = dict(zip(rights, values))
        withheld, is_total_shown = withholding(sum(values), counts)
        if is_total_shown:
            places = {rights.index(right) for right in withheld}
            assert all(seen == set(range(LEAST)) for seen in possible(values, places, sum(values))), values
            with_total, with_second = with_total + 1, with_second + bool(withheld)
    assert with_total > 300 and with_second > 50  # the control: both ways were walked


def test_who_looks_every_day_of_a_year_sees_no_single_request_arrive(store: Store, vault: Vault) -> None:
    seen: list[PublicYear] = []
    for number in range(41):
        file_many(store, vault, {f"2026-01-01T00:{number:02}:00": 1})
        seen.append(transparency(store, "klasso", NOW).years[0])
    shown = [one.rights[Right.DELETION].text for one in seen]
    assert list(dict.fromkeys(shown)) == ["fewer than 10", "10 or more", "20 or more", "30 or more", "40 or more"]
