"""Verb: the validated package -> build/benefits.db.

    python scripts/build.py [--root DIR]

Typed STRICT tables with primary and foreign keys from the schema, indexes on keys and dates, full-text search, the tables
that describe the dataset, and the SQL of sql/tables and sql/views. Reads neither the network nor the clock: the same
package gives the same bytes. Written beside and renamed: a build that stops leaves the old database or none.

Builds only what `validate.py` has passed: the SHA-256 of every file must be that of build/validated.json.
"""

from __future__ import annotations

from package import ROOT, Package, load, run, written  # before all else: see there

import argparse
import contextlib
import json
import sqlite3
import sys
from pathlib import Path

import sqlite_utils

import history
from rules import starts_by

# The tables whose earlier states the answers can be asked for (`known_at`): NAME_known has every state with its days.
KEPT = ("programs", "coverage", "absences", "roles", "events", "order_terms")
FEW = 20  # rows: an index on a key to fewer finds a large part of the table, and leads SQLite away from the one that finds a record
PYTHON_TYPES = {"string": str, "integer": int, "date": str}


class BuildError(Exception):
    """The build cannot be done; the message is a sentence for a person."""


def build(package: Package, target: Path, sql: Path = ROOT / "sql") -> None:
    """Write the database of `package` to `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with written(target) as beside, contextlib.closing(sqlite3.connect(beside, isolation_level=None)) as connection:
            fill(connection, package, sql)
    except sqlite3.Error as e:
        raise BuildError(f"{target.name} cannot be built: {e}") from e


def fill(connection: sqlite3.Connection, package: Package, sql: Path) -> None:
    # Foreign keys are checked at the end, all at once. The cache holds what an index of a million rows needs while it is sorted.
    for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
    db = sqlite_utils.Database(connection, strict=True)
    connection.execute("BEGIN")
    for name in by_dependency(package):
        make_table(db, package, name)
    for name in KEPT:
        make_history(db, package, name)
    describe(db, package)
    if connection.in_transaction:
        connection.execute("COMMIT")
    for part in ("tables", "views"):
        for file in sorted((sql / part).glob("*.sql")):
            connection.executescript(file.read_text(encoding="utf-8"))
    make_search(db, package)
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise BuildError(f"{len(broken)} foreign keys point nowhere, the first in table {broken[0][0]}, row {broken[0][1]}")


def by_dependency(package: Package) -> list[str]:
    """Table names, each after the tables that its foreign keys point to."""
    done: list[str] = []

    def visit(name):
        if name not in done:
            for fk in package.tables[name].resource["schema"].get("foreignKeys", []):
                visit(fk["reference"]["resource"])
            done.append(name)

    for name in package.tables:
        visit(name)
    return done


def make_table(db: sqlite_utils.Database, package: Package, name: str) -> None:
    table = package.tables[name]
    schema = table.resource["schema"]
    required = {f["name"] for f in table.fields if f.get("constraints", {}).get("required")}
    keys = [(fk["fields"][0], fk["reference"]["resource"], fk["reference"]["fields"][0]) for fk in schema.get("foreignKeys", [])]
    pk = table.primary_key
    db[name].create(
        {f["name"]: PYTHON_TYPES[f["type"]] for f in table.fields},
        pk=pk[0] if len(pk) == 1 else tuple(pk),
        foreign_keys=keys,
        not_null=required | set(pk),
        strict=True,
    )
    marks = ", ".join("?" * len(table.columns))
    db.conn.executemany(f"INSERT INTO [{name}] VALUES ({marks})", ([row[c] for c in table.columns] for row in table.rows))
    for columns in schema.get("uniqueKeys", []):
        db[name].create_index(columns, unique=True)
    indexed = {k[0] for k in keys if len(package.tables[k[1]].rows) > FEW} | {f["name"] for f in table.fields if f["type"] == "date" and f["name"] in ("valid_from", "valid_to", "date", "as_of")}
    for column in table.columns:
        if column in indexed:
            db[name].create_index([column])
    if name == "citations":
        db[name].create_index(["record", "table"])  # by record, since that alone may be asked
    if name == "coverage":
        db[name].create_index(["program", "population"])  # the periods of one program and group


def make_history(db: sqlite_utils.Database, package: Package, name: str) -> None:
    table = package.tables[name]
    rows = {table.key_of(row): row for row in table.rows}
    changes = [c for c in package.rows("changes") if c["table"] == name]
    types = {f["name"]: f["type"] for f in table.fields}
    columns = table.columns + ["known_from", "known_to"] + ["starts_by"] * ("valid_from_precision" in table.columns)
    db[f"{name}_known"].create({c: int if types.get(c) == "integer" else str for c in columns}, not_null={"known_from", "known_to"}, strict=True)
    states = history.known(rows, changes, types, package.rows("releases"))
    if "starts_by" in columns:
        states = [row | {"starts_by": row["valid_from"] and starts_by(row["valid_from"], row["valid_from_precision"])} for row in states]
    marks = ", ".join("?" * len(columns))
    db.conn.executemany(f"INSERT INTO [{name}_known] VALUES ({marks})", ([row.get(c) for c in columns] for row in states))
    for column in [table.primary_key[0]] + [fk["fields"][0] for fk in table.resource["schema"].get("foreignKeys", [])]:
        db[f"{name}_known"].create_index([column])


def make_search(db: sqlite_utils.Database, package: Package) -> None:
    for name, table in package.tables.items():
        columns = table.resource.get("searchable")
        if columns:
            db[name].enable_fts(columns, fts_version="FTS5", tokenize="unicode61 remove_diacritics 2")
            db[name].optimize()


def describe(db: sqlite_utils.Database, package: Package) -> None:
    """The dataset's own description as tables, so that the file explains itself wherever it is copied."""
    d = package.descriptor
    db["dataset"].insert(
        {
            "name": d["name"],
            "title": d["title"],
            "description": d["description"],
            "version": d["version"],
            "data_through": d["data_through"],
            "complete_from": d["complete_from"],
            "licence": d["licenses"][0]["title"],
            "licence_url": d["licenses"][0]["path"],
        },
        pk="name",
        strict=True,
    )
    tables, fields, codes = [], [], []
    for position, (name, table) in enumerate(package.tables.items(), 1):
        tables.append({"table": name, "position": position, "title": table.resource["title"], "description": table.resource["description"], "rows": len(table.rows), "sha256": table.sha256})
        for place, f in enumerate(table.fields, 1):
            constraints = f.get("constraints", {})
            fields.append(
                {
                    "table": name,
                    "field": f["name"],
                    "position": place,
                    "type": f["type"],
                    "title": f["title"],
                    "description": f["description"],
                    "example": str(f["example"]),
                    "required": int(bool(constraints.get("required"))),
                    "cited": int(bool(f.get("cited"))),
                    "constraints": json.dumps({k: v for k, v in constraints.items() if k not in ("required", "enum")}, sort_keys=True),
                }
            )
            for rank, c in enumerate(f.get("categories", []), 1):
                codes.append({"table": name, "field": f["name"], "code": c["value"], "position": rank, "label": c["label"]})
    db["dataset_tables"].insert_all(tables, pk="table", strict=True)
    db["dataset_fields"].insert_all(fields, pk=("table", "field"), strict=True)
    db["dataset_codes"].insert_all(codes, pk=("table", "field", "code"), strict=True)


def validated(package: Package) -> None:
    """Raise BuildError unless `validate.py` passed exactly these bytes."""
    stamp = package.root / "build" / "validated.json"
    try:
        passed = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BuildError("the package has not been validated: run `make build`, which validates first") from None
    changed = sorted(p for p, digest in package.digests().items() if passed.get(p) != digest)
    if package.faults or changed:
        raise BuildError(f"{', '.join(changed) or 'the package'} changed since it was validated: run `make build`, which validates first")


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds datapackage.json (default: this one)")
    args = parser.parse_args(argv)
    package = load(args.root)
    target = args.root / "build" / "benefits.db"
    try:
        validated(package)
        build(package, target)
    except BuildError as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    print(f"build/benefits.db: {sum(len(t.rows) for t in package.tables.values()):,} rows, {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run(main)
