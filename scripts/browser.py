"""Write the whole dataset as one HTML file that works from a disk, without a network.

    python scripts/browser.py --out FILE [--database build/benefits.db]

benefits/export/one_file.py says what the file holds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.one_file import render_page
from benefits.files import atomic_write
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the HTML file to write")
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    page = render_page(require_database(args.database))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(args.out) as temporary:
        temporary.write_bytes(page)
    print(f"{args.out}: {len(page) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    run(main)
