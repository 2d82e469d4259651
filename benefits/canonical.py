"""Put every data file into its one canonical form, so that a correction shows as the lines it
changes and no others.

UTF-8, LF, rows sorted by primary key, quotes only where CSV needs them. With --check nothing is
written: exit code 1 and a line for each file that would change. CRLF, a byte order mark and a
missing last line end are fixed too. A file that cannot be read whole, or has a line break in a
cell, is left as it is and named."""

from __future__ import annotations

from benefits.files import csv_text
from benefits.package import Table

FIXED = {
    "line-ending",
    "final-newline",
    "byte-order-mark",
}  # faults of the form alone, which writing the file again removes


def canonical(table: Table) -> str:
    rows = sorted(table.rows, key=lambda r: tuple(r[c] or "" for c in table.primary_key))
    return csv_text(table.columns, ([row[c] for c in table.columns] for row in rows))
