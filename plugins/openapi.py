"""/openapi.json: what can be asked of the site and what comes back, as an OpenAPI 3.1 document.

Made from what already says it: titles and parameters of the answers in metadata.yml, and tables, columns and codes as the database
describes itself. Names no server, so that it holds wherever the site is served, and the same data gives the same bytes.
"""

from __future__ import annotations

import json
from itertools import groupby

from datasette import Response, hookimpl
from datasette.filters import Filters

LISTED = 60  # list the codes that a parameter takes up to this many
NEVER_NULL = ("data_through", "dataset_version")  # in every answer; any other column of an answer may be null
SHAPES = {
    "arrays": "rows as lists, in the order of `columns`",
    "objects": "rows as objects",
    "array": "nothing but a list of row objects",
    "object": "nothing but row objects by their key",
}
TEXT = {"type": "string"}
NAMES = {"type": "array", "items": TEXT}
CELL = {"type": ["string", "number", "null"]}

# What Datasette puts around rows, unless _shape is array or object. It may put more; what is named here is promised.
AROUND = {"columns": NAMES, "rows": {"type": "array"}, "license": TEXT, "license_url": TEXT, "source": TEXT, "source_url": TEXT}
KEYED = AROUND | {"table": TEXT, "primary_keys": NAMES}
SCHEMAS = {
    "Answer": AROUND | {"ok": {"const": True}, "truncated": {"type": "boolean", "description": "Whether rows were left out because there are too many."}},
    "Page": KEYED
    | {
        "filtered_table_rows_count": {"type": ["integer", "null"], "description": "How many rows there are on all pages together."},
        "next": {"type": ["string", "null"], "description": "What `_next` takes to get the next page; null on the last."},
        "next_url": {"type": ["string", "null"], "description": "The address of the next page; null on the last."},
    },
    "Record": KEYED | {"primary_key_values": NAMES},
    "Labelled": {"value": {"type": ["string", "integer"]}, "label": {"type": "string", "description": "What the record that the value leads to is called."}},
    "Error": {
        "ok": {"const": False},
        "error": {"type": "string", "description": "What was wrong and what is accepted, in sentences."},
        "status": {"type": "integer", "examples": [400]},
        "title": {"type": "string", "examples": ["Bad Request"]},
    },
    "Health": {"ok": {"const": True}, "version": TEXT, "data_through": {"type": "string", "format": "date"}},
}
HEADERS = {
    "ETag": "Changes with the data and the site. Send it as If-None-Match to be answered 304 while nothing has.",
    "Dataset-Version": "The version of the dataset.",
    "Data-Through": "The day through which the data goes.",
}


def ref(kind: str, name: str) -> dict:
    return {"$ref": f"#/components/{kind}/{name}"}


def row(properties: dict) -> dict:
    return {"type": "object", "required": list(properties), "properties": properties}


def query(name: str, schema: dict, description: str) -> dict:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def response(description: str, *types: str, schema: dict = TEXT, **more) -> dict:
    return {"description": description, "content": {t: {"schema": schema} for t in types}, **more}


def refusals(description: str) -> dict:
    """The response that refuses, by the form that was asked for."""
    in_json = response(description, "application/json", schema=ref("schemas", "Error"))
    return {"json": in_json, "csv": response(description, "text/plain"), "": response(description, "text/html")}


REFUSED = {
    "400": refusals("A parameter is unknown, or its value cannot be read. Says what is accepted."),
    "404": refusals("There is no such record."),
    "414": refusals("The address is too long."),
    "500": refusals("The site has a fault of its own. Gives the reference by which its operator finds it."),
    "503": refusals("Too many large requests at the moment, or one that takes too long. Says which; Retry-After says when to try again."),
}


