"""Files that cannot be what they should be: a plain sentence each, never a traceback."""

from __future__ import annotations

import json

import pytest
from edits import data, edit, resource, schema, slips

from scripts import validate
from support import run


def directory_in_place(root):
    data(root).unlink()
    data(root).mkdir()


def nul(root):
    data(root).write_bytes(data(root).read_bytes().replace(b"adult", b"ad\0ult", 1))


def cut(root):
    raw = data(root).read_bytes()
    data(root).write_bytes(raw[: len(raw) // 2])


def header(old, new):
    return lambda root: data(root).write_bytes(data(root).read_bytes().replace(old, new, 1))


def descriptor_text(text):
    return lambda root: (root / "datapackage.json").write_text(text)


def pattern(value):
    return lambda root: edit(
        root,
        lambda d: resource(d, "programs")["schema"]["fields"][0]["constraints"].update(
            pattern=value
        ),
    )


def set_cell(text):
    return lambda root: data(root).write_text(
        data(root).read_text().replace(",open,", f",open{text},", 1)
    )


BREAKAGES = {
    "missing file": (lambda root: data(root).unlink(), "missing-file", "data/coverage.csv"),
    "directory in its place": (directory_in_place, "not-a-file", "data/coverage.csv"),
    "UTF-16": (
        lambda root: data(root).write_bytes(data(root).read_text().encode("utf-16")),
        "encoding",
        "data/coverage.csv",
    ),
    "byte order mark": (
        lambda root: data(root).write_bytes(b"\xef\xbb\xbf" + data(root).read_bytes()),
        "byte-order-mark",
        "data/coverage.csv",
    ),
    "Latin-1": (
        lambda root: data(root).write_bytes(data(root).read_bytes() + "é\n".encode("latin-1")),
        "encoding",
        "data/coverage.csv",
    ),
    "NUL byte": (nul, "nul-byte", "data/coverage.csv"),
    "CRLF": (
        lambda root: data(root).write_bytes(data(root).read_bytes().replace(b"\n", b"\r\n")),
        "line-ending",
        "data/coverage.csv",
    ),
    "cut file": (cut, "final-newline", "data/coverage.csv"),
    "empty file": (lambda root: data(root).write_bytes(b""), "empty-file", "data/coverage.csv"),
    "duplicate column": (header(b"age_min", b"age_max"), "header", "data/coverage.csv"),
    "missing column": (header(b"age_min,", b""), "header", "data/coverage.csv"),
    "unknown column": (header(b"age_min", b"age_low"), "header", "data/coverage.csv"),
    "reordered columns": (
        header(b"age_min,age_max", b"age_max,age_min"),
        "header",
        "data/coverage.csv",
    ),
    "semicolons": (
        lambda root: data(root).write_bytes(data(root).read_bytes().replace(b",", b";")),
        "header",
        "data/coverage.csv",
    ),
    "10 MB cell": (set_cell("x" * 10_000_000), "oversized-row", "data/coverage.csv"),
    "100,000 cells": (set_cell("," * 100_000), "oversized-row", "data/coverage.csv"),
    "long cell": (set_cell("x" * 9_000), "cell-too-long", "data/coverage.csv"),
    "open quote": (header(b",open,", b',"open,'), "csv", "data/coverage.csv"),
    "link to itself": (
        lambda root: (data(root).unlink(), data(root).symlink_to("coverage.csv")),
        "unreadable-file",
        "data/coverage.csv",
    ),
    "blank row": (
        lambda root: data(root).write_text(data(root).read_text() + "\n"),
        "blank-row",
        "data/coverage.csv",
    ),
    "short row": (
        lambda root: data(root).write_text(data(root).read_text() + "x,y\n"),
        "row-width",
        "data/coverage.csv",
    ),
    "file nobody lists": (
        lambda root: (root / "data/extra.csv").write_text("a\n1\n"),
        "unlisted-file",
        "data/extra.csv",
    ),
    "link out of the package": (
        lambda root: (data(root).unlink(), data(root).symlink_to("/etc/hostname")),
        "path",
        "data/coverage.csv",
    ),
    "path outside": (
        lambda root: edit(root, lambda d: resource(d, "coverage").update(path="../coverage.csv")),
        "path",
        "datapackage.json [coverage] path",
    ),
    "absolute path": (
        lambda root: edit(root, lambda d: resource(d, "coverage").update(path="/etc/passwd")),
        "path",
        "datapackage.json [coverage] path",
    ),
    "address as path": (
        lambda root: edit(
            root, lambda d: resource(d, "coverage").update(path="https://example.org/x.csv")
        ),
        "path",
        "datapackage.json [coverage] path",
    ),
    "no descriptor": (
        lambda root: (root / "datapackage.json").unlink(),
        "missing-file",
        "datapackage.json",
    ),
    "invalid JSON": (descriptor_text('{"resources": ['), "json", "datapackage.json"),
    "key twice": (
        descriptor_text('{"name": "a", "name": "b", "resources": []}'),
        "json",
        "datapackage.json",
    ),
    "nested too deep": (descriptor_text("[" * 100_000), "json", "datapackage.json"),
    "a list": (descriptor_text("[]"), "descriptor", "datapackage.json"),
    "no resources": (
        lambda root: edit(root, lambda d: d.update(resources=[])),
        "descriptor",
        "datapackage.json",
    ),
    "resource twice": (
        lambda root: edit(root, lambda d: d["resources"].append(d["resources"][0])),
        "descriptor",
        "datapackage.json",
    ),
    "invalid pattern": (pattern("("), "descriptor", "datapackage.json"),
    "bound of the wrong type": (
        lambda root: edit(
            root,
            lambda d: resource(d, "populations")["schema"]["fields"][3]["constraints"].update(
                minimum="x"
            ),
        ),
        "descriptor",
        "datapackage.json",
    ),
    "unknown property": (
        lambda root: edit(root, lambda d: resource(d, "coverage").update(titel="x")),
        "unknown-property",
        "datapackage.json",
    ),
    "no description": (
        lambda root: edit(
            root, lambda d: resource(d, "coverage")["schema"]["fields"][0].pop("description")
        ),
        "described",
        "datapackage.json",
    ),
    "example that does not fit": (
        lambda root: edit(
            root, lambda d: resource(d, "coverage")["schema"]["fields"][3].update(example="many")
        ),
        "example",
        "datapackage.json",
    ),
    "codes without labels": (
        lambda root: edit(
            root, lambda d: resource(d, "coverage")["schema"]["fields"][7].pop("categories")
        ),
        "categories",
        "datapackage.json",
    ),
    "a kind of source without a budget": (
        lambda root: edit(
            root,
            lambda d: schema(d, "sources")["fields"][1]["categories"][3].pop("check_after_days"),
        ),
        "categories",
        "datapackage.json",
    ),
    "a budget that is no number of days": (
        lambda root: edit(
            root,
            lambda d: schema(d, "sources")["fields"][1]["categories"][3].update(check_after_days=0),
        ),
        "shape",
        "datapackage.json",
    ),
    "foreign key elsewhere": (
        lambda root: edit(
            root,
            lambda d: resource(d, "coverage")["schema"]["foreignKeys"][0]["reference"].update(
                resource="nowhere"
            ),
        ),
        "foreign-key-target",
        "datapackage.json",
    ),
    "version": (
        lambda root: edit(root, lambda d: d.update(version="one")),
        "version",
        "datapackage.json",
    ),
    "data_through": (
        lambda root: edit(root, lambda d: d.update(data_through="2026-02-30")),
        "date",
        "datapackage.json",
    ),
    "profile": (
        lambda root: edit(root, lambda d: d.update(keywords="health")),
        "profile",
        "datapackage.json",
    ),
    "licence": (
        lambda root: edit(root, lambda d: d.update(licenses=[{"name": "other-open"}])),
        "licence",
        "datapackage.json",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKAGES)
def test_breakage(name, broken, capsys):
    damage, rule, file = BREAKAGES[name]
    damage(broken)
    assert validate.main(["--root", str(broken)]) == 1
    printed = capsys.readouterr().out
    assert [
        line for line in printed.splitlines() if line.startswith(file) and f"(rule: {rule})" in line
    ], printed[:3000]
    assert not (broken / "build").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["missing file", "UTF-16", "invalid JSON"])
def test_as_json(name, broken):
    BREAKAGES[name][0](broken)
    done = run("validate", "--root", broken, "--json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    assert {"file", "line", "key", "field", "rule", "message", "todo", "value"} == set(
        json.loads(done.stdout)[0]
    )


@pytest.mark.slow
def test_the_form_of_a_fault(broken):
    path = data(broken)
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("il-hbia-adult-42-54-2022,"))
    lines[at] = lines[at].replace("2023-07-01", "2022-04-30")
    path.write_text("\n".join(lines) + "\n")
    done = run("validate", "--root", broken)
    expected = (
        f"data/coverage.csv:{at + 1} [il-hbia-adult-42-54-2022] valid_to: 2022-04-30 is not after"
        " valid_from 2022-07-01 (rule: period-order); "
    )
    assert [line for line in done.stdout.splitlines() if line.startswith(expected)], done.stdout
    assert " faults in " in done.stdout.splitlines()[-1]


SLIPS = {
    "foreignKey": lambda d: schema(d, "coverage").update(foreignKey=[]),
    "uniqueKey": lambda d: schema(d, "coverage").update(uniqueKey=[]),
    "predicat": lambda d: schema(d, "coverage")["foreignKeys"][0]["reference"].update(predicat="x"),
    "lable": (
        lambda d: next(f for f in schema(d, "coverage")["fields"] if "categories" in f)[
            "categories"
        ][0].update(lable="x")
    ),
    "requred": lambda d: schema(d, "coverage")["fields"][0]["constraints"].update(requred=True),
    "delimeter": lambda d: resource(d, "coverage").setdefault("dialect", {}).update(delimeter=","),
    "titel": lambda d: d["licenses"][0].update(titel="x"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLIPS)
def test_an_unknown_property_is_a_fault_at_every_level(name, broken):
    edit(broken, SLIPS[name])
    assert [f.rule for f in slips(broken) if repr(name) in f.message] == ["unknown-property"]
    near = name != "predicat"  # which is like nothing that is known there
    assert any("did you mean" in f.todo for f in slips(broken)) is near


KEYS = {
    "composite": (
        lambda d: schema(d, "coverage")["foreignKeys"].append(
            {
                "fields": ["program", "population"],
                "reference": {"resource": "roles", "fields": ["role_id", "court_case"]},
            }
        ),
        "foreign-key-target",
    ),
    "no key": (
        lambda d: schema(d, "coverage")["foreignKeys"].append(
            {"fields": ["note"], "reference": {"resource": "programs", "fields": ["name"]}}
        ),
        "foreign-key-target",
    ),
    "two tables in a circle": (
        lambda d: schema(d, "programs")["foreignKeys"].append(
            {"fields": ["name"], "reference": {"resource": "coverage", "fields": ["coverage"]}}
        ),
        "foreign-key-cycle",
    ),
    "unique key twice": (
        lambda d: schema(d, "coverage").update(uniqueKeys=[["note"], ["note"]]),
        "unique-key-target",
    ),
    "empty unique key": (
        lambda d: schema(d, "coverage").update(uniqueKeys=[[]]),
        "unique-key-target",
    ),
}


@pytest.mark.parametrize("what", KEYS)
def test_a_key_that_no_database_could_have_is_refused(what, broken):
    change, rule = KEYS[what]
    edit(broken, change)
    assert rule in {f.rule for f in slips(broken)}


@pytest.mark.slow
def test_a_table_that_points_to_itself_validates_and_builds(broken):
    key = {
        "fields": ["jurisdiction"],
        "reference": {"resource": "jurisdictions", "fields": ["jurisdiction"]},
    }
    edit(broken, lambda d: schema(d, "jurisdictions").setdefault("foreignKeys", []).append(key))
    for verb in ("validate", "build"):
        done = run(verb, "--root", broken)
        assert done.returncode == 0, done.stdout + done.stderr
