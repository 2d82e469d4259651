"""Verb: a valid package with N times the jurisdictions, and with everything that hangs on one: for measuring, never for publishing.

    python scripts/grow.py --times N --out DIR [--root DIR]

Each copy of a jurisdiction has programs, coverage, absences, survey answers, roles, events, citations and sources of its own, with keys,
names and free text of its own, so that nothing can be looked up once for all copies. Cases, orders and code lists stay as they are.
About 9,000 rows for each copy of all 51. The patterns of a jurisdiction's codes are widened in the copy's datapackage.json.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import json
import re
from pathlib import Path

from package import ROOT, Package, load, run, write_csv

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDER = {"^[A-Z]{2}$": "^[A-Z]{2,6}$", "^US-[A-Z]{2}$": "^US-[A-Z]{2,6}$", "^[0-9]{2}$": "^[0-9]{2,8}$"}


def mark(copy: int) -> str:
    """Four letters for a copy."""
    found = ""
    for _ in range(4):
        copy, letter = divmod(copy, 26)
        found = LETTERS[letter] + found
    return found


class Copier:
    """Rows of the package as they are for one more set of jurisdictions."""

    def __init__(self, package: Package):
        self.package = package
        self.names = {j["jurisdiction"]: j["name"] for j in package.rows("jurisdictions")}
        hang = {"jurisdictions": list(package.rows("jurisdictions"))}
        for table in ("programs", "absences", "survey_answers", "roles", "events"):
            hang[table] = [r for r in package.rows(table) if r["jurisdiction"]]
        hang["coverage"] = package.rows("coverage")
        keys = {(name, package.tables[name].key_of(r)) for name, rows in hang.items() for r in rows}
        hang["citations"] = [c for c in package.rows("citations") if (c["table"], c["record"]) in keys]
        cited = {c["source"] for c in hang["citations"]}
        hang["sources"] = [s for s in package.rows("sources") if s["source"] in cited]
        self.hang = hang
        self.free = {}  # free text of each table, by its columns
        for name in hang:
            schema = package.tables[name].resource["schema"]
            bound = {"table", "record", "field", "party"} | {c for k in schema.get("foreignKeys", []) for c in k["fields"]} | set(schema["primaryKey"])
            fields = package.tables[name].fields
            self.free[name] = [f["name"] for f in fields if f["type"] == "string" and f["name"] not in bound and not {"enum", "pattern"} & set(f.get("constraints", {}))]

    def key(self, table: str, key: str, letters: str) -> str:
        """The key of a copied row: after the code of its jurisdiction where it begins with one, at its end elsewhere."""
        if table == "jurisdictions":
            return key + letters.upper()
        if table in ("programs", "coverage", "absences"):
            code, dash, rest = key.partition("-")
            return f"{code}{letters}{dash}{rest}"
        return f"{key}-{letters}"

    def rows(self, table: str, copy: int) -> list[dict]:
        if copy == 0:
            return self.package.rows(table)
        letters, made = mark(copy), []
        [key] = self.package.tables[table].primary_key if table in self.hang else [""]
        for row in self.hang.get(table, []):
            new = dict(row)
            new[key] = self.key(table, row[key], letters)
            for column in self.free[table]:
                if row[column]:
                    new[column] = f"{row[column]} {letters}"
            if table == "jurisdictions":
                new |= {"fips": f"{row['fips']}{copy:04d}", "iso_3166_2": row["iso_3166_2"] + letters.upper(), "wikidata": f"{row['wikidata']}{copy:04d}"}
            elif table == "roles":
                name = self.names[row["jurisdiction"]]
                new["party"] = row["party"].replace(name, f"{name} {letters}")
            elif table == "citations":
                new |= {"record": self.key(row["table"], row["record"], letters), "source": self.key("sources", row["source"], letters)}
            if row.get("jurisdiction") and table != "jurisdictions":
                new["jurisdiction"] = self.key("jurisdictions", row["jurisdiction"], letters)
            if table == "coverage":
                new["program"] = self.key("programs", row["program"], letters)
            made.append(new)
        return made


def grow(package: Package, times: int, out: Path) -> int:
    """Write the grown package under `out`; the number of its rows."""
    descriptor = json.loads(re.sub("|".join(map(re.escape, WIDER)), lambda m: WIDER[m[0]], json.dumps(package.descriptor, ensure_ascii=False)))
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "datapackage.json").write_text(json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    copier, total = Copier(package), 0
    for name, table in package.tables.items():
        rows = [tuple(row[c] for c in table.columns) for copy in range(times) for row in copier.rows(name, copy)]
        at = [table.columns.index(c) for c in table.primary_key]
        rows.sort(key=lambda row: [row[i] or "" for i in at])
        with open(out / table.path, "w", encoding="utf-8", newline="") as file:
            write_csv(file, table.columns, rows)
        total += len(rows)
    return total


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--times", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    print(f"{args.out}: {grow(load(args.root), args.times, args.out):,} rows")
    return 0


if __name__ == "__main__":
    run(main)
