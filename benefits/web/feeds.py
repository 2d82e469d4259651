"""The dated changes as feeds: /changes.atom for feed readers and /changes.ics for calendars.

What is dated comes from the answer `timeline`; when the dataset recorded it, corrected it or took
it back, from benefits/recorded.py. No clock: the same data gives the same bytes. A dataset has no
address of its own until somebody serves it, so links begin with a slash.

Each entry names its heading as a category: changes to come, changes and corrections of the past, or
commentary. The entry of a change of several rows has the key of the first of them.

A filtered feed is a feed of its own: its id and its link hold the filter, in one order, without
what is empty and without what other sites add to links.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from datasette import Response, hookimpl
from icalendar import Calendar, Event, vText

from benefits import recorded
from benefits.dated import COMMENTARY, PAST, Key, day_in_words, heading_of, key_of
from benefits.package import ROOT
from benefits.web.adapter import answers_of

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
TAG = "tag:benefits-dataset,2026"
TITLE = "Benefits dataset: dated changes"
AUTHOR = "Benefits dataset maintainers"
FILTERS = ("jurisdiction", "court_case", "population")
MOST_ENTRIES = 500  # of a feed: more than feed readers keep; the page has all of them
MOST_EVENTS = 2_000  # of a calendar: more than it has, and few enough to be made in a second
LAST_LINE = b"END:VCALENDAR\r\n"
MOST_OF_A_CELL = 300  # characters of a corrected cell that an entry quotes
NAMES = {
    "jurisdiction": "SELECT name FROM jurisdictions WHERE jurisdiction = ?",
    "court_case": "SELECT caption FROM cases WHERE court_case = ?",
    "population": "SELECT label FROM populations WHERE population = ?",
}
PARTIES = """
SELECT DISTINCT court_case FROM roles WHERE jurisdiction = ? AND role <> 'none_found'"""


# ---- what a feed is about ----------------------------------------------------------------------


def chosen(args) -> dict[str, str]:
    """Return the filter that a request asks for, in the one order that names the feed."""
    return {name: args.get(name) for name in FILTERS if args.get(name)}


def address(page: str, filters: dict[str, str]) -> str:
    return page + ("?" + urlencode(filters) if filters else "")


async def title_of(datasette, filters: dict[str, str]) -> str:
    """Return the title of a feed, which names its filter in words."""
    database = datasette.get_database("benefits")
    names = [(await database.execute(NAMES[name], [value])).rows for name, value in filters.items()]
    return ", ".join([TITLE, *(rows[0][0] for rows in names)])


async def record_of(datasette) -> recorded.Record:
    """Return what was said when, read once for as long as the site runs."""
    if not hasattr(datasette, "kept_by_feeds"):
        database = datasette.get_database("benefits")
        read = await database.execute_fn(lambda c: recorded.read(c, ROOT / "releases"))
        datasette.kept_by_feeds = read
    return datasette.kept_by_feeds


async def changes(datasette, filters: dict[str, str]) -> list[dict]:
    """Return the rows of the answer `timeline` for a filter, in date order."""
    query = answers_of(datasette)["timeline"]
    values = {name: filters.get(name, "") for name in query["params"]}
    rows = (await datasette.get_database("benefits").execute(query["sql"], values)).rows
    return [dict(r) for r in rows if r["record"]]


async def matcher(datasette, filters: dict[str, str]):
    """Return whether a row that the answer no longer has belongs to a filter, as a function."""
    database, place = datasette.get_database("benefits"), filters.get("jurisdiction")
    party = {r[0] for r in (await database.execute(PARTIES, [place])).rows} if place else set()

    def matches(row: dict) -> bool:
        there = row.get("jurisdiction") == place
        in_its_case = not row.get("jurisdiction") and row.get("court_case") in party
        people = (row.get("populations") or row.get("population") or "").split()
        return (
            (not place or there or in_its_case)
            and filters.get("court_case") in (None, row.get("court_case"))
            and ("population" not in filters or filters["population"] in people)
        )

    return matches


# ---- words -------------------------------------------------------------------------------------


def headline(change: dict) -> str:
    place = f"{change['jurisdiction']}: " if change["jurisdiction"] else ""
    return place + change["title"]


def dated(change: dict) -> str:
    return day_in_words(change["date"], change["date_precision"])


def summary(change: dict, entry: recorded.Entry) -> str:
    firm = change["standing"] == "established"
    said = [
        change["in_words"],
        "" if firm else f"{change['standing'].capitalize()}, not established.",
        change["summary"] or "",
        f"Sources: {sentence(change['citations'])}",
        history_in_words(entry),
    ]
    return " ".join(filter(None, said))


def sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."


def history_in_words(entry: recorded.Entry) -> str:
    first = f"Recorded on {day_in_words(entry.first)}."
    last = f" Last changed on {day_in_words(entry.updated)}." if entry.sequence else ""
    return first + last


def cell_in_words(value: str | None) -> str:
    if value is None:
        return "empty"
    cut = value if len(value) <= MOST_OF_A_CELL else value[:MOST_OF_A_CELL].rstrip() + "…"
    return f"“{cut}”"


def correction_in_words(correction: recorded.Correction) -> str:
    cells = [
        f"{name} was {cell_in_words(old)} and is now {cell_in_words(new)}."
        for name, old, new in correction.cells
    ]
    why = [f"Reason: {reason}" for reason in correction.reasons]
    what = "This record was taken out." if correction.removed else "This record was corrected."
    return " ".join([what, *cells, *why])


def release_in_words(release: dict) -> str:
    if release["level"] == "first":
        return "The first release of the dataset."
    counts = ", ".join(f"{release[what]:,} {what}" for what in ("added", "changed", "removed"))
    return f"A {release['level']} release. Records: {counts}."


# ---- entries of the feed -----------------------------------------------------------------------


def evidence(table: str, record: str) -> str:
    return f"/evidence/{table}/{record}"


def change_entry(change: dict, entry: recorded.Entry) -> dict:
    return {
        "id": f"{TAG}:{'/'.join(key_of(change))}",
        "title": f"{dated(change)}: {headline(change)}",
        "published": entry.first,
        "updated": entry.updated,
        "date": change["date"],
        "link": evidence(change["table"], change["record"]),
        "summary": summary(change, entry),
        "category": change["kind"],
        "heading": heading_of(change, change["data_through"]),
    }


def correction_entry(correction: recorded.Correction) -> dict:
    what = "Taken out" if correction.removed else "Corrected"
    place = correction.row.get("jurisdiction")
    label = (f"{place}: " if place else "") + correction.label
    gone = correction.removed or not correction.present
    return {
        "id": f"{TAG}:correction/{correction.version}/{correction.table}/{correction.record}",
        "title": f"{day_in_words(correction.day)}: {what} in {correction.version}: {label}",
        "published": correction.day,
        "updated": correction.day,
        "date": correction.day,
        "link": "/changes" if gone else evidence(correction.table, correction.record),
        "summary": correction_in_words(correction),
        "category": "correction",
        "heading": PAST,
    }


def release_entry(release: dict) -> dict:
    return {
        "id": f"{TAG}:release/{release['version']}",
        "title": f"{day_in_words(release['date'])}: Release {release['version']}",
        "published": release["date"],
        "updated": release["date"],
        "date": release["date"],
        "link": "/changes",
        "summary": release_in_words(release),
        "category": "release",
        "heading": COMMENTARY,
    }


async def entries_of(datasette, filters: dict[str, str]) -> list[dict]:
    """Return all entries of a feed, the last recorded first, then by the day they are about.

    Corrections come after what else was recorded on the day: a release may have hundreds.
    """
    record, matches = await record_of(datasette), await matcher(datasette, filters)
    entries = [
        change_entry(c, record.entries[key_of(c)]) for c in await changes(datasette, filters)
    ]
    entries += [correction_entry(c) for c in record.corrections if matches(c.row)]
    entries += [] if filters else [release_entry(r) for r in record.releases]

    def order(entry: dict) -> tuple:
        is_correction = entry["category"] == "correction"
        return entry["updated"], not is_correction, entry["date"], entry["id"]

    return sorted(entries, key=order, reverse=True)


def midnight(day: str) -> str:
    return f"{day}T00:00:00Z"


def add(parent, name: str, text: str | None = None, **attributes) -> ET.Element:
    element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element


def document(entries: list[dict], filters: dict[str, str], title: str, newest: str, url) -> bytes:
    """Return a feed as Atom. `url` turns a path of this site into its address."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed", {XML_LANG: "en"})
    add(feed, "id", address(f"{TAG}:changes", filters))
    add(feed, "title", title)
    if len(entries) > MOST_ENTRIES:
        add(feed, "subtitle", f"The newest {MOST_ENTRIES} of {len(entries):,}. The page has all.")
    add(feed, "updated", midnight(entries[0]["updated"] if entries else newest))
    page, itself = address(url("/changes"), filters), address(url("/changes.atom"), filters)
    add(feed, "link", rel="self", type="application/atom+xml", href=itself)
    add(feed, "link", rel="alternate", type="text/html", href=page)
    add(add(feed, "author"), "name", AUTHOR)
    for e in entries[:MOST_ENTRIES]:
        entry = add(feed, "entry")
        add(entry, "id", e["id"])
        add(entry, "title", e["title"])
        add(entry, "published", midnight(e["published"]))
        add(entry, "updated", midnight(e["updated"]))
        add(entry, "link", rel="alternate", type="text/html", href=url(e["link"]))
        add(entry, "category", term=e["heading"], scheme=f"{TAG}:heading")
        add(entry, "category", term=e["category"])
        add(entry, "summary", e["summary"])
    return ET.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n"


