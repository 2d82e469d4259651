"""Measure the build, compared with plain csv and sqlite3 and with other tools."""

from __future__ import annotations

import cProfile
import csv
import pstats
import sqlite3
import time
from pathlib import Path

from benefits.database import build
from benefits.files import sync_path
from benefits.package import Package
from benefits.reading import load
from benefits.sqlite import sqlite_uri
from stress.bench.bench import Bench
from stress.bench.peers import PEERS
from stress.bench.processes import measure_least, verb_command

PRAGMAS = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "temp_store = MEMORY",
    "cache_size = -65536",
)


def measure_build(bench: Bench) -> None:
    """Measure the build at each size, the share of each of its parts, and the whole verb."""
    report = bench.report
    for n, rows in bench.rows.items():
        runs = 3 if n < 100 else 1
        _, memory = bench.build(n)
        package = load(bench.root_of(n), only=())
        target = bench.place / "bare.db"
        theirs = min(build_bare(package, bench.database_of(n), target) for _ in range(runs))
        del package  # its memory is not what the build needs
        ours = min(build_ours(bench, n) for _ in range(runs))
        report.note("build", rows, ours, memory)
        report.note("csv and executemany", rows, theirs)
        report.add(
            "build",
            f"{rows:,} rows, in process",
            f"{ours:.2f} s, the verb {memory:.0f} MB",
            f"csv and executemany {theirs:.2f} s",
            f"{ours / theirs:.2f}x",
        )
        if n == 1:
            whole, _ = measure_least(verb_command("build", "--root", bench.root_of(n)))
            met = whole < 1
            report.add("build", "our data, the verb", f"{whole:.2f} s", goal="< 1 s", met=met)
        for name in ("ours.db", "bare.db"):
            (bench.place / name).unlink()
    report.add_growth("build", "build", "csv and executemany")
    size = 10 if 10 in bench.rows else max(bench.rows)
    with cProfile.Profile() as profile:
        build_ours(bench, size)
    what = f"{bench.rows[size]:,} rows, where the time goes (cProfile)"
    report.add("build", what, shares(profile))
    measure_verb(bench, size)


def measure_verb(bench: Bench, size: int) -> None:
    """Measure the whole verb, compared with tools that turn CSV files into a database."""
    what, root = f"{bench.rows[size]:,} rows, the whole verb", bench.root_of(size)
    package = load(root, only=())
    ours, _ = measure_least(verb_command("build", "--root", root))
    for name, (peer, has_goal) in PEERS.items():
        try:
            theirs = peer(package, bench.place)
        except Exception as e:  # a peer that fails on this data is reported, not hidden
            why = f"{type(e).__name__} {' '.join(str(e).split())[:60]}"
            bench.report.add("build", what, f"{ours:.2f} s", f"{name} failed: {why}")
            continue
        goal = {"goal": ">= 5x faster", "met": theirs >= 5 * ours} if has_goal else {}
        ratio = f"{theirs / ours:.1f}x faster"
        bench.report.add("build", what, f"{ours:.2f} s", f"{name} {theirs:.2f} s", ratio, **goal)


def build_ours(bench: Bench, n: int) -> float:
    """Build a database in this process; return the seconds."""
    start = time.perf_counter()
    package = load(bench.root_of(n), only=())
    build.build(package, build.read_validated(package), bench.place / "ours.db")
    return time.perf_counter() - start


def build_bare(package: Package, database: Path, target: Path) -> float:
    """Build the same tables with csv and executemany; return the seconds.

    It has the same keys, indexes, full text and pragmas, checks foreign keys, and waits
    for the disk at the end.
    """
    make, after = schema_of(database, list(package.tables))
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    db = sqlite3.connect(target, isolation_level=None)
    for sql in (*(f"PRAGMA {pragma}" for pragma in PRAGMAS), "BEGIN", *make):
        db.execute(sql)
    for name, table in package.tables.items():
        with open(package.root / table.path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            next(reader)
            db.executemany(
                f"INSERT INTO [{name}] VALUES ({', '.join('?' * len(table.columns))})",
                ([c or None for c in row] for row in reader),
            )
    for sql in (*after, "COMMIT"):
        db.execute(sql)
    db.execute("PRAGMA foreign_key_check").fetchall()
    db.close()
    sync_path(target)
    return time.perf_counter() - start


def schema_of(database: Path, tables: list[str]) -> tuple[list[str], list[str]]:
    """Return the SQL of the tables of the package, and that of their indexes and full text."""
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    rows = db.execute(sql).fetchall()
    db.close()
    make = [sql for kind, name, _, sql in rows if kind == "table" and name in tables]
    after = [sql for kind, _, table, sql in rows if kind == "index" and table in tables]
    for kind, name, _, sql in rows:
        if kind == "table" and name.endswith("_fts") and name.removesuffix("_fts") in tables:
            after += [sql, f"INSERT INTO [{name}]([{name}]) VALUES ('rebuild')"]
    return make, after


def shares(profile: cProfile.Profile) -> str:
    """Return the parts of the build with their share of its time."""
    seconds = {
        name: figures[3]
        for (file, _, name), figures in pstats.Stats(profile).stats.items()
        if file.endswith(("build.py", "files.py", "derived.py", "description.py"))
        or "executescript" in name
    }
    parts = {
        "tables, keys and indexes": "make_table",
        "SQL of sql/ and full text": "<method 'executescript' of 'sqlite3.Connection' objects>",
        "citations of records and earlier states": "make_derived",
        "onto the disk": "sync_path",
        "the description": "describe_dataset",
    }
    whole = seconds["build"]
    return ", ".join(
        f"{what} {100 * seconds.get(name, 0) / whole:.0f}%" for what, name in parts.items()
    )
