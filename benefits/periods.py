"""Days and periods. A period holds its first day and not its last one: it is half-open."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@lru_cache(maxsize=10_000)
def is_iso_date(text: str) -> bool:
    return bool(ISO_DATE.fullmatch(text)) and is_date(text)


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
        return True
    except ValueError:
        return False


FOREVER = "9999-12-31"  # stands for "no known end" when periods are compared


# Medicaid's own beginning, and further than any rule is scheduled.
EARLIEST, LATEST = "1965-07-30", "2060-01-01"


def span(row) -> tuple[str, str]:
    """Return the half-open period of a row, as ISO dates."""
    return row["valid_from"] or EARLIEST, row["valid_to"] or FOREVER


def meet(a, b) -> bool:
    """Return whether two half-open periods share a day."""
    return a[0] < b[1] and b[0] < a[1]


def latest_start(start: str, precision: str | None) -> str:
    """Return the latest day on which something may have begun whose month or year is known."""
    day = date.fromisoformat(start)
    if precision == "year":
        return f"{day.year}-12-31"
    if precision == "month":
        return (
            (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        ).isoformat()
    return start


def in_force_on(row: dict, day: str) -> bool:
    """Return whether the period of a row holds a day: its first day is in it, its end is not."""
    return (row["valid_from"] or "") <= day and (row["valid_to"] is None or day < row["valid_to"])