async def atom(datasette, request):
    filters = chosen(request.args)
    entries, record = await entries_of(datasette, filters), await record_of(datasette)
    title = await title_of(datasette, filters)
    body = document(entries, filters, title, record.newest, datasette.urls.path)
    return Response(body.decode(), content_type="application/atom+xml; charset=utf-8")


# ---- events of the calendar --------------------------------------------------------------------


def instant(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def event_of(change: dict, entry: recorded.Entry, description: str, heading: str) -> bytes:
    """Return one change as an event of the whole day, or of the first that it may have been."""
    day, known = date.fromisoformat(change["date"]), change["date_precision"] == "day"
    event = Event()
    event.add("uid", "-".join(key_of(change)) + "@benefits-dataset")
    event.add("dtstamp", instant(entry.updated))
    event.add("created", instant(entry.first))
    event.add("last-modified", instant(entry.updated))
    event.add("sequence", entry.sequence)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", ("" if known else f"{dated(change)}: ") + headline(change))
    event.add("description", description)
    event.add("categories", [heading])
    firm = "CONFIRMED" if change["standing"] == "established" else "TENTATIVE"
    event.add("status", "CANCELLED" if entry.withdrawn else firm)
    event.add("transp", "TRANSPARENT")
    return event.to_ical()


def withdrawn_in_words(entry: recorded.Entry) -> str:
    when = day_in_words(entry.updated)
    return f"Withdrawn on {when}: the dataset no longer says so. It had said: {dated(entry.said)}."


def head_of(filters: dict[str, str], title: str, newest: str) -> bytes:
    """Return the calendar without events and without its last line."""
    book = Calendar()
    book.add("prodid", "-//Benefits dataset//Dated changes//EN")
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    book.add("uid", address(f"{TAG}:changes", filters))
    book["name"] = book["x-wr-calname"] = vText(title)  # which the library would not escape
    book.add("last-modified", instant(newest))
    book.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    book.add("x-published-ttl", "P1D")
    return book.to_ical().removesuffix(LAST_LINE)


def made_events(datasette) -> dict[Key, bytes]:
    """Return the events made so far: the same in every calendar, and slow to make."""
    if not hasattr(datasette, "events_of_feeds"):
        datasette.events_of_feeds = {}
    return datasette.events_of_feeds


async def calendar(datasette, request):
    filters = chosen(request.args)
    record, matches = await record_of(datasette), await matcher(datasette, filters)
    events = [(c, record.entries[key_of(c)]) for c in await changes(datasette, filters)]
    events += [(e.said, e) for e in record.entries.values() if e.withdrawn and matches(e.said)]
    events = sorted(events, key=lambda one: (one[0]["date"], key_of(one[0])))[-MOST_EVENTS:]
    ready, lines = made_events(datasette), []
    for change, entry in events:
        key = key_of(change)
        if key not in ready:
            if entry.withdrawn:
                ready[key] = event_of(change, entry, withdrawn_in_words(entry), PAST)
            else:
                heading = heading_of(change, change["data_through"])
                ready[key] = event_of(change, entry, summary(change, entry), heading)
        lines.append(ready[key])
    newest = max((entry.updated for _, entry in events), default=record.newest)
    head = head_of(filters, await title_of(datasette, filters), newest)
    body = head + b"".join(lines) + LAST_LINE
    return Response(body.decode(), content_type="text/calendar; charset=utf-8")


@hookimpl
def register_routes():
    return [(r"^/changes\.atom$", atom), (r"^/changes\.ics$", calendar)]
