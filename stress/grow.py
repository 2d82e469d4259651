"""Make a valid package with N times the jurisdictions and their records, for measurements.

Each copy of a jurisdiction has its own programs, coverage, absences, survey answers, roles, events,
citations and sources, with their own keys, names and free text, so that nothing can be looked up
once for all copies. Cases, orders and code lists stay as they are. About 9,000 rows for
each copy of all 51. The patterns of a jurisdiction's codes are widened in the copy's
datapackage.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from benefits.files import write_csv
from benefits.package import Package, Table

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDER = {
    "^[A-Z]{2}$": "^[A-Z]{2,6}$",
    "^US-[A-Z]{2}$": "^US-[A-Z]{2,6}$",
    "^[0-9]{2}$": "^[0-9]{2,8}$",
}


def mark(copy: int) -> str:
    """Return four letters for a copy."""
    letters = ""
    for _ in range(4):
        copy, letter = divmod(copy, 26)
        letters = LETTERS[letter] + letters
    return letters


class Copier:
    """Copy the rows of a package for one more set of jurisdictions.

    `dependent` has the rows of each table that belong to a jurisdiction, `free` its columns of free
    text.
    """

    def __init__(self, package: Package):
        self.package = package
        self.names = {j["jurisdiction"]: j["name"] for j in package.rows("jurisdictions")}
        dependent = {"jurisdictions": list(package.rows("jurisdictions"))}
        for table in ("programs", "absences", "survey_answers", "roles", "events"):
            dependent[table] = [r for r in package.rows(table) if r["jurisdiction"]]
        dependent["coverage"] = package.rows("coverage")
        keys = {
            (name, package.tables[name].key_of(r)) for name, rows in dependent.items() for r in rows
        }
        citations = [c for c in package.rows("citations") if (c["table"], c["record"]) in keys]
        cited = {c["source"] for c in citations}
        dependent["citations"] = citations
        dependent["sources"] = [s for s in package.rows("sources") if s["source"] in cited]
        self.dependent = dependent
        self.free = {name: free_text_columns(package.tables[name]) for name in dependent}

    def key(self, table: str, key: str, letters: str) -> str:
        """Return the key of a copied row: marked after its jurisdiction's code, or at its end."""
        if table == "jurisdictions":
            return key + letters.upper()
        if table in ("programs", "coverage", "absences"):
            code, dash, rest = key.partition("-")
            return f"{code}{letters}{dash}{rest}"
        return f"{key}-{letters}"

    def rows(self, table: str, copy: int) -> list[dict]:
        """Return the rows of a copy; those of the first are the package's own."""
        if copy == 0:
            return self.package.rows(table)
        letters = mark(copy)
        return [self.copy_row(table, row, copy, letters) for row in self.dependent.get(table, [])]

    def copy_row(self, table: str, row: dict, copy: int, letters: str) -> dict:
        """Return a copy of a row with its own keys, names and free text."""
        new = dict(row)
        [key] = self.package.tables[table].primary_key
        new[key] = self.key(table, row[key], letters)
        for column in self.free[table]:
            if row[column]:
                new[column] = f"{row[column]} {letters}"
        if table == "jurisdictions":
            new["fips"] = f"{row['fips']}{copy:04d}"
            new["iso_3166_2"] = row["iso_3166_2"] + letters.upper()
            new["wikidata"] = f"{row['wikidata']}{copy:04d}"
        elif row.get("jurisdiction"):
            new["jurisdiction"] = self.key("jurisdictions", row["jurisdiction"], letters)
        if table == "roles":
            name = self.names[row["jurisdiction"]]
            new["party"] = row["party"].replace(name, f"{name} {letters}")
        if table == "citations":
            new["record"] = self.key(row["table"], row["record"], letters)
            new["source"] = self.key("sources", row["source"], letters)
        if table == "coverage":
            new["program"] = self.key("programs", row["program"], letters)
        return new


def free_text_columns(table: Table) -> list[str]:
    """Return the text columns of a table without a list of codes, a pattern or a reference."""
    schema = table.resource["schema"]
    bound = {"table", "record", "field", "party", *table.primary_key}
    bound |= {column for key in schema.get("foreignKeys", []) for column in key["fields"]}
    return [
        f["name"]
        for f in table.fields
        if f["type"] == "string"
        and f["name"] not in bound
        and not {"enum", "pattern"} & set(f.get("constraints", {}))
    ]


def grow(package: Package, times: int, out: Path) -> int:
    """Write the grown package under `out`; return the number of its rows."""
    (out / "data").mkdir(parents=True, exist_ok=True)
    text = json.dumps(package.descriptor, indent=2, ensure_ascii=False) + "\n"
    patterns = "|".join(map(re.escape, WIDER))
    text = re.sub(patterns, lambda match: WIDER[match[0]], text)
    (out / "datapackage.json").write_text(text, encoding="utf-8")
    copier, total = Copier(package), 0
    for name, table in package.tables.items():
        rows = [
            tuple(row[c] for c in table.columns)
            for copy in range(times)
            for row in copier.rows(name, copy)
        ]
        at = [table.columns.index(c) for c in table.primary_key]
        rows.sort(key=lambda row: [row[i] or "" for i in at])
        with open(out / table.path, "w", encoding="utf-8", newline="") as file:
            write_csv(file, table.columns, rows)
        total += len(rows)
    return total
