"""What is due for another look on a day, by the budget of each kind of source."""

from __future__ import annotations

import sqlite3
from collections import Counter

import pytest

from benefits.freshness import due_lines

TABLES = """
CREATE TABLE coverage (coverage, program, valid_from, valid_to);
CREATE TABLE absences (absence, valid_from, valid_to);
CREATE TABLE roles (role_id, court_case, valid_from, valid_to);
CREATE TABLE order_terms (order_term, event, valid_from, valid_to);
CREATE TABLE events (event, court_case);
CREATE TABLE cases (court_case, status);
CREATE TABLE sources (source, kind, reliability);
CREATE TABLE citations ("table", record, field, source, relation, checked_on);
CREATE TABLE dataset_codes ("table", field, code, check_after_days, dated);
INSERT INTO dataset_codes VALUES
  ('sources', 'kind', 'statute', 365, 0), ('sources', 'kind', 'agency_page', 90, 0),
  ('sources', 'kind', 'docket', 14, 0), ('sources', 'kind', 'news', 180, 1),
  ('sources', 'kind', 'press_release', 180, 1);
INSERT INTO sources VALUES
  ('law', 'statute', 'primary'), ('page', 'agency_page', 'primary'),
  ('copy', 'agency_page', 'secondary'), ('paper', 'news', 'secondary'),
  ('party', 'press_release', 'primary'), ('docket', 'docket', 'secondary');
INSERT INTO coverage VALUES ('a', 'p', '2025-01-01', NULL), ('b', 'p', '2024-01-01', '2025-01-01');
INSERT INTO cases VALUES ('open', 'pending'), ('over', 'ended');
INSERT INTO roles VALUES ('r', 'over', '2025-01-01', NULL);
"""


@pytest.fixture
def db():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.executescript(TABLES)
    yield connection
    connection.close()


def cite(db, record, *looks):
    """Cite sources for a record, each with the day of the last look."""
    rows = [(*record.split("/"), source, "supports", day) for source, day in looks]
    db.executemany("INSERT INTO citations VALUES (?, ?, NULL, ?, ?, ?)", rows)


def due(db, at):
    """Return {source: rest of its line}."""
    lines = [line.strip() for line in due_lines(db, at)[1:] if line.startswith("    ")]
    return dict(line.split(", ", 1) for line in lines)


def test_a_source_is_due_when_the_last_look_is_older_than_its_budget(db):
    cite(db, "coverage/a", ("page", "2026-01-01"), ("page", "2026-01-11"), ("law", "2026-01-01"))
    assert due(db, "2026-04-11") == {}
    assert due(db, "2026-04-12") == {"page": "last look 2026-01-11: 1 record (coverage/a)"}
    assert due(db, "2027-01-02").keys() == {"page", "law"}


def test_only_the_best_placed_source_of_a_kind_counts(db):
    cite(db, "coverage/a", ("page", "2026-04-01"), ("copy", "2026-01-01"))
    assert due(db, "2026-05-01") == {}


def test_a_dated_document_counts_only_where_a_record_has_nothing_else(db):
    cite(db, "coverage/a", ("paper", "2025-01-01"), ("law", "2026-01-01"))
    assert due(db, "2026-06-01") == {}
    cite(db, "programs/p", ("paper", "2025-01-01"), ("party", "2025-01-02"))
    assert due(db, "2026-06-01") == {"party": "last look 2025-01-02: 1 record (programs/p)"}
    assert "  press_release, look for something newer after 180 days:" in due_lines(
        db, "2026-06-01"
    )


def test_a_docket_counts_while_its_case_is_pending(db):
    cite(db, "cases/open", ("docket", "2026-01-01"))
    cite(db, "cases/over", ("docket", "2026-01-01"))
    cite(db, "roles/r", ("docket", "2026-01-01"))
    assert due(db, "2026-01-15") == {}
    assert due(db, "2026-01-16") == {"docket": "last look 2026-01-01: 1 record (cases/open)"}


def test_what_is_no_longer_in_force_is_never_due(db):
    cite(db, "coverage/b", ("page", "2024-01-01"))
    assert due(db, "2026-01-01") == {}
    assert due(db, "2024-12-31").keys() == {"page"}


def test_every_kind_of_source_has_a_budget(package):
    (kind,) = [f for f in package.tables["sources"].fields if f["name"] == "kind"]
    days = {c["value"]: c.get("check_after_days") for c in kind["categories"]}
    assert all(days.values())
    assert (days["docket"], days["agency_page"], days["statute"]) == (14, 90, 365)
    dated = Counter(bool(c.get("dated")) for c in kind["categories"])
    assert dated[True] and dated[False]
