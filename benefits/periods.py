"""Days and half-open periods: a period includes its first day and excludes its end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
FOREVER = "9999-12-31"  # stands for "no known end" when periods are compared
# The day on which Medicaid began, and a day after every change that is scheduled.
EARLIEST, LATEST = "1965-07-30", "2060-01-01"


@lru_cache(maxsize=10_000)
def is_iso_date(text: str) -> bool:
    """Return whether a text is a day as YYYY-MM-DD."""
    return bool(ISO_DATE.fullmatch(text)) and is_date(text)


def is_date(text: str) -> bool:
    """Return whether a text is a day in any form of ISO 8601."""
    try:
        date.fromisoformat(text)
        return True
    except ValueError:
        return False


def span(row) -> tuple[str, str]:
    """Return the half-open period of a row, as ISO dates."""
    return row["valid_from"] or EARLIEST, row["valid_to"] or FOREVER


def meet(a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Return whether two half-open periods share a day."""
    return a[0] < b[1] and b[0] < a[1]


def latest_start(start: str, precision: str | None) -> str:
    """Return the last day on which a period may have begun whose start is known to `precision`."""
    day = date.fromisoformat(start)
    if precision == "year":
        return f"{day.year}-12-31"
    if precision == "month":
        next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return (next_month - timedelta(days=1)).isoformat()
    return start


def in_force_on(row: dict, day: str) -> bool:
    """Return whether a row is in force on a day."""
    return (row["valid_from"] or "") <= day and (row["valid_to"] is None or day < row["valid_to"])


def in_force_sql(day: str) -> str:
    """Return the same test as SQL on valid_from and valid_to; `day` is an SQL expression."""
    return f"valid_from <= {day} AND (valid_to IS NULL OR {day} < valid_to)"
