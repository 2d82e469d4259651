"""Measure a release, and how fast other tools open its tables."""

from __future__ import annotations

import time

from stress.bench.bench import Bench
from stress.bench.processes import measure, verb_command
from stress.crash.packages import clone_repository


def measure_release(bench: Bench) -> None:
    """Measure a release of the last commit, and the opening of its Parquet files."""
    import duckdb
    import pandas
    import polars

    clone = clone_repository(bench.place / "clone")
    seconds, memory = measure(verb_command("release", "--root", clone, "make"))
    [folder] = (clone / "dist").iterdir()
    files = sum(path.is_file() for path in folder.rglob("*"))
    bench.report.add(
        "release",
        f"all formats, the site and the catalogs, read back: {files:,} files",
        f"{seconds:.1f} s, {memory:.0f} MB",
        goal="< 60 s",
        met=seconds < 60,
    )
    for name, read in (
        ("pandas", pandas.read_parquet),
        ("polars", polars.read_parquet),
        ("DuckDB", lambda file: duckdb.sql(f"SELECT * FROM '{file}'").fetchall()),
    ):
        start = time.perf_counter()
        for file in (folder / "parquet").glob("*.parquet"):
            read(file)
        seconds = time.perf_counter() - start
        what = f"{name} opens every table"
        bench.report.add("release", what, f"{seconds:.2f} s", goal="< 1 s", met=seconds < 1)
