"""Verb: two packages -> what changed between them, and the smallest version that the change allows.

    python scripts/diff.py OLD [NEW] [--json]

A package is a folder, a zip, or a git revision of this repository; NEW is this folder unless given.
For people: grouped by jurisdiction, one sentence each. For programs: JSON after
docs/reference/diff.schema.json.

Version rules (the Data Package recipe, and one of ours): a change of the schema that can break a
reader is major; new rows, a loosened constraint, and any change of a fact's meaning are minor;
wording and descriptions are patches."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.diff import NoPackage, as_json, as_text, compare, open_package
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
    try:
        with open_package(args.old) as old, open_package(args.new) as new:
            d = compare(old, new)
            print(
                (
                    json.dumps(as_json(d), indent=2, ensure_ascii=False)
                    if args.json
                    else as_text(d, old, new)
                ),
                end="\n" if args.json else "",
            )
    except NoPackage as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
