"""Open SQLite databases, and say why one cannot be used."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

OLDEST_SQLITE = (3, 37)  # the first with STRICT tables


def require_database(database: Path) -> Path:
    """Return `database` if it can be used. Raises SystemExit with a sentence if not."""
    require_sqlite()
    if not database.is_file():
        raise SystemExit(f"error: {database} is not there: run `make build`")
    if problem := damage(database):
        raise SystemExit(f"error: {database} {problem}: run `make build`, which makes it anew")
    return database


def require_sqlite() -> None:
    """Raise SystemExit with a sentence where SQLite is too old for the database."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise SystemExit(
            f"error: this Python has SQLite {sqlite3.sqlite_version}, and {oldest} or newer is "
            "needed (for STRICT tables): use another Python, as in PYTHON=python3.12 make serve"
        )


def damage(database: Path) -> str:
    """Return what is wrong with a file that should be the built database, as a clause.

    Empty when nothing is. Its length and its tables are checked, not each page.
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
        return "is no SQLite database"
    page = int.from_bytes(head[16:18], "big")  # 1 stands for 65,536
    expected = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if size < expected:
        return f"is cut off: it has {size:,} bytes of {expected:,}"
    try:
        with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as connection:
            missing = missing_tables(connection)
    except sqlite3.Error as e:
        return f"is no database of this dataset ({e})"
    return f"lacks the table {missing[0]}" if missing else ""


def missing_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables that the database describes and lacks. Raises sqlite3.Error."""
    connection.execute("SELECT version, data_through FROM dataset").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    described = {name for (name,) in connection.execute('SELECT "table" FROM dataset_tables')}
    return sorted(described - tables)


def sqlite_uri(database: Path | str, how: str = "mode=ro") -> str:
    """Return the URI by which SQLite opens a file of any name, also one with ?, # or %."""
    return Path(database).absolute().as_uri() + "?" + how
