"""Verb: the validated package -> build/benefits.db.

    python scripts/build.py [--root DIR]

Typed STRICT tables with primary and foreign keys from the schema, indexes on keys and dates,
full-text search, the tables that describe the dataset, and the SQL of sql/tables and sql/views.
Reads neither the network nor the clock: the same package gives the same bytes. Written beside and
renamed: a build that stops leaves the old database or none.

Builds only what `validate.py` has passed: the SHA-256 of every file must be that of
build/validated.json."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.database.build import BuildError, build, validated
from benefits.package import ROOT
from benefits.reading import load
from benefits.sqlite import require_sqlite


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        help="folder that holds datapackage.json (default: this one)",
    )
    args = parser.parse_args(argv)
    require_sqlite()
    package = load(args.root, only=())
    target = args.root / "build" / "benefits.db"
    try:
        rows = build(package, validated(package), target)
    except BuildError as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    print(f"build/benefits.db: {rows:,} rows, {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run(main)
