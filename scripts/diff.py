"""Report what changed between two packages, and the smallest version that the change allows.

    python scripts/diff.py OLD [NEW] [--json]

A package is a folder, a zip, or a git revision of this repository. The text is for people: one
sentence for each change, grouped by jurisdiction. The JSON is for programs and follows
docs/reference/diff.schema.json. benefits/diff.py has the rules of versions.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.diff import as_json, as_text, compare, open_package
from benefits.package import ROOT


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("old", help="folder, zip or git revision")
    parser.add_argument(
        "new",
        nargs="?",
        default=str(ROOT),
        help="folder, zip or git revision (default: this folder)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    args = parser.parse_args(argv)
    with open_package(args.old) as old, open_package(args.new) as new:
        difference = compare(old, new)
        if args.json:
            print(json.dumps(as_json(difference), indent=2, ensure_ascii=False))
        else:
            print(as_text(difference, old, new), end="")
    return 0


if __name__ == "__main__":
    run(main)
