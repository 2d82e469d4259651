"""When a change was recorded, and its day in words."""

from __future__ import annotations

import sqlite3
from datetime import date
from xml.etree import ElementTree

import pytest
from icalendar import Calendar
from packages import FILTERS, entries_in, events_in, get, instants

from benefits.dated import key_of


@pytest.mark.slow
def test_nothing_is_newer_than_the_data(site, db):
    days = "SELECT MAX(date) FROM releases UNION SELECT data_through FROM dataset"
    last = max(row[0] for row in db.execute(days))
    for query in FILTERS:
        feed = ElementTree.fromstring(site.get(f"/changes.atom?{query}").content)
        assert max(instants(feed)) <= f"{last}T00:00:00Z" <= f"{date.today()}T00:00:00Z"
        book = Calendar.from_ical(site.get(f"/changes.ics?{query}").content)
        assert all(e["dtstamp"].dt.date() <= date.fromisoformat(last) for e in book.walk("VEVENT"))


def test_an_entry_is_dated_by_the_release_that_first_had_it(before):
    with sqlite3.connect(before) as connection:
        rows = connection.execute("SELECT record FROM changes WHERE \"table\" = 'events'")
        changed = {record for (record,) in rows}
        [first] = connection.execute("SELECT date FROM releases WHERE level = 'first'").fetchone()
    [content] = get(before, "/changes.atom")
    events = {k: e for k, e in entries_in(content).items() if k.startswith("events/")}
    found = {e["published"] for key, e in events.items() if key.split("/")[1] not in changed}
    assert len(events) > 30 and found == {f"{first}T00:00:00Z"}


def test_a_scheduled_change_is_in_the_feeds_as_scheduled(site, db):
    through = db.execute("SELECT data_through FROM dataset").fetchone()[0]
    scheduled = [r for r in db.execute("SELECT * FROM dated_changes WHERE date > ?", [through])]
    entries = entries_in(site.get("/changes.atom").content)
    assert scheduled and all(
        entries["/".join(key_of(dict(r)))]["summary"].startswith("Scheduled for ")
        for r in scheduled
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/changes.atom", "/changes.ics", "/changes.atom?jurisdiction=IL"])
def test_feeds_are_the_same_bytes_each_time(site, path, database):
    first = site.get(path, headers={"host": "elsewhere.example"})
    assert first.content == site.get(path).content == get(database, path)[0]
    assert site.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert site.get(path, headers={"if-none-match": '"another"'}).status_code == 200


MONTHS = (
    "January February March April May June July August September October November December".split()
)


def in_words(day: str, precision: str) -> str:
    year, month, number = map(int, day.split("-"))
    return {
        "day": f"{MONTHS[month - 1]} {number}, {year}",
        "month": f"{MONTHS[month - 1]} {year} (day unknown)",
        "year": f"{year} (day and month unknown)",
    }[precision]


def test_the_day_stands_in_title_and_text(site, db):
    entries, events = (
        entries_in(site.get("/changes.atom").content),
        events_in(site.get("/changes.ics").content),
    )
    rows = [dict(r) for r in db.execute("SELECT * FROM dated_changes")]
    assert {r["date_precision"] for r in rows} == {"day", "month", "year"}
    for row in rows:
        words, key = in_words(row["date"], row["date_precision"]), key_of(row)
        entry, event = entries["/".join(key)], events["-".join(key)]
        assert (
            entry["title"].startswith(words + ": ")
            and words in entry["summary"]
            and words in str(event["description"])
        )
        assert event["dtstart"].dt == date.fromisoformat(row["date"])
        assert str(event["summary"]).startswith(words + ": ") == (row["date_precision"] != "day")


def test_worked_examples_of_days(site):
    entries = entries_in(site.get("/changes.atom?jurisdiction=IL").content)
    assert entries["coverage/il-hbia-adult-42-54-2024/end"]["title"].startswith(
        "July 1, 2025: IL: "
    )
    assert entries["coverage/il-all-kids-child-2011/start"]["title"].startswith(
        "July 2011 (day unknown): IL: "
    )
