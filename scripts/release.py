"""Verb: a prepared, committed package -> dist/VERSION/, whole or not at all.

    python scripts/release.py prepare --date YYYY-MM-DD
        write data/changes.csv and data/releases.csv for the version in datapackage.json
    python scripts/release.py make
        build, export, check and publish dist/VERSION/ from the commit

`make` refuses a dirty tree, faults, a version that the changes do not allow, and a version that
exists. Everything is made beside and renamed at the end: a release that is killed leaves nothing
that looks released. docs/guides/releasing.md has the commands in order."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits import diff, repository
from benefits.command import run
from benefits.database import build
from benefits.export import static_copy as site_export
from benefits.package import ROOT
from benefits.periods import is_iso_date
from benefits.release.release import Refused, make, prepare
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
        help=(
            "the day it is, YYYY-MM-DD (default: by this machine's clock); only a later --date is"
            " refused by it"
        ),
    )
    verbs.add_parser("make")
    args = parser.parse_args(argv)
    require_sqlite()
    try:
        if args.verb == "prepare":
            today = args.today or date.today().isoformat()
            for name, day in (("--date", args.date), ("--today", today)):
                if not is_iso_date(day):
                    raise Refused(
                        f"{name} is {day!r}, expected a day as YYYY-MM-DD, such as 2026-11-25"
                    )
            print(prepare(args.root, args.date, today))
        else:
            target = make(args.root, lambda step: print(f"{step} ...", flush=True))
            print(
                f"dist/{target.name}: {sum(1 for p in target.rglob('*') if p.is_file())} files."
                f" Keep dist/{target.name}/benefits-{target.name}.zip as"
                f" releases/{target.name}.zip, and commit it."
            )
    except (
        Refused,
        repository.GitFailed,
        build.BuildError,
        diff.NoPackage,
        site_export.DeadLink,
        sqlite3.Error,
    ) as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
