"""The panel: the answer of each month is that of its first day, and a change in it is seen."""

from __future__ import annotations

import calendar
import re
import sqlite3
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.answers import read_answers
from benefits.export import panel as export

MONTH = st.dates(min_value=date(1990, 1, 1), max_value=date(2039, 12, 31)).map(
    lambda day: f"{day:%Y-%m}"
)
RECENT = st.dates(min_value=date(2022, 1, 1), max_value=date(2027, 12, 31)).map(
    lambda day: f"{day:%Y-%m}"
)
AGE = st.one_of(st.just(""), st.integers(min_value=0, max_value=120).map(str))
# What both answers have, and what makes an answer another one.
SHARED = """jurisdiction jurisdiction_name population status age_min age_max bands
income_limit_pct_fpl income_limit_lowest_pct_fpl benefit_scope program_names standing uncertain
last_checked source_urls records data_through dataset_version""".split()
DECISIVE = """status bands income_limit_pct_fpl income_limit_lowest_pct_fpl benefit_scope
program_names""".split()


@pytest.fixture(scope="module")
def whole(ask):
    return ask("panel")


def picked(rows, columns):
    return [[row[column] for column in columns] for row in rows]


def by_place(rows):
    return {(row["jurisdiction"], row["population"]): row for row in rows}


def days_of(month):
    first = date.fromisoformat(month)
    length = calendar.monthrange(first.year, first.month)[1]
    return [(first + timedelta(days=n)).isoformat() for n in range(length)]


def months_between(first, last):
    """The months from one day to another, as their first days."""
    year, month = int(first[:4]), int(first[5:7])
    months = []
    while f"{year}-{month:02}" <= last[:7]:
        months.append(f"{year}-{month:02}-01")
        year, month = year + month // 12, month % 12 + 1
    return months


def test_every_place_and_group_has_every_month_once(whole, db, package):
    about = package.descriptor
    months = months_between(about["complete_from"], about["data_through"])
    places = db.execute(
        "SELECT jurisdiction, population FROM jurisdictions, populations"
    ).fetchall()
    keys = Counter((r["jurisdiction"], r["population"], r["month"]) for r in whole)
    assert keys == Counter((*place, month) for place in places for month in months)
    assert picked(whole, export.KEY) == sorted(picked(whole, export.KEY))
    assert list(whole[0]) == list(export.COLUMNS)


@pytest.mark.slow
@given(month=st.one_of(MONTH, RECENT), age=AGE)
@settings(max_examples=40, deadline=None)
def test_a_month_is_its_first_day(ask, month, age):
    rows = ask("panel", first=month, last=month, age=age)
    wanted = ask("status_on", as_of=f"{month}-01", age=age)
    assert picked(rows, SHARED) == picked(wanted, SHARED)
    assert {r["month"] for r in rows} == {f"{month}-01"}
    assert {r["age"] for r in rows} == {int(age) if age else None}


@given(first=MONTH, count=st.integers(min_value=0, max_value=30), population=st.just("child"))
@settings(max_examples=20, deadline=None)
def test_months_are_those_asked_for(ask, first, count, population):
    last = f"{date.fromisoformat(first + '-01') + timedelta(days=31 * count):%Y-%m}"
    rows = ask("panel", first=first, last=last + "-17", population=population, jurisdiction="IL")
    end = min(last, "2039-12")
    assert [r["month"] for r in rows] == months_between(first, end)
    assert {(r["jurisdiction"], r["population"]) for r in rows} == {("IL", "child")}


def test_a_first_month_after_the_data_gives_what_is_scheduled(ask):
    rows = ask("panel", first="2030-02", population="adult", jurisdiction="CA")
    assert [(r["month"], r["complete"]) for r in rows] == [("2030-02-01", 0)]


@pytest.mark.slow
def test_complete_months_are_answered_on_every_day(ask, whole, package):
    about = package.descriptor
    earlier = ask("panel", first="2000-01", jurisdiction="IL", population="adult")
    later = ask("panel", first=about["data_through"], last="2030-12", jurisdiction="IL")
    for row in (*whole, *earlier, *later):
        days = days_of(row["month"])
        is_complete = about["complete_from"] <= days[0] and days[-1] <= about["data_through"]
        assert row["complete"] == is_complete, row["month"]


@pytest.mark.parametrize(
    "through, complete",
    [("2028-02-28", 0), ("2028-02-29", 1), ("2027-02-28", 1), ("2027-12-30", 0)],
)
def test_a_month_is_complete_only_with_its_last_day(db, through, complete):
    other = sqlite3.connect(":memory:")
    other.row_factory = sqlite3.Row
    db.backup(other)
    other.execute("UPDATE dataset SET data_through = ?", [through])
    answer = read_answers()["panel"]
    asked = dict.fromkeys(answer.parameters, "") | {"jurisdiction": "IL", "population": "adult"}
    *_, last = other.execute(answer.sql, asked)
    assert (last["month"][:7], last["complete"]) == (through[:7], complete)


