"""Check the files of a release: their checksums, and the same cells in every format.

    python scripts/verify.py DIST_FOLDER [--clone DIR]

The checksums come first. Then every format is read back and compared cell by cell with the CSV
files of the data package; the tables that only the answers read are compared with the database.
With --clone the release is built again from that clone, at the release's commit, and compared byte
by byte.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.sqlite import require_sqlite
from benefits.verify import cell_problems, checksum_problems, rebuild_problems


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--clone", type=Path, help="a clone of the repository to rebuild from, such as " + ROOT.name
    )
    args = parser.parse_args(argv)
    require_sqlite()
    if not args.folder.is_dir():
        raise BenefitsError(f"{args.folder} is not a folder")
    problems = checksum_problems(args.folder) or cell_problems(args.folder)
    if not problems and args.clone:
        problems = rebuild_problems(args.folder, args.clone)
    if problems:
        print("\n".join(problems))
        return 1
    same = ", and the clone gives the same bytes" if args.clone else ""
    print(f"{args.folder.name}: the checksums hold, every format has the same cells{same}")
    return 0


if __name__ == "__main__":
    run(main)
