"""What rules, build and SQL take for granted of the tables, and whether the package has it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path

from benefits.files import csv_text
from benefits.package import ROOT, Fault, Package
from benefits.reading import load

STRUCTURE = ROOT / "profiles" / "structure.json"


def structure_of(resource: dict) -> dict:
    """The table as profiles/structure.json has it: what rules, build and SQL rest on."""
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
    """Tables, columns, types and keys of profiles/structure.json that the descriptor lacks
    or has otherwise."""
    wanted, found = json.loads(STRUCTURE.read_text(encoding="utf-8")), []
    there = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}

    def fault(where, message):
        found.append(
            Fault(
                "datapackage.json",
                0,
                where,
                "",
                "structure",
                message,
                "restore it; what reads it is in benefits/ and sql/, and the list in"
                " profiles/structure.json",
            )
        )

    for name, table in wanted.items():
        if name not in there:
            fault(name, "is no table any more, and rules and answers read it")
            continue
        has = there[name]
        if has["primaryKey"] != table["primaryKey"]:
            fault(name, f"has the primary key {has['primaryKey']}, expected {table['primaryKey']}")
        for column, type_ in table["fields"].items():
            if has["fields"].get(column) != type_:
                told = (
                    f"is of type {has['fields'][column]}, expected {type_}"
                    if column in has["fields"]
                    else "is no column any more, and rules and answers read it"
                )
                fault(f"{name}.{column}", told)
            elif column in table["required"] and column not in has["required"]:
                fault(
                    f"{name}.{column}",
                    "is not required any more, and rules and answers count on it",
                )
        for column, target in table["foreignKeys"].items():
            if has["foreignKeys"].get(column) != target:
                fault(f"{name}.{column}", f"does not point to {target} any more")
    return found


def trial_faults(package: Package) -> list[Fault]:
    """What keeps the database from being built and asked where the package has more than
    profiles/structure.json: the build itself is tried, without rows."""
    there = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}
    if there == json.loads(STRUCTURE.read_text(encoding="utf-8")):
        return []
    import sqlite_utils.db as of_sqlite_utils

    from benefits.database import (
        build,  # here, since what it imports takes as long as all else, and it is rarely needed
    )

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "datapackage.json").write_text(json.dumps(package.descriptor), encoding="utf-8")
        for table in package.tables.values():
            (root / table.path).parent.mkdir(parents=True, exist_ok=True)
            (root / table.path).write_text(
                csv_text(table.columns, []), encoding="utf-8", newline=""
            )
        empty, target = load(root), root / "build" / "benefits.db"
        try:
            build.build(empty, empty.digests(), target)
            with contextlib.closing(sqlite3.connect(target)) as db:
                for view in [*db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]:
                    db.execute(f'SELECT * FROM "{view[0]}"').fetchall()
                for query in sorted((ROOT / "sql" / "queries").glob("*.sql")):
                    db.execute(
                        "EXPLAIN " + query.read_text(encoding="utf-8"), defaultdict(str)
                    ).fetchall()
        except (
            build.BuildError,
            sqlite3.Error,
            of_sqlite_utils.AlterError,
            of_sqlite_utils.InvalidColumns,
        ) as e:
            return [
                Fault(
                    "datapackage.json",
                    0,
                    "",
                    "",
                    "build",
                    f"cannot be built: {e}",
                    "give the new tables and columns names that no table and no SQL of ours has",
                )
            ]
    return []
