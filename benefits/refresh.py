"""Build the database again if anything that it is made from has changed.

A change is one of content, not of time: the SHA-256 of every file that goes into the database, of
the code that builds it, and of the database itself, must be those in build/made-from.json.
"""

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
READERS = ("web", "export", "release")  # folders of the library that only read the database
FOLDERS = ("data", "sql", "profiles")
FILES = ("datapackage.json", "metadata.yml", "requirements/site.txt")


def makers_of(root: Path) -> list[Path]:
    """Return the files of code that build the database."""
    library = [p for p in sorted((root / "benefits").rglob("*.py")) if p.parent.name not in READERS]
    return library + [root / "scripts" / f"{name}.py" for name in MAKERS]


def inputs(root: Path) -> dict[str, str]:
    """Return the SHA-256 of all that the database is made from, by path.

    The versions of Python and SQLite are in it, too.
    """
    files = (
        [root / name for name in FILES]
        + [p for f in FOLDERS for p in sorted((root / f).rglob("*"))]
        + makers_of(root)
    )
    return digests_of(root, files) | {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def state(root: Path) -> dict[str, str]:
    """Return the digests of the inputs and of the files that are built from them."""
    outputs = [root / "build" / "benefits.db", root / "build" / "validated.json"]
    return inputs(root) | digests_of(root, outputs)


def digests_of(root: Path, files: list[Path]) -> dict[str, str]:
    """Return the SHA-256 of the files that exist, by path."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.is_file()
    }


def refresh(root: Path) -> int:
    """Build the database again if it is out of date, and return the exit code."""
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
        # If something was edited during the build there is no record, and the next run builds.
        with atomic_write(record) as temporary:
            temporary.write_text(
                json.dumps(after, indent=2, sort_keys=True) + "\n", encoding="utf-8"
            )
    return 0
