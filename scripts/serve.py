"""Serve the site from build/benefits.db and metadata.yml.

    python scripts/serve.py [--port 8001] [--host 127.0.0.1] [--workers 1] [--database FILE]

There is no access log: neither addresses nor questions are written anywhere.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.sqlite import require_database
from benefits.web.server import serve


def parse_number(name: str, text: str, most: int) -> int:
    """Return a whole number from 1 to `most`. Raises BenefitsError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= most):
        raise BenefitsError(f"{name} is {text!r}, expected a whole number from 1 to {most:,}")
    return int(text)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="8001")
    parser.add_argument(
        "--workers",
        default="1",
        help="processes that answer; one for each core serves the most readers",
    )
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    port = parse_number("the port", args.port, 65_535)
    workers = parse_number("the number of workers", args.workers, 256)
    return serve(require_database(args.database), args.host, port, workers)


if __name__ == "__main__":
    run(main)
