"""Verb: is the package whole? The v2 profile, frictionless and our rules; every fault in one report.

    python scripts/validate.py [--root DIR] [--json]

Exit code 0 and one line when nothing is wrong, 1 and every fault otherwise. When all is well the SHA-256 of every file
is written to build/validated.json, and `build.py` builds exactly those bytes.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

from package import INTEGER, ISO_DATE, ROOT, SEMVER, Fault, Package, csv_text, is_date, load, meanwhile, misshapen, run, written  # before all else: see there

import argparse
import contextlib
import copy
import difflib
import json
import re
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import rules

PROFILE = ROOT / "profiles" / "datapackage-2.0.json"
STRUCTURE = ROOT / "profiles" / "structure.json"
NAME = re.compile("[a-z][a-z0-9_]*")
RESERVED = {"rowid", "oid", "rank"}  # SQLite and its full-text search have columns of these names
# Properties of the standard that we use, and five of our own: `data_through` and `complete_from` (ISO dates) of the package,
# `searchable` (columns for full-text search) and `fact` (rows need citations) of a table, `cited` (cells need one) and
# `wording` (our text: a change of it is a patch) of a field.
KNOWN = {
    "package": {"$schema", "name", "id", "title", "description", "homepage", "version", "created", "keywords", "licenses", "contributors", "sources", "resources", "data_through", "complete_from"},
    "resource": {"name", "type", "title", "description", "path", "format", "mediatype", "encoding", "dialect", "schema", "searchable", "fact"},
    "field": {"name", "type", "format", "title", "description", "example", "constraints", "categories", "cited", "wording"},
    "dialect": {"delimiter", "lineTerminator", "header", "quoteChar", "doubleQuote", "skipInitialSpace", "$schema"},
    "schema": {"$schema", "name", "title", "description", "fields", "missingValues", "primaryKey", "uniqueKeys", "foreignKeys"},
    "constraints": {"required", "unique", "pattern", "enum", "minimum", "maximum"},
    "category": {"value", "label"},
    "foreignKey": {"fields", "reference"},
    "reference": {"resource", "fields"},
    "licence": {"name", "path", "title"},
    "source": {"title", "path", "email", "version"},
    "contributor": {"title", "path", "roles", "organization", "givenName", "familyName"},
}


def faults_of(package: Package) -> list[Fault]:
    """Every fault of the package, sorted by file and line. frictionless takes as long as all else, and has a process of its own meanwhile."""
    faults = list(package.faults)
    if package.descriptor is None:
        return sorted(set(faults))
    if wrong := misshapen(package.descriptor):  # nothing else can be said of such a descriptor
        todo = "write it in the type and form of the Data Package standard; docs/codebook.md has what is there"
        return sorted({*faults, *(Fault("datapackage.json", 0, where[:200], "", "shape", f"has another form than is read: {what}", todo) for where, what in wrong)})
    if lacking := structure_faults(package):  # the rules read what is not there
        return sorted({*faults, *lacking, *descriptor_faults(package)})
    descriptor = for_frictionless(package)
    with meanwhile(frictionless_errors, descriptor, str(package.root)) if descriptor else contextlib.nullcontext() as told:
        faults += descriptor_faults(package)
        faults += unlisted_files(package)
        by_rules = rules.check(package)
        if told:
            try:
                faults += frictionless_faults(package, told(), faults)
            except Exception as e:  # frictionless raises many kinds on a descriptor it cannot use
                faults.append(Fault("datapackage.json", 0, "", "", "frictionless", f"frictionless cannot use it: {str(e)[:300]}", "mend the descriptor"))
    if not faults and not by_rules:
        faults += trial_faults(package)
    return sorted(set(faults + by_rules))


# ---- what the rules and the SQL read ---------------------------------------------------------------------------------


def structure_of(resource: dict) -> dict:
    """The table as profiles/structure.json has it: what rules, build and SQL rest on."""
    schema = resource["schema"]
    return {
        "primaryKey": schema["primaryKey"],
        "foreignKeys": {k["fields"][0]: k["reference"].get("resource") or resource["name"] for k in schema.get("foreignKeys", []) if k["fields"]},
        "required": [f["name"] for f in schema["fields"] if f.get("constraints", {}).get("required")],
        "fields": {f["name"]: f["type"] for f in schema["fields"]},
    }


def structure_faults(package: Package) -> list[Fault]:
    """Tables, columns, types and keys of profiles/structure.json that the descriptor lacks or has otherwise."""
    wanted, found = json.loads(STRUCTURE.read_text(encoding="utf-8")), []
    there = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}

    def fault(where, message):
        found.append(Fault("datapackage.json", 0, where, "", "structure", message, "restore it; what reads it is in scripts/ and sql/, and the list in profiles/structure.json"))

    for name, table in wanted.items():
        if name not in there:
            fault(name, "is no table any more, and rules and answers read it")
            continue
        has = there[name]
        if has["primaryKey"] != table["primaryKey"]:
            fault(name, f"has the primary key {has['primaryKey']}, expected {table['primaryKey']}")
        for column, type_ in table["fields"].items():
            if has["fields"].get(column) != type_:
                told = f"is of type {has['fields'][column]}, expected {type_}" if column in has["fields"] else "is no column any more, and rules and answers read it"
                fault(f"{name}.{column}", told)
            elif column in table["required"] and column not in has["required"]:
                fault(f"{name}.{column}", "is not required any more, and rules and answers count on it")
        for column, target in table["foreignKeys"].items():
            if has["foreignKeys"].get(column) != target:
                fault(f"{name}.{column}", f"does not point to {target} any more")
    return found


def _name_faults(fault, resources: dict[str, dict]) -> None:
    """Names that SQL could not tell apart, or that SQLite keeps for itself."""
    paths: dict[str, str] = {}
    for name, r in resources.items():
        if r["path"] in paths:
            fault("path", name, f"has the file {r['path']} of {paths[r['path']]}", "give each table a file of its own")
        paths[r["path"]] = name
        for where, word in [(name, name), *((f"{name}.{f['name']}", f["name"]) for f in r["schema"]["fields"])]:
            if not NAME.fullmatch(word) or word in RESERVED:
                fault("name", ascii(where)[1:-1], f"{word!a} is no name for a table or column", "use small letters, digits and _, a letter first, and not " + ", ".join(sorted(RESERVED)))


def trial_faults(package: Package) -> list[Fault]:
    """What keeps the database from being built and asked where the package has more than profiles/structure.json: the build itself is
    tried, without rows."""
    there = {r["name"]: structure_of(r) for r in package.descriptor["resources"]}
    if there == json.loads(STRUCTURE.read_text(encoding="utf-8")):
        return []
    import build  # here, since what it imports takes as long as all else, and it is rarely needed
    import sqlite_utils.db as of_sqlite_utils

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "datapackage.json").write_text(json.dumps(package.descriptor), encoding="utf-8")
        for table in package.tables.values():
            (root / table.path).parent.mkdir(parents=True, exist_ok=True)
            (root / table.path).write_text(csv_text(table.columns, []), encoding="utf-8", newline="")
        empty, target = load(root), root / "build" / "benefits.db"
        try:
            build.build(empty, empty.digests(), target)
            with contextlib.closing(sqlite3.connect(target)) as db:
                for view in [*db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]:
                    db.execute(f'SELECT * FROM "{view[0]}"').fetchall()
                for query in sorted((ROOT / "sql" / "queries").glob("*.sql")):
                    db.execute("EXPLAIN " + query.read_text(encoding="utf-8"), defaultdict(str)).fetchall()
        except (build.BuildError, sqlite3.Error, of_sqlite_utils.AlterError, of_sqlite_utils.InvalidColumns) as e:
            return [Fault("datapackage.json", 0, "", "", "build", f"cannot be built: {e}", "give the new tables and columns names that no table and no SQL of ours has")]
    return []


# ---- the descriptor -------------------------------------------------------------------------------------------------


def descriptor_faults(package: Package) -> list[Fault]:
    import jsonschema  # here, while frictionless is imported by the process beside

    found, d = [], package.descriptor

    def fault(rule, where, message, todo):
        found.append(Fault("datapackage.json", 0, where, "", rule, message, todo))

    profile = json.loads(PROFILE.read_text(encoding="utf-8"))
    for e in jsonschema.Draft7Validator(profile).iter_errors(d):
        fault("profile", "/".join(str(p) for p in e.absolute_path) or "package", f"does not fit the Data Package v2 profile: {e.message[:200]}", "see the Data Package standard, version 2")
    if d.get("$schema") != "https://datapackage.org/profiles/2.0/datapackage.json":
        fault("profile", "$schema", f"is {d.get('$schema')!r}", "declare https://datapackage.org/profiles/2.0/datapackage.json")
    if not SEMVER.fullmatch(str(d.get("version"))):
        fault("version", "version", f"is {d.get('version')!r}", "write MAJOR.MINOR.PATCH, such as 1.0.0")
    for name in ("data_through", "complete_from"):
        if not ISO_DATE.fullmatch(str(d.get(name))) or not is_date(str(d.get(name))):
            fault("date", name, f"is {d.get(name)!r}", "write YYYY-MM-DD")
        elif not rules.EARLIEST <= d[name] <= rules.LATEST:
            fault("date", name, f"is {d[name]}, not between {rules.EARLIEST} and {rules.LATEST}", "check the year")
    if not any(lic.get("name") == "CC-BY-4.0" for lic in d.get("licenses", []) if isinstance(lic, dict)):
        fault("licence", "licenses", "does not name CC-BY-4.0", "restore the licence of the data")
    if not all(d["licenses"][0].get(part) for part in ("title", "path")):
        fault("licence", "licenses", "has no title or path", "give the first licence both: every answer names them")
    resources = {r["name"]: r for r in d["resources"]}
    _unknown(fault, "package", "package", d)
    for name, kind in (("licenses", "licence"), ("sources", "source"), ("contributors", "contributor")):
        _unknown_in(fault, kind, name, d.get(name))
    _odd_text(fault, d)
    _name_faults(fault, resources)
    _key_faults(fault, resources)
    for r in d["resources"]:
        _unknown(fault, "resource", r["name"], r)
        _unknown(fault, "dialect", f"{r['name']}.dialect", r.get("dialect", {}))
        _unknown(fault, "schema", f"{r['name']}.schema", r["schema"])
        for part in ("title", "description"):
            if not isinstance(r.get(part), str) or not r[part].strip():
                fault("described", r["name"], f"has no {part}", "say what one row is, so that a stranger could code a new one")
        columns = {f["name"]: f for f in r["schema"]["fields"]}
        searchable = r.get("searchable", [])
        for column in searchable:
            if columns.get(column, {}).get("type") != "string" or searchable.count(column) > 1:
                fault("searchable", r["name"], f"names {column!r}, which is no text field of its own", "name text fields of this table, each once")
        for f in r["schema"]["fields"]:
            where = f"{r['name']}.{f['name']}"
            _unknown(fault, "field", where, f)
            _unknown(fault, "constraints", f"{where}.constraints", f.get("constraints", {}))
            _unknown_in(fault, "category", f"{where}.categories", f.get("categories"))
            for part in ("title", "description"):
                if not isinstance(f.get(part), str) or not f[part].strip():
                    fault("described", where, f"has no {part}", "say what the column means, so that a stranger could code a new row")
            _example(fault, where, f)
            labels, enum = f.get("categories"), f.get("constraints", {}).get("enum")
            if (labels is None) != (enum is None) or (labels is not None and [c.get("value") for c in labels if isinstance(c, dict)] != enum):
                fault("categories", where, "has an enum and categories that differ", "give each code once in both, in the same order, with a label")
            elif labels and any(not c.get("label") for c in labels):
                fault("categories", where, "has a code without a label", "give each code a label")
    return found


def _odd_text(fault, descriptor: dict) -> None:
    """Texts and keys of the descriptor with characters that cannot be seen; the end of a line in a dialect is one by its nature."""
    left = [("", descriptor)]
    while left:
        where, part = left.pop()
        if isinstance(part, str):
            if (told := rules.odd_character(part)) and not where.endswith("dialect/lineTerminator"):
                fault("odd-characters", where, f"holds {told}, which is not plain text on one line", "retype it without characters that cannot be seen")
        elif isinstance(part, (dict, list)):
            pairs = part.items() if isinstance(part, dict) else enumerate(part)
            for name, value in pairs:
                at = f"{where}/{name}".removeprefix("/")
                if isinstance(name, str) and (told := rules.odd_character(name)):
                    at = at.encode("ascii", "backslashreplace").decode()
                    fault("odd-characters", at, f"has a key that holds {told}, which is not plain text on one line", "retype it without characters that cannot be seen")
                left.append((at, value))


def _unknown(fault, kind, where, properties):
    for name in sorted(set(properties) - KNOWN[kind]) if isinstance(properties, dict) else ():
        near = difflib.get_close_matches(name, KNOWN[kind], 1)
        meant = f"did you mean {near[0]!r}? Known are" if near else "remove it or spell it as one of"
        fault("unknown-property", where, f"has the property {name!r}, which nothing reads", f"{meant} {', '.join(sorted(KNOWN[kind]))}")


def _unknown_in(fault, kind, where, listed):
    for i, properties in enumerate(listed if isinstance(listed, list) else ()):
        _unknown(fault, kind, f"{where}[{i}]", properties)


def _key_faults(fault, resources: dict[str, dict]) -> None:
    """Unique and foreign keys that no database could have."""
    points: dict[str, set[str]] = {}
    for name, r in resources.items():
        columns = {f["name"]: f["type"] for f in r["schema"]["fields"]}
        unique = r["schema"].get("uniqueKeys", [])
        for i, key in enumerate(unique if isinstance(unique, list) else [unique]):
            if not isinstance(key, list) or not key or key in unique[:i] or not all(isinstance(c, str) and c in columns for c in key):
                fault("unique-key-target", name, f"has a unique key of {key!r}", "give lists of fields of this table, each once")
        for i, fk in enumerate(r["schema"].get("foreignKeys", [])):
            _unknown(fault, "foreignKey", f"{name}.foreignKeys[{i}]", fk)
            _unknown(fault, "reference", f"{name}.foreignKeys[{i}].reference", fk["reference"])
            points.setdefault(name, set()).add(fk["reference"].get("resource") or name)
            if problem := _target_problem(fk, name, columns, resources):
                fault("foreign-key-target", name, f"has a foreign key to {fk['reference'].get('resource') or name!r} {problem}", "point one field at the primary key of a table, each as a list")
    for name in sorted(points):
        if _reaches_itself(name, points):
            fault("foreign-key-cycle", name, "points through other tables back to itself", "take one of these foreign keys away; only a table that points to itself directly can be built")


def _target_problem(fk: dict, name: str, columns: dict[str, str], resources: dict[str, dict]) -> str:
    target, fields = resources.get(fk["reference"].get("resource") or name), fk.get("fields")
    if target is None:
        return "that is no table"
    if not isinstance(fields, list) or len(fields) != 1 or fields[0] not in columns:
        return f"from {fields!r}, which is not a list of one field of this table"
    key = target["schema"]["primaryKey"]
    key = [key] if isinstance(key, str) else key
    if fk["reference"].get("fields") != key or len(key) != 1:
        return "that is not its primary key of one field"
    types = {f["name"]: f["type"] for f in target["schema"]["fields"]}
    return "" if types[key[0]] == columns[fields[0]] else "of another type"


def _reaches_itself(name: str, points: dict[str, set[str]]) -> bool:
    """Whether a way leads from a table through others back to it; pointing to itself directly is none."""
    seen, ahead = set(), [t for t in points[name] if t != name]
    while ahead:
        table = ahead.pop()
        if table == name:
            return True
        if table not in seen:
            seen.add(table)
            ahead += points.get(table, ())
    return False


def _example(fault, where, f):
    example, constraints = f.get("example"), f.get("constraints", {})
    good = {"integer": INTEGER.fullmatch, "string": bool, "date": is_date}  # the profile wants every example as text
    if not isinstance(example, str) or not good[f["type"]](example):
        fault("example", where, f"has the example {example!r}, which is no {f['type']}", "give an example that could stand in the column")
    elif "enum" in constraints and example not in constraints["enum"]:
        fault("example", where, f"has the example {example!r}, which is no code of its own", "give one of its codes")
    elif "pattern" in constraints and not re.fullmatch(constraints["pattern"], example):
        fault("example", where, f"has the example {example!r}, which its pattern refuses", "mend the pattern or the example")


def unlisted_files(package: Package) -> list[Fault]:
    data = package.root / "data"
    listed = {t.path for t in package.tables.values()}
    if not data.is_dir():
        return []  # each missing file is named already
    return [
        Fault(f"data/{p.name}", 0, "", "", "unlisted-file", "is in data/ but in no resource of datapackage.json", "list it or remove it")
        for p in sorted(data.iterdir())
        if f"data/{p.name}" not in listed
    ]


# ---- frictionless ---------------------------------------------------------------------------------------------------


def frictionless_errors(descriptor: dict, basepath: str) -> dict[str, list[dict]]:
    """What frictionless says of the package, by resource, with what is of no resource under "". For a process of its own, which imports it."""
    from frictionless import Package as FrictionlessPackage

    report = FrictionlessPackage.from_descriptor(descriptor, basepath=basepath).validate(limit_errors=100_000)
    parts = ("type", "note", "row_number", "field_name", "cell", "field_names", "reference_name")
    told = {"": report.errors} | {task.name: task.errors for task in report.tasks}
    return {name: [{part: getattr(error, part, None) for part in parts} for error in errors] for name, errors in told.items()}


def for_frictionless(package: Package) -> dict | None:
    """The descriptor without the tables that could not be read and what points to them; None if nothing is left."""
    descriptor = copy.deepcopy(package.descriptor)
    readable = {n for n, t in package.tables.items() if t.readable}
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] in readable]
    for r in descriptor["resources"]:
        keys = r["schema"].get("foreignKeys", [])
        r["schema"]["foreignKeys"] = [k for k in keys if (k["reference"].get("resource") or r["name"]) in readable]
    return descriptor if descriptor["resources"] else None


def frictionless_faults(package: Package, told: dict[str, list[dict]], known: list[Fault]) -> list[Fault]:
    """What frictionless told, without what `known` says already of the same cell or line."""
    said = {(f.file, f.line, f.field) for f in known} | {(f.file, f.line, "") for f in known if not f.field}
    found = [Fault("datapackage.json", 0, "", "", f"frictionless {error['type']}", error["note"], "mend the descriptor") for error in told.pop("")]
    for name, errors in told.items():
        table = package.tables[name]
        at = dict(table.located()) if errors else {}
        for error in map(lambda parts: SimpleNamespace(**parts), errors):
            line, column = error.row_number or 0, error.field_name or ""
            if line and not column:
                column = _column_of(error, table)
            if (table.path, line, column) in said or (table.path, line, "") in said and line:
                continue
            row = at.get(line)
            cell = str(error.cell or "")
            if row is not None and column and not cell:
                cell = "" if row.get(column) is None else str(row[column])
            message, todo = _sentence(error, table, column, cell)
            found.append(Fault(table.path, line, table.key_of(row) if row is not None else "", column, error.type, message, todo, cell[:200]))
    return found


def _column_of(error, table) -> str:
    """The column that a row error speaks of: its key's."""
    if error.type == "primary-key":
        return table.primary_key[0]
    return (error.field_names or [""])[0]


