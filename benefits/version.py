"""Is the version high enough for what changed since the last release, and does every change of a
fact say why?

The last release is the highest version in releases/. What changed since is told by `diff`. A
changed fact (not its wording) and a removed row need a reason in releases/reasons.csv: table,
record, field (or `*` for the whole record), reason."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from benefits import diff, history
from benefits.package import MAX_CELL, SEMVER, Package
from benefits.validation import text

REASONS = ["table", "record", "field", "reason"]


def last_release(root: Path) -> Path | None:
    """The newest release kept in releases/, or None before the first."""
    kept = [p for p in (root / "releases").glob("*.zip") if SEMVER.fullmatch(p.stem)]
    return max(kept, key=lambda p: history.order(p.stem), default=None)


def reason_problem(row: list[str]) -> str:
    """What is wrong with a line of reasons.csv, and what to do; empty when it is good."""
    if len(row) != len(REASONS) or not all(cell.strip() for cell in row):
        return "has an empty or missing cell; give table, record, field (or *) and reason"
    reason = row[3]
    if len(reason) > MAX_CELL:
        return (
            f"reason has {len(reason):,} characters, at most {MAX_CELL:,} are expected; shorten it"
        )
    if told := text.odd_character(reason):
        return f"reason holds {told}; retype it as plain text on one line"
    if reason[0] in "=+-@":
        return (
            f"reason {reason[:60]!r} begins as a spreadsheet formula does; begin it with a letter"
            " or a digit"
        )
    return ""


def reasons(root: Path) -> tuple[dict, list[str]]:
    """Reasons by (table, record, field), and what is wrong with the file."""
    path = root / "releases" / "reasons.csv"
    found: dict[tuple, str] = {}
    problems: list[str] = []
    if not path.is_file():
        return found, problems
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as e:
        return found, [
            f"releases/reasons.csv: byte 0x{e.object[e.start]:02x} is not UTF-8; save it as UTF-8"
        ]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if header != REASONS:
            return found, [
                f"releases/reasons.csv:1: has the columns {header}, expected {','.join(REASONS)}"
            ]
        line = reader.line_num + 1
        for row in reader:
            problem = reason_problem(row)
            if not problem and tuple(row[:3]) in found:
                problem = "gives a second reason for the same record and field; keep one"
            if problem:
                problems.append(
                    f"releases/reasons.csv:{line} [{'/'.join(row[:3])[:200]}]: {problem}"
                )
            if len(row) == len(REASONS):
                found[tuple(row[:3])] = row[3]
            line = reader.line_num + 1
    except csv.Error as e:
        problems.append(
            f"releases/reasons.csv:{reader.line_num}: is not valid CSV: {e}; check the quotes at"
            " this line"
        )
    return found, problems


def problems_of(package: Package) -> tuple[list[str], diff.Difference | None]:
    """What keeps the package from being released as the version it has, as sentences; and
    what changed since the last release."""
    version, last = str(package.descriptor["version"]), last_release(package.root)
    released = {r["version"] for r in package.rows("releases")}
    given, problems = reasons(package.root)
    if last is None:
        return problems, None
    with diff.open_package(str(last)) as before:
        change = diff.compare(before, package)
    if version == last.stem:
        if change.level != "none":
            problems.append(
                f"datapackage.json: version {version} is released already, and the package differs"
                f" from it: the smallest version allowed is {change.smallest_version}"
            )
        return problems, change
    if history.order(version) < history.order(change.smallest_version):
        problems.append(
            f"datapackage.json: version {version} is too low for a {change.level} change since"
            f" {last.stem}: the smallest version allowed is {change.smallest_version}"
        )
    if version not in released:  # once prepared, the reasons stand in data/changes.csv
        needed = [(t, k, f) for t, k, f, _, _, wording in change.changed if not wording] + [
            (t, k, history.WHOLE_ROW) for t, k, _ in change.removed
        ]
        for table, record, field in needed:
            if (table, record, field) not in given and (
                table,
                record,
                history.WHOLE_ROW,
            ) not in given:
                problems.append(
                    f"data/{table}.csv [{record}] {field}: changed since {last.stem} without a"
                    " reason; add it to releases/reasons.csv"
                )
        known = (
            set(needed)
            | {(t, k, history.WHOLE_ROW) for t, k, _ in needed}
            | {(t, k, f) for t, k, f, *_ in change.changed}
            | {(t, k, "*") for t, k, *_ in change.changed}
        )
        problems += [
            f"releases/reasons.csv: {'/'.join(key)} did not change since {last.stem}; remove its"
            " reason"
            for key in given
            if key not in known
        ]
    return problems, change
