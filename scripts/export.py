"""Write the tables as CSV, JSON, JSON Lines, Parquet and XLSX.

    python scripts/export.py --out DIR [--database build/benefits.db] [--only FORMAT ...]

Every format holds the same cells: text as text (FIPS `06` stays `06`), whole numbers as numbers,
dates as dates where the format has them, an empty cell as the format's own null. The same
database gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.formats import FORMATS, export
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--only", nargs="+", choices=FORMATS, default=FORMATS, help="some of the formats"
    )
    args = parser.parse_args(argv)
    export(require_database(args.database), args.out, args.only)
    print(f"{args.out}: {sum(1 for p in args.out.rglob('*') if p.is_file())} files")
    return 0


if __name__ == "__main__":
    run(main)
