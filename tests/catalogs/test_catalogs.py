"""The catalog documents: each of its form, and all saying the same. The heavy validators are in
tests/catalogs/validators (make test-catalogs)."""

from __future__ import annotations

import copy
import hashlib
import json

import jsonschema
import pytest
import yaml

from benefits import documents as describe
from benefits.descriptor import TYPES
from benefits.export import catalogs, panel
from benefits.package import ROOT
from support import run

# What DCAT-US 3.0 (github.com/GSA/dcat-us, jsonschema/) requires of a catalog of files, and the
# types of what we say beyond.
TEXT = {"type": "string", "minLength": 1}
DATE = {"type": "string", "format": "date"}
NAMED = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
DOCUMENT = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": TEXT, "accessURL": TEXT},
}
DISTRIBUTION = {
    "type": "object",
    "properties": (
        dict.fromkeys(("title", "downloadURL", "mediaType", "format", "license"), TEXT)
        | {
            "byteSize": {"type": "string", "pattern": "^[0-9]+$"},
            "issued": DATE,
            "checksum": {
                "type": "object",
                "required": ["algorithm", "checksumValue"],
                "properties": {"checksumValue": {"pattern": "^[0-9a-f]{64}$"}},
            },
        }
    ),
}
DATASET = {
    "type": "object",
    "required": ["title", "description", "identifier", "publisher", "contactPoint"],
    "properties": (
        dict.fromkeys(("title", "description", "version", "license", "accessRights"), TEXT)
        | {
            "publisher": NAMED,
            "contactPoint": {
                "type": "object",
                "required": ["fn", "hasEmail"],
                "properties": {
                    "fn": TEXT,
                    "hasEmail": {"type": "string", "pattern": r"^mailto:[^@\s]+@[^@\s]+\.[^@\s]+$"},
                },
            },
            "identifier": {"type": ["string", "object"]},
            "issued": DATE,
            "modified": DATE,
            "keyword": {"type": "array", "items": TEXT},
            "language": {"type": "string", "maxLength": 2},
            "temporal": {
                "type": "array",
                "items": {"properties": {"startDate": DATE, "endDate": DATE}},
            },
            "landingPage": DOCUMENT,
            "describedBy": DISTRIBUTION,
            "distribution": {"type": "array", "items": DISTRIBUTION},
        }
    ),
}
DCAT_US = {
    "type": "object",
    "required": ["dataset"],
    "properties": {
        "dataset": {"type": "array", "minItems": 1, "items": DATASET},
        "publisher": NAMED,
        "conformsTo": {"type": "object"},
        "homepage": DOCUMENT,
        "issued": DATE,
        "modified": DATE,
    },
}

# Zenodo publishes no schema for .zenodo.json: these are the attributes of its deposition API that
# we use. Any other is an error.
ZENODO = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "title",
        "upload_type",
        "description",
        "creators",
        "access_right",
        "license",
        "publication_date",
    ],
    "properties": {
        "title": TEXT,
        "upload_type": {"const": "dataset"},
        "description": TEXT,
        "creators": {"type": "array", "minItems": 1, "items": NAMED},
        "access_right": {"const": "open"},
        "license": {"type": "string", "pattern": "^[a-z0-9.-]+$"},
        "version": TEXT,
        "publication_date": DATE,
        "language": {"type": "string", "pattern": "^[a-z]{3}$"},
        "keywords": {"type": "array", "items": TEXT},
        "related_identifiers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["identifier", "relation"],
                "properties": {"relation": {"const": "isDescribedBy"}},
            },
        },
    },
}


@pytest.fixture(scope="module")
def files(package):
    return catalogs.working_files(package)


@pytest.fixture(scope="module")
def made(package, files):
    return read(catalogs.render_documents(package, files, package.descriptor["data_through"]))


@pytest.fixture(scope="module")
def reachable(package, files):
    """What it would be with a home page and an e-mail address."""
    known = copy.copy(package)
    known.descriptor = copy.deepcopy(package.descriptor) | {
        "homepage": "https://example.org/benefits"
    }
    known.descriptor["contributors"][0]["email"] = "data@example.org"
    return read(catalogs.render_documents(known, files, package.descriptor["data_through"]))


def read(documents):
    return {name: json.loads(content) for name, content in documents.items()}


def errors(instance, schema) -> list[str]:
    validator = jsonschema.validators.validator_for(schema)(
        schema, format_checker=jsonschema.FormatChecker()
    )
    return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(instance)]


def test_citation_follows_the_citation_file_format(package):
    schema = json.loads(
        (ROOT / "profiles" / "citation-file-format-1.2.0.json").read_text(encoding="utf-8")
    )
    assert errors(yaml.safe_load(describe.citation(package)), schema) == []


def test_data_json_has_what_dcat_us_requires(package, made, reachable):
    missing = (
        []
        if "email" in package.descriptor["contributors"][0]
        else ["$.dataset[0].contactPoint: 'hasEmail' is a required property"]
    )
    assert (
        errors(made["data.json"], DCAT_US) == missing
    )  # only a person can give an address that someone reads
    assert errors(reachable["data.json"], DCAT_US) == []


def test_data_json_links_under_the_home_page(reachable):
    links = [f["downloadURL"] for f in reachable["data.json"]["dataset"][0]["distribution"]]
    assert "https://example.org/benefits/data/coverage.csv" in links
    assert (
        reachable["data.json"]["dataset"][0]["landingPage"]["accessURL"]
        == "https://example.org/benefits"
    )


