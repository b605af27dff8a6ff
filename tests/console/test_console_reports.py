"""Reports: numbers that agree with the requests, drawings that agree with the numbers, downloads, and dossiers."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from desk_room import Room, words_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from staff_people import PASSWORD, Clock, Person

from bot import app_transparency
from console.house import House
from console.pages import reports_charts as charts
from console.pages.reports_periods import Choice, offered, twelve_months
from tickets.errors import InputError
from tickets.report_model import Tally
from tickets.transparency import Transparency, transparency
from tickets.vocabulary import Right, Role

TODAY = date(2026, 3, 2)
REASON = "file 12 of the authority"


@pytest.fixture
def room(house: House, clock: Clock) -> Room:
    """Two done after 3 and 8 days, one refused after 1, one open; and one of another policy."""
    found = Room(house, clock)
    begin = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
    for number, days in enumerate((3, 8)):
        found.fulfil(found.file(f"done-{number}", begin), begin + timedelta(days=days))
    found.refuse(found.file("refused", begin + timedelta(days=30)), begin + timedelta(days=31))
    found.file("open", begin + timedelta(days=31), Right.COMPLAINT)
    found.file("other", begin, policy="klasterina")
    return found


# The page


def test_the_page_says_what_became_of_the_requests(room: Room) -> None:
    page = words_of(room.enter(Role.VIEWER).get("/reports?policy=klasso").text)
    assert "from Tue 1 Apr 2025 to Mon 2 Mar 2026 about the policy of Klasso" in page
    assert "Received 4 Done 2 Refused 1 Open 1" in page and "Half answered within 3 days" in page
    assert "95 of 100 within 8 days" in page and "Deadline kept 100%" in page
    assert "No marketing 3 2 1 0 0 3 8 100%" in page and "Complaint 1 0 0 0 1 – – –" in page
    assert "A law exempts this data from the request 1" in page and "For California" not in page


def test_where_the_law_of_california_counts_its_table_is_there(room: Room) -> None:
    room.file("sale", room.clock(), Right.SALE_SHARE_OPT_OUT)
    page = words_of(room.enter(Role.VIEWER).get("/reports?policy=klasso").text)
    assert "For California (11 CCR 7102)" in page and "all individuals" in page
    assert "To opt out of sale or sharing 1 0 0 0 0 0 0 – –" in page


def test_all_policies_are_one_report_with_a_line_for_each(room: Room) -> None:
    page = words_of(room.enter(Role.VIEWER).get("/reports").text)
    assert "about all policies" in page and "Received 5" in page
    assert "Klasso 4 2 1 0 1" in page and "Klasterina 1 0 0 0 1" in page


def test_a_period_without_requests_is_told_calmly(room: Room) -> None:
    page = room.enter(Role.VIEWER).get("/reports?from=2020-01-01&to=2020-12-31").text
    assert "Nothing was received in this period" in page and '<svg class="chart"' not in page


@pytest.mark.parametrize(
    "query", ["from=x", "from=2026-02-30", "to=2020-01-01", "from=1900-01-01&to=2026-01-01", "policy=%00"]
)
def test_a_period_that_is_none_is_refused_calmly(room: Room, query: str) -> None:
    viewer = room.enter(Role.VIEWER)
    for path in ("/reports", "/reports/requests.csv", "/reports/summary.csv", "/reports/report.json"):
        assert viewer.get(f"{path}?{query}").status_code == 422


def test_the_policy_in_a_link_is_only_text(room: Room) -> None:
    page = room.enter(Role.VIEWER).get("/reports?policy=%3Cscript%3Ealert(1)%3C/script%3E")
    assert page.status_code == 200 and "<script>alert" not in page.text


def test_the_page_holds_no_script_and_no_style_of_its_own(room: Room) -> None:
    main = room.enter(Role.VIEWER).get("/reports").text.split("<main")[1].split("</main>")[0]
    assert '<svg class="chart"' in main
    assert re.search(r"<script|<style|\sstyle=|\son\w+=", main) is None


# Downloads


def test_the_requests_come_as_csv_with_the_fields_of_the_law_and_nothing_of_the_person(room: Room) -> None:
    answer = room.enter(Role.VIEWER).get("/reports/requests.csv?policy=klasso&from=2026-01-01&to=2026-03-01")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="requests-klasso-2026-01-01-2026-03-01.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 4 and {"received", "asked_for", "manner", "responded", "response", "denial_basis"} <= set(
        rows[0]
    )
    assert "please stop" not in answer.text and "conversation" not in answer.text


def test_report_csv_and_json_agree_with_the_page(room: Room) -> None:
    viewer = room.enter(Role.VIEWER)
    first = next(csv.DictReader(io.StringIO(viewer.get("/reports/summary.csv?policy=klasso").text, newline="")))
    data = json.loads(viewer.get("/reports/report.json?policy=klasso").text)
    assert (first["group"], first["received"], first["answered"], first["refused"]) == ("total", "4", "2", "1")
    assert data["total"]["received"] == 4 and data["total"]["median"] == 3 and len(data["records_7101"]) == 4
    assert data["ccpa_7102"]["counted"] == "all individuals"


def test_a_file_is_named_by_nothing_but_letters_digits_and_hyphens() -> None:
    odd = Choice(TODAY, TODAY, '../"\r\nX: y')
    assert odd.file_name("report", "csv") == "report-Xy-2026-03-02-2026-03-02.csv"


# Periods


def test_without_dates_it_is_this_month_and_the_eleven_before() -> None:
    assert Choice.of({}, TODAY) == twelve_months(TODAY) == Choice(date(2025, 4, 1), TODAY)
    assert Choice.of({"from": "2026-01-01", "to": "2026-01-31", "policy": "klasso"}, TODAY) == Choice(
        date(2026, 1, 1), date(2026, 1, 31), "klasso"
    )
    with pytest.raises(InputError):
        Choice.of({"from": "2026-03-03"}, TODAY)


def test_every_period_that_is_offered_is_whole_on_every_day_of_four_years() -> None:
    for number in range(4 * 366):
        today = date(2024, 1, 1) + timedelta(days=number)
        choices = dict(offered(today, ""))
        assert all(choice.start.day == 1 and choice.start <= choice.end <= today for choice in choices.values())
        for last, this in (
            ("Last month", "This month"),
            ("Last quarter", "This quarter"),
            (f"{today.year - 1}", "This year"),
        ):
            assert choices[last].end + timedelta(days=1) == choices[this].start
        assert choices["Last quarter"].start.month in (1, 4, 7, 10)


# Drawings


def tallies() -> dict[str, Tally]:
    numbers = [(0, 0, 0, 0), (3, 1, 0, 2), (40, 0, 7, 1), (1, 0, 0, 0)]
    return {
        f"2026-{month:02}": Tally(
            received=sum(one),
            fulfilled=one[0],
            refused=one[1],
            withdrawn=one[2],
            open=one[3],
            median=2.5,
            percentile_95=30,
        )
        for month, one in enumerate(numbers, 1)
    }


def test_columns_are_as_high_as_their_numbers_and_stand_on_each_other() -> None:
    drawn = charts.columns(tallies())
    room_for = charts.HEIGHT - charts.TOP - charts.BOTTOM
    assert len(drawn.blocks) == 7  # what is nought is not drawn
    for month in tallies():
        blocks = [block for block in drawn.blocks if block.says.startswith(month)]
        counts = [int(block.says.split()[1]) for block in blocks]
        assert [block.height for block in blocks] == pytest.approx(
            [count / 50 * room_for for count in counts], abs=0.02
        )
        assert all(upper.y + upper.height == pytest.approx(lower.y, abs=0.02) for lower, upper in pairwise(blocks))
    assert [label.text for label in drawn.totals] == ["6", "48", "1"]


@pytest.mark.parametrize("months", [1, 2, 12, 13, 25, 60, 241])
def test_a_drawing_stays_inside_its_frame_and_its_names_apart(months: int) -> None:
    names = [f"{2006 + number // 12}-{number % 12 + 1:02}" for number in range(months)]
    by_month = {name: Tally(received=9, open=9, median=3, percentile_95=9) for name in names}
    columns, days = charts.columns(by_month), charts.days(by_month)
    assert all(b.x >= charts.LEFT and b.x + b.width <= charts.WIDTH and 0 < b.width <= 48 for b in columns.blocks)
    assert all(charts.LEFT < spread.x < charts.WIDTH for spread in days.spreads) and len(days.spreads) == months
    assert 1 <= len(columns.names) <= 13
    assert all(right.x - left.x > 40 for left, right in pairwise(columns.names))


def test_a_month_without_answers_has_no_days() -> None:
    days = charts.days({"2026-01": Tally(received=1, open=1), "2026-02": Tally(median=0, percentile_95=0)})
    assert [spread.says for spread in days.spreads] == ["2026-02: half within 0 days, 95 of 100 within 0"]


@pytest.mark.parametrize(
    ("most", "step"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 5), (26, 10), (99, 20), (1_000_000, 200_000)]
)
def test_the_grid_has_round_steps_and_at_most_five(most: int, step: int) -> None:
    assert charts.step_of(most) == step and -(-most // step) <= 5


def test_a_bar_is_as_long_as_its_share() -> None:
    assert charts.bar({"answered": 1, "refused": 0, "open": 3}, 8) == (
        charts.Slice("answered", 0.0, 12.5),
        charts.Slice("open", 12.5, 37.5),
    )
    assert charts.bar({"answered": 0}, 0) == ()


def test_a_share_is_never_rounded_up_to_all() -> None:
    shares = {None: "–", 0.0: "0%", 1.0: "100%", 0.9996: "99.9%", 0.29: "29%", 0.5555: "55.5%"}
    assert {share: charts.in_percent(share) for share in shares} == shares


# Dossiers


@pytest.fixture
def reference(room: Room) -> str:
    return room.file("regulator", room.clock())


def test_a_dossier_is_a_zip_and_goes_on_the_trail_with_its_reason(room: Room, reference: str) -> None:
    approver = room.enter(Role.APPROVER)
    assert reference in approver.get(f"/reports/dossier?reference={reference.lower()}").text
    answer = approver.post("/reports/dossier", {"reference": reference.lower(), "reason": f" {REASON} "})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert f'filename="{reference}.zip"' in answer.headers["content-disposition"]
    files = zipfile.ZipFile(io.BytesIO(answer.content))
    trail = json.loads(files.read("audit.json"))
    assert "manifest.json" in files.namelist() and "masked" in files.read("README.txt").decode()
    (made,) = [entry for entry in trail["entries"] if entry["action"] == "dossier_made"]
    assert made["actor"] == approver.id and REASON in json.dumps(made)


@pytest.mark.parametrize(
    ("reason", "typed"),
    [
        ("", "KLS"),
        (" ", "KLS"),
        ("ask one@example.org", "KLS"),
        ("x" * 201, "KLS"),
        (REASON, "KLS-2222-2222"),
        (REASON, ""),
    ],
)
def test_without_a_reason_or_a_request_there_is_none_and_what_was_typed_is_kept(
    room: Room, reference: str, reason: str, typed: str
) -> None:
    chosen = reference if typed == "KLS" else typed
    answer = room.enter(Role.APPROVER).post("/reports/dossier", {"reference": chosen, "reason": reason})
    assert answer.status_code in (404, 422) and 'role="alert"' in answer.text
    assert bool(reason.strip()) != ("Say why it is made" in answer.text)
    assert f'value="{chosen}"' in answer.text and f'value="{reason}"' in answer.text


def test_with_contacts_in_full_the_password_is_asked_for_first(room: Room, reference: str) -> None:
    approver, form = room.enter(Role.APPROVER), {"reference": reference, "reason": REASON}
    asked = approver.post("/reports/dossier/revealed", form)
    assert asked.status_code == 403 and "Your password again" in asked.text and REASON in asked.text
    given = approver.post("/reports/dossier/revealed", form | {"again": PASSWORD})
    assert given.status_code == 200
    assert "shown in full" in zipfile.ZipFile(io.BytesIO(given.content)).read("README.txt").decode()


def test_an_agent_makes_no_dossier_and_is_not_offered_one(room: Room, reference: str) -> None:
    agent: Person = room.enter(Role.AGENT)
    assert agent.get("/reports/dossier").status_code == 403 and "/reports/dossier" not in agent.get("/reports").text
    for path in ("/reports/dossier", "/reports/dossier/revealed"):
        assert agent.post(path, {"reference": reference, "reason": REASON}).status_code == 403


# What the public sees


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def public(room: Room, counted: list[str]) -> Iterator[TestClient]:
    """The public app with its pages of policies and, added last, the page of numbers."""
    app, house = FastAPI(), room.house

    @app.get("/p/{policy}/{version}")
    async def version(policy: str, version: str) -> str:
        return version

    def count(policy: str, now: datetime) -> Transparency:
        counted.append(policy)
        return transparency(house.store, policy, now)

    app_transparency.add(app, house, count, house.clock)
    with TestClient(app) as client:
        yield client


def test_the_public_sees_no_small_number(room: Room, public: TestClient) -> None:
    page = words_of(public.get("/p/klasso/transparency").text)
    assert "2026 so far" in page and "Deletion fewer than 10" in page and "All requests fewer than 10" in page
    for number in range(17):
        room.file(f"more-{number}", room.clock())
    room.clock.pass_by(minutes=61)
    page = words_of(public.get("/p/klasso/transparency").text)
    assert "No more marketing 20 or more" in page and "Complaint fewer than 10" in page
    assert "All requests not shown" in page  # or the one complaint could be worked out


def test_the_numbers_are_counted_once_an_hour_however_often_they_are_asked_for(
    room: Room, public: TestClient, counted: list[str]
) -> None:
    pages = {public.get("/p/klasso/transparency").text for _ in range(5)}
    data = public.get("/p/klasso/transparency?format=json").json()
    assert len(pages) == 1 and counted == ["klasso"] and data["policy"] == "klasso"
    room.clock.pass_by(minutes=61)
    public.get("/p/klasso/transparency")
    assert counted == ["klasso", "klasso"]


def test_the_word_is_not_taken_for_a_version_and_versions_stay_pages(public: TestClient) -> None:
    assert "Privacy requests about Klasso" in public.get("/p/klasso/transparency").text
    assert public.get("/p/klasso/2026-04").json() == "2026-04"
