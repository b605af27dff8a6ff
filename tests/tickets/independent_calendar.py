"""Due dates worked out a second time, without tickets.clocks, holidays or dateutil: from the texts of the laws."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

DAY = timedelta(days=1)


def easter(year: int) -> date:
    """Gauss's rule in the form of Meeus."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 19 * m) // 433
    month = (h + m - 7 * n + 90) // 25
    return date(year, month, (h + m - 7 * n + 33 * month + 19) % 32)


def nth_monday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + DAY * ((7 - first.weekday()) % 7 + 7 * (nth - 1))


def last_monday(year: int, month: int) -> date:
    day = date(year, month, 31)
    return day - DAY * day.weekday()


def germany(year: int) -> set[date]:
    """Holidays of the whole country."""
    sunday = easter(year)
    fixed = {date(year, 1, 1), date(year, 5, 1), date(year, 10, 3), date(year, 12, 25), date(year, 12, 26)}
    return fixed | {sunday - 2 * DAY, sunday + DAY, sunday + 39 * DAY, sunday + 50 * DAY}


def england(year: int) -> set[date]:
    """Bank holidays with their substitutes."""
    sunday = easter(year)
    days = {sunday - 2 * DAY, sunday + DAY, nth_monday(year, 5, 1), last_monday(year, 5), last_monday(year, 8)}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        while fixed.weekday() >= 5 or fixed in days:
            fixed += DAY
        days.add(fixed)
    return days


def united_states(year: int) -> set[date]:
    """Federal holidays; on a Saturday they are kept on Friday, on a Sunday on Monday."""
    thursday = date(year, 11, 1)
    while thursday.weekday() != 3:
        thursday += DAY
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    fixed.append(date(year + 1, 1, 1))
    kept = {day - DAY if day.weekday() == 5 else day + DAY if day.weekday() == 6 else day for day in fixed}
    mondays = {nth_monday(year, 1, 3), nth_monday(year, 2, 3), last_monday(year, 5), nth_monday(year, 9, 1)}
    return kept | mondays | {nth_monday(year, 10, 2), thursday + 21 * DAY}


def a_month_on(day: date, months: int) -> date:
    """The same date so many months later, or the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + DAY * (day.day - 1), following - DAY)


def next_working_day(day: date, off: set[date]) -> date:
    while day.weekday() >= 5 or day in off:
        day += DAY
    return day


def business_days_on(day: date, number: int, off: set[date]) -> date:
    while number > 0:
        day += DAY
        if day.weekday() < 5 and day not in off:
            number -= 1
    return day


def in_california(moment: datetime) -> date:
    """The local day: UTC-7 from the second Sunday of March to the first of November, at 2 o'clock local time."""
    year = moment.year
    march, november = date(year, 3, 14), date(year, 11, 7)
    starts = datetime(year, 3, (march - DAY * ((march.weekday() + 1) % 7)).day, 10, tzinfo=timezone.utc)
    ends = datetime(year, 11, (november - DAY * ((november.weekday() + 1) % 7)).day, 9, tzinfo=timezone.utc)
    return (moment - timedelta(hours=7 if starts <= moment < ends else 8)).date()
