"""The settings and results that all parts of the measurements share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stress.bench.processes import measure, verb_command
from stress.bench.report import Report


@dataclass
class Bench:
    """One run: its folder, the database that is served, the length of each load, and the report.

    `rows` has the number of rows of the package at each size.
    """

    place: Path
    database: Path
    times: list[int]
    seconds: int  # of each load
    requests: int  # over which memory must stay flat
    report: Report = field(default_factory=Report)
    rows: dict[int, int] = field(default_factory=dict)

    def grow(self) -> None:
        """Make a package of each size."""
        for n in self.times:
            root = self.root_of(n)
            measure(verb_command("grow", "--times", n, "--out", root))
            files = (root / "data").glob("*.csv")
            self.rows[n] = sum(file.read_bytes().count(b"\n") - 1 for file in files)

    def root_of(self, n: int) -> Path:
        """Return the folder of the package with n times the jurisdictions."""
        return self.place / f"times-{n}"

    def database_of(self, n: int) -> Path:
        """Return the database of a package; build it if it does not exist."""
        database = self.root_of(n) / "build" / "benefits.db"
        if not database.exists():
            self.build(n)
        return database

    def build(self, n: int) -> tuple[float, float]:
        """Run the build, after `validate` if necessary; return its seconds and megabytes."""
        root = self.root_of(n)
        if not (root / "build" / "validated.json").exists():
            measure(verb_command("validate", "--root", root))
        return measure(verb_command("build", "--root", root))
