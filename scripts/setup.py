"""Verb: a fresh machine -> what a target of the Makefile needs: programs from Debian's packages,
and Python libraries in a venv.

    python3 scripts/setup.py serve|test|catalogs|spark|bench

Programs that are missing are installed with apt-get by root, or by whom sudo lets without a
password. Where that cannot be done, the verb says so in a sentence and goes on without them (`make
test` leaves out the tests that need them), except with CI=true, and except for what nothing works
without. The venv is made anew when it is not whole: installed half, moved, or made for another
Python.

Runs on the system's Python with nothing installed."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.setup import ROOT, SETS, CannotSetUp, set_up_tools, set_up_venv


def main(argv) -> int:
    if len(argv) != 1 or argv[0] not in SETS:
        print(f"error: name what to set up: {', '.join(SETS)}", file=sys.stderr)
        return 2
    venv, files, tools, optional = SETS[argv[0]]
    try:
        with open(__file__, "rb") as lock:  # one set-up at a time
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up_tools(tools, optional)
            set_up_venv(ROOT / venv, files)
    except CannotSetUp as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    except OSError as e:
        print(
            f"error: {e.filename or 'the folder'} cannot be read or written: {e.strerror or e}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
