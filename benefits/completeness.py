"""Report what is complete, what is open and what is due for another look."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from benefits.errors import BenefitsError
from benefits.freshness import due_lines
from benefits.periods import EARLIEST, LATEST, in_force_sql, is_iso_date
from benefits.sqlite import sqlite_uri

STATUSES = f"""
SELECT population, status, COUNT(*) AS places,
       SUM(bands LIKE '%not_established%') AS with_open_ages
FROM status_spans, dataset d
WHERE of_age_min = -1 AND {in_force_sql("d.data_through")}
GROUP BY population, status
ORDER BY population, places DESC, status"""
AGREEMENT = """
SELECT SUM(agreement = 'agree'), SUM(agreement = 'differ'), SUM(agreement = 'not_comparable'),
       SUM(agreement <> 'agree' AND explanation IS NULL)
FROM survey_agreement_all"""


def report(database: Path, at: str | None = None) -> tuple[list[str], bool]:
    """Return the lines of the report, and whether everything that must be complete is.

    `at` is the day on which sources are due (default: the day through which the data
    goes). Raises BenefitsError if it is not a day.
    """
    if at is not None and not (is_iso_date(at) and EARLIEST <= at <= LATEST):
        accepted = f"a day as YYYY-MM-DD, from {EARLIEST} to {LATEST}"
        raise BenefitsError(f"--at is {at!r}, expected {accepted}")
    with contextlib.closing(sqlite3.connect(sqlite_uri(database), uri=True)) as db:
        if at is None:
            (at,) = db.execute("SELECT data_through FROM dataset").fetchone()
        db.row_factory = sqlite3.Row
        citations, cited = citation_lines(db)
        surveys, explained = survey_lines(db)
        lines = [*answer_lines(db), *citations, *surveys, *due_lines(db, at)]
    return lines, cited and explained


def answer_lines(db: sqlite3.Connection) -> list[str]:
    """Return how many answers each population has, and how many are open."""
    (through,) = db.execute("SELECT data_through FROM dataset").fetchone()
    (places,) = db.execute("SELECT COUNT(*) FROM jurisdictions").fetchone()
    lines = [f"On {through}, the day through which the data goes, of {places} jurisdictions:"]
    answers = not_established = 0
    said: dict[str, list[str]] = {}
    for r in db.execute(STATUSES):
        words = r["status"].replace("_", " ")
        said.setdefault(r["population"], []).append(f"{r['places']} {words}")
        answers += r["places"]
        not_established += r["with_open_ages"]
    lines += [f"  {population:<12} {', '.join(words)}" for population, words in said.items()]
    share = f"{not_established} of {answers} answers ({not_established / answers:.0%})"
    return [*lines, f"  not established, for some ages or all: {share}"]


def citation_lines(db: sqlite3.Connection) -> tuple[list[str], bool]:
    """Return how many cells that need a citation have one, and whether all have."""
    lines, complete = ["Citations, cell by cell (cells that need one, with one):"], True
    fields: dict[str, list[str]] = {}
    for table, field in db.execute(
        'SELECT "table", field FROM dataset_fields WHERE cited = 1 ORDER BY "table"'
    ):
        fields.setdefault(table, []).append(field)
    for table, columns in fields.items():
        sql = 'SELECT field FROM dataset_fields WHERE "table" = ? AND position = 1'
        (key,) = db.execute(sql, [table]).fetchone()
        counts = [count_cited(db, table, key, column) for column in columns]
        needed, met = (sum(numbers) for numbers in zip(*counts, strict=True))
        complete = complete and met == needed
        lines.append(f"  {table:<12} {met:>5} of {needed:>5} ({met / needed:.0%})")
    return lines, complete


def count_cited(db: sqlite3.Connection, table: str, key: str, column: str) -> tuple[int, int]:
    """Return how many cells of a column need a citation, and how many have one."""
    sql = f"""
    SELECT COUNT(*), SUM(EXISTS (
      SELECT 1 FROM citations c
      WHERE c."table" = ? AND c.record = t.[{key}] AND c.field = ? AND c.relation = 'supports'))
    FROM [{table}] t WHERE t.[{column}] IS NOT NULL"""
    needed, met = db.execute(sql, [table, column]).fetchone()
    return needed, met or 0


def survey_lines(db: sqlite3.Connection) -> tuple[list[str], bool]:
    """Return how the surveys agree, and whether each difference is explained."""
    agree, differ, apart, unexplained = db.execute(AGREEMENT).fetchone()
    compared = agree + differ
    line = (
        f"Surveys: {agree} of {compared} comparable answers agree ({agree / compared:.1%}); "
        f"{differ} differ; {apart} cannot be compared; {unexplained} unexplained"
    )
    return [line], not unexplained
