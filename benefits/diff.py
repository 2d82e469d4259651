"""Compare two packages, and find the smallest version that the change allows.

The rules of versions are the Data Package recipe and one of ours: a change of the schema that can
break a reader is major; new rows, a looser constraint, and any change of a fact's meaning are
minor; wording and descriptions are patches.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benefits.archives import NoPackage, unpack
from benefits.package import ROOT, WRITTEN_BY_THE_RELEASE, Package, Table, Version
from benefits.reading import load
from benefits.repository import GitFailed, run_git
from benefits.shape import shape_problems

LEVELS = ("none", "patch", "minor", "major")
# Properties of the descriptor that say nothing about what a cell means or may be.
LOOSE = (
    "description",
    "title",
    "example",
    "searchable",
    "cited",
    "wording",
    "sources",
    "contributors",
    "keywords",
)


@dataclass
class Difference:
    """What changed from one package to another; a record is a primary key."""

    old_version: str
    new_version: str
    schema: list[tuple[str, str]] = field(default_factory=list)  # (level, sentence)
    added: list[tuple[str, str, dict]] = field(default_factory=list)  # (table, record, row)
    removed: list[tuple[str, str, dict]] = field(default_factory=list)
    # (table, record, field, old, new, wording)
    changed: list[tuple[str, str, str, object, object, bool]] = field(default_factory=list)

    @property
    def level(self) -> str:
        """Return the highest level of the changes."""
        levels = [level for level, _ in self.schema]
        levels += ["minor"] * bool(self.added or self.removed)
        levels += ["patch" if wording else "minor" for *_, wording in self.changed]
        return max(levels, key=LEVELS.index, default="none")

    @property
    def smallest_version(self) -> str:
        """Return the smallest version that the changes allow."""
        return str(Version.parse(self.old_version).increment(self.level))


@contextmanager
def open_package(name: str, repository: Path = ROOT):
    """Yield the package in a folder, a zip or a git revision. Raises NoPackage."""
    path = Path(name)
    if path.is_dir():
        yield require_usable(load(path), name)
        return
    with tempfile.TemporaryDirectory() as folder:
        if path.is_file():
            unpack(path, folder, name)
        else:
            try:
                zipped = run_git(
                    repository, "archive", "--format=zip", "--", name, "datapackage.json", "data"
                )
            except GitFailed as e:
                raise NoPackage(
                    f"{name} is not a folder, a zip or a git revision that holds datapackage.json"
                    f" and data/ ({e})"
                ) from None
            with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
                archive.extractall(folder)
        yield require_usable(load(Path(folder)), name)


def require_usable(package: Package, name: str) -> Package:
    """Return the package if it can be compared. Raises NoPackage, which calls it `name`."""
    if package.descriptor is None or not all(t.readable for t in package.tables.values()):
        raise NoPackage(
            f"{name} is not a readable package: " + "; ".join(str(f) for f in package.faults[:3])
        )
    if problems := shape_problems(package.descriptor):
        place, problem = problems[0]
        raise NoPackage(f"{name} is not a readable package: datapackage.json, {place}: {problem}")
    if not Version.is_valid(package.descriptor.get("version")):
        raise NoPackage(
            f"{name} has no version of the form 1.2.3: correct `version` in its datapackage.json"
        )
    return package


# ---- comparing -----------------------------------------------------------------------------------


def compare(old: Package, new: Package) -> Difference:
    """Return what changed from one package to another."""
    d = Difference(str(old.descriptor.get("version")), str(new.descriptor.get("version")))
    compare_schema(d, old.descriptor, new.descriptor)
    for name, table in new.tables.items():
        if name not in WRITTEN_BY_THE_RELEASE:  # they record changes and are not facts themselves
            compare_table(d, old.tables.get(name), table)
    for name in old.tables.keys() - new.tables.keys() - set(WRITTEN_BY_THE_RELEASE):
        d.removed += [(name, key, row) for key, row in keyed_rows(old.tables[name])]
    d.added.sort(key=lambda c: c[:2])
    d.removed.sort(key=lambda c: c[:2])
    d.changed.sort(key=lambda c: c[:3])
    return d


def compare_table(d: Difference, old: Table | None, new: Table) -> None:
    """Add the rows and cells of one table that changed."""
    before, after = dict(keyed_rows(old)) if old else {}, dict(keyed_rows(new))
    wording = {f["name"] for f in new.fields if f.get("wording")}
    d.added += [(new.name, key, row) for key, row in after.items() if key not in before]
    d.removed += [(new.name, key, row) for key, row in before.items() if key not in after]
    for key in after.keys() & before.keys():
        for column in new.columns:
            a, b = before[key].get(column), after[key][column]
            if a != b:
                d.changed.append((new.name, key, column, a, b, column in wording))


def keyed_rows(table: Table) -> list[tuple[str, dict]]:
    """Return the rows of a table with their keys."""
    return [(table.key_of(row), row) for row in table.rows]


def compare_schema(d: Difference, old: dict, new: dict) -> None:
    """Add what changed between two descriptors."""
    before, after = ({r["name"]: r for r in p["resources"]} for p in (old, new))
    d.schema += [("major", f"Table {n} was removed.") for n in before if n not in after]
    d.schema += [("minor", f"Table {n} was added.") for n in after if n not in before]
    for prop in sorted(set(old) | set(new)):
        if prop not in ("resources", "version", "data_through") and old.get(prop) != new.get(prop):
            d.schema.append((package_level(prop), f"The package's {prop} changed."))
    for name in (n for n in after if n in before):
        compare_resource(d, name, before[name], after[name])


def package_level(prop: str) -> str:
    """Return the level of a change of a property of the package."""
    if prop in LOOSE:
        return "patch"
    return "major" if prop in ("name", "licenses") else "minor"


def compare_resource(d: Difference, name: str, old: dict, new: dict) -> None:
    """Add what changed in the description of one table."""
    before, after = ({f["name"]: f for f in r["schema"]["fields"]} for r in (old, new))
    if list(before) != list(after):
        d.schema.append(("major", f"Table {name} {column_change(list(before), list(after))}."))
    for prop in ("primaryKey", "foreignKeys", "uniqueKeys"):
        if old["schema"].get(prop) != new["schema"].get(prop):
            d.schema.append(("major", f"The {prop} of table {name} changed."))
    for prop in sorted(set(old) | set(new)):
        if prop != "schema" and old.get(prop) != new.get(prop):
            level = "patch" if prop in LOOSE else "major"
            d.schema.append((level, f"The {prop} of table {name} changed."))
    for column in (c for c in after if c in before):
        compare_field(d, f"{name}.{column}", before[column], after[column])


def column_change(old: list[str], new: list[str]) -> str:
    """Return how the columns of a table changed, as a clause."""
    lost, gained = [c for c in old if c not in new], [c for c in new if c not in old]
    clauses = [f"lost {', '.join(lost)}"] if lost else []
    clauses += [f"gained {', '.join(gained)}"] if gained else []
    return " and ".join(clauses) or "has its columns in another order"


def compare_field(d: Difference, place: str, old: dict, new: dict) -> None:
    """Add what changed in the description of one field."""
    for prop in sorted(set(old) | set(new)):
        if old.get(prop) == new.get(prop) or prop == "constraints":
            continue
        level = "patch" if prop in LOOSE + ("categories",) else "major"
        d.schema.append((level, f"The {prop} of {place} changed."))
    before, after = old.get("constraints", {}), new.get("constraints", {})
    for prop in sorted(set(before) | set(after)):
        a, b = before.get(prop), after.get(prop)
        if a != b:
            level = "minor" if is_looser(prop, a, b) else "major"
            d.schema.append((level, f"The constraint {prop} of {place} changed."))


def is_looser(prop: str, old, new) -> bool:
    """Return whether a constraint still allows every value that it allowed."""
    if new is None:
        return True
    if old is None:
        return new is False
    if prop == "enum":
        return set(old) <= set(new)
    if prop in ("minimum", "minLength"):
        return new <= old
    if prop in ("maximum", "maxLength"):
        return new >= old
    return bool(old) and not new if prop in ("required", "unique") else False


# ---- reporting -----------------------------------------------------------------------------------


def as_json(d: Difference) -> dict:
    """Return a difference in the form of docs/reference/diff.schema.json."""
    return {
        "old_version": d.old_version,
        "new_version": d.new_version,
        "level": d.level,
        "smallest_version": d.smallest_version,
        "schema": [{"level": level, "text": text} for level, text in d.schema],
        "added": [{"table": t, "record": k, "row": row} for t, k, row in d.added],
        "removed": [{"table": t, "record": k, "row": row} for t, k, row in d.removed],
        "changed": [
            {"table": t, "record": k, "field": f, "old": a, "new": b, "wording": w}
            for t, k, f, a, b, w in d.changed
        ],
    }


def as_text(d: Difference, old: Package, new: Package) -> str:
    """Return a difference as sentences, grouped by jurisdiction.

    Citations and sources are only counted, since each of them follows its fact.
    """
    place_of = place_finder(old, new)
    rows = {
        (name, key): row
        for package in (old, new)
        for name, table in package.tables.items()
        for key, row in keyed_rows(table)
    }
    changes = [(t, row, f"Added {t}/{k}{summary(row)}.", "added") for t, k, row in d.added]
    changes += [(t, row, f"Removed {t}/{k}{summary(row)}.", "removed") for t, k, row in d.removed]
    for t, k, column, a, b, wording in d.changed:
        what = "the wording changed" if wording else f"was {cell_text(a)}, is {cell_text(b)}"
        changes.append((t, rows[t, k], f"Changed {t}/{k}, {column}: {what}.", "changed"))
    groups: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for table, row, sentence, kind in changes:
        if table in ("citations", "sources"):
            counts[f"{table} {kind}"] += 1
        else:
            groups.setdefault(place_of(row), []).append(sentence)
    allowed = f"smallest version allowed: {d.smallest_version}"
    lines = [f"From {d.old_version} to {d.new_version}: {d.level} ({allowed})."]
    lines += [f"  Schema, {level}: {text}" for level, text in d.schema]
    for heading in sorted(groups):
        lines += ["", heading, *(f"  {s}" for s in groups[heading])]
    if counts:
        lines += ["", "Evidence", *(f"  {n:,} {kind}." for kind, n in sorted(counts.items()))]
    return "\n".join(lines) + "\n"


def place_finder(old: Package, new: Package) -> Callable[[dict], str]:
    """Return a function that returns the heading under which a change of a row is listed."""
    packages = (old, new)
    names = {
        j.get("jurisdiction"): j.get("name") for p in packages for j in p.rows("jurisdictions")
    }
    programs = {
        r.get("program"): r.get("jurisdiction") for p in packages for r in p.rows("programs")
    }

    def place_of(row: dict) -> str:
        code = row.get("jurisdiction") or programs.get(row.get("program"))
        return names.get(code) or "Cases, orders and the dataset itself"

    return place_of


def cell_text(value) -> str:
    """Return a cell as text; "empty" if it is."""
    return "empty" if value is None else str(value)


def summary(row: dict) -> str:
    """Return the few columns that distinguish a row from similar ones, in parentheses."""
    parts = [
        str(row[c]).replace("_", " ")
        for c in ("population", "finding", "enrollment", "role", "treatment", "answer", "verdict")
        if row.get(c)
    ]
    if row.get("valid_from"):
        end = f" until {row['valid_to']}" if row.get("valid_to") else ""
        parts.append(f"from {row['valid_from']}{end}")
    return f" ({', '.join(parts)})" if parts else ""