def _sentence(error, table, column, cell) -> tuple[str, str]:
    constraints = next((f.get("constraints", {}) for f in table.fields if f["name"] == column), {})
    if error.type == "constraint-error" and "required" in error.note:
        return "is empty", "fill it: it is required"
    if error.type == "constraint-error" and "enum" in error.note:
        return f"{cell[:60]!r} is not one of its codes", "write one of " + ", ".join(map(str, constraints.get("enum", [])))
    if error.type == "constraint-error" and "pattern" in error.note:
        return f"{cell[:60]!r} does not have the form of the column", f"see its description in docs/codebook.md (pattern {constraints.get('pattern')})"
    if error.type == "constraint-error" and ("minimum" in error.note or "maximum" in error.note):
        return f"{cell[:60]!r} is out of range", f"write a value between {constraints.get('minimum', 'any')} and {constraints.get('maximum', 'any')}"
    if error.type in ("unique-error", "primary-key") or "unique" in error.note:
        return f"{cell[:80]!r} occurs more than once or is missing", "give each row a key of its own"
    if error.type == "foreign-key":
        reference = error.reference_name or "the table it points to"
        return f"{cell[:80]!r} is not in {reference}", f"use a key of {reference}, or add the row there"
    return error.note, "see the Data Package standard"


# ---- the verb -------------------------------------------------------------------------------------------------------


def stamp(package: Package) -> None:
    """Write what was validated, beside and renamed."""
    folder = package.root / "build"
    folder.mkdir(exist_ok=True)
    with written(folder / "validated.json") as beside:
        beside.write_text(json.dumps(package.digests(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds datapackage.json (default: this one)")
    parser.add_argument("--json", action="store_true", help="print the faults as a JSON list")
    args = parser.parse_args(argv)
    package = load(args.root)
    faults = faults_of(package)
    rows = sum(len(t.rows) for t in package.tables.values())
    if args.json:
        print(json.dumps([vars(f) for f in faults], indent=2, ensure_ascii=False))
    else:
        for f in faults:
            print(f)
        total = f"{len(faults)} fault{'s' if len(faults) != 1 else ''}" if faults else "no faults"
        print(f"{total} in {len(package.tables)} tables, {rows:,} rows, {len(rules.RULES)} rules")
    if faults:
        return 1
    stamp(package)
    return 0


if __name__ == "__main__":
    run(main)
