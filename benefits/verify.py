"""Does a release folder hold what it says, the same cells in every format, and what a clone
rebuilds?

For strangers as for us: checksums first, then every format is read back and compared cell by
cell with the CSV files of the data package; the tables that only the answers read are compared
with the database. With --clone the release is built again from that clone (at the release's
commit) and compared byte by byte."""

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
from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path

from benefits import diff, repository
from benefits.sqlite import sqlite_uri

SUMS = "SHA256SUMS"
AGAIN = "take the release again from where it is published"


def checksum_problems(folder: Path) -> list[str]:
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        pairs = [line.split("  ", 1) for line in lines]
        listed = {name: digest for digest, name in pairs}
    except (OSError, ValueError):
        return [f"{SUMS} is missing or cannot be read"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {SUMS}
    found = [f"{name} is listed and missing" for name in sorted(listed.keys() - there)] + [
        f"{name} is there and not listed" for name in sorted(there - listed.keys())
    ]
    return found + [
        f"{name} differs from its checksum"
        for name in sorted(listed.keys() & there)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != listed[name]
    ]


def package_cells(folder: Path) -> dict[str, tuple[list[str], list[str], list[tuple]]]:
    """Columns, types and typed rows of each table, from the zip of the data package: what
    every other format is held against. Raises NoPackage."""
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
    """A file of a release cannot be read; the message is a clause that follows its name."""


@contextlib.contextmanager
def reading(*errors: type[Exception]):
    """Raise Damaged for what a reader of a format raises on damaged bytes."""
    damaged: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except damaged as e:
        raise Damaged(
            f"cannot be read ({type(e).__name__}: {str(e)[:200] or 'no more is said'})"
        ) from e


def csv_cells(path: Path, types: list[str]) -> tuple[list[str], list[tuple]]:
    with reading(ValueError, csv.Error):
        header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")) or [
            []
        ]
        return header, [
            tuple(
                None if c == "" else int(c) if t == "integer" else c
                for c, t in zip(r, types, strict=True)
            )
            for r in rows
        ]


