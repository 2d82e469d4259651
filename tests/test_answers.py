"""The answers, against worked examples and as properties of every day."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from worked_examples import coverage_questions, examples, includes, judge_coverage, judge_plaintiffs, judge_roles, judge_sharing

DAY = st.dates(min_value=date(2024, 1, 1), max_value=date(2028, 12, 31)).map(date.isoformat)


COVERAGE = coverage_questions()


def test_there_are_enough_examples():
    assert len(COVERAGE) >= 60
    assert len(examples("sharing")) >= 20
    assert len(examples("roles")) + len(examples("plaintiffs")) >= 8


@pytest.mark.parametrize("asked", COVERAGE, ids="-".join)
def test_coverage(ask, asked):
    jurisdiction, population, _, as_of = asked
    judge_coverage(ask("coverage_on", as_of=as_of, jurisdiction=jurisdiction, population=population), asked, COVERAGE[asked])


@pytest.mark.parametrize("e", examples("sharing"), ids=lambda e: "-".join(list(e.values())[:4]))
def test_sharing(ask, e):
    rows = ask("sharing_on", as_of=e["as_of"], jurisdiction=e["jurisdiction"], data_element=e["data_element"], person_class=e["person_class"])
    assert len(rows) == 1
    judge_sharing(rows, e)


@pytest.mark.parametrize("e", examples("roles"), ids=lambda e: "-".join(list(e.values())[:3]))
def test_roles(ask, e):
    judge_roles(ask("roles_on", as_of=e["as_of"], court_case=e["court_case"]), e)


@pytest.mark.parametrize("e", examples("plaintiffs"), ids=lambda e: "-".join(e.values()))
def test_number_of_plaintiffs(ask, e):
    judge_plaintiffs(ask("roles_on", as_of=e["as_of"], court_case=e["court_case"]), e)


def test_empty_date_means_data_through(ask, package):
    through = package.descriptor["data_through"]
    assert ask("coverage_on", jurisdiction="CA") == ask("coverage_on", jurisdiction="CA", as_of=through)
    assert {r["as_of"] for r in ask("roles_on")} == {through}


def test_no_answer_is_empty(ask, package):
    for as_of in ("1900-01-01", "2023-12-31", "2024-01-01", "2026-11-24", "2100-01-01"):
        assert {(r["jurisdiction"], r["population"]) for r in ask("coverage_on", as_of=as_of)} == {
            (j["jurisdiction"], p["population"]) for j in package.rows("jurisdictions") for p in package.rows("populations")
        }
        assert len(ask("sharing_on", as_of=as_of, jurisdiction="CA", person_class="citizen", data_element="address")) == 1


def test_evidence_names_both_sides_of_a_conflict(ask, package):
    contradicted = next(c for c in package.rows("citations") if c["relation"] == "contradicts" and c["field"])
    rows = ask("evidence_for", table=contradicted["table"], record=contradicted["record"])
    assert {"supports", "contradicts"} <= {r["relation"] for r in rows if r["field"] == contradicted["field"]}


def test_evidence_for_a_record_without_source_says_so(db, ask):
    """A searched absence may lack a source: its citations are taken away in a copy of the database."""
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    copy.row_factory = sqlite3.Row
    copy.execute("DELETE FROM citations WHERE record = 'nj-no-postpartum-2024'")
    sql = (ROOT / "sql" / "queries" / "evidence_for.sql").read_text(encoding="utf-8")
    [row] = copy.execute(sql, {"table": "absences", "record": "nj-no-postpartum-2024"}).fetchall()
    assert row["source"] is None and "searched without result" in row["note"]
    [row] = ask("evidence_for", table="populations", record="child")
    assert "needs no citation" in row["note"]


# ---- properties -----------------------------------------------------------------------------------------------------


@given(day=DAY, age=st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_each_day_has_one_answer_for_one_person(ask, day, age):
    """Per program, population and age at most one row for new applicants and one for people already enrolled."""
    seen = Counter()
    for row in ask("coverage_on", as_of=day):
        if row["program"] and includes(row, age):
            kinds = ["new_applicants", "current_enrollees"] if row["applies_to"] == "everyone" else [row["applies_to"]]
            seen.update((row["program"], row["population"], kind) for kind in kinds)
    assert max(seen.values()) == 1


@given(day=DAY)
@settings(max_examples=60, deadline=None)
def test_every_pair_has_coverage_or_one_absence(ask, day):
    answers = {}
    for row in ask("coverage_on", as_of=day):
        any_status = row["program"] is not None and row["status_scope"] == "any_status"
        if any_status or row["program"] is None:
            answers.setdefault((row["jurisdiction"], row["population"]), set()).add("covered" if any_status else row["absence"])
    assert len(answers) == 51 * 5
    assert all(len(a) == 1 for a in answers.values())


def boundaries(package):
    days = set()
    for table in ("coverage", "absences", "roles", "order_terms"):
        for row in package.rows(table):
            days |= {row["valid_from"], row["valid_to"]} - {None}
    return days


@given(day=DAY)
@settings(max_examples=40, deadline=None)
def test_answers_change_only_on_boundary_dates(ask, package, day):
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    if day in boundaries(package):
        return

    def said(name, when, *keys):
        return [tuple(r[k] for k in keys) for r in ask(name, as_of=when)]

    assert said("coverage_on", day, "coverage", "absence", "finding") == said("coverage_on", before, "coverage", "absence", "finding")
    assert said("roles_on", day, "role_id", "role") == said("roles_on", before, "role_id", "role")


@given(day=st.dates(min_value=date(2024, 1, 1), max_value=date(2026, 11, 24)).map(date.isoformat), jurisdiction=st.sampled_from(["CA", "WI", "DC", "TX", "IL", "VA"]))
@settings(max_examples=40, deadline=None)
def test_an_answer_is_the_same_since_its_boundary(ask, db, day, jurisdiction):
    """The site gives the data of an answer at the day on which it last changed."""

    def said(answer, when):
        return [{k: v for k, v in r.items() if k != "as_of"} for r in ask(answer, as_of=when, jurisdiction=jurisdiction)]

    [since] = db.execute("SELECT MAX(day) FROM boundaries WHERE subject = 'roles' AND about = 'california-v-hhs' AND day <= ?", [day]).fetchone()
    roles = [[{k: v for k, v in r.items() if k != "as_of"} for r in ask("roles_on", as_of=d, court_case="california-v-hhs")] for d in (day, max(since or "", "2024-01-01"))]
    assert roles[0] == roles[1]
    for subject, answer in (("coverage", "coverage_on"), ("sharing", "sharing_on")):
        [since] = db.execute("SELECT MAX(day) FROM boundaries WHERE subject = ? AND about = ? AND day <= ?", [subject, jurisdiction, day]).fetchone()
        assert said(answer, day) == said(answer, max(since or "", "2024-01-01"))


@given(day=DAY, jurisdiction=st.sampled_from(["CA", "WI", "DC", "TX"]))
@settings(max_examples=40, deadline=None)
def test_a_sharing_answer_always_says_why(ask, day, jurisdiction):
    rows = ask("sharing_on", as_of=day, jurisdiction=jurisdiction)
    assert {r["status"] for r in rows} <= {"enjoined", "permitted", "not_restricted_by_this_case", "unclear"}
    assert all(r["reason"] and r["citations"] for r in rows)
    assert all(r["order_term"] for r in rows if r["status"] in ("enjoined", "permitted"))