def test_zenodo_metadata_has_the_documented_attributes(made, reachable):
    assert errors(made[".zenodo.json"], ZENODO) == errors(reachable[".zenodo.json"], ZENODO) == []


def test_croissant_describes_every_table_and_refers_to_what_it_describes(package, made):
    assert set(catalogs.CROISSANT_TYPES) == set(TYPES)
    d = made["croissant.json"]
    fields = [f for r in d["recordSet"] for f in r["field"]]
    ids = [x["@id"] for x in d["distribution"] + d["recordSet"] + fields]
    assert len(ids) == len(set(ids))
    assert [r["@id"] for r in d["recordSet"]] == list(package.tables)
    assert mentioned(d) <= set(ids)
    keys = sum(len(t.resource["schema"].get("foreignKeys", [])) for t in package.tables.values())
    assert keys == sum("references" in f for f in fields)


def test_ro_crate_describes_its_parts_and_what_it_mentions(files, made):
    graph = {e["@id"]: e for e in made["ro-crate-metadata.json"]["@graph"]}
    assert [p["@id"] for p in graph["./"]["hasPart"]] == [f["path"] for f in files]
    assert mentioned(made["ro-crate-metadata.json"]["@graph"]) - {
        "https://w3id.org/ro/crate/1.1"
    } <= set(graph)


def mentioned(value) -> set[str]:
    """The ids of all objects that are nothing but an id."""
    if isinstance(value, dict):
        return (
            {value["@id"]}
            if list(value) == ["@id"]
            else set().union(*map(mentioned, value.values()))
        )
    return set().union(*map(mentioned, value)) if isinstance(value, list) else set()


def test_all_say_the_same(package, files, made):
    d = package.descriptor
    license = d["licenses"][0]
    cff = yaml.safe_load(describe.citation(package))
    croissant, zenodo = made["croissant.json"], made[".zenodo.json"]
    dcat = made["data.json"]["dataset"][0]
    graph = {e["@id"]: e for e in made["ro-crate-metadata.json"]["@graph"]}
    crate = graph["./"]
    everywhere = [cff, croissant, dcat, zenodo, crate]
    assert {x.get("title") or x["name"] for x in everywhere} == {d["title"]}
    assert {x.get("abstract") or x["description"] for x in everywhere} == {d["description"]}
    assert {x["version"] for x in everywhere} == {d["version"]}
    dates = {
        cff["date-released"],
        croissant["datePublished"],
        dcat["issued"],
        zenodo["publication_date"],
        crate["datePublished"],
    }
    assert dates == {d["data_through"]}
    assert {croissant["license"], dcat["license"], crate["license"]["@id"]} == {license["path"]}
    assert {cff["license"], graph[license["path"]]["identifier"]} == {license["name"]}
    assert zenodo["license"] == license["name"].lower()
    names = [c["title"] for c in d["contributors"]]
    assert (
        [a["name"] for a in cff["authors"]]
        == [a["name"] for a in croissant["creator"]]
        == [a["name"] for a in zenodo["creators"]]
        == names
    )
    true = {
        f["path"]: (hashlib.sha256(raw).hexdigest(), len(raw))
        for f in files
        if (raw := (ROOT / f["path"]).read_bytes())
    }
    assert set(true) == {t.path for t in package.tables.values()} | {"datapackage.json"}
    assert {
        f["contentUrl"]: (f["sha256"], int(f["contentSize"].removesuffix(" B")))
        for f in croissant["distribution"]
    } == true
    assert {
        f["downloadURL"]: (f["checksum"]["checksumValue"], int(f["byteSize"]))
        for f in dcat["distribution"]
    } == true
    assert {
        p["@id"]: (graph[p["@id"]]["sha256"], int(graph[p["@id"]]["contentSize"]))
        for p in crate["hasPart"]
    } == true


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1"])
def test_verb_writes_the_same_bytes_always(package, files, tmp_path, seed):
    done = run(
        "catalogs",
        "--out",
        tmp_path / "out",
        env={"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stderr
    wanted = catalogs.render_documents(package, files, package.descriptor["data_through"])
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == wanted


def test_files_of_a_release_have_their_media_types_and_titles(package):
    names = ["benefits.db", "benefits.zip", "LICENSE", "datapackage.json"]
    names += [
        f"{form}/{table}.{form}" for table in package.tables for form in ("csv", "jsonl", "parquet")
    ]
    names += panel.FILES.values()
    release = [{"path": name, "bytes": 1, "sha256": "0" * 64} for name in names]
    made = read(catalogs.render_documents(package, release, "2027-01-02"))
    dataset = made["data.json"]["dataset"][0]
    told = {
        f["downloadURL"]: (f["title"], f["mediaType"], f.get("format"))
        for f in dataset["distribution"]
    }
    title = package.tables["coverage"].resource["title"]
    assert told["parquet/coverage.parquet"] == (title, "application/vnd.apache.parquet", "PARQUET")
    assert told["panel.csv"] == (panel.TITLE, "text/csv", "CSV")
    assert told["LICENSE"] == ("LICENSE", "text/plain", None)
    assert {
        f["source"]["fileObject"]["@id"]
        for r in made["croissant.json"]["recordSet"]
        for f in r["field"]
    } == {n for n in names if n.endswith(".csv")}
    assert (
        dataset["issued"]
        == made["croissant.json"]["datePublished"]
        == made[".zenodo.json"]["publication_date"]
        == "2027-01-02"
    )
