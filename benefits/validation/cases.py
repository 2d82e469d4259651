"""Rules on court cases: orders, parties and roles."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from benefits.periods import FOREVER, meet, span
from benefits.validation.registry import located, readable, record_keys, rule


@rule(
    "order-term-event",
    "name an event of kind order that belongs to a case, and let the term begin on or after"
    " its day",
)
def order_term_event(package):
    if not readable(package, "events", "order_terms"):
        return
    events = {e["event"]: e for e in package.rows("events")}
    for table, line, row in located(package, "order_terms"):
        event = events.get(row["event"])
        if event is None:
            continue  # a dangling foreign key, which another rule names
        if event["kind"] != "order":
            yield (
                table,
                line,
                row,
                "event",
                f"{row['event']} is of kind {event['kind']}, expected order",
            )
        if event["court_case"] is None:
            yield table, line, row, "event", f"{row['event']} belongs to no case"
        if row["valid_from"] and event["date"] and row["valid_from"] < event["date"]:
            yield (
                table,
                line,
                row,
                "valid_from",
                f"{row['valid_from']} is before the order of {event['date']}",
            )


def phrases(text: str) -> set[str]:
    """Return every sequence of up to six words of a text."""
    words = text.replace(",", " ").split()
    return {
        " ".join(words[i:j])
        for i in range(len(words))
        for j in range(i + 1, min(i + 7, len(words) + 1))
    }


@rule("role-party", "let party name the jurisdiction, or correct the jurisdiction")
def role_party(package):
    if not readable(package, "jurisdictions", "roles"):
        return
    names = {j["jurisdiction"]: j["name"] for j in package.rows("jurisdictions") if j["name"]}
    every_name = set(names.values())
    for table, line, row in located(package, "roles"):
        name = names.get(row["jurisdiction"])
        if (
            name
            and row["party"]
            and (
                name not in row["party"]
                or any(len(n) > len(name) for n in phrases(row["party"]) & every_name)
            )
        ):
            yield table, line, row, "party", f"{row['party']!r} does not name {name}"
        if row["role"] == "none_found" and not row["jurisdiction"]:
            yield table, line, row, "jurisdiction", "is empty although no role was found: of whom?"
        if row["role"] == "unidentified_plaintiff" and row["jurisdiction"]:
            yield (
                table,
                line,
                row,
                "jurisdiction",
                f"{row['jurisdiction']} is named, so the plaintiff is identified",
            )


@rule("role-period", "let one role follow another, from the filing of the case on")
def role_period(package):
    if not readable(package, "roles", "cases", "jurisdictions"):
        return
    table = package.tables["roles"]
    filed = {c["court_case"]: c["filed"] for c in package.rows("cases")}
    groups = defaultdict(list)
    for line, row in table.located():
        start, day = row["valid_from"], filed.get(row["court_case"])
        if start and day and start < day:
            message = f"{start} is before the case was filed on {day}"
            yield table, line, row, "valid_from", message
        if start and row["jurisdiction"]:
            groups[row["court_case"], row["jurisdiction"]].append((span(row), line, row))
    for roles in groups.values():
        roles.sort(key=lambda role: role[0])
        for (a, _, first), (b, line, row) in pairwise(roles):
            if meet(a, b):
                message = f"{row['valid_from']} lies inside {first['role_id']}"
                yield table, line, row, "valid_from", message
    for message in role_gaps(package, filed, groups):
        yield table, 0, None, "", message


def role_gaps(package, filed: dict, groups: dict):
    """Yield a sentence for each period in which a jurisdiction has no role in a complete case.

    If a case has a role "none found" for one jurisdiction, its list of roles is complete.
    `groups` has the sorted roles by case and jurisdiction.
    """
    complete = {r["court_case"] for r in package.rows("roles") if r["role"] == "none_found"}
    for case in sorted(c for c in complete if filed.get(c)):
        for place in package.rows("jurisdictions"):
            name, day = place["jurisdiction"], filed[case]
            for (start, end), _, _ in groups.get((case, name), []):
                if start > day:
                    yield f"{case}: {name} has no role row from {day} to {start}"
                day = max(day, end)
            if day < FOREVER:
                yield f"{case}: {name} has no role row from {day} on"


@rule("decided-by", "name rows as table/record, separated by one blank")
def decided_by(package):
    keys = record_keys(package)
    for table, line, row in located(package, "claims"):
        for name in (row["decided_by"] or "").split():
            target, _, record = name.partition("/")
            if target not in package.tables or (target in keys and record not in keys[target]):
                yield table, line, row, "decided_by", f"{name!r} is no record of the package"
