"""The notes of a release: three headings, and only what a release is the first to say."""

from __future__ import annotations

import copy
import json

import pytest

from benefits import diff, version
from benefits.dated import COMMENTARY, PAST, TO_COME
from benefits.release.notes import news_of, write_notes

RELEASE = {"version": "9.9.0", "date": "2027-01-01", "level": "minor"}


def with_row(package, table: str, row: dict):
    """Return a copy of a package with one more row."""
    other = copy.copy(package)
    other.tables = package.tables | {table: copy.copy(package.tables[table])}
    other.tables[table].rows = [*package.tables[table].rows, row]
    return other


def event(package, **cells) -> dict:
    """Return a row of `events` that is like another one of no jurisdiction."""
    row = next(e for e in package.rows("events") if not e["jurisdiction"])
    return row | {"event": "new", "title": "Something new", "date_precision": "day"} | cells


def test_nothing_new_is_no_news(package):
    assert news_of(package, package) == {TO_COME: [], PAST: [], COMMENTARY: []}


def test_the_first_release_says_all(package, db):
    [(count,)] = db.execute("SELECT COUNT(*) FROM dated_changes")
    assert sum(map(len, news_of(package, None).values())) == count


@pytest.mark.parametrize(
    "heading, cells",
    [
        (TO_COME, {"date": "2040-05-06", "kind": "hearing"}),
        (PAST, {"date": "2025-05-06", "kind": "order"}),
        (COMMENTARY, {"date": "2025-05-06", "kind": "report"}),
    ],
    ids=["to come", "past", "commentary"],
)
def test_what_is_new_is_under_its_heading(package, heading, cells):
    new = with_row(package, "events", event(package, **cells))
    [sentence] = news_of(new, package)[heading]
    day = "May 6, 2040" if heading == TO_COME else "May 6, 2025"
    assert sentence.startswith(f"{day}: Something new")
    assert sum(map(len, news_of(new, package).values())) == 1


def test_what_was_scheduled_and_came_is_said_again(package):
    before = copy.copy(package)
    before.descriptor = package.descriptor | {"data_through": "2025-12-31"}
    past = news_of(package, before)[PAST]
    assert any("Medi-Cal stops taking new people" in sentence for sentence in past)


def test_words_are_those_of_the_answer(package, ask):
    answers = {r["in_words"].removeprefix("Scheduled for ") for r in ask("timeline")}
    for sentences in news_of(package, None).values():
        for sentence in sentences:
            # The answer goes on with what is in doubt.
            assert any(words.startswith(sentence) for words in answers), sentence


def test_notes_have_three_headings(package, tmp_path):
    with diff.open_package(str(version.last_release(package.root))) as before:
        change = diff.compare(before, package)
    change.new_version = "9.9.0"
    write_notes(package, RELEASE, change, "abc", tmp_path)
    text = (tmp_path / "release-notes.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [TO_COME, PAST, COMMENTARY]
    about = json.loads((tmp_path / "release-notes.json").read_text(encoding="utf-8"))
    for name in ("changes_to_come", "changes_of_the_past", "commentary"):
        assert all(f"- {sentence}\n" in text for sentence in about[name])
    assert about["commit"] == "abc" and about["difference"]


def test_the_notes_of_a_first_release_say_what_is_scheduled(package, tmp_path):
    write_notes(package, RELEASE | {"level": "first"}, None, "abc", tmp_path)
    text = (tmp_path / "release-notes.md").read_text(encoding="utf-8")
    assert "The first release." in text and f"## {TO_COME}\n\n- " in text
    assert f"## {PAST}" not in text
