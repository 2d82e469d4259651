"""Verb: put every data file into its one canonical form, so that a correction shows as the lines it changes and no others.

    python scripts/canonical.py [--root DIR] [--check]

UTF-8, LF, rows sorted by primary key, quotes only where CSV needs them. With --check nothing is written: exit code 1 and a
line for each file that would change. A file that cannot be read is left alone and named; `make check` says why.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from package import ROOT, Table, csv_text, load, run, written


def canonical(table: Table) -> str:
    rows = sorted(table.rows, key=lambda r: tuple(r[c] or "" for c in table.primary_key))
    return csv_text(table.columns, ([row[c] for c in table.columns] for row in rows))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if something would change")
    args = parser.parse_args(argv)
    package = load(args.root)
    faulty = {f.file for f in package.faults}
    result = 0
    for table in package.tables.values():
        path = args.root / table.path
        if table.path in faulty or not table.readable:
            print(f"{table.path}: left alone, it has faults; run make check", file=sys.stderr)
            result = 1
            continue
        text = canonical(table)
        if text == path.read_text(encoding="utf-8"):
            continue
        if args.check:
            print(f"{table.path}: is not in canonical form; run make sort")
            result = 1
        else:
            with written(path) as beside:
                beside.write_text(text, encoding="utf-8", newline="")
            print(f"{table.path}: sorted")
    return result


if __name__ == "__main__":
    run(main)
