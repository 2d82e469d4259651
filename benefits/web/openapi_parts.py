"""The parts of the OpenAPI document that do not depend on the data."""

from __future__ import annotations

# The columns that every answer has in every row; any other may be null.
NEVER_NULL = ("data_through", "dataset_version")
SHAPES = {
    "arrays": "rows as lists, in the order of `columns`",
    "objects": "rows as objects",
    "array": "nothing but a list of row objects",
    "object": "nothing but row objects by their key",
}
TEXT = {"type": "string"}
NAMES = {"type": "array", "items": TEXT}
CELL = {"type": ["string", "number", "null"]}

# What Datasette puts around rows, unless _shape is array or object. It may put more; what is named
# here is promised.
AROUND = {
    "columns": NAMES,
    "rows": {"type": "array"},
    "license": TEXT,
    "license_url": TEXT,
    "source": TEXT,
    "source_url": TEXT,
}
KEYED = AROUND | {"table": TEXT, "primary_keys": NAMES}
SCHEMAS = {
    "Answer": AROUND
    | {
        "ok": {"const": True},
        "truncated": {
            "type": "boolean",
            "description": "Whether rows were left out because there are too many.",
        },
    },
    "Page": KEYED
    | {
        "filtered_table_rows_count": {
            "type": ["integer", "null"],
            "description": "How many rows there are on all pages together.",
        },
        "next": {
            "type": ["string", "null"],
            "description": "What `_next` takes to get the next page; null on the last.",
        },
        "next_url": {
            "type": ["string", "null"],
            "description": "The address of the next page; null on the last.",
        },
    },
    "Record": KEYED | {"primary_key_values": NAMES},
    "Labelled": {
        "value": {"type": ["string", "integer"]},
        "label": {
            "type": "string",
            "description": "What the record that the value leads to is called.",
        },
    },
    "Error": {
        "ok": {"const": False},
        "error": {
            "type": "string",
            "description": "What was wrong and what is accepted, in sentences.",
        },
        "status": {"type": "integer", "examples": [400]},
        "title": {"type": "string", "examples": ["Bad Request"]},
    },
    "Health": {
        "ok": {"const": True},
        "version": TEXT,
        "data_through": {"type": "string", "format": "date"},
    },
}
HEADERS = {
    "ETag": (
        "Changes with the data and the site. "
        "Send it as If-None-Match to be answered 304 while nothing has."
    ),
    "Dataset-Version": "The version of the dataset.",
    "Data-Through": "The day through which the data goes.",
}


def ref(kind: str, name: str) -> dict:
    return {"$ref": f"#/components/{kind}/{name}"}


def row_schema(properties: dict) -> dict:
    return {"type": "object", "required": list(properties), "properties": properties}


def query_parameter(name: str, schema: dict, description: str) -> dict:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def response(description: str, content_type: str, schema: dict = TEXT) -> dict:
    return {"description": description, "content": {content_type: {"schema": schema}}}


def refusals(description: str) -> dict:
    """Return the response that refuses, by the form that was asked for."""
    return {
        "json": response(description, "application/json", ref("schemas", "Error")),
        "csv": response(description, "text/plain"),
        "": response(description, "text/html"),
    }


REFUSED = {
    "400": refusals("A parameter is unknown, or its value cannot be read. Says what is accepted."),
    "404": refusals("There is no such record."),
    "414": refusals("The address is too long."),
    "500": refusals(
        "The site has a fault of its own. Gives the reference by which its operator finds it."
    ),
    "503": refusals(
        "Too many large requests at the moment, or one that takes too long. "
        "Says which; Retry-After says when to try again."
    ),
}


def shape_and_rows(name: str, envelope: str, shapes: list[str]) -> tuple[dict, dict]:
    """Return the parameter _shape, and the response in every shape that it names."""
    row = ref("schemas", name)
    cell = {"anyOf": [CELL, ref("schemas", "Labelled")]} if envelope == "Page" else CELL
    lists, objects = {"type": "array", "items": cell}, row
    around = ref("schemas", envelope)
    schemas = {
        "arrays": {"allOf": [around, {"properties": {"rows": {"items": lists}}}]},
        "objects": {"allOf": [around, {"properties": {"rows": {"items": objects}}}]},
        "array": {"type": "array", "items": row},
        "object": {"type": "object", "additionalProperties": row},
    }
    schema = {"type": "string", "enum": shapes, "default": "arrays"}
    description = "; ".join(f"`{shape}`: {SHAPES[shape]}" for shape in shapes) + "."
    rows = {"anyOf": [schemas[shape] for shape in shapes]}
    return (
        query_parameter("_shape", schema, description),
        response("The rows.", "application/json", rows),
    )


def filter_schema(column: dict) -> dict:
    """Return what a filter on a column takes: what the column holds, but for null."""
    taken = ("format", "minimum", "maximum", "enum", "examples")
    schema = {k: v for k, v in column.items() if k in taken}
    if "enum" in schema:
        schema["enum"] = [code for code in schema["enum"] if code is not None]
    kind = next(t for t in ("string", "integer", "number") if t in column["type"])
    return {"type": kind} | schema


def key_parameter(keys: list[str], columns: dict) -> dict:
    """Return the part of an address that names a row."""
    part = {"type": "string", "pattern": "^[A-Za-z0-9_~-]+$"}
    if len(keys) == 1:
        schema = part | {"examples": columns[keys[0]].get("examples", [])}
    else:
        schema = {"type": "array", "items": part, "minItems": len(keys), "maxItems": len(keys)}
    return {
        "name": "key",
        "in": "path",
        "required": True,
        "description": (
            f"The {', '.join(keys)} of the row, with any other character as ~ and its code."
        ),
        "schema": schema,
    }
