"""The dated changes as feeds: /changes.atom for feed readers and /changes.ics for calendars, past and scheduled.

The Datasette plugins for both put the clock or the address asked for into what they write; these do not: the same data gives the
same bytes, and a dataset has no address of its own until somebody serves it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

from datasette import Response, hookimpl

ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Benefits dataset: dated changes"


async def changes(datasette, request) -> list[dict]:
    query = await datasette.get_canned_query("benefits", "timeline", None)
    asked = {name: request.args.get(name) or "" for name in query["params"]}
    found = [dict(r) for r in (await datasette.get_database("benefits").execute(query["sql"], asked)).rows]
    population = request.args.get("population")
    return [c for c in found if c["record"] and population in (None, "", c["population"])]


def key(change) -> str:
    """An identifier that never changes: the record, and which of its dates this is."""
    return f"{change['table']}/{change['record']}/{'end' if change['kind'] == 'coverage_ends' else 'start'}"


def summary(change) -> str:
    known = "" if change["date_precision"] == "day" else f"Only the {change['date_precision']} is known. "
    standing = "" if change["standing"] == "established" else f"{change['standing'].capitalize()}, not established. "
    return f"{'Scheduled. ' if change['scheduled'] else ''}{known}{standing}{change['summary'] or ''} Sources: {change['citations']}"


def path(change) -> str:
    return f"/benefits/evidence_for?table={change['table']}&record={change['record']}"


async def atom(datasette, request):
    found = await changes(datasette, request)
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")

    def add(parent, name, text=None, **attributes):
        element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
        element.text = text

    add(feed, "id", "tag:benefits-dataset,2026:changes")
    add(feed, "title", TITLE)
    add(feed, "updated", f"{max((c['date'] for c in found), default='2026-01-01')}T00:00:00Z")
    add(feed, "link", rel="self", href="/changes.atom")
    add(feed, "link", href="/changes")
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    add(author, "name", "Benefits dataset maintainers")
    for c in reversed(found):
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        add(entry, "id", f"tag:benefits-dataset,2026:{key(c)}")
        add(entry, "title", (f"{c['jurisdiction']}: " if c["jurisdiction"] else "") + c["title"])
        add(entry, "updated", f"{c['date']}T00:00:00Z")
        add(entry, "link", href=path(c))
        add(entry, "summary", summary(c))
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="utf-8") + b"\n"
    return Response(body.decode(), content_type="application/atom+xml; charset=utf-8")


async def calendar(datasette, request):
    from icalendar import Calendar, Event  # a tenth of the start of the site, for one page

    found = await changes(datasette, request)
    book = Calendar()
    book.add("prodid", "-//Benefits dataset//Dated changes//EN")
    book.add("version", "2.0")
    book.add("x-wr-calname", TITLE)
    for c in found:
        day = date.fromisoformat(c["date"])
        event = Event()
        event.add("uid", key(c).replace("/", "-") + "@benefits-dataset")
        event.add("dtstamp", datetime.fromisoformat(c["data_through"]).replace(tzinfo=timezone.utc))
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", (f"{c['jurisdiction']}: " if c["jurisdiction"] else "") + c["title"])
        event.add("description", summary(c))
        event.add("transp", "TRANSPARENT")
        book.add_component(event)
    return Response(book.to_ical().decode(), content_type="text/calendar; charset=utf-8")


@hookimpl
def register_routes():
    return [(r"^/changes\.atom$", atom), (r"^/changes\.ics$", calendar)]
