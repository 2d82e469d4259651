"""What the pages of tables, rows and answers show beyond what Datasette gives to its templates.

It comes from the database. And how a cell links.
"""

from __future__ import annotations

import json
from itertools import groupby

from datasette import hookimpl
from datasette.utils import is_url, tilde_encode
from markupsafe import Markup

from benefits.web.adapter import answers_of, tables_of
from benefits.web.parameters import Choice, Key, Number, Parameter

# A parameter with at most this many codes is a list to choose from, with more a field to type in.
OFFERED = 60
# Parameters that no column names.
NAMED = {
    "first": "First month",
    "last": "Last month",
    "income_pct_fpl": "Income (% of poverty)",
    "income_usd": "Income (dollars a year)",
    "q": "Words",
}

# Tables with a key of one column. A name means one thing everywhere, so a column of that name leads
# to that table.
KEYS = """
SELECT t."table", min(p.name) AS field
FROM dataset_tables t JOIN pragma_table_info(t."table") p
WHERE p.pk GROUP BY 1 HAVING count(*) = 1"""

# What columns mean. Without a table (a view, an answer): only where the name is a key or has one
# meaning in all tables.
FIELDS = """
SELECT f.field, f.title, f.description, max(f.position = 1) AS is_key
FROM json_each(:columns) c
JOIN dataset_fields f ON f.field = c.value AND (:table IS NULL OR f."table" = :table)
GROUP BY c.key HAVING is_key OR count(DISTINCT f.description) = 1 ORDER BY c.key"""

# One record, column by column, with the label of a code and of the record that a key leads to.
RECORD = f"""
SELECT v.key AS field, f.title, f.description, v.value, k."table" AS leads_to,
       COALESCE(c.label, r.label) AS label
FROM json_each(:row) v
LEFT JOIN dataset_fields f ON f."table" = :table AND f.field = v.key
LEFT JOIN dataset_codes c ON c."table" = :table AND c.field = v.key AND c.code = v.value
LEFT JOIN ({KEYS}) k ON k.field = v.key AND k."table" <> :table
LEFT JOIN records r ON r."table" = k."table" AND r.record = v.value
ORDER BY v.id"""

CODES = """
SELECT DISTINCT t."{column}" AS code, COALESCE(c.label, r.label, d.title) AS label
FROM "{table}" t
LEFT JOIN dataset_codes c
  ON c."table" = '{table}' AND c.field = '{column}' AND c.code = t."{column}"
LEFT JOIN records r ON r."table" = '{table}' AND r.record = t."{column}"
LEFT JOIN dataset_tables d ON d."table" = t."{column}"
ORDER BY c.position, d.position, label LIMIT {limit}"""
TITLE = 'SELECT title FROM dataset_fields WHERE "table" = :table AND field = :column'


class Descriptions:
    """What the templates of tables, rows and answers ask of the database."""

    def __init__(self, datasette):
        self.datasette = datasette

    async def ask(self, sql: str, **values):
        return (await self.datasette.get_database("benefits").execute(sql, values)).rows

    async def parameters(self, answer: str) -> list[dict]:
        """Return name, label, codes if they are few, and the range of each parameter."""
        kinds = (self.datasette.plugin_config("answers") or {}).get(answer, {})
        return [await self.parameter(name, kind) for name, kind in kinds.items()]

    async def parameter(self, name: str, kind: str) -> dict:
        parameter = Parameter.of_kind(name, kind)
        title, codes = NAMED.get(name) or name.replace("_", " ").capitalize(), []
        if isinstance(parameter, Key):
            table, column = parameter.table, parameter.column
            if titles := await self.ask(TITLE, table=table, column=column):
                title = titles[0]["title"]
            codes = await self.ask(CODES.format(table=table, column=column, limit=OFFERED + 1))
        elif isinstance(parameter, Choice):
            codes = [{"code": word} for word in parameter.choices]
        bounds = None
        if isinstance(parameter, Number):
            bounds = str(parameter.low), str(parameter.high)
        return {
            "name": name,
            "label": title,
            "kind": kind,
            "codes": codes if len(codes) <= OFFERED else [],
            "range": bounds,
        }

    async def fields(self, columns: list[str], table: str | None = None) -> list[dict]:
        """Return the title and description of each column that has one."""
        rows = await self.ask(FIELDS, columns=json.dumps(columns), table=table)
        fields = {row["field"]: dict(row) for row in rows}
        if table is None:  # an answer says itself what its own columns mean
            own = self.datasette.plugin_config("columns") or {}
            for column in set(columns) & set(own):
                title = column.replace("_", " ").capitalize()
                fields[column] = {"field": column, "title": title, "description": own[column]}
        return [fields[column] for column in columns if column in fields]

    async def record(self, table: str, row) -> list:
        return await self.ask(RECORD, table=table, row=json.dumps(dict(row)))

    async def evidence(self, table: str, key: str) -> dict:
        """Return the rows of the answer evidence_for by field.

        Under None are those on the record as a whole.
        """
        sql = answers_of(self.datasette)["evidence_for"]["sql"]
        rows = await self.ask(sql, table=table, record=key)
        return {field: list(group) for field, group in groupby(rows, key=lambda r: r["field"])}

    async def keys(self) -> dict[str, str]:
        return {row["field"]: row["table"] for row in await self.ask(KEYS)}

    def table_title(self, table: str) -> str:
        return tables_of(self.datasette).get(table, {}).get("title") or table


@hookimpl
def extra_template_vars(datasette):
    descriptions = Descriptions(datasette)
    names = ("parameters", "fields", "record", "evidence", "keys", "table_title")
    return {name: getattr(descriptions, name) for name in names}


@hookimpl
def render_cell(row, value, column, table, datasette):
    if not isinstance(value, str):
        return None
    if is_url(value):
        return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(value)
    # A change may tell of a record that is no longer there.
    if column == "record" and "table" in row.keys() and table != "changes":
        return Markup('<a href="{}">{}</a>').format(
            datasette.urls.row("benefits", row["table"], tilde_encode(value)), value
        )
    return None
