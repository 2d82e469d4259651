"""Kill verbs at random moments, and at each step that writes."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benefits.package import ROOT
from stress.crash.packages import Job, copy_package, jobs
from stress.crash.tally import Tally
from stress.crash.verbs import (
    differing,
    digest,
    digests,
    duration,
    failure,
    kill_after,
    run_verb,
    strays,
    verb_command,
)
from stress.kinds import kind

WORKERS = 2  # kills at the same time

# Run a verb that kills itself at its Nth step that writes under a folder; a file that it has just
# opened for writing is then empty. Arguments: N, folder, script, arguments of the script.
STEPPED = """
import os, runpy, signal, sys
left, root = int(sys.argv[1]), sys.argv[2]
others = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect")
def step(event, args):
    global left
    if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        return
    if event != "open" and event not in others:
        return
    if str(args[event == "os.rename"]).startswith(root):
        left -= 1
        if not left:
            if event == "open" and args[2] & os.O_TRUNC and os.path.exists(args[0]):
                os.truncate(args[0], 0)
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
sys.argv = sys.argv[3:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@kind
def build_killed(folder: Path, args, r: random.Random) -> Tally:
    """Kill the build at random moments: the database must be exactly the old one or the new one."""
    tally, package = Tally(), copy_package(folder / "one")
    run_verb("validate", "--root", package)
    command = verb_command("build", "--root", package)
    whole = duration(command, folder)
    database = package / "build" / "benefits.db"
    new = digest(database)
    with sqlite3.connect(database) as old:
        old.execute("CREATE TABLE this_is_the_old_one (x)")
    old.close()
    shutil.copy(database, folder / "old.db")
    names = {digest(database): "old bytes", new: "new bytes"}
    for _ in range(args.kills):
        kill_after(command, r.uniform(0, whole), folder)
        now = digest(database)
        loss = f"the database is neither the old nor the new one: {now}"
        tally.add(names.get(now, "broken"), "" if now in names else loss)
        if names.get(now) != "old bytes":
            shutil.copy(folder / "old.db", database)
    count = len(strays(database))
    message = run_verb("build", "--root", package)
    loss = "" if digest(database) == new else "the next build gives other bytes"
    tally.add("built after that", message, loss)
    still = strays(database)
    tally.add(
        f"{count} files left by killed builds, {len(still)} after the next build",
        f"left for ever: {', '.join(still[:5])}" if still else "",
    )
    return tally


@kind
def each_step_killed(folder: Path, args, r: random.Random) -> Tally:
    """Kill every verb except the release at each step that writes.

    Nothing may be half-written, and the next run must give what an undisturbed one gives.
    """
    tally = Tally()
    with ThreadPoolExecutor(WORKERS) as pool:
        rounds = pool.map(lambda job: list(kill_each_step(job, folder)), jobs(folder, tally))
        for outcome, losses in (pair for pairs in rounds for pair in pairs):
            tally.add(outcome, *losses)
    return tally


def kill_each_step(job: Job, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Kill a verb at its first step, its second, and so on; yield each outcome and its losses."""
    for n in range(1, 100):
        place = folder / f"{job.name}-{n}"
        shutil.copytree(job.start, place)
        script = str(ROOT / "scripts" / f"{job.name}.py")
        stepped = [sys.executable, "-B", "-c", STEPPED, str(n), str(place), script]
        command = [*stepped, "--root", str(place), *job.arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != -signal.SIGKILL:
            shutil.rmtree(place)
            yield "all steps done", [f"{job.name} fails: {failure(done)}"] * bool(done.returncode)
            return
        losses = [f"{job.name} killed at step {n}{loss}" for loss in step_losses(job, place)]
        shutil.rmtree(place)
        yield job.name, losses


def step_losses(job: Job, place: Path) -> Iterator[str]:
    """Yield what a killed verb lost: at once, and when it is run again."""
    now = digests(place)
    for file in differing(job.before, now):
        if file in job.before.keys() | job.after.keys() and now.get(file) != job.after.get(file):
            yield f": {file} is half-written"
    if message := job.run(place):
        yield f" and run again: {message}"
    differ = differing(job.after, digests(place))
    # A killed `prepare` may have done all but empty the reasons.
    if differ and differ != ["releases/reasons.csv"]:
        yield f" and run again differs from an undisturbed run: {', '.join(differ)}"
