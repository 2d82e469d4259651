"""Verb: put every data file into its one canonical form, so that a correction shows as the lines it
changes and no others.

    python scripts/canonical.py [--root DIR] [--check]

UTF-8, LF, rows sorted by primary key, quotes only where CSV needs them. With --check nothing is
written: exit code 1 and a line for each file that would change. CRLF, a byte order mark and a
missing last line end are fixed too. A file that cannot be read whole, or has a line break in a
cell, is left as it is and named."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.canonical import FIXED, canonical
from benefits.command import run
from benefits.files import atomic_write
from benefits.package import ROOT
from benefits.reading import load


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if something would change"
    )
    args = parser.parse_args(argv)
    package = load(args.root)
    lasting = [f for f in package.faults if f.rule not in FIXED]
    for f in lasting:
        print(f, file=sys.stderr)
    result = 1 if lasting else 0
    for table in package.tables.values():
        path = args.root / table.path
        # A cell of text with a line break, or a lone carriage return, would be lost in silence: it
        # is told and left.
        if (
            any(f.file == table.path for f in lasting)
            or not table.readable
            or "\n" in "".join(c for r in table.rows for c in r.values() if isinstance(c, str))
        ):
            print(
                f"{table.path}: left as it is, since it cannot be read whole or a cell has a line"
                " break; run make check and correct it",
                file=sys.stderr,
            )
            result = 1
            continue
        text = canonical(table)
        if text.encode() == path.read_bytes():
            continue
        if args.check:
            print(f"{table.path}: is not in canonical form; run make sort")
            result = 1
        else:
            with atomic_write(path) as beside:
                beside.write_text(text, encoding="utf-8", newline="")
            print(f"{table.path}: sorted")
    return result


if __name__ == "__main__":
    run(main)
