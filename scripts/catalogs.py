"""Write the documents by which data catalogs find and check the package.

    python scripts/catalogs.py --out DIR

They describe the working package: its tables and datapackage.json, dated by the day through which
the data goes. A release writes its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.catalogs import render_documents, working_files
from benefits.package import ROOT
from benefits.reading import load_sound


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    args = parser.parse_args(argv)
    package = load_sound(ROOT)
    day = package.descriptor["data_through"]
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in render_documents(package, working_files(package), day).items():
        (args.out / name).write_bytes(content)
        print(f"{args.out / name}: written")
    return 0


if __name__ == "__main__":
    run(main)
