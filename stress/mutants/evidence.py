"""Citations and sources that are missing, wrong or unused."""

from __future__ import annotations

from stress.kinds import kind
from stress.mutants.mutant import (
    Mutant,
    Unfit,
    replace_row,
    shifted,
    write_rows,
)


@kind
def lost_citations(package, root, r):
    """Remove all citations of a record."""
    t = package.tables["citations"]
    facts = [x for x in package.tables.values() if x.resource.get("fact")]
    target = r.choice(facts)
    row = r.choice(target.rows)
    key = target.key_of(row)
    write_rows(root, t, [x for x in t.rows if (x["table"], x["record"]) != (target.name, key)])
    return Mutant(f"{target.name}/{key} has no citation", target.path, key)


@kind
def citation_of_no_record(package, root, r):
    t = package.tables["citations"]
    row = r.choice(t.rows)
    replace_row(root, t, row, record="no-such-record")
    return Mutant(f"citation {row['citation']} of no record", t.path, row["citation"], "record")


@kind
def citation_of_no_field(package, root, r):
    t = package.tables["citations"]
    row = r.choice(t.rows)
    replace_row(root, t, row, field=r.choice(["no_such_field", "jurisdictions"]))
    return Mutant(f"citation {row['citation']} of no field", t.path, row["citation"], "field")


@kind
def conflict_with_one_side(package, root, r):
    """Remove one of the two sides of a conflict."""
    t = package.tables["citations"]
    row = r.choice([x for x in t.rows if x["relation"] == "contradicts"])
    other_side = {c: row[c] for c in ("table", "record", "field")} | {"relation": "supports"}
    write_rows(root, t, [x for x in t.rows if not other_side.items() <= x.items()])
    record = f"{row['table']}/{row['record']} {row['field']}"
    return Mutant(f"nothing supports {record} against {row['source']}", t.path)


@kind
def third_hand_as_established(package, root, r):
    """Call a reported row established, though all that supports it is third-hand."""
    t = package.tables[r.choice(["coverage", "roles", "events", "order_terms"])]
    third = {s["source"] for s in package.rows("sources") if s["reliability"] == "third_hand"}
    support: dict = {}
    for c in package.tables["citations"].rows:
        if c["table"] == t.name and c["relation"] == "supports":
            support.setdefault(c["record"], set()).add(c["source"])
    rows = [
        x for x in t.rows if x["standing"] == "reported" and support.get(t.key_of(x), {0}) <= third
    ]
    if not rows:
        raise Unfit
    row = r.choice(rows)
    replace_row(root, t, row, standing="established")
    key = t.key_of(row)
    return Mutant(f"{key} rests on third-hand accounts and is called established", t.path, key)


@kind
def unused_source(package, root, r):
    t = package.tables["sources"]
    row = r.choice(t.rows)
    rows = [*t.rows, row | {"source": "zz-unused"}]
    write_rows(root, t, sorted(rows, key=lambda x: x["source"]))
    return Mutant("a source that nothing cites", t.path, "zz-unused")


@kind
def look_after_the_last_opening(package, root, r):
    t = package.tables["citations"]
    opened = {s["source"]: s["retrieved"] for s in package.rows("sources")}
    row = r.choice(t.rows)
    replace_row(root, t, row, checked_on=shifted(opened[row["source"]], 1))
    what = f"{row['citation']} is checked after its source was last opened"
    return Mutant(what, t.path, row["citation"], "checked_on", "check-date")


@kind
def program_coded_twice(package, root, r):
    """Give a program the name of another one of its jurisdiction, in capitals."""
    t = package.tables["programs"]
    row = r.choice(t.rows)
    others = [x for x in t.rows if x is not row and x["jurisdiction"] == row["jurisdiction"]]
    if not others:
        raise Unfit
    other = r.choice(others)
    replace_row(root, t, row, name=other["name"].upper())
    later = max(row, other, key=lambda x: x["program"])["program"]
    return Mutant(f"{row['program']} has the name of {other['program']}", t.path, later, "name")
