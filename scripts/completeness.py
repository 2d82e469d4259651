"""Verb: build/benefits.db -> what is complete, what is open and what is stale, in a page of text.

    python scripts/completeness.py [--database build/benefits.db] [--at YYYY-MM-DD]

`--at` is the day for which staleness is told (default: the day through which the data goes). Exit code 1 if a survey
difference is without explanation or a cell that needs a citation has none; everything else is for information.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import rules
from package import ROOT, built, is_iso_date, run, sqlite_uri

STALE_AFTER = 180  # days since the newest reading of a source of a row in force

ANSWERED = """
SELECT p.population,
       SUM(EXISTS (SELECT 1 FROM coverage_rules r WHERE r.jurisdiction = j.jurisdiction AND r.population = p.population AND r.status_scope = 'any_status'
                   AND r.valid_from <= d.data_through AND (r.valid_to IS NULL OR d.data_through < r.valid_to))) AS covered,
       SUM(EXISTS (SELECT 1 FROM absences a WHERE a.jurisdiction = j.jurisdiction AND a.population = p.population AND a.finding = 'none'
                   AND a.valid_from <= d.data_through AND (a.valid_to IS NULL OR d.data_through < a.valid_to))) AS none,
       SUM(EXISTS (SELECT 1 FROM absences a WHERE a.jurisdiction = j.jurisdiction AND a.population = p.population AND a.finding = 'not_established'
                   AND a.valid_from <= d.data_through AND (a.valid_to IS NULL OR d.data_through < a.valid_to))) AS open
FROM jurisdictions j CROSS JOIN populations p CROSS JOIN dataset d GROUP BY p.population"""

STALE = """
SELECT c."table", c.record, MAX(c.checked_on) AS newest
FROM citations c
WHERE (c."table" = 'coverage' AND c.record IN (SELECT coverage FROM coverage WHERE valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)))
   OR (c."table" = 'absences' AND c.record IN (SELECT absence FROM absences WHERE valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)))
   OR (c."table" = 'roles' AND c.record IN (SELECT role_id FROM roles WHERE valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)))
   OR (c."table" = 'order_terms' AND c.record IN (SELECT order_term FROM order_terms WHERE valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)))
GROUP BY 1, 2 HAVING newest < :oldest ORDER BY 1, 2"""


def report(db: sqlite3.Connection, at: str) -> tuple[list[str], bool]:
    """The lines of the report, and whether everything that must be complete is."""
    db.row_factory = sqlite3.Row
    through = db.execute("SELECT data_through FROM dataset").fetchone()[0]
    places = db.execute("SELECT COUNT(*) FROM jurisdictions").fetchone()[0]
    lines, whole = [f"On {through}, the day through which the data goes, of {places} jurisdictions:"], True
    total = [0, 0, 0]
    for r in db.execute(ANSWERED):
        lines.append(f"  {r['population']:<12} {r['covered']:>3} covered regardless of status, {r['none']:>3} none (cited), {r['open']:>3} not established")
        total = [t + n for t, n in zip(total, (r["covered"], r["none"], r["open"]))]
    lines.append(f"  not established: {total[2]} of {sum(total)} answers ({total[2] / sum(total):.0%})")

    lines.append("Citations, cell by cell (cells that need one, with one):")
    for table in [r[0] for r in db.execute("SELECT DISTINCT \"table\" FROM dataset_fields WHERE cited = 1")]:
        key = db.execute("SELECT field FROM dataset_fields WHERE \"table\" = ? AND position = 1", [table]).fetchone()[0]
        needed = met = 0
        for (column,) in db.execute("SELECT field FROM dataset_fields WHERE \"table\" = ? AND cited = 1", [table]):
            need, have = db.execute(
                f"""SELECT COUNT(*), SUM(EXISTS (SELECT 1 FROM citations c WHERE c."table" = ? AND c.record = t.[{key}] AND c.field = ? AND c.relation = 'supports'))
                    FROM [{table}] t WHERE t.[{column}] IS NOT NULL""",
                [table, column],
            ).fetchone()
            needed, met = needed + need, met + (have or 0)
        whole = whole and met == needed
        lines.append(f"  {table:<12} {met:>5} of {needed:>5} ({met / needed:.0%})")

    agree, differ, apart, unexplained = db.execute(
        "SELECT SUM(agreement = 'agree'), SUM(agreement = 'differ'), SUM(agreement = 'not_comparable'), SUM(agreement <> 'agree' AND explanation IS NULL) FROM survey_agreement_all"
    ).fetchone()
    whole = whole and not unexplained
    lines.append(f"Surveys: {agree} of {agree + differ} comparable answers agree ({agree / (agree + differ):.1%}); {differ} differ; {apart} cannot be compared; {unexplained} unexplained")

    oldest = (date.fromisoformat(at) - timedelta(days=STALE_AFTER)).isoformat()
    stale = db.execute(STALE, {"at": at, "oldest": oldest}).fetchall()
    lines.append(f"Stale on {at} (in force, no source read since {oldest}): {len(stale)} records")
    lines += [f"  {r['table']}/{r['record']}, last read {r['newest']}" for r in stale]
    return lines, whole


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--at", help="day for which staleness is told, YYYY-MM-DD")
    args = parser.parse_args(argv)
    at = args.at
    if at is not None and not (is_iso_date(at) and rules.EARLIEST <= at <= rules.LATEST):
        accepted = f"a day as YYYY-MM-DD, from {rules.EARLIEST} to {rules.LATEST}"
        print(f"error: --at is {at!r}, expected {accepted}", file=sys.stderr)
        return 1
    db = sqlite3.connect(sqlite_uri(built(args.database), "mode=ro"), uri=True)
    if at is None:
        (at,) = db.execute("SELECT data_through FROM dataset").fetchone()
    lines, whole = report(db, at)
    print("\n".join(lines))
    return 0 if whole else 1


if __name__ == "__main__":
    run(main)
