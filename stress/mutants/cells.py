"""Cells that break their schema."""

from __future__ import annotations

from benefits.package import MAX_CELL
from stress.kinds import kind
from stress.mutants.mutant import free_text, has, one_cell

NO_INTEGER = [
    "abc",
    "1.0",
    "1,000",
    "007",
    "1e3",
    "+5",
    " 5",
    "٥",
    "0x1F",
    "1_000",
    "12%",
    "--1",
    "9" * 20,
]


NO_DATE = [
    "2025-13-01",
    "2025-02-30",
    "01/02/2025",
    "2025-1-1",
    "2025-01",
    "2025",
    "20250101",
    "2025-01-01T00:00:00",
    "Jan 1, 2025",
    "0000-01-01",
    "２０２５-01-01",
    "2025-01-01 ",
]


@kind
def wrong_integer(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: f["type"] == "integer",
        lambda t, f, row: r.choice(NO_INTEGER),
    )


@kind
def wrong_date(package, root, r):
    return one_cell(
        package, root, r, lambda t, f, row: f["type"] == "date", lambda t, f, row: r.choice(NO_DATE)
    )


@kind
def bad_code(package, root, r):
    def value(t, f, row):
        code = f["constraints"]["enum"][0]
        return r.choice(["zzz", code.upper() + "X", code + "_"])

    return one_cell(package, root, r, lambda t, f, row: has(f, "enum"), value)


@kind
def bad_form(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: has(f, "pattern") and row[f["name"]] and f["name"] not in t.primary_key,
        lambda t, f, row: r.choice(["!", "a b!", "ÀÉ!", "ftp//x", "'; DROP TABLE x;"]),
    )


@kind
def bad_key_form(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: has(f, "pattern") and f["name"] in t.primary_key,
        lambda t, f, row: r.choice(["A B", "É", "x y", "!"]),
    )


@kind
def missing_value(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: (
            has(f, "required") and f["name"] not in t.primary_key and row[f["name"]] is not None
        ),
        lambda t, f, row: None,
    )


@kind
def missing_key(package, root, r):
    return one_cell(
        package, root, r, lambda t, f, row: f["name"] in t.primary_key, lambda t, f, row: None
    )


@kind
def too_small(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: has(f, "minimum"),
        lambda t, f, row: f["constraints"]["minimum"] - r.randint(1, 500),
    )


@kind
def too_large(package, root, r):
    return one_cell(
        package,
        root,
        r,
        lambda t, f, row: has(f, "maximum"),
        lambda t, f, row: f["constraints"]["maximum"] + r.randint(1, 500),
    )


@kind
def dangling_reference(package, root, r):
    def fits(t, f, row):
        return (
            any(f["name"] in k["fields"] for k in t.resource["schema"].get("foreignKeys", []))
            and row[f["name"]]
        )

    keys = {"jurisdiction": "ZZ", "version": "99.0.0"}
    return one_cell(package, root, r, fits, lambda t, f, row: keys.get(f["name"], "no-such-key"))


@kind
def overlong_cell(package, root, r):
    return one_cell(
        package,
        root,
        r,
        free_text,
        lambda t, f, row: (row[f["name"]] * MAX_CELL)[: MAX_CELL + r.randint(1, 9_000)],
    )
