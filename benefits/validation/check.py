"""Find every fault of the package: in its descriptor, files and cells, and between rows."""

from __future__ import annotations

import json

from benefits.files import atomic_write
from benefits.package import Fault, Package
from benefits.shape import shape_problems
from benefits.validation.descriptor import descriptor_faults
from benefits.validation.registry import rule_faults
from benefits.validation.standard import standard_faults
from benefits.validation.structure import structure_faults, trial_faults


def package_faults(package: Package) -> list[Fault]:
    """Return every fault of the package, sorted by file and line.

    If something is missing, the steps that need it are skipped: their faults would repeat it.
    """
    if package.descriptor is None:
        return sorted(set(package.faults))
    if shape := shape_faults(package.descriptor):
        return sorted({*package.faults, *shape})
    if missing := structure_faults(package):
        return sorted({*package.faults, *missing, *descriptor_faults(package)})
    faults = package.faults + descriptor_faults(package) + unlisted_files(package)
    faults += standard_faults(package, faults)
    from_rules = rule_faults(package)
    if not faults and not from_rules:
        faults = trial_faults(package)
    return sorted(set(faults + from_rules))


def shape_faults(descriptor: dict) -> list[Fault]:
    """Return the places where the descriptor has another type than the verbs read."""
    todo = (
        "write it in the type and form of the Data Package standard; "
        "docs/reference/codebook.md has what is there"
    )
    return [
        Fault(
            "datapackage.json",
            0,
            place[:200],
            "",
            "shape",
            f"has another form than is read: {problem}",
            todo,
        )
        for place, problem in shape_problems(descriptor)
    ]


def unlisted_files(package: Package) -> list[Fault]:
    """Return the files of data/ that no resource names."""
    folder = package.root / "data"
    if not folder.is_dir():
        return []  # the missing files are faults already
    paths = {table.path for table in package.tables.values()}
    message, todo = "is in data/ but in no resource of datapackage.json", "list it or remove it"
    return [
        Fault(f"data/{path.name}", 0, "", "", "unlisted-file", message, todo)
        for path in sorted(folder.iterdir())
        if f"data/{path.name}" not in paths
    ]


def record_digests(package: Package) -> None:
    """Write the SHA-256 of what was validated to build/validated.json."""
    folder = package.root / "build"
    folder.mkdir(exist_ok=True)
    with atomic_write(folder / "validated.json") as temporary:
        text = json.dumps(package.digests(), indent=2, sort_keys=True) + "\n"
        temporary.write_text(text, encoding="utf-8")
