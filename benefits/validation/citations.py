"""Rules on citations: the sources of each fact."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from benefits.validation.registry import facts, located, readable, record_keys, rule


@lru_cache(maxsize=1)
def citations_by_record(package):
    """Return lists of (line, citation) by (table, record)."""
    by_record = defaultdict(list)
    for _, line, row in located(package, "citations"):
        by_record[row["table"], row["record"]].append((line, row))
    return by_record


@rule(
    "citation-target",
    "name a table of the package, a primary key of it, and one of its columns or none",
)
def citation_target(package):
    keys = record_keys(package)
    for table, line, row in located(package, "citations"):
        target = package.tables.get(row["table"])
        if target is None or not target.readable:
            continue
        if row["record"] not in keys[target.name]:
            yield table, line, row, "record", f"{row['record']!r} is not in {target.path}"
        if row["field"] is not None and row["field"] not in target.columns:
            yield table, line, row, "field", f"{row['field']!r} is not a column of {target.path}"


@rule(
    "citation-missing",
    "add a row to data/citations.csv with the source that was read and its locator",
)
def citation_missing(package):
    if not readable(package, "citations"):
        return
    by_record = citations_by_record(package)
    for table in facts(package):
        cited = [f["name"] for f in table.fields if f.get("cited")]
        for line, row in table.located():
            if row.get("basis") == "searched":
                continue
            support = {
                c["field"]
                for _, c in by_record.get((table.name, table.key_of(row)), [])
                if c["relation"] == "supports"
            }
            if not support:
                yield table, line, row, "", "has no citation that supports it"
            for column in cited:
                if row[column] is not None and column not in support:
                    yield table, line, row, column, f"{row[column]!r} has no citation of its own"


@rule(
    "conflict-pair",
    "cite both sides of the same cell, one supports and one contradicts, with a note on what the"
    " other side says",
)
def conflict_pair(package):
    for record in citations_by_record(package).values():
        supported = {c["field"] for _, c in record if c["relation"] == "supports"}
        for line, c in record:
            if c["relation"] != "supports":
                table = package.tables["citations"]
                if c["field"] not in supported:
                    yield (
                        table,
                        line,
                        c,
                        "relation",
                        (
                            f"{c['relation']} {c['field'] or 'the record'} of {c['record']},"
                            " which no citation supports"
                        ),
                    )
                if not c["note"]:
                    yield (
                        table,
                        line,
                        c,
                        "note",
                        f"is empty although the source {c['relation']}",
                    )


# A row of these says what a survey or an article says, which needs no better source.
OWN_SOURCES = {"survey_answers", "claims"}


@rule(
    "third-hand",
    "say reported instead of established, clear the cell, or cite a primary or secondary source",
)
def third_hand(package):
    if not readable(package, "citations", "sources"):
        return
    citations = support_by_field(package)
    message = "rests on third-hand sources alone and is shown as established"
    for table in facts(package):
        if table.name in OWN_SOURCES:
            continue
        columns = [f["name"] for f in table.fields if f.get("cited")]
        for line, row in table.located():
            if not is_firm(table.name, row):
                continue
            support = citations[table.name, table.key_of(row)]
            if support and set().union(*support.values()) == {"third_hand"}:
                yield table, line, row, "", message
            elif table.name != "coverage":  # its answers say how firmly each field is known
                for column in columns:
                    if support.get(column) == {"third_hand"}:
                        yield table, line, row, column, f"{row.get(column)!r} {message}"


def support_by_field(package):
    """Return {(table, record): {field: reliabilities of the sources in support}}."""
    reliability = {s["source"]: s["reliability"] for s in package.rows("sources")}
    support = defaultdict(lambda: defaultdict(set))
    for record, citations in citations_by_record(package).items():
        for _, c in citations:
            if c["relation"] == "supports":
                support[record][c["field"]].add(reliability.get(c["source"]))
    return support


@rule(
    "row-standing",
    "write the standing that the citations give, or correct the citations of the whole row",
)
def row_standing(package):
    """Check that the standing of a coverage row follows from its citations."""
    if not readable(package, "coverage", "citations", "sources"):
        return
    citations, support = citations_by_record(package), support_by_field(package)
    for table, line, row in located(package, "coverage"):
        record = "coverage", row["coverage"]
        if record not in support:
            continue
        sources = support[record].get(None) or set().union(*support[record].values())
        if any(c["relation"] == "contradicts" and not c["field"] for _, c in citations[record]):
            standing, why = "disputed", "a source contradicts the whole row"
        elif sources == {"third_hand"}:
            standing, why = "reported", "only third-hand sources support the whole row"
        else:
            standing, why = "established", "a primary or secondary source supports the whole row"
        if row["standing"] != standing:
            message = f"is {row['standing']}, but {why}, which gives {standing}"
            yield table, line, row, "standing", message


def is_firm(table: str, row: dict) -> bool:
    """Return whether a row is shown as established."""
    if table == "absences":
        return row.get("finding") == "none"
    return row.get("standing", "established") == "established"


@rule(
    "check-date",
    "write the day on which somebody looked at this source for this cell; who opens the source"
    " again moves `retrieved` too",
)
def check_date(package):
    """Check that a look at a source lies between its publication and the day it was last opened."""
    if not readable(package, "citations", "sources"):
        return
    sources = {s["source"]: s for s in package.rows("sources")}
    for table, line, row in located(package, "citations"):
        day, source = row["checked_on"], sources.get(row["source"])
        if not day or source is None:
            continue  # a fault already
        if source["retrieved"] and day > source["retrieved"]:
            message = f"{day} is after {source['retrieved']}, when {row['source']} was last opened"
            yield table, line, row, "checked_on", message
        published = source["published"] if source["published_precision"] == "day" else None
        if published and day < published:
            message = f"{day} is before {published}, when {row['source']} was published"
            yield table, line, row, "checked_on", message


@rule("absence-basis", "cite what says so, or say not_established or searched")
def absence_basis(package):
    for table, line, row in located(package, "absences"):
        if row["finding"] == "none" and row["basis"] == "searched":
            yield (
                table,
                line,
                row,
                "basis",
                "a search without result does not establish that there is none",
            )
        if row["basis"] == "searched" and not row["note"]:
            yield table, line, row, "note", "is empty: say what was searched"


@rule("source-unused", "cite the source or remove it")
def source_unused(package):
    if not readable(package, "sources", "citations"):
        return
    used = {c["source"] for c in package.rows("citations")}
    for table, line, row in located(package, "sources"):
        if row["source"] not in used:
            yield table, line, row, "source", "is cited by no record"
