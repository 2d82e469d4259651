"""When the dataset recorded each of its dated changes, and which of them it has withdrawn.

The view `dated_changes` says what has a date now. The same view over the rows of each earlier
release says what had one then: `changes` leads back from release to release. The day of a release
is when its readers were told, so that no clock is needed.

Rows that are not yet released differ from the kept package of the last release, or, where that is
not at hand, may all be new. Their day is the one through which the data goes.
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

SHOWN = (
    "populations",
    "programs",
    "cases",
    "coverage",
    "roles",
    "events",
)  # what dated_changes is made of
DOCUMENTS = (
    "sources",
    "citations",
)  # their corrections are counted with the release, not told one by one
OF_A_CITATION = (
    "table",
    "record",
    "source",
    "locator",
    "relation",
)  # what an entry shows of it; a new check of it is no change

# What zipfile and json raise on damage, encryption, an unknown method, or a file that is not there.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    KeyError,
    ValueError,
)

Key = tuple[str, str, str]  # table, record, and which of its dates: start or end


@dataclass
class Entry:
    """What the dataset has said of one dated change; `said` is the last, also where withdrawn."""

    first: str
    updated: str
    said: dict
    sequence: int = 0
    withdrawn: bool = False


@dataclass
class Step:
    """What a release, or the package as it stands after the last one, said of dated changes."""

    day: str
    said: dict[Key, dict]
    touched: set[tuple[str, str]] = field(
        default_factory=set
    )  # records with a changed cell or citation


@dataclass
class Correction:
    """A record that a release changed or took out."""

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
    """All that feeds need to know of what was said when."""

    entries: dict[Key, Entry]
    corrections: list[Correction]
    releases: list[dict]
    newest: (
        str  # the day of the last release, or through which the data goes where it is ahead of that
    )


def key_of(change: dict) -> Key:
    """Name one dated change, for as long as the dataset exists."""
    return (
        change["table"],
        change["record"],
        "end" if change["kind"] == "coverage_ends" else "start",
    )


def read(connection: sqlite3.Connection, kept: Path) -> Record:
    """Read the record of a database.

    `kept` is the folder with the zip of each release. Raises ValueError if that zip is damaged.
    """
    releases = sorted(rows_of(connection, "releases"), key=lambda r: history.order(r["version"]))
    about = rows_of(connection, "dataset")[0]
    present = {t: keyed(connection, t) for t in (*SHOWN, "citations")}
    changes: dict[str, list[dict]] = {r["version"]: [] for r in releases}
    for c in rows_of(connection, "changes"):
        changes[c["version"]].append(c)
    told = Told(connection)
    day = max([about["data_through"], *(r["date"] for r in releases[-1:])])
    last = last_release(connection, releases, kept, present)
    steps = released(told, releases, changes, present if last is None else last)
    if last is not None:
        touched = differing(last, present)
    else:
        touched = (
            set()
            if about["version"] in changes
            else {(t, record) for t in SHOWN for record in present[t]}
        )
    if touched:
        steps.append(Step(day, told.dated(present), touched))
    newest = day if touched else releases[-1]["date"]
    return Record(
        follow(steps),
        corrections_of(connection, changes),
        [r | counts(changes[r["version"]]) for r in releases],
        newest,
    )


# ---- rows --------------------------------------------------------------------------------------


def rows_of(connection: sqlite3.Connection, table: str) -> list[dict]:
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]


def primary_key(connection: sqlite3.Connection, table: str) -> str:
    return connection.execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk = 1", [table]
    ).fetchone()[0]


def keyed(connection: sqlite3.Connection, table: str) -> dict[str, dict]:
    """The rows of a table by key, with each cell as text."""
    key = primary_key(connection, table)
    if table == "citations":  # thousands, all of text
        wanted = ", ".join(f'"{c}"' for c in (key, *OF_A_CITATION))
        cursor = connection.execute(f"SELECT {wanted} FROM citations")
        return {record: dict(zip(OF_A_CITATION, cells)) for record, *cells in cursor}
    return {
        r[key]: {c: history.as_text(v) for c, v in r.items()} for r in rows_of(connection, table)
    }


def last_release(
    connection: sqlite3.Connection, releases: list[dict], kept: Path, present: dict
) -> dict[str, dict[str, dict]] | None:
    """Return the rows of the last release by table and key, as its kept package has them.

    None if that is not at hand. A table whose file has not changed since is the one of `present`.
    Raises ValueError if the package is damaged.
    """
    path = kept / f"{releases[-1]['version']}.zip" if releases else None
    if path is None or not path.is_file():
        return None
    digests = {t["table"]: t["sha256"] for t in rows_of(connection, "dataset_tables")}
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            names = {
                r["name"]: r["path"]
                for r in json.loads(archive.read("datapackage.json"))["resources"]
            }
            for t in present:
                # A release may not have had the table.
                raw = archive.read(names[t]) if t in names else b""
                same, key = (
                    hashlib.sha256(raw).hexdigest() == digests[t],
                    primary_key(connection, t),
                )
                found[t] = present[t] if same else {row[key]: row for row in table_of(raw)}
    except UNREADABLE as e:
        raise ValueError(f"the kept release {path.name} cannot be read: {e}") from e
    return found


def table_of(raw: bytes) -> list[dict]:
    reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""))
    return [{c: v or None for c, v in row.items()} for row in reader]


# ---- what was dated in each release ------------------------------------------------------------


class Told:
    """The view of a database over other rows than its own."""

    def __init__(self, connection: sqlite3.Connection):
        self.view = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'dated_changes'"
        ).fetchone()[0]
        self.columns = {
            t: (
                connection.execute(
                    "SELECT name, type FROM pragma_table_info(?) ORDER BY cid", [t]
                ).fetchall()
            )
            for t in SHOWN
        }

    def dated(self, tables: dict[str, dict[str, dict]]) -> dict[Key, dict]:
        """Return the dated changes by key.

        A row that the view cannot date or name, since its release had other columns, is left out.
        """
        memory = sqlite3.connect(":memory:")
        try:
            for t, columns in self.columns.items():
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
                memory.execute(f'CREATE TABLE "{t}" ({typed})')
                rows = ([row.get(name) for name, _ in columns] for row in tables[t].values())
                memory.executemany(
                    f'INSERT INTO "{t}" VALUES ({", ".join("?" * len(columns))})', rows
                )
            memory.execute(self.view)
            found = [c for c in rows_of(memory, "dated_changes") if c["date"] and c["title"]]
        finally:
            memory.close()
        return {key_of(c): c for c in found}


def released(
    told: Told,
    releases: list[dict],
    changes: dict[str, list[dict]],
    last: dict[str, dict[str, dict]],
) -> list[Step]:
    """A step for each release, oldest first, from the rows of the last one."""
    cited = {key: (c["table"], c["record"]) for key, c in last["citations"].items()}
    for c in (
        c
        for found in changes.values()
        for c in found
        if c["table"] == "citations" and c["field"] == history.WHOLE_ROW
    ):
        row = json.loads(c["old"] or c["new"])
        cited.setdefault(c["record"], (row["table"], row["record"]))
    steps, rows, said = [], last, None
    for release in reversed(releases):
        found = changes[release["version"]]
        said = told.dated(rows) if said is None else said
        touched = {(c["table"], c["record"]) for c in found if c["table"] != "citations"}
        touched |= {
            cited[c["record"]]
            for c in found
            if c["table"] == "citations"
            and c["field"] in (history.WHOLE_ROW, *OF_A_CITATION)
            and c["record"] in cited
        }
        steps.append(Step(release["date"], said, touched))
        by_table = {t: [c for c in found if c["table"] == t] for t in SHOWN}
        if any(by_table.values()):
            rows, said = rows | {t: history.undo(rows[t], by_table[t], {}) for t in SHOWN}, None
    return steps[::-1]


def differing(
    old: dict[str, dict[str, dict]], new: dict[str, dict[str, dict]]
) -> set[tuple[str, str]]:
    """The records that differ between two states, in a cell or in a citation."""
    found = set()
    for table in (t for t in old if old[t] is not new[t]):
        for key in old[table].keys() | new[table].keys():
            a, b = old[table].get(key) or {}, new[table].get(key) or {}
            if any(
                a.get(c) != b.get(c)
                for c in (OF_A_CITATION if table == "citations" else a.keys() | b.keys())
            ):
                found.add(
                    ((b or a)["table"], (b or a)["record"])
                    if table == "citations"
                    else (table, key)
                )
    return found


def follow(steps: list[Step]) -> dict[Key, Entry]:
    """What was said of each dated change, from step to step."""
    entries: dict[Key, Entry] = {}
    for step in steps:
        for key in entries.keys() | step.said.keys():
            said, entry = step.said.get(key), entries.get(key)
            if entry is None:
                entries[key] = Entry(step.day, step.day, said)
            elif said is None and entry.withdrawn:
                continue
            elif said != entry.said or entry.withdrawn or key[:2] in step.touched:
                entry.updated, entry.sequence, entry.withdrawn = (
                    step.day,
                    entry.sequence + 1,
                    said is None,
                )
                entry.said = said or entry.said
    return entries


# ---- corrections and releases ------------------------------------------------------------------


def corrections_of(
    connection: sqlite3.Connection, changes: dict[str, list[dict]]
) -> list[Correction]:
    """Return the records that a release changed or took out, oldest release first.

    Documents are left out.
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


def counts(changes: list[dict]) -> dict[str, int]:
    """How many records a release added, changed and took out."""
    rows = [c for c in changes if c["field"] == history.WHOLE_ROW]
    cells = {(c["table"], c["record"]) for c in changes if c["field"] != history.WHOLE_ROW}
    return {
        "added": sum(c["old"] is None for c in rows),
        "removed": sum(c["new"] is None for c in rows),
        "changed": len(cells),
    }
