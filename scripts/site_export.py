"""Verb: build/benefits.db -> the site as plain files that any web server or CDN serves.

    python scripts/site_export.py --out DIR [--database build/benefits.db]

Starts at the home page of every day on which something changes (and of the day through which the
data goes) and follows every link of the site that needs no question mark: those of pages, of the
feed and of the style sheet. A page is as the live site sends it, but for what needs a server:
forms become a sentence, and links to what the copy lacks become plain words. So every link of
the copy, with its #place, leads somewhere in the copy; one that does not ends the export."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.static_copy import DeadLink, export
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        print(f"{args.out}: {export(require_database(args.database), args.out):,} files")
    except DeadLink as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
