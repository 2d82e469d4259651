"""Write the tables as CSV, JSON, JSON Lines, Parquet and XLSX, and the panel as CSV and Parquet.

Every format holds the same cells: text as text (FIPS `06` stays `06`), whole numbers as numbers,
dates as dates where the format has them, an empty cell as the format's own null. The same
database gives the same bytes.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from benefits.errors import BenefitsError
from benefits.export import panel
from benefits.files import write_csv
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri

FORMATS = ("csv", "json", "jsonl", "parquet", "xlsx")
ROW_GROUP = 131_072  # rows of a Parquet file that are in memory at a time
XLSX_ROWS = 1_048_575  # under the header; spreadsheets drop the rest silently

# The date of creation in a workbook: a fixed one, so that the same data gives the same bytes.
XLSX_CREATED = datetime(2026, 1, 1)

# What the answers read besides the package's tables and the tables of earlier states (NAME_known),
# and which of their columns are dates.
FOR_ANSWERS = (
    "dataset",
    "records",
    "record_citations",
    "survey_agreement_all",
    "coverage_doubt_fields",
    "coverage_doubts",
    "status_spans",
    "dated_changes",
)
BUILT_DATES = (
    "data_through",
    "complete_from",
    "known_from",
    "known_to",
    "starts_by",
    "as_of",
    "valid_from",
    "valid_to",
    "last_checked",
    "date",
)


@dataclass
class Export:
    """One table: its columns, their types (string, integer, date), and a function that reads it.

    Its rows are in the order of the primary key.
    """

    name: str
    title: str
    columns: list[str]
    types: list[str]
    rows: Callable[[], sqlite3.Cursor]


class TooLarge(BenefitsError):
    """A format cannot hold a table."""


def tables(database: Path) -> Iterator[Export]:
    """Yield the tables of the package from its database."""
    with contextlib.closing(sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)) as db:
        for name, title in db.execute(
            'SELECT "table", title FROM dataset_tables ORDER BY position'
        ).fetchall():
            fields = db.execute(
                'SELECT field, type FROM dataset_fields WHERE "table" = ? ORDER BY position', [name]
            ).fetchall()
            keys = [
                r[0]
                for r in db.execute(
                    f"SELECT name FROM pragma_table_info('{name}') WHERE pk ORDER BY pk"
                )
            ]
            columns = ", ".join(f'"{f}"' for f, _ in fields)
            order = ", ".join(f'"{k}"' for k in keys)
            select = f'SELECT {columns} FROM "{name}" ORDER BY {order}'
            yield Export(
                name,
                title,
                [f for f, _ in fields],
                [t for _, t in fields],
                partial(db.execute, select),
            )


def answer_tables(database: Path) -> Iterator[Export]:
    """Yield the tables that the answers read and the package does not have."""
    with contextlib.closing(sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)) as db:
        typed = {
            (t, f): kind
            for t, f, kind in db.execute('SELECT "table", field, type FROM dataset_fields')
        }
        known = db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_known'"
            " ESCAPE '\\' ORDER BY name"
        ).fetchall()
        for name in (*FOR_ANSWERS, *(name for (name,) in known)):
            kinds = dict(db.execute("SELECT name, type FROM pragma_table_info(?)", [name]))
            table = name.removesuffix("_known")
            types = [typed.get((table, c)) or built_type(c, kinds[c]) for c in kinds]
            read = partial(db.execute, f'SELECT * FROM "{name}" ORDER BY rowid')
            yield Export(name, name, list(kinds), types, read)


def built_type(column: str, kind: str) -> str:
    """Return the type of a column that the package does not have; `kind` is SQLite's."""
    if column in BUILT_DATES:
        return "date"
    return "integer" if kind == "INTEGER" else "string"


def to_csv(table: Export, file: BinaryIO) -> None:
    """Write CSV as in data/: UTF-8, LF, quotes only where CSV needs them, empty for null."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    write_csv(text, table.columns, table.rows())
    text.detach()


def to_json(table: Export, file: BinaryIO) -> None:
    """Write a list of objects, one on each line."""
    before = b"[\n"
    for line in objects(table):
        file.write(before + line)
        before = b",\n"
    file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def to_json_lines(table: Export, file: BinaryIO) -> None:
    """Write an object on each line."""
    file.writelines(line + b"\n" for line in objects(table))


def objects(table: Export) -> Iterator[bytes]:
    """Return each row as a JSON object."""
    return (
        json.dumps(dict(zip(table.columns, row)), ensure_ascii=False).encode()
        for row in table.rows()
    )


def to_parquet(table: Export, file: BinaryIO) -> None:
    """Write Parquet with typed columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "integer": pa.int64(), "date": pa.date32()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in zip(table.columns, table.types)])
    rows = table.rows()
    with pq.ParquetWriter(file, schema, compression="zstd") as out:
        while some := rows.fetchmany(ROW_GROUP):
            columns = [
                (
                    [date.fromisoformat(v) if v is not None else None for v in column]
                    if kind == "date"
                    else column
                )
                for column, kind in zip(zip(*some), table.types)
            ]
            out.write_table(
                pa.table(
                    [pa.array(column, type=kind) for column, kind in zip(columns, schema.types)],
                    schema=schema,
                )
            )


