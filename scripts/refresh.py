"""Validate and build again if anything that build/benefits.db is made from has changed.

    python scripts/refresh.py

A change is one of content, not of time: the SHA-256 of every file that goes into the database, of
the code that builds it, and of the database itself, must be those in build/made-from.json.
"""

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
