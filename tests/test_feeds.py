"""The feeds: what RFC 4287 and RFC 5545 ask, what a filter names, what a correction moves.

Three packages are made here from the one of the repository: `base` is released as it stands,
`revised` has a release after that, `unreleased` has rows that no release has.
"""

from __future__ import annotations

import asyncio
import csv
import json
import re
import shutil
import sqlite3
import zipfile
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from conftest import copy_package
from icalendar import Calendar

from benefits import history, reading, recorded
from benefits.database import build as build_verb
from benefits.web import app as site_app
from benefits.web import feeds

ATOM = "{http://www.w3.org/2005/Atom}"
CASE = "california-v-hhs"
FILTERS = [
    "",
    "jurisdiction=IL",
    "jurisdiction=TX",
    "jurisdiction=MT",
    f"court_case={CASE}",
    "population=adult",
    "jurisdiction=IL&population=adult",
    f"jurisdiction=CA&court_case={CASE}",
]
# The days of the two releases that are made here, and the one through which unreleased data goes.
EARLIER, LATER, THROUGH = "2027-01-02", "2027-02-03", "2027-03-04"
MOVED_TO = "2025-12-30"  # the day to which the event MOVED is corrected
MOVED, GONE, NOTED, CLOSED = (
    "hhs-order-2025-12",
    "hhs-press-2025-06",
    "il-hbia-adult-42-54-2022",
    "il-hbis-older-adult-2020",
)


# ---- the packages that are made here -------------------------------------------------------------


def edit(folder, table: str, change) -> list[dict]:
    """Rewrite a table by `change`, a function from its rows to its rows."""
    path = folder / "data" / f"{table}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), reader.fieldnames
    rows = change(rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def describe(folder, **members) -> None:
    path = folder / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(descriptor | members), encoding="utf-8")


def built(folder):
    made = reading.load(folder)
    build_verb.build(made, made.digests(), folder / "benefits.db")
    return folder / "benefits.db"


def change(table, record, field, old, new, reason="A second reading."):
    return dict(
        zip(
            ("table", "record", "field", "old", "new", "reason"),
            (table, record, field, old, new, reason),
        )
    ) | {"version": "9.9.0", "date": LATER}


