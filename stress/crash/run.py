"""Run kinds of disturbances, and print a table of what came of them."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benefits.errors import BenefitsError
from stress.crash import KINDS


def run_with_own_mounts(command: list[str]) -> int:
    """Run a verb in its own mount namespace, and return its exit code. Raises BenefitsError."""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    works = (
        shutil.which("unshare")
        and not subprocess.run([*unshare, "true"], capture_output=True).returncode
    )
    if not works:
        raise BenefitsError(
            "mounts in a namespace of this process are not permitted here: "
            "run as root, or where unshare --mount --map-root-user works"
        )
    return subprocess.run([*unshare, sys.executable, *command]).returncode


def disturb(names: list[str], args: argparse.Namespace) -> list[str]:
    """Try kinds and print a line for each; return what was lost."""
    losses = []
    print("| fault | tries | what was seen | losses | seconds |")
    print("| --- | ---: | --- | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as parent:
        for name in names:
            folder, start = Path(parent) / name.replace(" ", "-"), time.monotonic()
            tally = KINDS[name](folder, args, random.Random(f"{args.seed} {name}"))
            outcomes = ", ".join(
                f"{outcome} {n}" if n > 1 else outcome for outcome, n in tally.outcomes.items()
            )
            seconds = f"{time.monotonic() - start:.0f}"
            cells = name, tally.tries, outcomes, len(tally.losses), seconds
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            losses += [f"{name}: {loss}" for loss in tally.losses]
            shutil.rmtree(folder, ignore_errors=True)
    return losses
