"""Sorted tables, page by page, without a row lost or shown twice.

Datasette orders the first page of a sorted table by the sorted column alone, but goes on from
its last row by that column and the key. Where several rows have the same value, and an index
gives them in another order, the pages do not fit. So the key is added to the order of the first
page, as Datasette itself does for the later ones. A view has no key: it is ordered by all its
columns."""

from __future__ import annotations

import re

from datasette import hookimpl
from datasette.utils import escape_sqlite

from benefits.web import guard

# The statement of one page, as Datasette writes it: ordered by nothing, or by one column.
PAGE = re.compile(
    r"(?P<head>select .+? from (?P<table>\[.+?\]|\w+) (?:where .*?)?) ?(?P<order>order by"
    r" (?:\[[^\]]+\]|\w+)(?: desc)?)?(?P<limit> limit \d+(?: offset \d+)?)",
    re.DOTALL,
)


@hookimpl
def startup(datasette):
    database = datasette.get_database("benefits")
    failed = guard.failed
    execute, keys = database.execute, {}

    async def key_of(table: str) -> list[str]:
        if table not in keys:
            views = {
                row[0]
                for row in (
                    await execute("SELECT name FROM sqlite_master WHERE type = 'view'")
                ).rows
            }
            columns = (
                await database.table_columns(table)
                if table in views
                else await database.primary_keys(table) or ["rowid"]
            )
            keys[table] = [escape_sqlite(c) for c in columns], table in views
        return keys[table]

    async def in_total_order(sql: str) -> str:
        found = PAGE.fullmatch(sql)
        if not found:
            return sql
        key, is_view = await key_of(found["table"].strip("[]"))
        if not found["order"] and not is_view:
            return sql  # by its key already
        order = f"{found['order']}, " if found["order"] else "order by "
        return f"{found['head']} {order}{', '.join(key)}{found['limit']}"

    async def in_order(sql, *args, **kwargs):
        try:
            return await execute(await in_total_order(sql), *args, **kwargs)
        except Exception as exception:
            if (
                (errors := failed.get()) is not None
            ):  # Datasette would go on without a count or a facet, or end a CSV as if it were whole
                errors.append(exception)
            raise

    database.execute = in_order
