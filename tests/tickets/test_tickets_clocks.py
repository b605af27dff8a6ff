"""Due dates agree with the laws, and say why."""

import random
from datetime import date, datetime, timedelta, timezone

import independent_calendar as second
import pytest

from tickets.clocks import Clock, Facts, Pause, due
from tickets.errors import ClockError
from tickets.vocabulary import Regime, Right

EACH = 2_000  # for each of five calculations: 10,000 dates


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=timezone.utc)


def moments(seed: int) -> list[datetime]:
    """Moments of receipt; every fourth at an end of a month, where months differ."""
    chance = random.Random(seed)
    found = [at(2024, 1, 1, 0) + timedelta(minutes=chance.randrange(15 * 365 * 24 * 60)) for _ in range(EACH)]
    for place in range(0, EACH, 4):
        found[place] = found[place].replace(day=28) + timedelta(days=chance.randrange(5))
    return found


def off(moment: datetime, country: str) -> set[date]:
    calendar = {"DE": second.germany, "GB": second.england, "US": second.united_states}[country]
    return calendar(moment.year - 1) | calendar(moment.year) | calendar(moment.year + 1)


def test_gdpr_month_ends_on_a_working_day_as_worked_out_independently() -> None:
    for moment in moments(1):
        expected = second.next_working_day(second.a_month_on(moment.date(), 1), set())
        assert due({Regime.GDPR}, {Right.ACCESS}, moment).answer_by == expected, moment


def test_gdpr_in_germany_as_worked_out_independently() -> None:
    for moment in moments(2):
        for extended, months in ((False, 1), (True, 3)):
            expected = second.next_working_day(second.a_month_on(moment.date(), months), off(moment, "DE"))
            clock = due({Regime.GDPR}, {Right.DELETION}, moment, country="DE", facts=Facts(extended=extended))
            assert clock.answer_by == expected, moment


def test_uk_gdpr_as_worked_out_independently() -> None:
    for moment in moments(3):
        expected = second.next_working_day(second.a_month_on(moment.date(), 1), off(moment, "GB"))
        assert due({Regime.UK_GDPR}, {Right.OBJECTION}, moment).answer_by == expected, moment


def test_ccpa_as_worked_out_independently() -> None:
    for moment in moments(4):
        day = second.in_california(moment)
        clock = due({Regime.CCPA}, {Right.CORRECTION}, moment)
        assert clock.acknowledge_by == second.business_days_on(day, 10, off(moment, "US")), moment
        assert clock.answer_by == day + timedelta(days=45), moment


def test_ccpa_opt_out_as_worked_out_independently() -> None:
    for moment in moments(5):
        expected = second.business_days_on(second.in_california(moment), 15, off(moment, "US"))
        assert due({Regime.CCPA}, {Right.SALE_SHARE_OPT_OUT}, moment).answer_by == expected, moment


def test_the_working_tells_every_step() -> None:
    clock = due({Regime.GDPR}, {Right.ACCESS}, at(2026, 1, 31))
    assert clock == Clock(
        acknowledge_by=None,
        answer_by=date(2026, 3, 2),
        working=(
            (
                "answer, GDPR Art. 12(3): received Sat 31 Jan 2026 -> one month -> no 31 Feb -> 28 Feb is a Saturday "
                "-> 1 Mar is a Sunday -> Mon 2 Mar 2026 (Reg. 1182/71 Art. 3)"
            ),
        ),
        is_target=False,
    )


def test_a_public_holiday_of_the_member_state_moves_the_date() -> None:
    clock = due({Regime.GDPR}, {Right.ACCESS}, at(2026, 4, 1), country="DE")
    assert clock.answer_by == date(2026, 5, 4) and "1 May is a public holiday" in clock.working[0]


def test_the_earliest_of_several_laws_counts_and_each_is_shown() -> None:
    clock = due({Regime.GDPR, Regime.CCPA}, {Right.ACCESS}, at(2026, 3, 2))
    assert clock.answer_by == date(2026, 4, 2) and clock.acknowledge_by == date(2026, 3, 16)
    assert [line.split(":")[0] for line in clock.working] == [
        "acknowledge, 11 CCR 7021",
        "answer, GDPR Art. 12(3)",
        "answer, 11 CCR 7021",
        "answer",
    ]


