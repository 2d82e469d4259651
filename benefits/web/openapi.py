"""/openapi.json: what can be asked of the site and what comes back, as an OpenAPI 3.1 document.

It is made from what already says it: titles and parameters of the answers, and tables, columns and
codes as the database describes itself. It names no server, so that it holds wherever the site is
served, and the same data gives the same bytes.
"""

from __future__ import annotations

import json
from itertools import groupby

from datasette import Response, hookimpl

from benefits.web.adapter import answers_of, tables_of
from benefits.web.openapi_parts import (
    CELL,
    HEADERS,
    NEVER_NULL,
    REFUSED,
    SCHEMAS,
    SHAPES,
    TEXT,
    filter_schema,
    key_parameter,
    query_parameter,
    ref,
    response,
    row_schema,
    shape_and_rows,
)
from benefits.web.parameters import Parameter, Text, read_parameters
from benefits.web.requests import LOOKUPS, MAX_ROWS

ANY_REFUSAL = ("400", "414", "500", "503")


class Document:
    """The document, part by part."""

    def __init__(self, datasette):
        self.datasette, self.db = datasette, datasette.get_database("benefits")
        self.takes = read_parameters(datasette.plugin_config("answers"))
        self.own = datasette.plugin_config("columns") or {}
        self.paths, self.parameters = {}, {}
        self.schemas = {name: row_schema(properties) for name, properties in SCHEMAS.items()}

    async def rows(self, sql: str) -> list[dict]:
        return [dict(r) for r in (await self.db.execute(sql)).rows]

    async def make(self) -> dict:
        about = (await self.rows("SELECT * FROM dataset"))[0]
        tables = tables_of(self.datasette)
        tables = {name: table for name, table in tables.items() if not table.get("hidden")}
        await self.read_fields(tables)
        for name, answer in answers_of(self.datasette).items():
            await self.add_answer(name, answer)
        for name, table in tables.items():
            await self.add_table(name, table)
        await self.add_whole()
        return {
            "openapi": "3.1.0",
            "info": {
                "title": about["title"],
                "version": about["version"],
                "description": (
                    f"{about['description']} The data goes through {about['data_through']}."
                ),
                "license": {"name": about["licence"], "url": about["licence_url"]},
            },
            "servers": [{"url": "/"}],
            "tags": self.tags(),
            "paths": self.paths,
            "components": self.components(),
        }

    async def read_fields(self, tables: dict) -> None:
        """Read the fields, codes and keys of the tables."""
        fields = await self.rows('SELECT * FROM dataset_fields ORDER BY "table", position')
        self.fields = {(f["table"], f["field"]): f for f in fields}
        codes = await self.rows('SELECT * FROM dataset_codes ORDER BY "table", field, position')
        by_field = groupby(codes, key=lambda c: (c["table"], c["field"]))
        self.codes = {key: [c["code"] for c in group] for key, group in by_field}
        self.keys = {name: await self.db.primary_keys(name) for name in tables}

    @staticmethod
    def tags() -> list[dict]:
        lookups = ", ".join(f"`{key}`" for key in LOOKUPS)
        tables = (
            "Rows of a table, page by page. "
            f"Filter by `column=value` or `column__way=value`: {lookups}."
        )
        return [
            {"name": "answers", "description": "A parameter left out means all."},
            {"name": "tables", "description": tables},
            {"name": "whole", "description": "The whole dataset, its changes, and the site."},
        ]

    def components(self) -> dict:
        refused = {
            f"{status}{form}": refusal
            for status, forms in REFUSED.items()
            for form, refusal in forms.items()
        }
        return {
            "schemas": self.schemas,
            "parameters": self.parameters,
            "headers": {n: {"description": d, "schema": TEXT} for n, d in HEADERS.items()},
            "responses": {"304": {"description": "Nothing has changed."}} | refused,
        }

    # ---- what can be asked -----------------------------------------------------------------------

    def add_get(
        self,
        path: str,
        name: str,
        tag: str,
        about: dict,
        parameters: list,
        answer: dict,
        refused=ANY_REFUSAL,
    ) -> None:
        form = path.rpartition(".")[2] if path.endswith((".json", ".csv")) else ""
        responses = {"200": answer | {"headers": {h: ref("headers", h) for h in HEADERS}}}
        responses["304"] = ref("responses", "304")
        responses |= {status: ref("responses", f"{status}{form}") for status in refused}
        self.paths[path] = {
            "get": {
                "tags": [tag],
                "operationId": name,
                "summary": about["title"],
                "description": about["description"],
                "parameters": parameters,
                "responses": responses,
            }
        }

    def add_csv(self, path: str, name: str, tag: str, about: dict, parameters: list) -> None:
        rows = response("The rows as CSV, after a line of column names.", "text/csv")
        self.add_get(f"{path}.csv", f"{name}_csv", tag, about, parameters, rows)

    async def add_answer(self, name: str, about: dict) -> None:
        takes = self.takes[name]
        parameters = [await self.describe(parameter) for parameter in takes.values()]
        # Everything, to see which columns there are; but there is no searching for nothing.
        values = {n: "a" if isinstance(parameter, Text) else "" for n, parameter in takes.items()}
        result = await self.db.execute(about["sql"], values)
        columns = {c: self.column(c, result, null=c not in NEVER_NULL) for c in result.columns}
        self.schemas[name] = row_schema(columns)
        shape, rows = shape_and_rows(name, "Answer", ["arrays", "objects", "array"])
        path = f"/benefits/{name}"
        self.add_get(f"{path}.json", name, "answers", about, [*parameters, shape], rows)
        self.add_csv(path, name, "answers", about, parameters)

    async def add_table(self, name: str, about: dict) -> None:
        result = await self.db.execute(f'SELECT * FROM "{name}"')
        leads = {key["column"] for key in await self.db.foreign_keys_for_table(name)}
        columns = {
            c: self.field(name, c)
            if (name, c) in self.fields
            else self.column(c, result, null=True)
            for c in result.columns
        }
        self.schemas[name] = row_schema(
            {
                c: {"anyOf": [schema, ref("schemas", "Labelled")]} if c in leads else schema
                for c, schema in columns.items()
            }
        )
        self.parameters |= {
            f"{name}.{c}": query_parameter(
                c, filter_schema(schema), f"Only rows with this in `{c}`."
            )
            for c, schema in columns.items()
        }
        parameters = await self.table_parameters(name, list(columns), bool(leads))
        on = {"type": "string", "const": "on"}
        after = query_parameter("_next", TEXT, "Where to go on: `next` of the page before.")
        stream = query_parameter("_stream", on, "All rows, not one page of them.")
        keys = self.keys[name]
        shapes = [shape for shape in SHAPES if keys or shape != "object"]
        shape, rows = shape_and_rows(name, "Page", shapes)
        path, operation = f"/benefits/{name}", f"{name}_rows"
        taken = [*parameters, after, shape]
        self.add_get(f"{path}.json", operation, "tables", about, taken, rows)
        self.add_csv(path, operation, "tables", about, [*parameters, stream])
        if keys:
            shape, rows = shape_and_rows(name, "Record", shapes)
            taken = [key_parameter(keys, columns), shape]
            about = about | {"title": f"{about['title']}: one row"}
            refused = ("400", "404", "414", "500", "503")
            path = f"{path}/{{key}}.json"
            self.add_get(path, f"{name}_row", "tables", about, taken, rows, refused)

    async def table_parameters(self, name: str, columns: list[str], leads: bool) -> list[dict]:
        """Return the parameters that both the JSON and the CSV of a table take."""
        usual = self.datasette.setting("default_page_size")
        largest = MAX_ROWS
        number = {"type": "integer", "minimum": 0, "maximum": largest}
        size = {"anyOf": [number, {"type": "string", "const": "max"}]}
        sort = {"type": "string", "enum": columns}
        described = f"How many rows on a page: {usual} if left out, `max` for {largest}."
        backward = "The column to sort by, from its end. Not together with `_sort`."
        parameters = [
            query_parameter("_size", size, described),
            query_parameter("_sort", sort, "The column to sort by."),
            query_parameter("_sort_desc", sort, backward),
        ]
        if await self.db.fts_table(name):
            words = {"type": "string", "minLength": 1}
            parameters.append(query_parameter("_search", words, "Only rows with these words."))
        if leads:
            on = {"type": "string", "const": "on"}
            described = "Where a value leads to a record, with what that is called."
            parameters.append(query_parameter("_labels", on, described))
        return parameters + [ref("parameters", f"{name}.{c}") for c in columns]

    async def add_whole(self) -> None:
        takes = [await self.describe(parameter) for parameter in self.takes["timeline"].values()]
        dated = "Dated changes, past and scheduled, as a"
        whole, health = (
            "Everything in one SQLite file",
            "Whether the site answers, and with which data",
        )
        for path, name, title, parameters, form, schema in (
            ("/benefits.db", "database", whole, [], "application/octet-stream", {}),
            ("/changes.atom", "changes_atom", f"{dated} feed", takes, "application/atom+xml", TEXT),
            ("/changes.ics", "changes_ics", f"{dated} calendar", takes, "text/calendar", TEXT),
            (
                "/openapi.json",
                "openapi",
                "This document",
                [],
                "application/json",
                {"type": "object"},
            ),
            ("/-/health", "health", health, [], "application/json", ref("schemas", "Health")),
        ):
            about = {"title": title, "description": f"{title}."}
            answer = response(about["description"], form, schema)
            self.add_get(path, name, "whole", about, parameters, answer)

    async def describe(self, parameter: Parameter) -> dict:
        """Return a parameter of an answer. A key is described as the field that it is."""
        field = self.fields.get(
            (getattr(parameter, "table", ""), getattr(parameter, "column", "")),
            {"description": parameter.description},
        )
        schema = await parameter.schema(self.db)
        return query_parameter(parameter.name, schema, field["description"])

    # ---- what comes back -------------------------------------------------------------------------

    def field(self, table: str, name: str, null: bool | None = None) -> dict:
        """Return the schema of a column of a table, from its field in the package."""
        f = self.fields[table, name]
        null = not f["required"] if null is None else null
        kind = {"date": "string"}.get(f["type"], f["type"])
        schema = {
            "title": f["title"],
            "description": f["description"],
            "type": [kind, "null"] if null else kind,
        }
        schema |= {"format": "date"} if f["type"] == "date" else {}
        schema |= {k: v for k, v in json.loads(f["constraints"]).items() if k != "unique"}
        if (table, name) in self.codes:
            schema |= {"enum": self.codes[table, name] + ([None] if null else [])}
        return schema | {"examples": [int(f["example"]) if kind == "integer" else f["example"]]}

    def column(self, name: str, result, null: bool) -> dict:
        """Return the schema of a column of an answer or a view.

        It is a field of a table only where the key of that table is a column too, no other field
        has that name and another meaning, and the values are codes of it: the `status` of an answer
        is not that of a case.
        """
        fields = [f for f in self.fields.values() if f["field"] == name]
        values = {row[name] for row in result.rows if row[name] is not None}
        one_meaning = len({f["description"] for f in fields}) == 1
        for f in fields:
            key, codes = self.keys[f["table"]], self.codes.get((f["table"], name), values)
            is_of_table = len(key) == 1 and key[0] in result.columns
            if is_of_table and (key == [name] or one_meaning) and values <= set(codes):
                return self.field(f["table"], name, null)
        types = {f["type"] for f in fields} or {
            {str: "string", int: "integer", float: "number"}[type(value)] for value in values
        }
        if len(types) != 1:
            return CELL
        kind = types.pop()
        schema = {"type": "string", "format": "date"} if kind == "date" else {"type": kind}
        schema |= {"description": self.own[name]} if name in self.own else {}
        return schema | ({"type": [schema["type"], "null"]} if null else {})


@hookimpl
def register_routes(datasette):
    document: list[str] = []  # made once: the data does not change while it is served

    async def openapi():
        if not document:
            document.append(json.dumps(await Document(datasette).make(), ensure_ascii=False))
        return Response(document[0], content_type="application/json; charset=utf-8")

    return [(r"^/openapi\.json$", openapi)]
