"""Packages with changes, and how their feeds and calendars are read."""

from __future__ import annotations

import asyncio
import csv
import json
from xml.etree import ElementTree

from icalendar import Calendar

from benefits import reading
from benefits.database import build as build_verb
from benefits.web import app as site_app

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


def instants(feed):
    return [e.text for e in feed.iter() if e.tag in (f"{ATOM}updated", f"{ATOM}published")]


def links(element, rel):
    return [e for e in element.findall(f"{ATOM}link") if e.get("rel", "alternate") == rel]
