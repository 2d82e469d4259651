"""Measure the answers, compared with DuckDB over the Parquet files."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benefits.export import formats
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri
from stress.bench.bench import Bench
from stress.bench.questions import ANSWERS


class Questions:
    """The SQL of the answers, asked of one database."""

    def __init__(self, database: Path):
        self.db = sqlite3.connect(sqlite_uri(database, "immutable=1"), uri=True)
        self.sql = {
            name: (ROOT / "sql" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
            for name in ANSWERS
        }

    def ask(self, name: str, parameters: dict[str, str]) -> list:
        """Return the rows of an answer; a parameter that is left out is empty."""
        return self.db.execute(self.sql[name], defaultdict(str, parameters)).fetchall()


def measure_answers(bench: Bench) -> None:
    """Measure each answer at each size, with the parameters of a reader and without any."""
    for n in bench.rows:
        database = bench.database_of(n)
        duck, questions = ask_of_duckdb(database, bench.place), Questions(database)
        for name, (part, whole) in ANSWERS.items():
            measure_answer(bench, n, questions, duck, name)
            if n == 1:
                seconds = median_ms(partial(questions.ask, name, whole), 9)
                count = len(questions.ask(name, whole))
                what = f"{name} asked for all, {count:,} rows in the answer"
                bench.report.add("answers", what, f"{seconds:.2f} ms")
        questions.db.close()
    for name in ANSWERS:
        bench.report.add_growth("answers", f"answer {name}", f"{name} in DuckDB", f"{name}, growth")


def measure_answer(bench: Bench, n: int, questions: Questions, duck: Callable, name: str) -> None:
    """Measure one answer at one size, with the parameters of a reader."""
    report, rows, parameters = bench.report, bench.rows[n], ANSWERS[name][0]
    ours = median_ms(partial(questions.ask, name, parameters), 50 if n == 1 else 9)
    report.note(f"answer {name}", rows, ours / 1000)
    peer, ratio = "", ""
    if name != "search":  # DuckDB cannot use SQLite's full-text search
        theirs = median_ms(partial(duck, name, **parameters), 5)
        report.note(f"{name} in DuckDB", rows, theirs / 1000)
        peer, ratio = f"DuckDB over Parquet {theirs:.1f} ms", f"{theirs / ours:.1f}x faster"
    limit = 5 if n == 1 else 50
    goal = {"goal": f"< {limit} ms", "met": ours < limit} if n in (1, 100) else {}
    count = len(questions.ask(name, parameters))
    what = f"{name}, {rows:,} rows in all, {count:,} in the answer"
    report.add("answers", what, f"{ours:.2f} ms", peer, ratio, **goal)


def median_ms(ask: Callable, times: int) -> float:
    """Return the median of the milliseconds of several calls."""
    milliseconds = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return statistics.median(milliseconds)


def ask_of_duckdb(database: Path, place: Path) -> Callable:
    """Return `ask` of the recipe in docs/guides/analysis.md, over the Parquet files."""
    release = place / "reader" / "dist" / "VERSION"
    shutil.rmtree(place / "reader", ignore_errors=True)
    formats.export(database, release, ["parquet"])
    text = (ROOT / "docs" / "guides" / "analysis.md").read_text(encoding="utf-8")
    [recipe] = re.findall(r"## DuckDB\n.*?```python\n(.*?)```", text, re.S)
    recipe = recipe.replace('Path("dist/VERSION")', f"Path({str(release)!r})")
    names: dict = {}
    with contextlib.chdir(place / "reader"), contextlib.redirect_stdout(io.StringIO()):
        exec(recipe, names)
    return names["ask"]
