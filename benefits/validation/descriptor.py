"""Check the descriptor: the Data Package standard, and our own requirements."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Callable

import jsonschema

from benefits.package import ROOT, Fault, Package, Version
from benefits.periods import EARLIEST, LATEST, is_date, is_iso_date
from benefits.reading import INTEGER
from benefits.validation.keys import key_problems, name_problems
from benefits.validation.text import odd_character

PROFILE = ROOT / "profiles" / "datapackage-2.0.json"
PROFILE_URL = "https://datapackage.org/profiles/2.0/datapackage.json"
LICENCE = "CC-BY-4.0"

# Properties of the standard that we use, and eight of our own: `data_through` and `complete_from`
# (ISO dates) of the package, `searchable` (columns for full-text search) and `fact` (rows need
# citations) of a table, `cited` (cells need citations) and `wording` (our own text, of which a
# change is a patch) of a field, `check_after_days` (when a source of this kind is due for another
# look) and `dated` (a document of this kind never changes) of a code.
KNOWN = {
    "package": {
        "$schema",
        "name",
        "id",
        "title",
        "description",
        "homepage",
        "version",
        "created",
        "keywords",
        "licenses",
        "contributors",
        "sources",
        "resources",
        "data_through",
        "complete_from",
    },
    "resource": {
        "name",
        "type",
        "title",
        "description",
        "path",
        "format",
        "mediatype",
        "encoding",
        "dialect",
        "schema",
        "searchable",
        "fact",
    },
    "field": {
        "name",
        "type",
        "format",
        "title",
        "description",
        "example",
        "constraints",
        "categories",
        "cited",
        "wording",
    },
    "dialect": {
        "delimiter",
        "lineTerminator",
        "header",
        "quoteChar",
        "doubleQuote",
        "skipInitialSpace",
        "$schema",
    },
    "schema": {
        "$schema",
        "name",
        "title",
        "description",
        "fields",
        "missingValues",
        "primaryKey",
        "uniqueKeys",
        "foreignKeys",
    },
    "constraints": {"required", "unique", "pattern", "enum", "minimum", "maximum"},
    "category": {"value", "label", "check_after_days", "dated"},
    "foreignKey": {"fields", "reference"},
    "reference": {"resource", "fields"},
    "licence": {"name", "path", "title"},
    "source": {"title", "path", "email", "version"},
    "contributor": {"title", "path", "roles", "organization", "givenName", "familyName"},
}
PARTS = (("licenses", "licence"), ("sources", "source"), ("contributors", "contributor"))


def descriptor_faults(package: Package) -> list[Fault]:
    """Return the faults of the descriptor."""
    check = DescriptorCheck(package.descriptor)
    check.check_standard()
    check.check_package()
    check.check_text()
    resources = {r["name"]: r for r in package.descriptor["resources"]}
    for problem in (*name_problems(resources), *key_problems(resources)):
        check.add(*problem)
    for resource in package.descriptor["resources"]:
        check.check_resource(resource)
    return check.faults


@functools.lru_cache(maxsize=8)
def profile_problems(descriptor: str) -> list[tuple[str, str]]:
    """Return the places where a descriptor, as JSON, does not fit the profile, and why."""
    profile = json.loads(PROFILE.read_text(encoding="utf-8"))
    return [
        ("/".join(map(str, error.absolute_path)) or "package", error.message[:200])
        for error in jsonschema.Draft7Validator(profile).iter_errors(json.loads(descriptor))
    ]


class DescriptorCheck:
    """Check the parts of a descriptor, and collect their faults."""

    def __init__(self, descriptor: dict):
        self.descriptor = descriptor
        self.faults: list[Fault] = []

    def add(self, rule: str, place: str, message: str, todo: str) -> None:
        """Add a fault."""
        self.faults.append(Fault("datapackage.json", 0, place, "", rule, message, todo))

    def check_standard(self) -> None:
        """Check the descriptor by the profile of the Data Package standard."""
        for place, problem in profile_problems(json.dumps(self.descriptor)):
            message = f"does not fit the Data Package v2 profile: {problem}"
            self.add("profile", place, message, "see the Data Package standard, version 2")
        profile = self.descriptor.get("$schema")
        if profile != PROFILE_URL:
            self.add("profile", "$schema", f"is {profile!r}", f"declare {PROFILE_URL}")

    def check_package(self) -> None:
        """Check the properties of the package itself."""
        d = self.descriptor
        if not Version.is_valid(d.get("version")):
            todo = "write MAJOR.MINOR.PATCH, such as 1.0.0"
            self.add("version", "version", f"is {d.get('version')!r}", todo)
        for name in ("data_through", "complete_from"):
            if not is_iso_date(str(d.get(name))):
                self.add("date", name, f"is {d.get(name)!r}", "write YYYY-MM-DD")
            elif not EARLIEST <= d[name] <= LATEST:
                message = f"is {d[name]}, not between {EARLIEST} and {LATEST}"
                self.add("date", name, message, "check the year")
        licences = [licence for licence in d["licenses"] if isinstance(licence, dict)]
        if not any(licence.get("name") == LICENCE for licence in licences):
            todo = "restore the licence of the data"
            self.add("licence", "licenses", f"does not name {LICENCE}", todo)
        if not all(d["licenses"][0].get(part) for part in ("title", "path")):
            todo = "give the first licence both: every answer names them"
            self.add("licence", "licenses", "has no title or path", todo)
        self.check_known("package", "package", d)
        for name, kind in PARTS:
            self.check_each_known(kind, name, d.get(name))

    def check_text(self) -> None:
        """Find invisible characters in texts and keys.

        The line terminator of a dialect is the one text that must have them.
        """
        todo = "retype it without characters that cannot be seen"
        parts = [("", self.descriptor)]
        while parts:
            place, part = parts.pop()
            if isinstance(part, str):
                odd = odd_character(part)
                if odd and not place.endswith("dialect/lineTerminator"):
                    message = f"holds {odd}, which is not plain text on one line"
                    self.add("odd-characters", place, message, todo)
            elif isinstance(part, (dict, list)):
                pairs = part.items() if isinstance(part, dict) else enumerate(part)
                for name, value in pairs:
                    inner = f"{place}/{name}".removeprefix("/")
                    if isinstance(name, str) and (odd := odd_character(name)):
                        inner = inner.encode("ascii", "backslashreplace").decode()
                        message = f"has a key that holds {odd}, which is not plain text on one line"
                        self.add("odd-characters", inner, message, todo)
                    parts.append((inner, value))

    def check_resource(self, resource: dict) -> None:
        """Check a table and its fields."""
        name, schema = resource["name"], resource["schema"]
        self.check_known("resource", name, resource)
        self.check_known("dialect", f"{name}.dialect", resource.get("dialect", {}))
        self.check_known("schema", f"{name}.schema", schema)
        self.check_described(
            name, resource, "say what one row is, so that a stranger could code a new one"
        )
        columns = {field["name"]: field for field in schema["fields"]}
        searchable = resource.get("searchable", [])
        for column in searchable:
            if columns.get(column, {}).get("type") != "string" or searchable.count(column) > 1:
                message = f"names {column!r}, which is no text field of its own"
                todo = "name text fields of this table, each once"
                self.add("searchable", name, message, todo)
        for i, key in enumerate(schema.get("foreignKeys", [])):
            self.check_known("foreignKey", f"{name}.foreignKeys[{i}]", key)
            self.check_known("reference", f"{name}.foreignKeys[{i}].reference", key["reference"])
        for field in schema["fields"]:
            self.check_field(f"{name}.{field['name']}", field)

    def check_field(self, place: str, field: dict) -> None:
        """Check a field."""
        constraints, labels = field.get("constraints", {}), field.get("categories")
        self.check_known("field", place, field)
        self.check_known("constraints", f"{place}.constraints", constraints)
        self.check_each_known("category", f"{place}.categories", labels)
        self.check_described(
            place, field, "say what the column means, so that a stranger could code a new row"
        )
        if problem := example_problem(field):
            message = f"has the example {field.get('example')!r}, {problem[0]}"
            self.add("example", place, message, problem[1])
        codes = constraints.get("enum")
        if codes != (None if labels is None else [label.get("value") for label in labels]):
            todo = "give each code once in both, in the same order, with a label"
            self.add("categories", place, "has an enum and categories that differ", todo)
        elif labels and any(not label.get("label") for label in labels):
            self.add("categories", place, "has a code without a label", "give each code a label")
        elif labels and len({"check_after_days" in label for label in labels}) > 1:
            message = "has check_after_days at some codes and not at others"
            self.add("categories", place, message, "give each code its number of days, or none")

    def check_described(self, place: str, part: dict, todo: str) -> None:
        """Check that a part has a title and a description."""
        for name in ("title", "description"):
            if not isinstance(part.get(name), str) or not part[name].strip():
                self.add("described", place, f"has no {name}", todo)

    def check_known(self, kind: str, place: str, properties) -> None:
        """Find properties that nothing reads."""
        names = set(properties) - KNOWN[kind] if isinstance(properties, dict) else ()
        for name in sorted(names):
            near = difflib.get_close_matches(name, KNOWN[kind], 1)
            hint = "remove it or spell it as one of"
            if near:
                hint = f"did you mean {near[0]!r}? Known are"
            message = f"has the property {name!r}, which nothing reads"
            self.add("unknown-property", place, message, f"{hint} {', '.join(sorted(KNOWN[kind]))}")

    def check_each_known(self, kind: str, place: str, parts) -> None:
        """Find properties that nothing reads in each part of a list."""
        for i, properties in enumerate(parts if isinstance(parts, list) else ()):
            self.check_known(kind, f"{place}[{i}]", properties)


def example_problem(field: dict) -> tuple[str, str] | None:
    """Return what is wrong with the example of a field and what to do, as two clauses.

    Return None if nothing is. The profile requires every example to be a text.
    """
    example, constraints = field.get("example"), field.get("constraints", {})
    tests: dict[str, Callable] = {"integer": INTEGER.fullmatch, "string": bool, "date": is_date}
    fits = tests[field["type"]]
    if not isinstance(example, str) or not fits(example):
        return f"which is no {field['type']}", "give an example that could stand in the column"
    if "enum" in constraints and example not in constraints["enum"]:
        return "which is no code of its own", "give one of its codes"
    if "pattern" in constraints and not re.fullmatch(constraints["pattern"], example):
        return "which its pattern refuses", "correct the pattern or the example"
    return None
