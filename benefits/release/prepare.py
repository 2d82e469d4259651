"""Prepare a release: record in the package what changed, and when it is released."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benefits import history
from benefits.canonical import canonical_text
from benefits.files import atomic_write, remove_stale
from benefits.package import WRITTEN_BY_THE_RELEASE, Package, Version
from benefits.periods import EARLIEST, LATEST, is_iso_date
from benefits.reading import load
from benefits.release.source import Refused, change_problems, find_release, load_valid
from benefits.validation.check import package_faults
from benefits.version import REASONS, read_reasons, version_problems

ACCEPTED = "expected a day as YYYY-MM-DD, after the last release and not after today"


def prepare(root: Path, day: str, today: str) -> str:
    """Record the release of a day in the package, and return a sentence on what was written.

    What changed since the last release goes into data/changes.csv, with its reasons, and the
    release into data/releases.csv; releases/reasons.csv is emptied. `day` and `today` are ISO
    dates. Raises Refused.
    """
    for option, value in (("--date", day), ("--today", today)):
        if not is_iso_date(value):
            raise Refused(
                f"{option} is {value!r}, expected a day as YYYY-MM-DD, such as 2026-11-25"
            )
    reasons_file = root / "releases" / "reasons.csv"
    for path in (*(root / "data" / f"{t}.csv" for t in WRITTEN_BY_THE_RELEASE), reasons_file):
        remove_stale(path)
    package = load_valid(root)
    version = package.descriptor["version"]
    problems, change = version_problems(package)
    # If prepare was killed, data/releases.csv may be written and data/changes.csv not: then it
    # starts again.
    begun = find_release(package, version)
    if begun and (
        change is None or change.level == "none" or not change_problems(package, change, begun)
    ):
        raise Refused(f"version {version} is prepared already")
    problems += day_problems(package, day, today)
    if problems:
        raise Refused("\n".join(problems))
    if change is not None and change.level == "none":
        raise Refused(f"nothing changed since {change.old_version}")
    level, changes = "first", []
    if change is not None:
        level = change.level
        changes = history.change_rows(change, version, day, read_reasons(root)[0])
    rows = {
        "releases": [{"version": version, "date": day, "level": level}],
        "changes": changes,
    }
    write_rows(package, version, rows)
    reasons_file.parent.mkdir(exist_ok=True)
    with atomic_write(reasons_file) as temporary:  # last: until then prepare can start again
        temporary.write_text(",".join(REASONS) + "\n", encoding="utf-8")
    return f"{version}: {len(changes):,} changes written"


def day_problems(package: Package, day: str, today: str) -> list[str]:
    """Return why a release of the package cannot have this day, as sentences."""
    version, through = package.descriptor["version"], package.descriptor["data_through"]
    others = [r for r in package.rows("releases") if r["version"] != version]
    problems = []
    if others:
        last = history.by_version(others)[-1]
        if day <= max(r["date"] for r in others):
            problems.append(
                f"--date is {day}, and {last['version']} was released on {last['date']}: {ACCEPTED}"
            )
        if Version.parse(version) <= Version.parse(last["version"]):
            problems.append(
                f"datapackage.json: version {version} is not after {last['version']}, which is"
                " released: raise it"
            )
    if day > today:
        problems.append(
            f"--date is {day}, and today is {today}: {ACCEPTED} (--today says which day it is)"
        )
    if not EARLIEST <= day <= LATEST:
        problems.append(f"--date is {day}, not between {EARLIEST} and {LATEST}: {ACCEPTED}")
    if day < through:
        problems.append(
            f"--date is {day}, before data_through {through}: release later, or correct"
            " data_through"
        )
    return problems


def write_rows(package: Package, version: str, rows: dict[str, list[dict]]) -> None:
    """Write the rows of a version into the tables that a release writes. Raises Refused."""
    texts = {}
    for name in WRITTEN_BY_THE_RELEASE:
        table = package.tables[name]
        others = [r for r in table.rows if r["version"] != version]
        texts[table.path] = canonical_text(replace(table, rows=others + rows[name]))
    check_result(package, texts)
    for path, text in texts.items():
        with atomic_write(package.root / path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")


def check_result(package: Package, texts: dict[str, str]) -> None:
    """Validate the package as it would be with the new texts of some files. Raises Refused."""
    with tempfile.TemporaryDirectory() as place:
        for path in ("datapackage.json", *(t.path for t in package.tables.values())):
            target = Path(place) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if path in texts:
                target.write_text(texts[path], encoding="utf-8", newline="")
            else:
                shutil.copyfile(package.root / path, target)
        faults = package_faults(load(Path(place)))
    if faults:
        lines = "\n".join(map(str, faults[:20]))
        raise Refused(
            f"nothing was written, since the result would have {len(faults)} faults; correct the"
            f" data or releases/reasons.csv:\n{lines}"
        )
