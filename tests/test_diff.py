"""What changed between two packages, how far the version must go, and that history gives every
release back exactly."""

from __future__ import annotations

import copy
import errno
import io
import json
import subprocess
import warnings
import zipfile

import jsonschema
import pytest
from conftest import ROOT, copy_package, examples, run
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rules import find, rewrite

from benefits import diff, history, package, reading, version
from benefits.validation.check import package_faults


def edit_descriptor(root, change):
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    change({r["name"]: r for r in descriptor["resources"]}, descriptor)
    path.write_text(json.dumps(descriptor), encoding="utf-8")


def between(old, new):
    return diff.compare(reading.load(old), reading.load(new))


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
    assert d.smallest_version == diff.bump(d.old_version, e["level"])


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


def test_rows_added_and_removed(broken):
    rewrite(broken / "data/claims.csv", lambda rows: rows.pop(1))
    assert (between(ROOT, broken).level, len(between(ROOT, broken).removed)) == ("minor", 1)
    assert (between(broken, ROOT).level, len(between(broken, ROOT).added)) == ("minor", 1)


def test_the_same_is_none(broken):
    assert between(ROOT, broken).level == "none"


@pytest.mark.parametrize(
    "level, wanted", [("none", "1.2.3"), ("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")]
)
def test_bump(level, wanted):
    assert diff.bump("1.2.3", level) == wanted


def test_json_fits_its_schema_and_text_is_grouped(broken, package):
    table = package.tables["coverage"]
    row = table.rows.index(find(table, "il-hbia-adult-42-54-2022")) + 1
    rewrite(
        broken / table.path,
        lambda rows: rows[row].__setitem__(table.columns.index("valid_from"), "2022-06-01"),
    )
    told = json.loads(run("diff", ROOT, broken, "--json").stdout)
    jsonschema.validate(told, json.loads((ROOT / "docs" / "diff.schema.json").read_text()))
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


# ---- versions ------------------------------------------------------------------------------------


@pytest.fixture
def released(broken):
    """A package whose state is released as 1.0.0, ready to be changed."""
    from benefits.release import release

    edit_descriptor(broken, lambda r, d: d.update(version="1.0.0"))
    for name in ("releases", "changes"):
        path = broken / "data" / f"{name}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    (broken / "data" / "releases.csv").write_text("version,date,level\n1.0.0,2026-11-24,first\n")
    (broken / "releases").mkdir()
    files = {
        str(p.relative_to(broken)): p.read_bytes()
        for p in [broken / "datapackage.json", *(broken / "data").iterdir()]
    }
    release.write_zip(broken / "releases" / "1.0.0.zip", files, 1_764_000_000)
    return broken


def change_cell(root, value="140"):
    table = reading.load(root).tables["coverage"]
    row = table.rows.index(find(table, "il-hbia-adult-42-54-2022")) + 1
    rewrite(
        root / table.path,
        lambda rows: rows[row].__setitem__(table.columns.index("income_limit_pct_fpl"), value),
    )


def say_why(root, record="il-hbia-adult-42-54-2022"):
    (root / "releases" / "reasons.csv").write_text(
        f"table,record,field,reason\ncoverage,{record},income_limit_pct_fpl,The memo was misread.\n"
    )


def test_as_released_is_well(released):
    assert version.problems_of(reading.load(released))[0] == []


def test_a_change_needs_its_version_and_its_reason(released):
    change_cell(released)
    [said] = version.problems_of(reading.load(released))[0]
    assert "1.0.0 is released already" in said and "1.1.0" in said
    edit_descriptor(released, lambda r, d: d.update(version="1.0.1"))
    said = " ".join(version.problems_of(reading.load(released))[0])
    assert (
        "1.0.1 is too low for a minor change" in said
        and "without a reason" in said
        and "il-hbia-adult-42-54-2022" in said
    )
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    say_why(released)
    assert version.problems_of(reading.load(released))[0] == []
    say_why(released, "ca-medi-cal-child-2016")
    said = " ".join(version.problems_of(reading.load(released))[0])
    assert "without a reason" in said and "did not change" in said


def test_prepare_writes_history_and_history_gives_the_release_back(released):
    before = reading.load(released)
    change_cell(released)
    rewrite(released / "data/claims.csv", lambda rows: rows.pop(1))
    gone = before.tables["claims"].rows[0]["claim"]
    rewrite(
        released / "data/citations.csv",
        lambda rows: rows.__setitem__(slice(None), [r for r in rows if r[2] != gone]),
    )
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    with open(released / "releases" / "reasons.csv", "w") as file:
        file.write(
            "table,record,field,reason\ncoverage,il-hbia-adult-42-54-2022,income_limit_pct_fpl,The"
            " memo was misread.\n"
        )
        file.write(f"claims,{gone},*,Said twice.\n")
        for c in before.rows("citations"):
            if c["record"] == gone:
                file.write(f"citations,{c['citation']},*,Its claim is gone.\n")
    from benefits.release import release

    release.prepare(released, "2026-12-01", "2026-12-01")
    after = reading.load(released)
    assert after.rows("releases")[-1] == {
        "version": "1.1.0",
        "date": "2026-12-01",
        "level": "minor",
    }
    [cell] = [c for c in after.rows("changes") if c["field"] == "income_limit_pct_fpl"]
    assert (cell["old"], cell["new"], cell["reason"]) == ("138", "140", "The memo was misread.")
    assert given_back(after, before) and package_faults(after) == []


