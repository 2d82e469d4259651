"""Check that a descriptor has the types that the verbs expect."""

from __future__ import annotations

import jsonschema

TEXT, TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}

FIELD = {
    "type": "object",
    "properties": {
        "title": TEXT,
        "description": TEXT,
        "cited": {"type": "boolean"},
        "wording": {"type": "boolean"},
        "constraints": {
            "type": "object",
            "properties": {
                "required": {"type": "boolean"},
                "unique": {"type": "boolean"},
                "minLength": {"type": "integer"},
                "maxLength": {"type": "integer"},
                "enum": {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
            },
        },
        "categories": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "label": TEXT,
                    "check_after_days": {"type": "integer", "minimum": 1},
                    "dated": {"type": "boolean"},
                },
            },
        },
    },
}

KEY = {
    "type": "object",
    "required": ["fields", "reference"],
    "properties": {
        "fields": TEXTS,
        "reference": {
            "type": "object",
            "required": ["fields"],
            "properties": {"fields": TEXTS, "resource": TEXT},
        },
    },
}

TABLE = {
    "type": "object",
    "properties": {
        "title": TEXT,
        "description": TEXT,
        "searchable": TEXTS,
        "fact": {"type": "boolean"},
        "dialect": {"type": "object"},
        "schema": {
            "type": "object",
            "properties": {
                "fields": {"type": "array", "items": FIELD},
                "primaryKey": TEXTS,
                "uniqueKeys": {"type": "array", "items": TEXTS},
                "foreignKeys": {"type": "array", "items": KEY},
                "missingValues": {"const": [""]},
            },
        },
    },
}

# The types that every verb expects. `validate` checks the rest.
SHAPE = {
    "type": "object",
    "required": [
        "name",
        "title",
        "description",
        "version",
        "data_through",
        "complete_from",
        "licenses",
    ],
    "properties": {
        "name": TEXT,
        "title": TEXT,
        "description": TEXT,
        "version": TEXT,
        "data_through": TEXT,
        "complete_from": TEXT,
        "licenses": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "properties": {"name": TEXT, "title": TEXT, "path": TEXT}},
        },
        "resources": {"type": "array", "items": TABLE},
    },
}


def shape_problems(descriptor: dict) -> list[tuple[str, str]]:
    """Return (place, clause) for each part of another type, and each that is missing."""
    return [
        ("/".join(map(str, e.absolute_path)) or "package", e.message[:200])
        for e in jsonschema.Draft7Validator(SHAPE).iter_errors(descriptor)
    ]
