"""Rows that are repeated, moved, cut, or removed although others point to them."""

from __future__ import annotations

from benefits.files import csv_text
from benefits.package import Table
from stress.kinds import kind
from stress.mutants.mutant import (
    Mutant,
    replace_row,
    some_lines,
    some_table,
    write_rows,
    write_text,
)


@kind
def duplicate_row(package, root, r):
    t = some_table(package, r)
    i = r.randrange(len(t.rows))
    write_rows(root, t, t.rows[: i + 1] + t.rows[i:])
    return Mutant(f"row {t.key_of(t.rows[i])[:60]} of {t.name} twice", t.path, t.key_of(t.rows[i]))


@kind
def duplicate_key(package, root, r):
    t = some_table(package, r, but=("changes",))
    a, b = r.sample(t.rows, 2)
    key = t.primary_key[0]
    replace_row(root, t, b, **{key: a[key]})
    return Mutant(f"key {a[key][:60]} of {t.name} for a second row", t.path, t.key_of(a))


@kind
def duplicate_unique_key(package, root, r):
    t = package.tables[r.choice(["survey_answers", "order_terms", "citations"])]
    columns = t.resource["schema"]["uniqueKeys"][0]
    a, b = r.sample(t.rows, 2)
    replace_row(root, t, b, **{c: a[c] for c in columns})
    return Mutant(
        f"{t.name}: {b[t.primary_key[0]][:60]} says the same as {a[t.primary_key[0]][:60]}", t.path
    )


@kind
def unsorted(package, root, r):
    t = some_table(package, r)
    i = r.randrange(len(t.rows) - 1)
    rows = list(t.rows)
    rows[i], rows[i + 1] = rows[i + 1], rows[i]
    write_rows(root, t, rows)
    return Mutant(f"rows {i} and {i + 1} of {t.name} change places", t.path)


def cells_of(table: Table) -> list[list[str]]:
    """Return the rows of a table as the texts of their cells."""
    return [["" if x[c] is None else str(x[c]) for c in table.columns] for x in table.rows]


@kind
def short_row(package, root, r):
    t = some_table(package, r)
    lines = cells_of(t)
    i = r.randrange(len(lines))
    lines[i].pop()
    write_text(root, t, csv_text(t.columns, lines))
    return Mutant(f"row {lines[i][0]} of {t.name} lacks a cell", t.path, lines[i][0][:80])


@kind
def long_row(package, root, r):
    t = some_table(package, r)
    lines = cells_of(t)
    i = r.randrange(len(lines))
    lines[i].insert(r.randrange(1, len(lines[i])), "more")
    write_text(root, t, csv_text(t.columns, lines))
    return Mutant(f"row {lines[i][0]} of {t.name} has a cell too many", t.path, lines[i][0][:80])


@kind
def blank_line(package, root, r):
    t, lines = some_lines(package, r)
    lines.insert(r.randrange(1, len(lines)), b"\n")
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"a blank line in {t.name}", t.path)


@kind
def lost_referenced_row(package, root, r):
    """Remove a row that others point to: these are named."""
    places = []
    for t in package.tables.values():
        for k in t.resource["schema"].get("foreignKeys", []):
            target = package.tables[k["reference"]["resource"]]
            used = [x[k["fields"][0]] for x in t.rows if x[k["fields"][0]]]
            if used:
                places.append((t, target, r.choice(used)))
    t, target, key = r.choice(places)
    write_rows(root, target, [x for x in target.rows if target.key_of(x) != key])
    return Mutant(f"{target.name}/{key} is gone, {t.name} points to it", t.path)
