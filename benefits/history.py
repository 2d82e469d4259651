"""What the dataset said in each release, read back from its record of changes: pure functions from
rows to rows.

`changes` holds, for each release after the first, every cell that changed (its field, old and
new) and every row that was added or removed (field `*`, the row as JSON). Walking back from the
present rows gives each earlier release exactly."""

from __future__ import annotations

import json

NOW = "9999-12-31"  # stands for "still said" in `known_to`
WHOLE_ROW = "*"


def as_text(value) -> str | None:
    """A cell as `changes` writes it."""
    return None if value is None else str(value)


def dump(row: dict) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def change_rows(difference, version: str, day: str, reasons: dict) -> list[dict]:
    """The rows of `changes` that a difference makes. `reasons` is by (table, record, field),
    with `*` for a whole record."""

    def made(table, record, field, old, new):
        reason = reasons.get((table, record, field)) or reasons.get((table, record, WHOLE_ROW))
        return {
            "version": version,
            "date": day,
            "table": table,
            "record": record,
            "field": field,
            "old": old,
            "new": new,
            "reason": reason,
        }

    found = [made(t, k, WHOLE_ROW, None, dump(row)) for t, k, row in difference.added]
    found += [made(t, k, WHOLE_ROW, dump(row), None) for t, k, row in difference.removed]
    found += [made(t, k, f, as_text(a), as_text(b)) for t, k, f, a, b, _ in difference.changed]
    return sorted(found, key=lambda c: (c["version"], c["table"], c["record"], c["field"]))


def order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def undo(rows: dict[str, dict], changes: list[dict], types: dict[str, str]) -> dict[str, dict]:
    """The rows of one table, by key, as they were before the changes of one release."""
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


def releases_of(
    rows: dict[str, dict], changes: list[dict], types: dict[str, str], releases: list[dict]
) -> dict[str, dict[str, dict]]:
    """The rows of one table, by key, in each release: {version: rows}."""
    states, state = {}, rows
    for release in sorted(releases, key=lambda r: order(r["version"]), reverse=True):
        states[release["version"]] = state
        state = undo(state, [c for c in changes if c["version"] == release["version"]], types)
    return states


def known(
    rows: dict[str, dict], changes: list[dict], types: dict[str, str], releases: list[dict]
) -> list[dict]:
    """Every state that a row has had, with `known_from` (the day of the release that first
    said so) and `known_to` (the first day on which a later release said otherwise). Before the
    first release, and for rows not yet released, the present rows stand alone."""
    if not releases:
        return [row | {"known_from": "0001-01-01", "known_to": NOW} for row in rows.values()]
    found: list[dict] = []
    open_: dict[str, dict] = {}
    states = releases_of(rows, changes, types, releases)
    for release in sorted(releases, key=lambda r: order(r["version"])):
        state, day = states[release["version"]], release["date"]
        for key in list(open_):
            if state.get(key) != {
                k: v for k, v in open_[key].items() if not k.startswith("known_")
            }:
                open_.pop(key)["known_to"] = day
        for key, row in state.items():
            if key not in open_:
                open_[key] = row | {"known_from": day, "known_to": NOW}
                found.append(open_[key])
    # Two releases on one day: what only the first of them said was never the last word of any day.
    return [row for row in found if row["known_from"] < row["known_to"]]
