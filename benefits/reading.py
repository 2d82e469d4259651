"""Read the data package from its files, with every fault of reading.

Here each file, line and cell is checked by its schema alone. What needs several rows is a rule
(`benefits/validation`).
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
import sys
from pathlib import Path

from benefits.descriptor import (
    finite_number,
    object_of_pairs,
    reason_unusable,
    reason_unwritable,
    refuse_constant,
)
from benefits.errors import BenefitsError
from benefits.package import MAX_CELL, ROOT, Fault, Package, Table
from benefits.periods import is_iso_date

MAX_FIELDS = 200  # columns; frictionless needs a minute for a row of 100,000 cells
MAX_READ = 131_072  # characters; a file with a longer cell is not read to its end
MAX_DIGITS = 15  # of a whole number
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)


def load(root: Path = ROOT, only: tuple[str, ...] | None = None) -> Package:
    """Return the package under `root`. Raises nothing: all errors are in its `faults`.

    With `only`, just these tables are read; the others have None as `rows` and no digest.
    """
    package = Package(Path(root))
    read_descriptor(package)
    for resource in package.descriptor["resources"] if package.descriptor else ():
        name = resource["name"]
        table = package.tables[name] = Table(name, resource["path"], resource)
        if only is None or name in only:
            TableReader(package, table).read()
        else:
            table.rows = None
    return package


def load_sound(root: Path = ROOT) -> Package:
    """Return the package under `root`. Raises BenefitsError if it has faults of reading."""
    package = load(root)
    if package.faults:
        raise BenefitsError("the package has faults; run make check")
    return package


# ---- files -------------------------------------------------------------------------------------


def read_descriptor(package: Package) -> None:
    """Read datapackage.json; the descriptor stays None, with a fault, if it cannot be used."""
    name = "datapackage.json"

    def add_fault(rule, message, todo, line=0):
        package.faults.append(Fault(name, line, "", "", rule, message, todo))

    raw = read_bytes(package, name)
    if raw is None:
        return
    package.descriptor_sha256 = hashlib.sha256(raw).hexdigest()
    text = decode(package, name, raw)
    if text is None:
        return
    try:
        descriptor = json.loads(
            text,
            object_pairs_hook=object_of_pairs,
            parse_constant=refuse_constant,
            parse_float=finite_number,
        )
    except json.JSONDecodeError as e:
        message = f"is not valid JSON: {e.msg} at column {e.colno}"
        return add_fault("json", message, "correct the JSON at this line", e.lineno)
    except (ValueError, RecursionError) as e:
        todo = "write each key once, plain numbers, and nest less"
        return add_fault("json", f"cannot be used: {e}", todo)
    if reason := reason_unwritable(descriptor):
        return add_fault("json", f"cannot be used: {reason}", "retype the text, and nest less")
    if reason := reason_unusable(descriptor):
        todo = (
            "see docs/reference/codebook.md for the tables "
            "and the Data Package standard for the form"
        )
        return add_fault("descriptor", reason, todo)
    package.descriptor = descriptor


def is_plain_path(path: str) -> bool:
    """Return whether a path leads to a file inside the package on every system."""
    parts = Path(path).parts
    odd = any(c in path for c in "\\\0:") or ".." in parts or any(p.startswith(".") for p in parts)
    return bool(path) and not odd and not Path(path).is_absolute()


def read_bytes(package: Package, path: str, resource: str = "") -> bytes | None:
    """Return the bytes of a file of the package; None, with a fault, if it cannot be read."""

    def add_fault(rule, message, todo):
        package.faults.append(Fault(path, 0, "", "", rule, message, todo))

    if not is_plain_path(path):
        message, todo = f"{path!r} is not a plain path inside the package", "write a relative path"
        todo += " such as data/programs.csv"
        fault = Fault("datapackage.json", 0, resource, "path", "path", message, todo, path[:200])
        package.faults.append(fault)
        return None
    full = package.root / path
    try:
        if not full.resolve().is_relative_to(package.root.resolve()):
            return add_fault(
                "path", "is a link that leads out of the package", "put the file itself there"
            )
        if full.is_dir():
            return add_fault(
                "not-a-file", "is a directory, expected a file", "put the file in its place"
            )
        return full.read_bytes()
    except FileNotFoundError:
        todo = "restore it, or remove its resource from datapackage.json"
        add_fault("missing-file", "does not exist", todo)
    except (OSError, RuntimeError) as e:
        message = f"cannot be read: {getattr(e, 'strerror', None) or e}"
        add_fault("unreadable-file", message, "check the file and its permissions")
    return None


def decode(package: Package, path: str, raw: bytes) -> str | None:
    """Return the text of a file; None, with a fault, if it is not UTF-8."""

    def add_fault(rule, message, todo, line=0):
        package.faults.append(Fault(path, line, "", "", rule, message, todo))

    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        todo = "save it as UTF-8 without a byte order mark"
        return add_fault("encoding", "is UTF-16, expected UTF-8", todo)
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        return add_fault("nul-byte", "holds a NUL byte", "remove it", line)
    if raw.startswith(codecs.BOM_UTF8):
        todo = "run make sort, which removes it"
        add_fault("byte-order-mark", "starts with a byte order mark", todo, 1)
        raw = raw[3:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        message = f"byte 0x{raw[e.start]:02x} is not UTF-8"
        return add_fault("encoding", message, "save it as UTF-8", line)


# ---- tables ------------------------------------------------------------------------------------


class TableReader:
    """Read the file of one table into its rows."""

    def __init__(self, package: Package, table: Table):
        self.package, self.table = package, table
        self.columns = table.columns
        self.types = {f["name"]: f["type"] for f in table.fields}
        # A text needs no check of its type.
        self.typed = [column for column in self.columns if self.types[column] != "string"]
        self.key = [self.columns.index(c) for c in table.primary_key if c in self.columns]

    def add_fault(self, rule, message, todo, line=0, key="", column="", value=""):
        fault = Fault(self.table.path, line, key, column, rule, message, todo, value)
        self.package.faults.append(fault)

    def read(self) -> None:
        """Read the file. Every error becomes a fault of the package."""
        raw = read_bytes(self.package, self.table.path, self.table.name)
        if raw is None:
            return
        self.table.sha256 = hashlib.sha256(raw).hexdigest()
        header = "restore the header: " + ",".join(self.columns)
        if not raw.strip():
            return self.add_fault("empty-file", "is empty, expected at least the header", header)
        if decode(self.package, self.table.path, raw) is None:
            return
        csv.field_size_limit(sys.maxsize)
        # Decode piece by piece: the whole file as text takes four times the memory.
        text = io.TextIOWrapper(io.BytesIO(self.plain_lines(raw)), encoding="utf-8", newline="")
        reader = csv.reader(text, strict=True)
        try:
            self.table.readable = self.read_header(next(reader)) and self.read_rows(reader)
        except csv.Error as e:
            todo = "check the quotes at and above this line"
            self.add_fault("csv", f"is not valid CSV: {e}", todo, reader.line_num)
        except StopIteration:
            self.add_fault("empty-file", "has no header", header)

    def plain_lines(self, raw: bytes) -> bytes:
        """Return the bytes without a byte order mark and with LF line ends."""
        raw = raw.removeprefix(codecs.BOM_UTF8)
        if b"\r" in raw:
            line = raw.count(b"\n", 0, raw.index(b"\r")) + 1
            message = "has a carriage return, expected LF line ends"
            self.add_fault("line-ending", message, "run make sort, which writes LF line ends", line)
            raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not raw.endswith(b"\n"):
            message = "ends in the middle of a line, as a cut-off file does"
            todo = (
                "check that nothing is missing, then run make sort, which ends it with a line feed"
            )
            self.add_fault("final-newline", message, todo, raw.count(b"\n") + 1)
        return raw

    def read_header(self, header: list[str]) -> bool:
        """Return whether the header is that of the schema."""
        columns = self.columns
        if header == columns:
            return True
        todo = f"write the header as {','.join(columns)} (the rows of this file were not checked)"
        if len(header) > MAX_FIELDS:
            message = f"has {len(header)} columns, expected {len(columns)}"
            self.add_fault("header", message, todo, 1)
            return False
        for name in dict.fromkeys(header):
            if header.count(name) > 1:
                self.add_fault("header", f"names the column {name!r} twice", todo, 1, column=name)
            elif name not in columns:
                self.add_fault("header", f"has an unknown column {name!r}", todo, 1, column=name)
        for name in columns:
            if name not in header:
                self.add_fault("header", f"lacks the column {name!r}", todo, 1, column=name)
        if sorted(header) == sorted(columns):
            self.add_fault("header", "has its columns in another order", todo, 1)
        return False

    def read_rows(self, reader) -> bool:
        """Read the rows, and return whether the file was read to its end."""
        line = reader.line_num + 1
        for cells in reader:
            if not cells or not any(cells):
                self.add_fault("blank-row", "is a blank line", "remove it", line)
            elif not self.read_row(line, cells):
                return False
            line = reader.line_num + 1  # a quoted cell may run over several lines
        return True

    def read_row(self, line: int, cells: list[str]) -> bool:
        """Read a row, and return whether the rest of the file can be read."""
        longest = max(map(len, cells))
        if len(cells) > MAX_FIELDS or longest > MAX_READ:
            size = f"{len(cells):,} cells"
            if len(cells) <= MAX_FIELDS:
                size = f"a cell of {longest:,} characters"
            todo = "check quotes and commas (the rest of this file was not checked)"
            message = f"has {size}, which no honest row has"
            self.add_fault("oversized-row", message, todo, line, cells[0][:80])
            return False
        if len(cells) != len(self.columns):
            self.table.unread.add(cells[0])
            message = f"has {len(cells)} cells, expected {len(self.columns)}"
            self.add_fault("row-width", message, "check commas and quotes", line, cells[0][:80])
            return True
        row = dict(zip(self.columns, [cell or None for cell in cells], strict=True))
        key = "/".join([cells[i] for i in self.key])[:200]
        for column in self.columns if longest > MAX_CELL else self.typed:
            if row[column] is not None:
                row[column] = self.read_cell(row[column], column, line, key)
                if row[column] is None:
                    self.table.mistyped.add(line)
        self.table.rows.append(row)
        self.table.lines.append(line)
        return True

    def read_cell(self, cell: str, column: str, line: int, key: str):
        """Return a cell that is not empty as str or int.

        Return None, with a fault, if it does not fit its type.
        """
        kind = self.types[column]
        if len(cell) > MAX_CELL:
            message = f"has {len(cell):,} characters, at most {MAX_CELL:,} are expected"
            return self.add_fault("cell-too-long", message, "shorten it", line, key, column)
        if kind == "integer":
            if INTEGER.fullmatch(cell) and len(cell) <= MAX_DIGITS:
                return int(cell)
            message, todo = "is not a whole number", "write digits only, such as 138"
        elif kind == "date":
            if is_iso_date(cell):
                return cell
            message, todo = "is not a date", "write YYYY-MM-DD, such as 2025-07-01"
        else:
            return cell
        message = f"{cell[:60]!r} {message}"
        return self.add_fault("type", message, todo, line, key, column, cell[:200])
