"""Versions and the history of releases."""

from __future__ import annotations

import json

import pytest
from archives import between
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits import diff, history, package, reading, version
from benefits.package import ROOT, Version
from benefits.release.archive import write_zip
from benefits.release.prepare import prepare
from benefits.release.source import Refused
from benefits.validation.check import package_faults
from support import copy_package, find, rewrite


def edit_descriptor(root, change):
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    change({r["name"]: r for r in descriptor["resources"]}, descriptor)
    path.write_text(json.dumps(descriptor), encoding="utf-8")


@pytest.fixture
def released(broken):
    """A package whose state is released as 1.0.0, ready to be changed."""
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
    write_zip(broken / "releases" / "1.0.0.zip", files, 1_764_000_000)
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
    assert version.version_problems(reading.load(released))[0] == []


@pytest.mark.slow
def test_a_change_needs_its_version_and_its_reason(released):
    change_cell(released)
    [said] = version.version_problems(reading.load(released))[0]
    assert "1.0.0 is released already" in said and "1.1.0" in said
    edit_descriptor(released, lambda r, d: d.update(version="1.0.1"))
    said = " ".join(version.version_problems(reading.load(released))[0])
    assert (
        "1.0.1 is too low for a minor change" in said
        and "without a reason" in said
        and "il-hbia-adult-42-54-2022" in said
    )
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    say_why(released)
    assert version.version_problems(reading.load(released))[0] == []
    say_why(released, "ca-medi-cal-child-2016")
    said = " ".join(version.version_problems(reading.load(released))[0])
    assert "without a reason" in said and "did not change" in said


@pytest.mark.slow
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
    prepare(released, "2026-12-01", "2026-12-01")
    after = reading.load(released)
    assert after.rows("releases")[-1] == {
        "version": "1.1.0",
        "date": "2026-12-01",
        "level": "minor",
    }
    [cell] = [c for c in after.rows("changes") if c["field"] == "income_limit_pct_fpl"]
    assert (cell["old"], cell["new"], cell["reason"]) == ("138", "140", "The memo was misread.")
    assert given_back(after, before) and package_faults(after) == []


@pytest.mark.slow
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
    change_cell(released)
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    (released / "releases" / "reasons.csv").write_text(
        "table,record,field,reason\n"
        f"coverage,il-hbia-adult-42-54-2022,income_limit_pct_fpl,{why}\n",
        encoding="utf-8",
    )
    before = {p: p.read_bytes() for p in released.rglob("*") if p.is_file()}
    with pytest.raises(Refused, match="nothing was written") as refused:
        prepare(released, "2026-12-01", "2026-12-01")
    assert f"(rule: {rule})" in str(refused.value)
    assert {p: p.read_bytes() for p in released.rglob("*") if p.is_file()} == before


def given_back(after, before) -> bool:
    """Whether the changes of `after` lead back to exactly the rows of the package `before`."""
    for name, table in before.tables.items():
        if name in package.WRITTEN_BY_THE_RELEASE:
            continue
        rows = {after.tables[name].key_of(r): r for r in after.rows(name)}
        types = {f["name"]: f["type"] for f in table.fields}
        states = history.states_by_release(
            rows,
            [c for c in after.rows("changes") if c["table"] == name],
            types,
            after.rows("releases"),
        )
        if states[str(before.descriptor["version"])] != {table.key_of(r): r for r in table.rows}:
            return False
    return True


@pytest.mark.slow
def test_every_release_kept_is_given_back_exactly(package):
    """releases/ holds each release as it was published; today's code opens it, and history
    leads back to it: from the present package once its version is prepared, from the last
    release while work goes on."""
    kept = sorted((ROOT / "releases").glob("*.zip"), key=lambda p: Version.parse(p.stem))
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


