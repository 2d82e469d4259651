"""The dated changes of any state of the package: its rows in memory, through the SQL of the build.

The build makes the table `dated_changes` with this SQL and adds what is in doubt. Feeds need the
changes of earlier releases, and release notes those of two states, without their databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date

from benefits.package import ROOT, Package

# The SQL that makes dated changes from rows, and the tables that it reads.
SCRIPTS = ("change_bands", "change_entries")
SHOWN = ("populations", "programs", "cases", "coverage", "roles", "events")
SQL_TYPES = {"integer": "INTEGER"}
MONTHS = "January February March April May June July August September October November December"

# The three headings of release notes and feeds, and the kinds of change under the third.
TO_COME = "Changes to come"
PAST = "Changes and corrections of the past"
COMMENTARY = "Commentary"
COMMENTS = ("report", "statement")

Key = tuple[str, str, str]  # table, record, and which of its dates: start, end, start-2 and so on


class DatedChanges:
    """The SQL that makes dated changes. `columns` is {table: [(name, SQL type), ...]}."""

    def __init__(self, columns: dict[str, list[tuple[str, str]]]):
        files = [ROOT / "sql" / "tables" / f"{name}.sql" for name in SCRIPTS]
        self.script = "\n".join(file.read_text(encoding="utf-8") for file in files)
        self.columns = columns

    @classmethod
    def of_database(cls, connection: sqlite3.Connection) -> DatedChanges:
        """Return the SQL for rows with the columns of a database."""
        sql = "SELECT name, type FROM pragma_table_info(?) ORDER BY cid"
        return cls({t: connection.execute(sql, [t]).fetchall() for t in SHOWN})

    @classmethod
    def of_package(cls, package: Package) -> DatedChanges:
        """Return the SQL for rows with the columns of a package."""
        return cls(
            {
                t: [(f["name"], SQL_TYPES.get(f["type"], "TEXT")) for f in package.tables[t].fields]
                for t in SHOWN
            }
        )

    def apply(self, tables: dict[str, Iterable[dict]]) -> dict[Key, dict]:
        """Return the dated changes of rows by key.

        A row that cannot be dated or named, since its release had other columns, is skipped.
        """
        memory = sqlite3.connect(":memory:")
        try:
            for t, columns in self.columns.items():
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
                memory.execute(f'CREATE TABLE "{t}" ({typed})')
                cells = ([row.get(name) for name, _ in columns] for row in tables[t])
                places = ", ".join("?" * len(columns))
                memory.executemany(f'INSERT INTO "{t}" VALUES ({places})', cells)
            memory.executescript(self.script)
            cursor = memory.execute("SELECT * FROM change_entries")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor]
        finally:
            memory.close()
        return {key_of(row): row for row in rows if row["date"] and row["title"]}


def key_of(change: dict) -> Key:
    """Return the permanent key of a dated change, whose text is the column `change`."""
    table, record, which = change["change"].split("/")
    return table, record, which


def heading_of(change: dict, through: str) -> str:
    """Return the heading of a dated change, of a dataset whose data goes through a day."""
    if change["date"] > through:
        return TO_COME
    return COMMENTARY if change["kind"] in COMMENTS else PAST


def day_in_words(day: str, precision: str | None = "day") -> str:
    """Return a date as people in the US write it, and say what of it is not known."""
    when = date.fromisoformat(day)
    month = MONTHS.split()[when.month - 1]
    if precision == "year":
        return f"{when.year} (day and month unknown)"
    if precision == "month":
        return f"{month} {when.year} (day unknown)"
    return f"{month} {when.day}, {when.year}"