@pytest.mark.parametrize(
    "why, rule",
    [
        ("Ask a.b@example.org.", "personal-data"),
        ("N/A", "null-word"),
        ("Cafe\u0301 said so.", "normal-form"),
    ],
)
def test_prepare_writes_nothing_that_validate_would_refuse(released, why, rule):
    """A reason is no part of the package until it is prepared: what validate says of it then
    is said before anything is written."""
    from benefits.release import release

    change_cell(released)
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    (released / "releases" / "reasons.csv").write_text(
        f"table,record,field,reason\ncoverage,il-hbia-adult-42-54-2022,income_limit_pct_fpl,{why}\n",
        encoding="utf-8",
    )
    before = {p: p.read_bytes() for p in released.rglob("*") if p.is_file()}
    with pytest.raises(release.Refused, match="nothing was written") as refused:
        release.prepare(released, "2026-12-01", "2026-12-01")
    assert f"(rule: {rule})" in str(refused.value)
    assert {p: p.read_bytes() for p in released.rglob("*") if p.is_file()} == before


def given_back(after, before) -> bool:
    """Whether the changes of `after` lead back to exactly the rows of the package `before`."""
    for name, table in before.tables.items():
        if name in package.WRITTEN_BY_THE_RELEASE:
            continue
        rows = {after.tables[name].key_of(r): r for r in after.rows(name)}
        types = {f["name"]: f["type"] for f in table.fields}
        states = history.releases_of(
            rows,
            [c for c in after.rows("changes") if c["table"] == name],
            types,
            after.rows("releases"),
        )
        if states[str(before.descriptor["version"])] != {table.key_of(r): r for r in table.rows}:
            return False
    return True


def test_every_release_kept_is_given_back_exactly(package):
    """releases/ holds each release as it was published; today's code opens it, and history
    leads back to it: from the present package once its version is prepared, from the last
    release while work goes on."""
    kept = sorted((ROOT / "releases").glob("*.zip"), key=lambda p: history.order(p.stem))
    assert kept
    with diff.open_package(str(kept[-1])) as last:
        prepared = package.descriptor["version"] in {r["version"] for r in package.rows("releases")}
        for path in kept:
            with diff.open_package(str(path)) as old:
                assert old.faults == [] and str(old.descriptor["version"]) == path.stem
                assert given_back(package if prepared else last, old), path.name


ROWS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries(
        {
            "key": st.just(""),
            "n": st.none() | st.integers(0, 9),
            "text": st.none() | st.sampled_from(["x", "y"]),
        }
    ),
    max_size=5,
)


