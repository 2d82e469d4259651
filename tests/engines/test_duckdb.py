"""The answers in DuckDB, by the recipe of docs/guides/analysis.md, from the Parquet and SQL files
of a release: those of SQLite, row for row."""

from __future__ import annotations

import contextlib
import io
import re
from datetime import date, timedelta

import duckdb
import pytest

from benefits.export import formats as export
from benefits.package import ROOT
from worked_examples import (
    coverage_questions,
    examples,
    judge_changes,
    judge_coverage,
    judge_plaintiffs,
    judge_roles,
    judge_sharing,
)

[RECIPE] = re.findall(
    r"## DuckDB\n.*?```python\n(.*?)```",
    (ROOT / "docs" / "guides" / "analysis.md").read_text(encoding="utf-8"),
    re.S,
)


@pytest.fixture(scope="module")
def release(database, tmp_path_factory):
    """The folder above dist/, as the reader of a release has it."""
    root = tmp_path_factory.mktemp("reader")
    export.export(database, root / "dist" / "VERSION")
    return root


@pytest.fixture(scope="module")
def duck(release):
    """The names that the recipe makes, after it has run as it stands."""
    names: dict = {}
    with contextlib.chdir(release):  # the recipe reads the files again for each answer
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(RECIPE, names)
        yield names | {"printed": printed.getvalue()}
    names["db"].close()


@pytest.fixture(scope="module")
def ask_duck(duck):
    return duck["ask"]


def test_the_recipe_prints_an_answer(duck):
    assert "il-hbia Closed to new applicants" in duck["printed"]


@pytest.mark.parametrize("asked", coverage_questions(), ids="-".join)
def test_coverage(ask_duck, asked):
    jurisdiction, population, _, as_of = asked
    judge_coverage(
        ask_duck("coverage_on", as_of=as_of, jurisdiction=jurisdiction, population=population),
        asked,
        coverage_questions()[asked],
    )


@pytest.mark.parametrize("e", examples("sharing"), ids=lambda e: "-".join(list(e.values())[:4]))
def test_sharing(ask_duck, e):
    judge_sharing(ask_duck("sharing_on", as_of=e["as_of"], jurisdiction=e["jurisdiction"]), e)


@pytest.mark.slow
def test_roles(ask_duck):
    for e in examples("roles"):
        judge_roles(ask_duck("roles_on", as_of=e["as_of"], court_case=e["court_case"]), e)
    for e in examples("plaintiffs"):
        judge_plaintiffs(ask_duck("roles_on", as_of=e["as_of"], court_case=e["court_case"]), e)


@pytest.mark.slow
def test_changes(ask_duck):
    for e in examples("changes"):
        asked = {name: e[name] for name in ("from", "to", "jurisdiction", "population")}
        judge_changes(ask_duck("changes_between", **asked), e)


def days_around(db, subject, step):
    """Every so many days on which an answer changes, with the days before and after."""
    changes = [
        date.fromisoformat(d)
        for (d,) in db.execute(
            "SELECT DISTINCT day FROM boundaries WHERE subject = ? ORDER BY day", [subject]
        )
    ][::step]
    return [(day + timedelta(days=n)).isoformat() for day in changes for n in (-1, 0, 1)]


