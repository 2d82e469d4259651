"""Verb: build/benefits.db -> what is complete, what is open and what is stale, in a page of text.

    python scripts/completeness.py [--database build/benefits.db] [--at YYYY-MM-DD]

`--at` is the day for which staleness is told (default: the day through which the data goes).
Exit code 1 if a survey difference is without explanation or a cell that needs a citation has
none; everything else is for information."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.completeness import report
from benefits.package import ROOT
from benefits.periods import EARLIEST, LATEST, is_iso_date
from benefits.sqlite import require_database, sqlite_uri


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--at", help="day for which staleness is told, YYYY-MM-DD")
    args = parser.parse_args(argv)
    at = args.at
    if at is not None and not (is_iso_date(at) and EARLIEST <= at <= LATEST):
        accepted = f"a day as YYYY-MM-DD, from {EARLIEST} to {LATEST}"
        print(f"error: --at is {at!r}, expected {accepted}", file=sys.stderr)
        return 1
    db = sqlite3.connect(sqlite_uri(require_database(args.database), "mode=ro"), uri=True)
    if at is None:
        (at,) = db.execute("SELECT data_through FROM dataset").fetchone()
    lines, whole = report(db, at)
    print("\n".join(lines))
    return 0 if whole else 1


if __name__ == "__main__":
    run(main)
