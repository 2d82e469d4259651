"""The data package as typed rows: `datapackage.json` and `data/`, read once, with every fault of reading named.

The ground floor: it imports nothing of ours. What can be said of one file, one line or one cell by its schema alone is
found here; what needs several rows is a rule (`rules.py`).
"""

from __future__ import annotations

import sys

# Verbs import this module first: Ctrl-C while the large libraries are imported ends them without a traceback, as it does later in `run`.
sys.excepthook = lambda kind, error, trace: None if issubclass(kind, KeyboardInterrupt) else sys.__excepthook__(kind, error, trace)

import codecs
import contextlib
import csv
import errno
import gc
import hashlib
import io
import json
import multiprocessing
import os
import re
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_SQLITE = (3, 37)  # the first with STRICT tables
MAX_CELL = 8_000  # characters; the longest honest note is a tenth of it, and a pasted document should fail here
MAX_FIELDS = 200  # columns; frictionless needs a minute for a row of 100,000 cells
MAX_DEPTH = 40  # levels of datapackage.json; ours has nine
MAX_READ = 131_072  # characters of a cell beyond which a file is not read on: it is no table of ours
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
SEMVER = re.compile(r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)", re.ASCII)
TYPES = ("string", "integer", "date")
WRITTEN_BY_THE_RELEASE = ("releases", "changes")  # empty before the first release


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, where it is, and what to do. `line` counts from 1 (the header is line 1); 0 is the whole file."""

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
    """One resource: its schema and its rows. `rows` are dicts of typed values (str, int, ISO date as str, or None);
    `lines[i]` is the line of `rows[i]` in the file. `unread` holds the first cells of single lines that could not be read, `mistyped` the lines
    with a cell that does not fit its type and counts as None; `readable` is False when the rows could not be read at all."""

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
        """Pairs of (line, row), in file order."""
        return zip(self.lines, self.rows)


@dataclass(eq=False)
class Package:
    """The descriptor and its tables, with the faults met while reading. `descriptor` is None when it cannot be used."""

    root: Path
    descriptor: dict | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    descriptor_sha256: str = ""

    def rows(self, table: str) -> list[dict]:
        return self.tables[table].rows if table in self.tables else []

    def digests(self) -> dict[str, str]:
        """SHA-256 of the descriptor and of every data file that was read, by path: the proof of what was validated."""
        return {"datapackage.json": self.descriptor_sha256} | {t.path: t.sha256 for t in self.tables.values() if t.sha256}


def load(root: Path = ROOT, only: tuple[str, ...] | None = None) -> Package:
    """Read the package under `root`. Raises nothing: whatever is wrong is in `faults`. With `only`, these tables alone are
    read; of the others `rows` is None, and `digests` has nothing."""
    package = Package(Path(root))
    _read_descriptor(package)
    if package.descriptor is not None:
        for resource in package.descriptor["resources"]:
            if only is None or resource["name"] in only:
                _read_table(package, resource)
            else:
                package.tables[resource["name"]] = Table(resource["name"], resource["path"], resource, rows=None)
    return package


# ---- the descriptor -------------------------------------------------------------------------------------------------


def _pairs_once(pairs):
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f'the key "{key}" stands twice in one object')
        seen[key] = value
    return seen


def _no_number(name: str):
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large a number")
    return number


def _unwritable(descriptor) -> str:
    """Why the descriptor could not be written or walked again, as a clause: half a character, or a depth that no honest one has."""
    left = [(0, descriptor)]
    while left:
        depth, part = left.pop()
        if depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} levels deep"
        if isinstance(part, str) and any("\ud800" <= c <= "\udfff" for c in part):
            return f"{ascii(part)[:80]} holds half of a character"
        if isinstance(part, dict):
            left += [(depth + 1, x) for pair in part.items() for x in pair]
        elif isinstance(part, list):
            left += [(depth + 1, x) for x in part]
    return ""


def _read_descriptor(package: Package) -> None:
    def fault(rule, message, todo, line=0):
        package.faults.append(Fault("datapackage.json", line, "", "", rule, message, todo))

    raw = _read_bytes(package, "datapackage.json")
    if raw is None:
        return
    package.descriptor_sha256 = hashlib.sha256(raw).hexdigest()
    text = _decode(package, "datapackage.json", raw)
    if text is None:
        return
    try:
        descriptor = json.loads(text, object_pairs_hook=_pairs_once, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as e:
        return fault("json", f"is not valid JSON: {e.msg} at column {e.colno}", "mend the JSON at this line", e.lineno)
    except (ValueError, RecursionError) as e:
        return fault("json", f"cannot be used: {e}", "write each key once, plain numbers, and nest less")
    if problem := _unwritable(descriptor):
        return fault("json", f"cannot be used: {problem}", "retype the text, and nest less")
    problem = _unusable(descriptor)
    if problem:
        return fault("descriptor", problem, "see docs/codebook.md for the tables and the Data Package standard for the form")
    package.descriptor = descriptor


def _unusable(descriptor) -> str:
    """Why the tables cannot be read by this descriptor, in a sentence; empty when they can."""
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("resources"), list) or not descriptor["resources"]:
        return "needs an object with a non-empty list `resources`"
    seen = set()
    for i, r in enumerate(descriptor["resources"]):
        where = f"resources[{i}]"
        if not isinstance(r, dict) or not isinstance(r.get("name"), str) or not isinstance(r.get("path"), str):
            return f"{where} needs a `name` and one `path`, both text"
        where = f'resource "{r["name"]}"'
        if r["name"] in seen:
            return f"{where} stands twice"
        seen.add(r["name"])
        schema = r.get("schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list) or not schema["fields"]:
            return f"{where} needs a `schema` with a list `fields`"
        names = []
        for f in schema["fields"]:
            if not isinstance(f, dict) or not isinstance(f.get("name"), str):
                return f"{where} has a field without a `name`"
            names.append(f["name"])
            if f.get("type") not in TYPES:
                return f'{where}, field "{f["name"]}": type is {f.get("type")!r}, expected one of {", ".join(TYPES)}'
            constraints = f.get("constraints", {})
            if not isinstance(constraints, dict):
                return f'{where}, field "{f["name"]}": `constraints` must be an object'
            pattern = constraints.get("pattern", "")
            try:
                re.compile(pattern)
            except (re.error, TypeError, RecursionError, OverflowError):
                return f'{where}, field "{f["name"]}": `pattern` is not a regular expression: {pattern!r}'
            for bound in ("minimum", "maximum"):
                expected = int if f["type"] == "integer" else str
                if bound in constraints and (not isinstance(constraints[bound], expected) or isinstance(constraints[bound], bool)):
                    return f'{where}, field "{f["name"]}": `{bound}` must be of the type of the field'
        if len(set(names)) != len(names):
            return f"{where} names a field twice"
        key = schema.get("primaryKey")
        key = [key] if isinstance(key, str) else key
        if not isinstance(key, list) or not key or any(k not in names for k in key) or len(set(key)) != len(key):
            return f"{where} needs a `primaryKey` of its own fields"
        if not isinstance(schema.get("foreignKeys", []), list):
            return f"{where}: `foreignKeys` must be a list"
        for fk in schema.get("foreignKeys", []):
            if not isinstance(fk, dict) or not isinstance(fk.get("reference"), dict):
                return f"{where}: each foreign key needs `fields` and `reference`"
    return ""


TEXT, TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
FIELD = {
    "type": "object",
    "properties": {
        "title": TEXT, "description": TEXT, "cited": {"type": "boolean"}, "wording": {"type": "boolean"},
        "constraints": {
            "type": "object",
            "properties": {
                "required": {"type": "boolean"}, "unique": {"type": "boolean"}, "minLength": {"type": "integer"}, "maxLength": {"type": "integer"},
                "enum": {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
            },
        },
        "categories": {"type": "array", "items": {"type": "object", "properties": {"label": TEXT}}},
    },
}  # fmt: skip
KEY = {
    "type": "object",
    "required": ["fields", "reference"],
    "properties": {"fields": TEXTS, "reference": {"type": "object", "required": ["fields"], "properties": {"fields": TEXTS, "resource": TEXT}}},
}
TABLE = {
    "type": "object",
    "properties": {
        "title": TEXT, "description": TEXT, "searchable": TEXTS, "fact": {"type": "boolean"}, "dialect": {"type": "object"},
        "schema": {
            "type": "object",
            "properties": {
                "fields": {"type": "array", "items": FIELD},
                "primaryKey": TEXTS,
                "uniqueKeys": {"type": "array", "items": TEXTS},
                "foreignKeys": {"type": "array", "items": KEY},
                "missingValues": {"const": [""]},
            },
        },
    },
}  # fmt: skip
# What our verbs take for granted of the types of a descriptor; what it should say besides is for `validate`.
SHAPE = {
    "type": "object",
    "required": ["name", "title", "description", "version", "data_through", "complete_from", "licenses"],
    "properties": {
        "name": TEXT, "title": TEXT, "description": TEXT, "version": TEXT, "data_through": TEXT, "complete_from": TEXT,
        "licenses": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"name": TEXT, "title": TEXT, "path": TEXT}}},
        "resources": {"type": "array", "items": TABLE},
    },
}  # fmt: skip


def misshapen(descriptor: dict) -> list[tuple[str, str]]:
    """Pairs of the place and what is wrong there, in a clause, where the descriptor has another type than our verbs read, or lacks what they need."""
    import jsonschema  # here, since few verbs need it

    return [("/".join(map(str, e.absolute_path)) or "package", e.message[:200]) for e in jsonschema.Draft7Validator(SHAPE).iter_errors(descriptor)]


# ---- files ----------------------------------------------------------------------------------------------------------


def _read_bytes(package: Package, path: str, resource: str = "") -> bytes | None:
    def fault(rule, message, todo):
        package.faults.append(Fault(path, 0, "", "", rule, message, todo))

    parts = Path(path).parts
    if not path or "\\" in path or "\0" in path or ":" in path or Path(path).is_absolute() or ".." in parts or any(p.startswith(".") for p in parts):
        todo = "write a relative path such as data/programs.csv"
        package.faults.append(Fault("datapackage.json", 0, resource, "path", "path", f"{path!r} is not a plain path inside the package", todo, path[:200]))
        return None
    full = package.root / path
    try:
        if not full.resolve().is_relative_to(package.root.resolve()):
            fault("path", "is a link that leads out of the package", "put the file itself there")
            return None
        if full.is_dir():
            fault("not-a-file", "is a directory, expected a file", "put the file in its place")
            return None
        return full.read_bytes()
    except FileNotFoundError:
        fault("missing-file", "does not exist", "restore it, or remove its resource from datapackage.json")
    except (OSError, RuntimeError) as e:
        fault("unreadable-file", f"cannot be read: {getattr(e, 'strerror', None) or e}", "check the file and its permissions")
    return None


def _decode(package: Package, path: str, raw: bytes) -> str | None:
    def fault(rule, message, todo, line=0):
        package.faults.append(Fault(path, line, "", "", rule, message, todo))

    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return fault("encoding", "is UTF-16, expected UTF-8", "save it as UTF-8 without a byte order mark")
    if b"\0" in raw:
        return fault("nul-byte", "holds a NUL byte", "remove it", raw.count(b"\n", 0, raw.index(b"\0")) + 1)
    if raw.startswith(codecs.BOM_UTF8):
        fault("byte-order-mark", "starts with a byte order mark", "run make sort, which removes it", 1)
        raw = raw[3:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        return fault("encoding", f"byte 0x{raw[e.start]:02x} is not UTF-8", "save it as UTF-8", line)


def _read_table(package: Package, resource: dict) -> None:
    table = Table(resource["name"], resource["path"], resource)
    package.tables[table.name] = table

    def fault(rule, message, todo, line=0, key="", column="", value=""):
        package.faults.append(Fault(table.path, line, key, column, rule, message, todo, value))

    raw = _read_bytes(package, table.path, table.name)
    if raw is None:
        return
    table.sha256 = hashlib.sha256(raw).hexdigest()
    if not raw.strip():
        return fault("empty-file", "is empty, expected at least the header", "restore the header: " + ",".join(table.columns))
    if _decode(package, table.path, raw) is None:
        return
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if b"\r" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\r")) + 1
        fault("line-ending", "has a carriage return, expected LF line ends", "run make sort, which writes LF line ends", line)
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not raw.endswith(b"\n"):
        fault("final-newline", "ends in the middle of a line, as a cut-off file does", "check that nothing is missing, then run make sort, which ends it with a line feed", raw.count(b"\n") + 1)
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""), strict=True)  # a piece at a time: as text, all of it takes four times the memory
    columns = table.columns
    try:
        header = next(reader)
        if header != columns:
            _header_faults(header, columns, fault)
            return
        types = {f["name"]: f["type"] for f in table.fields}
        to_read = [column for column in columns if types[column] != "string"]  # text is what it is, unless it is too long
        at = [columns.index(c) for c in table.primary_key if c in columns]
        for line, cells in _records(reader):
            if not cells or not any(cells):
                fault("blank-row", "is a blank line", "remove it", line)
                continue
            longest = max(map(len, cells))
            if len(cells) > MAX_FIELDS or longest > MAX_READ:
                what = f"has {len(cells):,} cells" if len(cells) > MAX_FIELDS else f"has a cell of {longest:,} characters"
                return fault("oversized-row", f"{what}, which no honest row has", "check quotes and commas (the rest of this file was not checked)", line, cells[0][:80])
            if len(cells) != len(columns):
                table.unread.add(cells[0])
                fault("row-width", f"has {len(cells)} cells, expected {len(columns)}", "check commas and quotes", line, cells[0][:80])
                continue
            row = dict(zip(columns, [cell or None for cell in cells]))
            for column in columns if longest > MAX_CELL else to_read:
                if row[column] is not None:
                    row[column] = _typed(row[column], types[column], column, line, "/".join([cells[i] for i in at])[:200], fault)
                    if row[column] is None:
                        table.mistyped.add(line)
            table.rows.append(row)
            table.lines.append(line)
    except csv.Error as e:
        return fault("csv", f"is not valid CSV: {e}", "check the quotes at and above this line", reader.line_num)
    except StopIteration:
        return fault("empty-file", "has no header", "restore the header: " + ",".join(columns))
    table.readable = True


def _records(reader):
    """Pairs of (first line, cells): a quoted cell may run over several lines."""
    line = reader.line_num + 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _header_faults(header, columns, fault) -> None:
    todo = "write the header as " + ",".join(columns) + " (the rows of this file were not checked)"
    if len(header) > MAX_FIELDS:
        return fault("header", f"has {len(header)} columns, expected {len(columns)}", todo, 1)
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            fault("header", f"names the column {name!r} twice", todo, 1, column=name)
        elif name not in columns:
            fault("header", f"has an unknown column {name!r}", todo, 1, column=name)
    for name in columns:
        if name not in header:
            fault("header", f"lacks the column {name!r}", todo, 1, column=name)
    if sorted(header) == sorted(columns):
        fault("header", "has its columns in another order", todo, 1)


def _typed(cell: str, type_: str, column: str, line: int, key: str, fault):
    """The cell, which is not empty, as str, int or None. A cell that does not fit its type is a fault and counts as None."""
    if len(cell) > MAX_CELL:
        fault("cell-too-long", f"has {len(cell):,} characters, at most {MAX_CELL:,} are expected", "shorten it", line, key, column)
        return None
    if type_ == "integer":
        if INTEGER.fullmatch(cell) and len(cell) < 16:
            return int(cell)
        fault("type", f"{cell[:60]!r} is not a whole number", "write digits only, such as 138", line, key, column, cell[:200])
        return None
    if type_ == "date":
        if is_iso_date(cell):
            return cell
        fault("type", f"{cell[:60]!r} is not a date", "write YYYY-MM-DD, such as 2025-07-01", line, key, column, cell[:200])
        return None
    return cell


@lru_cache(maxsize=10_000)
def is_iso_date(text: str) -> bool:
    return bool(ISO_DATE.fullmatch(text)) and is_date(text)


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
        return True
    except ValueError:
        return False


def csv_text(columns: list[str], rows) -> str:
    """The text of a file of data/, as `write_csv` writes it."""
    out = io.StringIO()
    write_csv(out, columns, rows)
    return out.getvalue()


def write_csv(out, columns: list[str], rows) -> None:
    """Write a file of data/: `rows` are cells (str, int or None) in the order of `columns`; LF, quotes only where CSV needs them."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)


