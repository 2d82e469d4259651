"""List the sources that are due for another look, by the budget of their kind.

The budgets stand at the codes of `sources.kind` in datapackage.json: `check_after_days`, and
`dated` for documents that never change. docs/method/protocol.md, section "When a fact is stale",
says how they are used.
"""

from __future__ import annotations

import sqlite3
from itertools import groupby

from benefits.periods import in_force_sql

NAMED = 3  # records that the line of a source names

# The records of a day, each with the case that it is about.
RECORDS = f"""
SELECT 'coverage' AS "table", coverage AS record, NULL AS court_case
FROM coverage WHERE {in_force_sql(":at")}
UNION ALL
SELECT DISTINCT 'programs', program, NULL FROM coverage WHERE {in_force_sql(":at")}
UNION ALL
SELECT 'absences', absence, NULL FROM absences WHERE {in_force_sql(":at")}
UNION ALL
SELECT 'roles', role_id, court_case FROM roles WHERE {in_force_sql(":at")}
UNION ALL
SELECT 'order_terms', t.order_term, e.court_case
FROM order_terms t JOIN events e ON e.event = t.event
WHERE {in_force_sql(":at").replace("valid_", "t.valid_")}
UNION ALL
SELECT 'cases', court_case, court_case FROM cases WHERE status = 'pending'"""
# For each record and kind, the best placed source in support of it and the last look at it. All
# dated documents count as one kind, and only where a record has nothing else.
DUE = f"""
WITH records AS ({RECORDS}),
looks AS (
  SELECT
    r."table", r.record, r.court_case, s.source, s.kind, k.check_after_days, k.dated,
    CASE s.reliability WHEN 'primary' THEN 1 WHEN 'secondary' THEN 2 ELSE 3 END AS place,
    MAX(c.checked_on) AS last_look
  FROM records r
  JOIN citations c ON c."table" = r."table" AND c.record = r.record AND c.relation = 'supports'
  JOIN sources s ON s.source = c.source
  JOIN dataset_codes k ON k."table" = 'sources' AND k.field = 'kind' AND k.code = s.kind
  GROUP BY r."table", r.record, s.source
),
ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "table", record, CASE dated WHEN 1 THEN 'dated' ELSE kind END
      ORDER BY place, last_look DESC, source
    ) AS position,
    MIN(dated) OVER (PARTITION BY "table", record) AS is_dated_alone
  FROM looks
)
SELECT kind, check_after_days, dated, source, last_look, "table" || '/' || record AS record
FROM ranked
WHERE position = 1
  AND dated = is_dated_alone
  AND julianday(:at) - julianday(last_look) > check_after_days
  AND (kind <> 'docket' OR court_case IN (SELECT court_case FROM cases WHERE status = 'pending'))
ORDER BY check_after_days, kind, source, last_look, record"""


def due_lines(db: sqlite3.Connection, at: str) -> list[str]:
    """Return what is due on a day: by kind, each source with its last look and its records."""
    due = db.execute(DUE, {"at": at}).fetchall()
    sources, records = {r["source"] for r in due}, {r["record"] for r in due}
    lines = [
        f"Due on {at} (last look older than the budget of its kind): {len(sources)} sources of"
        f" {len(records)} records in force"
    ]
    for kind, of_kind in groupby(due, key=lambda r: r["kind"]):
        first, *rest = of_kind
        task = "look for something newer" if first["dated"] else "look again"
        lines.append(f"  {kind}, {task} after {first['check_after_days']} days:")
        for source, group in groupby([first, *rest], key=lambda r: r["source"]):
            lines.append(f"    {source}, {source_line(list(group))}")
    return lines


def source_line(due: list[sqlite3.Row]) -> str:
    """Return the oldest of the last looks at a source, and for how many records it is due."""
    names = [r["record"] for r in due]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    count = "1 record" if len(names) == 1 else f"{len(names)} records"
    oldest = min(r["last_look"] for r in due)
    return f"last look {oldest}: {count} ({', '.join(names[:NAMED])}{more})"
