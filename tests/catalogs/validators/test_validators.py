"""What the reference validators say of the catalog documents: make test-catalogs. Nothing is
fetched."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import mlcroissant
import pytest
import requests
import rocrate.rocrate
from rdflib import Graph
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

from benefits.export import catalogs
from benefits.package import ROOT
from benefits.reading import load

PACKAGE = load(ROOT)
CRATE = "https://w3id.org/ro/crate/1.1/context"
SCHEMA = "https://schema.org/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The working package with its documents, as a reader unpacks it."""
    target = tmp_path_factory.mktemp("release")
    shutil.copy(ROOT / "datapackage.json", target)
    shutil.copytree(ROOT / "data", target / "data")
    for name, content in catalogs.render_documents(
        PACKAGE, catalogs.working_files(PACKAGE), PACKAGE.descriptor["data_through"]
    ).items():
        (target / name).write_bytes(content)
    return target


def test_croissant_is_valid(folder):
    issues = mlcroissant.Dataset(folder / "croissant.json").metadata.ctx.issues
    assert not issues.errors and not issues.warnings, issues.report()


def test_croissant_is_a_schema_org_dataset(folder):
    graph = Graph().parse(folder / "croissant.json", format="json-ld")
    found = graph.query(
        f"SELECT ?title ?version {{ ?d a <{SCHEMA}Dataset>; <{SCHEMA}name> ?title;"
        f" <{SCHEMA}version> ?version }}"
    )
    assert [(str(title), str(version)) for title, version in found] == [
        (PACKAGE.descriptor["title"], PACKAGE.descriptor["version"])
    ]


@pytest.mark.parametrize("table", PACKAGE.tables.values(), ids=list(PACKAGE.tables))
def test_croissant_gives_every_cell(folder, table):
    # A dataset anew for each table: mlcroissant keeps generators that were read once.
    records = mlcroissant.Dataset(folder / "croissant.json").records(table.name)
    got = [
        {name.partition("/")[2]: text(value) for name, value in record.items()}
        for record in records
    ]
    with open(folder / table.path, newline="", encoding="utf-8") as file:
        wanted = list(csv.DictReader(file))
    if table.name == "jurisdictions":
        for row in (
            wanted
        ):  # it has pandas guess the types of a CSV file, whatever the types of the fields
            row["fips"] = row["fips"].lstrip("0")
    assert got == wanted


def text(value) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return (
        ""
        if value is None or value != value
        else str(value)[:10]
        if hasattr(value, "isoformat")
        else str(value)
    )


@pytest.fixture
def offline(monkeypatch):
    """The validator gets the context that rocrate bundles, and asks for nothing else."""

    def get(self, url, **options):
        assert url == CRATE
        response = requests.Response()
        response.status_code, response.url = 200, url
        response.headers["Content-Type"] = "application/ld+json"
        response._content = (
            Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
        ).read_bytes()
        assert json.loads(response.content)["@id"] == CRATE
        return response

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)


def test_ro_crate_is_valid(folder, offline, tmp_path):
    result = services.validate(
        services.ValidationSettings(
            rocrate_uri=str(folder),
            profile_identifier="ro-crate-1.1",
            requirement_severity=models.Severity.RECOMMENDED,
            offline=True,
            cache_path=tmp_path / "cache",
        )
    )
    # The one recommendation not followed, as long as the maintainers have no page.
    assert [(i.severity.name, i.message) for i in result.get_issues()] == [
        ("RECOMMENDED", "The organization SHOULD have a URL.")
    ]
    assert result.executed_checks


def test_ro_crate_opens(folder):
    crate = rocrate.rocrate.ROCrate(folder)
    assert sorted(e.id for e in crate.data_entities) == sorted(PACKAGE.digests())
    assert crate.root_dataset["version"] == PACKAGE.descriptor["version"]
