"""Verb: the package -> what describes it.

Writes docs/reference/codebook.md, docs/method/gaps.md, docs/method/second-coding.md and
CITATION.cff.

    python scripts/describe.py [--root DIR] [--check]

With --check nothing is written: exit code 1 and a line for each file that is out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.documents import DOCUMENTS, outdated_documents
from benefits.files import atomic_write
from benefits.package import ROOT
from benefits.reading import load


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something is out of date"
    )
    args = parser.parse_args(argv)
    package = load(args.root)
    if package.faults:
        print("error: the package has faults; run make check", file=sys.stderr)
        return 1
    stale = outdated_documents(package)
    for name in [] if args.check else stale:
        with atomic_write(args.root / name) as beside:
            beside.write_text(DOCUMENTS[name](package), encoding="utf-8")
        print(f"{name}: written")
    if args.check and stale:
        print(
            f"error: {', '.join(stale)} out of date with the package: run make describe",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    run(main)
