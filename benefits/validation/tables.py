"""Rules on tables: rows, order and keys."""

from __future__ import annotations

from benefits.package import WRITTEN_BY_THE_RELEASE
from benefits.validation.registry import every_table, located, rule


@rule("empty-table", "restore the rows")
def empty_table(package):
    for table in every_table(package):
        if not table.rows and table.name not in WRITTEN_BY_THE_RELEASE:
            yield table, 0, None, "", "has a header and no rows"


@rule("sorted", "run make sort, which sorts every file by its primary key")
def sorted(package):
    for table in every_table(package):
        before = None
        for line, row in table.located():
            key = tuple(row[c] or "" for c in table.primary_key)
            if before is not None and key < before:
                yield table, line, row, "", f"comes after {'/'.join(before)}, which sorts later"
            before = key


@rule("unique-key", "make each combination of these columns occur once")
def unique_key(package):
    for table in every_table(package):
        for columns in table.resource["schema"].get("uniqueKeys", []):
            if (
                not isinstance(columns, list)
                or not columns
                or not all(c in table.columns for c in columns)
            ):
                continue  # a fault of the descriptor
            seen = {}
            for line, row in table.located():
                value = tuple(row[c] for c in columns)
                if value in seen:
                    yield (
                        table,
                        line,
                        row,
                        columns[0],
                        f"repeats {', '.join(columns)} of line {seen[value]}",
                    )
                else:
                    seen[value] = line


# What the key of a row begins with.
KEY_PREFIX = {
    "programs": lambda r: r["jurisdiction"],
    "coverage": lambda r: r["program"],
    "absences": lambda r: f"{r['jurisdiction']}-no",
}


@rule("key-prefix", "keep the key, which never changes, and correct the column it is built on")
def key_prefix(package):
    for name, prefix in KEY_PREFIX.items():
        for table, line, row in located(package, name):
            key, base = row[table.primary_key[0]], prefix(row)
            if key and base and not key.startswith(f"{base.lower()}-"):
                yield (
                    table,
                    line,
                    row,
                    table.primary_key[0],
                    f"{key!r} does not begin with {base.lower()!r}, the row it belongs to",
                )