def object_cells(text, path: Path, columns: list[str]) -> tuple[list[str], list[tuple]]:
    """Columns and rows of a list of JSON objects, which `text` reads from the text of the file."""
    with reading(ValueError, RecursionError):
        rows = text(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Damaged("does not hold one object for each row")
    strange = next((row for row in rows if set(row) != set(columns)), None)
    return list(columns if strange is None else strange), [
        tuple(map(row.get, columns)) for row in rows
    ]


def parquet_cells(path: Path) -> tuple[list[str], list[tuple]]:
    import pyarrow
    import pyarrow.parquet

    with reading(
        pyarrow.ArrowException, ValueError, OverflowError
    ):  # a day that no calendar has overflows only here
        table = pyarrow.parquet.read_table(path)
        return table.column_names, [tuple(map(plain, r.values())) for r in table.to_pylist()]


def sheets(path: Path, names) -> dict[str, list[tuple]]:
    """The rows of each sheet of a workbook."""
    import openpyxl

    # What this library raises on damaged bytes has no common kind (KeyError, TypeError, the errors
    # of zip and XML): whatever it is, this file cannot be read, and that is a problem of it.
    with reading(Exception):
        book = openpyxl.load_workbook(path, read_only=True)
        found = {
            name: [tuple(row) for row in book[name].iter_rows(values_only=True)]
            for name in names
            if name in book.sheetnames
        }
        book.close()
        return found


def sheet_cells(
    book: dict[str, list[tuple]], name: str, columns: list[str]
) -> tuple[list, list[tuple]]:
    if not book.get(name):
        raise Damaged("has no such sheet, or an empty one")
    header, *rows = [tuple(map(plain, row)) for row in book[name]]
    return list(header), [row + (None,) * (len(columns) - len(row)) for row in rows]


def sqlite_cells(
    db: sqlite3.Connection, table: str, columns: Iterable[str] = ()
) -> tuple[list[str], list[tuple]]:
    with reading(sqlite3.Error, OverflowError, ValueError):
        quoted = ", ".join('"' + c.replace('"', '""') + '"' for c in columns) or "*"
        found = db.execute(f'SELECT {quoted} FROM "{table.replace(chr(34), chr(34) * 2)}"')
        return [c[0] for c in found.description], found.fetchall()


def cell_problems(folder: Path) -> list[str]:
    """Return what the formats of a release hold that its data package does not, as sentences.

    A file that cannot be read is one. Raises NoPackage.
    """
    tables, database = package_cells(folder), folder / "benefits.db"
    if not database.is_file():
        return [f"sqlite: benefits.db is missing: {AGAIN}"]
    problems: list[str] = []
    with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as db:
        try:
            book = sheets(folder / "benefits.xlsx", tables)
        except Damaged as e:
            book = {}
            problems.append(f"xlsx: benefits.xlsx {e}: {AGAIN}")
        for name, (columns, types, rows) in tables.items():
            for form, read in readers(folder, db, book, name, columns, types).items():
                expected = columns, rows
                problems += compare_cells(form, f"table {name}", lambda: expected, read)
        # What only the answers read is no part of the data package: it is compared with the
        # database.
        for file in sorted((folder / "parquet" / "answers").glob("*.parquet")):
            problems += compare_cells(
                "parquet",
                file.relative_to(folder).as_posix(),
                partial(sqlite_cells, db, file.stem),
                partial(parquet_cells, file),
            )
    return problems


def readers(folder: Path, db: sqlite3.Connection, book: dict, name: str, columns, types) -> dict:
    """Return what reads one table from each format."""
    found = {
        "csv": partial(csv_cells, folder / "csv" / f"{name}.csv", types),
        "json": partial(object_cells, json.loads, folder / "json" / f"{name}.json", columns),
        "jsonl": partial(object_cells, read_lines, folder / "jsonl" / f"{name}.jsonl", columns),
        "parquet": partial(parquet_cells, folder / "parquet" / f"{name}.parquet"),
        "sqlite": partial(sqlite_cells, db, name, columns),
    }
    return found | ({"xlsx": partial(sheet_cells, book, name, columns)} if book else {})


def read_lines(text: str) -> list:
    return [json.loads(line) for line in text.split("\n") if line]


def compare_cells(form: str, what: str, expected, read) -> list[str]:
    """Return a sentence if two readers give other columns or rows, in whichever order."""
    try:
        (columns, rows), (found_columns, found) = expected(), read()
    except Damaged as e:
        return [f"{form}: {what} {e}: {AGAIN}"]
    rows, found = sorted(rows, key=repr), sorted(found, key=repr)
    if found_columns == columns and found == rows:
        return []
    differing = (str(a) for a, b in zip(rows, found, strict=False) if a != b)
    first = next(differing, f"{len(found)} rows for {len(rows)}")
    return [f"{form}: {what} does not hold the cells of the data package, first at {first[:120]}"]


def rebuild_problems(folder: Path, clone: Path) -> list[str]:
    """Build the release again from a clone, and compare."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "clone"
        try:
            commit = json.loads((folder / "release-notes.json").read_text(encoding="utf-8"))[
                "commit"
            ]
            if not re.fullmatch("[0-9a-f]{40,64}", commit):
                raise ValueError(commit)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return [f"release-notes.json does not name the commit of the release: {AGAIN}"]
        try:
            repository.clone(clone, work, commit)
        except repository.GitFailed as e:
            return [f"the commit {commit} of the release is not in {clone}: {e}"]
        # Its scripts, whichever folder PYTHONPATH names, and scripts of before verbs were made to
        # run with any setting.
        env = {
            n: v
            for n, v in repository.clean_environment().items()
            if not n.startswith("PYTHON") or n == "PYTHONDONTWRITEBYTECODE"
        }
        words = [sys.executable, str(work / "scripts" / "release.py"), "make"]
        done = subprocess.run(
            words,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=env | {"PYTHONUTF8": "1"},
        )
        if done.returncode:
            return [
                "the release cannot be built again: "
                + (done.stderr or done.stdout).strip().splitlines()[-1]
            ]
        again = work / "dist" / folder.name
        names = {
            p.relative_to(root).as_posix()
            for root in (folder, again)
            for p in root.rglob("*")
            if p.is_file()
        }
        return [
            f"{n} differs when built again"
            for n in sorted(names)
            if not (again / n).is_file()
            or not (folder / n).is_file()
            or (again / n).read_bytes() != (folder / n).read_bytes()
        ]
