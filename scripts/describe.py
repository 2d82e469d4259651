"""Write what describes the package: codebook, known gaps, second coding and CITATION.cff.

    python scripts/describe.py [--root DIR] [--check]

With --check nothing is written: exit code 1 and the names of the files that are out of date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.documents import outdated_documents, write_document
from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.reading import load_sound


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        help="folder that holds datapackage.json (default: this one)",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something is out of date"
    )
    args = parser.parse_args(argv)
    package = load_sound(args.root)
    names = outdated_documents(package)
    if args.check and names:
        raise BenefitsError(f"{', '.join(names)} out of date with the package: run make describe")
    for name in names:
        write_document(package, name)
        print(f"{name}: written")
    return 0


if __name__ == "__main__":
    run(main)
