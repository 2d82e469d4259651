"""The worked examples of tests/examples, and how an answer is judged by them: the same for SQLite,
DuckDB and Spark.

Each judge gets the rows that an engine gave for the day, for all jurisdictions or only for that
of the example, and raises AssertionError."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent / "examples"


def examples(name: str) -> list[dict]:
    """The rows of tests/examples/NAME.csv."""
    with open(EXAMPLES / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def coverage_questions() -> dict[tuple, list[dict]]:
    """The examples of coverage by what is asked: (jurisdiction, population, age, as_of)."""
    found: dict[tuple, list[dict]] = {}
    for e in examples("coverage"):
        found.setdefault((e["jurisdiction"], e["population"], e["age"], e["as_of"]), []).append(e)
    return found


def includes(row: dict, age: int) -> bool:
    return (row["age_min"] is None or row["age_min"] <= age) and (
        row["age_max"] is None or age <= row["age_max"]
    )


def judge_coverage(rows: list[dict], asked: tuple, wanted: list[dict]) -> None:
    jurisdiction, population, age, _ = asked
    rows = [r for r in rows if r["jurisdiction"] == jurisdiction and r["population"] == population]
    assert rows and all(r["citations"] and r["in_words"] for r in rows), (asked, rows)
    rows = [
        r
        for r in rows
        if r["status_scope"] in (None, "any_status")
        and (not age or r["program"] is None or includes(r, int(age)))
    ]
    for expected in wanted:
        columns = [
            c
            for c in ("program", "enrollment", "applies_to", "income_limit_pct_fpl", "finding")
            if expected[c]
        ]
        if not expected["program"]:
            assert not [r for r in rows if r["program"]], (asked, "a program is in force")
        if not columns or (age and not rows):
            # before the dataset is complete, or the program of that day covers other ages of the
            # group
            continue
        found = [{c: "" if r[c] is None else str(r[c]) for c in columns} for r in rows]
        assert {c: expected[c] for c in columns} in found, (asked, expected["because"], rows)


def judge_sharing(rows: list[dict], e: dict) -> None:
    [row] = [
        r
        for r in rows
        if all(r[c] == e[c] for c in ("jurisdiction", "data_element", "person_class"))
    ]
    assert row["status"] == e["status"], (e["because"], row)
    assert row["citations"] and row["reason"], row


def judge_roles(rows: list[dict], e: dict) -> None:
    rows = [r for r in rows if r["court_case"] == e["court_case"]]
    assert Counter(r["jurisdiction"] for r in rows).most_common(1)[0][1] == 1 and len(rows) == 51, e
    [row] = [r for r in rows if r["jurisdiction"] == e["jurisdiction"]]
    assert row["role"] == e["role"], (e["because"], row)
    assert row["citations"], row


def judge_plaintiffs(rows: list[dict], e: dict) -> None:
    assert sum(r["role"] == "plaintiff" for r in rows if r["court_case"] == e["court_case"]) == int(
        e["plaintiffs"]
    ), e


def judge_changes(rows: list[dict], e: dict) -> None:
    """Judge the answer changes_between: one row says it, and none says what it must not say."""
    said = [r["in_words"] for r in rows if r["court_case"] is None]
    assert all(r["citations"] for r in rows), e
    if e["says"]:
        assert sum(e["says"] in words for words in said) == 1, (e["because"], said)
    told = [words for words in said if not e["says"] or e["says"] in words]
    assert not [words for words in told if e["omits"] and e["omits"] in words], (e["because"], told)
