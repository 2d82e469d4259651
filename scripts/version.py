"""Verb: is the version high enough for what changed since the last release, and does every change
of a fact say why?

    python scripts/version.py [--root DIR]

The last release is the highest version in releases/. What changed since is told by `diff`. A
changed fact (not its wording) and a removed row need a reason in releases/reasons.csv: table,
record, field (or `*` for the whole record), reason."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits import diff
from benefits.command import run
from benefits.package import ROOT
from benefits.reading import load
from benefits.version import last_release, problems_of


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    args = parser.parse_args(argv)
    package = load(args.root)
    if package.descriptor is None or package.faults:
        print("The package has faults: run make check.")
        return 1
    try:
        problems, change = problems_of(package)
    except diff.NoPackage as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    for p in problems:
        print(p)
    last = last_release(args.root)
    if not problems:
        print(
            f"Version {package.descriptor['version']}: "
            + (
                "nothing is released yet"
                if last is None
                else (
                    f"a {change.level} change since {last.stem}"
                    if change.level != "none"
                    else "as released"
                )
            )
        )
    return 1 if problems else 0


if __name__ == "__main__":
    run(main)