def questions(db):
    """(answer, parameters): each answer without parameters, and with each of its own."""
    releases = [r[0] for r in db.execute("SELECT date FROM releases ORDER BY date")]
    yield from (("coverage_on", {"as_of": d}) for d in days_around(db, "coverage", 3))
    yield from (
        ("coverage_on", {"known_at": d, "as_of": "2025-12-15"}) for d in ["2020-01-01", *releases]
    )
    for day in ("", "2021-06-01", "2025-06-30", "2030-01-01"):
        yield from (("status_on", {"as_of": day, "age": age}) for age in ("", "50"))
    for asked in ({}, {"first": "2021-11", "last": "2022-02-10"}, {"first": "2027-01"}):
        yield from (("panel", asked | {"age": age}) for age in ("", "30"))
    yield "panel", {"first": "1990", "jurisdiction": "IL", "population": "child"}
    yield from (("roles_on", {"as_of": d}) for d in days_around(db, "roles", 4))
    yield from (("roles_on", {"known_at": d}) for d in ["2020-01-01", *releases])
    yield from (
        (
            "sharing_on",
            {"as_of": d, "person_class": "unlawfully_present", "data_element": "address"},
        )
        for d in days_around(db, "sharing", 2)
    )
    yield from (
        ("sharing_on", g)
        for g in [{}, {"jurisdiction": "WI"}, {"known_at": "2020-01-01", "jurisdiction": "CA"}]
    )
    yield from (("status_on", {"as_of": d}) for d in days_around(db, "coverage", 12))
    yield from (("status_on", {"as_of": "2024-07-01", "age": age}) for age in ("12", "17", "65"))
    yield from (("gaps", {"as_of": d}) for d in ["", "2024-01-01", "2025-08-12", "2027-01-01"])
    for d in ["", "2023-06-01", "2024-07-01", "2025-06-30", "2025-07-01"]:
        for person in [
            {},
            {"age": "40"},
            {"age": "8", "income_usd": "31234", "household_size": "3"},
            {"pregnant": "yes", "income_pct_fpl": "138.5"},
        ]:
            yield "eligibility", person | {"as_of": d}
    yield from (
        ("timeline", g)
        for g in [
            {},
            {"jurisdiction": "IL"},
            {"court_case": "california-v-hhs"},
            {"jurisdiction": "TX", "court_case": "california-v-hhs"},
        ]
    )
    yield from (
        ("changes_between", g)
        for g in [
            {},
            {"from": "1990-01-01", "to": "2035-01-01"},
            {"from": "2025-01-01", "jurisdiction": "CA"},
            {"to": "2024-02-29", "population": "older_adult"},
            {"from": "2022-01-01", "to": "2022-01-02", "jurisdiction": "WY"},
            {"from": "2026-01-01", "to": "2025-01-01", "population": "child"},
        ]
    )
    yield from (
        ("survey_agreement", {"survey": s})
        for s in ["", *(r[0] for r in db.execute("SELECT DISTINCT survey FROM survey_answers"))]
    )
    tables = ["", *(r[0] for r in db.execute('SELECT DISTINCT "table" FROM records'))]
    for name in ("evidence_for", "history_of"):
        yield from ((name, {"table": t}) for t in tables)
        yield from (
            (name, {"table": t, "record": r})
            for t, r in db.execute('SELECT "table", MIN(record) FROM records GROUP BY 1')
        )
        yield name, {"record": "il-hbia-adult-42-54-2022"}


@pytest.mark.slow
def test_every_answer_is_that_of_sqlite(ask_duck, ask, db):
    names = {f.stem for f in (ROOT / "sql" / "queries").glob("*.sql")} - {"search"}
    count = dict.fromkeys(names, 0)
    for name, asked in questions(db):
        got, wanted = ask_duck(name, **asked), ask(name, **asked)
        assert got == wanted, (name, asked)
        count[name] += 1
    assert min(count.values()) >= 4, count


def test_every_view_has_the_rows_of_sqlite(duck, db):
    for file in (ROOT / "sql" / "views").glob("*.sql"):
        got, wanted = (
            duck["db"].execute(f"FROM {file.stem}").fetchall(),
            [tuple(r) for r in db.execute(f"SELECT * FROM {file.stem}")],
        )
        assert wanted and sorted(map(repr, got)) == sorted(map(repr, wanted)), file.stem


def test_what_the_build_made_is_read_with_its_types(release, database):
    """Days are dates in parquet/answers/, too; and the cells are those of the database."""
    folder = release / "dist" / "VERSION" / "parquet"
    assert not {f.name for f in folder.glob("*.parquet")} & {
        f.name for f in folder.glob("answers/*.parquet")
    }
    for table in export.answer_tables(database):
        found = duckdb.sql(f"FROM '{folder / 'answers' / table.name}.parquet'")
        assert found.columns == table.columns
        kinds = [str(t) for t in found.types]
        assert kinds == [
            {"string": "VARCHAR", "integer": "BIGINT", "date": "DATE"}[t] for t in table.types
        ]
        for column, kind in zip(table.columns, kinds):
            if (
                column.startswith("valid_")
                and not column.endswith("precision")
                or column in ("known_from", "known_to", "starts_by", "data_through", "date")
            ):
                assert kind == "DATE", (table.name, column)
        assert [
            tuple(v.isoformat() if isinstance(v, date) else v for v in row)
            for row in found.fetchall()
        ] == table.rows().fetchall()


def test_the_release_has_the_sql_that_the_site_runs(release):
    for part in ("queries", "views"):
        there = {
            f.name: f.read_bytes() for f in (release / "dist" / "VERSION" / "sql" / part).iterdir()
        }
        assert there == {f.name: f.read_bytes() for f in (ROOT / "sql" / part).glob("*.sql")}
