"""/openapi.json: valid, made of the metadata and the package, and true of the served site."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from datasette.utils import tilde_encode
from openapi_spec_validator import validate

from benefits.answers import read_kinds

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


@pytest.fixture(scope="module")
def document(site):
    return site.get("/openapi.json").raise_for_status().json()


def parameters(document, path) -> dict:
    """name -> parameter of the operation at a path."""
    found = [
        document["components"]["parameters"][p["$ref"].rpartition("/")[2]] if "$ref" in p else p
        for p in document["paths"][path]["get"]["parameters"]
    ]
    assert len({p["name"] for p in found}) == len(found), path
    return {p["name"]: p for p in found}


def sample(schema):
    """A value that the schema names, if it names one."""
    one = schema.get("anyOf", [schema])[-1]
    return one.get("const", (one.get("enum") or one.get("examples") or [one.get("minimum")])[0])


@pytest.mark.slow
def test_the_document_is_valid_and_names_no_server(site, document, db):
    validate(document)
    about = dict(db.execute("SELECT * FROM dataset").fetchone())
    assert (
        document["info"]["version"] == about["version"]
        and about["data_through"] in document["info"]["description"]
    )
    assert document["info"]["license"] == {"name": about["licence"], "url": about["licence_url"]}
    text = site.get("/openapi.json").text
    assert text == site.get("/openapi.json").text and site.base_url.host not in text


def test_answers_and_parameters_are_those_of_the_sql_files(document):
    takes = read_kinds()["answers"]
    paths = [path for path, item in document["paths"].items() if "answers" in item["get"]["tags"]]
    documented = {path: [p for p in parameters(document, path) if p != "_shape"] for path in paths}
    assert documented == {
        f"/benefits/{name}.{form}": list(p) for name, p in takes.items() for form in ("json", "csv")
    }


def test_every_table_with_its_columns_codes_and_words(document, package):
    for name, table in package.tables.items():
        schema = document["components"]["schemas"][name]
        assert list(schema["properties"]) == schema["required"] == table.columns
        for form in ("json", "csv"):
            asked = parameters(document, f"/benefits/{name}.{form}")
            assert [p for p in asked if not p.startswith("_")] == table.columns
            assert ("_search" in asked) == bool(table.resource.get("searchable"))
        for f in table.fields:
            codes = [c["value"] for c in f.get("categories", [])]
            assert asked[f["name"]]["schema"].get("enum", []) == codes
            described = schema["properties"][f["name"]]
            assert (described.get("anyOf") or [described])[0]["description"] == f["description"]


@pytest.mark.slow
def test_what_is_documented_is_taken(site, document):
    """Each parameter alone, with a value that its schema names."""
    for path, item in document["paths"].items():
        if "{" in path:
            continue
        for name, p in parameters(document, path).items():
            value = sample(p["schema"])
            if value is not None:
                response = site.get(path, params={name: value})
                assert response.status_code == 200, (path, name, value, response.text[:300])


def test_rows_have_the_addresses_documented(site, document, package):
    for name, table in package.tables.items():
        assert list(parameters(document, f"/benefits/{name}/{{key}}.json")) == ["key", "_shape"]
        for row in table.rows[:1]:
            key = ",".join(tilde_encode(str(row[k])) for k in table.primary_key)
            assert site.get(f"/benefits/{name}/{key}.json?_shape=array").json() == [
                {c: row[c] for c in table.columns}
            ]


@pytest.mark.slow
def test_csv_has_the_documented_columns(site, document):
    for path in document["paths"]:
        if path.endswith(".csv"):
            name = path.removeprefix("/benefits/").removesuffix(".csv")
            kinds = read_kinds()["answers"].get(name, {})
            asked = {parameter: "a" for parameter, kind in kinds.items() if kind == "text"}
            assert (
                next(csv.reader(site.get(path, params=asked).text.splitlines()))
                == document["components"]["schemas"][name]["required"]
            )


@pytest.mark.slow
def test_the_site_does_as_documented(site, tmp_path):
    """schemathesis asks what is documented and what is not: no 5xx; status, content type,
    headers and content as documented. `make hostile` also asks at the edge of each parameter."""
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{site.base_url}/openapi.json",
            f"--checks={CHECKS}",
            "--phases=examples,fuzzing",
            "--max-examples=8",
            "--generation-deterministic",
            "--workers=2",
            "--warnings=off",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
