"""Feeds after a release: corrections, new rows, withdrawn events."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest
from packages import (
    ATOM,
    CASE,
    LATER,
    THROUGH,
    built,
    change,
    describe,
    edit,
    entries_in,
    events_in,
    get,
)

from benefits import history, recorded
from benefits.web import feeds

MOVED_TO = "2025-12-30"  # the day to which the event MOVED is corrected


MOVED, GONE, NOTED, CLOSED = (
    "hhs-order-2025-12",
    "hhs-press-2025-06",
    "il-hbia-adult-42-54-2022",
    "il-hbis-older-adult-2020",
)


def without(event: str):
    """A function that takes the citations of an event out of their table."""
    return lambda rows: [r for r in rows if (r["table"], r["record"]) != ("events", event)]


@pytest.fixture(scope="module")
def revised(base, tmp_path_factory, events):
    """A release that moved an event, took one out, changed a note and a citation, and added
    an event."""
    folder = shutil.copytree(base, tmp_path_factory.mktemp("revised") / "package")
    new = events[MOVED] | {
        "event": "a-new-event",
        "date": "2027-01-05",
        "title": "A new event",
        "date_precision": "month",
    }
    moved = events[MOVED] | {"date": MOVED_TO}
    edit(
        folder,
        "events",
        lambda rows: (
            [moved if r["event"] == MOVED else r for r in rows if r["event"] != GONE] + [new]
        ),
    )
    cited = next(
        c
        for c in edit(folder, "citations", without(GONE))
        if (c["table"], c["record"]) == ("coverage", CLOSED)
    )
    edit(
        folder,
        "citations",
        lambda rows: [
            r | ({"locator": "Another page"} if r["citation"] == cited["citation"] else {})
            for r in rows
        ],
    )
    edit(
        folder,
        "coverage",
        lambda rows: [
            r | ({"note": "Another note."} if r["coverage"] == NOTED else {}) for r in rows
        ],
    )
    edit(
        folder,
        "releases",
        lambda rows: rows + [{"version": "9.9.0", "date": LATER, "level": "minor"}],
    )
    out, added = (
        history.dump_row({k: v or None for k, v in row.items()}) for row in (events[GONE], new)
    )
    made = [
        change("events", MOVED, "date", events[MOVED]["date"], MOVED_TO),
        change("events", GONE, "*", out, "", "It was not found again."),
        change("events", "a-new-event", "*", "", added),
        change("coverage", NOTED, "note", "What it was", "Another note."),
        change("citations", cited["citation"], "locator", cited["locator"], "Another page"),
    ]
    edit(folder, "changes", lambda rows: rows + made)
    describe(folder, version="9.9.0", data_through=LATER)
    return built(folder)


@pytest.fixture(scope="module")
def unreleased(base, tmp_path_factory, events):
    """The base with an event more, an event less and a date corrected, before any release
    has them."""
    folder = shutil.copytree(base, tmp_path_factory.mktemp("unreleased") / "package")
    new = events[MOVED] | {"event": "a-new-event", "title": "A new event"}
    edit(
        folder,
        "events",
        lambda rows: (
            [
                r | ({"date": MOVED_TO} if r["event"] == MOVED else {})
                for r in rows
                if r["event"] != GONE
            ]
            + [new]
        ),
    )
    edit(folder, "citations", without(GONE))
    describe(folder, version="9.9.0", data_through=THROUGH)
    return built(folder)


UTC = UTC


@pytest.mark.slow
def test_a_correction_moves_the_entry(before, revised):
    (old, old_ics), (new, new_ics) = (
        get(d, "/changes.atom", "/changes.ics") for d in (before, revised)
    )
    was, now = entries_in(old), entries_in(new)
    assert ElementTree.fromstring(new).findtext(f"{ATOM}updated") == f"{LATER}T00:00:00Z"
    records = {("events", MOVED), ("coverage", NOTED), ("coverage", CLOSED)}
    moved = {key for key in was.keys() & now.keys() if was[key]["updated"] != now[key]["updated"]}
    assert moved == {key for key in was if tuple(key.split("/")[:2]) in records}
    assert {tuple(key.split("/")[:2]) for key in moved} == records
    for key in moved:
        assert now[key]["updated"] == f"{LATER}T00:00:00Z"
        assert now[key]["published"] == was[key]["published"]
        assert "Last changed on February 3, 2027." in now[key]["summary"]
    old_events, new_events = events_in(old_ics), events_in(new_ics)
    names = {key.replace("/", "-") for key in moved}
    for name in old_events.keys() - {f"events-{GONE}-start"}:
        steps = int(new_events[name]["sequence"]) - int(old_events[name]["sequence"])
        assert steps == (name in names)
        stamp = new_events[name]["last-modified"].dt
        assert (stamp == datetime.fromisoformat(LATER).replace(tzinfo=UTC)) == (name in names)
    assert new_events[f"events-{MOVED}-start"]["dtstart"].dt == date.fromisoformat(MOVED_TO)


@pytest.mark.slow
def test_a_new_row_is_new_since_its_release(revised):
    content, ics = get(revised, "/changes.atom", "/changes.ics")
    entry = entries_in(content)["events/a-new-event/start"]
    event = events_in(ics)["events-a-new-event-start"]
    assert entry["published"] == entry["updated"] == f"{LATER}T00:00:00Z"
    assert int(event["sequence"]) == 0
    for title in (entry["title"], str(event["summary"])):
        assert title.startswith("January 2027 (day unknown): ")


@pytest.mark.slow
def test_a_withdrawn_event_stays_as_cancelled(before, revised):
    key, of_case = f"events-{GONE}-start", f"/changes.ics?court_case={CASE}"
    was = events_in(get(before, "/changes.ics")[0])
    content, *calendars = get(
        revised, "/changes.atom", "/changes.ics", of_case, "/changes.ics?population=adult"
    )
    now, filtered, other = map(events_in, calendars)
    assert set(was) <= set(now) and key in filtered and key not in other
    assert str(was[key]["status"]) == "CONFIRMED" and str(now[key]["status"]) == "CANCELLED"
    for name in ("uid", "summary", "dtstart", "dtend"):
        assert was[key][name] == now[key][name]
    assert int(now[key]["sequence"]) == int(was[key]["sequence"]) + 1
    assert now[key]["last-modified"].dt.date() == date.fromisoformat(LATER)
    gone = [{k for k, e in d.items() if str(e["status"]) == "CANCELLED"} for d in (was, now)]
    assert gone[1] - gone[0] == {key}
    assert f"events/{GONE}/start" not in entries_in(content)


def test_corrections_and_releases_are_entries_of_their_own(revised, events):
    queries = ("", "?jurisdiction=IL", "?jurisdiction=TX", "?population=adult")
    whole, *filtered = map(entries_in, get(revised, *(f"/changes.atom{q}" for q in queries)))
    moved, gone = f"correction/9.9.0/events/{MOVED}", f"correction/9.9.0/events/{GONE}"
    note = f"correction/9.9.0/coverage/{NOTED}"
    told = f"date was “{events[MOVED]['date']}” and is now “{MOVED_TO}”. Reason: A second reading."
    assert told in whole[moved]["summary"] and "It was not found again." in whole[gone]["summary"]
    assert whole[moved]["title"].startswith("February 3, 2027: Corrected in 9.9.0: ")
    assert whole[gone]["title"].startswith("February 3, 2027: Taken out in 9.9.0: ")
    counted = "A minor release. Records: 1 added, 3 changed, 1 removed."
    assert whole["release/9.9.0"]["summary"] == counted
    assert {"release/0.9.0", "release/1.0.0", "release/9.8.0", "release/9.9.0"} <= set(whole)
    # Illinois is a party of the case, Texas is not; a filtered feed has no releases.
    for entries, wanted in zip(filtered, ({note, moved, gone}, set(), {note}), strict=True):
        own = {k for k in entries if k.startswith(("correction/9.9.0", "release/"))}
        assert own == wanted


@pytest.mark.slow
def test_links_of_the_feed_lead_to_pages(revised):
    [content] = get(revised, "/changes.atom")
    addresses = {e.get("href") for e in ElementTree.fromstring(content).iter(f"{ATOM}link")}
    assert len(addresses) > 250 and not any("?" in a for a in addresses)
    get(revised, *sorted(addresses))


@pytest.mark.slow
def test_what_is_not_released_is_dated_by_the_data(before, unreleased, kept, monkeypatch):
    was = entries_in(get(before, "/changes.atom")[0])
    monkeypatch.setattr(feeds, "ROOT", kept.parent)
    content, ics = get(unreleased, "/changes.atom", "/changes.ics")
    entries, events = entries_in(content), events_in(ics)
    new = {key for key, e in entries.items() if e["updated"] == f"{THROUGH}T00:00:00Z"}
    assert new == {"events/a-new-event/start", f"events/{MOVED}/start"}
    corrected, first = (d[f"events/{MOVED}/start"]["published"] for d in (entries, was))
    assert corrected == first
    cancelled = events[f"events-{GONE}-start"]
    assert str(cancelled["status"]) == "CANCELLED"
    assert cancelled["last-modified"].dt.date() == date.fromisoformat(THROUGH)


def test_a_release_is_as_its_kept_package_says(before, kept):
    with sqlite3.connect(before) as connection:
        found, alone = (recorded.read(connection, folder) for folder in (kept, kept / "none"))
    assert found == alone and THROUGH not in {e.updated for e in found.entries.values()}


def test_without_the_kept_package_all_may_be_new(unreleased, tmp_path):
    with sqlite3.connect(unreleased) as connection:
        found = recorded.read(connection, tmp_path)
    current = {e.updated for e in found.entries.values() if not e.withdrawn}
    assert current == {THROUGH} == {found.newest}


@pytest.mark.parametrize("damage", ["cut", "flipped", "no zip"])
def test_a_damaged_kept_package_is_told(unreleased, kept, tmp_path, damage):
    raw = (kept / "9.8.0.zip").read_bytes()
    at = raw.index(b"data/events.csv") + 500
    flipped = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    broken = {"cut": raw[:-2000], "flipped": flipped, "no zip": b"x"}
    (tmp_path / "9.8.0.zip").write_bytes(broken[damage])
    said = pytest.raises(ValueError, match="the kept release 9.8.0.zip cannot be read")
    with sqlite3.connect(unreleased) as connection, said:
        recorded.read(connection, tmp_path)


A, B = {"title": "a"}, {"title": "b"}


KEY = ("events", "e", "start")


STEPS = [
    ("said once", [A], (1, 1, 0, False)),
    ("said again", [A, A, A], (1, 1, 0, False)),
    ("later than the first release", [None, A], (2, 2, 0, False)),
    ("changed", [A, B], (1, 2, 1, False)),
    ("changed twice and back", [A, B, A], (1, 3, 2, False)),
    ("withdrawn", [A, None], (1, 2, 1, True)),
    ("withdrawn long ago", [A, None, None], (1, 2, 1, True)),
    ("said again after a withdrawal", [A, None, A], (1, 3, 2, False)),
    ("a cell that does not show", [A, ("touched", A)], (1, 2, 1, False)),
    ("new, and touched by its own release", [None, ("touched", A)], (2, 2, 0, False)),
]


@pytest.mark.parametrize("said, wanted", [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_what_was_said_is_followed(said, wanted):
    steps = []
    for n, one in enumerate(said, 1):
        touched, row = (True, one[1]) if isinstance(one, tuple) else (False, one)
        steps.append(
            recorded.Step(
                f"2026-01-0{n}", {KEY: row} if row else {}, {KEY[:2]} if touched else set()
            )
        )
    entry = recorded.follow(steps)[KEY]
    assert (int(entry.first[-1]), int(entry.updated[-1]), entry.sequence, entry.withdrawn) == wanted
    assert entry.said == next(
        r for r in ((o[1] if isinstance(o, tuple) else o) for o in reversed(said)) if r
    )
