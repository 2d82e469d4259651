"""Rules on answers: each jurisdiction and population has one on every day."""

from __future__ import annotations

from collections import defaultdict

from benefits.periods import FOREVER, meet, span
from benefits.validation.registry import located, readable, rule


def covered_spans(package):
    """Return two dicts by (jurisdiction, population): coverage of any status, and absences.

    Their values are lists of (period, line, row).
    """
    scope = {p["program"]: p for p in package.rows("programs")}
    coverage, absent = defaultdict(list), defaultdict(list)
    for _, line, row in located(package, "coverage"):
        program = scope.get(row["program"])
        if program and program["status_scope"] == "any_status":
            coverage[program["jurisdiction"], row["population"]].append((span(row), line, row))
    for _, line, row in located(package, "absences"):
        absent[row["jurisdiction"], row["population"]].append((span(row), line, row))
    return coverage, absent


ANSWER_TABLES = ("jurisdictions", "populations", "programs", "coverage", "absences")


@rule(
    "every-day-answered",
    "add a coverage row or an absences row that begins on the first day of the gap",
)
def every_day_answered(package):
    if not readable(package, *ANSWER_TABLES):
        return
    start, table = (
        str(package.descriptor.get("complete_from", "2024-01-01")),
        package.tables["absences"],
    )
    coverage, absent = covered_spans(package)
    for j in package.rows("jurisdictions"):
        for p in package.rows("populations"):
            pair, day = (j["jurisdiction"], p["population"]), start
            for (begin, end), _, _ in sorted(coverage[pair] + absent[pair], key=lambda s: s[0]):
                if begin > day:
                    yield (
                        table,
                        0,
                        None,
                        "",
                        f"{pair[0]}, {pair[1]}: neither coverage nor absence from {day} to {begin}",
                    )
                day = max(day, end)
            if day < FOREVER:
                yield (
                    table,
                    0,
                    None,
                    "",
                    f"{pair[0]}, {pair[1]}: neither coverage nor absence from {day} on",
                )


@rule(
    "absence-against-coverage",
    "end the absence when the coverage begins, or begin it when the coverage ends",
)
def absence_against_coverage(package):
    if not readable(package, *ANSWER_TABLES):
        return
    table = package.tables["absences"]
    coverage, absent = covered_spans(package)
    for pair, rows in absent.items():
        for period, line, row in rows:
            for other, _, covering in coverage.get(pair, []):
                if meet(period, other):
                    yield (
                        table,
                        line,
                        row,
                        "valid_from",
                        (
                            f"the absence overlaps {covering['coverage']}, which covers {pair[1]}"
                            f" from {other[0]}"
                        ),
                    )
                    break


@rule("absence-overlap", "leave one absence a day")
def absence_overlap(package):
    if not readable(package, "absences"):
        return
    table = package.tables["absences"]
    _, absent = covered_spans(package)
    for rows in absent.values():
        rows = sorted(rows, key=lambda r: r[0])
        for (a, _, first), (b, line, row) in zip(rows, rows[1:]):
            if meet(a, b):
                yield (
                    table,
                    line,
                    row,
                    "valid_from",
                    f"{row['valid_from']} lies inside {first['absence']}",
                )
