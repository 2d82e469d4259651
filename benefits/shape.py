"""The types of a descriptor that the verbs take for granted."""

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
        "categories": {"type": "array", "items": {"type": "object", "properties": {"label": TEXT}}},
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


# What our verbs take for granted of the types of a descriptor; what it should say besides is for
# `validate`.
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
    """Return where the descriptor has another type than the verbs read, or lacks what they need.

    Pairs of the place and what is wrong there, in a clause.
    """
    return [
        ("/".join(map(str, e.absolute_path)) or "package", e.message[:200])
        for e in jsonschema.Draft7Validator(SHAPE).iter_errors(descriptor)
    ]
