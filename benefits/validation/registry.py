"""Register the rules, run them, and give them the rows that they check.

A rule has a name, a clause on what to do, and an example in `tests/examples/rules.csv` that must
fail. It yields (table, line, row, column, message). Rules see only tables whose rows could be read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from benefits.package import Fault, Package, Table

RULES: list[tuple[str, str, Callable]] = []  # (name, what to do, function)
OF_ONE_CELL: set[str] = set()  # names of the rules that check each cell by itself
MAX_MESSAGE = 400  # characters of a sentence


def rule(name: str, todo: str, of_one_cell: bool = False):
    """Register a function as the rule of this name, with a clause that says what to do."""

    def register(function):
        RULES.append((name, todo, function))
        if of_one_cell:
            OF_ONE_CELL.add(name)
        return function

    return register


def rule_faults(package: Package) -> list[Fault]:
    """Return every fault that the rules find in the readable tables of `package`."""
    faults = []
    for name, todo, function in RULES:
        for table, line, row, column, message in function(package):
            if line in table.mistyped and name not in OF_ONE_CELL:
                # A cell of this row could not be read, which is a fault already, and counts as
                # empty.
                continue
            value = "" if row is None or not column or row.get(column) is None else str(row[column])
            key = "" if row is None else table.key_of(row)
            if len(message) > MAX_MESSAGE:  # a cell may hold a pasted document
                message = message[:MAX_MESSAGE] + "..."
            faults.append(Fault(table.path, line, key, column, name, message, todo, value[:200]))
    return faults


def readable(package: Package, *names: str) -> bool:
    """Return whether the rows of all these tables could be read.

    A rule on several tables finds nothing if one of them is missing, which is a fault already.
    """
    return all(n in package.tables and package.tables[n].readable for n in names)


def located(package: Package, *names: str):
    """Yield (table, line, row) for the readable tables of these names."""
    for name in names:
        if readable(package, name):
            table = package.tables[name]
            for line, row in table.located():
                yield table, line, row


def every_table(package: Package) -> list[Table]:
    """Return the tables that could be read."""
    return [t for t in package.tables.values() if t.readable]


def facts(package: Package) -> list[Table]:
    """Return the tables whose rows need citations."""
    return [t for t in every_table(package) if t.resource.get("fact")]


def record_keys(package: Package) -> dict[str, set[str]]:
    """Return the keys of each readable table, including those of lines with faults."""
    return {t.name: {t.key_of(r) for r in t.rows} | t.unread for t in every_table(package)}


def cells(package: Package, suspicious):
    """Yield (table, line, row, column, text) for the text cells of suspicious columns.

    `suspicious` gets all cells of a column as one text, each between two NULs, which no cell can
    hold. One call for each column takes a tenth of the time of one for each cell.
    """
    for table in every_table(package):
        for column, text in texts(table).items():
            if suspicious(text):
                for line, row in table.located():
                    if row[column] is not None:
                        yield table, line, row, column, row[column]


@lru_cache(maxsize=64)
def texts(table: Table) -> dict[str, str]:
    """Return the cells of each text column as one text; codes are skipped."""
    columns = [
        f["name"]
        for f in table.fields
        if f["type"] == "string" and "enum" not in f.get("constraints", {})
    ]
    return {
        column: "\0" + "\0".join(filter(None, map(itemgetter(column), table.rows))) + "\0"
        for column in columns
    }
