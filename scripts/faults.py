"""Kill and disturb every verb that writes, and check that nothing is lost or half-written.

    python scripts/faults.py [--kills 200] [--whole 10] [--seed 1] [--only WORD]

Works on copies and clones in a temporary folder. Verbs are killed at random moments and at each
step that writes, run on a full disk, on a read-only one and on one that loses its power (mounted
for this process alone), several at a time, while their data is edited, and with Ctrl-C; and the
database of the running site is replaced. Each time there must be the old files, unchanged, or the
new ones, complete; a verb that fails must say so in one sentence; and the next run must succeed and
leave nothing behind. Otherwise the exit code is 1, with a line for each loss.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from stress.crash import KINDS
from stress.crash.disk import own_mounts
from stress.crash.run import disturb, run_with_own_mounts


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument(
        "--kills",
        type=int,
        default=200,
        help="how often build and release are killed each (default 200)",
    )
    parser.add_argument(
        "--whole",
        type=int,
        default=10,
        help="how often a release with the whole site is killed, too (default 10)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed takes other moments (default 1)"
    )
    parser.add_argument("--only", default="", help="only the kinds whose name has this word")
    args = parser.parse_args(argv)
    if args.kills < 2 or args.whole < 0:
        parser.error("--kills is at least 2, --whole at least 0")
    names = [name for name in KINDS if args.only in name]
    if not names:
        parser.error(f"--only names none of: {', '.join(KINDS)}")
    if not own_mounts():
        return run_with_own_mounts([__file__, *(sys.argv[1:] if argv is None else argv)])
    losses = disturb(names, args)
    for loss in losses:
        print(f"loss: {loss}", file=sys.stderr)
    return 1 if losses else 0


if __name__ == "__main__":
    run(main)
