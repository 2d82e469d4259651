"""Damaged releases: whatever the bytes, `verify` and `diff` end with a sentence. The checksums
are written again each time, so that the files themselves are read."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3

import pandas as pd
import pytest

from benefits import diff, reading, verify
from benefits.export import formats as export
from benefits.export import panel
from benefits.package import ROOT
from benefits.release import archive
from scripts import verify as verify_verb
from support import run

FORMATS = {
    "csv": "csv/coverage.csv",
    "json": "json/coverage.json",
    "jsonl": "jsonl/coverage.jsonl",
    "parquet": "parquet/coverage.parquet",
    "sqlite": "benefits.db",
    "xlsx": "benefits.xlsx",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, database, package):
    """A folder with what `verify` reads of a release."""
    folder = tmp_path_factory.mktemp("made") / "9.9.9"
    folder.mkdir()
    shutil.copyfile(database, folder / "benefits.db")
    export.export(folder / "benefits.db", folder)
    archive.write_package(
        package, {"version": "9.9.9", "date": "2026-12-01"}, folder, 1_764_000_000
    )
    write_sums(folder)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / whole.name, copy_function=os.link)


@pytest.fixture
def one_table(monkeypatch, copy):
    """A copy of which `verify` reads one table in every format, which takes a tenth of the time."""
    cells = {"coverage": verify.package_cells(copy)["coverage"]}
    monkeypatch.setattr(verify, "package_cells", lambda folder: cells)
    shutil.rmtree(copy / "parquet" / "answers")
    (copy / "sql" / "queries" / "panel.sql").unlink()
    return copy


def write_sums(folder):
    (folder / verify.SUMS).unlink(missing_ok=True)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    (folder / verify.SUMS).write_text(
        "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    )


def put(path, raw):
    path.unlink()  # a link to the whole one
    path.write_bytes(raw)


@pytest.mark.slow
def test_a_whole_release_has_no_problem(whole):
    done = run("verify", whole)
    assert done.returncode == 0, done.stdout + done.stderr


DAMAGES = {
    "empty": lambda raw, r: b"",
    "cut in half": lambda raw, r: raw[: len(raw) // 2],
    "without its first bytes": lambda raw, r: raw[10:],
    "another file": lambda raw, r: b"hello\n",
    "zeros": lambda raw, r: bytes(len(raw)),
    "noise": lambda raw, r: r.randbytes(5_000),
    "noise in the middle": lambda raw, r: (
        raw[: len(raw) // 2] + r.randbytes(400) + raw[len(raw) // 2 + 400 :]
    ),
    "no UTF-8": lambda raw, r: raw.replace(b"adult", b"ad\xfflt"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", DAMAGES)
@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_file_is_a_problem_in_a_sentence(form, what, one_table, capsys):
    path = one_table / FORMATS[form]
    raw = path.read_bytes()
    damaged = DAMAGES[what](raw, random.Random(what))
    put(path, damaged)
    write_sums(one_table)
    code = verify_verb.main([str(one_table)])
    said = capsys.readouterr().out
    if damaged == raw:  # a packed format has no such text
        assert code == 0
    elif (
        form not in ("xlsx", "sqlite") or what != "noise in the middle"
    ):  # which may hit another table
        assert code == 1 and [line for line in said.splitlines() if line.startswith(f"{form}: ")], (
            said
        )


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_the_verb_ends_without_a_traceback(form, copy):
    put(copy / FORMATS[form], b"hello\n")
    write_sums(copy)
    done = run("verify", copy)
    assert done.returncode == 1 and done.stdout.startswith(f"{form}: ") and not done.stderr, (
        done.stdout + done.stderr
    )


SHAPES = ["[]", "{}", "[1]", "[[]]", "null", '[{"coverage": "x"}]', "[" * 50_000, '"x"', "NaN"]


@pytest.mark.slow
@pytest.mark.parametrize("text", SHAPES, ids=lambda t: t[:20])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_of_another_shape_is_a_problem(form, text, one_table):
    put(one_table / FORMATS[form], text.encode())
    assert [p for p in verify.cell_problems(one_table) if p.startswith(f"{form}: table coverage")]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_gone_is_a_problem(form, one_table):
    (one_table / FORMATS[form]).unlink()
    assert verify.cell_problems(one_table)[0].startswith(f"{form}: ")


@pytest.mark.slow
def test_flipped_bits_of_every_format_are_no_traceback(one_table):
    """Twelve places in each file: the beginning, the end and random ones; a bit that means
    nothing is no problem."""
    r, seen = random.Random(1), 0
    for name in FORMATS.values():
        path = one_table / name
        raw = path.read_bytes()
        for at in [0, 5, len(raw) - 1, len(raw) - 6, *(r.randrange(len(raw)) for _ in range(8))]:
            put(path, raw[:at] + bytes([raw[at] ^ 1 << r.randrange(8)]) + raw[at + 1 :])
            seen += bool(verify.cell_problems(one_table))
        put(path, raw)
    assert seen > 20


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["gone", "one cell", "cut in half"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_panel_that_is_not_the_answer_is_a_problem(form, damage, copy):
    path = copy / panel.FILES[form]
    raw = path.read_bytes()
    if damage == "one cell":
        rows = pd.read_csv(copy / panel.FILES["csv"], dtype=str, keep_default_na=False)
        rows.loc[7, "status"] = "elsewhere"
        path.unlink()
        rows.to_csv(path, index=False) if form == "csv" else rows.to_parquet(path)
    else:
        put(path, raw[: len(raw) // 2])
        if damage == "gone":
            path.unlink()
    with sqlite3.connect(copy / "benefits.db") as db:
        [problem] = verify.panel_problems(copy, db)
    assert problem.startswith(f"{form}: {panel.FILES[form]} ")


KEPT = (ROOT / "releases" / "1.0.0.zip").read_bytes()


@pytest.mark.slow
def test_a_flipped_byte_of_a_real_release_is_refused_or_read(tmp_path):
    """Every 997th byte: diff ends with a difference or in a sentence, which names the file."""
    path, refused = tmp_path / "1.0.0.zip", 0
    old = reading.load(ROOT)
    for at in range(0, len(KEPT), 997):
        path.write_bytes(KEPT[:at] + bytes([KEPT[at] ^ 0xFF]) + KEPT[at + 1 :])
        try:
            with diff.open_package(str(path)) as package:
                diff.as_text(diff.compare(package, old), package, old)
        except diff.NoPackage as e:
            assert "1.0.0.zip" in str(e)
            refused += 1
    assert refused > 0.9 * len(KEPT) / 997


ODD = {
    "an enum that is a number": (
        lambda d: d["resources"][0]["schema"]["fields"][0]["constraints"].update(enum=5)
    ),
    "an enum of objects": (
        lambda d: d["resources"][0]["schema"]["fields"][0]["constraints"].update(enum=[{}])
    ),
    "foreign keys null": lambda d: d["resources"][0]["schema"].update(foreignKeys=None),
    "no title": lambda d: d.pop("title"),
    "half a character": lambda d: d.update(title="\ud800"),
    "a field twice in the key": (
        lambda d: d["resources"][0]["schema"].update(primaryKey=["jurisdiction", "jurisdiction"])
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", ODD)
def test_diff_of_a_descriptor_of_another_shape_is_a_sentence(what, broken):
    path = broken / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    ODD[what](descriptor)
    path.write_text(json.dumps(descriptor), encoding="utf-8")
    for done in (run("diff", broken), run("diff", ROOT, broken)):
        assert (
            done.returncode == 1
            and done.stderr.startswith("error: ")
            and "Traceback" not in done.stderr
        ), done.stderr
