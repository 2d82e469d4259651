"""Try whether a package can be built and queried: build its database without rows."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path

from sqlite_utils.db import AlterError, InvalidColumns

from benefits.database.build import BuildError, build
from benefits.files import csv_text
from benefits.package import ROOT, Package
from benefits.reading import load


def build_problem(package: Package) -> str:
    """Return why an empty database of a package cannot be built and queried; empty if it can."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        write_empty(package, root)
        empty, target = load(root), root / "build" / "benefits.db"
        try:
            build(empty, empty.digests(), target)
            query_all(target)
        except (BuildError, sqlite3.Error, AlterError, InvalidColumns) as e:
            return str(e)
    return ""


def write_empty(package: Package, root: Path) -> None:
    """Write the descriptor of a package, and its tables without rows."""
    (root / "datapackage.json").write_text(json.dumps(package.descriptor), encoding="utf-8")
    for table in package.tables.values():
        path = root / table.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_text(table.columns, []), encoding="utf-8", newline="")


def query_all(database: Path) -> None:
    """Read every view, and prepare every answer. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        views = db.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
        for (view,) in views:
            db.execute(f'SELECT * FROM "{view}"').fetchall()
        for query in sorted((ROOT / "sql" / "queries").glob("*.sql")):
            sql = "EXPLAIN " + query.read_text(encoding="utf-8")
            db.execute(sql, defaultdict(str)).fetchall()
