"""Check the package: the Data Package standard first, then our rules.

    python scripts/validate.py [--root DIR] [--json]

Exit code 0 and one line if there are no faults, else 1 and every fault. Without faults the SHA-256
of every file is written to build/validated.json, and build.py builds exactly those bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.reading import load
from benefits.validation import registry
from benefits.validation.check import package_faults, record_digests


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        help="folder that holds datapackage.json (default: this one)",
    )
    parser.add_argument("--json", action="store_true", help="print the faults as a JSON list")
    args = parser.parse_args(argv)
    package = load(args.root)
    faults = package_faults(package)
    if args.json:
        print(json.dumps([vars(fault) for fault in faults], indent=2, ensure_ascii=False))
    else:
        for fault in faults:
            print(fault)
        total = f"{len(faults)} fault{'s' if len(faults) != 1 else ''}" if faults else "no faults"
        rows = sum(len(table.rows) for table in package.tables.values())
        print(
            f"{total} in {len(package.tables)} tables, {rows:,} rows, {len(registry.RULES)} rules"
        )
    if faults:
        return 1
    record_digests(package)
    return 0


if __name__ == "__main__":
    run(main)
