"""Build the database from the validated package.

It has typed STRICT tables with primary and foreign keys from the schema, indexes on keys and dates,
full-text search, tables that describe the dataset, and the SQL of sql/tables and sql/views. The
build reads neither the network nor the clock: the same package gives the same bytes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import sqlite_utils

from benefits.database.derived import insert_rows, make_derived
from benefits.database.description import describe_dataset
from benefits.database.source import BuildError, read_cells, read_validated
from benefits.files import atomic_write
from benefits.package import ROOT, Package, Table

__all__ = ["BuildError", "build", "read_validated"]

# Rows. An index on a key to a smaller table finds a large part of the rows, and SQLite would use it
# instead of the one that finds a single record.
FEW = 20
PYTHON_TYPES = {"string": str, "integer": int, "date": str}
PRAGMAS = (
    "page_size = 4096",
    "journal_mode = OFF",
    "synchronous = OFF",
    "temp_store = MEMORY",
    "cache_size = -65536",  # what an index of a million rows needs while it is sorted
)
INDEXED_DATES = ("valid_from", "valid_to", "date", "as_of")
# More indexes, for the answers: citations by record alone, and the periods of a program and group.
INDEXES = {"citations": ["record", "table"], "coverage": ["program", "population"]}


def build(package: Package, digests: dict[str, str], target: Path, sql: Path = ROOT / "sql") -> int:
    """Write the database of a package to `target`, and return the number of its rows.

    The descriptor of `package` is used; rows are read from its files, which must have these
    digests, by path. Raises BuildError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_write(target) as temporary:
            with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                fill(connection, package, digests, sql)
                return connection.execute("SELECT SUM(rows) FROM dataset_tables").fetchone()[0]
    except sqlite3.Error as e:
        raise BuildError(f"{target.name} cannot be built: {e}") from e


def fill(
    connection: sqlite3.Connection, package: Package, digests: dict[str, str], sql: Path
) -> None:
    """Fill an empty database. Raises BuildError and sqlite3.Error."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    db = sqlite_utils.Database(connection, strict=True)
    db.begin()  # one transaction: each of its own would cost more than its row
    for name in sort_by_dependency(package):
        make_table(db, package, name, digests)
    describe_dataset(db, package, digests)
    db.commit()
    make_search(db, package)
    db.begin()
    make_derived(db, package, digests)
    db.commit()
    run_scripts(connection, sql / "views")
    run_scripts(connection, sql / "tables")
    # Foreign keys are checked once, at the end.
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        table, row, *_ = broken[0]
        raise BuildError(
            f"{len(broken)} foreign keys point nowhere, the first in table {table}, row {row}"
        )


def run_scripts(connection: sqlite3.Connection, folder: Path) -> None:
    """Run the SQL files of a folder, in the order of their names."""
    for file in sorted(folder.glob("*.sql")):
        connection.executescript(file.read_text(encoding="utf-8"))


def sort_by_dependency(package: Package) -> list[str]:
    """Return the names of the tables, each after the tables that its foreign keys point to."""
    names: list[str] = []

    def visit(name: str) -> None:
        if name not in names:
            for _, target, _ in foreign_keys(package.tables[name]):
                if target != name:  # a table may point to itself
                    visit(target)
            names.append(name)

    for name in package.tables:
        visit(name)
    return names


def foreign_keys(table: Table) -> list[tuple[str, str, str]]:
    """Return the foreign keys of a table: its column, the other table, and that table's column."""
    keys = []
    for key in table.resource["schema"].get("foreignKeys", []):
        target = key["reference"]
        keys.append((key["fields"][0], target.get("resource") or table.name, target["fields"][0]))
    return keys


def make_table(
    db: sqlite_utils.Database, package: Package, name: str, digests: dict[str, str]
) -> None:
    """Create a table of the package, with its rows and indexes."""
    table = package.tables[name]
    required = {f["name"] for f in table.fields if f.get("constraints", {}).get("required")}
    keys, pk = foreign_keys(table), table.primary_key
    db.table(name).create(
        {f["name"]: PYTHON_TYPES[f["type"]] for f in table.fields},
        pk=pk[0] if len(pk) == 1 else tuple(pk),
        foreign_keys=keys,
        not_null=required | set(pk),
        strict=True,
    )
    insert_rows(db, name, len(table.columns), read_cells(package, name, digests))
    for columns in table.resource["schema"].get("uniqueKeys", []):
        db.table(name).create_index(columns, unique=True, find_unique_name=True)
    indexed = {
        f["name"] for f in table.fields if f["type"] == "date" and f["name"] in INDEXED_DATES
    }
    indexed |= {k[0] for k in keys if k[1] == name or db.table(k[1]).count > FEW}
    for column in table.columns:
        if column in indexed:
            db.table(name).create_index([column], find_unique_name=True)
    if name in INDEXES:
        db.table(name).create_index(INDEXES[name], find_unique_name=True)


def make_search(db: sqlite_utils.Database, package: Package) -> None:
    """Create the full-text index of each table with searchable columns."""
    for name, table in package.tables.items():
        if columns := table.resource.get("searchable"):
            db.table(name).enable_fts(
                columns, fts_version="FTS5", tokenize="unicode61 remove_diacritics 2"
            )
            db.table(name).optimize()
