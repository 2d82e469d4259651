"""Two packages -> what changed between them, and the smallest version that the change allows.

A package is a folder, a zip, or a git revision of this repository; NEW is this folder unless given.
For people: grouped by jurisdiction, one sentence each. For programs: JSON after
docs/reference/diff.schema.json.

Version rules (the Data Package recipe, and one of ours): a change of the schema that can break a
reader is major; new rows, a loosened constraint, and any change of a fact's meaning are minor;
wording and descriptions are patches."""

from __future__ import annotations

import io
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benefits.archives import NoPackage, unpack
from benefits.package import ROOT, SEMVER, WRITTEN_BY_THE_RELEASE, Package
from benefits.reading import load
from benefits.repository import GitFailed, ask
from benefits.shape import shape_problems

LEVELS = ("none", "patch", "minor", "major")
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
    """What changed from one package to another. Rows and cells are named by table and
    primary key."""

    old_version: str
    new_version: str
    schema: list[tuple[str, str]] = field(default_factory=list)  # (level, sentence)
    added: list[tuple[str, str, dict]] = field(default_factory=list)  # (table, record, row)
    removed: list[tuple[str, str, dict]] = field(default_factory=list)
    changed: list[tuple[str, str, str, object, object, bool]] = field(
        default_factory=list
    )  # (table, record, field, old, new, wording)

    @property
    def level(self) -> str:
        found = [level for level, _ in self.schema]
        found += ["minor"] * bool(self.added or self.removed)
        found += ["patch" if wording else "minor" for *_, wording in self.changed]
        return max(found, key=LEVELS.index, default="none")

    @property
    def smallest_version(self) -> str:
        return bump(self.old_version, self.level)


@contextmanager
def open_package(name: str, repository: Path = ROOT):
    """The package in a folder, a zip or a git revision. Raises NoPackage."""
    path = Path(name)
    if path.is_dir():
        yield usable(load(path), name)
        return
    with tempfile.TemporaryDirectory() as folder:
        if path.is_file():
            unpack(path, folder, name)
        else:
            try:
                zipped = ask(
                    repository, "archive", "--format=zip", "--", name, "datapackage.json", "data"
                )
            except GitFailed as e:
                raise NoPackage(
                    f"{name} is no folder, no zip and no git revision that holds datapackage.json"
                    f" and data/ ({e})"
                ) from None
            with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
                archive.extractall(folder)
        yield usable(load(Path(folder)), name)


def usable(package: Package, name: str) -> Package:
    if package.descriptor is None or not all(t.readable for t in package.tables.values()):
        raise NoPackage(
            f"{name} is no readable package: " + "; ".join(str(f) for f in package.faults[:3])
        )
    if wrong := shape_problems(package.descriptor):
        raise NoPackage(
            f"{name} is no readable package: datapackage.json, {wrong[0][0]}: {wrong[0][1]}"
        )
    if not SEMVER.fullmatch(str(package.descriptor.get("version"))):
        raise NoPackage(
            f"{name} has no version of the form 1.2.3: correct `version` in its datapackage.json"
        )
    return package


def bump(version: str, level: str) -> str:
    major, minor, patch = map(int, version.split("."))
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
        "none": version,
    }[level]


# ---- comparing -----------------------------------------------------------------------------------


def compare(old: Package, new: Package) -> Difference:
    d = Difference(str(old.descriptor.get("version")), str(new.descriptor.get("version")))
    compare_schema(d, old.descriptor, new.descriptor)
    for name, table in new.tables.items():
        if name in WRITTEN_BY_THE_RELEASE:
            continue  # the record of changes is not itself a fact that changes
        before = {r[0]: r[1] for r in keyed(old.tables[name])} if name in old.tables else {}
        after = dict(keyed(table))
        wording = {f["name"] for f in table.fields if f.get("wording")}
        d.added += [(name, key, row) for key, row in after.items() if key not in before]
        d.removed += [(name, key, row) for key, row in before.items() if key not in after]
        for key in after.keys() & before.keys():
            if after[key] != before[key]:
                for column in table.columns:
                    if before[key].get(column) != after[key][column]:
                        d.changed.append(
                            (
                                name,
                                key,
                                column,
                                before[key].get(column),
                                after[key][column],
                                column in wording,
                            )
                        )
    for name in old.tables.keys() - new.tables.keys() - set(WRITTEN_BY_THE_RELEASE):
        d.removed += [(name, key, row) for key, row in keyed(old.tables[name])]
    d.added.sort(key=lambda c: c[:2])
    d.removed.sort(key=lambda c: c[:2])
    d.changed.sort(key=lambda c: c[:3])
    return d


def keyed(table):
    return [(table.key_of(row), row) for row in table.rows]


