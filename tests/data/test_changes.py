"""What changed: worked examples, small packages for each rule, and properties of all changes."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.dated import SHOWN, DatedChanges
from worked_examples import examples, judge_changes

EXAMPLES = examples("changes")
DAY = st.dates(min_value=date(1990, 1, 1), max_value=date(2035, 12, 31)).map(date.isoformat)


def test_there_are_enough_examples():
    assert len(EXAMPLES) >= 40


@pytest.mark.parametrize(
    "e", EXAMPLES, ids=lambda e: "-".join([e["jurisdiction"], e["to"], e["says"][:30]])
)
def test_worked_examples(ask, e):
    given = {name: e[name] for name in ("from", "to", "jurisdiction", "population")}
    judge_changes(ask("changes_between", **given), e)


# ---- each rule, on small packages ----------------------------------------------------------------

PROGRAM = {"program": "zz-plan", "jurisdiction": "ZZ", "name": "Plan (ZP)"}
ROW = {
    "program": "zz-plan",
    "population": "adult",
    "enrollment": "open",
    "applies_to": "everyone",
    "benefit_scope": "full",
    "valid_from": "2020-01-01",
    "valid_from_precision": "day",
    "begins_as": "start",
    "standing": "established",
}
CLOSED = {"enrollment": "closed_to_new", "applies_to": "current_enrollees"}
NO_DENTAL = {"benefit_scope": "reduced", "benefits": "All but dental care"}
BANDS = [{"age_min": 19, "age_max": 25}, {"age_min": 26, "age_max": 64}]

# (what it is about, the row before or None, the row or rows from 2021 on, what is said of 2021)
RULES = [
    (
        "closes",
        {},
        [CLOSED],
        ["Plan stops taking new people, for adults. People already in keep it."],
    ),
    ("opens", CLOSED, [{}], ["Plan takes new people again, for adults."]),
    (
        "opens up to a cap",
        CLOSED,
        [{"enrollment": "capped", "enrollment_cap": 16500}],
        ["Plan takes new people again, up to a cap of 16,500 places, for adults."],
    ),
    (
        "a cap",
        {},
        [{"enrollment": "capped", "enrollment_cap": 16500}],
        ["Plan sets a cap of 16,500 places, for adults."],
    ),
    (
        "a cap without a number",
        {},
        [{"enrollment": "capped"}],
        ["Plan sets a cap on places, for adults."],
    ),
    ("no cap", {"enrollment": "capped"}, [{}], ["Plan lifts its cap on places, for adults."]),
    ("less care", {}, [NO_DENTAL], ["Plan drops dental care, for adults."]),
    ("more care", NO_DENTAL, [{}], ["Plan adds dental care, for adults."]),
    (
        "other care",
        NO_DENTAL,
        [NO_DENTAL | {"benefits": "Outpatient care"}],
        ["Plan changes its benefits, for adults. Benefits from then on: outpatient care."],
    ),
    (
        "some care only",
        {},
        [{"benefit_scope": "partial", "benefits": "Outpatient care"}],
        [
            "Plan (some kinds of care only: outpatient care) goes over to some kinds of care only,"
            " for adults."
        ],
    ),
    (
        "a premium",
        {},
        [{"cost_sharing": "Premium of 30 dollars a month"}],
        ["Plan adds a premium of 30 dollars a month, for adults."],
    ),
    (
        "a premium where care was free",
        {"cost_sharing": "Free to members"},
        [{"cost_sharing": "Premium of 30 dollars a month"}],
        ["Plan adds a premium of 30 dollars a month, for adults."],
    ),
    (
        "other charges",
        {"cost_sharing": "5 dollars a visit"},
        [{"cost_sharing": "No copayments"}],
        ["Plan changes its charges, for adults. Charges from then on: no copayments."],
    ),
    (
        "charges that were not recorded",
        {},
        [{"cost_sharing": "5 dollars a visit"}],
        ["Plan adds charges, for adults. Charges from then on: 5 dollars a visit."],
    ),
    (
        "two ways to say that care is free",
        {"cost_sharing": "Free to members"},
        [{"cost_sharing": "None", "income_limit_pct_fpl": 138, "note": "As above"}],
        ["Plan changes its rules, for adults. Note: As above."],
    ),
    (
        "a lower limit",
        {"income_limit_pct_fpl": 215},
        [{"income_limit_pct_fpl": 138}],
        ["Plan lowers its income limit from 215% to 138% of poverty, for adults."],
    ),
    (
        "three changes",
        {"income_limit_pct_fpl": 138},
        [CLOSED | NO_DENTAL | {"income_limit_pct_fpl": 200}],
        [
            "Plan stops taking new people, raises its income limit from 138% to 200% of poverty and"
            " drops dental care, for adults. People already in keep it."
        ],
    ),
    (
        "only new applicants",
        {},
        [{"applies_to": "new_applicants"}],
        ["Plan now takes new applicants only, for adults."],
    ),
    (
        "another limit for new applicants",
        {"income_limit_pct_fpl": 200},
        [
            {"applies_to": "new_applicants", "income_limit_pct_fpl": 138},
            CLOSED | {"income_limit_pct_fpl": 200},
        ],
        [
            "Plan lowers its income limit from 200% to 138% of poverty for new applicants,"
            " for adults."
        ],
    ),
    ("a split of ages", {}, BANDS, ["Plan ends for adults under 19 and adults 65 and over."]),
    ("a split and nothing else", {"age_min": 19, "age_max": 64}, BANDS, []),
    (
        "bands that join",
        BANDS[0],
        [BANDS[1] | {"begins_as": "start"}, BANDS[0]],
        [
            "Plan changes its rules, for adults 19 to 25.",
            "Plan extends to adults 26 to 64.",
        ],
    ),
    ("better evidence", {}, [{"begins_as": "evidence", "income_limit_pct_fpl": 138}], []),
    ("better evidence for fewer ages", {}, [BANDS[0] | {"begins_as": "evidence"}], []),
    (
        "a limit that becomes known",
        {},
        [{"income_limit_pct_fpl": 138, "note": "Moved. More."}],
        ["Plan changes its rules, for adults. Note: Moved."],
    ),
    ("an end", {}, [], ["Plan ends for adults."]),
    ("a start", None, [{"begins_as": "start"}], ["Plan starts for adults."]),
    (
        "a start in two groups",
        None,
        [
            {"begins_as": "start", "age_min": 19, "age_max": 64},
            {"begins_as": "start", "age_min": 65, "population": "older_adult"},
        ],
        ["Plan starts for adults 19 to 64 and older adults."],
    ),
    (
        "help with premiums",
        None,
        [{"begins_as": "start", "benefit_scope": "premium_subsidy", "enrollment": "capped"}],
        ["Plan (help with premiums only) starts for adults, with a cap on places."],
    ),
]


@pytest.mark.parametrize("before, after, wanted", [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_rules(package, before, after, wanted):
    rows = [] if before is None else [ROW | {"valid_to": "2021-01-01"} | before]
    rows += [ROW | {"valid_from": "2021-01-01", "begins_as": "change"} | row for row in after]
    rows = [row | {"coverage": f"row-{n}"} for n, row in enumerate(rows)]
    tables: dict[str, list[dict]] = {t: [] for t in SHOWN}
    tables |= {"coverage": rows, "programs": [PROGRAM], "populations": package.rows("populations")}
    found = DatedChanges.of_package(package).apply(tables).values()
    assert sorted(c["in_words"] for c in found if c["date"] == "2021-01-01") == wanted


# ---- all changes ---------------------------------------------------------------------------------


def test_each_change_of_coverage_is_on_the_day_of_a_boundary(db):
    sql = """
    SELECT record FROM dated_changes c WHERE "table" = 'coverage' AND NOT EXISTS (
      SELECT 1 FROM boundaries b
      WHERE b.subject = 'coverage' AND b.about = c.jurisdiction AND b.day = c.date)"""
    assert db.execute(sql).fetchall() == []


def test_no_change_begins_with_evidence(db):
    sql = """
    SELECT d.record FROM dated_changes d JOIN coverage c ON c.coverage = d.record
    WHERE d."table" = 'coverage' AND d.kind <> 'coverage_ends' AND c.begins_as = 'evidence'"""
    assert db.execute(sql).fetchall() == []


def test_what_is_less_than_coverage_is_named_and_never_said_to_cover(db):
    sql = """
    SELECT d.title, d.in_words FROM dated_changes d JOIN coverage c ON c.coverage = d.record
    WHERE d."table" = 'coverage' AND c.benefit_scope IN ('partial', 'premium_subsidy')"""
    found = [text for row in db.execute(sql) for text in row]
    assert len(found) > 4
    for text in found:
        said = text.partition("Note: ")[0]
        assert re.search(r"\((help with premiums|some kinds of care) only", said), text
        # The name of a program may have the word.
        assert not re.search(r": coverage|\bcovers\b|\bcovered\b", said), text


def test_a_row_that_begins_is_a_change_or_differs_in_nothing(db):
    columns = "income_limit_pct_fpl enrollment_cap benefit_scope benefits cost_sharing".split()
    same = " AND ".join(f"b.{c} IS a.{c}" for c in columns)
    sql = f"""
    SELECT a.coverage FROM coverage a
    WHERE a.begins_as <> 'evidence'
      AND NOT EXISTS (
        SELECT 1 FROM dated_changes d
        WHERE d."table" = 'coverage' AND d.date = a.valid_from
          AND ' ' || d.records || ' ' LIKE '% ' || a.coverage || ' %')
      AND NOT EXISTS (
        SELECT 1 FROM coverage b
        WHERE b.program = a.program AND b.population = a.population
          AND b.valid_to = a.valid_from AND {same})"""
    assert db.execute(sql).fetchall() == []


def test_what_changes_alike_on_one_day_is_one_entry(db):
    sql = """
    SELECT p.program, d.date, d.in_words, d.ages FROM dated_changes d
    JOIN coverage c ON c.coverage = d.record JOIN programs p ON p.program = c.program"""
    seen = {}
    for program, day, words, ages in db.execute(sql):
        if "Note: " in words:
            continue  # notes differ
        people = r"(for|to) (children|adults|older adults|p\w+ people)((?!, only)[^.;])*"
        said = re.sub(people, "", words)
        assert (program, day, said) not in seen, (words, seen[program, day, said])
        seen[program, day, said] = ages
    assert len(seen) > 60


@given(st.tuples(DAY, DAY, DAY), st.sampled_from(["", "CA", "IL", "TX"]))
@settings(max_examples=40, deadline=None)
def test_neighboring_stretches_add_up(ask, days, jurisdiction):
    first, middle, last = sorted(days)

    def keys(start: str, end: str) -> list[str]:
        rows = ask("changes_between", **{"from": start, "to": end}, jurisdiction=jurisdiction)
        assert rows and all(r["in_words"] and r["citations"] for r in rows)
        assert [r["date"] for r in rows] == sorted(r["date"] for r in rows)
        return [r["change"] for r in rows if r["kind"] != "none"]

    assert sorted(keys(first, middle) + keys(middle, last)) == sorted(keys(first, last))


def test_empty_ends_are_the_year_before_the_data_ends(ask, db):
    [(through,)] = db.execute("SELECT data_through FROM dataset")
    [ends] = {(r["from"], r["to"]) for r in ask("changes_between")}
    assert ends == (f"{int(through[:4]) - 1}{through[4:]}", through)
    [leap] = {r["from"] for r in ask("changes_between", to="2024-02-29")}
    assert leap == "2023-02-28"


def test_where_nothing_changed_one_row_says_so(ask):
    [row] = ask("changes_between", **{"from": "2024-05-02", "to": "2024-05-02"})
    assert row["kind"] == "none" and row["in_words"].startswith("No change is recorded after")
    [row] = ask("changes_between", **{"from": "2025-01-01", "to": "2024-01-01"})
    assert row["in_words"] == "The start, 2025-01-01, is after the end, 2024-01-01."


def test_the_timeline_says_the_same(ask):
    asked = {"from": "0001-01-01", "to": "9999-12-31"}
    for more in ({}, {"jurisdiction": "CA"}, {"population": "older_adult"}):
        listed = {r["in_words"] for r in ask("timeline", **more) if r["record"]}
        between = {r["in_words"] for r in ask("changes_between", **asked, **more) if r["record"]}
        # Parties that are no jurisdiction are in the timeline only.
        assert between <= listed and all(" becomes " in words for words in listed - between)
