"""What tests share: the repository, copies of the package to break, and the verbs."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benefits.export import static_copy
from benefits.package import ROOT, Table


def copy_package(target: Path) -> Path:
    """A copy of the package, to be broken."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "datapackage.json", target)
    shutil.copytree(ROOT / "data", target / "data")
    return target


def run(script: str, *args, env: dict | None = None, **options) -> subprocess.CompletedProcess:
    """A verb, as a person runs it."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *map(str, args)],
        capture_output=True,
        text=True,
        env=os.environ | (env or {}),
        **options,
    )


def rewrite(path, change):
    """Change the rows (lists of cells, header first) of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    change(rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def find(table: Table, record: str) -> dict:
    """Return a row by its key; * is the first, and !RELATION the first with that relation."""
    if record == "*":
        return table.rows[0]
    if record.startswith("!"):
        return next(r for r in table.rows if r["relation"] == record[1:])
    return next(r for r in table.rows if table.key_of(r) == record)


def all_but_few(day: str) -> re.Pattern:
    """Return what a static copy leaves out that has the pages of one day and one state."""
    few = (
        r"|/(?:evidence/|answers/evidence_for/)(?!.*il-hbia-adult)"
        r"|/on/(?!DAY/(?:$|coverage|gaps|jurisdictions/IL|cases/california-v-hhs$))"
        r"|/answers/(?!evidence_for)(?!.*=DAY)"
    )
    return re.compile(static_copy.LEFT_OUT.pattern + few.replace("DAY", day))
