"""Whatever `validate` passes, `build` builds: odd descriptors and odd data end in a fault that
is a sentence, or in a database."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benefits import files, reading
from benefits.database import build
from benefits.package import ROOT
from benefits.validation import check
from support import copy_package

DESCRIPTOR = json.loads((ROOT / "datapackage.json").read_text(encoding="utf-8"))
ODD = [None, True, 0, -1, 1.5, "", "x", "\u00ad", [], [[]], [None], ["x"], ["x", "x"], {}, {"x": 1}]
NAMES = [
    "rowid",
    "rank",
    "oid",
    "select",
    "a b",
    'a"b',
    "a]b",
    "[a]",
    "1a",
    "é",
    "NOTE",
    "Table",
    "known_from",
    "dataset_fts",
    "our_answer",
    "sqlite_x",
    "label",
    "a;b",
    "a'b",
    "_rowid_",
]


def ways(value, here=()):
    """The way to every place of a JSON value."""
    yield here
    for name, part in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from ways(part, (*here, name))


WAYS = [w for w in ways(DESCRIPTOR) if w]
TOP = [w for w in WAYS if len(w) < 6]  # where there is one of a kind
TABLES = [r["name"] for r in DESCRIPTOR["resources"]]


def table_of(descriptor, name):
    return next(r for r in descriptor["resources"] if r["name"] == name)


def set_place(root, d, way, value, gone):
    part = d
    for name in way[:-1]:
        part = part[name]
    if gone:
        del part[way[-1]]
    else:
        part[way[-1]] = value


def rename_field(root, d, table, place, name):
    field = table_of(d, table)["schema"]["fields"]
    field = field[place % len(field)]
    old, path = field["name"], root / "data" / f"{table}.csv"
    field["name"] = name
    head, rest = path.read_text(encoding="utf-8").split("\n", 1)
    columns = [name if c == old else c for c in head.split(",")]
    path.write_text(files.csv_text(columns, []) + rest, encoding="utf-8")


def add_field(root, d, table, name, searchable):
    example = {
        "name": name,
        "type": "string",
        "title": "New",
        "description": "A new column.",
        "example": "x",
    }
    resource, path = table_of(d, table), root / "data" / f"{table}.csv"
    resource["schema"]["fields"].append(example)
    if searchable:
        resource.setdefault("searchable", []).append(name)
    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    path.write_text(
        files.csv_text([*head, name], [[*r, ""] for r in rows]), encoding="utf-8", newline=""
    )


def rename_table(root, d, table, name):
    table_of(d, table)["name"] = name


def drop_table(root, d, table):
    d["resources"].remove(table_of(d, table))
    (root / "data" / f"{table}.csv").unlink()


def add_table(root, d, name):
    d["resources"].append(dict(table_of(d, "populations"), name=name, path="data/extra.csv"))
    shutil.copyfile(root / "data" / "populations.csv", root / "data" / "extra.csv")


def add_key(root, d, table, columns):
    schema = table_of(d, table)["schema"]
    schema.setdefault("uniqueKeys", []).append(
        [schema["fields"][c % len(schema["fields"])]["name"] for c in columns]
    )


def set_cell(root, d, table, row, column, value):
    path = root / "data" / f"{table}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    if rows:
        rows[row % len(rows)][column % len(head)] = value
    path.write_text(files.csv_text(head, rows), encoding="utf-8", newline="")


table, name = st.sampled_from(TABLES), st.sampled_from(NAMES)
CELLS = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "9999-12-31",
        "0001-01-01",
        "year",
        "month",
        "x",
        "*",
        "{",
        "[]",
        '{"a":1}',
        "1.0.0",
        "999999999999999",
        "/",
        "a/b",
        '"',
        "' OR 1",
    ]
)
EDITS = st.one_of(
    st.tuples(
        st.just(set_place),
        st.one_of(st.sampled_from(TOP), st.sampled_from(WAYS)),
        st.sampled_from(ODD),
        st.booleans(),
    ),
    st.tuples(st.just(rename_field), table, st.integers(0, 30), name),
    st.tuples(st.just(add_field), table, name, st.booleans()),
    st.tuples(st.just(rename_table), table, name),
    st.tuples(st.just(drop_table), table),
    st.tuples(
        st.just(add_table),
        name
        | st.sampled_from(
            ["records", "dataset", "coverage_known", "programs_fts", "boundaries", "extra"]
        ),
    ),
    st.tuples(st.just(add_key), table, st.lists(st.integers(0, 30), max_size=2)),
    st.tuples(st.just(set_cell), table, st.integers(0, 9_999), st.integers(0, 30), CELLS),
)


def judged(root, edits) -> bool:
    """Whether validate passes the edited package; what it passes is built, and whatever
    either raises is a failure."""
    descriptor = json.loads(json.dumps(DESCRIPTOR))
    for edit, *args in edits:
        edit(root, descriptor, *args)
    (root / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    package = reading.load(root)
    faults = check.package_faults(package)
    assert all(f.message and f.todo and str(f).isprintable() for f in faults)
    if not faults:
        build.build(package, package.digests(), root / "build" / "benefits.db")
    return not faults


@pytest.mark.slow
@given(edit=EDITS)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_validate_passes_build_builds(edit):
    with tempfile.TemporaryDirectory() as place:
        judged(copy_package(Path(place) / "p"), [edit])


WORKED = {
    "a new column": ((add_field, "coverage", "extra_note", True), True),
    "a new column with the name of another table's": (
        (add_field, "programs", "age_min", False),
        True,
    ),
    "a new column of an earlier state": ((add_field, "coverage", "known_from", False), False),
    "a new table": ((add_table, "extra"), True),
    "a new table that the build makes": ((add_table, "records"), False),
    "a unique key beside the primary key": ((add_key, "populations", [0]), True),
    "a table gone": ((drop_table, "absences"), False),
    "a column renamed": ((rename_field, "coverage", 2, "people"), False),
    "names that differ in case only": ((add_field, "coverage", "NOTE", False), False),
    "unique keys null": ((set_place, ("resources", 0, "schema", "uniqueKeys"), None, False), False),
    "foreign keys a text": (
        (set_place, ("resources", 3, "schema", "foreignKeys"), "x", False),
        False,
    ),
    "no licences": ((set_place, ("licenses",), None, True), False),
    "no title": ((set_place, ("title",), None, True), False),
    "searchable a number": ((set_place, ("resources", 0, "searchable"), 5, False), False),
    "not required any more": (
        (set_place, ("resources", 2, "schema", "fields", 1, "constraints"), None, True),
        False,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", WORKED)
def test_worked_example(what, broken):
    edit, passes = WORKED[what]
    assert judged(broken, [edit]) is passes


TYPED = [
    (r["name"], f["name"])
    for r in DESCRIPTOR["resources"]
    for f in r["schema"]["fields"]
    if f["type"] != "string"
]


@pytest.mark.slow
@pytest.mark.parametrize("table, column", TYPED)
def test_a_cell_that_is_not_of_its_type_is_one_fault(broken, table, column):
    """What counts as empty because it could not be read is not told a second time as empty."""
    path = broken / "data" / f"{table}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    at = rows[0].index(column)
    line = next(n for n, row in enumerate(rows) if n and row[at])
    rows[line][at] = "banana"
    path.write_text(files.csv_text(rows[0], rows[1:]), encoding="utf-8")
    faults = [
        f
        for f in check.package_faults(reading.load(broken))
        if (f.file, f.line) == (f"data/{table}.csv", line + 1)
    ]
    assert [(f.field, f.rule) for f in faults] == [(column, "type")], faults


@pytest.mark.slow
def test_other_cells_of_that_row_are_still_checked(broken):
    path = broken / "data" / "coverage.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("valid_from")], rows[1][rows[0].index("note")] = "banana", "two  blanks"
    path.write_text(files.csv_text(rows[0], rows[1:]), encoding="utf-8")
    assert {(f.field, f.rule) for f in check.package_faults(reading.load(broken))} == {
        ("valid_from", "type"),
        ("note", "blank-edges"),
    }
