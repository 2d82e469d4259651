"""Make a release, dist/VERSION/, from a prepared and committed package.

    python scripts/release.py prepare --date YYYY-MM-DD
        write data/changes.csv and data/releases.csv for the version in datapackage.json
    python scripts/release.py make
        build, export, check and publish dist/VERSION/ from the commit

`make` refuses a tree with uncommitted changes, faults, a version that the changes do not allow, and
a version that exists. It fills a temporary folder and renames it at the end: a release that is
killed leaves nothing that looks released. docs/guides/releasing.md has the commands in order.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.release.make import make
from benefits.release.prepare import prepare
from benefits.sqlite import require_sqlite


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    verbs = parser.add_subparsers(dest="verb", required=True)
    preparing = verbs.add_parser("prepare")
    preparing.add_argument(
        "--date",
        required=True,
        help="day of the release, YYYY-MM-DD, after the last release and not after today",
    )
    preparing.add_argument(
        "--today",
        help="today, YYYY-MM-DD (default: by this machine's clock); a later --date is refused",
    )
    verbs.add_parser("make")
    args = parser.parse_args(argv)
    require_sqlite()
    if args.verb == "prepare":
        print(prepare(args.root, args.date, args.today or date.today().isoformat()))
        return 0
    target = make(args.root, lambda step: print(f"{step} ...", flush=True))
    print(
        f"dist/{target.name}: {sum(1 for p in target.rglob('*') if p.is_file())} files."
        f" Keep dist/{target.name}/benefits-{target.name}.zip as"
        f" releases/{target.name}.zip, and commit it."
    )
    return 0


if __name__ == "__main__":
    run(main)
