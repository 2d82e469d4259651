"""Ways to edit a copy of the package."""

from __future__ import annotations

import json

from benefits import reading
from benefits.validation import descriptor


def edit(root, change):
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    change(descriptor)
    path.write_text(json.dumps(descriptor), encoding="utf-8")


def resource(descriptor, name):
    return next(r for r in descriptor["resources"] if r["name"] == name)


def data(root):
    return root / "data" / "coverage.csv"


def schema(d, name):
    return resource(d, name)["schema"]


def slips(root):

    return descriptor.descriptor_faults(reading.load(root, only=()))
