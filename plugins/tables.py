"""What the pages of tables, rows and answers show beyond what Datasette hands to its templates, asked of the database; and how
a cell links."""

from __future__ import annotations

import json
from itertools import groupby

from datasette import hookimpl
from datasette.utils import is_url, tilde_encode
from markupsafe import Markup

OFFERED = 60  # a parameter with at most this many codes is a list to choose from, with more a field to type in
NAMED = {"income_pct_fpl": "Income (% of poverty)", "income_usd": "Income (dollars a year)", "q": "Words"}  # parameters that no column names

# Tables with a key of one column. A name means one thing everywhere, so a column of that name leads to that table.
KEYS = """
SELECT t."table", min(p.name) AS field FROM dataset_tables t JOIN pragma_table_info(t."table") p WHERE p.pk GROUP BY 1 HAVING count(*) = 1"""

# What columns mean. Without a table (a view, an answer): only where the name is a key or has one meaning in all tables.
FIELDS = """
SELECT f.field, f.title, f.description, max(f.position = 1) AS is_key
FROM json_each(:columns) c JOIN dataset_fields f ON f.field = c.value AND (:table IS NULL OR f."table" = :table)
GROUP BY c.key HAVING is_key OR count(DISTINCT f.description) = 1 ORDER BY c.key"""

# One record, column by column, with the label of a code and of the record that a key leads to.
RECORD = f"""
SELECT v.key AS field, f.title, f.description, v.value, k."table" AS leads_to, COALESCE(c.label, r.label) AS label
FROM json_each(:row) v
LEFT JOIN dataset_fields f ON f."table" = :table AND f.field = v.key
LEFT JOIN dataset_codes c ON c."table" = :table AND c.field = v.key AND c.code = v.value
LEFT JOIN ({KEYS}) k ON k.field = v.key AND k."table" <> :table
LEFT JOIN records r ON r."table" = k."table" AND r.record = v.value
ORDER BY v.id"""

CODES = """
SELECT DISTINCT t."{column}" AS code, COALESCE(c.label, r.label, d.title) AS label
FROM "{table}" t
LEFT JOIN dataset_codes c ON c."table" = '{table}' AND c.field = '{column}' AND c.code = t."{column}"
LEFT JOIN records r ON r."table" = '{table}' AND r.record = t."{column}"
LEFT JOIN dataset_tables d ON d."table" = t."{column}"
ORDER BY c.position, d.position, label LIMIT {limit}"""


@hookimpl
def extra_template_vars(datasette):
    async def ask(sql, **given):
        return (await datasette.get_database("benefits").execute(sql, given)).rows

    async def parameters(answer):
        """The parameters of an answer: name, label, kind as in metadata.yml, the codes if they are few, the range of a number."""
        found = []
        for name, kind in (datasette.plugin_config("answers") or {}).get(answer, {}).items():
            table, _, column = kind.partition(".")
            titles = await ask('SELECT title FROM dataset_fields WHERE "table" = :table AND field = :column', table=table, column=column)
            label = titles[0]["title"] if titles else NAMED.get(name) or name.replace("_", " ").capitalize()
            codes = await ask(CODES.format(table=table, column=column, limit=OFFERED + 1)) if column else []
            if "|" in kind:
                codes = [{"code": word} for word in kind.split("|")]
            low, dash, high = kind.partition("-")
            found.append({"name": name, "label": label, "kind": kind, "codes": codes if len(codes) <= OFFERED else [], "range": (low, high) if dash else None})
        return found

    async def fields(columns, table=None):
        found = {f["field"]: dict(f) for f in await ask(FIELDS, columns=json.dumps(columns), table=table)}
        if table is None:  # an answer says itself what its own columns mean
            own = datasette.plugin_config("columns") or {}
            found |= {c: {"field": c, "title": c.replace("_", " ").capitalize(), "description": own[c]} for c in columns if c in own}
        return [found[c] for c in columns if c in found]

    async def record(table, row):
        return await ask(RECORD, table=table, row=json.dumps(dict(row)))

    async def evidence(table, key):
        """The rows of the answer evidence_for by field; under None those on the record as a whole."""
        sql = (await datasette.get_canned_query("benefits", "evidence_for", None))["sql"]
        return {field: list(rows) for field, rows in groupby(await ask(sql, table=table, record=key), key=lambda r: r["field"])}

    async def keys():
        return {k["field"]: k["table"] for k in await ask(KEYS)}

    def table_title(table):
        return datasette.table_metadata("benefits", table).get("title") or table

    return {"parameters": parameters, "fields": fields, "record": record, "evidence": evidence, "keys": keys, "table_title": table_title}


@hookimpl
def render_cell(row, value, column, table, datasette):
    if not isinstance(value, str):
        return None
    if is_url(value):
        return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(value)
    # A change may tell of a record that is no longer there.
    if column == "record" and "table" in row.keys() and table != "changes":
        return Markup('<a href="{}">{}</a>').format(datasette.urls.row("benefits", row["table"], tilde_encode(value)), value)
    return None
