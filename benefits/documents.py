"""Write the documents that describe the package.

The codebook, the known gaps and the second coding are Jinja templates in templates/documents.
"""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing

import jinja2
import yaml

from benefits.files import atomic_write
from benefits.package import ROOT, Package, Table
from benefits.periods import in_force_on

# An empty cell of these columns has a meaning of its own and is not a gap.
EMPTY_BY_NATURE = ("valid_to", "enrollment_cap", "age_min", "age_max")


def codebook(package: Package) -> str:
    """Return the meaning of every table and column."""
    return render("codebook.md", d=package.descriptor, tables=package.tables)


def gaps(package: Package) -> str:
    """Return what the dataset does not know."""
    through = package.descriptor["data_through"]
    return render(
        "gaps.md",
        d=package.descriptor,
        open=[
            row
            for row in package.rows("absences")
            if row["finding"] == "not_established" and in_force_on(row, through)
        ],
        doubtful=[
            (f"{name}/{table.key_of(row)}", row)
            for name, table in package.tables.items()
            for row in table.rows
            if row.get("standing") not in (None, "established")
        ],
        fields=doubtful_fields(package),
        empty_cells=list(empty_cells(package)),
    )


def doubtful_fields(package: Package) -> list[tuple[str, str, str, str | None]]:
    """Return (coverage, field, standing, reason) for the fields in doubt of coverage.

    These are rows in force on the day through which the data goes, and later ones. A field that is
    as doubtful as the whole row is left out.
    """
    through = package.descriptor["data_through"]
    current = {
        row["coverage"]
        for row in package.rows("coverage")
        if row["valid_to"] is None or row["valid_to"] > through
    }
    standings = [s for s in field_standings(package) if s[0] == "coverage" and s[1] in current]
    of_row = {record: standing for _, record, field, standing, _ in standings if not field}
    cited = {f["name"] for f in package.tables["coverage"].fields if f.get("cited")}
    return [
        (record, field, standing, reason)
        for _, record, field, standing, reason in standings
        if field in cited and standing not in ("established", of_row.get(record))
    ]


def field_standings(package: Package) -> list[tuple[str, str, str, str, str | None]]:
    """Return (table, record, field, standing, reason) by the view of the database."""
    view = (ROOT / "sql" / "views" / "field_standing.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(":memory:")) as db:
        for name in ("citations", "sources"):
            columns = package.tables[name].columns
            names = ", ".join(f'"{column}"' for column in columns)
            db.execute(f"CREATE TABLE {name} ({names})")
            rows = ([row[c] for c in columns] for row in package.rows(name))
            db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
        db.executescript(view)
        sql = 'SELECT "table", record, field, standing, reason FROM field_standing ORDER BY 1, 2, 3'
        return db.execute(sql).fetchall()


def empty_cells(package: Package):
    """Yield (table, column, number of empty cells, number of cells) for columns with gaps."""
    for name in ("programs", "coverage", "cases"):
        table = package.tables[name]
        for field in table.fields:
            column = field["name"]
            empty = sum(row[column] is None for row in table.rows)
            if field.get("cited") and empty and column not in EMPTY_BY_NATURE:
                yield name, column, empty, len(table.rows)


def second_coding(package: Package) -> str:
    """Return how often two coders disagreed, by round, from docs/method/second-coding.csv."""
    path = package.root / "docs" / "method" / "second-coding.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return render("second-coding.md", one=coding_round(rows, "1"), two=coding_round(rows, "2"))


def coding_round(rows: list[dict], number: str) -> dict:
    """Return the answers of one round by table and field, and the rows that diverge."""
    rows = [row for row in rows if row["round"] == number]
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row["table"], row["field"]), []).append(row["agree"])
    diverging = [row for row in rows if row["agree"] == "no"]
    taken = sum(row["settled"] == row["second"] for row in diverging)
    return {"rows": rows, "groups": groups, "diverging": diverging, "taken": taken}


def citation(package: Package) -> str:
    """Return the Citation File Format of the package."""
    d = package.descriptor
    released = {r["version"]: r["date"] for r in package.rows("releases")}
    content = {
        "cff-version": "1.2.0",
        "message": (
            "If you use this dataset, please cite it with its version and the date through which "
            "its data goes."
        ),
        "type": "dataset",
        "title": d["title"],
        "abstract": d["description"],
        "authors": [{"name": c["title"]} for c in d["contributors"]],
        "version": d["version"],
        "date-released": released.get(d["version"], d["data_through"]),
        "license": d["licenses"][0]["name"],
        "keywords": d["keywords"],
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    return "# Generated from datapackage.json by make describe; do not edit.\n" + text


DOCUMENTS = {
    "docs/reference/codebook.md": codebook,
    "docs/method/second-coding.md": second_coding,
    "docs/method/gaps.md": gaps,
    "CITATION.cff": citation,
}


def outdated_documents(package: Package) -> list[str]:
    """Return the paths of the documents that are missing or out of date."""
    return [
        name
        for name, document in DOCUMENTS.items()
        if not (package.root / name).is_file()
        or (package.root / name).read_text(encoding="utf-8") != document(package)
    ]


def write_document(package: Package, name: str) -> None:
    """Write one document, by its path."""
    with atomic_write(package.root / name) as temporary:
        temporary.write_text(DOCUMENTS[name](package), encoding="utf-8")


# ---- templates -----------------------------------------------------------------------------------


def render(template: str, **values) -> str:
    """Return the text of a template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates" / "documents"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "ages": ages,
        "cell": cell,
        "codes": codes,
        "kind": kind,
        "meaning": meaning,
    }
    return environment.get_template(template).render(values)


def ages(row: dict) -> str:
    """Return the ages that a row is about."""
    low, high = row["age_min"], row["age_max"]
    if low is None and high is None:
        return "all"
    return f"{low or 0} and over" if high is None else f"{low or 0} to {high}"


def cell(text: str | None) -> str:
    """Return a text for a cell of a Markdown table."""
    return (text or "").replace("|", "&#124;")


def codes(names: list[str]) -> str:
    """Return names as Markdown code."""
    return ", ".join(f"`{name}`" for name in names)


def kind(field: dict, table: Table) -> str:
    """Return the type of a field, whether it is required, and which table it points to."""
    text = field["type"]
    if field.get("constraints", {}).get("required"):
        text += ", required"
    keys = table.resource["schema"].get("foreignKeys", [])
    targets = {key["fields"][0]: key["reference"]["resource"] for key in keys}
    if target := targets.get(field["name"]):
        text += f", key of [`{target}`](#{target})"
    return text


def budget(category: dict) -> str:
    """Return after how many days a source of a kind is due, as a clause; empty for other codes."""
    if "check_after_days" not in category:
        return ""
    task = "dated, look for something newer" if category.get("dated") else "look again"
    return f" ({task} after {category['check_after_days']} days)"


def meaning(field: dict) -> str:
    """Return what a field means, with its codes and bounds."""
    text, constraints = field["description"], field.get("constraints", {})
    if categories := field.get("categories"):
        labels = [f"`{c['value']}` {c['label']}{budget(c)}" for c in categories]
        text += f" Codes: {'; '.join(labels)}."
    if "minimum" in constraints or "maximum" in constraints:
        low, high = constraints.get("minimum", "any"), constraints.get("maximum", "any")
        text += f" Between {low} and {high}."
    if field.get("cited"):
        text += " Each value has a citation of its own."
    return text
