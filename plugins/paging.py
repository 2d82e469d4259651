"""Sorted tables, page by page, without a row lost or shown twice.

Datasette orders the first page of a sorted table by the sorted column alone, but goes on from its last row by that column and
the key. Where several rows have the same value, and an index gives them in another order, the pages do not fit. So the key is
added to the order of the first page, as Datasette itself does for the later ones.
"""

from __future__ import annotations

import re

from datasette import hookimpl
from datasette.plugins import pm
from datasette.utils import escape_sqlite

FIRST_PAGE = re.compile(r"select .+? from (?P<table>\[.+?\]|\w+) .*order by (\[.+?\]|\w+)( desc)?(?P<limit> limit \d+)", re.DOTALL)


@hookimpl
def startup(datasette):
    database = datasette.get_database("benefits")
    failed = pm.get_plugin("guard.py").failed
    execute = database.execute

    async def in_order(sql, *args, **kwargs):
        if found := FIRST_PAGE.fullmatch(sql):
            keys = ", ".join(map(escape_sqlite, await database.primary_keys(found["table"].strip("[]"))))
            if keys:
                sql = f"{sql.removesuffix(found['limit'])}, {keys}{found['limit']}"
        try:
            return await execute(sql, *args, **kwargs)
        except Exception as exception:
            if (errors := failed.get()) is not None:  # Datasette would end a CSV here as if it were whole
                errors.append(exception)
            raise

    database.execute = in_order
