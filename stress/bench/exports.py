"""Measure the exports, compared with plain csv and sqlite3 and with DuckDB."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benefits.reading import load
from stress.bench.bench import Bench
from stress.bench.peers import with_duckdb
from stress.bench.processes import measure, verb_command

PLAIN_EXPORT = """
import csv, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for (name,) in db.execute('SELECT "table" FROM dataset_tables').fetchall():
    rows = db.execute(f'SELECT * FROM "{name}" ORDER BY 1')
    with open(f"{sys.argv[2]}/{name}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\\n")
        out.writerow([c[0] for c in rows.description])
        out.writerows(rows)
"""

DUCKDB_EXPORT = """
import duckdb, sys
db = duckdb.connect(sys.argv[1], read_only=True)
forms = {
    "csv": "HEADER",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall():
    for form, how in forms.items():
        target = f"{sys.argv[2]}/{name}.{form}"
        db.execute(f"COPY (FROM \\"{name}\\" ORDER BY 1) TO '{target}' ({how})")
"""


def measure_exports(bench: Bench) -> None:
    """Measure the export at each size: as CSV, in three formats, and in all."""
    report, out = bench.report, bench.place / "exported"
    for n, rows in bench.rows.items():
        database = bench.database_of(n)
        with_duckdb(load(bench.root_of(n), only=()), bench.place)
        for formats, name, peer, source in (
            (["csv"], "csv and sqlite3", PLAIN_EXPORT, database),
            (["csv", "json", "parquet"], "DuckDB", DUCKDB_EXPORT, bench.place / "duck.db"),
        ):
            ours, memory = export(database, out, formats)
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            theirs, other = measure([sys.executable, "-c", peer, source, out])
            what = f"export as {', '.join(formats)}"
            report.note(what, rows, ours, memory)
            report.note(f"{name}, {what}", rows, theirs, other)
            report.add(
                "export",
                f"{rows:,} rows, as {', '.join(formats)}",
                f"{ours:.2f} s, {memory:.0f} MB",
                f"{name} {theirs:.2f} s, {other:.0f} MB",
                f"{ours / theirs:.1f}x",
            )
        if n <= 10:  # a workbook is made in memory, and a sheet ends at a million rows
            ours, memory = export(database, out, [])
            report.note("export in all formats", rows, ours, memory)
            what = f"{rows:,} rows, in all formats"
            report.add("export", what, f"{ours:.2f} s, {memory:.0f} MB")
    for what, peer in (
        ("export as csv", "csv and sqlite3"),
        ("export as csv, json, parquet", "DuckDB"),
        ("export in all formats", ""),
    ):
        report.add_growth("export", what, f"{peer}, {what}", f"{what}, growth")


def export(database: Path, out: Path, formats: list[str]) -> tuple[float, float]:
    """Run the export; return its seconds and megabytes. An empty list means all formats."""
    shutil.rmtree(out, ignore_errors=True)
    only = ["--only", *formats] if formats else []
    return measure(verb_command("export", "--database", database, "--out", out, *only))