def built(database: Path) -> Path:
    """`database`, if it is there; otherwise the verb ends with a sentence and exit code 1."""
    require_sqlite()
    if not database.is_file():
        raise SystemExit(f"error: {database} is not there: run `make build`")
    problem = damage(database)
    if problem:
        raise SystemExit(f"error: {database} {problem}: run `make build`, which makes it anew")
    return database


def require_sqlite() -> None:
    """End the verb with a sentence where SQLite is too old for what is built, instead of with a syntax error."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise SystemExit(
            f"error: this Python has SQLite {sqlite3.sqlite_version}, and {oldest} or newer is needed (for STRICT tables): "
            "use another Python, as in PYTHON=python3.12 make serve"
        )


def damage(database: Path) -> str:
    """What is wrong with a file that should be the built database, as a clause; empty when nothing is. Its length and its tables are
    looked at, not each page."""
    try:
        with open(database, "rb") as file:
            head = file.read(100)
        size = database.stat().st_size
    except OSError as e:
        return f"cannot be read ({e.strerror})"
    if size == 0:
        return "is empty"
    if not head.startswith(b"SQLite format 3\0") or len(head) < 100:
        return "is no SQLite database"
    page = int.from_bytes(head[16:18], "big")
    whole = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if size < whole:
        return f"is cut off: it has {size:,} bytes of {whole:,}"
    try:
        with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as connection:
            connection.execute("SELECT version, data_through FROM dataset").fetchone()
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            lacking = sorted({name for (name,) in connection.execute('SELECT "table" FROM dataset_tables')} - there)
    except sqlite3.Error as e:
        return f"is no database of this dataset ({e})"
    return f"lacks the table {lacking[0]}" if lacking else ""


def sqlite_uri(database: Path | str, how: str = "mode=ro") -> str:
    """The URI by which SQLite opens a file of any name: one with ?, # or % too."""
    return Path(database).absolute().as_uri() + "?" + how


