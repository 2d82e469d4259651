"""Verb: does a release folder hold what it says, the same cells in every format, and what a clone rebuilds?

    python scripts/verify.py DIST_FOLDER [--clone DIR]

For strangers as for us: checksums first, then every format is read back and compared cell by cell with the CSV files of the data
package; the tables that only the answers read are compared with the database. With --clone the release is built again from that
clone (at the release's commit) and compared byte by byte.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime
from pathlib import Path

import diff
from package import ROOT, run, sqlite_uri

SUMS = "SHA256SUMS"


def checksum_problems(folder: Path) -> list[str]:
    try:
        listed = dict(reversed(line.split("  ", 1)) for line in (folder / SUMS).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return [f"{SUMS} is missing or cannot be read"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {SUMS}
    found = [f"{name} is listed and missing" for name in sorted(listed.keys() - there)] + [f"{name} is there and not listed" for name in sorted(there - listed.keys())]
    return found + [f"{name} differs from its checksum" for name in sorted(listed.keys() & there) if hashlib.sha256((folder / name).read_bytes()).hexdigest() != listed[name]]


def package_cells(folder: Path) -> dict[str, tuple[list[str], list[str], list[tuple]]]:
    """Columns, types and typed rows of each table, from the zip of the data package: what every other format is held against."""
    archives = sorted(folder.glob("benefits-*.zip"))
    if len(archives) != 1:
        raise diff.NoPackage(f"{folder} holds {len(archives)} files benefits-VERSION.zip, expected one: take the release again from where it is published")
    [archive], found = archives, {}
    with diff.open_package(str(archive)):
        pass  # whole and readable, or NoPackage
    with zipfile.ZipFile(archive) as z:
        for resource in json.loads(z.read("datapackage.json"))["resources"]:
            types = [f["type"] for f in resource["schema"]["fields"]]
            rows = list(csv.reader(io.StringIO(z.read(resource["path"]).decode())))
            cells = [tuple(None if c == "" else int(c) if t == "integer" else c for c, t in zip(row, types)) for row in rows[1:]]
            found[resource["name"]] = (rows[0], types, cells)
    return found


def plain(value):
    """A cell of any format as text, whole number or nothing."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def cell_problems(folder: Path) -> list[str]:
    import openpyxl
    import pyarrow.parquet as pq

    problems, wanted = [], package_cells(folder)
    db = sqlite3.connect(sqlite_uri(folder / "benefits.db", "mode=ro"), uri=True)
    book = openpyxl.load_workbook(folder / "benefits.xlsx", read_only=True)
    for name, (columns, types, rows) in wanted.items():
        raw = list(csv.reader(io.StringIO((folder / "csv" / f"{name}.csv").read_text(encoding="utf-8"), newline="")))
        read = {
            "csv": (raw[0], [tuple(None if c == "" else int(c) if t == "integer" else c for c, t in zip(r, types)) for r in raw[1:]]),
            "json": (columns, [tuple(o.get(c) for c in columns) for o in json.loads((folder / "json" / f"{name}.json").read_text(encoding="utf-8"))]),
            "jsonl": (columns, [tuple(json.loads(line).get(c) for c in columns) for line in (folder / "jsonl" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n") if line]),
        }
        parquet = pq.read_table(folder / "parquet" / f"{name}.parquet")
        read["parquet"] = (parquet.column_names, [tuple(map(plain, r.values())) for r in parquet.to_pylist()])
        quoted = ", ".join(f'"{c}"' for c in columns)
        read["sqlite"] = (columns, db.execute(f'SELECT {quoted} FROM "{name}"').fetchall())
        sheet = [tuple(map(plain, row)) for row in book[name].iter_rows(values_only=True)]
        read["xlsx"] = (list(sheet[0]), [row + (None,) * (len(columns) - len(row)) for row in sheet[1:]])
        for form, (found_columns, found) in read.items():
            if found_columns != columns or sorted(found, key=repr) != sorted(rows, key=repr):
                where = next((str(a) for a, b in zip(sorted(rows, key=repr), sorted(found, key=repr)) if a != b), f"{len(found)} rows for {len(rows)}")
                problems.append(f"{form}: table {name} does not hold the cells of the data package, first at {where[:120]}")
    # What only the answers read is no part of the data package: it is held against the database.
    for file in sorted((folder / "parquet" / "answers").glob("*.parquet")):
        parquet, kept = pq.read_table(file), db.execute(f'SELECT * FROM "{file.stem}"')
        found = [tuple(map(plain, r.values())) for r in parquet.to_pylist()]
        if parquet.column_names != [c[0] for c in kept.description] or sorted(found, key=repr) != sorted(kept.fetchall(), key=repr):
            problems.append(f"parquet: {file.relative_to(folder).as_posix()} does not hold the cells of the database")
    db.close()
    return problems


def rebuild_problems(folder: Path, clone: Path) -> list[str]:
    """Build the release again from a clone, and compare."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "clone"
        commit = json.loads((folder / "release-notes.json").read_text(encoding="utf-8"))["commit"]
        for command in (["git", "clone", "--quiet", str(clone), str(work)], ["git", "-C", str(work), "checkout", "--quiet", commit]):
            if subprocess.run(command, capture_output=True).returncode:
                return [f"the commit {commit} of the release is not in {clone}"]
        done = subprocess.run([sys.executable, str(work / "scripts" / "release.py"), "make"], capture_output=True, text=True)
        if done.returncode:
            return ["the release cannot be built again: " + (done.stderr or done.stdout).strip().splitlines()[-1]]
        again = work / "dist" / folder.name
        names = {p.relative_to(root).as_posix() for root in (folder, again) for p in root.rglob("*") if p.is_file()}
        return [f"{n} differs when built again" for n in sorted(names) if not (again / n).is_file() or not (folder / n).is_file() or (again / n).read_bytes() != (folder / n).read_bytes()]


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clone", type=Path, help="a clone of the repository to rebuild from, such as " + ROOT.name)
    args = parser.parse_args(argv)
    if not args.folder.is_dir():
        print(f"error: {args.folder} is no folder", file=sys.stderr)
        return 1
    try:
        problems = checksum_problems(args.folder) or cell_problems(args.folder)
    except diff.NoPackage as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    if not problems and args.clone:
        problems = rebuild_problems(args.folder, args.clone)
    print("\n".join(problems) or f"{args.folder.name}: the checksums hold, every format has the same cells" + (", and the clone gives the same bytes" if args.clone else ""))
    return 1 if problems else 0


if __name__ == "__main__":
    run(main)
