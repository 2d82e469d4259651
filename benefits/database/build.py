"""The validated package -> build/benefits.db.

Typed STRICT tables with primary and foreign keys from the schema, indexes on keys and dates,
full-text search, the tables that describe the dataset, and the SQL of sql/tables and sql/views.
Reads neither the network nor the clock: the same package gives the same bytes. Written beside and
renamed: a build that stops leaves the old database or none.

Builds only what `validate.py` has passed: the SHA-256 of every file must be that of
build/validated.json."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import operator
import sqlite3
from collections import Counter
from pathlib import Path

import sqlite_utils

from benefits import history
from benefits.database.description import describe_dataset
from benefits.files import atomic_write
from benefits.package import ROOT, Package
from benefits.periods import latest_start
from benefits.reading import load

# The tables whose earlier states the answers can be asked for (`known_at`): NAME_known has every
# state with its days.
KEPT = ("programs", "coverage", "absences", "roles", "events", "order_terms")
# rows: an index on a key to fewer finds a large part of the table, and leads SQLite away from the
# one that finds a record
FEW = 20
PYTHON_TYPES = {"string": str, "integer": int, "date": str}


class BuildError(Exception):
    """The build cannot be done; the message is a sentence for a person."""


def build(package: Package, digests: dict[str, str], target: Path, sql: Path = ROOT / "sql") -> int:
    """Write the database of `package` to `target`, whole or not at all; returns the number
    of rows of the package. Of `package` the descriptor is enough: rows come from its files,
    which must have these digests, by path. Raises BuildError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_write(target) as temporary:
            with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                fill(connection, package, digests, sql)
                return connection.execute("SELECT SUM(rows) FROM dataset_tables").fetchone()[0]
    except sqlite3.Error as e:
        raise BuildError(f"{target.name} cannot be built: {e}") from e


def fill(
    connection: sqlite3.Connection, package: Package, digests: dict[str, str], sql: Path
) -> None:
    # Foreign keys are checked at the end, all at once. The cache holds what an index of a million
    # rows needs while it is sorted.
    for pragma in (
        "page_size = 4096",
        "journal_mode = OFF",
        "synchronous = OFF",
        "temp_store = MEMORY",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}")
    db = sqlite_utils.Database(connection, strict=True)
    db.begin()  # a row alone in a transaction costs more than all else of it
    for name in by_dependency(package):
        make_table(db, package, name, digests)
    describe_dataset(db, package, digests)
    db.commit()
    make_search(db, package)
    for file in sorted((sql / "tables").glob("*.sql")):
        connection.executescript(file.read_text(encoding="utf-8"))
    db.begin()
    make_derived(db, package, *derived(package.root, digests))
    db.commit()
    for file in sorted((sql / "views").glob("*.sql")):
        connection.executescript(file.read_text(encoding="utf-8"))
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise BuildError(
            f"{len(broken)} foreign keys point nowhere, the first in table {broken[0][0]}, row"
            f" {broken[0][1]}"
        )


def by_dependency(package: Package) -> list[str]:
    """Table names, each after the tables that its foreign keys point to."""
    done: list[str] = []

    def visit(name):
        if name not in done:
            for fk in package.tables[name].resource["schema"].get("foreignKeys", []):
                target = fk["reference"].get("resource") or name
                if target != name:  # a table may point to itself
                    visit(target)
            done.append(name)

    for name in package.tables:
        visit(name)
    return done


def make_table(
    db: sqlite_utils.Database, package: Package, name: str, digests: dict[str, str]
) -> None:
    table = package.tables[name]
    schema = table.resource["schema"]
    required = {f["name"] for f in table.fields if f.get("constraints", {}).get("required")}
    keys = [
        (fk["fields"][0], fk["reference"].get("resource") or name, fk["reference"]["fields"][0])
        for fk in schema.get("foreignKeys", [])
    ]
    pk = table.primary_key
    db.table(name).create(
        {f["name"]: PYTHON_TYPES[f["type"]] for f in table.fields},
        pk=pk[0] if len(pk) == 1 else tuple(pk),
        foreign_keys=keys,
        not_null=required | set(pk),
        strict=True,
    )
    insert(db, name, len(table.columns), cells(package, name, digests))
    for columns in schema.get("uniqueKeys", []):
        db.table(name).create_index(columns, unique=True, find_unique_name=True)
    indexed = {k[0] for k in keys if k[1] == name or db.table(k[1]).count > FEW} | {
        f["name"]
        for f in table.fields
        if f["type"] == "date" and f["name"] in ("valid_from", "valid_to", "date", "as_of")
    }
    for column in table.columns:
        if column in indexed:
            db.table(name).create_index([column], find_unique_name=True)
    if name == "citations":
        db.table(name).create_index(
            ["record", "table"], find_unique_name=True
        )  # by record, since that alone may be asked
    if name == "coverage":
        db.table(name).create_index(
            ["program", "population"], find_unique_name=True
        )  # the periods of one program and group


def insert(db: sqlite_utils.Database, name: str, width: int, rows) -> None:
    db.conn.executemany(f"INSERT INTO [{name}] VALUES ({', '.join('?' * width)})", rows)