@given(states=st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_history_of_any_releases_is_exact(states):
    states = [{k: row | {"key": k} for k, row in s.items()} for s in states]
    releases, changes = [], []
    for i, state in enumerate(states):
        name = f"{i}.{i}.{i}"
        releases.append({"version": name, "date": f"2026-01-{i + 1:02}"})
        if i:
            d = diff.Difference("", "")
            old = states[i - 1]
            d.added = [("t", k, r) for k, r in state.items() if k not in old]
            d.removed = [("t", k, r) for k, r in old.items() if k not in state]
            d.changed = [
                ("t", k, f, old[k][f], r[f], False)
                for k, r in state.items()
                if k in old
                for f in r
                if old[k][f] != r[f]
            ]
            changes += history.change_rows(d, name, f"2026-01-{i + 1:02}", {})
    types = {"key": "string", "n": "integer", "text": "string"}
    assert list(history.releases_of(states[-1], changes, types, releases).values()) == states[::-1]
    known = history.known(states[-1], changes, types, releases)
    for release, state in zip(releases, states):
        on = {
            r["key"]: {k: v for k, v in r.items() if not k.startswith("known_")}
            for r in known
            if r["known_from"] <= release["date"] < r["known_to"]
        }
        assert on == state


def test_copy(tmp_path):
    assert between(copy_package(tmp_path / "p"), ROOT).level == "none"


def patched(raw, at, value):
    return raw[:at] + value + raw[at + len(value) :]


def every_entry(raw, local, central, value):
    """The zip with `value` at this offset of each local and central header."""
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = raw.find(signature)
        while at >= 0:
            raw = patched(raw, at + offset, value)
            at = raw.find(signature, at + 4)
    return raw


def made_zip(names, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as z:
        warnings.simplefilter("ignore")  # a name given twice
        for name, text in names:
            z.writestr(name, text)
    return out.getvalue()


KEPT = (ROOT / "releases" / "0.9.0.zip").read_bytes()
DAMAGED = {
    "no zip": (b"hello", "is no zip"),
    "empty": (b"", "is no zip"),
    "cut": (KEPT[: len(KEPT) // 2], "is no zip"),
    "encrypted": (every_entry(KEPT, 6, 8, b"\x01"), "encrypted"),
    "unknown method": (every_entry(KEPT, 8, 10, b"\x63"), "method 99"),
    "bomb": (
        made_zip([("datapackage.json", "0" * 50_000_000)], zipfile.ZIP_DEFLATED),
        "would unpack to 50,000,000",
    ),
    "leads out": (made_zip([("datapackage.json", "{}"), ("../x", "x")]), "leads out"),
    "absolute": (made_zip([("datapackage.json", "{}"), ("/x", "x")]), "leads out"),
    "twice": (made_zip([("datapackage.json", "{}"), ("datapackage.json", "{}")]), "twice"),
    "file and folder": (
        made_zip([("datapackage.json", "{}"), ("data", "x"), ("data/a.csv", "x")]),
        "holds 'data' as a file and as a folder",
    ),
    "a dot": (made_zip([("datapackage.json", "{}"), (".", "x")]), "no plain name"),
    "an empty part": (
        made_zip([("datapackage.json", "{}"), ("data//a.csv", "x")]),
        "no plain name",
    ),
    "long name": (made_zip([("datapackage.json", "{}"), ("a" * 256, "x")]), "no plain name"),
    "deep": (made_zip([("datapackage.json", "{}"), ("a/" * 3_000 + "a", "x")]), "no plain name"),
    "descriptor is a folder": (made_zip([("datapackage.json/", "")]), "no datapackage.json"),
    "no descriptor": (made_zip([("data/a.csv", "x")]), "no datapackage.json"),
    "descriptor is a list": (made_zip([("datapackage.json", "[]")]), "no readable package"),
}


def test_a_full_disk_is_not_told_as_a_damaged_zip(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "whole.zip"
    path.write_bytes(made_zip([("datapackage.json", "{}")]))
    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    with pytest.raises(OSError, match="No space left"):
        diff.unpack(path, tmp_path / "out", "whole.zip")


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_archive_is_named_in_a_sentence(what, tmp_path):
    raw, said = DAMAGED[what]
    path = tmp_path / "1.0.0.zip"
    path.write_bytes(raw)
    with pytest.raises(diff.NoPackage, match="1.0.0.zip") as refused, diff.open_package(str(path)):
        pass
    assert said in str(refused.value)


def test_verbs_on_a_damaged_archive_end_without_a_traceback(broken):
    (broken / "releases").mkdir()
    (broken / "releases" / "1.0.0.zip").write_bytes(DAMAGED["encrypted"][0])
    for done in (run("diff", broken / "releases" / "1.0.0.zip"), run("version", "--root", broken)):
        assert (
            done.returncode == 1 and "encrypted" in done.stderr and "Traceback" not in done.stderr
        )


def test_a_flipped_byte_anywhere_is_unpacked_or_refused(tmp_path):
    small = made_zip(
        [("datapackage.json", "{}" * 40), ("data/a.csv", "a\n" * 99)], zipfile.ZIP_DEFLATED
    )
    path, refused = tmp_path / "small.zip", 0
    for at in range(len(small)):
        path.write_bytes(patched(small, at, bytes([small[at] ^ 0xFF])))
        try:
            diff.unpack(path, tmp_path / "out" / str(at), "small.zip")
        except diff.NoPackage:
            refused += 1
    assert refused > len(small) / 2


HISTORY = {
    ("survey_answers", ""): "changes",
    ("", ""): "changes",
    ("coverage", "il-hbia-adult-42-54-2022"): "Unchanged since 0.9.0.",
    ("", "il-hbia-adult-42-54-2022"): "Unchanged since 0.9.0.",
    (
        "citations",
        "il-hbia-administered-by-il-hfs-halts-new-enrollees-health-benefits",
    ): "Unchanged since 0.9.0.",
    ("releases", "0.9.0"): "Unchanged since 0.9.0.",
    ("releases", ""): "Unchanged since 0.9.0.",
    ("coverage", "nobody"): "There is no such record in coverage.",
    ("roles", "il-hbia-adult-42-54-2022"): "There is no such record in roles.",
    ("", "nobody"): "There is no such record in any table.",
    ("nothing", ""): "There is no table nothing.",
    ("nothing", "nobody"): "There is no such record in nothing.",
}


@pytest.mark.parametrize("table, record", HISTORY)
def test_history_of_tells_what_changed_from_what_did_not_and_what_is_not_there(
    table, record, ask, package
):
    rows, wanted = ask("history_of", table=table, record=record), HISTORY[table, record]
    released = {r["version"] for r in package.rows("releases")}
    said = ("Unchanged", "There is no", "Nothing has been")
    if wanted == "changes" or any(
        c["record"] == record and c["table"] in ("", table) for c in package.rows("changes")
    ):
        assert rows and not [r for r in rows if str(r["reason"]).startswith(said)]
        return
    if wanted.startswith("Unchanged") and package.descriptor["version"] not in released:
        wanted += f" Version {package.descriptor['version']} is not released yet."
    assert [r["reason"] for r in rows] == [wanted] and rows[0]["version"] == (
        "0.9.0" if wanted.startswith("Unchanged") else None
    )
