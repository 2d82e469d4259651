"""Check the version of the package, and the reasons for its changes.

The last release is the highest version in releases/. A changed or emptied cell, a removed row, and
a fact that fills an empty cell need a reason in releases/reasons.csv: table, record, field (or `*`
for all fields of the record), reason. In sources and citations, the record `*` gives one reason
for a column of all records.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from benefits import diff
from benefits.forward import forward_problems
from benefits.history import EVERY_RECORD, EVIDENCE, WHOLE_ROW, find_reason
from benefits.package import MAX_CELL, Package, Version
from benefits.validation.text import odd_character

REASONS = ["table", "record", "field", "reason"]
REASONS_FILE = "releases/reasons.csv"

Place = tuple[str, str, str]  # table, record, field


def last_release(root: Path) -> Path | None:
    """Return the newest release in releases/; None before the first."""
    releases = [p for p in (root / "releases").glob("*.zip") if Version.is_valid(p.stem)]
    return max(releases, key=lambda p: Version.parse(p.stem), default=None)


# ---- reasons -----------------------------------------------------------------------------------


def reason_problem(row: list[str]) -> str:
    """Return what is wrong with a line of reasons.csv and what to do; empty if nothing is."""
    if len(row) != len(REASONS) or not all(cell.strip() for cell in row):
        return "has an empty or missing cell; give table, record, field (or *) and reason"
    reason = row[3]
    if len(reason) > MAX_CELL:
        return (
            f"reason has {len(reason):,} characters, at most {MAX_CELL:,} are expected; shorten it"
        )
    if character := odd_character(reason):
        return f"reason holds {character}; retype it as plain text on one line"
    if reason[0] in "=+-@":
        return (
            f"reason {reason[:60]!r} begins as a spreadsheet formula does; begin it with a letter"
            " or a digit"
        )
    return ""


def read_reasons(root: Path) -> tuple[dict[Place, str], list[str]]:
    """Return the reasons by (table, record, field), and what is wrong with the file."""
    path = root / "releases" / "reasons.csv"
    if not path.is_file():
        return {}, []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as e:
        byte = e.object[e.start]
        return {}, [f"{REASONS_FILE}: byte 0x{byte:02x} is not UTF-8; save it as UTF-8"]
    reasons: dict[Place, str] = {}
    problems: list[str] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if header != REASONS:
            expected = ",".join(REASONS)
            return {}, [f"{REASONS_FILE}:1: has the columns {header}, expected {expected}"]
        line = reader.line_num + 1
        for row in reader:
            table, record, field, *_ = [*row, "", "", ""]
            place = table, record, field
            problem = reason_problem(row)
            if not problem and place in reasons:
                problem = "gives a second reason for the same record and field; keep one"
            if problem:
                problems.append(f"{REASONS_FILE}:{line} [{'/'.join(row[:3])[:200]}]: {problem}")
            if len(row) == len(REASONS):
                reasons[place] = row[3]
            line = reader.line_num + 1
    except csv.Error as e:
        problem = f"is not valid CSV: {e}; check the quotes at this line"
        problems.append(f"{REASONS_FILE}:{reader.line_num}: {problem}")
    return reasons, problems


def missing_reasons(change: diff.Difference, reasons: dict[Place, str]) -> list[str]:
    """Return a sentence for each change without a reason and each reason without a change."""
    last = change.old_version
    # Our own words may fill an empty cell without a reason.
    needed = [
        (t, k, f) for t, k, f, old, _, wording in change.changed if not wording or old is not None
    ]
    needed += [(t, k, WHOLE_ROW) for t, k, _ in change.removed]
    problems = [
        f"data/{table}.csv [{record}] {field}: changed since {last} without a reason;"
        f" add it to {REASONS_FILE}"
        for table, record, field in needed
        if find_reason(reasons, table, record, field) is None
    ]
    known = {*needed, *((t, k, f) for t, k, f, *_ in change.changed)}
    known |= {(t, k, WHOLE_ROW) for t, k, _ in known} | {
        (t, EVERY_RECORD, f) for t, _, f in known if t in EVIDENCE
    }
    return problems + [
        f"{REASONS_FILE}: {'/'.join(place)} did not change since {last}; remove its reason"
        for place in reasons
        if place not in known
    ]


# ---- the version -------------------------------------------------------------------------------


def version_problems(package: Package) -> tuple[list[str], diff.Difference | None]:
    """Return why the package cannot be released as its version, and its change.

    The first are sentences, the second is what changed since the last release; None before the
    first.
    """
    version, last = str(package.descriptor["version"]), last_release(package.root)
    reasons, problems = read_reasons(package.root)
    if last is None:
        return problems, None
    with diff.open_package(str(last)) as before:
        change = diff.compare(before, package)
        problems += forward_problems(before, package)
    smallest = change.smallest_version
    if version == last.stem:
        if change.level != "none":
            problems.append(
                f"datapackage.json: version {version} is released already, and the package differs"
                f" from it: the smallest version allowed is {smallest}"
            )
        return problems, change
    if Version.parse(version) < Version.parse(smallest):
        problems.append(
            f"datapackage.json: version {version} is too low for a {change.level} change since"
            f" {last.stem}: the smallest version allowed is {smallest}"
        )
    # A prepared version has its reasons in data/changes.csv.
    if version not in {r["version"] for r in package.rows("releases")}:
        problems += missing_reasons(change, reasons)
    return problems, change


def describe_change(change: diff.Difference | None, last: Path | None) -> str:
    """Return the change since the last release, as a clause."""
    if change is None or last is None:
        return "nothing is released yet"
    return "as released" if change.level == "none" else f"a {change.level} change since {last.stem}"
