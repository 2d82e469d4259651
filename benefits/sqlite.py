"""Open SQLite databases, and check that one can be used."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from benefits.errors import BenefitsError

OLDEST_SQLITE = (3, 37)  # the first with STRICT tables


def require_database(database: Path) -> Path:
    """Return `database` if it can be used. Raises BenefitsError if not."""
    require_sqlite()
    if not database.is_file():
        raise BenefitsError(f"{database} does not exist: run `make build`")
    if problem := find_damage(database):
        raise BenefitsError(f"{database} {problem}: run `make build`, which builds it again")
    return database


def require_sqlite() -> None:
    """Raise BenefitsError if SQLite is too old for the database."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise BenefitsError(
            f"this Python has SQLite {sqlite3.sqlite_version}, and {oldest} or newer is "
            "needed (for STRICT tables): use another Python, as in PYTHON=python3.12 make serve"
        )


def find_damage(database: Path) -> str:
    """Return what is wrong with the file of a built database, as a clause; empty if nothing is.

    Its length and its tables are checked, not each page.
    """
    try:
        with open(database, "rb") as file:
            head = file.read(100)
        size = database.stat().st_size
    except OSError as e:
        return f"cannot be read ({e.strerror})"
    if size == 0:
        return "is empty"
    if not head.startswith(b"SQLite format 3\0") or len(head) < 100:
        return "is not a SQLite database"
    page = int.from_bytes(head[16:18], "big")  # 1 stands for 65,536
    expected = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if size < expected:
        return f"is cut off: it has {size:,} bytes of {expected:,}"
    try:
        with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as connection:
            missing = missing_tables(connection)
    except sqlite3.Error as e:
        return f"is not a database of this dataset ({e})"
    return f"lacks the table {missing[0]}" if missing else ""


def missing_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables that the database describes and lacks. Raises sqlite3.Error."""
    connection.execute("SELECT version, data_through FROM dataset").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    expected = {name for (name,) in connection.execute('SELECT "table" FROM dataset_tables')}
    return sorted(expected - tables)


def sqlite_uri(database: Path | str, options: str = "mode=ro") -> str:
    """Return the URI by which SQLite opens a file, even if its name has ?, # or % in it."""
    return Path(database).absolute().as_uri() + "?" + options
