"""Corrupt copies of the valid package, and check that `validate` names each corruption.

    python scripts/mutants.py [--count N] [--seed N] [--jobs N] [--list]

Each mutant is one copy that breaks the schema or a rule once. It is caught if `validate` names the
right file, row and field without a traceback. Prints the score of each kind and every survivor with
its seed; exit code 1 if there is one. The same count and seed give the same mutants. A mutant takes
about half a second of one process.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from stress.mutants import KINDS
from stress.mutants.judge import Score, score_mutants


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="how many mutants (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round (default 1)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="processes (default: one for each core)",
    )
    parser.add_argument("--list", action="store_true", help="list the kinds and stop")
    args = parser.parse_args(argv)
    if args.list:
        print("\n".join(KINDS))
        return 0
    if args.count < 1 or args.jobs < 1:
        parser.error("--count and --jobs are at least 1")
    score = score_mutants(args.count, args.seed, args.jobs)
    print_score(score)
    return 1 if score.survivors or score.impossible else 0


def print_score(score: Score) -> None:
    """Print the score of each kind, the survivors and the total."""
    for name in KINDS:
        print(f"{name:32} {score.caught[name]:5} of {score.tried[name]:5}")
    for name, seed, what, verdict in sorted(score.survivors):
        print(f"survivor {name} {seed}: {what}: {verdict}", file=sys.stderr)
    if score.impossible:
        print(f"no place found for: {', '.join(score.impossible)}", file=sys.stderr)
    caught, tried = score.caught.total(), score.tried.total()
    print(f"{caught:,} of {tried:,} mutants of {len(score.tried)} kinds caught")


if __name__ == "__main__":
    run(main)
