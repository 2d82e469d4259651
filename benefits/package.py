"""The model of the data package: the descriptor, its tables and their rows, and a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Characters: the longest honest note is a tenth of it, and a pasted document should fail here.
MAX_CELL = 8_000
SEMVER = re.compile(r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)", re.ASCII)
WRITTEN_BY_THE_RELEASE = ("releases", "changes")  # empty before the first release


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, where it is, and what to do.

    `line` counts from 1 (the header is line 1); 0 is the whole file.
    """

    file: str
    line: int
    key: str
    field: str
    rule: str
    message: str
    todo: str
    value: str = ""

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line else "")
        who = f" [{self.key}]" if self.key else ""
        what = f" {self.field}:" if self.field else (":" if not who else "")
        return f"{place}{who}{what} {self.message} (rule: {self.rule}); {self.todo}"


@dataclass(eq=False)
class Table:
    """One resource: its schema and its rows.

    `rows` are dicts of typed values (str, int, ISO date as str, or None); `lines[i]` is the line of
    `rows[i]` in the file. `unread` holds the first cells of single lines that could not be read,
    `mistyped` the lines with a cell that does not fit its type and counts as None. `readable` is
    False when the rows could not be read at all.
    """

    name: str
    path: str
    resource: dict
    rows: list[dict] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    mistyped: set[int] = field(default_factory=set)
    readable: bool = False
    sha256: str = ""

    @property
    def fields(self) -> list[dict]:
        return self.resource["schema"]["fields"]

    @property
    def columns(self) -> list[str]:
        return [f["name"] for f in self.fields]

    @property
    def primary_key(self) -> list[str]:
        key = self.resource["schema"]["primaryKey"]
        return [key] if isinstance(key, str) else key

    def key_of(self, row: dict) -> str:
        return "/".join("" if row.get(c) is None else str(row[c]) for c in self.primary_key)

    def located(self):
        """Return pairs of (line, row), in file order."""
        return zip(self.lines, self.rows, strict=True)


@dataclass(eq=False)
class Package:
    """The descriptor and its tables, with the faults of reading.

    `descriptor` is None when it cannot be used.
    """

    root: Path
    descriptor: dict | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    descriptor_sha256: str = ""

    def rows(self, table: str) -> list[dict]:
        return self.tables[table].rows if table in self.tables else []

    def digests(self) -> dict[str, str]:
        """SHA-256 of the descriptor and of every data file that was read, by path: the
        proof of what was validated."""
        return {"datapackage.json": self.descriptor_sha256} | {
            t.path: t.sha256 for t in self.tables.values() if t.sha256
        }
