"""What pages say of days, doubt and income."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from random import Random

import pytest

from page_list import CASE, eligibility, read

# Days from before Medicaid to after all that is scheduled, drawn once: whoever asks, each is
# answered.
RANDOM_DAYS = [date(1960, 1, 1) + timedelta(days=d) for d in Random(11).sample(range(29_000), 18)]


DATED = (
    "/",
    "/coverage",
    "/gaps",
    "/jurisdictions/IL",
    "/jurisdictions/NY",
    f"/cases/{CASE}",
    "/cases/california-v-usda",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "day",
    ["0001-01-01", "1995-01-01", "2023-12-31", "2024-02-29", "9999-12-31", *map(str, RANDOM_DAYS)],
)
def test_each_day_is_answered(site, day):
    for page in DATED:
        read(site, f"/on/{day}{page}")
    for other in ("2026-11-24", "2008-02-29"):
        read(site, f"/on/{day}/coverage/and/{other}")
    assert site.get(f"/eligibility?age=30&as_of={day}").status_code == 200
    for name in ("coverage_on", "roles_on", "sharing_on", "gaps", "eligibility"):
        assert site.get(f"/answers/{name}/as_of={day}.json").status_code == 200


def test_why_is_answered_on_the_page(site):
    """Each cell on data sharing leads to a reason below its table."""
    for path in (
        f"/cases/{CASE}",
        "/on/2026-01-06/jurisdictions/CA",
        "/on/2019-01-01/jurisdictions/TX",
    ):
        source = site.get(path).text
        leads_to = re.findall(r'<a href="#(reason-[^"]+)" class="small">why', source)
        reasons = dict(re.findall(r'<li id="(reason-[^"]+)"[^>]*>(.*?)</li>', source, re.DOTALL))
        assert (
            leads_to
            and set(leads_to) == set(reasons)
            and all(len(r) > 60 for r in reasons.values())
        )


def test_a_month_is_not_told_as_a_day(site):
    text = read(site, f"/cases/{CASE}").text
    assert "From May 2026 (the day is not known)" in text and "1 May 2026" not in text


@pytest.mark.parametrize("day", ["0001-01-01", "2003-05-06", "2020-02-29", "2021-12-31"])
def test_a_day_that_the_dataset_does_not_reach_says_so(site, db, day):
    """Of what nothing is recorded, a list of gaps says how much, in each form."""
    from_day = "The dataset answers every day from 1 January 2022 on."
    for path in ("/", "/coverage", "/jurisdictions/WY", f"/on/2025-01-01/coverage/and/{day}"):
        address = path if "/and/" in path else f"{path}?as_of={day}"
        assert from_day in read(site, address).text, address
    answers = site.get(f"/benefits/coverage_on.json?_shape=array&as_of={day}").json()
    recorded = {
        (r["jurisdiction"], r["population"])
        for r in answers
        if r["absence"] or (r["program"] and r["status_scope"] == "any_status")
    }
    nothing = 255 - len(recorded)
    said = f"Nothing is recorded on this day for {nothing} of 255 groups"
    assert nothing and said in read(site, f"/gaps?as_of={day}").text
    rows = site.get(f"/benefits/gaps.json?_shape=array&as_of={day}").json()
    assert [r["note"].startswith(said) for r in rows if r["record"] is None] == [True]
    assert said in site.get(f"/benefits/gaps.csv?as_of={day}").text


@pytest.mark.parametrize("day", ["2022-01-01", "2026-11-24"])
def test_a_day_that_the_dataset_reaches_has_no_such_note(site, day):
    assert "answers every day from" not in read(site, f"/gaps?as_of={day}").text
    rows = site.get(f"/benefits/gaps.json?_shape=array&as_of={day}").json()
    assert rows and all(r["record"] for r in rows)


@pytest.mark.parametrize(
    "path",
    ["/", "/coverage", "/gaps", "/jurisdictions/CA", f"/cases/{CASE}", "/eligibility?age=30"],
)
def test_a_day_after_the_data_says_so(site, path):
    sign = "&" if "?" in path else "?"
    assert "as scheduled then" in read(site, f"{path}{sign}as_of=2031-05-01").text


def test_an_end_of_which_the_month_is_known_is_not_told_as_a_day(site, db):
    """A period ends where the next begins. No page knows more of that day than its start says."""
    ends = db.execute(
        "SELECT p.jurisdiction, a.coverage AS record, a.valid_to,"
        " MAX(b.valid_from_precision) AS precision"
        " FROM coverage a JOIN coverage b"
        " ON a.program = b.program AND a.population = b.population AND a.valid_to = b.valid_from"
        " JOIN programs p ON p.program = a.program WHERE b.valid_from_precision <> 'day' GROUP BY 2"
        " UNION SELECT a.jurisdiction, a.absence, a.valid_to, c.valid_from_precision"
        " FROM absences a JOIN coverage_rules c ON c.jurisdiction = a.jurisdiction"
        " AND c.population = a.population AND c.valid_from = a.valid_to"
        " WHERE c.valid_from_precision <> 'day'"
    ).fetchall()
    assert len(ends) > 8
    for place, record, day, precision in ends:
        (row,) = [
            r
            for r in re.findall("<tr>.*?</tr>", site.get(f"/jurisdictions/{place}").text, re.S)
            if f'/{record}"' in r and '<th scope="row">' in r and r.count("<td>") >= 6
        ]
        when = date.fromisoformat(day)
        known = f"{when:%B %Y}" if precision == "month" else f"{when:%Y}"
        assert f"<td>{when.day} {when:%B %Y}</td>" not in row, record
        assert f"<td>{known}</td>" in row, record


def test_the_day_for_programs_is_as_precise_as_what_is_shown(site, db):
    for page in ("/changes", "/cases/" + CASE, "/jurisdictions/WA"):
        for machine, shown in re.findall(
            r'<time datetime="([0-9-]+)">([^<]+)</time>', site.get(page).text
        ):
            assert len(machine) == {1: 4, 2: 7, 3: 10}[len(shown.split())], (page, machine, shown)


def test_a_case_filed_in_a_month_is_not_said_to_be_filed_on_a_day(site, db):
    filed = db.execute(
        "SELECT court_case, filed FROM cases WHERE filed_precision = 'month'"
    ).fetchone()
    rows = site.get(
        f"/benefits/roles_on.json?_shape=array&as_of=2020-01-01&court_case={filed[0]}"
    ).json()
    assert {r["note"] for r in rows} == {
        f"The case was filed later, in {filed[1][:7]} (day unknown)."
    }


def test_a_party_stands_on_the_page_of_a_day_on_which_it_was_one(site, db):
    first = db.execute(
        "SELECT MIN(valid_from) FROM roles WHERE court_case = ? AND jurisdiction IS NULL", [CASE]
    ).fetchone()[0]
    assert "Other parties" in site.get(f"/cases/{CASE}?as_of={first}").text
    assert "Other parties" not in site.get(f"/cases/{CASE}?as_of=2020-01-01").text


def test_help_with_premiums_and_single_kinds_of_care_are_no_start_of_coverage(site, db):
    less = {
        r[0]
        for r in db.execute(
            "SELECT coverage FROM coverage WHERE benefit_scope IN ('partial', 'premium_subsidy')"
        )
    }
    some = {
        r[0]
        for r in db.execute(
            "SELECT coverage FROM coverage_rules WHERE status_scope <> 'any_status'"
        )
    }
    titles = {
        r["record"]: r["title"]
        for r in site.get("/benefits/timeline.json?_shape=array").json()
        if r["table"] == "coverage"
    }
    assert len(less & set(titles)) > 3 and not [
        t for k, t in titles.items() if k in less and re.search("(: coverage|: rules change)", t)
    ]
    assert len(some & set(titles)) > 3 and not [
        t for k, t in titles.items() if k in some and " only" not in t
    ]
    feed = html.unescape(site.get("/changes.atom").text)
    assert all(titles[k] in feed for k in less & set(titles))


def test_eligibility_says_with_what_income_was_compared(site):
    old = eligibility(site, jurisdiction="CA", age=60, income_usd=20000, as_of="2023-01-01")
    assert "No poverty guideline is recorded for" in old and "Income was not asked" not in old
    assert "By the poverty guidelines in force" not in old
    later = eligibility(site, jurisdiction="CA", age=60, income_usd=20000, as_of="2030-01-01")
    assert (
        "By the poverty guidelines from 13 January 2026 on, the newest recorded, $20,000" in later
    )
    everywhere = eligibility(site, age=30, income_usd=20000, as_of="2026-02-01")
    for place, region in (
        ("AK", "Alaska"),
        ("HI", "Hawaii"),
        ("AL", "the 48 contiguous states and DC"),
    ):
        rows = site.get(
            f"/benefits/eligibility.json?_shape=array&jurisdiction={place}"
            "&age=30&income_usd=20000&as_of=2026-02-01"
        ).json()
        assert f"is {rows[0]['income_pct_fpl']}% of poverty in {region}" in everywhere
    both = eligibility(site, jurisdiction="CA", age=60, income_usd=90000, income_pct_fpl=100)
    assert (
        "Income was given twice. The percentage of poverty was compared, the dollars were not."
        in both
    )


def test_eligibility_says_what_was_not_asked(site):
    assert "Age was not asked." in eligibility(site, jurisdiction="CA", pregnant="yes")
    assert "Age was not asked." not in eligibility(site, jurisdiction="CA", age=30)
