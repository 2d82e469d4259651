"""Load the package of a release, and refuse one that cannot be released."""

from __future__ import annotations

from pathlib import Path

from benefits import diff, history
from benefits.errors import BenefitsError
from benefits.package import Package
from benefits.reading import load
from benefits.validation.check import package_faults

CHANGE_COLUMNS = ("table", "record", "field", "old", "new")


class Refused(BenefitsError):
    """A release cannot be prepared or made."""


def load_valid(root: Path) -> Package:
    """Return the package under `root`. Raises Refused if it has faults."""
    package = load(root)
    if faults := package_faults(package):
        raise Refused(
            f"the package has {len(faults)} faults, the first: {faults[0]}; run make check"
        )
    return package


def find_release(package: Package, version: str) -> dict | None:
    """Return the row of a version in data/releases.csv; None if it is not prepared."""
    return next((r for r in package.rows("releases") if r["version"] == version), None)


def change_problems(package: Package, change: diff.Difference, release: dict) -> list[str]:
    """Return a sentence unless data/changes.csv holds exactly the change since the last release."""
    expected = history.change_rows(change, release["version"], release["date"], {})
    rows = [c for c in package.rows("changes") if c["version"] == release["version"]]
    if comparable(expected) == comparable(rows):
        return []
    return [
        "data/changes.csv does not say what changed: the data was edited after it was prepared; "
        "take the prepared rows back and prepare again"
    ]


def comparable(changes: list[dict]) -> list[tuple]:
    """Return rows of `changes` without their version, day and reason, sorted."""
    return sorted((tuple(map(c.get, CHANGE_COLUMNS)) for c in changes), key=repr)
