"""Make a valid package with N times the jurisdictions and their records, for measurements.

    python scripts/grow.py --times N --out DIR [--root DIR]

Each copy of a jurisdiction has its own programs, coverage, absences, survey answers, roles, events,
citations and sources, with their own keys, names and free text. Cases, orders and code lists are
not copied. About 9,000 rows for each copy of all 51.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.reading import load
from stress.grow import grow


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--times", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    print(f"{args.out}: {grow(load(args.root), args.times, args.out):,} rows")
    return 0


if __name__ == "__main__":
    run(main)
