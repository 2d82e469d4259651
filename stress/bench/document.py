"""Write the report: docs/quality/performance.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

from stress.bench.report import Line, Report

TOP = """# Performance

`make bench` writes this file. All figures are from one run on one machine, with other tools on the
same data:

{machine}.

This run meets {met} of {goals} goals. Ratios can be compared between machines, absolute figures
cannot.

The goals for our data are to validate it in less than 3 seconds and to build it in less than 1.
Both should grow linearly. Earlier goals for the ratios to frictionless alone and to plain csv and
sqlite3 are withdrawn. The ratios are still measured, but on data of this size nobody notices them.

Stock Datasette runs one process, as it does by default. It serves a table of 10,000 rows with the
columns of its own fixtures, because its package does not include the fixtures themselves.
"""

PART = """
## {title}

| what | ours | compared with | ratio | goal | |
| --- | --- | --- | --- | --- | --- |
{lines}
"""

GROWTH = """
## Growth

Seconds by rows, both on logarithmic scales: a straight line at 45 degrees is linear.
`scripts/grow.py` makes the larger packages.

![Seconds by rows for each verb, its peer and each answer](performance.svg)
"""


def write_document(report: Report) -> str:
    """Return the text of the document."""
    goals = [line for line in report.lines if line.met is not None]
    text = TOP.format(machine=machine(), met=sum(line.met for line in goals), goals=len(goals))
    for part in dict.fromkeys(line.part for line in report.lines):
        rows = "\n".join(row_of(line) for line in report.lines if line.part == part)
        text += PART.format(title=part.capitalize(), lines=rows)
    return text + (GROWTH if report.seconds else "")


def row_of(line: Line) -> str:
    """Return a line as a row of the table."""
    met = {None: "", True: "met", False: "**not met**"}[line.met]
    return f"| {line.what} | {line.ours} | {line.peer} | {line.ratio} | {line.goal} | {met} |"


def machine() -> str:
    """Return a description of this machine and its software."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return ", ".join(
        [
            f"{os.cpu_count()} cores ({(models or [platform.machine()])[0]})",
            f"{memory:.0f} GB",
            platform.system(),
            f"Python {platform.python_version()}",
            f"SQLite {sqlite3.sqlite_version}",
        ]
    )