def without(event: str):
    """A function that takes the citations of an event out of their table."""
    return lambda rows: [r for r in rows if (r["table"], r["record"]) != ("events", event)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The package as it stands, as a release 9.8.0, whatever of it is released."""
    folder = copy_package(tmp_path_factory.mktemp("base") / "package")
    release = {"version": "9.8.0", "date": EARLIER, "level": "minor"}
    edit(folder, "releases", lambda rows: rows + [release])
    describe(folder, version="9.8.0", data_through=EARLIER)
    return folder


@pytest.fixture(scope="module")
def before(base):
    return built(base)


@pytest.fixture(scope="module")
def events(base):
    with open(base / "data" / "events.csv", newline="", encoding="utf-8") as file:
        return {row["event"]: row for row in csv.DictReader(file)}


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
        history.dump({k: v or None for k, v in row.items()}) for row in (events[GONE], new)
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
def kept(base, tmp_path_factory):
    """The folder releases/ with the package of 9.8.0, stored as a release stores it."""
    folder = tmp_path_factory.mktemp("kept") / "releases"
    folder.mkdir()
    with zipfile.ZipFile(folder / "9.8.0.zip", "w") as archive:
        for file in [base / "datapackage.json", *sorted((base / "data").glob("*.csv"))]:
            archive.write(file, file.relative_to(base).as_posix())
    return folder


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


def get(database, *addresses: str) -> list[bytes]:
    async def asked():
        site = site_app.datasette(database)
        await site.invoke_startup()
        return [await site.client.get(a) for a in addresses]

    answers = asyncio.run(asked())
    assert [a.status_code for a in answers] == [200] * len(addresses), [a.text for a in answers]
    return [a.content for a in answers]


def entries_in(content: bytes) -> dict[str, dict]:
    feed = ElementTree.fromstring(content)
    return {
        e.findtext(f"{ATOM}id").partition(":changes")[0].rpartition("2026:")[2]: {
            c.tag.removeprefix(ATOM): c.text for c in e
        }
        for e in feed.iter(f"{ATOM}entry")
    }


def events_in(content: bytes) -> dict:
    return {
        str(e["uid"]).removesuffix("@benefits-dataset"): e
        for e in Calendar.from_ical(content).walk("VEVENT")
    }


# ---- RFC 4287, by an XML parser ------------------------------------------------------------------


def only(feed, name):
    return len(feed.findall(ATOM + name)) == 1


def instants(feed):
    return [e.text for e in feed.iter() if e.tag in (f"{ATOM}updated", f"{ATOM}published")]


def links(element, rel):
    return [e for e in element.findall(f"{ATOM}link") if e.get("rel", "alternate") == rel]


def texts(feed):
    return [
        e
        for e in feed.iter()
        if e.tag.removeprefix(ATOM) in ("title", "subtitle", "summary", "rights")
    ]


RFC_4287 = [
    ("4.1.1 the root is a feed", lambda feed, entries: feed.tag == f"{ATOM}feed"),
    (
        "4.1.1 one id, title and updated",
        lambda feed, entries: all(only(feed, n) for n in ("id", "title", "updated")),
    ),
    (
        "4.1.1 an author, for all entries",
        lambda feed, entries: bool(feed.findtext(f"{ATOM}author/{ATOM}name")),
    ),
    (
        "4.1.1 one link to itself and one to its page",
        lambda feed, entries: len(links(feed, "self")) == len(links(feed, "alternate")) == 1,
    ),
    (
        "4.1.1 entries stand last",
        lambda feed, entries: (
            "entry"
            not in [c.tag.removeprefix(ATOM) for c in list(feed)[: len(feed) - len(entries)]]
        ),
    ),
    (
        "4.1.2 one id, title and updated",
        lambda feed, entries: all(only(e, n) for e in entries for n in ("id", "title", "updated")),
    ),
    (
        "4.1.2 at most one published and summary",
        lambda feed, entries: all(
            len(e.findall(ATOM + n)) <= 1 for e in entries for n in ("published", "summary")
        ),
    ),
    (
        "4.1.2 a link to a page where there is no content",
        lambda feed, entries: all(len(links(e, "alternate")) == 1 for e in entries),
    ),
    (
        "4.2.6 an id is an absolute IRI",
        lambda feed, entries: all(
            re.fullmatch(r"tag:benefits-dataset,2026:[\w/?&=.~-]+", e.text, re.ASCII)
            for e in feed.iter(f"{ATOM}id")
        ),
    ),
    (
        "4.2.6 ids differ",
        lambda feed, entries: len({e.text for e in feed.iter(f"{ATOM}id")}) == len(entries) + 1,
    ),
    (
        "3.3 times are RFC 3339 with a zone",
        lambda feed, entries: all(
            re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", t) and datetime.fromisoformat(t)
            for t in instants(feed)
        ),
    ),
    (
        "4.2.9 nothing is published after it was updated",
        lambda feed, entries: all(
            e.findtext(f"{ATOM}published") <= e.findtext(f"{ATOM}updated") for e in entries
        ),
    ),
    (
        "4.2.15 the feed is as new as its newest entry",
        lambda feed, entries: (
            not entries
            or feed.findtext(f"{ATOM}updated") == max(e.findtext(f"{ATOM}updated") for e in entries)
        ),
    ),
    (
        "3.1 text is text",
        lambda feed, entries: all(
            e.text and not len(e) and e.get("type", "text") == "text" for e in texts(feed)
        ),
    ),
    (
        "4.2.7 links have an address and a type",
        lambda feed, entries: all(
            e.get("href", "").startswith("/") and "/" in e.get("type", "")
            for e in feed.iter(f"{ATOM}link")
        ),
    ),
    (
        "4.2.2 a category has a term",
        lambda feed, entries: all(e.get("term") for e in feed.iter(f"{ATOM}category")),
    ),
    (
        "6.4 no element of another vocabulary",
        lambda feed, entries: all(e.tag.startswith(ATOM) for e in feed.iter()),
    ),
    ("a reader copes with its length", lambda feed, entries: len(entries) <= 500),
]


@pytest.fixture(scope="module", params=FILTERS)
def feed(request, site):
    answer = site.get(f"/changes.atom?{request.param}")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


@pytest.mark.parametrize("holds", [r[1] for r in RFC_4287], ids=[r[0] for r in RFC_4287])
def test_atom(feed, holds):
    assert holds(feed, feed.findall(f"{ATOM}entry"))


# ---- RFC 5545, by the icalendar library and by its lines -----------------------------------------

UTC = UTC
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


@pytest.fixture(scope="module", params=FILTERS)
def ics(request, site):
    answer = site.get(f"/changes.ics?{request.param}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return answer.content


@pytest.mark.parametrize("holds", [r[1] for r in RFC_5545], ids=[r[0] for r in RFC_5545])
def test_calendar(ics, holds):
    book = Calendar.from_ical(ics)
    assert not book.errors and not any(e.errors for e in book.walk())
    assert holds(ics, book, book.walk("VEVENT"))


# ---- what a filter names -------------------------------------------------------------------------


def listed(site, query: str) -> set[str]:
    """The keys of the dated changes that the answer `timeline` has for a filter."""
    given = dict(parse_qsl(query))
    population = given.pop("population", None)
    rows = site.get(f"/benefits/timeline.json?_shape=array&{urlencode(given)}").json()
    return {
        "/".join(recorded.key_of(c))
        for c in rows
        if c["record"] and population in (None, c["population"])
    }


@pytest.mark.parametrize("query", FILTERS)
def test_a_feed_and_a_calendar_have_what_the_answer_has(site, query):
    kept = {
        key
        for key in entries_in(site.get(f"/changes.atom?{query}").content)
        if not key.startswith(("correction/", "release/"))
    }
    assert kept == listed(site, query)
    events = events_in(site.get(f"/changes.ics?{query}").content)
    held = {key for key, e in events.items() if str(e["status"]) != "CANCELLED"}
    assert held == {key.replace("/", "-") for key in kept}


def test_a_filtered_feed_is_a_feed_of_its_own(site):
    feeds = [
        ElementTree.fromstring(site.get(f"/changes.atom?{query}").content) for query in FILTERS
    ]
    for what in (
        lambda f: f.findtext(f"{ATOM}id"),
        lambda f: f.findtext(f"{ATOM}title"),
        lambda f: links(f, "self")[0].get("href"),
        lambda f: links(f, "alternate")[0].get("href"),
    ):
        assert len(set(map(what, feeds))) == len(FILTERS)
    calendars = [Calendar.from_ical(site.get(f"/changes.ics?{query}").content) for query in FILTERS]
    assert (
        len({str(c["x-wr-calname"]) for c in calendars})
        == len({str(c["uid"]) for c in calendars})
        == len(FILTERS)
    )


@pytest.mark.parametrize("query", FILTERS)
def test_a_feed_leads_to_itself_and_to_its_page(site, query):
    content = site.get(f"/changes.atom?{query}").content
    feed = ElementTree.fromstring(content)
    (itself,), (page,) = links(feed, "self"), links(feed, "alternate")
    assert site.get(itself.get("href")).content == content
    assert (
        dict(parse_qsl(urlsplit(page.get("href")).query))
        == dict(parse_qsl(query))
        == dict(parse_qsl(urlsplit(itself.get("href")).query))
    )
    shown = site.get(page.get("href"))
    assert (
        shown.status_code == 200
        and f'href="{itself.get("href").replace("&", "&amp;")}"' in shown.text
    )


@pytest.mark.parametrize(
    "one, other",
    [
        ("jurisdiction=IL&population=adult", "population=adult&jurisdiction=IL"),
        ("jurisdiction=IL", "court_case=&jurisdiction=IL&population="),
        ("", "jurisdiction=&court_case="),
        (
            f"court_case={CASE}&population=adult&jurisdiction=CA",
            f"jurisdiction=CA&population=adult&court_case={CASE}",
        ),
    ],
)
def test_order_and_empty_parameters_make_no_second_feed(site, one, other):
    for path in ("/changes.atom", "/changes.ics"):
        assert site.get(f"{path}?{one}").content == site.get(f"{path}?{other}").content


def test_what_other_sites_add_to_links_makes_no_second_feed():
    added = {"utm_source": "mail", "population": "", "fbclid": "x", "jurisdiction": "IL"}
    assert feeds.chosen(added) == {"jurisdiction": "IL"}


@pytest.mark.parametrize(
    "query, words",
    [
        ("jurisdiction=IL", ["Illinois"]),
        ("jurisdiction=IL&population=adult", ["Illinois", "Adults"]),
        (f"court_case={CASE}", ["California v."]),
        ("", []),
    ],
)
def test_a_title_names_the_filter_in_words(site, query, words):
    atom = ElementTree.fromstring(site.get(f"/changes.atom?{query}").content).findtext(
        f"{ATOM}title"
    )
    name = str(Calendar.from_ical(site.get(f"/changes.ics?{query}").content)["x-wr-calname"])
    ics = name.replace("\\,", ",").replace(
        "\\;", ";"
    )  # the library leaves names that it does not know as they stand
    assert (
        atom == ics
        and atom.startswith("Benefits dataset: dated changes")
        and all(word in atom for word in words)
    )
    assert bool(words) or atom == "Benefits dataset: dated changes"


@pytest.mark.parametrize(
    "page, query",
    [
        ("/", ""),
        ("/on/2025-07-01/", ""),
        ("/changes", ""),
        (
            "/changes?jurisdiction=IL&court_case=&population=adult",
            "jurisdiction=IL&population=adult",
        ),
        ("/jurisdictions/IL", "jurisdiction=IL"),
        ("/on/2025-07-01/jurisdictions/TX", "jurisdiction=TX"),
        (f"/cases/{CASE}", f"court_case={CASE}"),
    ],
)
def test_a_page_tells_readers_of_its_feed(site, page, query):
    found = re.findall(
        r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="([^"]+)">',
        site.get(page).text,
    )
    assert found == [("/changes.atom" + (f"?{query}" if query else "")).replace("&", "&amp;")]
    feed = ElementTree.fromstring(site.get(found[0].replace("&amp;", "&")).content)
    assert links(feed, "self")[0].get("href") == found[0].replace("&amp;", "&")


# ---- when it was recorded ------------------------------------------------------------------------


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
        entries["/".join(recorded.key_of(dict(r)))]["summary"].startswith("Scheduled. ")
        for r in scheduled
    )


@pytest.mark.parametrize("path", ["/changes.atom", "/changes.ics", "/changes.atom?jurisdiction=IL"])
def test_feeds_are_the_same_bytes_each_time(site, path, database):
    first = site.get(path, headers={"host": "elsewhere.example"})
    assert first.content == site.get(path).content == get(database, path)[0]
    assert site.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert site.get(path, headers={"if-none-match": '"another"'}).status_code == 200


# ---- the day of the event, in words --------------------------------------------------------------

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
        words, key = in_words(row["date"], row["date_precision"]), recorded.key_of(row)
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
    assert entries["coverage/il-hbia-adult-55-64-2024/end"]["title"].startswith(
        "July 1, 2025: IL: "
    )
    assert entries["coverage/il-all-kids-child-2011/start"]["title"].startswith(
        "July 2011 (day unknown): IL: "
    )


# ---- a release after the base -----------------------------------------------------------------


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


def test_a_new_row_is_new_since_its_release(revised):
    content, ics = get(revised, "/changes.atom", "/changes.ics")
    entry = entries_in(content)["events/a-new-event/start"]
    event = events_in(ics)["events-a-new-event-start"]
    assert entry["published"] == entry["updated"] == f"{LATER}T00:00:00Z"
    assert int(event["sequence"]) == 0
    for title in (entry["title"], str(event["summary"])):
        assert title.startswith("January 2027 (day unknown): ")


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


def test_links_of_the_feed_lead_to_pages(revised):
    [content] = get(revised, "/changes.atom")
    addresses = {e.get("href") for e in ElementTree.fromstring(content).iter(f"{ATOM}link")}
    assert len(addresses) > 250 and not any("?" in a for a in addresses)
    get(revised, *sorted(addresses))


# ---- rows that no release has -----------------------------------------------------------------


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


# ---- what was said, step by step -----------------------------------------------------------------

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