@pytest.mark.slow
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
    assert (
        list(history.states_by_release(states[-1], changes, types, releases).values())
        == states[::-1]
    )
    known = history.known_states(states[-1], changes, types, releases)
    for release, state in zip(releases, states):
        on = {
            r["key"]: {k: v for k, v in r.items() if not k.startswith("known_")}
            for r in known
            if r["known_from"] <= release["date"] < r["known_to"]
        }
        assert on == state


def test_copy(tmp_path):
    assert between(copy_package(tmp_path / "p"), ROOT).level == "none"


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


def reasons(root, *lines):
    text = "\n".join(["table,record,field,reason", *lines]) + "\n"
    (root / "releases" / "reasons.csv").write_text(text, encoding="utf-8")


def set_cells(root, name, column, values):
    """Write values into a column, by the key of the row."""
    table = reading.load(root).tables[name]
    at = table.columns.index(column)

    def change(rows):
        for row in rows[1:]:
            row[at] = values.get(row[0], row[at])

    rewrite(root / table.path, change)


@pytest.mark.slow
def test_a_changed_word_needs_a_reason_and_a_first_one_needs_none(released):
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    package = reading.load(released)
    empty = next(s["source"] for s in package.rows("sources") if s["note"] is None)
    filled = next(s["source"] for s in package.rows("sources") if s["note"] is not None)
    set_cells(released, "sources", "note", {empty: "A note.", filled: "Another note."})
    [said] = version.version_problems(reading.load(released))[0]
    assert said.startswith(f"data/sources.csv [{filled}] note: changed since 1.0.0 without")
    set_cells(released, "sources", "note", {filled: ""})
    [said] = version.version_problems(reading.load(released))[0]
    assert said.startswith(f"data/sources.csv [{filled}] note: changed since 1.0.0 without")
    reasons(released, f"sources,{filled},*,The note was wrong.")
    assert version.version_problems(reading.load(released))[0] == []


@pytest.mark.slow
def test_prepare_lists_every_cell_without_a_reason(released):
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    change_cell(released)
    set_cells(released, "programs", "summary", {"il-hbia": "Other words.", "il-hbis": "And here."})
    with pytest.raises(Refused) as refused:
        prepare(released, "2026-12-01", "2026-12-01")
    assert str(refused.value).count("without a reason") == 3


@pytest.mark.slow
def test_one_reason_for_a_column_of_the_evidence_and_of_nothing_else(released):
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0"))
    keys = [c["citation"] for c in reading.load(released).rows("citations")[:3]]
    set_cells(released, "citations", "locator", dict.fromkeys(keys, "Page 1"))
    reasons(released, "citations,*,locator,The places are given more exactly.")
    problems, change = version.version_problems(reading.load(released))
    assert problems == []
    rows = history.change_rows(change, "1.1.0", "2026-12-01", version.read_reasons(released)[0])
    assert {c["reason"] for c in rows} == {"The places are given more exactly."}
    change_cell(released)
    reasons(released, "citations,*,locator,More exactly.", "coverage,*,income_limit_pct_fpl,No.")
    said = " ".join(version.version_problems(reading.load(released))[0])
    assert "income_limit_pct_fpl: changed since 1.0.0 without a reason" in said
    assert "coverage/*/income_limit_pct_fpl did not change" in said


@pytest.mark.slow
def test_days_that_move_back_or_without_their_source_are_named(released):
    package = reading.load(released)
    opened = {s["source"]: s["retrieved"] for s in package.rows("sources")}
    moved = next(
        c
        for c in package.rows("citations")
        if "2000" < c["checked_on"] < package.descriptor["data_through"]
    )
    later = package.descriptor["data_through"]
    set_cells(released, "citations", "checked_on", {moved["citation"]: later})
    edit_descriptor(released, lambda r, d: d.update(version="1.1.0", data_through="2026-01-01"))
    reasons(released, "citations,*,checked_on,Looked at again.")
    through, look = version.version_problems(reading.load(released))[0]
    assert "data_through 2026-01-01 is before" in through
    assert look.startswith(f"data/citations.csv [{moved['citation']}] checked_on: moved from")
    assert f"is {opened[moved['source']]} as before" in look
