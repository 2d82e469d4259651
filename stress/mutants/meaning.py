"""Rows that fit the schema and contradict themselves or each other."""

from __future__ import annotations

from stress.kinds import kind
from stress.mutants.mutant import (
    Mutant,
    replace_row,
    shifted,
    write_rows,
)


@kind
def inverted_ages(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["age_max"] is not None and x["age_max"] < 100])
    replace_row(root, t, row, age_min=row["age_max"] + 1)
    return Mutant(f"age_min of {row['coverage']} above age_max", t.path, row["coverage"])


@kind
def closed_binds_everyone(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["enrollment"] == "closed_to_new"])
    replace_row(root, t, row, applies_to="everyone")
    return Mutant(f"{row['coverage']} is closed to new and binds everyone", t.path, row["coverage"])


@kind
def cap_on_open(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["enrollment"] == "open" and x["enrollment_cap"] is None])
    replace_row(root, t, row, enrollment_cap=500)
    return Mutant(f"{row['coverage']} is open and has a cap", t.path, row["coverage"])


@kind
def disregard_without_limit(package, root, r):
    t = package.tables["coverage"]
    row = r.choice([x for x in t.rows if x["income_disregard_pct"]])
    replace_row(root, t, row, income_limit_pct_fpl=None)
    return Mutant(f"{row['coverage']} has a disregard and no limit", t.path, row["coverage"])


@kind
def renamed_key(package, root, r):
    """Change a key, which has a fixed beginning: its row is named, or what points to it."""
    t = package.tables[r.choice(["programs", "coverage", "absences", "roles"])]
    row = r.choice(t.rows)
    name = t.primary_key[0]
    rows = [x | {name: "zz-renamed"} if x is row else x for x in t.rows]
    write_rows(root, t, sorted(rows, key=lambda x: x[name]))
    return Mutant(f"key of {t.key_of(row)} becomes zz-renamed", t.path, "zz-renamed")


def other_place(package, r, row) -> str:
    """Choose a jurisdiction that is not the row's own."""
    places = [x["jurisdiction"] for x in package.rows("jurisdictions")]
    return r.choice([place for place in places if place != row["jurisdiction"]])


@kind
def other_jurisdiction(package, root, r):
    t = package.tables[r.choice(["programs", "absences"])]
    row = r.choice(t.rows)
    other = other_place(package, r, row)
    replace_row(root, t, row, jurisdiction=other)
    return Mutant(f"{t.key_of(row)} moves to {other}", t.path, t.key_of(row))


@kind
def term_of_no_order(package, root, r):
    t = package.tables["order_terms"]
    row = r.choice(t.rows)
    others = [e["event"] for e in package.tables["events"].rows if e["kind"] != "order"]
    replace_row(root, t, row, event=r.choice(others))
    term = row["order_term"]
    return Mutant(f"{term} hangs on an event that is no order", t.path, term)


@kind
def term_before_order(package, root, r):
    t = package.tables["order_terms"]
    events = {e["event"]: e for e in package.tables["events"].rows}
    row = r.choice(t.rows)
    replace_row(root, t, row, valid_from=shifted(events[row["event"]]["date"], -40))
    return Mutant(f"{row['order_term']} holds before its order", t.path, row["order_term"])


@kind
def party_of_another(package, root, r):
    t = package.tables["roles"]
    row = r.choice([x for x in t.rows if x["jurisdiction"]])
    other = other_place(package, r, row)
    replace_row(root, t, row, jurisdiction=other)
    return Mutant(f"role {row['role_id']} moves to {other}", t.path, row["role_id"])


@kind
def decided_by_nothing(package, root, r):
    t = package.tables["claims"]
    row = r.choice([x for x in t.rows if x["decided_by"]])
    replace_row(root, t, row, decided_by=r.choice(["coverage/no-such-row", "nowhere/x"]))
    return Mutant(f"claim {row['claim']} is decided by nothing", t.path, row["claim"], "decided_by")
