"""Small packages for the reduction from rows to one answer.

An example of tests/examples/reduction.csv gives rows in a short form, such as
`0-12 open full 200 | 13-18 none`. Each example has a jurisdiction of its own.
"""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from pathlib import Path

from benefits import reading
from benefits.database import build
from support import copy_package

DAY = "2025-06-15"
PROGRAMS = "ABC"
SCOPES = {
    "full": ("full", ""),
    "reduced": ("reduced", "No dental care"),
    "partial": ("partial", "Family planning"),
    "premium": ("premium_subsidy", ""),
    "unknown": ("", ""),
}
STATUSES = {"listed": "listed_statuses", "lawful": "lawfully_present"}
ABSENT = {"none": "none", "unknown": "not_established"}


def rows_of(jurisdiction: str, population: str, text: str) -> dict[str, list[dict]]:
    """Return the rows of each table for the short form of an example."""
    tables: dict[str, list[dict]] = {
        t: [] for t in ("programs", "coverage", "absences", "citations")
    }
    for n, part in enumerate(p for p in text.split("|") if p.strip()):
        words = part.split()
        group = words.pop(0)[1:] if words[0].startswith("@") else population
        low, high = read_ages(words)
        row = {"valid_from": "2024-01-01", "age_min": low, "age_max": high, "population": group}
        marks = [w for w in words if "=" in w]
        for mark in marks:
            name, _, value = mark.partition("=")
            if name in ("from", "to"):
                row[f"valid_{name}"] = value.partition("~")[0]
        plain = [w for w in words if "=" not in w]
        if plain[0] in ABSENT:
            key = f"{jurisdiction.lower()}-no-{n}"
            basis = "inferred" if "inferred" in plain else "stated"
            row |= {"absence": key, "jurisdiction": jurisdiction, "basis": basis}
            tables["absences"].append(row | {"finding": ABSENT[plain[0]]})
            tables["citations"] += citations("absences", key, marks)
            continue
        letter = "A" if "same" in plain else PROGRAMS[n]
        program, key = f"{jurisdiction.lower()}-{letter.lower()}", f"{jurisdiction.lower()}-{n}"
        status = next((STATUSES[w] for w in plain if w in STATUSES), "any_status")
        if letter not in {p["name"][-1] for p in tables["programs"]}:
            tables["programs"].append(
                {
                    "program": program,
                    "jurisdiction": jurisdiction,
                    "name": f"Program {letter}",
                    "status_scope": status,
                    "summary": "A program.",
                }
            )
        scope, benefits = next(SCOPES[w] for w in plain if w in SCOPES)
        enrollment = "closed_to_new" if plain[0] == "closed" else plain[0]
        applies = "new_applicants" if "new" in plain else "everyone"
        precision = next((m.partition("~")[2] for m in marks if "~" in m), "day")
        tables["coverage"].append(
            row
            | {
                "coverage": key,
                "program": program,
                "enrollment": enrollment,
                "applies_to": "current_enrollees" if plain[0] == "closed" else applies,
                "benefit_scope": scope,
                "benefits": benefits,
                "income_limit_pct_fpl": next((w for w in plain if w.isdecimal()), ""),
                "valid_from_precision": "year" if precision == "evidence" else precision,
                "begins_as": "evidence" if precision == "evidence" else "start",
                "standing": "established",
            }
        )
        tables["citations"] += citations("coverage", key, marks)
    return tables


def read_ages(words: list[str]) -> tuple[str, str]:
    """Take the ages off the words of a row, as age_min and age_max."""
    if words[0].endswith("+"):
        return words.pop(0)[:-1], ""
    if words[0][0].isdecimal():
        low, _, high = words.pop(0).partition("-")
        return low, high
    return "", ""


def citations(table: str, record: str, marks: list[str]) -> list[dict]:
    """Return the citations that give the fields of a record the standing of its marks."""
    cited = {"": ("primary", "")}
    for mark in marks:
        name, _, field = mark.partition("=")
        if name in ("disputed", "differs"):
            cited.setdefault(field, ("primary", ""))
            cited[field] = ("primary", {"disputed": "contradicts"}.get(name, name))
        elif name == "reported":
            cited[field] = ("third-hand", "")
    return [
        {
            "citation": f"{record}-{field.replace('_', '-') or 'row'}-{n}",
            "table": table,
            "record": record,
            "field": field,
            "source": f"us-{reliability}" if relation == "supports" else "us-other",
            "locator": "Page 1",
            "relation": relation,
            "checked_on": "2025-01-01",
            "note": "" if relation == "supports" else "Says something else.",
        }
        for field, (reliability, other) in cited.items()
        for n, relation in enumerate(["supports", *([other] if other else [])])
    ]


def source(key: str, reliability: str) -> dict:
    return {
        "source": key,
        "kind": "news",
        "title": "A document",
        "url": f"https://example.org/{key}",
        "retrieved": "2025-01-01",
        "reliability": reliability,
    }


def build_examples(folder: Path, examples: list[dict]) -> tuple[Path, list[str]]:
    """Build a database with a jurisdiction for each example; return it, and the jurisdictions.

    There are as many jurisdictions as examples, named by codes that no state has.
    """
    root = copy_package(folder / "package")
    package = reading.load(root)
    codes = [f"{a}{b}" for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"][: len(examples)]
    tables: dict[str, list[dict]] = {
        "jurisdictions": [
            package.rows("jurisdictions")[0]
            | {"jurisdiction": code, "name": f"State {code}", "fips": f"{n:02}"}
            for n, code in enumerate(codes)
        ],
        "sources": [
            source("us-primary", "primary"),
            source("us-third-hand", "third_hand"),
            source("us-other", "primary"),
        ],
    }
    for code, example in zip(codes, examples, strict=True):
        for name, rows in rows_of(code, example["population"], example["rows"]).items():
            tables.setdefault(name, []).extend(rows)
    kept = {"populations", "poverty_guidelines", "person_classes", "data_elements"}
    for name, table in package.tables.items():
        if name not in kept:
            write_table(root / table.path, table.columns, tables.get(name, []))
    package = reading.load(root)
    paths = ["datapackage.json", *(t.path for t in package.tables.values())]
    digests = {p: hashlib.sha256((root / p).read_bytes()).hexdigest() for p in paths}
    target = folder / "examples.db"
    build.build(package, digests, target)
    return target, codes


def write_table(path: Path, columns: list[str], rows: list[dict]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {c: "" if row.get(c) is None else row.get(c) for c in columns} for row in rows
        )


def ask_status(db: sqlite3.Connection, sql: str, **asked: str) -> list[dict]:
    """Ask status_on for the rows of a database."""
    parameters = dict.fromkeys(("as_of", "jurisdiction", "population", "age"), "") | asked
    cursor = db.execute(sql, parameters)
    names = [c[0] for c in cursor.description]
    return [dict(zip(names, row)) for row in cursor]
