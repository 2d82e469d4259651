"""Read what `validate` has passed, and nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator

from benefits.errors import BenefitsError
from benefits.package import Package


class BuildError(BenefitsError):
    """The database cannot be built."""


def read_validated(package: Package) -> dict[str, str]:
    """Return the digests that `validate` has passed, by path.

    Raises BuildError if it has passed nothing or another descriptor.
    """
    path = package.root / "build" / "validated.json"
    try:
        digests = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BuildError(
            "the package has not been validated: run `make build`, which validates first"
        ) from None
    require_unchanged(package, digests)
    return digests


def require_unchanged(package: Package, digests: dict[str, str]) -> None:
    """Raise BuildError unless the files of the package have these digests."""
    changed = sorted(p for p, digest in package.digests().items() if digests.get(p) != digest)
    if package.faults or changed:
        raise BuildError(change_message(", ".join(changed) or "the package"))


def change_message(what: str) -> str:
    """Return a sentence on files that changed."""
    return f"{what} changed since it was validated: run `make build`, which validates first"


def read_cells(package: Package, name: str, digests: dict[str, str]) -> Iterator[list[str | None]]:
    """Return the rows of a table as text, None where a cell is empty.

    SQLite turns text into numbers in a column of numbers. Raises BuildError if the file does not
    have its digest.
    """
    table = package.tables[name]
    raw = (package.root / table.path).read_bytes()
    if hashlib.sha256(raw).hexdigest() != digests.get(table.path):
        raise BuildError(change_message(table.path))
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""))
    next(reader, None)
    return ([cell or None for cell in row] for row in reader)
