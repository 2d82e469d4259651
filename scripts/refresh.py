"""Verb: build/benefits.db is brought up to date: validated and built again if anything it is made
from has changed.

    python scripts/refresh.py

"Changed" is by content, not by time: the SHA-256 of every file that goes into the database, of
the scripts that make it, and of the database itself, are held against those written beside it in
build/made-from.json when it was made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.refresh import refresh


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.parse_args(argv)
    return refresh(ROOT)


if __name__ == "__main__":
    run(main)
