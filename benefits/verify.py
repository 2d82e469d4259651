"""Check the files of a release: their checksums, and the same cells in every format.

Every format is read back and compared cell by cell with the CSV files of the data package; the
tables that only the answers read are compared with the database. A release can also be built again
from a clone, and compared byte by byte.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benefits import diff, repository
from benefits.answers import read_answer
from benefits.errors import BenefitsError
from benefits.sqlite import sqlite_uri

SUMS = "SHA256SUMS"
AGAIN = "take the release again from where it is published"


def checksum_problems(folder: Path) -> list[str]:
    """Return a sentence for each file that is missing, not listed, or has another checksum."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        pairs = [line.split("  ", 1) for line in lines]
        digests = {name: digest for digest, name in pairs}
    except (OSError, ValueError):
        return [f"{SUMS} is missing or cannot be read"]
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {SUMS}
    problems = [f"{name} is listed and missing" for name in sorted(digests.keys() - names)]
    problems += [f"{name} is there and not listed" for name in sorted(names - digests.keys())]
    return problems + [
        f"{name} differs from its checksum"
        for name in sorted(digests.keys() & names)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digests[name]
    ]


def package_cells(folder: Path) -> dict[str, tuple[list[str], list[str], list[tuple]]]:
    """Return the columns, types and typed rows of each table of the data package, by name.

    They come from the zip of the release. Raises NoPackage.
    """
    archives = sorted(folder.glob("benefits-*.zip"))
    if len(archives) != 1:
        raise diff.NoPackage(
            f"{folder} holds {len(archives)} files benefits-VERSION.zip, expected one: {AGAIN}"
        )
    with diff.open_package(str(archives[0])) as package:
        if package.faults:
            raise diff.NoPackage(
                f"{archives[0]} has faults, the first: {package.faults[0]}; {AGAIN}"
            )
        return {
            t.name: (
                t.columns,
                [f["type"] for f in t.fields],
                [tuple(map(row.get, t.columns)) for row in t.rows],
            )
            for t in package.tables.values()
        }


def plain(value):
    """Return a cell of any format as text, whole number or nothing."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Damaged(Exception):
    """A file of a release cannot be read. The message is a clause that follows its name."""


@contextlib.contextmanager
def reading(*errors: type[Exception]):
    """Raise Damaged for the errors that a library raises on damaged bytes."""
    damaged: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except damaged as e:
        raise Damaged(
            f"cannot be read ({type(e).__name__}: {str(e)[:200] or 'no more is said'})"
        ) from e


# ---- the readers of each format ----------------------------------------------------------------

Cells = tuple[list[str], list[tuple]]  # the names of the columns, and the rows


def csv_cells(path: Path, types: list[str]) -> Cells:
    """Return the cells of a CSV file whose columns have these types."""
    with reading(ValueError, csv.Error):
        text = io.StringIO(path.read_text(encoding="utf-8"), newline="")
        header, *rows = csv.reader(text) or [[]]
        return header, [
            tuple(typed_cell(c, t) for c, t in zip(row, types, strict=True)) for row in rows
        ]


def typed_cell(text: str, kind: str) -> str | int | None:
    """Return a cell of a CSV file in its type."""
    if text == "":
        return None
    return int(text) if kind == "integer" else text


def object_cells(parse: Callable[[str], Any], path: Path, columns: list[str]) -> Cells:
    """Return the cells of a file with a JSON object for each row, which `parse` reads."""
    with reading(ValueError, RecursionError):
        rows = parse(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Damaged("does not hold one object for each row")
    other = next((row for row in rows if set(row) != set(columns)), None)
    names = list(columns if other is None else other)
    return names, [tuple(map(row.get, columns)) for row in rows]


def parse_lines(text: str) -> list:
    """Return the values of JSON Lines."""
    return [json.loads(line) for line in text.split("\n") if line]


def parquet_cells(path: Path) -> Cells:
    """Return the cells of a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    # A day outside of Python's calendar overflows only when it becomes a Python value.
    with reading(pyarrow.ArrowException, ValueError, OverflowError):
        table = pyarrow.parquet.read_table(path)
        return table.column_names, [tuple(map(plain, r.values())) for r in table.to_pylist()]


