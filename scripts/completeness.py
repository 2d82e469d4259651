"""Report what is complete, what is open and what is due for another look.

    python scripts/completeness.py [--database build/benefits.db] [--at YYYY-MM-DD]

Exit code 1 if a difference from a survey has no explanation or a cell that needs a citation has
none; everything else is for information.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.completeness import report
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument(
        "--at",
        help="day on which sources are due, YYYY-MM-DD"
        " (default: the day through which the data goes)",
    )
    args = parser.parse_args(argv)
    lines, complete = report(require_database(args.database), args.at)
    print("\n".join(lines))
    return 0 if complete else 1


if __name__ == "__main__":
    run(main)
