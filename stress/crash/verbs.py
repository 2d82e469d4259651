"""Start verbs, stop them, and compare the files that they leave."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

from benefits.package import ROOT

# The files that `build` and `refresh` leave in their folder.
BUILT = ("benefits.db", "validated.json", "made-from.json")

# With a static site of a few pages a release has every step of a whole one and takes a quarter of
# the time.
SMALL_RELEASE = [
    sys.executable,
    "-c",
    """
import re, runpy, sys
sys.path.insert(0, ".")
from benefits.export import static_copy
static_copy.days_of = lambda database: []
more = "|/on/|/records/|/answers/|/evidence/|/jurisdictions/"
static_copy.LEFT_OUT = re.compile(static_copy.LEFT_OUT.pattern + more)
sys.argv = ["scripts/release.py", "make"]
runpy.run_path(sys.argv[0], run_name="__main__")
""",
]


def verb_command(name: str, *args) -> list[str]:
    """Return the command that runs a verb of this repository."""
    return [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *map(str, args)]


def failure(done: subprocess.CompletedProcess) -> str:
    """Return what a command that failed printed; empty if it did not fail."""
    if done.returncode == 0:
        return ""
    return done.stdout[-500:] + done.stderr or f"exit code {done.returncode} and no message"


def run_verb(name: str, *args) -> str:
    """Run a verb; return its message if it fails."""
    return failure(subprocess.run(verb_command(name, *args), capture_output=True, text=True))


def message_problem(done: subprocess.CompletedProcess) -> str:
    """Return what is wrong with how a command failed; empty if it ends with 1 and a sentence."""
    if done.returncode != 1:
        return f"exit code {done.returncode}: {done.stderr[-500:]}"
    if "Traceback" in done.stderr or "Traceback" in done.stdout:
        return f"a traceback: {done.stderr[-800:]}"
    return "" if re.search(r"^(error: )?\S.{15,}", done.stderr + done.stdout) else "no sentence"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file; "nothing" if it does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "nothing"


def digests(root: Path, *parts: str) -> dict[str, str]:
    """Return the SHA-256 of every file under the parts, by path (default: all but git's own)."""
    return {
        path.relative_to(root).as_posix(): digest(path)
        for part in parts or (".",)
        for path in sorted((root / part).rglob("*"))
        if path.is_file() and ".git" not in path.parts and "__pycache__" not in path.parts
    }


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the paths whose digests differ."""
    return [n for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n)]


def strays(database: Path) -> list[str]:
    """Return the names in the folder of a database that no build leaves there."""
    folder = database.parent
    return (
        sorted(p.name for p in folder.iterdir() if p.name not in BUILT) if folder.exists() else []
    )


def kill_after(command: list[str], seconds: float, cwd: Path) -> None:
    """Start a command and kill it after some seconds."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd
    )
    time.sleep(seconds)
    process.kill()
    process.wait()


def duration(command: list[str], cwd: Path) -> float:
    """Run a command to its end; return its seconds."""
    start = time.monotonic()
    subprocess.run(command, capture_output=True, cwd=cwd, check=True)
    return time.monotonic() - start