def read_sheets(path: Path, names: Iterable[str]) -> dict[str, list[tuple]]:
    """Return the rows of the sheets of a workbook that have these names."""
    import openpyxl

    # On damaged bytes this library raises errors without a common base class: KeyError, TypeError,
    # and those of zip and XML.
    with reading(Exception):
        book = openpyxl.load_workbook(path, read_only=True)
        sheets = {
            name: [tuple(row) for row in book[name].iter_rows(values_only=True)]
            for name in names
            if name in book.sheetnames
        }
        book.close()
        return sheets


def sheet_cells(book: dict[str, list[tuple]], name: str, columns: list[str]) -> Cells:
    """Return the cells of a sheet; openpyxl drops empty cells at the end of a row."""
    if not book.get(name):
        raise Damaged("has no such sheet, or an empty one")
    header, *rows = [tuple(map(plain, row)) for row in book[name]]
    return list(header), [row + (None,) * (len(columns) - len(row)) for row in rows]


def sqlite_cells(db: sqlite3.Connection, table: str, columns: Iterable[str] = ()) -> Cells:
    """Return the cells of some columns (default: all) of a table of the database."""
    with reading(sqlite3.Error, OverflowError, ValueError):
        names = ", ".join(map(quote, columns)) or "*"
        cursor = db.execute(f"SELECT {names} FROM {quote(table)}")
        return [c[0] for c in cursor.description], cursor.fetchall()


def answer_cells(db: sqlite3.Connection, file: Path) -> Cells:
    """Return the cells of an answer, all of them, from its SQL file."""
    with reading(sqlite3.Error, BenefitsError, ValueError):
        answer = read_answer(file)
        cursor = db.execute(answer.sql, dict.fromkeys(answer.parameters, ""))
        return [c[0] for c in cursor.description or ()], cursor.fetchall()


