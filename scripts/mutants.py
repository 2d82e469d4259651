"""Verb: does `validate` see every fault? Corrupts copies of the valid package in each way its schema and rules speak of.

    python scripts/mutants.py [--count N] [--seed N] [--jobs N] [--list]

Each mutant is one corruption of one copy. It is caught when `validate` names the right file, row and field without a
traceback. Prints the score of each kind and every survivor with its seed; exit code 1 if there is one. Same count and
seed, same mutants. About half a second each and process.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import json
import os
import random
import shutil
import tempfile
import unicodedata
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import rules
import validate
from package import MAX_CELL, ROOT, Package, Table, csv_text, load, run

KINDS: dict[str, callable] = {}


@dataclass
class Mutant:
    """What was done and where a fault must be named. `key` and `field` are None where any row or field may be, `rule` where any rule may."""

    what: str
    file: str
    key: str | None = None
    field: str | None = None
    rule: str | None = None


class Unfit(Exception):
    """The draw met no place for this kind; another may."""


TRIES = 20


def kind(make):
    KINDS[make.__name__.replace("_", "-")] = make
    return make


# ---- writing --------------------------------------------------------------------------------------------------------


def text_of(table: Table, rows: list[dict], columns: list[str] | None = None) -> str:
    columns = columns or table.columns
    return csv_text(columns, ([row[c] for c in columns] for row in rows))


def write(root: Path, table: Table, rows: list[dict]) -> None:
    (root / table.path).write_text(text_of(table, rows), encoding="utf-8", newline="")


def one_cell(package, root, r, fits, value, tables=None) -> Mutant:
    """Set one cell of one row, where `fits(table, field, row)`, to `value(table, field, row)`. The cell must change."""
    places = []
    for table in package.tables.values():
        if tables is not None and table.name not in tables:
            continue
        for f in table.fields:
            chosen = [row for row in r.sample(table.rows, min(40, len(table.rows))) if fits(table, f, row)]
            if chosen:
                places.append((table, f, chosen[0]))
    if not places:
        raise Unfit
    table, f, row = r.choice(places)
    new = value(table, f, row)
    if new == row[f["name"]]:
        raise Unfit
    changed = [dict(x, **{f["name"]: new}) if x is row else x for x in table.rows]
    write(root, table, changed)
    # A changed key is named as it now stands.
    key = table.key_of(dict(row, **{f["name"]: new}))
    return Mutant(f"{f['name']} of {table.name}/{table.key_of(row)[:60]} becomes {str(new)[:40]!r}", table.path, key, f["name"])


def has(f, name) -> bool:
    return name in f.get("constraints", {})


def free_text(table, f, row) -> bool:
    """A text cell that no code list, form or reference binds."""
    bound = {"record", "old", "new", "decided_by", "party"} | {c for k in table.resource["schema"].get("foreignKeys", []) for c in k["fields"]}
    return f["type"] == "string" and not has(f, "enum") and not has(f, "pattern") and f["name"] not in bound and bool(row[f["name"]]) and f["name"] not in table.primary_key


# ---- one cell against its schema ------------------------------------------------------------------------------------

NO_INTEGER = ["abc", "1.0", "1,000", "007", "1e3", "+5", " 5", "٥", "0x1F", "1_000", "12%", "--1", "9" * 20]
NO_DATE = ["2025-13-01", "2025-02-30", "01/02/2025", "2025-1-1", "2025-01", "2025", "20250101", "2025-01-01T00:00:00", "Jan 1, 2025", "0000-01-01", "２０２５-01-01", "2025-01-01 "]


@kind
def wrong_integer(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: f["type"] == "integer", lambda t, f, row: r.choice(NO_INTEGER))


@kind
def wrong_date(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: f["type"] == "date", lambda t, f, row: r.choice(NO_DATE))


@kind
def bad_code(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "enum"), lambda t, f, row: r.choice(["zzz", str(f["constraints"]["enum"][0]).upper() + "X", f["constraints"]["enum"][0] + "_"]))


@kind
def bad_form(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "pattern") and row[f["name"]] and f["name"] not in t.primary_key, lambda t, f, row: r.choice(["!", "a b!", "ÀÉ!", "ftp//x", "'; DROP TABLE x;"]))


@kind
def bad_key_form(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "pattern") and f["name"] in t.primary_key, lambda t, f, row: r.choice(["A B", "É", "x y", "!"]))


@kind
def missing_value(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "required") and f["name"] not in t.primary_key and row[f["name"]] is not None, lambda t, f, row: None)


@kind
def missing_key(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: f["name"] in t.primary_key, lambda t, f, row: None)


@kind
def too_small(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "minimum"), lambda t, f, row: f["constraints"]["minimum"] - r.randint(1, 500))


@kind
def too_large(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: has(f, "maximum"), lambda t, f, row: f["constraints"]["maximum"] + r.randint(1, 500))


@kind
def dangling_reference(package, root, r):
    def fits(t, f, row):
        return any(f["name"] in k["fields"] for k in t.resource["schema"].get("foreignKeys", [])) and row[f["name"]]

    return one_cell(package, root, r, fits, lambda t, f, row: {"jurisdiction": "ZZ", "version": "99.0.0"}.get(f["name"], "no-such-key"))


@kind
def overlong_cell(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: (row[f["name"]] * MAX_CELL)[: MAX_CELL + r.randint(1, 9_000)])


# ---- one cell against the rules of text -----------------------------------------------------------------------------


@kind
def leading_blank(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: r.choice([" ", "\u00a0", "  "]) + row[f["name"]])


@kind
def trailing_blank(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: row[f["name"]] + r.choice([" ", "\u00a0", "\u2003"]))


@kind
def odd_character(package, root, r):
    def value(t, f, row):
        text = row[f["name"]]
        at = len(text) // 2
        return text[:at] + r.choice(["\u200b", "\t", "\n", "\u202e", "\ufeff", "\x07", "\u2028", "\ufffd", "\x85"]) + text[at:]

    return one_cell(package, root, r, free_text, value)


@kind
def decomposed_text(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: row[f["name"]] + unicodedata.normalize("NFD", r.choice(["é", "ñ", "ü"])))


@kind
def formula(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: r.choice(["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "=HYPERLINK(\"x\")"]))


@kind
def word_for_null(package, root, r):
    return one_cell(package, root, r, free_text, lambda t, f, row: r.choice(["N/A", "null", "NaN", "tbd", "-", "?", "Unknown", "NA"]))


@kind
def personal_data(package, root, r):
    return one_cell(package, root, r, lambda t, f, row: free_text(t, f, row) and f["name"] != "url", lambda t, f, row: row[f["name"]] + r.choice([" a.b@example.org", " (217) 555-0100", " 078-05-1120", " tel. 217-555-0100"]))


@kind
def loaded_word(package, root, r):
    def fits(t, f, row):
        return free_text(t, f, row) and (t.name, f["name"]) not in rules.PROPER

    return one_cell(package, root, r, fits, lambda t, f, row: row[f["name"]] + r.choice([" for illegal aliens", " in a sanctuary place", " so you qualify", " and it is safe"]))


# ---- rows -----------------------------------------------------------------------------------------------------------


def some_table(package, r, least=2, but=()):
    return r.choice([t for t in package.tables.values() if len(t.rows) >= least and t.name not in but])


@kind
def duplicate_row(package, root, r):
    t = some_table(package, r)
    i = r.randrange(len(t.rows))
    write(root, t, t.rows[: i + 1] + t.rows[i:])
    return Mutant(f"row {t.key_of(t.rows[i])[:60]} of {t.name} twice", t.path, t.key_of(t.rows[i]))


@kind
def duplicate_key(package, root, r):
    t = some_table(package, r, but=("changes",))
    a, b = r.sample(t.rows, 2)
    key = t.primary_key[0]
    write(root, t, [dict(x, **{key: a[key]}) if x is b else x for x in t.rows])
    return Mutant(f"key {a[key][:60]} of {t.name} for a second row", t.path, t.key_of(a))


@kind
def duplicate_unique_key(package, root, r):
    t = package.tables[r.choice(["survey_answers", "order_terms", "citations"])]
    columns = t.resource["schema"]["uniqueKeys"][0]
    a, b = r.sample(t.rows, 2)
    write(root, t, [dict(x, **{c: a[c] for c in columns}) if x is b else x for x in t.rows])
    return Mutant(f"{t.name}: {b[t.primary_key[0]][:60]} says the same as {a[t.primary_key[0]][:60]}", t.path)


@kind
def unsorted(package, root, r):
    t = some_table(package, r)
    i = r.randrange(len(t.rows) - 1)
    rows = list(t.rows)
    rows[i], rows[i + 1] = rows[i + 1], rows[i]
    write(root, t, rows)
    return Mutant(f"rows {i} and {i + 1} of {t.name} change places", t.path)


@kind
def short_row(package, root, r):
    t = some_table(package, r)
    lines = [[*("" if x[c] is None else str(x[c]) for c in t.columns)] for x in t.rows]
    i = r.randrange(len(lines))
    lines[i].pop()
    raw_rows(root, t, lines)
    return Mutant(f"row {lines[i][0]} of {t.name} lacks a cell", t.path, lines[i][0][:80])


@kind
def long_row(package, root, r):
    t = some_table(package, r)
    lines = [[*("" if x[c] is None else str(x[c]) for c in t.columns)] for x in t.rows]
    i = r.randrange(len(lines))
    lines[i].insert(r.randrange(1, len(lines[i])), "more")
    raw_rows(root, t, lines)
    return Mutant(f"row {lines[i][0]} of {t.name} has a cell too many", t.path, lines[i][0][:80])


def raw_rows(root, t, lines):
    (root / t.path).write_text(csv_text(t.columns, lines), encoding="utf-8", newline="")


@kind
def blank_line(package, root, r):
    t, lines = some_lines(package, r)
    lines.insert(r.randrange(1, len(lines)), b"\n")
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"a blank line in {t.name}", t.path)


@kind
def lost_referenced_row(package, root, r):
    """A row that others point to is gone: the pointers are named."""
    places = []
    for t in package.tables.values():
        for k in t.resource["schema"].get("foreignKeys", []):
            target = package.tables[k["reference"]["resource"]]
            used = [x[k["fields"][0]] for x in t.rows if x[k["fields"][0]]]
            if used:
                places.append((t, target, r.choice(used)))
    t, target, key = r.choice(places)
    write(root, target, [x for x in target.rows if target.key_of(x) != key])
    return Mutant(f"{target.name}/{key} is gone, {t.name} points to it", t.path)


# ---- periods --------------------------------------------------------------------------------------------------------


def shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


PERIODS = ("coverage", "absences", "roles", "order_terms", "poverty_guidelines")


@kind
def swapped_dates(package, root, r):
    t = package.tables[r.choice(PERIODS)]
    rows = [x for x in t.rows if x["valid_to"]]
    if not rows:
        raise Unfit
    row = r.choice(rows)
    write(root, t, [dict(x, valid_from=row["valid_to"], valid_to=row["valid_from"]) if x is row else x for x in t.rows])
    return Mutant(f"dates of {t.key_of(row)} change places", t.path, t.key_of(row))


@kind
def empty_period(package, root, r):
    t = package.tables[r.choice(PERIODS)]
    row = r.choice(t.rows)
    write(root, t, [dict(x, valid_to=row["valid_from"]) if x is row else x for x in t.rows])
    return Mutant(f"{t.key_of(row)} ends on the day it begins", t.path, t.key_of(row))


@kind
def overlapping_coverage(package, root, r):
    """The last day of a row moves past the first of the next of the same program, population and people."""
    t = package.tables["coverage"]
    places = [(a, b) for chain in _chains(t) for a, b in zip(chain, chain[1:]) if a["valid_to"] == b["valid_from"] and rules.same_people(a, b)]
    a, b = r.choice(places)
    write(root, t, [dict(x, valid_to=shifted(b["valid_from"], r.randint(1, 20))) if x is a else x for x in t.rows])
    return Mutant(f"{a['coverage']} runs into {b['coverage']}", t.path)


@kind
def overlapping_absence(package, root, r):
    """A second absence of the same people begins inside the first."""
    t = package.tables["absences"]
    row = r.choice(t.rows)
    return add_absence(root, t, dict(row, valid_from=shifted(row["valid_from"], r.randint(1, 20))), "absence-overlap")


def add_absence(root, t, row, rule) -> Mutant:
    row = dict(row, absence=f"{row['jurisdiction'].lower()}-{row['population']}-zz-mutant")
    write(root, t, sorted([*t.rows, row], key=lambda x: x["absence"]))
    return Mutant(f"an absence of {row['population']} in {row['jurisdiction']} from {row['valid_from']} is added", t.path, None, "valid_from", rule)


@kind
def unanswered_days(package, root, r):
    """An absence ends or begins otherwise, so that some day has neither coverage nor an absence."""
    t = package.tables["absences"]
    row = r.choice([x for x in t.rows if x["valid_from"] <= "2026-01-01" and x["valid_to"] is None])
    end = shifted(max(row["valid_from"], "2024-01-01"), r.randint(5, 60))
    write(root, t, [dict(x, valid_to=end) if x is row else x for x in t.rows])
    return Mutant(f"{row['absence']} ends on {end}", "data/absences.csv")


@kind
def lost_absence(package, root, r):
    t = package.tables["absences"]
    row = r.choice(t.rows)
    write(root, t, [x for x in t.rows if x is not row])
    return Mutant(f"{row['absence']} is gone", "data/absences.csv")


@kind
def absence_beside_coverage(package, root, r):
    """An absence is added on days that an established program covers regardless of status."""
    t = package.tables["absences"]
    programs = {x["program"]: x for x in package.tables["programs"].rows}
    covering = [c for c in package.tables["coverage"].rows if programs[c["program"]]["status_scope"] == "any_status" and c["standing"] == "established"]
    c = r.choice(covering)
    row = dict(r.choice(t.rows), jurisdiction=programs[c["program"]]["jurisdiction"], population=c["population"], valid_from=c["valid_from"], valid_to=c["valid_to"])
    return add_absence(root, t, row, "absence-against-coverage")


@kind
def impossible_day(package, root, r):
    def fits(t, f, row):
        return f["type"] == "date" and row[f["name"]] and t.name not in ("releases", "changes")

    return one_cell(package, root, r, fits, lambda t, f, row: r.choice(["1066-10-14", "2199-01-01", "0001-01-01", "9999-12-31"]))


@kind
def precision_without_first_day(package, root, r):
    def fits(t, f, row):
        return f["name"].endswith("_precision") and row[f["name"]] == "day" and not (row[f["name"][: -len("_precision")]] or "-01").endswith("-01")

    m = one_cell(package, root, r, fits, lambda t, f, row: r.choice(["month", "year"]))
    m.field = None  # the date or its precision: either may be the wrong one
    return m


@kind
def read_before_published(package, root, r):
    t = package.tables["sources"]
    row = r.choice([x for x in t.rows if x["published"] and x["published_precision"] == "day"])
    write(root, t, [dict(x, retrieved=shifted(row["published"], -3)) if x is row else x for x in t.rows])
    return Mutant(f"{row['source']} is read before it is published", t.path, row["source"])


# ---- meaning --------------------------------------------------------------------------------------------------------


@kind
def inverted_ages(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["age_max"] is not None and x["age_max"] < 100])
    write(root, t, [dict(x, age_min=row["age_max"] + 1) if x is row else x for x in t.rows])
    return Mutant(f"age_min of {row['coverage']} above age_max", t.path, row["coverage"])


@kind
def closed_binds_everyone(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["enrollment"] == "closed_to_new"])
    write(root, t, [dict(x, applies_to="everyone") if x is row else x for x in t.rows])
    return Mutant(f"{row['coverage']} is closed to new and binds everyone", t.path, row["coverage"])


@kind
def cap_on_open(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["enrollment"] == "open" and x["enrollment_cap"] is None])
    write(root, t, [dict(x, enrollment_cap=500) if x is row else x for x in t.rows])
    return Mutant(f"{row['coverage']} is open and has a cap", t.path, row["coverage"])


@kind
def disregard_without_limit(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["income_disregard_pct"]])
    write(root, t, [dict(x, income_limit_pct_fpl=None) if x is row else x for x in t.rows])
    return Mutant(f"{row['coverage']} has a disregard and no limit", t.path, row["coverage"])


@kind
def renamed_key(package, root, r):
    """A key that no longer begins with what it is built on: its row is named, or what pointed to it."""
    t = package.tables[r.choice(["programs", "coverage", "absences", "roles"])]
    row = r.choice(t.rows)
    write(root, t, sorted((dict(x, **{t.primary_key[0]: "zz-renamed"}) if x is row else x for x in t.rows), key=lambda x: x[t.primary_key[0]]))
    return Mutant(f"key of {t.key_of(row)} becomes zz-renamed", t.path, "zz-renamed")


@kind
def other_jurisdiction(package, root, r):
    t = package.tables[r.choice(["programs", "absences"])]
    row = r.choice(t.rows)
    other = r.choice([j["jurisdiction"] for j in package.tables["jurisdictions"].rows if j["jurisdiction"] != row["jurisdiction"]])
    write(root, t, [dict(x, jurisdiction=other) if x is row else x for x in t.rows])
    return Mutant(f"{t.key_of(row)} moves to {other}", t.path, t.key_of(row))


@kind
def term_of_no_order(package, root, r):
    t = package.tables["order_terms"]
    row = r.choice(t.rows)
    others = [e["event"] for e in package.tables["events"].rows if e["kind"] != "order"]
    write(root, t, [dict(x, event=r.choice(others)) if x is row else x for x in t.rows])
    return Mutant(f"{row['order_term']} hangs on an event that is no order", t.path, row["order_term"])


@kind
def term_before_order(package, root, r):
    t, events = package.tables["order_terms"], {e["event"]: e for e in package.tables["events"].rows}
    row = r.choice(t.rows)
    write(root, t, [dict(x, valid_from=shifted(events[row["event"]]["date"], -40)) if x is row else x for x in t.rows])
    return Mutant(f"{row['order_term']} holds before its order", t.path, row["order_term"])


@kind
def party_of_another(package, root, r):
    t = package.tables["roles"]
    row = r.choice([x for x in t.rows if x["jurisdiction"]])
    other = r.choice([j["jurisdiction"] for j in package.tables["jurisdictions"].rows if j["jurisdiction"] != row["jurisdiction"]])
    write(root, t, [dict(x, jurisdiction=other) if x is row else x for x in t.rows])
    return Mutant(f"role {row['role_id']} moves to {other}", t.path, row["role_id"])


@kind
def decided_by_nothing(package, root, r):
    t = package.tables["claims"]
    row = r.choice([x for x in t.rows if x["decided_by"]])
    write(root, t, [dict(x, decided_by=r.choice(["coverage/no-such-row", "nowhere/x"])) if x is row else x for x in t.rows])
    return Mutant(f"claim {row['claim']} is decided by nothing", t.path, row["claim"], "decided_by")


# ---- evidence -------------------------------------------------------------------------------------------------------


@kind
def lost_citations(package, root, r):
    """All citations of a record are gone."""
    t = package.tables["citations"]
    facts = [x for x in package.tables.values() if x.resource.get("fact")]
    target = r.choice(facts)
    row = r.choice(target.rows)
    key = target.key_of(row)
    write(root, t, [x for x in t.rows if (x["table"], x["record"]) != (target.name, key)])
    return Mutant(f"{target.name}/{key} has no citation", target.path, key)


@kind
def citation_of_no_record(package, root, r):
    t = package.tables["citations"]
    row = r.choice(t.rows)
    write(root, t, [dict(x, record="no-such-record") if x is row else x for x in t.rows])
    return Mutant(f"citation {row['citation']} of no record", t.path, row["citation"], "record")


@kind
def citation_of_no_field(package, root, r):
    t = package.tables["citations"]
    row = r.choice(t.rows)
    write(root, t, [dict(x, field=r.choice(["no_such_field", "jurisdictions"])) if x is row else x for x in t.rows])
    return Mutant(f"citation {row['citation']} of no field", t.path, row["citation"], "field")


@kind
def conflict_with_one_side(package, root, r):
    """Of two sides of a conflict one is gone."""
    t = package.tables["citations"]
    row = r.choice([x for x in t.rows if x["relation"] == "contradicts"])
    gone = [x for x in t.rows if (x["table"], x["record"], x["field"]) == (row["table"], row["record"], row["field"]) and x["relation"] == "supports"]
    write(root, t, [x for x in t.rows if x not in gone])
    return Mutant(f"nothing supports {row['table']}/{row['record']} {row['field']} against {row['source']}", t.path)


@kind
def third_hand_as_established(package, root, r):
    """A reported row is called established, though all that supports it is third-hand."""
    t = package.tables[r.choice(["coverage", "roles", "events", "order_terms"])]
    third = {s["source"] for s in package.tables["sources"].rows if s["reliability"] == "third_hand"}
    support: dict = {}
    for c in package.tables["citations"].rows:
        if c["table"] == t.name and c["relation"] == "supports":
            support.setdefault(c["record"], set()).add(c["source"])
    rows = [x for x in t.rows if x["standing"] == "reported" and support.get(t.key_of(x), {0}) <= third]
    if not rows:
        raise Unfit
    row = r.choice(rows)
    write(root, t, [dict(x, standing="established") if x is row else x for x in t.rows])
    return Mutant(f"{t.key_of(row)} rests on third-hand accounts and is called established", t.path, t.key_of(row))


@kind
def unused_source(package, root, r):
    t = package.tables["sources"]
    row = r.choice(t.rows)
    write(root, t, sorted([*t.rows, dict(row, source="zz-unused")], key=lambda x: x["source"]))
    return Mutant("a source that nothing cites", t.path, "zz-unused")


# ---- files ----------------------------------------------------------------------------------------------------------


def some_lines(package, r) -> tuple[Table, list[bytes]]:
    t = some_table(package, r)
    return t, (package.root / t.path).read_bytes().splitlines(keepends=True)


@kind
def lost_file(package, root, r):
    t = r.choice(list(package.tables.values()))
    (root / t.path).unlink()
    return Mutant(f"{t.path} is gone", t.path)


@kind
def cut_file(package, root, r):
    t, lines = some_lines(package, r)
    raw = b"".join(lines)
    cut = raw[: r.randrange(len(lines[0]) + 1, len(raw))]
    (root / t.path).write_bytes(cut[:-1] if cut.endswith(b"\n") else cut)
    return Mutant(f"{t.path} is cut after {len(cut)} of {len(raw)} bytes", t.path)


@kind
def emptied_file(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(r.choice([b"", b"\n", b" \n\n"]))
    return Mutant(f"{t.path} is empty", t.path)


@kind
def header_alone(package, root, r):
    t = some_table(package, r, but=("releases", "changes"))
    write(root, t, [])
    return Mutant(f"{t.path} has no rows", t.path)


@kind
def wrong_encoding(package, root, r):
    t, lines = some_lines(package, r)
    raw = b"".join(lines)
    bad = r.choice([raw.decode().encode("utf-16"), raw.replace(b"a", b"\xe9", 1), b"\xef\xbb\xbf" + raw, raw + b"\xff\n", raw.replace(b"e", b"\x00", 1), raw.replace(b"i", b"\xed\xa0\x80", 1)])
    (root / t.path).write_bytes(bad)
    return Mutant(f"{t.path} in another encoding", t.path)


@kind
def wrong_line_ends(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(b"".join(lines).replace(b"\n", r.choice([b"\r\n", b"\r"])))
    return Mutant(f"{t.path} with other line ends", t.path)


@kind
def wrong_delimiter(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(b"".join(lines).replace(b",", r.choice([b";", b"\t", b"|"])))
    return Mutant(f"{t.path} with another delimiter", t.path)


@kind
def stray_quote(package, root, r):
    t, lines = some_lines(package, r)
    i = r.randrange(1, len(lines))
    lines[i] = b'"' + lines[i]
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"a stray quote in line {i + 1} of {t.path}", t.path)


@kind
def reordered_header(package, root, r):
    t = some_table(package, r)
    columns = list(t.columns)
    i = r.randrange(len(columns) - 1)
    columns[i], columns[i + 1] = columns[i + 1], columns[i]
    (root / t.path).write_text(text_of(t, t.rows, columns), encoding="utf-8", newline="")
    return Mutant(f"columns {columns[i]} and {columns[i + 1]} of {t.name} change places", t.path)


@kind
def lost_column(package, root, r):
    t = some_table(package, r)
    lost = r.choice(t.columns)
    (root / t.path).write_text(text_of(t, t.rows, [c for c in t.columns if c != lost]), encoding="utf-8", newline="")
    return Mutant(f"{t.name} lacks {lost}", t.path, None, lost)


@kind
def extra_column(package, root, r):
    t, lines = some_lines(package, r)
    (root / t.path).write_bytes(b"".join(x.rstrip(b"\n") + (b",extra\n" if i == 0 else b",\n") for i, x in enumerate(lines)))
    return Mutant(f"{t.name} has a column too many", t.path, None, "extra")


@kind
def renamed_column(package, root, r):
    t, lines = some_lines(package, r)
    column = r.choice(t.columns)
    new = r.choice([column.upper(), column + " ", " " + column, column + "s"])
    lines[0] = (",".join(new if c == column else c for c in t.columns) + "\n").encode()
    (root / t.path).write_bytes(b"".join(lines))
    return Mutant(f"{column} of {t.name} is headed {new!r}", t.path, None, new)


@kind
def unlisted_file(package, root, r):
    name = r.choice(["extra.csv", "coverage.csv.bak", "~coverage.csv", ".hidden"])
    (root / "data" / name).write_text("a\n1\n")
    return Mutant(f"data/{name} is in no resource", f"data/{name}")


# ---- the descriptor -------------------------------------------------------------------------------------------------


@kind
def broken_descriptor(package, root, r):
    path = root / "datapackage.json"
    raw = path.read_bytes()
    path.write_bytes(r.choice([raw[: r.randrange(len(raw) - 2)], b"", b"[]", b"null", raw.replace(b'"resources"', b'"ressources"', 1), raw + b"x", b"\xff" + raw]))
    return Mutant("datapackage.json is broken", "datapackage.json")


@kind
def changed_descriptor(package, root, r):
    """One property of the package, a table or a field is lost or misspelt."""
    path = root / "datapackage.json"
    d = json.loads(path.read_text(encoding="utf-8"))
    resource = r.choice(d["resources"])
    f = r.choice(resource["schema"]["fields"])
    codes = [x for x in resource["schema"]["fields"] if "categories" in x]
    tries = [
        lambda: d.pop(r.choice(["$schema", "version", "licenses", "data_through", "complete_from"])),
        lambda: resource.pop(r.choice(["name", "path", "title", "description", "schema"])),
        lambda: resource["schema"].pop(r.choice(["fields", "primaryKey"])),
        lambda: f.pop(r.choice(["name", "type", "title", "description", "example"])),
        lambda: f.update(type="txt"),
        lambda: f.update(example=7),
        lambda: f.update(tittle="x"),
        lambda: resource.update(path="../../etc/passwd"),
        lambda: resource.update(path="https://example.org/x.csv"),
        lambda: resource["schema"].update(primaryKey=["nope"]),
        lambda: d["resources"].append(dict(resource)),
        lambda: d.update(version=r.choice(["1", "v1.0.0", "1.0", "01.0.0", 1])),
        lambda: d.update(data_through=r.choice(["today", "2026-02-30", None])),
        lambda: r.choice(codes)["categories"].pop() if codes else d.pop("version"),
        lambda: resource["schema"].update(foreignKeys=[{"fields": [f["name"]], "reference": {"resource": "nowhere", "fields": ["x"]}}]),
    ]
    i = r.randrange(len(tries))
    tries[i]()
    path.write_text(json.dumps(d), encoding="utf-8")
    return Mutant(f"change {i} of the descriptor at {resource.get('name')}.{f.get('name')}", "datapackage.json")


# ---- the run --------------------------------------------------------------------------------------------------------


def _chains(table):
    chains: dict = {}
    for x in sorted(table.rows, key=lambda x: x["valid_from"]):
        chains.setdefault((x["program"], x["population"]), []).append(x)
    return chains.values()


def restore(root: Path) -> None:
    shutil.rmtree(root / "data", ignore_errors=True)
    shutil.copytree(ROOT / "data", root / "data")
    shutil.copy(ROOT / "datapackage.json", root)


_package: Package | None = None
_root: Path | None = None


def begin(parent: str) -> None:
    import frictionless  # noqa: F401  which each validation would import anew otherwise, in its process beside

    global _package, _root
    _root = Path(tempfile.mkdtemp(dir=parent))
    _package = load(ROOT)


def judge(job: tuple[str, int]) -> tuple[str, int, str, str]:
    """(kind, seed, what was done, verdict): verdict is "" when caught, "unfit" when there was no place, else what went wrong."""
    name, seed = job
    restore(_root)
    r = random.Random(f"{name} {seed}")
    for _ in range(TRIES):
        try:
            mutant = KINDS[name](_package, _root, r)
            break
        except Unfit:
            continue
    else:
        return name, seed, "", "unfit"
    try:
        found = validate.faults_of(load(_root))
    except Exception as e:
        return name, seed, mutant.what, f"traceback: {type(e).__name__}: {str(e)[:200]}"
    in_file = [f for f in found if f.file == mutant.file]
    in_row = [f for f in in_file if (mutant.key is None or f.key and mutant.key.startswith(f.key) or f.key == mutant.key) and mutant.rule in (None, f.rule)]
    if any(mutant.field is None or f.field == mutant.field for f in in_row):
        return name, seed, mutant.what, ""
    lacking = "no fault" if not found else "the file is not named" if not in_file else "the row is not named" if not in_row else "the field is not named"
    return name, seed, mutant.what, f"{lacking}; expected {mutant.file} [{mutant.key}] {mutant.field}; {len(found)} faults, such as {found[0] if found else '-'}"


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="how many mutants (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round (default 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)")
    parser.add_argument("--list", action="store_true", help="list the kinds and stop")
    args = parser.parse_args(argv)
    if args.list:
        print("\n".join(KINDS))
        return 0
    if args.count < 1 or args.jobs < 1:
        parser.error("--count and --jobs are at least 1")
    names = list(KINDS)
    jobs = [(names[i % len(names)], args.seed + i // len(names)) for i in range(args.count)]
    made, caught, survivors = Counter(), Counter(), []
    with tempfile.TemporaryDirectory(prefix="mutants-") as parent:
        with ProcessPoolExecutor(args.jobs, get_context("fork"), begin, (parent,)) as pool:
            for name, seed, what, verdict in pool.map(judge, jobs, chunksize=4):
                if verdict == "unfit":
                    continue
                made[name] += 1
                caught[name] += not verdict
                if verdict:
                    survivors.append((name, seed, what, verdict))
    for name in names:
        print(f"{name:32} {caught[name]:5} of {made[name]:5}")
    for name, seed, what, verdict in sorted(survivors):
        print(f"survivor {name} {seed}: {what}: {verdict}", file=sys.stderr)
    unmade = [n for n in names if not made[n]]
    if unmade:
        print(f"no place found for: {', '.join(unmade)}", file=sys.stderr)
    print(f"{sum(caught.values()):,} of {sum(made.values()):,} mutants of {len(made)} kinds caught")
    return 1 if survivors or unmade else 0


if __name__ == "__main__":
    run(main)
