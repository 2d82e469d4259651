"""Verb: the package -> what describes it: docs/codebook.md, docs/gaps.md, docs/second-coding.md and CITATION.cff.

    python scripts/describe.py [--root DIR] [--check]

With --check nothing is written: exit code 1 and a line for each file that is out of date.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import csv
from pathlib import Path

import yaml

from package import ROOT, Package, load, run, written


def codebook(package: Package) -> str:
    d = package.descriptor
    out = [
        "# Codebook",
        "",
        f"Generated from `datapackage.json` (version {d['version']}, data through {d['data_through']}) by `make describe`; do not edit.",
        "How to decide between codes is in the [protocol](protocol.md).",
        "",
        "| table | one row is | rows |",
        "| --- | --- | ---: |",
    ]
    for name, table in package.tables.items():
        out.append(f"| [`{name}`](#{name}) | {table.resource['title']} | {len(table.rows):,} |")
    for name, table in package.tables.items():
        schema = table.resource["schema"]
        targets = {fk["fields"][0]: fk["reference"]["resource"] for fk in schema.get("foreignKeys", [])}
        out += ["", f"## {name}", "", table.resource["description"], "", f"File `{table.path}`. Primary key: {', '.join(f'`{k}`' for k in table.primary_key)}."]
        for columns in schema.get("uniqueKeys", []):
            out.append(f"Unique together: {', '.join(f'`{c}`' for c in columns)}.")
        out += ["", "| column | type | meaning | example |", "| --- | --- | --- | --- |"]
        for f in table.fields:
            constraints = f.get("constraints", {})
            kind = f["type"] + (", required" if constraints.get("required") else "")
            if f["name"] in targets:
                kind += f", key of [`{targets[f['name']]}`](#{targets[f['name']]})"
            meaning = f["description"]
            if f.get("categories"):
                meaning += " Codes: " + "; ".join(f"`{c['value']}` {c['label']}" for c in f["categories"]) + "."
            if "minimum" in constraints or "maximum" in constraints:
                meaning += f" Between {constraints.get('minimum', 'any')} and {constraints.get('maximum', 'any')}."
            if f.get("cited"):
                meaning += " Each value has a citation of its own."
            out.append(f"| `{f['name']}` | {kind} | {meaning.replace('|', '&#124;')} | {f['example'].replace('|', '&#124;')} |")
    return "\n".join(out) + "\n"


def gaps(package: Package) -> str:
    """What the dataset does not know, read off the data."""
    d = package.descriptor
    out = [
        "# Known gaps",
        "",
        f"Generated from the data (version {d['version']}, data through {d['data_through']}) by `make describe`; do not edit. A gap is a row that",
        "says so, never a missing one.",
        "",
        "## Not established",
        "",
        "Coverage regardless of immigration status that no source read settles, in force on the day through which the data goes.",
        "",
        "| jurisdiction | population | basis | what was looked at |",
        "| --- | --- | --- | --- |",
    ]
    through = d["data_through"]
    for a in package.rows("absences"):
        if a["finding"] == "not_established" and in_force(a, through):
            out.append(f"| {a['jurisdiction']} | {a['population']} | {a['basis']} | {text(a['note'])} |")
    out += ["", "## Not shown as established", "", "Rows that rest on third-hand sources, on one party's word, or on sources that disagree.", "", "| record | standing | note |", "| --- | --- | --- |"]
    for name, table in package.tables.items():
        for row in table.rows:
            if row.get("standing") not in (None, "established"):
                out.append(f"| `{name}/{table.key_of(row)}` | {row['standing']} | {text(row.get('note') or row.get('summary'))} |")
    out += ["", "## Cells that are empty because nothing was found", "", "| table | column | empty | of |", "| --- | --- | ---: | ---: |"]
    for name in ("programs", "coverage", "cases"):
        table = package.tables[name]
        for f in table.fields:
            empty = sum(row[f["name"]] is None for row in table.rows)
            if f.get("cited") and empty and f["name"] not in ("valid_to", "enrollment_cap", "age_min", "age_max"):
                out.append(f"| {name} | {f['name']} | {empty} | {len(table.rows)} |")
    return "\n".join(out) + "\n"


def text(note) -> str:
    return (note or "").replace("|", "&#124;")


def in_force(row, day: str) -> bool:
    return (row["valid_from"] or "") <= day and (row["valid_to"] is None or day < row["valid_to"])


def citation(package: Package) -> str:
    d = package.descriptor
    released = {r["version"]: r["date"] for r in package.rows("releases")}
    content = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it with its version and the date through which its data goes.",
        "type": "dataset",
        "title": d["title"],
        "abstract": d["description"],
        "authors": [{"name": c["title"]} for c in d["contributors"]],
        "version": d["version"],
        "date-released": released.get(d["version"], d["data_through"]),
        "license": d["licenses"][0]["name"],
        "keywords": d["keywords"],
    }
    return "# Generated from datapackage.json by make describe; do not edit.\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def second_coding(package: Package) -> str:
    """How far two coders diverged, by field, from docs/second-coding.csv."""
    with open(package.root / "docs" / "second-coding.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    out = [
        "# Second coding",
        "",
        "Generated from `second-coding.csv` by `make describe`; do not edit.",
        "",
        "A second coder coded a random fifth of the coverage rows (seed 20261124) and all order terms of version 0.1.0 again from the",
        "sources, without seeing the first coding. Both codings, and how each divergence was settled and why, are in",
        "[`second-coding.csv`](second-coding.csv). Take the rates for what they are: both coders worked from the same gathered evidence, so",
        "they measure how far its reading diverges, not whether the evidence is right; and a unit named a day in the middle of",
        "the first coder's period and an age in the middle of the band, which may have helped the second coder to agree on dates and ages.",
        "",
        "| table | field | units | diverging | rate |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    groups: dict[tuple[str, str], list[str]] = {}
    for r in rows:
        groups.setdefault((r["table"], r["field"]), []).append(r["agree"])
    for (table, field), agree in groups.items():
        out.append(f"| {table} | {field} | {len(agree)} | {agree.count('no')} | {agree.count('no') / len(agree):.0%} |")
    diverging = [r for r in rows if r["agree"] == "no"]
    out += ["", "| record | field | first | second | settled | reason |", "| --- | --- | --- | --- | --- | --- |"]
    out += [f"| {r['record']} | {r['field']} | {r['first'] or '(empty)'} | {r['second'] or '(empty)'} | {r['settled'] or '(empty)'} | {text(r['reason'])} |" for r in diverging]
    return "\n".join(out) + "\n"


def out_of_date(package: Package) -> list[str]:
    """The generated files that do not say what the package says."""
    return [n for n, make in FILES.items() if not (package.root / n).is_file() or (package.root / n).read_text(encoding="utf-8") != make(package)]


FILES = {"docs/codebook.md": codebook, "docs/second-coding.md": second_coding, "docs/gaps.md": gaps, "CITATION.cff": citation}


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is out of date")
    args = parser.parse_args(argv)
    package = load(args.root)
    if package.faults:
        print("error: the package has faults; run make check", file=sys.stderr)
        return 1
    stale = out_of_date(package)
    for name in [] if args.check else stale:
        with written(args.root / name) as beside:
            beside.write_text(FILES[name](package), encoding="utf-8")
        print(f"{name}: written")
    if args.check and stale:
        print(f"error: {', '.join(stale)} out of date with the package: run make describe", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
