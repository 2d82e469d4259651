"""Reconstruct what the dataset said in each release from its record of changes.

`changes` holds, for each release after the first, every cell that changed (its field, old and
new) and every row that was added or removed (field `*`, the row as JSON). Undoing the changes of
one release after the other gives each earlier release exactly.
"""

from __future__ import annotations

import json

from benefits.package import Version

NOW = "9999-12-31"  # in `known_to`: the dataset still says so
WHOLE_ROW = "*"
EVERY_RECORD = "*"  # in a reason: all records of a table
# One reason may be for a column of all records of these: a new look at many places, for example.
EVIDENCE = ("sources", "citations")


def as_text(value) -> str | None:
    """Return a cell as `changes` holds it."""
    return None if value is None else str(value)


def dump_row(row: dict) -> str:
    """Return a row as JSON."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def find_reason(reasons: dict, table: str, record: str, field: str) -> str | None:
    """Return the reason for a change: of the cell, the whole record, or the column of evidence."""
    places = [(table, record, field), (table, record, WHOLE_ROW)]
    if table in EVIDENCE:
        places.append((table, EVERY_RECORD, field))
    return next((reasons[place] for place in places if place in reasons), None)


def change_rows(difference, version: str, day: str, reasons: dict) -> list[dict]:
    """Return the rows of `changes` for a difference.

    `reasons` is by (table, record, field), as `find_reason` reads them.
    """

    def change(table, record, field, old, new):
        return {
            "version": version,
            "date": day,
            "table": table,
            "record": record,
            "field": field,
            "old": old,
            "new": new,
            "reason": find_reason(reasons, table, record, field),
        }

    rows = [change(t, k, WHOLE_ROW, None, dump_row(row)) for t, k, row in difference.added]
    rows += [change(t, k, WHOLE_ROW, dump_row(row), None) for t, k, row in difference.removed]
    rows += [change(t, k, f, as_text(a), as_text(b)) for t, k, f, a, b, _ in difference.changed]
    return sorted(rows, key=lambda c: (c["version"], c["table"], c["record"], c["field"]))


def by_version(releases: list[dict]) -> list[dict]:
    """Return rows of `releases`, the first version first."""
    return sorted(releases, key=lambda r: Version.parse(r["version"]))


def undo_changes(
    rows: dict[str, dict], changes: list[dict], types: dict[str, str]
) -> dict[str, dict]:
    """Return the rows of one table, by key, as they were before the changes of one release."""
    before = dict(rows)
    for c in changes:
        if c["field"] == WHOLE_ROW:
            if c["old"] is None:
                before.pop(c["record"], None)
            else:
                before[c["record"]] = json.loads(c["old"])
        else:
            old = c["old"]
            before[c["record"]] = before[c["record"]] | {
                c["field"]: (
                    int(old) if old is not None and types.get(c["field"]) == "integer" else old
                )
            }
    return before


def states_by_release(
    rows: dict[str, dict], changes: list[dict], types: dict[str, str], releases: list[dict]
) -> dict[str, dict[str, dict]]:
    """Return the rows of one table, by key, in each release: {version: {key: row}}."""
    states, state = {}, rows
    for release in reversed(by_version(releases)):
        states[release["version"]] = state
        state = undo_changes(
            state, [c for c in changes if c["version"] == release["version"]], types
        )
    return states


def known_states(
    rows: dict[str, dict], changes: list[dict], types: dict[str, str], releases: list[dict]
) -> list[dict]:
    """Return every state that each row of one table has had.

    `known_from` is the day of the release that first said so, and `known_to` the day of the first
    release that said otherwise. Before the first release there are only the present rows.
    """
    if not releases:
        return [row | {"known_from": "0001-01-01", "known_to": NOW} for row in rows.values()]
    past: list[dict] = []
    current: dict[str, dict] = {}
    states = states_by_release(rows, changes, types, releases)
    for release in by_version(releases):
        state, day = states[release["version"]], release["date"]
        for key in list(current):
            if state.get(key) != {
                k: v for k, v in current[key].items() if not k.startswith("known_")
            }:
                current.pop(key)["known_to"] = day
        for key, row in state.items():
            if key not in current:
                current[key] = row | {"known_from": day, "known_to": NOW}
                past.append(current[key])
    # Of two releases on one day only the second counts for that day.
    return [row for row in past if row["known_from"] < row["known_to"]]
