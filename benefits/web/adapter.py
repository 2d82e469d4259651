"""Datasette's private interface: metadata, canned queries, settings, paging.

Whatever the site changes in Datasette, or asks of it that is not in its documented interface,
stands here, so that another version of Datasette is the work of this module alone. Written for
Datasette 0.65.
"""

from __future__ import annotations

import contextvars
import re
import sqlite3
from pathlib import Path
from typing import Any

import yaml
from datasette import hookimpl
from datasette.database import Database
from datasette.utils import escape_sqlite

from benefits.answers import read_answers, read_kinds
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri
from benefits.web.requests import INTERNAL

SETTINGS = {
    # SQL of their own lets one reader stall the others; the database can be downloaded instead.
    "default_allow_sql": False,
    "num_sql_threads": 0,  # safe only without SQL of the readers' own, and twice as fast
    # Of a whole CSV, which is one pass over its table; the guard allows other requests MAX_ROWS.
    "max_returned_rows": 200_000,
    # Of one statement. An honest one takes 60, and on a busy machine ten times that.
    "sql_time_limit_ms": 3_000,
    "facet_time_limit_ms": 1_000,
    "suggest_facets": False,
    "max_csv_mb": 0,
    "default_cache_ttl": 300,
    "template_debug": False,
    "trace_debug": False,
}
# Where a request gathers the statements that failed: Datasette would leave out what they count.
failed: contextvars.ContextVar[list[Exception] | None] = contextvars.ContextVar(
    "failed", default=None
)
# Rows that the page of an answer shows. Its JSON and CSV have all of them, and a page of thousands
# stalls browsers, screen readers and the site.
SHOWN = 500
# Whether the page of an answer is asked for, not its JSON or CSV.
is_page_of_answer: contextvars.ContextVar[bool] = contextvars.ContextVar("page", default=False)
# The statement of one page, as Datasette writes it: ordered by nothing, or by one column.
PAGE = re.compile(
    r"(?P<head>select .+? from (?P<table>\[.+?\]|\w+) (?:where .*?)?) ?(?P<order>order by"
    r" (?:\[[^\]]+\]|\w+)(?: desc)?)?(?P<limit> limit \d+(?: offset \d+)?)",
    re.DOTALL,
)


class File(Database):
    """A database that is read from a file of any name, and never changes."""

    def connect(self, write=False):
        uri = sqlite_uri(self.path, "immutable=1")
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._all_file_connections.append(connection)
        return connection


@hookimpl(tryfirst=True)
def startup(datasette):
    adopt(datasette)


def is_adopted(datasette) -> bool:
    return getattr(datasette, "adopted", False)


def adopt(datasette, root: Path = ROOT) -> None:
    """Make a Datasette ours: its metadata, its settings, and how it reads its database."""
    if is_adopted(datasette):
        return
    datasette.adopted = True
    database = datasette.get_database("benefits")
    if not isinstance(database, File):
        datasette.remove_database("benefits")
        database = File(datasette, database.path, is_mutable=False)
        datasette.add_database(database, "benefits")
    datasette._metadata_local = site_metadata(Path(database.path), root)
    datasette._settings |= SETTINGS
    datasette.max_returned_rows = SETTINGS["max_returned_rows"]
    datasette.sql_time_limit_ms = SETTINGS["sql_time_limit_ms"]
    datasette.executor = None
    # A made-up Host header never comes back, and the site needs not know its name.
    datasette.absolute_url = lambda request, path: path
    database.execute = TotalOrder(database).execute
    count = database.table_counts

    async def count_whole_tables(limit=10):
        # Datasette would give up after 10 ms.
        return await count(limit=SETTINGS["sql_time_limit_ms"])

    database.table_counts = count_whole_tables


# ---- metadata and answers ---------------------------------------------------------------------