STATUS = re.compile(r"\d+(?:-\d+|\+)? (\w+)(?:; |$)")


@pytest.mark.slow
def test_numbers_never_count_less_than_coverage_at_every_age(ask, whole):
    """They are 1 or 0 only where that is so at every age, and empty where something is unknown."""
    rows = whole + ask("panel", age="30") + ask("panel", age="10", first="2015-01", last="2016-01")
    for row in rows:
        statuses = set(STATUS.findall(row["bands"] or ""))
        assert (row["status"] == "other_group") == (not statuses)
        for column, yes in (
            ("takes_new_people", {"open", "capped"}),
            ("covers_people", {"open", "capped", "closed_to_new"}),
        ):
            if (
                not statuses
                or "not_established" in statuses
                or row["area"]
                or 0 < len(statuses & yes) < len(statuses)
            ):
                assert row[column] is None, row
            else:
                assert row[column] == (statuses <= yes), row
        is_coverage = row["status"] in ("open", "capped", "closed_to_new")
        assert row["enrollment"] == (row["status"] if is_coverage else None)


@pytest.mark.slow
def test_no_answer_on_one_age_varies(ask):
    for age in ("0", "18", "30", "64", "70"):
        assert "varies_by_age" not in {r["status"] for r in ask("panel", age=age)}


# ---- changes in a month ----------------------------------------------------------------------


def inexact(db):
    """Coverage rows whose start is known by month or year only: {key: how its day begins}."""
    rows = db.execute(
        "SELECT coverage, valid_from, valid_from_precision AS known FROM coverage"
        " WHERE valid_from_precision <> 'day'"
    )
    return {f"coverage/{r[0]}": r[1][: {"month": 7, "year": 4}[r[2]]] for r in rows}


def busy_months(whole, db):
    """Months with a change, and the months before and after them: some."""
    days = db.execute(
        "SELECT DISTINCT valid_from FROM status_spans WHERE valid_from > ? AND valid_from <= ?",
        [whole[0]["month"], whole[0]["data_through"]],
    )
    months = sorted({day[:7] + "-01" for (day,) in days})
    return months[:: max(1, len(months) // 6)]


@pytest.mark.slow
@pytest.mark.parametrize("age", ["", "18", "50"])
def test_a_change_in_a_month_is_seen_day_by_day(ask, db, whole, age):
    inexact_starts = inexact(db)
    for month in busy_months(whole, db):
        rows = by_place(ask("panel", first=month, last=month, age=age))
        days = [by_place(ask("status_on", as_of=day, age=age)) for day in days_of(month)]
        for place, row in rows.items():
            answers = {tuple(picked([day[place]], DECISIVE)[0]) for day in days}
            starts = [inexact_starts.get(r, "-") for r in (row["records"] or "").split()]
            if len(answers) > 1:
                assert row["changed_in_month"] == 1, (place, month, answers)
            elif not any(month.startswith(start) for start in starts):
                assert row["changed_in_month"] == 0, (place, month)


def first_change(ask, db):
    """A place whose answer is another from the first day of a month on, by one known row."""
    rows = ask("panel")
    for before, row in zip(rows, rows[1:]):
        records = (row["records"] or "").split()
        if (
            picked([before], ["jurisdiction", "population"])
            == picked([row], ["jurisdiction", "population"])
            and picked([before], DECISIVE) != picked([row], DECISIVE)
            and before["changed_in_month"] == row["changed_in_month"] == 0
            and row["month"][5:7] < "10"
            and len(records) == 1
            and records[0].startswith("coverage/")
        ):
            return row, records[0].removeprefix("coverage/")
    raise AssertionError("no such change")


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["month", "year"])
def test_a_start_known_by_month_or_year_counts_for_each_month_in_which_it_may_lie(
    ask, db, precision
):
    row, coverage = first_change(ask, db)
    other = sqlite3.connect(":memory:")
    other.row_factory = sqlite3.Row
    db.backup(other)
    other.execute(
        "UPDATE coverage SET valid_from_precision = ? WHERE coverage = ?", [precision, coverage]
    )
    answer = read_answers()["panel"]
    asked = dict.fromkeys(answer.parameters, "") | {
        "jurisdiction": row["jurisdiction"],
        "population": row["population"],
    }
    before = ask("panel", **asked)
    after = [dict(r) for r in other.execute(answer.sql, asked)]
    flagged = [
        new["month"]
        for old, new in zip(before, after, strict=True)
        if new["changed_in_month"] > old["changed_in_month"]
    ]
    may_begin = [
        r["month"]
        for r in before
        if r["month"] >= row["month"]
        and r["month"][:4] == row["month"][:4]
        and f"coverage/{coverage}" in (r["records"] or "").split()
        and not r["changed_in_month"]
    ]
    assert flagged == (may_begin if precision == "year" else may_begin[:1])
    assert [r | {"changed_in_month": 0} for r in before] == [
        r | {"changed_in_month": 0} for r in after
    ]
