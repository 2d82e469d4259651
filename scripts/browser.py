"""Verb: build/benefits.db -> one HTML file that holds the whole dataset, opens from disk and asks
nothing of a network.

    python scripts/browser.py --out FILE [--database build/benefits.db]

The answers are those of sql/queries: each is asked on every day on which it can change, and a
row is kept with the half-open period of days on which the SQL gives it. The script in the file
(static/browser.js) only selects: one rule, written once. Reads neither the network nor the
clock: the same database gives the same bytes."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.one_file import page
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the HTML file to write")
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    written = page(require_database(args.database))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    beside = args.out.with_name(f".{args.out.name}.{os.getpid()}")
    beside.write_bytes(written)
    beside.replace(args.out)
    print(f"{args.out}: {len(written) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run(main)
