"""A mutant, the place where it must be caught, and what all kinds use to make one.

A kind is a function of the package, the folder of its copy, and a random generator `r`. It changes
the copy and returns a `Mutant`. The same state of the generator gives the same mutant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from benefits.files import csv_text
from benefits.package import Package, Table


@dataclass
class Mutant:
    """What was changed and where a fault must be named.

    `key` and `field` are None where any row or field may be named, `rule` where any rule may.
    """

    what: str
    file: str
    key: str | None = None
    field: str | None = None
    rule: str | None = None


class Unfit(Exception):
    """This draw has no place for the kind; another draw may have one."""


def text_of(table: Table, rows: list[dict], columns: list[str] | None = None) -> str:
    """Return rows as CSV."""
    columns = columns or table.columns
    return csv_text(columns, ([row[c] for c in columns] for row in rows))


def write_text(root: Path, table: Table, text: str) -> None:
    """Write the file of a table."""
    (root / table.path).write_text(text, encoding="utf-8", newline="")


def write_rows(root: Path, table: Table, rows: list[dict]) -> None:
    """Write rows of typed values as the file of a table."""
    write_text(root, table, text_of(table, rows))


def replace_row(root: Path, table: Table, row: dict, /, **changes) -> None:
    """Write the file of a table with other values in one row."""
    write_rows(root, table, [x | changes if x is row else x for x in table.rows])


def one_cell(package: Package, root: Path, r: Random, fits, value) -> Mutant:
    """Set one cell where `fits(table, field, row)` to another, `value(table, field, row)`."""
    places = []
    for table in package.tables.values():
        for f in table.fields:
            sample = r.sample(table.rows, min(40, len(table.rows)))
            rows = [row for row in sample if fits(table, f, row)]
            if rows:
                places.append((table, f, rows[0]))
    if not places:
        raise Unfit
    table, f, row = r.choice(places)
    name = f["name"]
    new = value(table, f, row)
    if new == row[name]:
        raise Unfit
    replace_row(root, table, row, **{name: new})
    return Mutant(
        f"{name} of {table.name}/{table.key_of(row)[:60]} becomes {str(new)[:40]!r}",
        table.path,
        table.key_of(row | {name: new}),  # a fault names the key that stands in the file
        name,
    )


def has(f: dict, name: str) -> bool:
    """Return whether a field has a constraint."""
    return name in f.get("constraints", {})


def free_text(table: Table, f: dict, row: dict) -> bool:
    """Return whether a cell is text without a list of codes, a pattern or a reference."""
    bound = {"record", "old", "new", "decided_by", "party"} | {
        c for k in table.resource["schema"].get("foreignKeys", []) for c in k["fields"]
    }
    return (
        f["type"] == "string"
        and not has(f, "enum")
        and not has(f, "pattern")
        and f["name"] not in bound
        and bool(row[f["name"]])
        and f["name"] not in table.primary_key
    )


def some_table(package: Package, r: Random, but: tuple[str, ...] = ()) -> Table:
    """Choose a table with at least two rows."""
    return r.choice([t for t in package.tables.values() if len(t.rows) > 1 and t.name not in but])


def some_lines(package: Package, r: Random) -> tuple[Table, list[bytes]]:
    """Choose a table with at least two rows, and read the lines of its file."""
    t = some_table(package, r)
    return t, (package.root / t.path).read_bytes().splitlines(keepends=True)


def shifted(day: str, days: int) -> str:
    """Return the day some days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
