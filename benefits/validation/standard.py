"""Check the package with frictionless, and turn its errors into faults.

An error is read by its type, row and field, never by its English.
"""

from __future__ import annotations

import copy
import re

import frictionless

from benefits.package import Fault, Package, Table

MOST_ERRORS = 100_000  # of one table


def standard_faults(package: Package, known: list[Fault]) -> list[Fault]:
    """Return what frictionless finds, except where `known` has a fault of the cell or line."""
    descriptor = readable_descriptor(package)
    if descriptor is None:
        return []
    try:
        source = frictionless.Package.from_descriptor(descriptor, basepath=str(package.root))
        report = source.validate(limit_errors=MOST_ERRORS)
    except frictionless.FrictionlessException as e:
        return [descriptor_fault("frictionless", f"frictionless cannot use it: {str(e)[:300]}")]
    faults = [descriptor_fault(f"frictionless {e.type}", e.note) for e in report.errors]
    places = {(f.file, f.line, f.field) for f in known}
    lines = {(f.file, f.line) for f in known if f.line and not f.field}
    for task in report.tasks:
        faults += [
            fault
            for fault in table_faults(package.tables[task.name], task.errors)
            if (fault.file, fault.line, fault.field) not in places
            and (fault.file, fault.line) not in lines
        ]
    return faults


def readable_descriptor(package: Package) -> dict | None:
    """Return the descriptor without unreadable tables and the keys that point to them.

    Return None if no table is left.
    """
    descriptor = copy.deepcopy(package.descriptor)
    readable = {name for name, table in package.tables.items() if table.readable}
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] in readable]
    for resource in descriptor["resources"]:
        keys = resource["schema"].get("foreignKeys", [])
        resource["schema"]["foreignKeys"] = [
            key
            for key in keys
            if (key["reference"].get("resource") or resource["name"]) in readable
        ]
    return descriptor if descriptor["resources"] else None


def descriptor_fault(rule: str, message: str) -> Fault:
    """Return a fault of the descriptor."""
    return Fault("datapackage.json", 0, "", "", rule, message, "correct the descriptor")


def table_faults(table: Table, errors: list) -> list[Fault]:
    """Return a fault for each error of one table."""
    rows = dict(table.located()) if errors else {}
    faults = []
    for error in errors:
        line = getattr(error, "row_number", None) or 0
        row, column = rows.get(line), column_of(error, table)
        cell = str(getattr(error, "cell", None) or "")
        if not cell and row is not None and column:
            cell = "" if row.get(column) is None else str(row[column])
        key = table.key_of(row) if row is not None else ""
        message, todo = describe_error(error, table, column, cell)
        faults.append(Fault(table.path, line, key, column, error.type, message, todo, cell[:200]))
    return faults


def column_of(error, table: Table) -> str:
    """Return the column that an error is about: of a row, the first column of the key."""
    if name := getattr(error, "field_name", None):
        return name
    if error.type == "primary-key":
        return table.primary_key[0]
    return (getattr(error, "field_names", None) or [""])[0]


def describe_error(error, table: Table, column: str, cell: str) -> tuple[str, str]:
    """Return what is wrong and what to do, as two clauses."""
    if error.type == "constraint-error":
        field = next(f for f in table.fields if f["name"] == column)
        return describe_constraint(field.get("constraints", {}), cell)
    if error.type in ("unique-error", "primary-key"):
        return (
            f"{cell[:80]!r} occurs more than once or is missing",
            "give each row a key of its own",
        )
    if error.type == "foreign-key":
        target = error.reference_name or "the table it points to"
        return f"{cell[:80]!r} is not in {target}", f"use a key of {target}, or add the row there"
    return error.note, "see the Data Package standard"


def describe_constraint(constraints: dict, cell: str) -> tuple[str, str]:
    """Return which constraint a cell breaks and what to do; frictionless gives only the cell."""
    codes, pattern = constraints.get("enum"), constraints.get("pattern")
    if not cell:
        return "is empty", "fill it: it is required"
    if codes is not None and cell not in map(str, codes):
        return f"{cell[:60]!r} is not one of its codes", "write one of " + ", ".join(
            map(str, codes)
        )
    if pattern is not None and not re.fullmatch(pattern, cell):
        return (
            f"{cell[:60]!r} does not have the form of the column",
            f"see its description in docs/reference/codebook.md (pattern {pattern})",
        )
    low, high = constraints.get("minimum", "any"), constraints.get("maximum", "any")
    return f"{cell[:60]!r} is out of range", f"write a value between {low} and {high}"
