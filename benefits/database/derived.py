"""Make the tables that Python derives: the citations of each record, and earlier states of rows."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter

import sqlite_utils

from benefits import history
from benefits.database.source import read_cells, require_unchanged
from benefits.package import Package
from benefits.periods import latest_start
from benefits.reading import load

# The answers can be asked for earlier states of these tables (`known_at`): NAME_known has every
# state with its days.
KEPT = ("programs", "coverage", "absences", "roles", "events", "order_terms")
RANKS = {"primary": 1, "secondary": 2}  # of sources, by reliability; any other comes last
# How sources are introduced in the text, in their order, and how many are named at most.
RELATIONS = {"supports": ("", 4), "contradicts": ("against: ", 2), "differs": ("differs: ", 1)}
LONGEST_LOCATORS = 120  # characters


def make_derived(db: sqlite_utils.Database, package: Package, digests: dict[str, str]) -> None:
    """Write the derived tables of a package. Raises BuildError if its files have other digests."""
    source = load(package.root, only=(*KEPT, "changes", "releases", "sources"))
    require_unchanged(source, digests)
    table = db.table("record_citations")
    columns = {"table": str, "record": str, "citations": str, "last_checked": str}
    table.create(columns, pk=("table", "record"), strict=True)
    insert_rows(db, table.name, 4, record_citations(source, digests))
    for name in KEPT:
        make_known(db, source, name)


def insert_rows(db: sqlite_utils.Database, name: str, width: int, rows) -> None:
    """Insert rows of `width` cells into a table."""
    db.conn.executemany(f"INSERT INTO [{name}] VALUES ({', '.join('?' * width)})", rows)


# ---- citations ---------------------------------------------------------------------------------


def record_citations(package: Package, digests: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Return (table, record, text, day of the last look) for each record with citations.

    The text is short, since every answer has it: the best sources with their locators. The answer
    evidence_for has them all.
    """
    sources = {s["source"]: source_rank(s) for s in package.rows("sources")}
    columns = ("table", "record", "source", "relation", "locator", "checked_on")
    pick = itemgetter(*map(package.tables["citations"].columns.index, columns))
    cited: dict[tuple[str, str], dict[tuple, set]] = {}
    last: dict[tuple[str, str], str] = {}
    rows = map(pick, read_cells(package, "citations", digests))
    for table, record, source, relation, locator, day in rows:
        last[table, record] = max(day, last.get((table, record), ""))
        citations = cited.setdefault((table, record), {})
        place = list(RELATIONS).index(relation)
        citations.setdefault((place, sources[source]), set()).add(locator)
    return [
        (*record, citation_text(citations), last[record])
        for record, citations in sorted(cited.items())
    ]


def source_rank(source: dict) -> tuple[int, str, str]:
    """Return by what sources are sorted, and last the title of a source with its publisher."""
    publisher = f" ({source['publisher']})" if source["publisher"] else ""
    rank = RANKS.get(source["reliability"], 3)
    return rank, source["source"], source["title"] + publisher


def citation_text(citations: dict[tuple, set]) -> str:
    """Return the citations of one record as text.

    `citations` has the locators by (place of the relation in RELATIONS, rank of the source).
    """
    parts: list[str] = []
    counts: Counter[int] = Counter()
    for (place, (*_, title)), locators in sorted(citations.items()):
        introduced, most = list(RELATIONS.values())[place]
        counts[place] += 1
        if counts[place] <= most:
            places = ", ".join(sorted(locators))
            if len(places) > LONGEST_LOCATORS:
                places = "several places"
            parts.append(f"{introduced}{title}, {places}")
    if more := len(citations) - len(parts):
        parts.append(f"and {more} more")
    return "; ".join(parts)


# ---- earlier states ----------------------------------------------------------------------------


def make_known(db: sqlite_utils.Database, package: Package, name: str) -> None:
    """Write the table NAME_known: every state that each row of a table has had."""
    table = package.tables[name]
    columns, rows = known_rows(package, name)
    integers = {f["name"] for f in table.fields if f["type"] == "integer"}
    known = db.table(f"{name}_known")
    known.create(
        {c: int if c in integers else str for c in columns},
        not_null={"known_from", "known_to"},
        strict=True,
    )
    insert_rows(db, known.name, len(columns), rows)
    keys = table.resource["schema"].get("foreignKeys", [])
    for column in [table.primary_key[0], *(key["fields"][0] for key in keys)]:
        known.create_index([column])


def known_rows(package: Package, name: str) -> tuple[list[str], list[tuple]]:
    """Return the columns and rows of NAME_known."""
    table = package.tables[name]
    rows = {table.key_of(row): row for row in table.rows}
    changes = [c for c in package.rows("changes") if c["table"] == name]
    types = {f["name"]: f["type"] for f in table.fields}
    states = history.known_states(rows, changes, types, package.rows("releases"))
    columns = [*table.columns, "known_from", "known_to"]
    if "valid_from_precision" in columns:
        columns.append("starts_by")
        for state in states:
            start, precision = state["valid_from"], state["valid_from_precision"]
            state["starts_by"] = start and latest_start(start, precision)
    return columns, [tuple(map(state.get, columns)) for state in states]
