"""Hostile requests against the served site: is every answer harmless?

    python scripts/hostile.py [--count 20000] [--seed 1] [--database build/benefits.db]

Starts the site on a free port of 127.0.0.1 and sends it a seeded corpus over raw sockets (a client
library would tidy it up), in rounds that each hold every kind, then lets schemathesis ask from
/openapi.json. Every answer is judged: none of 500 and above, none missing where something was asked
in HTTP, none that leads to another site, sets a cookie, lacks a header of the site or has one of
somebody else's, is longer or shorter than it says, or shows a path, a traceback, markup from the
request, or an error of SQL; SQL in a parameter never finds more rows than plain words do. The
server must live on with flat memory. Exit code 1 with the bytes of each fault otherwise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.sqlite import require_database
from stress.hostile import reproduced
from stress.hostile.run import attack_site


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--count", type=int, default=20_000, help="how many cases of the corpus (default 20000)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed sends another corpus (default 1)"
    )
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error("--count is at least 1")
    require_database(args.database)
    result = attack_site(args.database, args.count, args.seed)
    print("\n".join([*result.table(), result.summary(args.seed)]))
    faults, problems = result.attack.faults, result.problems()
    for name, problem, sent in faults[:200]:
        print(f"fault: {name}: {problem}\n  {reproduced(sent)}", file=sys.stderr)
    for problem in problems:
        print(f"fault: {problem}", file=sys.stderr)
    return 1 if faults or problems else 0


if __name__ == "__main__":
    run(main)
