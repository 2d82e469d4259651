"""The one answer for each place and group: worked examples of the reduction, and properties."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
import reduction
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.answers import read_answers
from worked_examples import examples

SQL = read_answers()["status_on"].sql
REDUCTION = examples("reduction")
STATUS = examples("status")
# Days on which the dataset is complete, days before it begins, and scheduled days.
ANY_DAY = st.dates(min_value=date(1990, 1, 1), max_value=date(2035, 12, 31)).map(date.isoformat)


@pytest.fixture(scope="module")
def reduced(tmp_path_factory):
    """The answers to the examples of the reduction, each a row of status_on."""
    folder = tmp_path_factory.mktemp("reduction")
    path, codes = reduction.build_examples(folder, REDUCTION)
    db = sqlite3.connect(path)
    answers = []
    for code, example in zip(codes, REDUCTION, strict=True):
        [row] = reduction.ask_status(
            db,
            SQL,
            as_of=reduction.DAY,
            jurisdiction=code,
            population=example["population"],
            age=example["age"],
        )
        answers.append(row)
    db.close()
    return answers


def test_there_are_enough_examples():
    assert len(REDUCTION) >= 80


@pytest.mark.parametrize("n", range(len(REDUCTION)), ids=[e["what"] for e in REDUCTION])
def test_reduction(reduced, n):
    example, row = REDUCTION[n], reduced[n]
    said = {
        "status": row["status"],
        "bands": row["bands"] or "",
        "income_limit": str(row["income_limit_pct_fpl"] or ""),
        "benefit_scope": row["benefit_scope"] or "",
        "standing": row["standing"] or "",
    }
    assert said == {name: example[name] for name in said}, row["in_words"]
    assert example["in_words"] in row["in_words"]


def test_a_doubt_has_its_reason(reduced):
    for example, row in zip(REDUCTION, reduced, strict=True):
        doubtful = "disputed=" in example["rows"] or "reported=" in example["rows"]
        if doubtful and not example["age"]:
            assert "(Says something else.)" in row["uncertain"] or (
                "(known from third-hand sources only)" in row["uncertain"]
            )
        elif not doubtful:
            assert row["uncertain"] is None


LESS_THAN_OPEN = {
    "closed_to_new",
    "premium_help_only",
    "partial_only",
    "none",
    "not_established",
    "other_group",
}


def test_open_is_never_said_of_less(reduced):
    for row in reduced:
        if row["status"] in LESS_THAN_OPEN:
            assert not row["in_words"].startswith("Open")


@pytest.mark.slow
@given(day=ANY_DAY)
@settings(max_examples=60, deadline=None)
def test_one_row_for_each_place_and_group(ask, day):
    rows = ask("status_on", as_of=day)
    assert len(rows) == len({(r["jurisdiction"], r["population"]) for r in rows}) == 51 * 5
    assert all(r["in_words"] and r["status"] and r["citations"] for r in rows)
    assert all(r["source_urls"] for r in rows if r["status"] not in ("not_established",))


@pytest.mark.slow
@given(day=ANY_DAY, age=st.integers(0, 120))
@settings(max_examples=80, deadline=None)
def test_one_answer_for_each_age(ask, day, age):
    """Of the groups by age exactly one answers for a person, on any day."""
    by_place: dict[str, list[str]] = {}
    for row in ask("status_on", as_of=day, age=str(age)):
        if row["population"] in ("child", "adult", "older_adult"):
            by_place.setdefault(row["jurisdiction"], []).append(row["status"])
        else:
            assert row["status"] not in ("other_group", "varies_by_age")
    assert len(by_place) == 51
    for place, statuses in by_place.items():
        answers = [s for s in statuses if s != "other_group"]
        assert answers and "varies_by_age" not in statuses, (place, statuses)


@pytest.mark.slow
@given(day=ANY_DAY, age=st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_the_rows_say_the_same(ask, day, age):
    """For each age that a group always answers coverage_on has programs, or one absence."""
    core = {"child": (0, 18), "adult": (19, 64), "older_adult": (65, 120)}
    found: dict[tuple, list] = {}
    for row in ask("coverage_on", as_of=day):
        low, high = core.get(row["population"], (0, 120))
        of_age = (row["age_min"] or 0) <= age <= (120 if row["age_max"] is None else row["age_max"])
        if low <= age <= high and of_age and row["status_scope"] in (None, "any_status"):
            found.setdefault((row["jurisdiction"], row["population"]), []).append(row)
    statuses = {
        (r["jurisdiction"], r["population"]): r for r in ask("status_on", as_of=day, age=str(age))
    }
    for pair, row in statuses.items():
        low, high = core.get(pair[1], (0, 120))
        if not low <= age <= high:
            continue
        programs = [r for r in found[pair] if r["program"]]
        absences = [r for r in found[pair] if not r["program"]]
        assert bool(programs) != bool(absences) and len(absences) <= 1, (pair, found[pair])
        if absences:
            assert row["status"] == absences[0]["finding"]


@pytest.mark.parametrize("e", STATUS, ids=lambda e: "-".join(list(e.values())[:4]))
def test_status(ask, e):
    [row] = ask(
        "status_on",
        as_of=e["as_of"],
        jurisdiction=e["jurisdiction"],
        population=e["population"],
        age=e["age"],
    )
    assert row["status"] == e["status"], (row["in_words"], e["because"])
    assert e["in_words"] in row["in_words"]


def test_evidence_after_an_older_row_is_no_first_year(ask):
    """All Kids began in 2006; only its limit is first shown in 2023."""
    [row] = ask("status_on", as_of="2023-06-01", jurisdiction="IL", population="child")
    assert "All Kids" in row["in_words"] and "may be older" not in row["in_words"]
