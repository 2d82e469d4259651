"""Changes of `datapackage.json`."""

from __future__ import annotations

import json

from stress.kinds import kind
from stress.mutants.mutant import Mutant


@kind
def broken_descriptor(package, root, r):
    path = root / "datapackage.json"
    raw = path.read_bytes()
    path.write_bytes(
        r.choice(
            [
                raw[: r.randrange(len(raw) - 2)],
                b"",
                b"[]",
                b"null",
                raw.replace(b'"resources"', b'"ressources"', 1),
                raw + b"x",
                b"\xff" + raw,
            ]
        )
    )
    return Mutant("datapackage.json is broken", "datapackage.json")


@kind
def changed_descriptor(package, root, r):
    """Lose or misspell one property of the package, a table or a field."""
    path = root / "datapackage.json"
    d = json.loads(path.read_text(encoding="utf-8"))
    resource = r.choice(d["resources"])
    f = r.choice(resource["schema"]["fields"])
    codes = [x for x in resource["schema"]["fields"] if "categories" in x]
    nowhere = {"reference": {"resource": "nowhere", "fields": ["x"]}}
    changes = [
        lambda: d.pop(
            r.choice(["$schema", "version", "licenses", "data_through", "complete_from"])
        ),
        lambda: resource.pop(r.choice(["name", "path", "title", "description", "schema"])),
        lambda: resource["schema"].pop(r.choice(["fields", "primaryKey"])),
        lambda: f.pop(r.choice(["name", "type", "title", "description", "example"])),
        lambda: f.update(type="txt"),
        lambda: f.update(example=7),
        lambda: f.update(tittle="x"),
        lambda: resource.update(path="../../etc/passwd"),
        lambda: resource.update(path="https://example.org/x.csv"),
        lambda: resource["schema"].update(primaryKey=["nope"]),
        lambda: d["resources"].append(dict(resource)),
        lambda: d.update(version=r.choice(["1", "v1.0.0", "1.0", "01.0.0", 1])),
        lambda: d.update(data_through=r.choice(["today", "2026-02-30", None])),
        lambda: r.choice(codes)["categories"].pop() if codes else d.pop("version"),
        lambda: resource["schema"].update(foreignKeys=[{"fields": [f["name"]], **nowhere}]),
    ]
    i = r.randrange(len(changes))
    changes[i]()
    path.write_text(json.dumps(d), encoding="utf-8")
    place = f"{resource.get('name')}.{f.get('name')}"
    return Mutant(f"change {i} of the descriptor at {place}", "datapackage.json")
