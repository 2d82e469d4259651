"""Verb: the package and the files of a release -> the documents by which data catalogs find and
check it.

    python scripts/catalogs.py --out DIR

Writes them for the working package: its tables and datapackage.json, dated by the day through which
the data goes. A release calls `documents`. Each document describes the files it is given, so that
of the zip is made from the files in the zip.

A file is a dict: `path` relative to where the document lies, `bytes` (its size) and `sha256`.
The files of a table are those named after it, in whatever folder: Croissant reads its CSV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.export.catalogs import documents, working_files
from benefits.package import ROOT
from benefits.reading import load


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    args = parser.parse_args(argv)
    package = load(ROOT)
    if package.faults:
        print("error: the package has faults; run make check", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in documents(
        package, working_files(package), package.descriptor["data_through"]
    ).items():
        (args.out / name).write_bytes(content)
        print(f"{args.out / name}: written")
    return 0


if __name__ == "__main__":
    run(main)
