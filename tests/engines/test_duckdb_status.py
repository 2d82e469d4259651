"""The reduction from rows to one answer in DuckDB: the SQL files that the build runs in SQLite give
the same rows there."""

from __future__ import annotations

import duckdb
import pytest

from benefits.export import formats as export
from benefits.package import ROOT

REDUCTION = ("coverage_doubts", "status_bands", "status_rows", "status_spans")
MADE = {*REDUCTION, "coverage_doubt_fields"}


@pytest.fixture(scope="module")
def duck(database, tmp_path_factory):
    """The tables and views of the package, with the results of the reduction left out."""
    folder = tmp_path_factory.mktemp("parquet")
    export.export(database, folder)
    db = duckdb.connect()
    for file in sorted((folder / "parquet").rglob("*.parquet")):
        if file.stem in MADE:
            continue
        columns = ", ".join(
            f'CAST("{name}" AS VARCHAR) AS "{name}"' if kind == "DATE" else f'"{name}"'
            for name, kind, *_ in db.execute(f"DESCRIBE FROM '{file}'").fetchall()
        )
        db.execute(f"CREATE VIEW \"{file.stem}\" AS SELECT {columns} FROM '{file}'")
    for file in sorted((ROOT / "sql" / "views").glob("*.sql")):
        db.execute(file.read_text(encoding="utf-8"))
    yield db
    db.close()


def test_the_reduction_gives_the_rows_of_sqlite(duck, db):
    for name in REDUCTION:
        script = (ROOT / "sql" / "tables" / f"{name}.sql").read_text(encoding="utf-8")
        duck.execute(script.replace(") STRICT;", ");"))
    for name in ("coverage_doubts", "status_spans"):
        got = duck.execute(f"FROM {name}").fetchall()
        wanted = [tuple(row) for row in db.execute(f"SELECT * FROM {name}")]
        assert wanted and sorted(map(repr, got)) == sorted(map(repr, wanted)), name
