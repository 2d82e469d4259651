"""Check that the tables have what rules, build and SQL read."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benefits.package import ROOT, Fault, Package

STRUCTURE = ROOT / "profiles" / "structure.json"


def structure_of(resource: dict) -> dict:
    """Return what profiles/structure.json holds of a table."""
    schema = resource["schema"]
    return {
        "primaryKey": schema["primaryKey"],
        "foreignKeys": {
            k["fields"][0]: k["reference"].get("resource") or resource["name"]
            for k in schema.get("foreignKeys", [])
            if k["fields"]
        },
        "required": [
            f["name"] for f in schema["fields"] if f.get("constraints", {}).get("required")
        ],
        "fields": {f["name"]: f["type"] for f in schema["fields"]},
    }


def structure_faults(package: Package) -> list[Fault]:
    """Return where the descriptor differs from profiles/structure.json; it may have more."""
    todo = (
        "restore it; what reads it is in benefits/ and sql/, and the list in"
        " profiles/structure.json"
    )
    expected = json.loads(STRUCTURE.read_text(encoding="utf-8"))
    actual = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}
    return [
        Fault("datapackage.json", 0, place, "", "structure", message, todo)
        for name, table in expected.items()
        for place, message in table_differences(name, table, actual.get(name))
    ]


def table_differences(name: str, expected: dict, actual: dict | None) -> Iterator[tuple[str, str]]:
    """Yield (place, clause) for each difference of a table."""
    if actual is None:
        yield name, "is no table any more, and rules and answers read it"
        return
    if actual["primaryKey"] != expected["primaryKey"]:
        keys = f"{actual['primaryKey']}, expected {expected['primaryKey']}"
        yield name, f"has the primary key {keys}"
    for column, kind in expected["fields"].items():
        place = f"{name}.{column}"
        if column not in actual["fields"]:
            yield place, "is no column any more, and rules and answers read it"
        elif actual["fields"][column] != kind:
            yield place, f"is of type {actual['fields'][column]}, expected {kind}"
        elif column in expected["required"] and column not in actual["required"]:
            yield place, "is not required any more, and rules and answers count on it"
    for column, target in expected["foreignKeys"].items():
        if actual["foreignKeys"].get(column) != target:
            yield f"{name}.{column}", f"does not point to {target} any more"


def trial_faults(package: Package) -> list[Fault]:
    """Return why the database cannot be built and queried, if the package has new tables or fields.

    What differs from profiles/structure.json could break the build or an answer, so both are tried
    without rows.
    """
    actual = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}
    if actual == json.loads(STRUCTURE.read_text(encoding="utf-8")):
        return []
    # Imported only when it is needed, since it takes as long as the rest of `validate`.
    from benefits.validation.trial import build_problem

    if problem := build_problem(package):
        todo = "give the new tables and columns names that no table and no SQL of ours has"
        message = f"cannot be built: {problem}"
        return [Fault("datapackage.json", 0, "", "", "build", message, todo)]
    return []
