"""Rules on answers: each age of each population has exactly one on every day."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from benefits.periods import FOREVER, meet, span
from benefits.validation.coverage import ages
from benefits.validation.registry import located, readable, rule

OLDEST = 120  # years: the highest age that can be asked


class Answer(NamedTuple):
    """A row that answers for some ages in some period."""

    ages: tuple[int, int]
    period: tuple[str, str]
    line: int
    row: dict


def answering_rows(package):
    """Return two dicts by (jurisdiction, population): coverage of any status, and absences.

    Their values are lists of `Answer`.
    """
    scope = {p["program"]: p for p in package.rows("programs")}
    coverage, absent = defaultdict(list), defaultdict(list)
    for _, line, row in located(package, "coverage"):
        program = scope.get(row["program"])
        if program and program["status_scope"] == "any_status":
            answer = Answer(ages(row), span(row), line, row)
            coverage[program["jurisdiction"], row["population"]].append(answer)
    for _, line, row in located(package, "absences"):
        answer = Answer(ages(row), span(row), line, row)
        absent[row["jurisdiction"], row["population"]].append(answer)
    return coverage, absent


ANSWER_TABLES = ("jurisdictions", "populations", "programs", "coverage", "absences")


@rule(
    "every-age-answered",
    "add a coverage row or an absences row for these ages that begins on the first day of the gap",
)
def every_age_answered(package):
    if not readable(package, *ANSWER_TABLES):
        return
    start, table = str(package.descriptor["complete_from"]), package.tables["absences"]
    coverage, absent = answering_rows(package)
    by_age = {p["population"] for p in package.rows("populations") if p["core_age_min"] is not None}
    for j in package.rows("jurisdictions"):
        place = j["jurisdiction"]
        for p in package.rows("populations"):
            name = p["population"]
            answers = coverage[place, name] + absent[place, name]
            # A program may count people into another group by age, such as 20-year-old children.
            for other in by_age - {name} if name in by_age else ():
                answers = answers + coverage[place, other]
            core = (p["core_age_min"] or 0, p["core_age_max"] or OLDEST)
            for (low, high), begin, end in unanswered(core, answers, start):
                until = "on" if end == FOREVER else f"to {end}"
                band = f"age {low}" if low == high else f"ages {low} to {high}"
                yield (
                    table,
                    0,
                    None,
                    "",
                    f"{place}, {name}, {band}: neither coverage nor absence from {begin} {until}",
                )


def unanswered(core: tuple[int, int], answers: list[Answer], start: str):
    """Yield (ages, first day, first day answered again) for ages that no row answers."""
    edges = {core[0], core[1] + 1}
    for answer in answers:
        edges.update(e for e in (answer.ages[0], answer.ages[1] + 1) if core[0] < e <= core[1])
    gaps: dict[tuple[str, str], tuple[int, int]] = {}
    steps = sorted(edges)
    for low, above in zip(steps, steps[1:]):
        day = start
        spans = sorted(a.period for a in answers if a.ages[0] <= low <= a.ages[1])
        for begin, end in [*spans, (FOREVER, FOREVER)]:
            if begin > day:
                first, last = gaps.get((day, begin), (low, low - 1))
                if last != low - 1:
                    yield (first, last), day, begin
                    first = low
                gaps[day, begin] = first, above - 1
            day = max(day, end)
    for (day, begin), band in gaps.items():
        yield band, day, begin


@rule(
    "absence-against-coverage",
    "end the absence when the coverage begins, begin it when the coverage ends, or part their ages",
)
def absence_against_coverage(package):
    if not readable(package, *ANSWER_TABLES):
        return
    table = package.tables["absences"]
    coverage, absent = answering_rows(package)
    for pair, answers in absent.items():
        for answer in answers:
            for covering in coverage.get(pair, []):
                if at_once(answer, covering):
                    yield (
                        table,
                        answer.line,
                        answer.row,
                        "valid_from",
                        f"the absence overlaps {covering.row['coverage']}, which covers {pair[1]}"
                        f" from {covering.period[0]}",
                    )
                    break


@rule("absence-overlap", "leave one absence a day for each age")
def absence_overlap(package):
    if not readable(package, "absences"):
        return
    table = package.tables["absences"]
    _, absent = answering_rows(package)
    for answers in absent.values():
        answers = sorted(answers, key=lambda a: (a.period, a.line))
        for i, later in enumerate(answers):
            for first in answers[:i]:
                if at_once(first, later):
                    yield (
                        table,
                        later.line,
                        later.row,
                        "valid_from",
                        f"{later.row['valid_from']} lies inside {first.row['absence']}",
                    )
                    break


def at_once(a: Answer, b: Answer) -> bool:
    """Return whether two rows answer for the same age on the same day."""
    return a.ages[0] <= b.ages[1] and b.ages[0] <= a.ages[1] and meet(a.period, b.period)


@rule("look-next", "name the document or office most likely to settle it, or clear the cell")
def look_next(package):
    for table, line, row in located(package, "absences"):
        is_open = row["finding"] == "not_established"
        if is_open and row["look_next"] is None:
            yield table, line, row, "look_next", "is empty although the finding is not_established"
        if not is_open and row["look_next"] is not None:
            yield (
                table,
                line,
                row,
                "look_next",
                f"is given although the finding is {row['finding']}",
            )
