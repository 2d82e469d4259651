"""Check that the version fits what changed since the last release, and that changes have reasons.

    python scripts/version.py [--root DIR]

The last release is the highest version in releases/. A changed fact (not its wording) and a removed
row need a reason in releases/reasons.csv: table, record, field (or `*` for the whole record),
reason.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.reading import load
from benefits.version import describe_change, last_release, version_problems


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        help="folder that holds datapackage.json (default: this one)",
    )
    args = parser.parse_args(argv)
    package = load(args.root)
    if package.descriptor is None or package.faults:
        print("The package has faults: run make check.")
        return 1
    problems, change = version_problems(package)
    if problems:
        print("\n".join(problems))
        return 1
    change_text = describe_change(change, last_release(args.root))
    print(f"Version {package.descriptor['version']}: {change_text}")
    return 0


if __name__ == "__main__":
    run(main)