def cells(package: Package, name: str, digests: dict[str, str]):
    """The rows of a table as text, None where empty: SQLite makes numbers of text in a
    column of numbers. Raises BuildError if its bytes have not this digest."""
    table = package.tables[name]
    raw = (package.root / table.path).read_bytes()
    if hashlib.sha256(raw).hexdigest() != digests.get(table.path):
        raise BuildError(changed_since(table.path))
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""))
    next(reader, None)
    return ([cell or None for cell in row] for row in reader)


# ---- what is derived by Python, in a process beside ----------------------------------------------


def derived(
    root: Path, digests: dict[str, str]
) -> tuple[list[tuple], dict[str, tuple[list[str], list[tuple]]]]:
    """The text of the citations of each record, and for each table of KEPT the columns and
    rows of all its states. Raises BuildError."""
    package = load(root, only=(*KEPT, "changes", "releases", "sources"))
    unchanged(package, digests)
    return record_citations(package, digests), {name: states(package, name) for name in KEPT}


def record_citations(package: Package, digests: dict[str, str]) -> list[tuple[str, str, str]]:
    """Table, record, and the citations of the record as one short text, best sources first:
    title (publisher), locators. At most four sources for it and two against it are named;
    evidence_for has them all. Made once at build, since every answer carries this text."""
    order = {"primary": 1, "secondary": 2}
    sources = {
        s["source"]: (
            order.get(s["reliability"], 3),
            s["source"],
            s["title"] + (f" ({s['publisher']})" if s["publisher"] else ""),
        )
        for s in package.rows("sources")
    }
    cited: dict[tuple[str, str], dict[tuple, set]] = {}
    at = operator.itemgetter(
        *map(
            package.tables["citations"].columns.index,
            ("table", "record", "source", "relation", "locator"),
        )
    )
    for table, record, source, relation, locator in map(at, cells(package, "citations", digests)):
        cited.setdefault((table, record), {}).setdefault(
            (relation == "contradicts", sources[source]), set()
        ).add(locator)

    def text(found: dict[tuple, set]) -> str:
        named: list[str] = []
        places: Counter[bool] = Counter()
        for (against, (*_, title)), locators in sorted(found.items()):
            places[against] += 1
            if places[against] <= (2 if against else 4):
                where = ", ".join(sorted(locators))
                named.append(
                    f"{'against: ' if against else ''}{title},"
                    f" {where if len(where) <= 120 else 'several places'}"
                )
        return "; ".join(
            named + [f"and {len(found) - len(named)} more"] * (len(found) > len(named))
        )

    return [(*record, text(found)) for record, found in sorted(cited.items())]


def states(package: Package, name: str) -> tuple[list[str], list[tuple]]:
    """The columns and rows of NAME_known: every state that a row has had, with its days."""
    table = package.tables[name]
    rows = {table.key_of(row): row for row in table.rows}
    changes = [c for c in package.rows("changes") if c["table"] == name]
    found = history.known(
        rows, changes, {f["name"]: f["type"] for f in table.fields}, package.rows("releases")
    )
    columns = table.columns + ["known_from", "known_to"]
    if "valid_from_precision" in columns:
        columns.append("starts_by")
        found = [
            row
            | {
                "starts_by": (
                    row["valid_from"]
                    and latest_start(row["valid_from"], row["valid_from_precision"])
                )
            }
            for row in found
        ]
    return columns, [tuple(map(row.get, columns)) for row in found]


# ---- the tables ----------------------------------------------------------------------------------


def make_derived(
    db: sqlite_utils.Database,
    package: Package,
    citations: list[tuple],
    known: dict[str, tuple[list[str], list[tuple]]],
) -> None:
    db.table("record_citations").create(
        {"table": str, "record": str, "citations": str}, pk=("table", "record"), strict=True
    )
    insert(db, "record_citations", 3, citations)
    for name, (columns, rows) in known.items():
        table = package.tables[name]
        integers = {f["name"] for f in table.fields if f["type"] == "integer"}
        db.table(f"{name}_known").create(
            {c: int if c in integers else str for c in columns},
            not_null={"known_from", "known_to"},
            strict=True,
        )
        insert(db, f"{name}_known", len(columns), rows)
        for column in [table.primary_key[0]] + [
            fk["fields"][0] for fk in table.resource["schema"].get("foreignKeys", [])
        ]:
            db.table(f"{name}_known").create_index([column])


def make_search(db: sqlite_utils.Database, package: Package) -> None:
    for name, table in package.tables.items():
        columns = table.resource.get("searchable")
        if columns:
            db.table(name).enable_fts(
                columns, fts_version="FTS5", tokenize="unicode61 remove_diacritics 2"
            )
            db.table(name).optimize()


def validated(package: Package) -> dict[str, str]:
    """The digests that `validate.py` passed, by path. Raises BuildError if it passed another
    descriptor, or nothing."""
    stamp = package.root / "build" / "validated.json"
    try:
        passed = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BuildError(
            "the package has not been validated: run `make build`, which validates first"
        ) from None
    unchanged(package, passed)
    return passed


def unchanged(package: Package, digests: dict[str, str]) -> None:
    """Raise BuildError unless the files that were read have these digests."""
    changed = sorted(p for p, digest in package.digests().items() if digests.get(p) != digest)
    if package.faults or changed:
        raise BuildError(changed_since(", ".join(changed) or "the package"))


def changed_since(what: str) -> str:
    return f"{what} changed since it was validated: run `make build`, which validates first"
