"""The calendar follows RFC 5545, as the icalendar library and its lines say."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from icalendar import Calendar

RFC_5545 = [
    (
        "3.1 lines end with CRLF",
        lambda raw, book, events: (
            raw.endswith(b"\r\n") and not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
        ),
    ),
    (
        "3.1 lines have at most 75 octets",
        lambda raw, book, events: max(map(len, raw.split(b"\r\n"))) <= 75,
    ),
    (
        "3.1 folds do not cut a character",
        lambda raw, book, events: all(line.decode() is not None for line in raw.split(b"\r\n")),
    ),
    (
        "3.3.11 text is escaped",
        lambda raw, book, events: (
            not re.search(
                r"^(?:SUMMARY|DESCRIPTION|X-WR-CALNAME|NAME):(?:[^\\\r\n]|\\.)*?(?<!\\)[;,]",
                raw.decode().replace("\r\n ", ""),
                re.MULTILINE,
            )
        ),
    ),
    (
        "3.4 one calendar",
        lambda raw, book, events: (
            raw.count(b"BEGIN:VCALENDAR\r\n") == raw.count(b"END:VCALENDAR\r\n") == 1
        ),
    ),
    (
        "3.6 version and maker, once",
        lambda raw, book, events: (
            book["version"] == "2.0" and book["prodid"] and raw.count(b"\nPRODID:") == 1
        ),
    ),
    (
        "3.6.1 uid and dtstamp, once",
        lambda raw, book, events: (
            raw.count(b"\nDTSTAMP:") == len(events)
            and len({e["uid"] for e in events}) == len(events)
        ),
    ),
    (
        "3.6.1 dtstart is a day",
        lambda raw, book, events: all(
            type(e["dtstart"].dt) is date and e["dtstart"].params["VALUE"] == "DATE" for e in events
        ),
    ),
    (
        "3.6.1 dtend is the next day",
        lambda raw, book, events: all(
            type(e["dtend"].dt) is date and e["dtend"].dt - e["dtstart"].dt == timedelta(days=1)
            for e in events
        ),
    ),
    (
        "3.6.1 no zone and no clock for a day",
        lambda raw, book, events: not re.search(rb"DT(START|END)[^\r]*T\d{6}", raw),
    ),
    (
        "3.8.7.2 dtstamp is in UTC",
        lambda raw, book, events: all(
            e["dtstamp"].dt.tzinfo is not None and e["dtstamp"].dt.utcoffset() == timedelta()
            for e in events
        ),
    ),
    (
        "3.8.7.3 last-modified is dtstamp where there is no method",
        lambda raw, book, events: (
            "method" not in book and all(e["last-modified"].dt == e["dtstamp"].dt for e in events)
        ),
    ),
    (
        "3.8.7.4 sequence is a number from 0",
        lambda raw, book, events: all(int(e["sequence"]) >= 0 for e in events),
    ),
    (
        "3.8.1.11 a status",
        lambda raw, book, events: (
            {str(e["status"]) for e in events} <= {"CONFIRMED", "TENTATIVE", "CANCELLED"}
        ),
    ),
    ("3.8.1.12 a summary", lambda raw, book, events: all(str(e["summary"]) for e in events)),
    (
        "7986 5.7 how often to ask",
        lambda raw, book, events: b"\nREFRESH-INTERVAL;VALUE=DURATION:P1D\r\n" in raw,
    ),
    ("7986 5.1 a name", lambda raw, book, events: book["name"] == book["x-wr-calname"]),
    (
        "it can be written again",
        lambda raw, book, events: Calendar.from_ical(book.to_ical()) == book,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("holds", [r[1] for r in RFC_5545], ids=[r[0] for r in RFC_5545])
def test_calendar(ics, holds):
    book = Calendar.from_ical(ics)
    assert not book.errors and not any(e.errors for e in book.walk())
    assert holds(ics, book, book.walk("VEVENT"))
