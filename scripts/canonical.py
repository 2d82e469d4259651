"""Write every data file in its canonical form, so that a correction shows as the lines it changes.

    python scripts/canonical.py [--root DIR] [--check]

UTF-8, LF, rows sorted by primary key, quotes only where CSV needs them. CRLF, a byte order mark and
a missing last line end are fixed, too. With --check nothing is written: exit code 1 and a line for
each file that would change. A file that cannot be read to its end, or has a line break in a cell,
is skipped and named.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.canonical import is_canonical, is_sortable, lasting_faults, write_canonical
from benefits.command import run
from benefits.package import ROOT
from benefits.reading import load


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        help="folder that holds datapackage.json (default: this one)",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if something would change"
    )
    args = parser.parse_args(argv)
    package = load(args.root)
    faults = lasting_faults(package)
    for fault in faults:
        print(fault, file=sys.stderr)
    code = 1 if faults else 0
    for table in package.tables.values():
        if not is_sortable(table, faults):
            print(
                f"{table.path}: left as it is, since it cannot be read whole or a cell has a line"
                " break; run make check and correct it",
                file=sys.stderr,
            )
            code = 1
        elif is_canonical(package, table):
            continue
        elif args.check:
            print(f"{table.path}: is not in canonical form; run make sort")
            code = 1
        else:
            write_canonical(package, table)
            print(f"{table.path}: sorted")
    return code


if __name__ == "__main__":
    run(main)
