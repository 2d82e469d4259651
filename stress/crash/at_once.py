"""Run verbs several at a time and while their data is edited, and interrupt them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

from benefits.reading import load
from stress.crash.packages import clone_repository, copy_package
from stress.crash.tally import Tally
from stress.crash.verbs import (
    digest,
    duration,
    failure,
    message_problem,
    run_verb,
    strays,
    verb_command,
)
from stress.kinds import kind

MAKE_BUILD = ["make", f"PY={sys.executable}", "build"]


@kind
def builds_at_once(folder: Path, args, r: random.Random) -> Tally:
    """Run two and four builds of one package at the same time, and `make -j4` from nothing."""
    tally, package = Tally(), copy_package(folder / "one")
    run_verb("validate", "--root", package)
    command, database = verb_command("build", "--root", package), package / "build" / "benefits.db"
    subprocess.run(command, capture_output=True, check=True)
    expected = digest(database)
    for count in [2] * 20 + [4] * 5:
        database.unlink()
        messages = build_at_once(command, count, r)
        now, stray = digest(database), strays(database)
        tally.add(
            f"{count} at once",
            *messages,
            "" if now == expected else f"the database is {now}",
            f"left: {', '.join(stray)}" if stray else "",
        )
    clone = clone_repository(folder / "clone")
    for _ in range(3):
        shutil.rmtree(clone / "build", ignore_errors=True)
        command = ["make", "-j4", f"PY={sys.executable}", "build", "check"]
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
        built = "rows, " in done.stdout and (clone / "build" / "benefits.db").exists()
        tally.add("make -j4", failure(done), "" if built else "nothing was built")
    return tally


def build_at_once(command: list[str], count: int, r: random.Random) -> list[str]:
    """Start builds shortly after each other; return what each prints to standard error."""
    processes = []
    for _ in range(count):
        processes.append(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        )
        time.sleep(r.uniform(0, 0.2))
    return [process.communicate()[1] for process in processes]


@kind
def edited_during_build(folder: Path, args, r: random.Random) -> Tally:
    """Edit data at random moments of validate and build.

    A database never has bytes that were not validated.
    """
    tally, package = Tally(), copy_package(folder / "one")
    path, database = package / "data" / "programs.csv", package / "build" / "benefits.db"
    good = path.read_bytes()
    name = load(package).rows("programs")[0]["name"].encode()
    verbs = {v: verb_command(v, "--root", package) for v in ("validate", "build")}
    whole = sum(duration(command, folder) for command in verbs.values())
    for n in range(args.kills // 2):
        invalid = n % 2 == 1  # with a fault that validate names; otherwise a valid edit
        edited = good.replace(name, b"" if invalid else name + b" %d" % n, 1)
        database.unlink(missing_ok=True)
        database.with_name("validated.json").unlink(missing_ok=True)
        path.write_bytes(good)
        # Some editors write a file in place like this.
        writer = threading.Timer(r.uniform(0, whole), path.write_bytes, (edited,))
        writer.start()
        done = {
            verb: subprocess.run(command, capture_output=True, text=True)
            for verb, command in verbs.items()
        }
        writer.join()
        losses = [
            f"{verb} while the data was edited: {problem}"
            for verb, d in done.items()
            if d.returncode and (problem := message_problem(d))
        ]
        if database.exists():
            outcome, more = judge_database(database, good, edited, invalid)
            tally.add(outcome, *losses, *more)
        else:
            verb = "validate" if done["validate"].returncode else "build"
            tally.add(f"refused by {verb}", *losses)
    return tally


def judge_database(
    database: Path, good: bytes, edited: bytes, invalid: bool
) -> tuple[str, list[str]]:
    """Return which of two states of a table a database has, and what is wrong in it."""
    validated = json.loads(database.with_name("validated.json").read_text())
    sql = "SELECT 'data/' || \"table\" || '.csv', sha256 FROM dataset_tables"
    with contextlib.closing(sqlite3.connect(database)) as db:
        built = dict(db.execute(sql).fetchall())
        names = {name for (name,) in db.execute("SELECT name FROM programs")}
    losses = [
        f"{path} in the database is not what was validated"
        for path, digest_ in built.items()
        if validated.get(path) != digest_
    ]
    if not all(names):
        losses.append("the database has an invalid name")
    table = built["data/programs.csv"]
    if table == sha256(good).hexdigest():
        return "built what was there first", losses
    if table == sha256(edited).hexdigest():
        return "built the edit", losses + ["an invalid edit was built"] * invalid
    return "built something else", [*losses, "the database has neither"]


@kind
def interrupted(folder: Path, args, r: random.Random) -> Tally:
    """Press Ctrl-C during `make build`: no traceback, no half file, and the next one succeeds."""
    tally, clone = Tally(), clone_repository(folder / "clone")
    whole = duration(MAKE_BUILD, clone)
    database = clone / "build" / "benefits.db"
    expected = digest(database)
    for _ in range(20):
        shutil.rmtree(clone / "build")
        code, text = interrupt(MAKE_BUILD, r.uniform(0.1, whole), clone)
        losses = [f"a traceback: {text[-600:]}"] if "Traceback" in text else []
        losses += [f"left: {name}" for name in strays(database)]
        if digest(database) not in (expected, "nothing"):
            losses.append("the database is half-written")
        done = subprocess.run(MAKE_BUILD, cwd=clone, capture_output=True, text=True)
        losses += [failure(done), "" if digest(database) == expected else "the next build differs"]
        tally.add("stopped" if code else "was done", *losses)
    if not tally.outcomes["stopped"]:
        tally.losses.append("nothing was interrupted: this shows nothing")
    return tally


def interrupt(command: list[str], seconds: float, cwd: Path) -> tuple[int, str]:
    """Start a command, interrupt it after some seconds; return its exit code and its output."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # If a shell runs this in the background SIGINT is ignored, which a child would inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    text = process.communicate()[0]
    return process.returncode, text