def to_xlsx(exports: Iterable[Export], about: dict, codebook: list[dict]) -> bytes:
    """Return one workbook: what it is, the codebook, and a sheet for each table.

    Text never becomes a formula, a link or a number. Raises TooLarge.
    """
    import xlsxwriter

    out = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(out, {"in_memory": True, **plain})
    properties = {"title": about["title"], "comments": about["description"]}
    book.set_properties(properties | {"created": XLSX_CREATED})
    head = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("About")
    for i, (name, value) in enumerate(about.items()):
        sheet.write_string(i, 0, name, head)
        sheet.write_string(i, 1, str(value))
    sheet = book.add_worksheet("Codebook")
    write_header(sheet, codebook[0], head)
    for r, row in enumerate(codebook, 1):
        for i, value in enumerate(row.values()):
            sheet.write_string(r, i, str(value))
    for table in exports:
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 1)
        write_header(sheet, table.columns, head)
        for r, row in enumerate(table.rows(), 1):
            if r > XLSX_ROWS:
                raise TooLarge(
                    f"a sheet of a workbook holds {XLSX_ROWS:,} rows and their header, and "
                    f"{table.name} has more: leave XLSX out, with --only csv json jsonl parquet"
                )
            write_cells(sheet, r, row, table.types, day)
    book.close()
    return out.getvalue()


def write_header(sheet, names: Iterable[str], form) -> None:
    """Write the names of the columns in a format."""
    for i, name in enumerate(names):
        sheet.write_string(0, i, name, form)


def write_cells(sheet, r: int, row: tuple, types: list[str], day) -> None:
    """Write a row. Spreadsheets count days before March 1900 wrongly, so these are text."""
    for i, (value, kind) in enumerate(zip(row, types, strict=True)):
        if value is None:
            continue
        if kind == "integer":
            sheet.write_number(r, i, value)
        elif kind == "date" and value >= "1900-03-01":
            sheet.write_datetime(r, i, datetime.fromisoformat(value), day)
        else:
            sheet.write_string(r, i, value)


def read_description(database: Path) -> tuple[dict, list[dict]]:
    """Return the row that describes the dataset, and the rows of its codebook."""
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    db.row_factory = sqlite3.Row
    try:
        about = dict(db.execute("SELECT * FROM dataset").fetchone())
        rows = [
            dict(r)
            for r in db.execute(
                'SELECT f."table", f.field, f.type, f.title, f.description, f.example FROM'
                ' dataset_fields f JOIN dataset_tables t USING ("table") ORDER BY t.position,'
                " f.position"
            )
        ]
        return about, rows
    finally:
        db.close()


def write_panel(database: Path, out: Path, writers: dict[str, Callable]) -> None:
    """Write the panel in the formats that it has."""
    types = list(panel.COLUMNS.values())
    for form in writers.keys() & panel.FILES.keys():
        with panel.reading_panel(database) as rows, open(out / panel.FILES[form], "wb") as file:
            columns = [column for column, *_ in rows.description]
            writers[form](Export("panel", panel.TITLE, columns, types, lambda: rows), file)


def export(database: Path, out: Path, only: Iterable[str] = FORMATS) -> None:
    """Write some formats (default: all) under `out`. Raises TooLarge."""
    writers = {
        form: write
        for form, write in (
            ("csv", to_csv),
            ("json", to_json),
            ("jsonl", to_json_lines),
            ("parquet", to_parquet),
        )
        if form in only
    }
    for form in writers:
        (out / form).mkdir(parents=True, exist_ok=True)
    for table in tables(database):
        for form, write in writers.items():
            with open(out / form / f"{table.name}.{form}", "wb") as file:
                write(table, file)
    write_panel(database, out, writers)
    if "parquet" in only:
        (out / "parquet" / "answers").mkdir(exist_ok=True)
        for table in answer_tables(database):
            with open(out / "parquet" / "answers" / f"{table.name}.parquet", "wb") as file:
                to_parquet(table, file)
        for part in ("queries", "views"):
            shutil.copytree(ROOT / "sql" / part, out / "sql" / part, dirs_exist_ok=True)
    if "xlsx" in only:
        (out / "benefits.xlsx").write_bytes(to_xlsx(tables(database), *read_description(database)))
