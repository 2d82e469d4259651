"""Describe the dataset in tables of the database, so that the file explains itself."""

from __future__ import annotations

import json

import sqlite_utils

from benefits.package import Package


def describe_dataset(db: sqlite_utils.Database, package: Package, digests: dict[str, str]) -> None:
    """Write the tables dataset, dataset_tables, dataset_fields and dataset_codes."""
    d = package.descriptor
    dataset = {
        "name": d["name"],
        "title": d["title"],
        "description": d["description"],
        "version": d["version"],
        "data_through": d["data_through"],
        "complete_from": d["complete_from"],
        "licence": d["licenses"][0]["title"],
        "licence_url": d["licenses"][0]["path"],
    }
    db.table("dataset").insert(dataset, pk="name", strict=True)
    tables, fields, codes = [], [], []
    for position, (name, table) in enumerate(package.tables.items(), 1):
        tables.append(
            {
                "table": name,
                "position": position,
                "title": table.resource["title"],
                "description": table.resource["description"],
                "rows": db.table(name).count,
                "sha256": digests[table.path],
            }
        )
        for place, field in enumerate(table.fields, 1):
            fields.append(describe_field(name, place, field))
            codes += describe_codes(name, field)
    db.table("dataset_tables").insert_all(tables, pk="table", strict=True)
    db.table("dataset_fields").insert_all(fields, pk=("table", "field"), strict=True)
    db.table("dataset_codes").insert_all(
        codes,
        pk=("table", "field", "code"),
        columns={"check_after_days": int, "dated": int},
        strict=True,
    )


def describe_field(table: str, position: int, field: dict) -> dict:
    """Return the row of a field in dataset_fields."""
    constraints = field.get("constraints", {})
    others = {k: v for k, v in constraints.items() if k not in ("required", "enum")}
    return {
        "table": table,
        "field": field["name"],
        "position": position,
        "type": field["type"],
        "title": field["title"],
        "description": field["description"],
        "example": str(field["example"]),
        "required": int(bool(constraints.get("required"))),
        "cited": int(bool(field.get("cited"))),
        "constraints": json.dumps(others, sort_keys=True),
    }


def describe_codes(table: str, field: dict) -> list[dict]:
    """Return the rows of the codes of a field in dataset_codes."""
    return [
        {
            "table": table,
            "field": field["name"],
            "code": category["value"],
            "position": position,
            "label": category["label"],
            "check_after_days": category.get("check_after_days"),
            # Only a kind of source can be dated.
            "dated": int(bool(category.get("dated"))) if "check_after_days" in category else None,
        }
        for position, category in enumerate(field.get("categories", []), 1)
    ]
