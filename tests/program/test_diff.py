"""What changed between two packages, how far the version must go, and that history gives every
release back exactly."""

from __future__ import annotations

import copy
import json
import subprocess

import jsonschema
import pytest
from archives import between

from benefits import diff, reading
from benefits.package import ROOT, Version
from support import find, rewrite, run
from worked_examples import examples


@pytest.mark.slow
@pytest.mark.parametrize("e", examples("diff"), ids=lambda e: e["what"])
def test_changed_cells(e, broken, package):
    table = package.tables[e["table"]]
    row = table.rows.index(find(table, e["record"])) + 1
    rewrite(
        broken / table.path,
        lambda rows: rows[row].__setitem__(table.columns.index(e["field"]), e["value"]),
    )
    d = between(ROOT, broken)
    assert d.level == e["level"] and [(t, f) for t, _, f, *_ in d.changed] == [
        (e["table"], e["field"])
    ]
    assert d.smallest_version == str(Version.parse(d.old_version).increment(e["level"]))


SCHEMA = {
    "a description": (lambda r, d: r["coverage"].update(description="Other."), "patch"),
    "a title of the package": (lambda r, d: d.update(title="Other"), "patch"),
    "a column renamed": (
        lambda r, d: r["coverage"]["schema"]["fields"][0].update(name="key"),
        "major",
    ),
    "a column reordered": (lambda r, d: r["claims"]["schema"]["fields"].reverse(), "major"),
    "a type": (lambda r, d: r["coverage"]["schema"]["fields"][3].update(type="string"), "major"),
    "a code added": (
        lambda r, d: r["cases"]["schema"]["fields"][7]["constraints"]["enum"].append("stayed"),
        "minor",
    ),
    "a code taken away": (
        lambda r, d: r["cases"]["schema"]["fields"][7]["constraints"]["enum"].pop(),
        "major",
    ),
    "a requirement added": (
        lambda r, d: r["coverage"]["schema"]["fields"][3]["constraints"].update(required=True),
        "major",
    ),
    "a requirement dropped": (
        lambda r, d: r["coverage"]["schema"]["fields"][0]["constraints"].pop("required"),
        "minor",
    ),
    "a wider range": (
        lambda r, d: r["coverage"]["schema"]["fields"][3]["constraints"].update(maximum=150),
        "minor",
    ),
    "a narrower range": (
        lambda r, d: r["coverage"]["schema"]["fields"][3]["constraints"].update(maximum=90),
        "major",
    ),
    "a licence": (lambda r, d: d.update(licenses=[]), "major"),
    "a primary key": (lambda r, d: r["cases"]["schema"].update(primaryKey=["caption"]), "major"),
}


@pytest.mark.parametrize("what", SCHEMA)
def test_changed_schema(what, package):
    change, level = SCHEMA[what]
    new = copy.deepcopy(package)
    change({r["name"]: r for r in new.descriptor["resources"]}, new.descriptor)
    d = diff.Difference("1.2.3", "1.2.3")
    diff.compare_schema(d, package.descriptor, new.descriptor)
    assert d.level == level and all(text.endswith(".") for _, text in d.schema)


@pytest.mark.slow
def test_rows_added_and_removed(broken):
    rewrite(broken / "data/claims.csv", lambda rows: rows.pop(1))
    assert (between(ROOT, broken).level, len(between(ROOT, broken).removed)) == ("minor", 1)
    assert (between(broken, ROOT).level, len(between(broken, ROOT).added)) == ("minor", 1)


def test_the_same_is_none(broken):
    assert between(ROOT, broken).level == "none"


@pytest.mark.parametrize(
    "level, wanted", [("none", "1.2.3"), ("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")]
)
def test_a_version_is_raised_by_a_level(level, wanted):
    assert str(Version.parse("1.2.3").increment(level)) == wanted


@pytest.mark.slow
def test_json_fits_its_schema_and_text_is_grouped(broken, package):
    table = package.tables["coverage"]
    row = table.rows.index(find(table, "il-hbia-adult-42-54-2022")) + 1
    rewrite(
        broken / table.path,
        lambda rows: rows[row].__setitem__(table.columns.index("valid_from"), "2022-06-01"),
    )
    told = json.loads(run("diff", ROOT, broken, "--json").stdout)
    schema = ROOT / "docs" / "reference" / "diff.schema.json"
    jsonschema.validate(told, json.loads(schema.read_text()))
    assert told["changed"] == [
        {
            "table": "coverage",
            "record": "il-hbia-adult-42-54-2022",
            "field": "valid_from",
            "old": "2022-07-01",
            "new": "2022-06-01",
            "wording": False,
        }
    ]
    text = run("diff", ROOT, broken).stdout
    assert (
        "\nIllinois\n  Changed coverage/il-hbia-adult-42-54-2022, valid_from: was 2022-07-01, is"
        " 2022-06-01.\n" in text
    )


@pytest.mark.slow
def test_packages_by_folder_zip_and_revision(broken, tmp_path):
    subprocess.run(
        ["python3", "-m", "zipfile", "-c", str(tmp_path / "p.zip"), "datapackage.json", "data/"],
        cwd=broken,
        check=True,
    )
    for name in (broken, tmp_path / "p.zip"):
        with diff.open_package(str(name)) as p:
            assert len(p.tables) == len(reading.load(ROOT).tables)
    with diff.open_package("HEAD") as p:
        assert p.rows("jurisdictions")
    for wrong in ("no-such-thing", str(ROOT / "README.md"), str(ROOT / "docs")):
        done = run("diff", wrong)
        assert (
            done.returncode == 1
            and done.stderr.startswith("error: ")
            and "Traceback" not in done.stderr
        )
