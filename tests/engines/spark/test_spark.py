"""The answers in Apache Spark, by the recipe of docs/guides/analysis.md, from the Parquet and SQL
files of a release: make test-spark.

Spark plans for a second what it then computes in a moment, so each day is asked once, for all
jurisdictions."""

from __future__ import annotations

import re
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benefits.package import ROOT
from benefits.sqlite import sqlite_uri

sys.path.append(
    str(ROOT / "tests")
)  # the helper of the other suite, whose conftest needs what is not installed here

from worked_examples import (
    coverage_questions,
    examples,
    judge_coverage,
    judge_plaintiffs,
    judge_roles,
    judge_sharing,
)  # noqa: E402

[RECIPE] = re.findall(
    r"## Apache Spark\n.*?```python\n(.*?)```",
    (ROOT / "docs" / "guides" / "analysis.md").read_text(encoding="utf-8"),
    re.S,
)

# Two cores, no network but the machine's own, and no machine code or costly planning for small
# queries that run once.
SETTINGS = """
spark.master local[2]
spark.ui.enabled false
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.sql.shuffle.partitions 2
spark.sql.adaptive.enabled false
spark.sql.constraintPropagation.enabled false
spark.sql.lightweightPlanChangeValidation false
spark.sql.subexpressionElimination.enabled false
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""


@pytest.fixture(scope="module")
def spark_ask(tmp_path_factory):
    """The `ask` that the recipe makes, in a folder where dist/VERSION is what
    `scripts/export.py` wrote to build/export."""
    exported = ROOT / "build" / "export"
    assert (exported / "sql").is_dir(), (
        "build/export is missing: run make test-spark, which writes it"
    )
    reader = tmp_path_factory.mktemp("reader")
    (reader / "dist").mkdir()
    (reader / "dist" / "VERSION").symlink_to(exported)
    (reader / "spark-defaults.conf").write_text(SETTINGS, encoding="utf-8")
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(reader)
        patch.setenv("SPARK_CONF_DIR", str(reader))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        exec(RECIPE, names)
        yield lambda name, **asked: [row.asDict() for row in names["ask"](name, **asked).collect()]
        names["spark"].stop()


@pytest.fixture(scope="module")
def sqlite_ask():
    db = sqlite3.connect(sqlite_uri(ROOT / "build" / "benefits.db"), uri=True)
    db.row_factory = sqlite3.Row
    parameter = re.compile(r"'[^']*'|\"[^\"]*\"|--.*|:(\w+)")

    def answer(name, **asked):
        sql = (ROOT / "sql" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        return [
            dict(row)
            for row in db.execute(
                sql, {m[1]: asked.get(m[1], "") for m in parameter.finditer(sql) if m[1]}
            )
        ]

    yield answer
    db.close()


def by_day(spark_ask, name, days):
    """{day: the rows of the answer}, two days at a time."""
    days = sorted(set(days))
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(days, pool.map(lambda day: spark_ask(name, as_of=day), days)))


def test_coverage(spark_ask):
    questions = coverage_questions()
    rows = by_day(spark_ask, "coverage_on", [as_of for *_, as_of in questions])
    for asked, wanted in questions.items():
        judge_coverage(rows[asked[3]], asked, wanted)


def test_roles_and_number_of_plaintiffs(spark_ask):
    rows = by_day(
        spark_ask,
        "roles_on",
        [e["as_of"] for name in ("roles", "plaintiffs") for e in examples(name)],
    )
    for e in examples("roles"):
        judge_roles(rows[e["as_of"]], e)
    for e in examples("plaintiffs"):
        judge_plaintiffs(rows[e["as_of"]], e)


def test_sharing(spark_ask):
    rows = by_day(spark_ask, "sharing_on", [e["as_of"] for e in examples("sharing")])
    for e in examples("sharing"):
        judge_sharing(rows[e["as_of"]], e)


@pytest.mark.parametrize(
    "name, asked",
    [
        ("coverage_on", {"as_of": "2025-06-30"}),
        ("coverage_on", {"known_at": "2020-01-01"}),
        ("roles_on", {"known_at": "2020-01-01"}),
        ("sharing_on", {"as_of": "2025-12-15", "data_element": "address"}),
        ("gaps", {}),
        ("panel", {"first": "2024-05", "last": "2024-08"}),
        ("panel", {"age": "50", "population": "adult", "jurisdiction": "IL"}),
        ("timeline", {"jurisdiction": "IL"}),
        ("changes_between", {"from": "2021-01-01", "to": "2028-01-01"}),
        ("changes_between", {"to": "2024-02-29", "jurisdiction": "WY"}),
        ("evidence_for", {"table": "coverage", "record": "il-hbia-adult-42-54-2022"}),
        ("history_of", {"table": "coverage"}),
        ("survey_agreement", {}),
    ],
    ids=lambda v: v if isinstance(v, str) else "-".join(v.values()),
)
def test_the_rows_are_those_of_sqlite(spark_ask, sqlite_ask, name, asked):
    got, wanted = (
        [list(r.items()) for r in rows]
        for rows in (spark_ask(name, **asked), sqlite_ask(name, **asked))
    )
    assert wanted and sorted(got, key=repr) == sorted(
        wanted, key=repr
    )  # some answers leave open which of two rows comes first