def quote(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


# ---- comparing ---------------------------------------------------------------------------------


def cell_problems(folder: Path) -> list[str]:
    """Return a sentence for each table of a format with other cells than the data package.

    So is a file that cannot be read. Raises NoPackage.
    """
    tables, database = package_cells(folder), folder / "benefits.db"
    if not database.is_file():
        return [f"sqlite: benefits.db is missing: {AGAIN}"]
    problems: list[str] = []
    with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as db:
        try:
            book = read_sheets(folder / "benefits.xlsx", tables)
        except Damaged as e:
            book = {}
            problems.append(f"xlsx: benefits.xlsx {e}: {AGAIN}")
        for name, (columns, types, rows) in tables.items():
            expected = columns, rows
            for form, read in readers_of(folder, db, book, name, columns, types).items():
                problems += compare_cells(form, f"table {name}", lambda: expected, read)
        # The data package does not have the tables of the answers; the database has.
        for file in sorted((folder / "parquet" / "answers").glob("*.parquet")):
            what = file.relative_to(folder).as_posix()
            in_database = partial(sqlite_cells, db, file.stem)
            problems += compare_cells("parquet", what, in_database, partial(parquet_cells, file))
        problems += panel_problems(folder, db)
    return problems


def panel_problems(folder: Path, db: sqlite3.Connection) -> list[str]:
    """Return a sentence for each file of the panel with other rows than its answer gives.

    Releases before 2.0.0 have none.
    """
    file = folder / "sql" / "queries" / "panel.sql"
    if not file.is_file():
        return []
    try:
        columns, rows = answer_cells(db, file)
    except Damaged as e:
        return [f"sqlite: the panel {e}: {AGAIN}"]
    texts = [tuple(None if cell is None else str(cell) for cell in row) for row in rows]
    read_csv = partial(csv_cells, folder / "panel.csv", ["string"] * len(columns))
    read_parquet = partial(parquet_cells, folder / "parquet" / "panel.parquet")
    return [
        *compare_cells("csv", "panel.csv", lambda: (columns, texts), read_csv),
        *compare_cells("parquet", "parquet/panel.parquet", lambda: (columns, rows), read_parquet),
    ]


def readers_of(
    folder: Path,
    db: sqlite3.Connection,
    book: dict[str, list[tuple]],
    name: str,
    columns: list[str],
    types: list[str],
) -> dict[str, Callable[[], Cells]]:
    """Return a function for each format that reads one table."""
    readers: dict[str, Callable[[], Cells]] = {
        "csv": partial(csv_cells, folder / "csv" / f"{name}.csv", types),
        "json": partial(object_cells, json.loads, folder / "json" / f"{name}.json", columns),
        "jsonl": partial(object_cells, parse_lines, folder / "jsonl" / f"{name}.jsonl", columns),
        "parquet": partial(parquet_cells, folder / "parquet" / f"{name}.parquet"),
        "sqlite": partial(sqlite_cells, db, name, columns),
    }
    if book:
        readers["xlsx"] = partial(sheet_cells, book, name, columns)
    return readers


def compare_cells(
    form: str, what: str, read_expected: Callable[[], Cells], read: Callable[[], Cells]
) -> list[str]:
    """Return a sentence if two readers give other columns or rows; the order does not count."""
    try:
        (columns, expected), (names, rows) = read_expected(), read()
    except Damaged as e:
        return [f"{form}: {what} {e}: {AGAIN}"]
    expected, rows = sorted(expected, key=repr), sorted(rows, key=repr)
    if names == columns and rows == expected:
        return []
    differing = (str(a) for a, b in zip(expected, rows, strict=False) if a != b)
    first = next(differing, f"{len(rows)} rows for {len(expected)}")
    return [f"{form}: {what} does not hold the cells of the data package, first at {first[:120]}"]


# ---- building again ----------------------------------------------------------------------------


def rebuild_problems(folder: Path, clone: Path) -> list[str]:
    """Build a release again from a clone; return a sentence for each file that differs."""
    try:
        notes = (folder / "release-notes.json").read_text(encoding="utf-8")
        commit = json.loads(notes)["commit"]
        if not re.fullmatch("[0-9a-f]{40,64}", commit):
            raise ValueError(commit)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return [f"release-notes.json does not name the commit of the release: {AGAIN}"]
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "clone"
        try:
            repository.clone(clone, work, commit)
        except repository.GitFailed as e:
            return [f"the commit {commit} of the release is not in {clone}: {e}"]
        done = run_release(work)
        if done.returncode:
            last_line = (done.stderr or done.stdout).strip().splitlines()[-1]
            return [f"the release cannot be built again: {last_line}"]
        return [f"{name} differs when built again" for name in differing_files(folder, work)]


def run_release(work: Path) -> subprocess.CompletedProcess[str]:
    """Make the release in a clone with the scripts of its own commit."""
    # PYTHONPATH could name other code. Scripts of early releases need UTF-8 as the default.
    environment = {
        name: value
        for name, value in repository.clean_environment().items()
        if not name.startswith("PYTHON") or name == "PYTHONDONTWRITEBYTECODE"
    }
    return subprocess.run(
        [sys.executable, str(work / "scripts" / "release.py"), "make"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment | {"PYTHONUTF8": "1"},
    )


def differing_files(folder: Path, work: Path) -> list[str]:
    """Return the paths of files that differ between a release and the one made in a clone."""
    again = work / "dist" / folder.name
    names = {
        p.relative_to(root).as_posix()
        for root in (folder, again)
        for p in root.rglob("*")
        if p.is_file()
    }
    return [name for name in sorted(names) if content(again / name) != content(folder / name)]


def content(path: Path) -> bytes | None:
    """Return the bytes of a file; None if there is none."""
    return path.read_bytes() if path.is_file() else None
