"""The model of the data package: its descriptor, tables and rows, its version, and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)", re.ASCII)
# Characters. The longest note has a tenth of this; a pasted document should be a fault.
MAX_CELL = 8_000
WRITTEN_BY_THE_RELEASE = ("releases", "changes")  # empty before the first release


@dataclass(frozen=True, order=True)
class Version:
    """The version of a package: MAJOR.MINOR.PATCH. Versions compare by these numbers."""

    major: int
    minor: int
    patch: int

    @classmethod
    def is_valid(cls, text: object) -> bool:
        """Return whether a value is the text of a version."""
        return VERSION.fullmatch(str(text)) is not None

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version of a text such as "1.2.3". Raises ValueError."""
        match = VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a version, expected MAJOR.MINOR.PATCH")
        return cls(*map(int, match.groups()))

    def increment(self, level: str) -> Version:
        """Return the next version after a change of a level: major, minor, patch or none."""
        return {
            "major": Version(self.major + 1, 0, 0),
            "minor": Version(self.major, self.minor + 1, 0),
            "patch": Version(self.major, self.minor, self.patch + 1),
            "none": self,
        }[level]

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, order=True)
class Fault:
    """One error in the data or the descriptor: what is wrong, where it is, and what to do.

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
        """Return the descriptions of the columns."""
        return self.resource["schema"]["fields"]

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return [f["name"] for f in self.fields]

    @property
    def primary_key(self) -> list[str]:
        """Return the names of the columns of the primary key."""
        key = self.resource["schema"]["primaryKey"]
        return [key] if isinstance(key, str) else key

    def key_of(self, row: dict) -> str:
        """Return the primary key of a row as text; its parts are separated by slashes."""
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
        """Return the rows of a table; none if the package does not have it."""
        return self.tables[table].rows if table in self.tables else []

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of the descriptor and of every data file that was read, by path."""
        return {"datapackage.json": self.descriptor_sha256} | {
            t.path: t.sha256 for t in self.tables.values() if t.sha256
        }
