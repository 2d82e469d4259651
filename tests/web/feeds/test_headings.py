"""The three headings of feeds and calendars, and that their words are those of the answers."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from packages import ATOM, entries_in, events_in

from benefits.dated import COMMENTARY, COMMENTS, PAST, TO_COME, heading_of

SCHEME = "tag:benefits-dataset,2026:heading"


@pytest.fixture(scope="module")
def rows(site):
    found = site.get("/benefits/timeline.json?_shape=array").json()
    return {row["change"]: row for row in found}


def wanted(row: dict) -> str:
    if row["scheduled"]:
        return TO_COME
    return COMMENTARY if row["kind"] in ("report", "statement") else PAST


def test_each_entry_of_a_feed_has_a_heading(site, rows):
    feed = ElementTree.fromstring(site.get("/changes.atom").content)
    headings = {}
    for entry in feed.iter(f"{ATOM}entry"):
        [heading] = [
            c.get("term") for c in entry.iter(f"{ATOM}category") if c.get("scheme") == SCHEME
        ]
        headings[entry.findtext(f"{ATOM}id").rpartition("2026:")[2]] = heading
    assert {headings[key] for key in rows} == {TO_COME, PAST, COMMENTARY}
    assert all(headings[key] == wanted(row) for key, row in rows.items())
    others = {
        key.partition("/")[0]: heading for key, heading in headings.items() if key not in rows
    }
    assert others["correction"] == PAST and others["release"] == COMMENTARY


def test_each_event_of_a_calendar_has_a_heading(site, rows):
    events = events_in(site.get("/changes.ics").content)
    for key, row in rows.items():
        event = events[key.replace("/", "-")]
        assert event["categories"].to_ical().decode() == wanted(row)


def test_an_entry_says_what_the_answer_says(site, rows):
    entries = entries_in(site.get("/changes.atom").content)
    assert all(entries[key]["summary"].startswith(row["in_words"]) for key, row in rows.items())


def test_headings_follow_the_day_through_which_the_data_goes():
    change = {"date": "2026-01-01", "kind": "coverage_changes"}
    assert heading_of(change, "2025-12-31") == TO_COME
    assert heading_of(change, "2026-01-01") == PAST
    assert {heading_of(change | {"kind": k}, "2026-01-01") for k in COMMENTS} == {COMMENTARY}
