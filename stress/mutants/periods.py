"""Periods and days that are swapped, empty, overlapping, impossible, or leave a gap."""

from __future__ import annotations

from benefits.validation import coverage
from stress.kinds import kind
from stress.mutants.mutant import (
    Mutant,
    Unfit,
    one_cell,
    replace_row,
    shifted,
    write_rows,
)

PERIODS = ("coverage", "absences", "roles", "order_terms", "poverty_guidelines")


@kind
def swapped_dates(package, root, r):
    t = package.tables[r.choice(PERIODS)]
    rows = [x for x in t.rows if x["valid_to"]]
    if not rows:
        raise Unfit
    row = r.choice(rows)
    replace_row(root, t, row, valid_from=row["valid_to"], valid_to=row["valid_from"])
    return Mutant(f"dates of {t.key_of(row)} change places", t.path, t.key_of(row))


@kind
def empty_period(package, root, r):
    t = package.tables[r.choice(PERIODS)]
    row = r.choice(t.rows)
    replace_row(root, t, row, valid_to=row["valid_from"])
    return Mutant(f"{t.key_of(row)} ends on the day it begins", t.path, t.key_of(row))


def chains_of(table):
    """Return the rows of each program and population, in the order of their first days."""
    chains: dict = {}
    for x in sorted(table.rows, key=lambda x: x["valid_from"]):
        chains.setdefault((x["program"], x["population"]), []).append(x)
    return chains.values()


@kind
def overlapping_coverage(package, root, r):
    """Move the end of a row past the beginning of the next row of the same people."""
    t = package.tables["coverage"]
    places = [
        (a, b)
        for chain in chains_of(t)
        for a, b in zip(chain, chain[1:])
        if a["valid_to"] == b["valid_from"] and coverage.same_people(a, b)
    ]
    a, b = r.choice(places)
    replace_row(root, t, a, valid_to=shifted(b["valid_from"], r.randint(1, 20)))
    return Mutant(f"{a['coverage']} runs into {b['coverage']}", t.path)


@kind
def overlapping_absence(package, root, r):
    """Add a second absence of the same people that begins inside the first."""
    t = package.tables["absences"]
    row = r.choice(t.rows)
    day = shifted(row["valid_from"], r.randint(1, 20))
    return add_absence(root, t, row | {"valid_from": day}, "absence-overlap")


def add_absence(root, t, row, rule) -> Mutant:
    """Add an absence under a key of its own."""
    place, population = row["jurisdiction"], row["population"]
    row = row | {"absence": f"{place.lower()}-{population}-zz-mutant"}
    write_rows(root, t, sorted([*t.rows, row], key=lambda x: x["absence"]))
    what = f"an absence of {population} in {place} from {row['valid_from']} is added"
    return Mutant(what, t.path, None, "valid_from", rule)


@kind
def unanswered_days(package, root, r):
    """End an absence early, so that some day has neither coverage nor an absence."""
    t = package.tables["absences"]
    row = r.choice([x for x in t.rows if x["valid_from"] <= "2026-01-01" and x["valid_to"] is None])
    end = shifted(max(row["valid_from"], "2024-01-01"), r.randint(5, 60))
    replace_row(root, t, row, valid_to=end)
    return Mutant(f"{row['absence']} ends on {end}", "data/absences.csv")


@kind
def lost_absence(package, root, r):
    t = package.tables["absences"]
    row = r.choice(t.rows)
    write_rows(root, t, [x for x in t.rows if x is not row])
    return Mutant(f"{row['absence']} is gone", "data/absences.csv")


@kind
def absence_beside_coverage(package, root, r):
    """Add an absence on days that an established program covers regardless of status."""
    t = package.tables["absences"]
    programs = {x["program"]: x for x in package.tables["programs"].rows}
    covering = [
        c
        for c in package.tables["coverage"].rows
        if programs[c["program"]]["status_scope"] == "any_status" and c["standing"] == "established"
    ]
    c = r.choice(covering)
    row = dict(
        r.choice(t.rows),
        jurisdiction=programs[c["program"]]["jurisdiction"],
        population=c["population"],
        valid_from=c["valid_from"],
        valid_to=c["valid_to"],
    )
    return add_absence(root, t, row, "absence-against-coverage")


@kind
def impossible_day(package, root, r):
    days = ["1066-10-14", "2199-01-01", "0001-01-01", "9999-12-31"]

    def fits(t, f, row):
        return f["type"] == "date" and row[f["name"]] and t.name not in ("releases", "changes")

    return one_cell(package, root, r, fits, lambda t, f, row: r.choice(days))


@kind
def precision_without_first_day(package, root, r):
    def fits(t, f, row):
        return (
            f["name"].endswith("_precision")
            and row[f["name"]] == "day"
            and not (row[f["name"].removesuffix("_precision")] or "-01").endswith("-01")
        )

    mutant = one_cell(package, root, r, fits, lambda t, f, row: r.choice(["month", "year"]))
    mutant.field = None  # the date or its precision: either may be the wrong one
    return mutant


@kind
def read_before_published(package, root, r):
    t = package.tables["sources"]
    row = r.choice([x for x in t.rows if x["published"] and x["published_precision"] == "day"])
    replace_row(root, t, row, retrieved=shifted(row["published"], -3))
    return Mutant(f"{row['source']} is read before it is published", t.path, row["source"])