def compare_schema(d: Difference, old: dict, new: dict) -> None:
    before, after = ({r["name"]: r for r in p["resources"]} for p in (old, new))
    d.schema += [("major", f"Table {n} was removed.") for n in before if n not in after]
    d.schema += [("minor", f"Table {n} was added.") for n in after if n not in before]
    for prop in sorted(set(old) | set(new)):
        if prop not in ("resources", "version", "data_through") and old.get(prop) != new.get(prop):
            d.schema.append(
                (
                    (
                        "patch"
                        if prop in LOOSE
                        else "major"
                        if prop in ("name", "licenses")
                        else "minor"
                    ),
                    f"The package's {prop} changed.",
                )
            )
    for name in (n for n in after if n in before):
        a, b = before[name], after[name]
        fields_a, fields_b = ([f["name"] for f in r["schema"]["fields"]] for r in (a, b))
        if fields_a != fields_b:
            gone, come = (
                [f for f in fields_a if f not in fields_b],
                [f for f in fields_b if f not in fields_a],
            )
            what = [f"lost {', '.join(gone)}"] * bool(gone) + [f"gained {', '.join(come)}"] * bool(
                come
            ) or ["has its columns in another order"]
            d.schema.append(("major", f"Table {name} {' and '.join(what)}."))
        for prop in ("primaryKey", "foreignKeys", "uniqueKeys"):
            if a["schema"].get(prop) != b["schema"].get(prop):
                d.schema.append(("major", f"The {prop} of table {name} changed."))
        for prop in sorted(set(a) | set(b)):
            if prop != "schema" and a.get(prop) != b.get(prop):
                d.schema.append(
                    ("patch" if prop in LOOSE else "major", f"The {prop} of table {name} changed.")
                )
        old_fields, new_fields = ({f["name"]: f for f in r["schema"]["fields"]} for r in (a, b))
        for column in (c for c in fields_b if c in old_fields):
            compare_field(d, f"{name}.{column}", old_fields[column], new_fields[column])


def compare_field(d: Difference, where: str, old: dict, new: dict) -> None:
    for prop in sorted(set(old) | set(new)):
        if old.get(prop) == new.get(prop) or prop == "constraints":
            continue
        level = "patch" if prop in LOOSE + ("categories",) else "major"
        d.schema.append((level, f"The {prop} of {where} changed."))
    a, b = old.get("constraints", {}), new.get("constraints", {})
    for prop in sorted(set(a) | set(b)):
        if a.get(prop) != b.get(prop):
            d.schema.append(
                (
                    "minor" if looser(prop, a.get(prop), b.get(prop)) else "major",
                    f"The constraint {prop} of {where} changed.",
                )
            )


def looser(prop: str, old, new) -> bool:
    """Whether whatever was allowed still is."""
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


# ---- telling -------------------------------------------------------------------------------------


def as_json(d: Difference) -> dict:
    """After docs/reference/diff.schema.json."""
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
    """Grouped by jurisdiction, one sentence each; citations and sources as counts, since
    each follows its fact."""
    names = {
        j.get("jurisdiction"): j.get("name") for p in (old, new) for j in p.rows("jurisdictions")
    }
    programs = {
        r.get("program"): r.get("jurisdiction") for p in (old, new) for r in p.rows("programs")
    }

    def place(row) -> str:
        code = row.get("jurisdiction") or programs.get(row.get("program"))
        return names.get(code) or "Cases, orders and the dataset itself"

    groups: dict[str, list[str]] = {}
    counts: dict[str, int] = {}

    def say(table, row, sentence, what):
        if table in ("citations", "sources"):
            counts[f"{table} {what}"] = counts.get(f"{table} {what}", 0) + 1
        else:
            groups.setdefault(place(row), []).append(sentence)

    rows_by = {(n, k): r for p in (old, new) for n, t in p.tables.items() for k, r in keyed(t)}
    for table, key, row in d.added:
        say(table, row, f"Added {table}/{key}{gist(row)}.", "added")
    for table, key, row in d.removed:
        say(table, row, f"Removed {table}/{key}{gist(row)}.", "removed")
    for table, key, column, a, b, wording in d.changed:
        what = "the wording changed" if wording else f"was {shown(a)}, is {shown(b)}"
        say(table, rows_by[table, key], f"Changed {table}/{key}, {column}: {what}.", "changed")
    out = [
        f"From {d.old_version} to {d.new_version}: {d.level} (smallest version allowed:"
        f" {d.smallest_version})."
    ]
    out += [f"  Schema, {level}: {text}" for level, text in d.schema]
    for heading in sorted(groups):
        out += ["", heading, *(f"  {s}" for s in groups[heading])]
    if counts:
        out += ["", "Evidence", *(f"  {n:,} {what}." for what, n in sorted(counts.items()))]
    return "\n".join(out) + "\n"


def shown(value) -> str:
    return "empty" if value is None else str(value)


def gist(row) -> str:
    """The few columns that tell a row from its neighbours."""
    told = [
        str(row[c]).replace("_", " ")
        for c in ("population", "finding", "enrollment", "role", "treatment", "answer", "verdict")
        if row.get(c)
    ]
    if row.get("valid_from"):
        told.append(
            f"from {row['valid_from']}"
            + (f" until {row['valid_to']}" if row.get("valid_to") else "")
        )
    return f" ({', '.join(told)})" if told else ""
