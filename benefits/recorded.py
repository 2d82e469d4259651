"""Find when the dataset recorded each of its dated changes, and which of them it has withdrawn.

The SQL behind `dated_changes` lists what has a date now. The same SQL over the rows of each earlier
release, which `changes` gives, lists what had one then. A change is recorded on the day of the
release that first has it, so no clock is needed.

Rows that are not released yet are those that differ from the zip of the last release. Without that
zip all rows may be new. Their day is the one through which the data goes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from benefits import history
from benefits.dated import SHOWN, DatedChanges, Key

# Corrections of these are counted with the release, not listed one by one.
DOCUMENTS = ("sources", "citations")
# The columns of a citation that an entry shows: a new check of the same source is no change.
OF_A_CITATION = ("table", "record", "source", "locator", "relation")

# What zipfile and json raise on damage, encryption, an unknown method, or a missing file.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    KeyError,
    ValueError,
)


@dataclass
class Entry:
    """One dated change: when it was recorded, and `said`, the last row of it."""

    first: str
    updated: str
    said: dict
    sequence: int = 0
    withdrawn: bool = False


@dataclass
class Step:
    """The dated changes of a release, or of the package after the last release."""

    day: str
    said: dict[Key, dict]
    # Records with a changed cell or citation.
    touched: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Correction:
    """A record that a release changed or removed."""

    version: str
    day: str
    table: str
    record: str
    label: str
    cells: list[tuple[str, str | None, str | None]]  # field, old, new
    reasons: list[str]
    row: dict  # as it is, or as it last was
    removed: bool  # by this release
    present: bool  # now


@dataclass
class Record:
    """All that feeds need: each dated change, the corrections and the releases."""

    entries: dict[Key, Entry]
    corrections: list[Correction]
    releases: list[dict]
    newest: str  # the day of the last release, or through which unreleased data goes


def read(connection: sqlite3.Connection, kept: Path) -> Record:
    """Return the record of a database.

    `kept` is the folder with the zip of each release. Raises ValueError if that of the last release
    is damaged.
    """
    releases = history.by_version(rows_of(connection, "releases"))
    about = rows_of(connection, "dataset")[0]
    present = {t: keyed(connection, t) for t in (*SHOWN, "citations")}
    changes: dict[str, list[dict]] = {r["version"]: [] for r in releases}
    for c in rows_of(connection, "changes"):
        changes[c["version"]].append(c)
    sql = DatedChanges.of_database(connection)
    day = max([about["data_through"], *(r["date"] for r in releases[-1:])])
    last = last_release(connection, releases, kept, present)
    steps = release_steps(sql, releases, changes, present if last is None else last)
    if last is not None:
        touched = changed_records(last, present)
    elif about["version"] in changes:
        touched = set()
    else:
        touched = {(t, record) for t in SHOWN for record in present[t]}
    if touched:
        steps.append(Step(day, dated(sql, present), touched))
    newest = day if touched else releases[-1]["date"]
    return Record(
        follow(steps),
        corrections_of(connection, changes),
        [r | count_changes(changes[r["version"]]) for r in releases],
        newest,
    )


# ---- rows --------------------------------------------------------------------------------------


def rows_of(connection: sqlite3.Connection, table: str) -> list[dict]:
    """Return the rows of a table."""
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]


def primary_key(connection: sqlite3.Connection, table: str) -> str:
    """Return the first column of the primary key of a table."""
    sql = "SELECT name FROM pragma_table_info(?) WHERE pk = 1"
    return connection.execute(sql, [table]).fetchone()[0]


def keyed(connection: sqlite3.Connection, table: str) -> dict[str, dict]:
    """Return the rows of a table by key, with each cell as text."""
    key = primary_key(connection, table)
    if table == "citations":  # only what an entry shows: there are thousands
        columns = ", ".join(f'"{c}"' for c in (key, *OF_A_CITATION))
        cursor = connection.execute(f"SELECT {columns} FROM citations")
        return {record: dict(zip(OF_A_CITATION, cells)) for record, *cells in cursor}
    return {
        r[key]: {c: history.as_text(v) for c, v in r.items()} for r in rows_of(connection, table)
    }


def last_release(
    connection: sqlite3.Connection, releases: list[dict], kept: Path, present: dict
) -> dict[str, dict[str, dict]] | None:
    """Return the rows of the last release by table and key, from its zip.

    Return None if there is no zip. A table whose file has not changed since is the one of
    `present`. Raises ValueError if the zip is damaged.
    """
    path = kept / f"{releases[-1]['version']}.zip" if releases else None
    if path is None or not path.is_file():
        return None
    digests = {t["table"]: t["sha256"] for t in rows_of(connection, "dataset_tables")}
    rows = {}
    try:
        with zipfile.ZipFile(path) as archive:
            names = {
                r["name"]: r["path"]
                for r in json.loads(archive.read("datapackage.json"))["resources"]
            }
            for t in present:
                # A release may not have had the table.
                raw = archive.read(names[t]) if t in names else b""
                if hashlib.sha256(raw).hexdigest() == digests[t]:
                    rows[t] = present[t]
                else:
                    key = primary_key(connection, t)
                    rows[t] = {row[key]: row for row in read_rows(raw)}
    except UNREADABLE as e:
        raise ValueError(f"the kept release {path.name} cannot be read: {e}") from e
    return rows


def read_rows(raw: bytes) -> list[dict]:
    """Return the rows of a CSV file."""
    reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""))
    return [{c: v or None for c, v in row.items()} for row in reader]


# ---- dated changes of each release -------------------------------------------------------------


def dated(sql: DatedChanges, tables: dict[str, dict[str, dict]]) -> dict[Key, dict]:
    """Return the dated changes of rows, which are by table and key."""
    return sql.apply({t: tables[t].values() for t in SHOWN})


def release_steps(
    sql: DatedChanges,
    releases: list[dict],
    changes: dict[str, list[dict]],
    last: dict[str, dict[str, dict]],
) -> list[Step]:
    """Return a step for each release, oldest first, from the rows of the last one."""
    cited = cited_records(changes, last["citations"])
    steps, rows, said = [], last, None
    for release in reversed(releases):
        of_release = changes[release["version"]]
        said = dated(sql, rows) if said is None else said
        steps.append(Step(release["date"], said, touched_records(of_release, cited)))
        by_table = {t: [c for c in of_release if c["table"] == t] for t in SHOWN}
        if any(by_table.values()):
            rows = rows | {t: history.undo_changes(rows[t], by_table[t], {}) for t in SHOWN}
            said = None
    return steps[::-1]


def cited_records(
    changes: dict[str, list[dict]], citations: dict[str, dict]
) -> dict[str, tuple[str, str]]:
    """Return the record that each citation is about, by the key of the citation.

    `citations` are those of the last release; removed ones are in `changes`.
    """
    records = {key: (c["table"], c["record"]) for key, c in citations.items()}
    for change in (c for of_release in changes.values() for c in of_release):
        if change["table"] == "citations" and change["field"] == history.WHOLE_ROW:
            row = json.loads(change["old"] or change["new"])
            records.setdefault(change["record"], (row["table"], row["record"]))
    return records


def touched_records(changes: list[dict], cited: dict[str, tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the records that changes are about: their own cells, or those of their citations."""
    shown = (history.WHOLE_ROW, *OF_A_CITATION)
    records = {(c["table"], c["record"]) for c in changes if c["table"] != "citations"}
    return records | {
        cited[c["record"]]
        for c in changes
        if c["table"] == "citations" and c["field"] in shown and c["record"] in cited
    }


