"""Verb: two packages -> what changed between them, and the smallest version that the change allows.

    python scripts/diff.py OLD [NEW] [--json]

A package is a folder, a zip, or a git revision of this repository; NEW is this folder unless given. For people: grouped by
jurisdiction, one sentence each. For programs: JSON after docs/diff.schema.json.

Version rules (the Data Package recipe, and one of ours): a change of the schema that can break a reader is major; new rows, a
loosened constraint, and any change of a fact's meaning are minor; wording and descriptions are patches.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import io
import json
import lzma
import re
import struct
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from package import ROOT, SEMVER, WRITTEN_BY_THE_RELEASE, Package, load, misshapen, run
from repository import GitFailed, ask

LEVELS = ("none", "patch", "minor", "major")
LOOSE = ("description", "title", "example", "searchable", "cited", "wording", "sources", "contributors", "keywords")

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
MAX_GROWTH, SMALL = 50, 10_000_000  # text shrinks to a tenth at best; a zip that grows far more was made to fill a disk
# At most ten parts of at most 60 characters, none empty or a dot alone: what every disk can hold.
PLAIN_NAME = re.compile(r"(?:(?!\./)[^/]{1,60}/){0,9}(?:(?!\.$)[^/]{1,60})?", re.DOTALL)
# What Python's zipfile raises, beside BadZipFile, on bytes that are no whole zip.
DAMAGED = (zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error, OSError)


class NoPackage(Exception):
    """What was named is no package; the message is a sentence for a person."""


@dataclass
class Difference:
    """What changed from one package to another. Rows and cells are named by table and primary key."""

    old_version: str
    new_version: str
    schema: list[tuple[str, str]] = field(default_factory=list)  # (level, sentence)
    added: list[tuple[str, str, dict]] = field(default_factory=list)  # (table, record, row)
    removed: list[tuple[str, str, dict]] = field(default_factory=list)
    changed: list[tuple[str, str, str, object, object, bool]] = field(default_factory=list)  # (table, record, field, old, new, wording)

    @property
    def level(self) -> str:
        found = [level for level, _ in self.schema]
        found += ["minor"] * bool(self.added or self.removed)
        found += ["patch" if wording else "minor" for *_, wording in self.changed]
        return max(found, key=LEVELS.index, default="none")

    @property
    def smallest_version(self) -> str:
        return bump(self.old_version, self.level)


def unpack(path: Path, folder: str | Path, name: str) -> None:
    """Write the files of a zip into a folder. Raises NoPackage, which names the file and what to do."""
    todo = "take the file again from where the release is published, or from the repository"
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            problem = zip_problem(archive, path.stat().st_size)
            if not problem and (bad := archive.testzip()):
                problem = f"is a damaged zip ({bad!r} is not whole)"
        except zipfile.BadZipFile as e:
            problem = f"is no zip or a damaged one ({e})"
        except DAMAGED as e:
            problem = f"is a damaged zip ({str(e) or type(e).__name__})"
        if problem:
            raise NoPackage(f"{name} {problem}: {todo}")
        archive.extractall(folder)  # what fails now, such as a full disk, is not the zip's fault


def zip_problem(archive: zipfile.ZipFile, size: int) -> str:
    """Why the files of a zip of this many bytes are not to be unpacked, as a clause; empty when they can be."""
    entries, seen = archive.infolist(), set()
    if sum(e.file_size for e in entries) > MAX_GROWTH * size + SMALL:
        return f"would unpack to {sum(e.file_size for e in entries):,} bytes from {size:,}"
    for e in entries:
        parts = e.orig_filename.split("/")
        if e.orig_filename.startswith("/") or ".." in parts or any(c in e.orig_filename for c in "\\:\0"):
            return f"holds the name {e.orig_filename!r}, which leads out of it"
        if not PLAIN_NAME.fullmatch(e.orig_filename):
            return f"holds {e.orig_filename[:80]!r}, which is no plain name of a file"
        if e.filename in seen:
            return f"holds {e.filename!r} twice"
        seen.add(e.filename)
        if e.flag_bits & 0x1:
            return f"holds {e.filename!r} encrypted"
        if e.compress_type not in METHODS:
            return f"holds {e.filename!r} compressed by method {e.compress_type}, which is not known"
    files = {name for name in seen if not name.endswith("/")}
    folders = {str(f) for name in seen for f in PurePosixPath(name + "x").parents}
    if both := sorted(files & folders):
        return f"holds {both[0]!r} as a file and as a folder"
    if "datapackage.json" not in files:
        return "holds no datapackage.json"
    return ""


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
                zipped = ask(repository, "archive", "--format=zip", "--", name, "datapackage.json", "data")
            except GitFailed as e:
                raise NoPackage(f"{name} is no folder, no zip and no git revision that holds datapackage.json and data/ ({e})") from None
            with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
                archive.extractall(folder)
        yield usable(load(Path(folder)), name)


def usable(package: Package, name: str) -> Package:
    if package.descriptor is None or not all(t.readable for t in package.tables.values()):
        raise NoPackage(f"{name} is no readable package: " + "; ".join(str(f) for f in package.faults[:3]))
    if wrong := misshapen(package.descriptor):
        raise NoPackage(f"{name} is no readable package: datapackage.json, {wrong[0][0]}: {wrong[0][1]}")
    if not SEMVER.fullmatch(str(package.descriptor.get("version"))):
        raise NoPackage(f"{name} has no version of the form 1.2.3: correct `version` in its datapackage.json")
    return package


def bump(version: str, level: str) -> str:
    major, minor, patch = map(int, version.split("."))
    return {"major": f"{major + 1}.0.0", "minor": f"{major}.{minor + 1}.0", "patch": f"{major}.{minor}.{patch + 1}", "none": version}[level]


# ---- comparing ------------------------------------------------------------------------------------------------------


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
                        d.changed.append((name, key, column, before[key].get(column), after[key][column], column in wording))
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
            d.schema.append(("patch" if prop in LOOSE else "major" if prop in ("name", "licenses") else "minor", f"The package's {prop} changed."))
    for name in (n for n in after if n in before):
        a, b = before[name], after[name]
        fields_a, fields_b = ([f["name"] for f in r["schema"]["fields"]] for r in (a, b))
        if fields_a != fields_b:
            gone, come = [f for f in fields_a if f not in fields_b], [f for f in fields_b if f not in fields_a]
            what = [f"lost {', '.join(gone)}"] * bool(gone) + [f"gained {', '.join(come)}"] * bool(come) or ["has its columns in another order"]
            d.schema.append(("major", f"Table {name} {' and '.join(what)}."))
        for prop in ("primaryKey", "foreignKeys", "uniqueKeys"):
            if a["schema"].get(prop) != b["schema"].get(prop):
                d.schema.append(("major", f"The {prop} of table {name} changed."))
        for prop in sorted(set(a) | set(b)):
            if prop != "schema" and a.get(prop) != b.get(prop):
                d.schema.append(("patch" if prop in LOOSE else "major", f"The {prop} of table {name} changed."))
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
            d.schema.append(("minor" if looser(prop, a.get(prop), b.get(prop)) else "major", f"The constraint {prop} of {where} changed."))


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


# ---- telling --------------------------------------------------------------------------------------------------------


def as_json(d: Difference) -> dict:
    """After docs/diff.schema.json."""
    return {
        "old_version": d.old_version,
        "new_version": d.new_version,
        "level": d.level,
        "smallest_version": d.smallest_version,
        "schema": [{"level": level, "text": text} for level, text in d.schema],
        "added": [{"table": t, "record": k, "row": row} for t, k, row in d.added],
        "removed": [{"table": t, "record": k, "row": row} for t, k, row in d.removed],
        "changed": [{"table": t, "record": k, "field": f, "old": a, "new": b, "wording": w} for t, k, f, a, b, w in d.changed],
    }


def as_text(d: Difference, old: Package, new: Package) -> str:
    """Grouped by jurisdiction, one sentence each; citations and sources as counts, since each follows its fact."""
    names = {j.get("jurisdiction"): j.get("name") for p in (old, new) for j in p.rows("jurisdictions")}
    programs = {r.get("program"): r.get("jurisdiction") for p in (old, new) for r in p.rows("programs")}

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
    out = [f"From {d.old_version} to {d.new_version}: {d.level} (smallest version allowed: {d.smallest_version})."]
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
    told = [str(row[c]).replace("_", " ") for c in ("population", "finding", "enrollment", "role", "treatment", "answer", "verdict") if row.get(c)]
    if row.get("valid_from"):
        told.append(f"from {row['valid_from']}" + (f" until {row['valid_to']}" if row.get("valid_to") else ""))
    return f" ({', '.join(told)})" if told else ""


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("old", help="folder, zip or git revision")
    parser.add_argument("new", nargs="?", default=str(ROOT), help="folder, zip or git revision (default: this folder)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    args = parser.parse_args(argv)
    try:
        with open_package(args.old) as old, open_package(args.new) as new:
            d = compare(old, new)
            print(json.dumps(as_json(d), indent=2, ensure_ascii=False) if args.json else as_text(d, old, new), end="\n" if args.json else "")
    except NoPackage as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
