"""The one-file browser: what it holds, and what a person finds in it, opened from disk in a
browser without a network."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.export import one_file as browser_verb
from benefits.sqlite import sqlite_uri
from support import run


def test_same_database_same_bytes_under_3_mb(database, file, tmp_path):
    run(
        "browser",
        "--out",
        tmp_path / "again.html",
        "--database",
        database,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert (tmp_path / "again.html").read_bytes() == file.read_bytes()
    assert file.stat().st_size < 3_000_000


def test_without_a_database_it_says_what_to_do(tmp_path):
    done = run("browser", "--out", tmp_path / "x.html", "--database", tmp_path / "none.db")
    assert (
        done.returncode == 1 and "make build" in done.stderr and not (tmp_path / "x.html").exists()
    )


def test_the_policy_lets_nothing_in(file):
    text = file.read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'sha256-" in text and "unsafe" not in text
    assert not any(
        attribute
        in text[: text.index("<style>")] + text[text.index("</style>") : text.index("<script>")]
        for attribute in (" src=", " style=", "<link")
    )


@pytest.fixture(scope="module")
def spans(database):
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    yield {answer: browser_verb.answer_periods(db, answer) for answer in browser_verb.SUBJECTS}
    db.close()


@pytest.mark.parametrize("answer", browser_verb.SUBJECTS)
@given(
    day=st.one_of(
        st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)),
        st.dates(min_value=date(2024, 1, 1), max_value=date(2028, 1, 1)),
    ).map(date.isoformat)
)
@settings(max_examples=60, deadline=None)
def test_the_rows_kept_for_any_day_are_those_of_the_sql(spans, ask, answer, day):
    kept = [
        s
        for s in spans[answer]
        if s["day_from"] <= day and (s["day_to"] is None or day < s["day_to"])
    ]
    of_sql = [
        {k: v for k, v in row.items() if k not in browser_verb.SAME_IN_ALL}
        for row in ask(answer, as_of=day)
    ]
    assert [{k: v for k, v in s.items() if k not in ("day_from", "day_to")} for s in kept] == of_sql
