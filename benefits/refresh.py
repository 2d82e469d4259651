"""Build/benefits.db is brought up to date: validated and built again if anything it is made from
has changed.

"Changed" is by content, not by time: the SHA-256 of every file that goes into the database, of
the scripts that make it, and of the database itself, are held against those written beside it in
build/made-from.json when it was made."""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

from benefits.files import atomic_write

MAKERS = ("validate", "build")
READERS = ("web", "export", "release")  # rooms of the library that the database does not come from
FOLDERS = ("data", "sql", "profiles")
FILES = ("datapackage.json", "metadata.yml", "requirements/site.txt")


def makers_of(root: Path) -> list[Path]:
    """The code that makes the database: the library without the rooms that only read it."""
    library = [p for p in sorted((root / "benefits").rglob("*.py")) if p.parent.name not in READERS]
    return library + [root / "scripts" / f"{name}.py" for name in MAKERS]


def inputs(root: Path) -> dict[str, str]:
    """SHA-256 of all that the database is made from, by path, with the versions of Python
    and SQLite."""
    files = (
        [root / name for name in FILES]
        + [p for f in FOLDERS for p in sorted((root / f).rglob("*"))]
        + makers_of(root)
    )
    found = {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.is_file()
    }
    return found | {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}


def state(root: Path) -> dict[str, str]:
    """The inputs, and what was made of them."""
    made = [root / "build" / "benefits.db", root / "build" / "validated.json"]
    return inputs(root) | {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in made
        if p.is_file()
    }


def refresh(root: Path) -> int:
    """Make the database anew if it is not made from what is there; returns the exit code."""
    record = root / "build" / "made-from.json"
    before = state(root)
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if known == before and "build/benefits.db" in before and "build/validated.json" in before:
        print("build/benefits.db is up to date")
        return 0
    record.unlink(missing_ok=True)
    for name in MAKERS:
        code = subprocess.run([sys.executable, str(root / "scripts" / f"{name}.py")]).returncode
        if code:
            return code
    after = state(root)
    if {n: v for n, v in after.items() if not n.startswith("build/")} == {
        n: v for n, v in before.items() if not n.startswith("build/")
    }:
        # Whatever was edited meanwhile leaves no record, and is built the next time.
        with atomic_write(record) as beside:
            beside.write_text(json.dumps(after, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0