@contextlib.contextmanager
def written(path: Path):
    """A name beside `path`, to be made a file or a folder, which then takes its place: whole or not at all."""
    if path.exists() and not path.is_file() and not path.is_dir():
        # Taking the place of /dev/null would be felt on the whole machine.
        raise OSError(errno.EINVAL, "it is a device or a pipe, expected a file", str(path))
    sweep(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        # On the disk before it has the name: after a power cut, a name may stand there whose bytes never came.
        os.sync() if beside.is_dir() else settle(beside)
        os.replace(beside, path)
        settle(path.parent)
    except OSError as e:
        e.filename = e.filename or str(path)  # a full disk names none
        raise
    finally:
        remove(*path.parent.glob(f"{beside.name}*"))


def settle(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sweep(path: Path) -> None:
    """Remove what verbs that were killed left beside `path`: what has the number of a process that is no more, or of this one."""
    for left in path.parent.glob(f".{path.name}.*"):
        owner = re.match("[0-9]+", left.name.removeprefix(f".{path.name}."))
        if owner and (int(owner[0]) == os.getpid() or not lives(int(owner[0]))):
            remove(left)


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True


@contextlib.contextmanager
def meanwhile(function, *args):
    """Run a function in a process of its own, a copy of this one; yields what waits for its result or raises what it raised. However
    this process ends, that one does not outlive its work."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)

    def work():
        here.close()  # so that there is no reader left when this process's parent is gone
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            try:
                found = function(*args), None
            except Exception as e:
                found = None, e
            there.send(found)

    process = fork.Process(target=work, daemon=True)
    gc.freeze()  # or the collector of either process would touch, and so copy, what the two share
    process.start()
    there.close()

    def result():
        try:
            found, error = here.recv()
        except EOFError:
            raise ChildProcessError(f"the process that ran {function.__name__} was killed") from None
        if error:
            raise error
        return found

    try:
        yield result
    finally:
        process.kill()
        process.join()
        here.close()
        gc.unfreeze()


def remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def open_standard_streams() -> None:
    """Open what the caller closed (`>&-`) on nothing: Python has None there, and the next file that
    is opened, such as the database, would get the number to which programs that we start print."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: its own
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, encoding="utf-8"))


def run(main) -> None:
    """Run a verb as a program: a reader that goes away (`| head`), Ctrl-C, and what the system refuses, such as a full disk, end it
    without a traceback. What it prints is UTF-8 whatever the caller's settings, and a name that is not even that is shown escaped."""
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
    except KeyboardInterrupt:
        code = 130
    except OSError as e:
        print(f"error: {e.filename or 'the output'} cannot be read or written: {e.strerror or e}", file=sys.stderr)
        code = 1
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
