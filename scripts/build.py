"""Build build/benefits.db from the validated package.

    python scripts/build.py [--root DIR]

Builds only what validate.py has passed: the SHA-256 of every file must be that in
build/validated.json. The same package gives the same bytes. The build writes a temporary file and
renames it: a build that stops leaves the old database or none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.database.build import build, read_validated
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
    rows = build(package, read_validated(package), target)
    print(f"build/benefits.db: {rows:,} rows, {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run(main)
