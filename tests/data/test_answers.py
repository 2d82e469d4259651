"""The answers, against worked examples and as properties of every day."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.answers import read_answers
from benefits.package import ROOT
from worked_examples import (
    coverage_questions,
    examples,
    includes,
    judge_coverage,
    judge_plaintiffs,
    judge_roles,
    judge_sharing,
)

DAY = st.dates(min_value=date(2024, 1, 1), max_value=date(2028, 12, 31)).map(date.isoformat)
ANY_DAY = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)).map(date.isoformat)
LIKELY_DAY = st.dates(min_value=date(1990, 1, 1), max_value=date(2035, 12, 31)).map(date.isoformat)


COVERAGE = coverage_questions()


def test_there_are_enough_examples():
    assert len(COVERAGE) >= 60
    assert len(examples("sharing")) >= 20
    assert len(examples("roles")) + len(examples("plaintiffs")) >= 8


@pytest.mark.parametrize("asked", COVERAGE, ids="-".join)
def test_coverage(ask, asked):
    jurisdiction, population, _, as_of = asked
    judge_coverage(
        ask("coverage_on", as_of=as_of, jurisdiction=jurisdiction, population=population),
        asked,
        COVERAGE[asked],
    )


@pytest.mark.parametrize("e", examples("sharing"), ids=lambda e: "-".join(list(e.values())[:4]))
def test_sharing(ask, e):
    rows = ask(
        "sharing_on",
        as_of=e["as_of"],
        jurisdiction=e["jurisdiction"],
        data_element=e["data_element"],
        person_class=e["person_class"],
    )
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
    assert ask("coverage_on", jurisdiction="CA") == ask(
        "coverage_on", jurisdiction="CA", as_of=through
    )
    assert {r["as_of"] for r in ask("roles_on")} == {through}


def test_no_answer_is_empty(ask, package):
    for as_of in ("1900-01-01", "2023-12-31", "2024-01-01", "2026-11-24", "2100-01-01"):
        assert {(r["jurisdiction"], r["population"]) for r in ask("coverage_on", as_of=as_of)} == {
            (j["jurisdiction"], p["population"])
            for j in package.rows("jurisdictions")
            for p in package.rows("populations")
        }
        assert (
            len(
                ask(
                    "sharing_on",
                    as_of=as_of,
                    jurisdiction="CA",
                    person_class="citizen",
                    data_element="address",
                )
            )
            == 1
        )


def any_status(rows) -> list[dict]:
    return [r for r in rows if r["status_scope"] in (None, "any_status")]


# What a program pays for is said first, and nothing less than coverage is called open.
IN_WORDS = [
    (
        "CO",
        "adult",
        "2026-11-24",
        "co-omnisalud",
        "Help with premiums only: for people up to a cap (places may be full)",
    ),
    (
        "CO",
        "adult",
        "2026-11-24",
        "co-reproductive-health-care",
        "Family planning and related care only: for people",
    ),
    ("WA", "adult", "2026-11-24", "wa-cascade-care-savings", "Help with premiums only: for people"),
    (
        "WA",
        "adult",
        "2026-11-24",
        "wa-state-funded-long-term-care",
        "Long-term care only: for people up to a cap",
    ),
    ("MA", "child", "2024-06-01", "ma-cmsp", "Outpatient primary and preventive care only: "),
    (
        "TX",
        "postpartum",
        "2025-01-01",
        "tx-fcep",
        "Two doctor visits after the birth only: for people",
    ),
    (
        "DC",
        "child",
        "2026-01-01",
        "dc-healthcare-alliance",
        "Open regardless of immigration status",
    ),
    ("IL", "adult", "2025-06-30", "il-hbia", "Closed to new applicants; people already enrolled"),
]


@pytest.mark.parametrize("jurisdiction, population, day, program, says", IN_WORDS)
def test_in_words_says_how_much_care(ask, jurisdiction, population, day, program, says):
    rows = ask("coverage_on", as_of=day, jurisdiction=jurisdiction, population=population)
    assert [r for r in rows if r["program"] == program and r["in_words"].startswith(says)], rows


@pytest.mark.slow
@given(day=LIKELY_DAY)
@settings(max_examples=40, deadline=None)
def test_nothing_less_than_coverage_is_called_open(ask, day):
    for r in ask("coverage_on", as_of=day):
        if r["benefit_scope"] in ("partial", "premium_subsidy"):
            assert " only: " in r["in_words"] and "open" not in r["in_words"].lower(), r
        if r["benefit_scope"] == "reduced":
            assert "; reduced benefits: " in r["in_words"], r
        if r["program"] and not r["benefit_scope"]:
            assert "how much care it pays for is not established" in r["in_words"], r


@pytest.mark.parametrize(
    "jurisdiction, population, day",
    [("IL", "adult", "2020-01-01"), ("IL", "adult", "2021-06-01"), ("NY", "adult", "2023-05-01")],
)
def test_a_program_for_some_statuses_is_no_answer_for_all(ask, jurisdiction, population, day):
    rows = ask("coverage_on", as_of=day, jurisdiction=jurisdiction, population=population)
    [answer] = any_status(rows)
    assert answer["finding"] in ("none", "not_established")
    assert [r for r in rows if r["status_scope"] not in (None, "any_status")]


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["coverage_on", "roles_on", "sharing_on"])
@pytest.mark.parametrize("day", ["9999-12-30", "9999-12-31", "2199-01-01"])
def test_no_day_of_knowledge_is_special(ask, answer, day):
    assert ask(answer, known_at=day) == ask(answer)


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["coverage_on", "sharing_on", "roles_on"])
def test_the_last_days_of_the_calendar_are_days(ask, answer):
    last = [
        [{k: v for k, v in r.items() if k != "as_of"} for r in ask(answer, as_of=day)]
        for day in ("9998-01-01", "9999-12-30", "9999-12-31")
    ]
    assert last[0] == last[1] == last[2]


# jurisdiction, question, and the findings in the order in which they stand: what is met first.
PERSONS = [
    ("NJ", {"age": "30", "pregnant": "yes"}, ["met nj-supplemental-prenatal"]),
    ("TX", {"age": "30"}, ["none"]),
    ("CO", {"age": "30"}, ["met co-omnisalud", "met co-reproductive-health-care"]),
    ("WA", {"age": "62"}, ["met wa-apple-health-expansion", "met wa-cascade-care-savings"]),
    ("CT", {"age": "14", "as_of": "2025-01-01"}, ["met ct-state-husky", "met ct-state-husky"]),
    ("NY", {"age": "40", "as_of": "2015-01-01"}, ["not_established adult"]),
    ("IL", {"age": "50", "as_of": "2025-06-30"}, ["met il-hbia"]),
    ("IL", {"age": "50", "as_of": "2025-07-01"}, ["none"]),
]


@pytest.mark.parametrize("jurisdiction, person, found", PERSONS)
def test_eligibility(ask, jurisdiction, person, found):
    rows = ask("eligibility", jurisdiction=jurisdiction, **person)
    said = [" ".join(filter(None, [r["finding"], r["program"] or r["population"]])) for r in rows]
    assert said[: len(found)] == found, said
    assert all(r["rules_met"] and r["citations"] for r in rows)


@pytest.mark.slow
@given(
    day=LIKELY_DAY,
    age=st.integers(0, 120),
    pregnant=st.sampled_from(["", "no", "yes", "postpartum"]),
)
@settings(max_examples=40, deadline=None)
def test_eligibility_answers_for_everybody_and_lists_open_coverage_first(ask, day, age, pregnant):
    rows = ask("eligibility", as_of=day, age=str(age), pregnant=pregnant)
    assert {r["jurisdiction"] for r in rows} == {r["jurisdiction"] for r in ask("roles_on")}

    def rank(r):
        if not r["program"]:
            return 5
        if r["benefit_scope"] in ("partial", "premium_subsidy"):
            return 3
        return {"open": 0, "capped": 1, "closed_to_new": 2}[r["enrollment"]]

    ranks: dict = {}
    for r in rows:
        ranks.setdefault(r["jurisdiction"], []).append(rank(r))
    assert all(found == sorted(found) for found in ranks.values())


def test_evidence_names_both_sides_of_a_conflict(ask, package):
    contradicted = next(
        c for c in package.rows("citations") if c["relation"] == "contradicts" and c["field"]
    )
    rows = ask("evidence_for", table=contradicted["table"], record=contradicted["record"])
    assert {"supports", "contradicts"} <= {
        r["relation"] for r in rows if r["field"] == contradicted["field"]
    }


def test_evidence_for_a_record_without_source_says_so(db, ask):
    """A searched absence may lack a source: its citations are taken away in a copy of the
    database."""
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    copy.row_factory = sqlite3.Row
    copy.execute("DELETE FROM citations WHERE record = 'vt-no-postpartum-2024'")
    sql = (ROOT / "sql" / "queries" / "evidence_for.sql").read_text(encoding="utf-8")
    [row] = copy.execute(sql, {"table": "absences", "record": "vt-no-postpartum-2024"}).fetchall()
    assert row["source"] is None and "searched without result" in row["note"]
    [row] = ask("evidence_for", table="populations", record="child")
    assert "needs no citation" in row["note"]


# ---- properties ----------------------------------------------------------------------------------


@pytest.mark.slow
@given(day=DAY, age=st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_each_day_has_one_answer_for_one_person(ask, day, age):
    """Per program, population and age at most one row for new applicants and one for people
    already enrolled."""
    seen = Counter()
    for row in ask("coverage_on", as_of=day):
        if row["program"] and includes(row, age):
            kinds = (
                ["new_applicants", "current_enrollees"]
                if row["applies_to"] == "everyone"
                else [row["applies_to"]]
            )
            seen.update((row["program"], row["population"], kind) for kind in kinds)
    assert max(seen.values()) == 1


@pytest.mark.slow
@given(day=st.one_of(LIKELY_DAY, ANY_DAY))
@settings(max_examples=100, deadline=None)
def test_every_pair_has_an_answer_regardless_of_status(ask, day):
    rows = any_status(ask("coverage_on", as_of=day))
    assert len({(r["jurisdiction"], r["population"]) for r in rows}) == 51 * 5


@pytest.mark.slow
@given(day=DAY, age=st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_every_pair_has_coverage_or_one_absence(ask, day, age):
    """At one age: other ages of the same group can have another answer."""
    answers = {}
    for row in any_status(ask("coverage_on", as_of=day)):
        if includes(row, age):
            answers.setdefault((row["jurisdiction"], row["population"]), set()).add(
                "covered" if row["program"] else row["absence"]
            )
    assert all(len(a) == 1 for a in answers.values()), answers


def boundaries(package):
    days = set()
    for table in ("coverage", "absences", "roles", "order_terms"):
        for row in package.rows(table):
            days |= {row["valid_from"], row["valid_to"]} - {None}
    return days


@pytest.mark.slow
@given(day=DAY)
@settings(max_examples=40, deadline=None)
def test_answers_change_only_on_boundary_dates(ask, package, day):
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    if day in boundaries(package):
        return

    def said(name, when, *keys):
        return [tuple(r[k] for k in keys) for r in ask(name, as_of=when)]

    assert said("coverage_on", day, "coverage", "absence", "finding") == said(
        "coverage_on", before, "coverage", "absence", "finding"
    )
    assert said("roles_on", day, "role_id", "role") == said("roles_on", before, "role_id", "role")


@pytest.mark.slow
@given(
    day=st.dates(min_value=date(2024, 1, 1), max_value=date(2026, 11, 24)).map(date.isoformat),
    jurisdiction=st.sampled_from(["CA", "WI", "DC", "TX", "IL", "VA"]),
)
@settings(max_examples=40, deadline=None)
def test_an_answer_is_the_same_since_its_boundary(ask, db, day, jurisdiction):
    """The site gives the data of an answer at the day on which it last changed."""

    def said(answer, when):
        return [
            {k: v for k, v in r.items() if k != "as_of"}
            for r in ask(answer, as_of=when, jurisdiction=jurisdiction)
        ]

    [since] = db.execute(
        "SELECT MAX(day) FROM boundaries WHERE subject = 'roles' AND about = 'california-v-hhs' AND"
        " day <= ?",
        [day],
    ).fetchone()
    roles = [
        [
            {k: v for k, v in r.items() if k != "as_of"}
            for r in ask("roles_on", as_of=d, court_case="california-v-hhs")
        ]
        for d in (day, max(since or "", "2024-01-01"))
    ]
    assert roles[0] == roles[1]
    for subject, answer in (("coverage", "coverage_on"), ("sharing", "sharing_on")):
        [since] = db.execute(
            "SELECT MAX(day) FROM boundaries WHERE subject = ? AND about = ? AND day <= ?",
            [subject, jurisdiction, day],
        ).fetchone()
        assert said(answer, day) == said(answer, max(since or "", "2024-01-01"))


def test_a_term_of_which_the_month_is_known_is_certain_from_its_last_day(db):
    other = sqlite3.connect(":memory:")
    db.backup(other)
    other.execute("UPDATE order_terms_known SET standing = 'established'")
    sql = read_answers()["sharing_on"]
    asked = dict.fromkeys(sql.parameters, "") | {"jurisdiction": "CA"}

    def statuses(day):
        return [row[5:7] for row in other.execute(sql.sql, asked | {"as_of": day})]

    assert statuses("2026-05-30") != statuses("2026-05-31") == statuses("2026-06-01")
    days = "SELECT day FROM boundaries WHERE subject = 'sharing' AND about = 'CA'"
    assert ("2026-05-31",) in other.execute(days).fetchall()


@given(day=DAY, jurisdiction=st.sampled_from(["CA", "WI", "DC", "TX"]))
@settings(max_examples=40, deadline=None)
def test_a_sharing_answer_always_says_why(ask, day, jurisdiction):
    rows = ask("sharing_on", as_of=day, jurisdiction=jurisdiction)
    assert {r["status"] for r in rows} <= {
        "enjoined",
        "permitted",
        "not_restricted_by_this_case",
        "unclear",
    }
    assert all(r["reason"] and r["citations"] for r in rows)
    assert all(r["order_term"] for r in rows if r["status"] in ("enjoined", "permitted"))
