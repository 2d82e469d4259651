"""Run other tools that turn the CSV files into a database; each function returns its seconds."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benefits.package import Package
from stress.bench.processes import BIN, measure

PUBLISH = """
import json, sys
from frictionless import Package
descriptor, root, target = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
for resource in descriptor["resources"]:
    for field in resource["schema"]["fields"]:
        constraints = field.get("constraints", {})
        field["constraints"] = {k: v for k, v in constraints.items() if k == "required"}
Package.from_descriptor(descriptor, basepath=root).publish("sqlite:///" + target)
"""


def with_sqlite_utils(package: Package, place: Path) -> float:
    """Insert with sqlite-utils: untyped, with primary keys."""
    target = place / "sqlite-utils.db"
    target.unlink(missing_ok=True)
    seconds = 0.0
    for name, table in package.tables.items():
        keys = [word for key in table.primary_key for word in ("--pk", key)]
        insert = [BIN / "sqlite-utils", "insert", target, name]
        seconds += measure([*insert, package.root / table.path, "--csv", *keys])[0]
    return seconds


def with_csvs_to_sqlite(package: Package, place: Path) -> float:
    """Convert with csvs-to-sqlite: untyped, without keys and full text."""
    target = place / "csvs.db"
    target.unlink(missing_ok=True)
    files = [package.root / t.path for t in package.tables.values()]
    return measure([BIN / "csvs-to-sqlite", *files, target])[0]


def with_frictionless(package: Package, place: Path) -> float:
    """Publish with frictionless: typed, with keys, without bounds and patterns.

    Its SQL is invalid with bounds and patterns.
    """
    target = place / "published.db"
    target.unlink(missing_ok=True)
    descriptor = package.root / "datapackage.json"
    return measure([sys.executable, "-c", PUBLISH, descriptor, package.root, target])[0]


def with_duckdb(package: Package, place: Path) -> float:
    """Read the CSV files into DuckDB: typed, without keys and full text."""
    import duckdb

    (place / "duck.db").unlink(missing_ok=True)
    start = time.perf_counter()
    db = duckdb.connect(str(place / "duck.db"))
    how = "header = true, nullstr = '', delim = ',', quote = '\"', escape = '\"'"
    for name, table in package.tables.items():
        types = {f["name"]: duckdb_type(f["type"]) for f in table.fields}
        source = f"read_csv('{package.root / table.path}', columns = {types!r}, {how})"
        db.execute(f'CREATE TABLE "{name}" AS FROM {source}')
    db.close()
    return time.perf_counter() - start


def duckdb_type(name: str) -> str:
    """Return DuckDB's name of a type of the package."""
    return {"integer": "BIGINT", "date": "DATE"}.get(name, "VARCHAR")


# By name: its function, and whether there is a goal against it.
PEERS = {
    "sqlite-utils insert --csv": (with_sqlite_utils, True),
    "csvs-to-sqlite": (with_csvs_to_sqlite, False),
    "frictionless publish": (with_frictionless, True),
    "DuckDB": (with_duckdb, False),
}
