"""Write the site as plain files that any web server or CDN serves.

    python scripts/site_export.py --out DIR [--database build/benefits.db]

benefits/export/static_copy.py says what the copy holds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.static_copy import export
from benefits.package import ROOT
from benefits.sqlite import require_database


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    args = parser.parse_args(argv)
    print(f"{args.out}: {export(require_database(args.database), args.out):,} files")
    return 0


if __name__ == "__main__":
    run(main)
