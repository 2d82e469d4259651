"""Write the whole dataset as one HTML file that works from a disk, without a network.

The answers are those of sql/queries: each is computed for every day on which it can change, and a
row is kept with the half-open period of days on which it is in the answer. The script in the file
(static/browser/) only selects rows, so that each rule is written once, in SQL. The same database
gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import zlib
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path
from string import Template

from benefits.package import ROOT
from benefits.sqlite import sqlite_uri

FIRST_DAY = "0001-01-01"
# In the order in which they count and are run.
STYLES = ("site", "tables", "pages", "browser")
SCRIPTS = ("data", "parts", "answers", "views", "records", "page")

# What the view `boundaries` calls the days on which an answer may change. It can change as well on
# the first day for which the dataset is complete, and on the first that is only scheduled.
SUBJECTS = {
    "status_on": "coverage",
    "coverage_on": "coverage",
    "roles_on": "roles",
    "sharing_on": "sharing",
}
TURNS = """
SELECT day FROM boundaries WHERE subject = ?
UNION SELECT date(data_through, '+1 day') FROM dataset
UNION SELECT complete_from FROM dataset ORDER BY 1"""
PARAMETERS = dict.fromkeys(
    (
        "jurisdiction",
        "population",
        "age",
        "court_case",
        "data_element",
        "person_class",
        "known_at",
    ),
    "",
)
# Columns with the same value in every row. The script adds them when it writes CSV.
SAME_IN_ALL = ("as_of", "data_through", "dataset_version")

# Tables with a key of one column. A column of that name in another table links to the table.
KEYS = """
SELECT min(p.name), t."table" FROM dataset_tables t JOIN pragma_table_info(t."table") p
WHERE p.pk GROUP BY 2 HAVING count(*) = 1"""

# x-dns-prefetch-control is in no standard, but without it Chromium looks up the hosts of the links
# to sources.
PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src '$script_hash'; style-src '$style_hash'; base-uri 'none'; form-action 'none'">
<meta http-equiv="x-dns-prefetch-control" content="off">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="description" content="$description">
<title>Benefits dataset $version</title>
<style>$style</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="site">
<p class="brand"><a href="#coverage">Benefits dataset $version</a></p>
<nav aria-label="Views"><ul></ul></nav>
<form class="search" role="search" autocomplete="off">
<label for="words">Search</label>
<input id="words" type="search" name="q" maxlength="100">
<button>Go</button>
</form>
</header>
<main id="content" tabindex="-1">
<h1>$title</h1>
<noscript><p class="note problem">This file shows its data with JavaScript, which is \
switched off here. The same data is in the CSV files of the dataset.</p></noscript>
</main>
<footer class="site">
<p>Reference information, not legal advice; the law changes. Data through \
<time datetime="$data_through">$data_through</time>, version $version, \
<a href="$licence_url" rel="license noreferrer">$licence</a>.</p>
<p>This file holds the whole dataset and works offline: it asks nothing of any network \
and sends nothing anywhere. Only the links to sources lead out of it.</p>
</footer>
<script type="application/octet-stream" id="data">$data</script>
<script>$script</script>
</body>
</html>
""")


def render_page(database: Path) -> bytes:
    """Return the HTML file of a built database."""
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    try:
        about = read_rows(db, "SELECT * FROM dataset")[0]
        tables = [
            name for (name,) in db.execute('SELECT "table" FROM dataset_tables ORDER BY position')
        ]
        names = tables + ["dataset_tables", "dataset_fields", "dataset_codes", "records"]
        content = {
            "about": about,
            "keys": dict(db.execute(KEYS).fetchall()),
            "tables": {
                name: pack_rows(read_rows(db, f'SELECT * FROM "{name}" ORDER BY rowid'))
                for name in names
            },
            "answers": {name: pack_rows(answer_periods(db, name)) for name in SUBJECTS},
        }
    finally:
        db.close()
    data = base64.b64encode(
        zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    ).decode()
    style = "".join(
        (ROOT / "static" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES
    )
    script = "\n".join(
        (ROOT / "static" / "browser" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS
    )
    values = {name: escape(str(value)) for name, value in about.items()}
    return PAGE.substitute(
        values,
        data=data,
        style=style,
        style_hash=hash_of(style),
        script=script,
        script_hash=hash_of(script),
    ).encode()


def read_rows(db: sqlite3.Connection, sql: str, parameters=()) -> list[dict]:
    """Return the rows of a statement."""
    cursor = db.execute(sql, parameters)
    columns = [c[0] for c in cursor.description]
    return [dict(zip(columns, row)) for row in cursor]


def answer_periods(db: sqlite3.Connection, answer: str) -> list[dict]:
    """Return the rows of an answer over all days, each with the period on which it holds.

    The period is [day_from, day_to). The rows of one day stand in the order of the SQL.
    """
    sql = (ROOT / "sql" / "queries" / f"{answer}.sql").read_text(encoding="utf-8")
    turns = [FIRST_DAY] + [day for (day,) in db.execute(TURNS, [SUBJECTS[answer]])]
    order: TopologicalSorter = TopologicalSorter()
    periods: dict[tuple, list[dict]] = {}
    in_force: list[tuple] = []
    for day in turns:
        before, in_force = set(in_force), []
        for answer_row in read_rows(db, sql, PARAMETERS | {"as_of": day}):
            cells = ((name, v) for name, v in answer_row.items() if name not in SAME_IN_ALL)
            in_force.append(tuple(cells))
        for row in before.difference(in_force):
            periods[row][-1]["day_to"] = day
        for i, row in enumerate(in_force):
            order.add(row, *in_force[i - 1 : i])
            if row not in before:
                periods.setdefault(row, []).append({"day_from": day, "day_to": None})
    return [period | dict(row) for row in order.static_order() for period in periods[row]]


def pack_rows(rows: list[dict]) -> dict:
    """Return {column: [its distinct values, the index of the value in each row]}.

    That is small, and quick to read.
    """
    columns = {}
    for name in rows[0] if rows else ():
        values: dict = {}
        indexes = [values.setdefault(row[name], len(values)) for row in rows]
        columns[name] = [list(values), indexes]
    return columns


def hash_of(text: str) -> str:
    """Return the hash of an inline script or style for the Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
