"""Check that a database can have the names and keys of the descriptor.

A problem is (rule, place, message, what to do).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

NAME = re.compile("[a-z][a-z0-9_]*")
RESERVED = {"rowid", "oid", "rank"}  # SQLite and its full-text search have columns of these names
Problem = tuple[str, str, str, str]


def name_problems(resources: dict[str, dict]) -> Iterator[Problem]:
    """Find names that SQL cannot tell apart, or that SQLite reserves."""
    paths: dict[str, str] = {}
    reserved = ", ".join(sorted(RESERVED))
    name_todo = f"use small letters, digits and _, a letter first, and not {reserved}"
    for name, resource in resources.items():
        path = resource["path"]
        if path in paths:
            message = f"has the file {path} of {paths[path]}"
            yield "path", name, message, "give each table a file of its own"
        paths[path] = name
        fields = [field["name"] for field in resource["schema"]["fields"]]
        for place, word in [(name, name), *((f"{name}.{field}", field) for field in fields)]:
            if not NAME.fullmatch(word) or word in RESERVED:
                message = f"{word!a} is no name for a table or column"
                yield "name", ascii(place)[1:-1], message, name_todo


def key_problems(resources: dict[str, dict]) -> Iterator[Problem]:
    """Find unique and foreign keys that a database cannot have."""
    for name, resource in resources.items():
        yield from unique_problems(name, resource["schema"])
        yield from foreign_problems(name, resource["schema"], resources)
    for name in sorted(resources):
        if reaches_itself(name, resources):
            todo = (
                "take one of these foreign keys away; "
                "only a table that points to itself directly can be built"
            )
            message = "points through other tables back to itself"
            yield "foreign-key-cycle", name, message, todo


def unique_problems(name: str, schema: dict) -> Iterator[Problem]:
    """Find unique keys that are not lists of the table's own fields."""
    columns = {field["name"] for field in schema["fields"]}
    keys = schema.get("uniqueKeys", [])
    for i, key in enumerate(keys if isinstance(keys, list) else [keys]):
        texts = isinstance(key, list) and all(isinstance(c, str) and c in columns for c in key)
        if not texts or not key or key in keys[:i]:
            todo = "give lists of fields of this table, each once"
            yield "unique-key-target", name, f"has a unique key of {key!r}", todo


def foreign_problems(name: str, schema: dict, resources: dict[str, dict]) -> Iterator[Problem]:
    """Find foreign keys that do not point to the primary key of a table."""
    for key in schema.get("foreignKeys", []):
        target = target_of(name, key)
        if reason := target_reason(name, key, resources):
            todo = "point one field at the primary key of a table, each as a list"
            message = f"has a foreign key to {target!r} {reason}"
            yield "foreign-key-target", name, message, todo


def target_of(name: str, key: dict) -> str:
    """Return the table that a foreign key points to: an empty name is the table itself."""
    return key["reference"].get("resource") or name


def target_reason(name: str, key: dict, resources: dict[str, dict]) -> str:
    """Return why a foreign key cannot be followed, as a clause; empty if it can."""
    columns = {field["name"]: field["type"] for field in resources[name]["schema"]["fields"]}
    target, fields = resources.get(target_of(name, key)), key.get("fields")
    if target is None:
        return "that is no table"
    if not isinstance(fields, list) or len(fields) != 1 or fields[0] not in columns:
        return f"from {fields!r}, which is not a list of one field of this table"
    primary = target["schema"]["primaryKey"]
    primary = [primary] if isinstance(primary, str) else primary
    if key["reference"].get("fields") != primary or len(primary) != 1:
        return "that is not its primary key of one field"
    types = {field["name"]: field["type"] for field in target["schema"]["fields"]}
    return "" if types[primary[0]] == columns[fields[0]] else "of another type"


def reaches_itself(name: str, resources: dict[str, dict]) -> bool:
    """Return whether foreign keys lead from a table through others back to it.

    A table that points to itself directly does not count.
    """

    def targets(table: str) -> list[str]:
        schema = resources[table]["schema"] if table in resources else {}
        return [target_of(table, key) for key in schema.get("foreignKeys", [])]

    seen, ahead = set(), [table for table in targets(name) if table != name]
    while ahead:
        table = ahead.pop()
        if table == name:
            return True
        if table not in seen:
            seen.add(table)
            ahead += targets(table)
    return False