class Maker:
    """Reads the metadata and the database, and writes the document part by part."""

    def __init__(self, datasette):
        self.datasette, self.db = datasette, datasette.get_database("benefits")
        self.takes = datasette.plugin_config("answers")
        self.own = datasette.plugin_config("columns") or {}
        self.paths, self.parameters, self.schemas = {}, {}, {name: row(properties) for name, properties in SCHEMAS.items()}

    async def rows(self, sql: str) -> list[dict]:
        return [dict(r) for r in (await self.db.execute(sql)).rows]

    async def document(self) -> dict:
        about = (await self.rows("SELECT * FROM dataset"))[0]
        tables = {name: t for name, t in self.datasette.metadata("databases")["benefits"]["tables"].items() if not t.get("hidden")}
        self.fields = {(f["table"], f["field"]): f for f in await self.rows('SELECT * FROM dataset_fields ORDER BY "table", position')}
        codes = groupby(await self.rows('SELECT * FROM dataset_codes ORDER BY "table", field, position'), key=lambda c: (c["table"], c["field"]))
        self.codes = {key: [c["code"] for c in found] for key, found in codes}
        self.keys = {name: await self.db.primary_keys(name) for name in tables}
        for name, answer in (await self.datasette.get_canned_queries("benefits", None)).items():
            await self.answer(name, answer)
        for name, table in tables.items():
            await self.table(name, table)
        await self.whole()
        lookups = ", ".join(f"`{key}`" for key, *_ in Filters([]).lookups() if not key.startswith("array"))
        refused = {f"{status}{form}": r for status, forms in REFUSED.items() for form, r in forms.items()}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": about["title"],
                "version": about["version"],
                "description": f"{about['description']} The data goes through {about['data_through']}.",
                "license": {"name": about["licence"], "url": about["licence_url"]},
            },
            "servers": [{"url": "/"}],
            "tags": [
                {"name": "answers", "description": "A parameter left out means all."},
                {"name": "tables", "description": f"Rows of a table, page by page. Filter by `column=value` or `column__way=value`: {lookups}."},
                {"name": "whole", "description": "The whole dataset, its changes, and the site."},
            ],
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "parameters": self.parameters,
                "headers": {name: {"description": d, "schema": TEXT} for name, d in HEADERS.items()},
                "responses": {"304": {"description": "Nothing has changed."}} | refused,
            },
        }

    # ---- what can be asked ------------------------------------------------------------------------------------------

    def get(self, path: str, name: str, tag: str, about: dict, parameters: list, answer: dict, refused=("400", "414", "500", "503")) -> None:
        form = path.rpartition(".")[2] if path.endswith((".json", ".csv")) else ""
        others = {"304": ref("responses", "304")} | {status: ref("responses", f"{status}{form}") for status in refused}
        given = {"200": answer | {"headers": {h: ref("headers", h) for h in HEADERS}}} | others
        about = {"tags": [tag], "operationId": name, "summary": about["title"], "description": about["description"]}
        self.paths[path] = {"get": about | {"parameters": parameters, "responses": given}}

    def csv(self, path: str, name: str, tag: str, about: dict, parameters: list) -> None:
        self.get(f"{path}.csv", f"{name}_csv", tag, about, parameters, response("The rows as CSV, after a line of column names.", "text/csv"))

    async def answer(self, name: str, about: dict) -> None:
        parameters = [await self.parameter(p, kind) for p, kind in self.takes[name].items()]
        # Everything, to see which columns there are; but there is no searching for nothing.
        found = await self.db.execute(about["sql"], {p: "a" if kind == "text" else "" for p, kind in self.takes[name].items()})
        self.schemas[name] = row({c: self.column(c, found, null=c not in NEVER_NULL) for c in found.columns})
        shape, rows = self.shape(name, "Answer", ["arrays", "objects", "array"])
        self.get(f"/benefits/{name}.json", name, "answers", about, [*parameters, shape], rows)
        self.csv(f"/benefits/{name}", name, "answers", about, parameters)

    async def table(self, name: str, about: dict) -> None:
        found, leads = await self.db.execute(f'SELECT * FROM "{name}"'), {k["column"] for k in await self.db.foreign_keys_for_table(name)}
        columns = {c: self.field(name, c) if (name, c) in self.fields else self.column(c, found, null=True) for c in found.columns}
        self.schemas[name] = row({c: {"anyOf": [s, ref("schemas", "Labelled")]} if c in leads else s for c, s in columns.items()})
        self.parameters |= {f"{name}.{c}": query(c, self.filter(s), f"Only rows with this in `{c}`.") for c, s in columns.items()}
        usual, largest = self.datasette.setting("default_page_size"), self.datasette.setting("max_returned_rows")
        size = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": largest}, {"type": "string", "const": "max"}]}
        sort, on = {"type": "string", "enum": list(columns)}, {"type": "string", "const": "on"}
        after, whole = query("_next", TEXT, "Where to go on: `next` of the page before."), query("_stream", on, "All rows, not one page of them.")
        asked = [
            query("_size", size, f"How many rows on a page: {usual} if left out, `max` for {largest}."),
            query("_sort", sort, "The column to sort by."),
            query("_sort_desc", sort, "The column to sort by, from its end. Not together with `_sort`."),
            *([query("_search", {"type": "string", "minLength": 1}, "Only rows with these words.")] if await self.db.fts_table(name) else []),
            *([query("_labels", on, "Where a value leads to a record, with what that is called.")] if leads else []),
            *(ref("parameters", f"{name}.{c}") for c in columns),
        ]
        shapes = [s for s in SHAPES if self.keys[name] or s != "object"]
        shape, rows = self.shape(name, "Page", shapes)
        self.get(f"/benefits/{name}.json", f"{name}_rows", "tables", about, [*asked, after, shape], rows)
        self.csv(f"/benefits/{name}", f"{name}_rows", "tables", about, [*asked, whole])
        if keys := self.keys[name]:
            part = {"type": "string", "pattern": "^[A-Za-z0-9_~-]+$"}
            several = {"type": "array", "items": part, "minItems": len(keys), "maxItems": len(keys)}
            schema = part | {"examples": columns[keys[0]].get("examples", [])} if len(keys) == 1 else several
            described = f"The {', '.join(keys)} of the row, with any other character as ~ and its code."
            key = {"name": "key", "in": "path", "required": True, "description": described, "schema": schema}
            shape, rows = self.shape(name, "Record", shapes)
            about = about | {"title": f"{about['title']}: one row"}
            self.get(f"/benefits/{name}/{{key}}.json", f"{name}_row", "tables", about, [key, shape], rows, ("400", "404", "414", "500", "503"))

    async def whole(self) -> None:
        takes = [await self.parameter(p, kind) for p, kind in self.takes["timeline"].items()]
        for path, name, title, parameters, form, schema in (
            ("/benefits.db", "database", "Everything in one SQLite file", [], "application/octet-stream", {}),
            ("/changes.atom", "changes_atom", "Dated changes, past and scheduled, as a feed", takes, "application/atom+xml", TEXT),
            ("/changes.ics", "changes_ics", "Dated changes, past and scheduled, as a calendar", takes, "text/calendar", TEXT),
            ("/openapi.json", "openapi", "This document", [], "application/json", {"type": "object"}),
            ("/-/health", "health", "Whether the site answers, and with which data", [], "application/json", ref("schemas", "Health")),
        ):
            about = {"title": title, "description": f"{title}."}
            self.get(path, name, "whole", about, parameters, response(about["description"], form, schema=schema))

    async def parameter(self, name: str, kind: str) -> dict:
        """A parameter of an answer by its kind in metadata.yml, as plugins/answers.py reads it."""
        if kind == "date":
            return query(name, {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, "A day of the calendar, as YYYY-MM-DD.")
        if kind == "text":
            return query(name, {"type": "string", "maxLength": 100}, "Words, or how they begin.")
        if "|" in kind:
            return query(name, {"type": "string", "enum": kind.split("|")}, "One of these words.")
        low, dash, high = kind.partition("-")
        if dash:
            return query(name, {"type": "integer", "minimum": int(low), "maximum": int(high)}, "A whole number.")
        table, _, column = kind.partition(".")
        codes = [r["code"] for r in await self.rows(f'SELECT DISTINCT "{column}" AS code FROM "{table}" ORDER BY 1 LIMIT {LISTED + 1}')]
        description = self.fields.get((table, column), {"description": "A key of the dataset."})["description"]
        return query(name, TEXT | ({"enum": codes} if len(codes) <= LISTED else {"examples": codes[:1]}), description)

    @staticmethod
    def filter(column: dict) -> dict:
        """What a filter on a column takes: what the column holds, but for null."""
        schema = {k: v for k, v in column.items() if k in ("format", "minimum", "maximum", "enum", "examples")}
        schema |= {"enum": [c for c in column["enum"] if c is not None]} if "enum" in column else {}
        return {"type": next(t for t in ("string", "integer", "number") if t in column["type"])} | schema

    # ---- what comes back --------------------------------------------------------------------------------------------

    @staticmethod
    def shape(name: str, envelope: str, shapes: list[str]) -> tuple[dict, dict]:
        """The parameter _shape, and the response in every shape that it names."""
        one, cell = ref("schemas", name), {"anyOf": [CELL, ref("schemas", "Labelled")]} if envelope == "Page" else CELL
        schemas = {
            "arrays": {"allOf": [ref("schemas", envelope), {"properties": {"rows": {"items": {"type": "array", "items": cell}}}}]},
            "objects": {"allOf": [ref("schemas", envelope), {"properties": {"rows": {"items": one}}}]},
            "array": {"type": "array", "items": one},
            "object": {"type": "object", "additionalProperties": one},
        }
        parameter = query("_shape", {"type": "string", "enum": shapes, "default": "arrays"}, "; ".join(f"`{s}`: {SHAPES[s]}" for s in shapes) + ".")
        return parameter, response("The rows.", "application/json", schema={"anyOf": [schemas[s] for s in shapes]})

    def field(self, table: str, name: str, null: bool | None = None) -> dict:
        """The schema of a column of a table, from its field in the package."""
        f = self.fields[table, name]
        null = not f["required"] if null is None else null
        kind = {"date": "string"}.get(f["type"], f["type"])
        schema = {"title": f["title"], "description": f["description"], "type": [kind, "null"] if null else kind}
        schema |= {"format": "date"} if f["type"] == "date" else {}
        schema |= {k: v for k, v in json.loads(f["constraints"]).items() if k != "unique"}
        schema |= {"enum": self.codes[table, name] + ([None] if null else [])} if (table, name) in self.codes else {}
        return schema | {"examples": [int(f["example"]) if kind == "integer" else f["example"]]}

    def column(self, name: str, found, null: bool) -> dict:
        """The schema of a column of an answer or a view. It is a field of a table only where the key of that table is a column too,
        no other field has that name and another meaning, and what is found are codes of it: the `status` of an answer is not that of a case."""
        fields = [f for f in self.fields.values() if f["field"] == name]
        values = {r[name] for r in found.rows if r[name] is not None}
        for f in fields:
            key, codes = self.keys[f["table"]], self.codes.get((f["table"], name), values)
            if len(key) == 1 and key[0] in found.columns and (key == [name] or len({g["description"] for g in fields}) == 1) and values <= set(codes):
                return self.field(f["table"], name, null)
        types = {f["type"] for f in fields} or {{str: "string", int: "integer", float: "number"}[type(v)] for v in values}
        if len(types) != 1:
            return CELL
        kind = types.pop()
        schema = {"type": "string", "format": "date"} if kind == "date" else {"type": kind}
        schema |= {"description": self.own[name]} if name in self.own else {}
        return schema | ({"type": [schema["type"], "null"]} if null else {})


@hookimpl
def register_routes(datasette):
    made: list[str] = []  # the data does not change while it is served

    async def openapi():
        if not made:
            made.append(json.dumps(await Maker(datasette).document(), ensure_ascii=False))
        return Response(made[0], content_type="application/json; charset=utf-8")

    return [(r"^/openapi\.json$", openapi)]
