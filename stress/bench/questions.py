"""The requests to the site and to its peer, stock Datasette."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from stress.bench.processes import BIN

# The requests of readers, for many days, so that no request comes twice in a row.
DAYS = [
    f"{year}-{month:02}-{day:02}"
    for year in (2024, 2025, 2026)
    for month in range(1, 12)
    for day in (3, 11, 19, 27)
]
PLACES = ("CA", "IL", "TX", "MN", "NY", "DC", "WI", "FL")
PAGES = [
    f"/on/{day}{page}"
    for day in DAYS
    for page in (
        "/",
        "/coverage",
        "/cases/california-v-hhs",
        *(f"/jurisdictions/{place}" for place in PLACES),
    )
]
COVERAGE = [
    f"/benefits/coverage_on.json?as_of={day}&jurisdiction={place}&_shape=array"
    for day in DAYS
    for place in PLACES
]
SHARING = [
    f"/benefits/sharing_on.json?as_of={day}&jurisdiction={place}&data_element=address&_shape=array"
    for day in DAYS
    for place in PLACES
]
ROLES = [
    f"/benefits/roles_on.json?as_of={day}&court_case=california-v-hhs&_shape=array" for day in DAYS
]
JSON = COVERAGE + SHARING + ROLES

# For each answer the parameters of a reader, and those for all its rows.
ANSWERS = {
    "coverage_on": ({"as_of": "2025-06-30", "jurisdiction": "IL"}, {"as_of": "2025-06-30"}),
    "roles_on": ({"as_of": "2025-09-15", "court_case": "cedc-v-bessent"}, {"as_of": "2025-09-15"}),
    "sharing_on": ({"as_of": "2026-01-06", "jurisdiction": "CA"}, {"as_of": "2026-01-06"}),
    "eligibility": (
        {"as_of": "2025-06-30", "jurisdiction": "IL", "age": "50"},
        {"as_of": "2025-06-30"},
    ),
    "timeline": ({"jurisdiction": "CA"}, {}),
    "changes_between": ({"jurisdiction": "CA"}, {"from": "1990-01-01", "to": "2035-01-01"}),
    "evidence_for": ({"table": "coverage", "record": "il-hbia-adult-42-54-2022"}, {}),
    "history_of": ({"table": "coverage", "record": "il-hbia-adult-42-54-2022"}, {}),
    "survey_agreement": ({"survey": "kff_2024_03"}, {}),
    "gaps": ({"as_of": "2025-06-30"}, {}),
    "search": ({"q": "illinois"}, {}),
}

# The requests of an attacker.
ANYWHERE = ["/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 900]
HOSTILE = [
    "/benefits/coverage?" + "&".join(f"program=x{i}" for i in range(3_000)),
    "/benefits/citations?" + "&".join(["_facet=source"] * 200),
    "/benefits/coverage_on?as_of=junk",
    *ANYWHERE,
    "/benefits/nowhere.json?x=" + "b" * 1_900,
]
STOCK_JSON = [f"/fixtures/some.json?state={place}&_shape=array" for place in PLACES]
STOCK_TABLE = [f"/fixtures/facetable?state={place}" for place in PLACES]
STOCK_HOSTILE = [
    "/fixtures/facetable?" + "&".join(f"city=x{i}" for i in range(3_000)),
    "/fixtures/facetable?" + "&".join(["_facet=neighborhood"] * 200),
    "/fixtures/facetable?pk__gt=junk",
    *ANYWHERE,
    "/fixtures/nowhere.json?x=" + "b" * 1_900,
]

STOCK_SQL = """
CREATE TABLE facetable (pk INTEGER PRIMARY KEY, created TEXT, planet_int INTEGER,
    on_earth INTEGER, state TEXT, city TEXT, neighborhood TEXT, tags TEXT, n REAL)
"""
STOCK_QUERY = (
    "select pk, state, city, neighborhood from facetable where state = :state order by pk limit 60"
)


def stock_command(place: Path, port: int) -> list:
    """Return the command by which stock Datasette serves a table; create the table if necessary.

    It has 10,000 rows and the columns of Datasette's own fixtures; a canned query returns 60 rows.
    """
    database, metadata = place / "fixtures.db", place / "fixtures.json"
    if not database.exists():
        with sqlite3.connect(database) as db:
            db.execute(STOCK_SQL)
            sql = "INSERT INTO facetable VALUES (?,?,?,?,?,?,?,?,?)"
            db.executemany(sql, map(stock_row, range(10_000)))
        db.close()
        queries = {"queries": {"some": {"sql": STOCK_QUERY}}}
        metadata.write_text(json.dumps({"databases": {"fixtures": queries}}))
    return [BIN / "datasette", "-i", database, "-m", metadata, "-p", port]


def stock_row(i: int) -> tuple:
    """Return a row of the table of stock Datasette."""
    return (
        i,
        f"2019-01-{i % 28 + 1:02} 08:00:00",
        i % 3,
        i % 2,
        PLACES[i % 8],
        f"city {i % 40}",
        f"neighborhood {i}",
        '["tag1", "tag2"]',
        i / 7,
    )
