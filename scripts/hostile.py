"""Send hostile requests to the served site, and check that every answer is harmless.

    python scripts/hostile.py [--count 20000] [--seed 1] [--database build/benefits.db]

Starts the site on a free port of 127.0.0.1 and sends it a seeded corpus over raw sockets, in rounds
that each have every kind; then schemathesis sends requests by /openapi.json. stress/hostile has the
checks of every answer. The server must keep running, and its memory must not grow. Otherwise the
exit code is 1, with the bytes of each request that got a wrong answer.
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
