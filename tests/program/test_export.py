"""Every format holds the same cells, for the readers people use, and the same bytes wherever it
is made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import duckdb
import openpyxl
import pandas as pd
import pytest

from benefits.export import formats as export
from benefits.package import ROOT
from scripts import export as export_verb


@pytest.fixture(scope="session")
def exported(database, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported")
    export.export(database, out)
    return out


def plain(frame):
    return [[None if pd.isna(v) else v for v in row] for row in frame.itertuples(index=False)]


def wanted(package, name, kind=lambda f, v: v):
    table = package.tables[name]
    types = {f["name"]: f["type"] for f in table.fields}
    rows = sorted(table.rows, key=lambda r: tuple(r[k] for k in table.primary_key))
    return [[kind(types[c], r[c]) for c in table.columns] for r in rows]


def test_csv_is_the_data_file(exported, package):
    for table in package.tables.values():
        assert (exported / "csv" / f"{table.name}.csv").read_bytes() == (
            ROOT / table.path
        ).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_pandas_reads_json(exported, package, form):
    for name, table in package.tables.items():
        if table.rows:
            frame = pd.read_json(
                exported / form / f"{name}.{form}",
                lines=form == "jsonl",
                dtype=False,
                convert_dates=False,
                precise_float=True,
            )
            found = [
                [None if pd.isna(v) else int(v) if isinstance(v, float) else v for v in row]
                for row in frame.itertuples(index=False)
            ]
            assert found == wanted(package, name), name


@pytest.mark.slow
def test_pandas_and_duckdb_read_parquet(exported, package):
    for name, table in package.tables.items():
        path = exported / "parquet" / f"{name}.parquet"
        frame = pd.read_parquet(path, dtype_backend="pyarrow")
        text = [
            [None if pd.isna(v) else v.isoformat() if hasattr(v, "isoformat") else v for v in row]
            for row in frame.itertuples(index=False)
        ]
        assert text == wanted(package, name), name
        found = duckdb.sql(f"SELECT * FROM '{path}'")
        assert [str(t) for t in found.types] == [
            {"string": "VARCHAR", "integer": "BIGINT", "date": "DATE"}[f["type"]]
            for f in table.fields
        ]
        assert [
            [v.isoformat() if hasattr(v, "isoformat") else v for v in row]
            for row in found.fetchall()
        ] == wanted(package, name)


@pytest.mark.slow
def test_a_spreadsheet_keeps_text_as_text(exported, package):
    book = openpyxl.load_workbook(exported / "benefits.xlsx")
    assert book.sheetnames[:2] == ["About", "Codebook"] and set(package.tables) <= set(
        book.sheetnames
    )
    sheet = book["jurisdictions"]
    fips = [c.value for c in next(iter(sheet.columns))].index("CA")
    assert "06" in [c.value for c in sheet[fips + 1]]
    assert all(
        c.data_type != "f" for name in package.tables for row in book[name].iter_rows() for c in row
    )


@pytest.mark.slow
def test_same_bytes_everywhere(exported, database, tmp_path):
    env = os.environ | {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [
            sys.executable,
            str(ROOT / "scripts" / "export.py"),
            "--database",
            str(database),
            "--out",
            str(tmp_path),
        ],
        check=True,
        env=env,
        capture_output=True,
    )

    def sums(folder):
        return {
            str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*")
            if p.is_file()
        }

    assert sums(tmp_path) == sums(exported)


@pytest.mark.slow
def test_a_table_that_no_sheet_can_hold_is_told_and_the_other_formats_are_there(
    database, tmp_path, monkeypatch
):
    monkeypatch.setattr(export, "XLSX_ROWS", 50)
    with pytest.raises(export.TooLarge) as refused:
        export_verb.main(["--database", str(database), "--out", str(tmp_path)])
    assert str(refused.value) == (
        "a sheet of a workbook holds 50 rows and their header, and jurisdictions has"
        " more: leave XLSX out, with --only csv json jsonl parquet"
    )
    assert not (tmp_path / "benefits.xlsx").exists() and (tmp_path / "parquet" / "answers").is_dir()


def test_the_panel_is_what_its_answer_gives(exported, ask):
    answer = ask("panel")
    panel = duckdb.sql(f"FROM '{exported / 'parquet' / 'panel.parquet'}'")
    kinds = {"string": "VARCHAR", "integer": "BIGINT", "date": "DATE"}
    assert dict(zip(panel.columns, map(str, panel.types))) == {
        column: kinds[kind] for column, kind in export.panel.COLUMNS.items()
    }
    rows = [
        [v.isoformat() if hasattr(v, "isoformat") else v for v in row] for row in panel.fetchall()
    ]
    assert rows == [list(row.values()) for row in answer]
    frame = pd.read_csv(exported / "panel.csv", dtype=str, keep_default_na=False, na_values="")
    assert list(frame.columns) == list(answer[0])
    assert plain(frame) == [[None if v is None else str(v) for v in row] for row in rows]
    for name, kind in export.panel.COLUMNS.items():
        cells = {type(row[name]) for row in answer} - {type(None)}
        assert cells <= {int if kind == "integer" else str}, name
    assert list(export.panel.describe_columns()) == list(export.panel.COLUMNS)


def test_only_the_formats_asked_for_are_written(database, tmp_path):
    export.export(database, tmp_path, ["jsonl"])
    assert [p.name for p in tmp_path.iterdir()] == ["jsonl"] and len(
        list((tmp_path / "jsonl").iterdir())
    ) == 18
