"""What is open: the answer, its page and its document; and when answers were last checked."""

from __future__ import annotations

import re

import pytest

from benefits.documents import gaps
from benefits.web.place_pages import group_gaps

IN_FORCE = "valid_from <= ? AND (valid_to IS NULL OR ? < valid_to)"


@pytest.fixture(params=["", "2024-07-01", "2026-03-01", "2028-01-01"])
def day(request, package):
    return request.param or package.descriptor["data_through"]


def test_each_open_answer_says_where_to_look_next(ask, db, day):
    sql = f"SELECT * FROM absences WHERE finding = 'not_established' AND {IN_FORCE}"
    expected = {a["absence"]: a for a in map(dict, db.execute(sql, [day, day]))}
    rows = [r for r in ask("gaps", as_of=day) if r["table"] == "absences"]
    assert {r["record"] for r in rows} == set(expected)
    for r in rows:
        absence = expected[r["record"]]
        assert r["look_next"] == absence["look_next"] and r["look_next"]
        ages = [absence["age_min"], absence["age_max"]]
        assert all(re.search(rf"\b{age}\b", r["subject"]) for age in ages if age is not None)
        assert r["in_words"].startswith("We could not confirm") and r["note"] == absence["note"]


def test_each_field_in_doubt_is_named_with_its_reason(ask, db, day):
    sql = f"""
    SELECT s.record, s.field, s.standing, s.reason
    FROM field_standing s JOIN coverage c ON s."table" = 'coverage' AND c.coverage = s.record
    WHERE s.standing <> 'established' AND s.field NOT IN ('', 'note') AND {IN_FORCE}
    AND NOT EXISTS (SELECT 1 FROM field_standing w WHERE w."table" = 'coverage'
    AND w.record = s.record AND w.field = '' AND w.standing = s.standing)"""
    expected = {tuple(r) for r in db.execute(sql, [day, day])}
    rows = [r for r in ask("gaps", as_of=day) if r["table"] == "coverage" and r["field"]]
    assert {(r["record"], r["field"], r["standing"], r["note"]) for r in rows} == expected
    for r in rows:
        words = {"disputed": "Sources disagree on ", "reported": "Known from third-hand sources"}
        assert r["in_words"].startswith(words[r["standing"]]) and r["last_checked"]


def test_each_row_that_is_not_established_is_named(ask, db, day):
    named = {(r["table"], r["record"]) for r in ask("gaps", as_of=day) if not r["field"]}
    for table, key in (("coverage", "coverage"), ("roles", "role_id")):
        sql = f"SELECT {key} FROM {table} WHERE standing <> 'established' AND {IN_FORCE}"
        assert {(table, r[0]) for r in db.execute(sql, [day, day])} <= named


def test_questions_are_grouped_by_place_and_none_is_lost(ask, day):
    found = ask("gaps", as_of=day)
    places = group_gaps(found)
    assert len({p["jurisdiction"] for p in places}) == len(places)
    assert [p["jurisdiction"] for p in places[:-1]] == sorted(
        (p["jurisdiction"] for p in places[:-1]),
        key=lambda code: next(r["jurisdiction_name"] for r in found if r["jurisdiction"] == code),
    )
    shown = [(r["record"], r["field"]) for p in places for q in p["questions"] for r in q["rows"]]
    assert sorted(map(str, shown)) == sorted(str((r["record"], r["field"])) for r in found)


def test_the_document_lists_what_is_open_on_the_last_day(ask, package):
    text = gaps(package)
    for r in ask("gaps"):
        if r["table"] == "coverage" and r["field"]:
            assert f"| `{r['record']}` | `{r['field']}` | {r['standing']} | " in text
        elif r["table"] == "absences":
            assert r["look_next"].replace("|", "&#124;") + " |\n" in text
        elif r["table"] == "coverage":
            assert f"| `coverage/{r['record']}` | {r['standing']} | " in text


@pytest.mark.parametrize(
    "name, given",
    [
        ("coverage_on", {}),
        ("roles_on", {}),
        ("sharing_on", {"person_class": "citizen"}),
        ("eligibility", {"age": "30"}),
        ("status_on", {}),
    ],
)
def test_each_answer_with_a_source_says_when_it_was_last_checked(ask, db, name, given):
    through = db.execute("SELECT data_through FROM dataset").fetchone()[0]
    rows = [r for r in ask(name, **given) if not (r["citations"] or "").startswith("No source")]
    assert rows and all(r["last_checked"] and r["last_checked"] <= through for r in rows)


def test_an_order_and_a_role_are_as_old_as_the_older_of_their_looks(ask, db):
    looks = {
        (r["table"], r["record"]): r["last_checked"]
        for r in db.execute('SELECT "table", record, last_checked FROM record_citations')
    }
    roles = {
        (r["court_case"], r["jurisdiction"]): r["role_id"]
        for r in ask("roles_on", as_of="2026-06-01")
    }
    rows = [r for r in ask("sharing_on", as_of="2026-06-01") if r["order_term"]]
    assert rows
    for r in rows:
        role = roles.get((r["court_case"], r["jurisdiction"]))
        days = [looks[("order_terms", r["order_term"])], looks.get(("roles", role))]
        assert r["last_checked"] == min(d for d in days if d)
