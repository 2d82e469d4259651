"""Rules on coverage: periods, ages, care and money of the rows of one program."""

from __future__ import annotations

from collections import defaultdict

from benefits.periods import span
from benefits.validation.registry import located, readable, rule


def ages(row) -> tuple[int, int]:
    """Return the lowest and the highest age of a row."""
    return row["age_min"] or 0, 999 if row["age_max"] is None else row["age_max"]


def same_people(a, b) -> bool:
    """Return whether two rows of one program and population could be about the same person."""
    (a0, a1), (b0, b1) = ages(a), ages(b)
    return (
        a0 <= b1
        and b0 <= a1
        and (a["applies_to"] == b["applies_to"] or "everyone" in (a["applies_to"], b["applies_to"]))
    )


def chains(package):
    """Yield the (line, row) of each program and population as a list, in the order of periods."""
    table, groups = package.tables["coverage"], defaultdict(list)
    for line, row in table.located():
        if row["valid_from"]:
            groups[row["program"], row["population"]].append((line, row))
    for rows in groups.values():
        yield sorted(rows, key=lambda lr: (span(lr[1]), lr[0]))


@rule(
    "period-overlap",
    "end the earlier row on the day the later one begins, or part their ages or applies_to",
)
def period_overlap(package):
    if not readable(package, "coverage"):
        return
    table = package.tables["coverage"]
    for chain in chains(package):
        current = []
        for line, row in chain:
            current = [o for o in current if span(o)[1] > row["valid_from"]]
            for other in current:
                if same_people(other, row):
                    yield (
                        table,
                        line,
                        row,
                        "valid_from",
                        (
                            f"{row['valid_from']} lies inside {other['coverage']}, which holds"
                            f" until {other['valid_to'] or 'further notice'} for the same people"
                        ),
                    )
            current.append(row)


@rule(
    "period-gap",
    "close the gap, or explain it in the note of the later row by naming the first day of the gap",
)
def period_gap(package):
    if not readable(package, "coverage"):
        return
    table = package.tables["coverage"]
    for chain in chains(package):
        for i, (line, row) in enumerate(chain):
            before = [
                o for _, o in chain[:i] if ages(o)[0] <= ages(row)[1] and ages(row)[0] <= ages(o)[1]
            ]
            end = max((span(o)[1] for o in before), default=None)
            if end and end < row["valid_from"] and end not in (row["note"] or ""):
                yield (
                    table,
                    line,
                    row,
                    "valid_from",
                    f"{row['valid_from']} leaves a gap from {end}, when the row before it ends",
                )


@rule("age-bounds", "correct the ages, or the bounds of the population in data/populations.csv")
def age_bounds(package):
    if not readable(package, "coverage", "populations"):
        return
    bounds = {p["population"]: p for p in package.rows("populations")}
    for table, line, row in located(package, "coverage", "absences"):
        low, high = row["age_min"], row["age_max"]
        if low is not None and high is not None and low > high:
            yield table, line, row, "age_max", f"{high} is below age_min {low}"
        p = bounds.get(row["population"])
        if p is None:
            continue
        floor, ceiling = p["age_floor"], p["age_ceiling"]
        if table.name == "absences":  # there an empty cell is the bound of the population
            low, high = floor if low is None else low, ceiling if high is None else high
        if floor is not None and (low is None or low < floor):
            yield (
                table,
                line,
                row,
                "age_min",
                (
                    f"{'empty' if low is None else low} is outside {row['population']}, which"
                    f" begins at {floor}"
                ),
            )
        if ceiling is not None and (high is None or high > ceiling):
            yield (
                table,
                line,
                row,
                "age_max",
                (
                    f"{'empty' if high is None else high} is outside {row['population']}, which"
                    f" ends at {ceiling}"
                ),
            )


@rule(
    "closed-to-new",
    "say current_enrollees: rules that admit nobody new bind only people already in",
)
def closed_to_new(package):
    for table, line, row in located(package, "coverage"):
        if row["enrollment"] == "closed_to_new" and row["applies_to"] != "current_enrollees":
            yield (
                table,
                line,
                row,
                "applies_to",
                f"{row['applies_to']} although enrollment is closed_to_new",
            )


@rule("cap-without-cap", "say capped, or clear enrollment_cap")
def cap_without_cap(package):
    for table, line, row in located(package, "coverage"):
        if row["enrollment"] == "open" and row["enrollment_cap"] is not None:
            yield (
                table,
                line,
                row,
                "enrollment_cap",
                f"{row['enrollment_cap']} is given although enrollment is open",
            )


@rule("benefits-named", "name the care that is in (partial) or left out (reduced) in `benefits`")
def benefits_named(package):
    for table, line, row in located(package, "coverage"):
        scope, benefits = row["benefit_scope"], row["benefits"]
        if scope in ("partial", "reduced") and benefits is None:
            yield table, line, row, "benefits", f"is empty although benefit_scope is {scope}"
        if scope not in ("partial", "reduced") and benefits is not None:
            yield (
                table,
                line,
                row,
                "benefits",
                f"is given although benefit_scope is {scope or 'empty'}",
            )


@rule("disregard", "give the limit with the disregard added, and the disregard in points")
def disregard(package):
    for table, line, row in located(package, "coverage"):
        limit, points = row["income_limit_pct_fpl"], row["income_disregard_pct"]
        if points is not None and (limit is None or points >= limit):
            yield (
                table,
                line,
                row,
                "income_disregard_pct",
                f"{points} points do not fit a limit of {limit}",
            )
