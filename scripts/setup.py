"""Install what a target of the Makefile needs: Debian packages, and Python libraries in a venv.

    python3 scripts/setup.py serve|test|bench|lint|catalogs|spark

Runs on the system's Python with nothing installed. benefits/setup.py says what it does where
something cannot be installed.
"""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.setup import SETS, set_up


def main(argv=None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if len(words) != 1 or words[0] not in SETS:
        print(f"error: name what to set up: {', '.join(SETS)}", file=sys.stderr)
        return 2
    with open(__file__, "rb") as lock:  # one set-up at a time
        fcntl.flock(lock, fcntl.LOCK_EX)
        set_up(words[0])
    return 0


if __name__ == "__main__":
    run(main)
