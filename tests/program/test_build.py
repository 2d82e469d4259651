"""The database: what the schema promises, byte for byte the same, and never half-written."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from benefits import reading
from benefits.package import ROOT
from support import copy_package, run


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(root, **env):
    checked = run("validate", "--root", root, env=env)
    built = run("build", "--root", root, env=env)
    return checked, built, root / "build" / "benefits.db"


@pytest.mark.slow
def test_same_bytes_everywhere(tmp_path):
    """Twice, in another folder, time zone, locale, umask and hash seed."""
    first = make(copy_package(tmp_path / "one"), TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")[2]
    umask = os.umask(0o077)
    try:
        second = make(
            copy_package(tmp_path / "another" / "folder"),
            TZ="Pacific/Auckland",
            LC_ALL="tr_TR.UTF-8",
            PYTHONHASHSEED="2",
        )[2]
    finally:
        os.umask(umask)
    assert digest(first) == digest(second)
    run("build", "--root", tmp_path / "one")
    assert digest(first) == digest(second)


def test_tables_are_what_the_schema_says(db, package):
    for name, table in package.tables.items():
        columns = {r["name"]: r for r in db.execute(f"PRAGMA table_info([{name}])")}
        assert list(columns) == table.columns
        for f in table.fields:
            assert columns[f["name"]]["type"] == {"integer": "INTEGER"}.get(f["type"], "TEXT")
            if f.get("constraints", {}).get("required"):
                assert columns[f["name"]]["notnull"] == 1
        assert [c for c in table.columns if columns[c]["pk"]] == table.primary_key
        keys = {
            (r["from"], r["table"], r["to"])
            for r in db.execute(f"PRAGMA foreign_key_list([{name}])")
        }
        assert keys == {
            (k["fields"][0], k["reference"]["resource"], k["reference"]["fields"][0])
            for k in table.resource["schema"].get("foreignKeys", [])
        }
        assert db.execute(f"SELECT COUNT(*) FROM [{name}]").fetchone()[0] == len(table.rows)
        assert (
            "STRICT"
            in db.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()[0]
        )
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_cells_survive(db, package):
    assert (
        db.execute("SELECT fips FROM jurisdictions WHERE jurisdiction = 'CA'").fetchone()[0] == "06"
    )
    for name, table in package.tables.items():
        order = ", ".join(f"[{k}]" for k in table.primary_key)
        assert [dict(r) for r in db.execute(f"SELECT * FROM [{name}] ORDER BY {order}")] == sorted(
            table.rows, key=lambda r: tuple(r[k] for k in table.primary_key)
        )


@pytest.mark.parametrize(
    "table, words, key",
    [
        ("programs", "HBIA", "il-hbia"),
        ("programs", "healthier oregon", "or-healthier-oregon"),
        ("jurisdictions", "columbia", "DC"),
        ("events", "injunction", "hhs-order-2025-08"),
        ("data_elements", "medicaid", "medicaid_id"),
        ("coverage", "dental", "ca-medi-cal-adult-26-49-2026-07"),
    ],
)
def test_full_text_search(db, package, table, words, key):
    pk = package.tables[table].primary_key[0]
    found = [
        r[0]
        for r in db.execute(
            f"SELECT t.[{pk}] FROM [{table}] t JOIN [{table}_fts] f ON f.rowid = t.rowid WHERE"
            f" [{table}_fts] MATCH ?",
            [words],
        )
    ]
    assert key in found


@pytest.mark.slow
def test_a_failed_validation_builds_nothing(broken):
    path = broken / "data" / "coverage.csv"
    path.write_text(path.read_text().replace(",open,", ",ajar,", 1))
    checked, built, database = make(broken)
    assert checked.returncode == 1 and built.returncode == 1
    assert "has not been validated" in built.stderr and "Traceback" not in built.stderr
    assert not database.exists()


@pytest.mark.slow
def test_data_edited_after_validation_is_not_built(broken):
    database = make(broken)[2]
    before = digest(database)
    path = broken / "data" / "programs.csv"
    path.write_text(path.read_text().replace("Illinois", "Illinoise", 1))
    built = run("build", "--root", broken)
    assert (
        built.returncode == 1 and "data/programs.csv changed since it was validated" in built.stderr
    )
    assert digest(database) == before


@pytest.mark.slow
def test_a_broken_foreign_key_stops_the_build(broken):
    """Even if validation were fooled: the stamp is forged, and the database refuses."""
    path = broken / "data" / "coverage.csv"
    path.write_text(path.read_text().replace(",il-hbia,", ",il-gone,", 1))

    (broken / "build").mkdir()
    (broken / "build" / "validated.json").write_text(json.dumps(reading.load(broken).digests()))
    built = run("build", "--root", broken)
    assert (
        built.returncode == 1
        and "1 foreign keys point nowhere" in built.stderr
        and "Traceback" not in built.stderr
    )
    assert os.listdir(broken / "build") == ["validated.json"]


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.15, 0.25, 0.35, 0.45, 0.6])
def test_a_killed_build_leaves_the_old_database(broken, delay):
    database = make(broken)[2]
    before = digest(database)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "build.py"), "--root", str(broken)],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (
        digest(database) == before
    )  # the same input gives the same bytes, whether the kill came too late or not
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.slow
def test_a_folder_that_cannot_be_written(broken):
    run("validate", "--root", broken)
    for left in (broken / "build").iterdir():
        left.rename(broken / left.name)
    (broken / "build").rmdir()
    (broken / "build").write_text("a file where the folder should be")
    built = run("build", "--root", broken)
    assert (
        built.returncode == 1
        and built.stderr.startswith("error: ")
        and "Traceback" not in built.stderr
    )


def test_the_file_describes_itself(db, package):
    [d] = db.execute("SELECT * FROM dataset").fetchall()
    assert (d["version"], d["data_through"]) == (
        package.descriptor["version"],
        package.descriptor["data_through"],
    )
    assert db.execute("SELECT COUNT(*) FROM dataset_fields").fetchone()[0] == sum(
        len(t.fields) for t in package.tables.values()
    )
    assert db.execute(
        "SELECT label FROM dataset_codes WHERE field = 'enrollment' AND code = 'closed_to_new'"
    ).fetchone()[0]
