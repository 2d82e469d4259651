"""The panel: the rows of the answer `panel`, which releases have as CSV and Parquet.

It is derived from the tables and so not in the data package.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import yaml

from benefits.answers import read_answer
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri

TITLE = "Panel: the answer in each month, for each jurisdiction and population"
KEY = ["jurisdiction", "population", "month"]
FILES = {"csv": "panel.csv", "parquet": "parquet/panel.parquet"}
# The columns of the answer, in its order, with their types.
COLUMNS = {
    "month": "date",
    "jurisdiction": "string",
    "jurisdiction_name": "string",
    "fips": "string",
    "population": "string",
    "age": "integer",
    "status": "string",
    "age_min": "integer",
    "age_max": "integer",
    "bands": "string",
    "income_limit_pct_fpl": "integer",
    "income_limit_lowest_pct_fpl": "integer",
    "benefit_scope": "string",
    "area": "string",
    "enrollment": "string",
    "takes_new_people": "integer",
    "covers_people": "integer",
    "program_names": "string",
    "standing": "string",
    "uncertain": "string",
    "complete": "integer",
    "changed_in_month": "integer",
    "last_checked": "date",
    "source_urls": "string",
    "records": "string",
    "data_through": "date",
    "dataset_version": "string",
}

# What columns mean that mean something else in other answers or tables.
DESCRIPTIONS = {
    "jurisdiction": "USPS two-letter code.",
    "fips": "Two-digit FIPS code. Text: the leading zero counts.",
    "population": "Key of the group.",
    "age_min": "Lowest age with a program of any kind, in whole years.",
    "age_max": "Highest age with a program of any kind, in whole years.",
    "income_limit_pct_fpl": (
        "Highest income limit of the programs in the answer, in percent of the federal poverty "
        "guidelines. Empty means no limit, none established, or no program."
    ),
    "benefit_scope": (
        "How much care the programs in the answer pay for: full, reduced, partial or "
        "premium_subsidy; mixed where they differ."
    ),
    "standing": "How firmly the answer is known: established, reported, disputed, or empty.",
}


@contextlib.contextmanager
def reading_panel(database: Path) -> Iterator[sqlite3.Cursor]:
    """Open the rows of the whole panel."""
    answer = read_answer(ROOT / "sql" / "queries" / "panel.sql")
    with contextlib.closing(sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)) as db:
        yield db.execute(answer.sql, dict.fromkeys(answer.parameters, ""))


def describe_columns() -> dict[str, str]:
    """Return what each column means: as above, or as metadata.yml says of columns of answers."""
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))
    described = metadata["plugins"]["columns"] | DESCRIPTIONS
    return {column: described[column] for column in COLUMNS}