def changed_records(
    old: dict[str, dict[str, dict]], new: dict[str, dict[str, dict]]
) -> set[tuple[str, str]]:
    """Return the records that differ between two states, in a cell or in a citation."""
    records = set()
    for table in (t for t in old if old[t] is not new[t]):
        for key in old[table].keys() | new[table].keys():
            a, b = old[table].get(key) or {}, new[table].get(key) or {}
            columns = OF_A_CITATION if table == "citations" else a.keys() | b.keys()
            if all(a.get(c) == b.get(c) for c in columns):
                continue
            row = b or a
            record = (row["table"], row["record"]) if table == "citations" else (table, key)
            records.add(record)
    return records


def follow(steps: list[Step]) -> dict[Key, Entry]:
    """Return the entry of each dated change, from the first step to the last."""
    entries: dict[Key, Entry] = {}
    for step in steps:
        for key in entries.keys() | step.said.keys():
            said, entry = step.said.get(key), entries.get(key)
            if entry is None:
                entries[key] = Entry(step.day, step.day, said)
            elif said is None and entry.withdrawn:
                continue
            elif said != entry.said or entry.withdrawn or key[:2] in step.touched:
                entry.updated, entry.sequence = step.day, entry.sequence + 1
                entry.withdrawn, entry.said = said is None, said or entry.said
    return entries


# ---- corrections and releases ------------------------------------------------------------------


def corrections_of(
    connection: sqlite3.Connection, changes: dict[str, list[dict]]
) -> list[Correction]:
    """Return the records that a release changed or removed, oldest release first.

    Those of DOCUMENTS are skipped.
    """
    labels = {(r["table"], r["record"]): r["label"] for r in rows_of(connection, "records")}
    groups: dict[tuple, list[dict]] = {}
    for version in changes:
        for c in changes[version]:
            if c["table"] not in DOCUMENTS and (c["field"] != history.WHOLE_ROW or c["old"]):
                groups.setdefault((version, c["table"], c["record"]), []).append(c)
    removed = {
        (c["table"], c["record"]): json.loads(c["old"])
        for group in groups.values()
        for c in group
        if c["field"] == history.WHOLE_ROW
    }
    tables = {table for _, table, _ in groups} | {"programs", "events"}
    present = {table: keyed(connection, table) for table in tables}

    def last_row(table: str, record: str | None) -> dict:
        return present[table].get(record) or removed.get((table, record)) or {}

    corrections = []
    for (version, table, record), group in groups.items():
        row = last_row(table, record)
        row = {
            "jurisdiction": last_row("programs", row.get("program")).get("jurisdiction"),
            "court_case": last_row("events", row.get("event")).get("court_case"),
        } | row
        cells = [(c["field"], c["old"], c["new"]) for c in group if c["field"] != history.WHOLE_ROW]
        correction = Correction(
            version,
            group[0]["date"],
            table,
            record,
            labels.get((table, record)) or row.get("title") or row.get("name") or record,
            cells,
            sorted({c["reason"] for c in group if c["reason"]}),
            row,
            removed=not cells,
            present=record in present[table],
        )
        corrections.append(correction)
    return corrections


def count_changes(changes: list[dict]) -> dict[str, int]:
    """Return how many records a release added, changed and removed."""
    rows = [c for c in changes if c["field"] == history.WHOLE_ROW]
    cells = {(c["table"], c["record"]) for c in changes if c["field"] != history.WHOLE_ROW}
    return {
        "added": sum(c["old"] is None for c in rows),
        "removed": sum(c["new"] is None for c in rows),
        "changed": len(cells),
    }