def site_metadata(database: Path, root: Path = ROOT) -> dict:
    """Return metadata.yml with the answers and what the database says of itself."""
    metadata = yaml.safe_load((root / "metadata.yml").read_text(encoding="utf-8"))
    site = metadata["databases"]["benefits"]
    site["queries"] = {
        name: {
            "title": answer.title,
            "description": answer.description,
            "params": list(answer.parameters),
            "sql": answer.sql,
            "hide_sql": True,
        }
        for name, answer in read_answers(root).items()
    }
    metadata["plugins"] |= read_kinds(root)
    connection = sqlite3.connect(sqlite_uri(database), uri=True)
    connection.row_factory = sqlite3.Row
    try:
        dataset = connection.execute("SELECT * FROM dataset").fetchone()
        rights = {
            "license": dataset["licence"],
            "license_url": dataset["licence_url"],
            "source": f"Benefits dataset {dataset['version']}",
            "source_url": "/benefits/sources",
        }
        metadata |= rights
        site |= rights | {"description": dataset["description"]}
        describe_tables(connection, site["tables"], rights)
    finally:
        connection.close()
    return metadata


def describe_tables(connection: sqlite3.Connection, tables: dict, rights: dict) -> None:
    """Add the rights, and what each table and its columns are, to the metadata of tables."""
    for about in tables.values():
        about |= rights
    for table in connection.execute("SELECT * FROM dataset_tables"):
        about = tables[table["table"]]
        about["description"] = table["description"]
        sql = 'SELECT field, description FROM dataset_fields WHERE "table" = ? ORDER BY position'
        fields = connection.execute(sql, [table["table"]])
        about["columns"] = {field["field"]: field["description"] for field in fields}
    for (name,) in connection.execute("SELECT name FROM sqlite_master"):
        if INTERNAL.fullmatch(name):  # not listed anywhere; the guard answers 404
            tables.setdefault(name, {}).update({"allow": False, "hidden": True})


def answers_of(datasette) -> dict[str, dict[str, Any]]:
    """Return title, description, params and SQL of the answers by name."""
    return datasette.metadata("queries", database="benefits", fallback=False)


def tables_of(datasette) -> dict[str, dict[str, Any]]:
    """Return the metadata of tables by name."""
    return datasette.metadata("databases")["benefits"]["tables"]


class FirstRows(list):
    """The first rows of an answer, with the number of all as `total`."""

    def __init__(self, rows: list):
        super().__init__(rows[:SHOWN])
        self.total = len(rows)


# ---- paging -----------------------------------------------------------------------------------


class TotalOrder:
    """A database whose sorted tables come page by page, without a row lost or shown twice.

    Datasette orders the first page of a sorted table by the sorted column alone, but goes on from
    its last row by that column and the key. Where several rows have the same value, and an index
    gives them in another order, the pages do not fit. So the key is added to the order of the
    first page, as Datasette itself does for the later ones. A view has no key: it is ordered by
    all its columns.
    """

    def __init__(self, database):
        self.database, self.execute_as_it_is = database, database.execute
        self.orders: dict[str, tuple[str, bool]] = {}  # of a table, and whether it is a view

    async def execute(self, sql, *args, **kwargs):
        try:
            result = await self.execute_as_it_is(await self.in_order(sql), *args, **kwargs)
        except Exception as exception:
            # Datasette would go on without a count or a facet, or end a CSV as if it were whole.
            if (errors := failed.get()) is not None:
                errors.append(exception)
            raise
        if is_page_of_answer.get() and len(result.rows) > SHOWN:
            result.rows = FirstRows(result.rows)
        return result

    async def in_order(self, sql: str) -> str:
        """Return a statement of Datasette's, with its rows in a total order."""
        page = PAGE.fullmatch(sql)
        if not page:
            return sql
        key, is_view = await self.order_of(page["table"].strip("[]"))
        if not page["order"] and not is_view:
            return sql  # by its key already
        order = f"{page['order']}, {key}" if page["order"] else f"order by {key}"
        return f"{page['head']} {order}{page['limit']}"

    async def order_of(self, table: str) -> tuple[str, bool]:
        if table not in self.orders:
            sql = "SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = ?"
            is_view = bool((await self.execute_as_it_is(sql, [table])).rows)
            if is_view:
                columns = await self.database.table_columns(table)
            else:
                columns = await self.database.primary_keys(table) or ["rowid"]
            self.orders[table] = ", ".join(map(escape_sqlite, columns)), is_view
        return self.orders[table]