@pytest.mark.parametrize(
    ("regimes", "right", "why"),
    [
        (set(), Right.DELETION, "the policy names no law"),
        ({Regime.COPPA}, Right.PARENTAL_DELETE, "the law named gives no number of days"),
        ({Regime.GDPR}, Right.WITHDRAW_CONSENT, "the law named gives no number of days"),
        ({Regime.GDPR}, Right.QUESTION, "the law named gives no number of days"),
        ({Regime.CCPA}, Right.MARKETING_OPT_OUT, "the law named gives no number of days"),
    ],
)
def test_where_no_law_names_a_number_the_target_is_called_a_target(
    regimes: set[Regime], right: Right, why: str
) -> None:
    clock = due(regimes, {right}, at(2026, 1, 1), target_days=20)
    assert clock.is_target and clock.answer_by == date(2026, 1, 21)
    assert "target" in clock.working[0] and why in clock.working[0]


@pytest.mark.parametrize("regime", Regime)
@pytest.mark.parametrize("right", Right)
def test_every_right_has_a_date_after_receipt_under_every_law(regime: Regime, right: Right) -> None:
    clock = due({regime}, {right}, at(2026, 7, 1))
    assert date(2026, 7, 1) < clock.answer_by <= date(2026, 8, 31) and clock.working


def test_a_uk_complaint_is_acknowledged_within_30_days_since_the_law_says_so() -> None:
    assert due({Regime.UK_GDPR}, {Right.COMPLAINT}, at(2026, 6, 18)).acknowledge_by is None
    assert due({Regime.UK_GDPR}, {Right.COMPLAINT}, at(2026, 6, 19)).acknowledge_by == date(2026, 7, 19)


def test_only_the_uk_clock_waits_for_proof_and_stops_for_questions() -> None:
    received = at(2026, 1, 5)
    facts = Facts(proof_arrived=at(2026, 1, 12), pauses=(Pause(at(2026, 1, 13), at(2026, 1, 16)),))
    assert due({Regime.UK_GDPR}, {Right.ACCESS}, received, facts=facts).answer_by == date(2026, 2, 16)
    for regime in (Regime.GDPR, Regime.CCPA):
        clock = due({regime}, {Right.ACCESS}, received, facts=facts)
        assert clock.answer_by == due({regime}, {Right.ACCESS}, received).answer_by
        assert "verification does not pause it" in clock.working[-1]


def test_an_extension_counts_from_receipt_where_the_law_has_one() -> None:
    extended = Facts(extended=True)
    assert due({Regime.CCPA}, {Right.ACCESS}, at(2026, 1, 5), facts=extended).answer_by == date(2026, 4, 5)
    plain = due({Regime.CCPA}, {Right.LIMIT_SENSITIVE}, at(2026, 1, 5))
    longer = due({Regime.CCPA}, {Right.LIMIT_SENSITIVE}, at(2026, 1, 5), facts=extended)
    assert plain.answer_by == longer.answer_by and "cannot be extended" in longer.working[0]


def test_an_evening_in_california_does_not_gain_a_day() -> None:
    clock = due({Regime.CCPA}, {Right.ACCESS}, at(2026, 3, 3, 2))
    assert clock.answer_by == date(2026, 3, 2) + timedelta(days=45)


@pytest.mark.parametrize(
    "arguments",
    [
        {"received": datetime(2026, 1, 1)},
        {"rights": set()},
        {"country": "XX"},
        {"country": "Germany"},
        {"target_days": 0},
    ],
)
def test_what_cannot_be_worked_out_is_refused(arguments: dict[str, object]) -> None:
    usual = {"regimes": {Regime.GDPR}, "rights": {Right.ACCESS}, "received": at(2026, 1, 1)}
    with pytest.raises(ClockError):
        due(**(usual | arguments))  # type: ignore[arg-type]
