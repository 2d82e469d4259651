"""Check that the tables can be read by `datapackage.json`."""

from __future__ import annotations

import re

MAX_DEPTH = 40  # levels of datapackage.json; ours has nine
TYPES = ("string", "integer", "date")


def object_of_pairs(pairs):
    """Return the object of a list of pairs. Raises ValueError if a key occurs twice."""
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f'the key "{key}" stands twice in one object')
        seen[key] = value
    return seen


def refuse_constant(name: str):
    """Raise ValueError for NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is not a number of JSON")


def finite_number(digits: str) -> float:
    """Return a number. Raises ValueError if it is too large."""
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large a number")
    return number


def reason_unwritable(descriptor) -> str:
    """Return why the descriptor cannot be written as JSON, as a clause; empty if it can."""
    parts = [(0, descriptor)]
    while parts:
        depth, part = parts.pop()
        if depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} levels deep"
        if isinstance(part, str) and any("\ud800" <= c <= "\udfff" for c in part):
            return f"{ascii(part)[:80]} holds half of a character"
        if isinstance(part, dict):
            parts += [(depth + 1, x) for pair in part.items() for x in pair]
        elif isinstance(part, list):
            parts += [(depth + 1, x) for x in part]
    return ""


def reason_unusable(descriptor) -> str:
    """Return why the tables cannot be read by a descriptor, as a sentence; empty if they can."""
    resources = descriptor.get("resources") if isinstance(descriptor, dict) else None
    if not isinstance(resources, list) or not resources:
        return "needs an object with a non-empty list `resources`"
    names = set()
    for i, resource in enumerate(resources):
        if not has_texts(resource, "name", "path"):
            return f"resources[{i}] needs a `name` and one `path`, both text"
        place = f'resource "{resource["name"]}"'
        if resource["name"] in names:
            return f"{place} stands twice"
        names.add(resource["name"])
        if reason := schema_reason(resource.get("schema"), place):
            return reason
    return ""


def has_texts(part, *names: str) -> bool:
    """Return whether a value is an object whose properties of these names are texts."""
    return isinstance(part, dict) and all(isinstance(part.get(name), str) for name in names)


def schema_reason(schema, place: str) -> str:
    """Return why a table cannot be read by its schema, as a sentence; empty if it can."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not fields:
        return f"{place} needs a `schema` with a list `fields`"
    for field in fields:
        if not has_texts(field, "name"):
            return f"{place} has a field without a `name`"
        if reason := field_reason(field):
            return f'{place}, field "{field["name"]}": {reason}'
    names = [field["name"] for field in fields]
    if len(set(names)) != len(names):
        return f"{place} names a field twice"
    key = schema.get("primaryKey")
    key = [key] if isinstance(key, str) else key
    if not isinstance(key, list) or not key or any(k not in names for k in key):
        return f"{place} needs a `primaryKey` of its own fields"
    if len(set(key)) != len(key):
        return f"{place} needs a `primaryKey` of its own fields"
    keys = schema.get("foreignKeys", [])
    if not isinstance(keys, list):
        return f"{place}: `foreignKeys` must be a list"
    if not all(isinstance(k, dict) and isinstance(k.get("reference"), dict) for k in keys):
        return f"{place}: each foreign key needs `fields` and `reference`"
    return ""


def field_reason(field: dict) -> str:
    """Return why the cells of a field cannot be read, as a clause; empty if they can."""
    kind, constraints = field.get("type"), field.get("constraints", {})
    if kind not in TYPES:
        return f"type is {kind!r}, expected one of {', '.join(TYPES)}"
    if not isinstance(constraints, dict):
        return "`constraints` must be an object"
    pattern = constraints.get("pattern", "")
    try:
        re.compile(pattern)
    except (re.error, TypeError, RecursionError, OverflowError):
        return f"`pattern` is not a regular expression: {pattern!r}"
    expected = int if kind == "integer" else str
    for bound in ("minimum", "maximum"):
        value = constraints.get(bound, expected())
        if not isinstance(value, expected) or isinstance(value, bool):
            return f"`{bound}` must be of the type of the field"
    return ""
