"""Rules on dates: of periods, sources, releases and changes."""

from __future__ import annotations

from benefits.package import Version
from benefits.periods import EARLIEST, LATEST
from benefits.validation.registry import every_table, located, readable, rule


@rule("period-order", "write the first day on which the row no longer holds, or clear valid_to")
def period_order(package):
    for table in every_table(package):
        if {"valid_from", "valid_to"} <= set(table.columns):
            for line, row in table.located():
                if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
                    yield (
                        table,
                        line,
                        row,
                        "valid_to",
                        f"{row['valid_to']} is not after valid_from {row['valid_from']}",
                    )


@rule(
    "date-precision",
    "write the first day of the month or year, or set the precision to what is known; no date, no"
    " precision",
)
def date_precision(package):
    for table in every_table(package):
        for column in table.columns:
            dated = column.removesuffix("_precision")
            if dated == column or dated not in table.columns:
                continue
            for line, row in table.located():
                day, precision = row[dated], row[column]
                if day is None and precision is not None:
                    yield table, line, row, column, f"{precision!r} is given without a {dated}"
                elif day is not None and precision is None:
                    yield table, line, row, column, f"is missing although {dated} is {day}"
                elif day is not None and (
                    (precision == "month" and day[8:] != "01")
                    or (precision == "year" and day[5:] != "01-01")
                ):
                    yield table, line, row, dated, f"{day} is not the first day of its {precision}"


@rule("date-range", "check the year; what was read cannot lie after data_through")
def date_range(package):
    through = str(package.descriptor.get("data_through", LATEST))
    past_only = {"retrieved", "checked_on", "published", "as_of", "tested_as_of", "filed"}
    for table in every_table(package):
        for column in [f["name"] for f in table.fields if f["type"] == "date"]:
            latest = through if column in past_only else LATEST
            for line, row in table.located():
                day = row[column]
                if day is not None and not EARLIEST <= day <= latest:
                    yield table, line, row, column, f"{day} is not between {EARLIEST} and {latest}"


@rule(
    "read-after-published", "a document is read after it is published: correct one of the two dates"
)
def read_after_published(package):
    for table, line, row in located(package, "sources"):
        if row["published"] and row["retrieved"] and row["published"] > row["retrieved"]:
            yield (
                table,
                line,
                row,
                "published",
                f"{row['published']} is after retrieved {row['retrieved']}",
            )


@rule("release-order", "correct the date: a later version is never released on an earlier day")
def release_order(package):
    if not readable(package, "releases"):
        return
    table, before = package.tables["releases"], None
    numbered = [
        (line, row)
        for line, row in table.located()
        if Version.is_valid(row["version"]) and row["date"]
    ]
    for line, row in sorted(numbered, key=lambda lr: Version.parse(lr[1]["version"])):
        if before and row["date"] < before["date"]:
            yield (
                table,
                line,
                row,
                "date",
                f"{row['date']} is before {before['date']}, the day of {before['version']}",
            )
        before = row


@rule(
    "change-date",
    "write the version and the day of a row of data/releases.csv, as release.py prepare does",
)
def change_date(package):
    if not readable(package, "releases", "changes"):
        return
    table, days = (
        package.tables["changes"],
        {r["version"]: r["date"] for r in package.rows("releases")},
    )
    for line, row in table.located():
        if row["version"] not in days:
            yield (
                table,
                line,
                row,
                "version",
                f"{row['version']!r} is no version of data/releases.csv",
            )
        elif row["date"] != days[row["version"]]:
            yield (
                table,
                line,
                row,
                "date",
                f"{row['date']} is not {days[row['version']]}, the day of {row['version']}",
            )


# The reasons for the changes of this release were not kept.
WITHOUT_REASONS = Version(1, 0, 0)


@rule("change-reason", "say in one sentence why the published cell changed")
def change_reason(package):
    """Check that a change of what a release said has a reason."""
    for table, line, row in located(package, "changes"):
        if row["old"] is None or row["reason"] is not None or not Version.is_valid(row["version"]):
            continue
        if Version.parse(row["version"]) > WITHOUT_REASONS:
            what = (
                "removed" if row["field"] == "*" else "emptied" if row["new"] is None else "changed"
            )
            message = f"is empty although {row['table']}/{row['record']} {row['field']} was {what}"
            yield table, line, row, "reason", message


@rule("released-through", "correct the date of the release, or data_through in datapackage.json")
def released_through(package):
    through, version = package.descriptor.get("data_through"), package.descriptor.get("version")
    for table, line, row in located(package, "releases"):
        if (
            row["version"] == version
            and row["date"]
            and isinstance(through, str)
            and row["date"] < through
        ):
            yield table, line, row, "date", f"{row['date']} is before data_through {through}"
