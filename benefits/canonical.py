"""Write data files in their canonical form.

UTF-8, LF, rows sorted by primary key, quotes only where CSV needs them.
"""

from __future__ import annotations

from benefits.files import atomic_write, csv_text
from benefits.package import Fault, Package, Table

# Rules whose faults are gone when the file is written again.
FIXED = {"line-ending", "final-newline", "byte-order-mark"}


def canonical_text(table: Table) -> str:
    """Return the text of a table in canonical form."""
    rows = sorted(table.rows, key=lambda r: tuple(r[c] or "" for c in table.primary_key))
    return csv_text(table.columns, ([row[c] for c in table.columns] for row in rows))


def lasting_faults(package: Package) -> list[Fault]:
    """Return the faults of reading that stay when the files are written again."""
    return [fault for fault in package.faults if fault.rule not in FIXED]


def is_sortable(table: Table, faults: list[Fault]) -> bool:
    """Return whether a table can be written again without losing anything.

    `faults` are the lasting faults of the package. A line break inside a cell would be lost, since
    a carriage return is read as one.
    """
    if not table.readable or any(fault.file == table.path for fault in faults):
        return False
    return not any(isinstance(c, str) and "\n" in c for row in table.rows for c in row.values())


def is_canonical(package: Package, table: Table) -> bool:
    """Return whether the file of a table is in canonical form."""
    return canonical_text(table).encode() == (package.root / table.path).read_bytes()


def write_canonical(package: Package, table: Table) -> None:
    """Write the file of a table in canonical form."""
    with atomic_write(package.root / table.path) as temporary:
        temporary.write_text(canonical_text(table), encoding="utf-8", newline="")
