"""Stock Datasette, started by its own command, serves the same site, and tables without plugins."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time

import httpx
import pytest
import yaml

from benefits.answers import read_answer
from benefits.errors import BenefitsError
from benefits.package import ROOT

PLUGINS = ("--plugins-dir", "plugins", "--template-dir", "templates", "--static", "static:static")
SAME = [
    "/",
    "/coverage",
    "/on/1995-06-30/coverage",
    "/jurisdictions/IL",
    "/eligibility?jurisdiction=IL&age=50",
    "/cases/california-v-hhs",
    "/evidence/coverage/il-hbia-adult-42-54-2022",
    "/gaps",
    "/search?q=HBIA",
    "/changes.atom",
    "/openapi.json",
    "/static/site.css",
    "/benefits",
    "/benefits.db",
    "/benefits/coverage",
    "/benefits/coverage?_sort=note&_facet=program",
    "/benefits/coverage.csv",
    "/benefits/coverage.json?_shape=array&_size=max",
    "/benefits/programs/il-hbia",
    "/benefits/coverage_on.json?as_of=2025-06-30&jurisdiction=IL&_shape=array",
    "/benefits/sharing_on.csv?as_of=2026-01-06&jurisdiction=CA",
    "/answers/gaps/as_of=1995-06-30.json",
    "/benefits/coverage_on.json?as_of=2025-02-30",
    "/nothing/there",
    "/benefits?sql=select+1",
]


@contextlib.contextmanager
def datasette(database, *options):
    """Run the command datasette: yields an httpx client of it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "serve", str(database), "-p", str(port)]
    command += ["--metadata", "metadata.yml", *options]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                for _ in range(600):
                    with contextlib.suppress(httpx.ConnectError):
                        client.get("/")
                        break
                    assert process.poll() is None, process.stderr.read().decode()
                    time.sleep(0.05)
                yield client
        finally:
            process.kill()


def titles() -> dict[str, str]:
    """Return the titles of the tables in datapackage.json, by name."""
    schema = json.loads((ROOT / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["name"]: resource["title"] for resource in schema["resources"]}


@pytest.fixture(scope="module")
def stock(database):
    with datasette(database, *PLUGINS) as client:
        yield client


@pytest.mark.parametrize("address", SAME)
def test_stock_datasette_serves_the_same(site, stock, address):
    ours, theirs = site.get(address), stock.get(address)
    assert theirs.status_code == ours.status_code
    assert theirs.content == ours.content
    for name in ("content-type", "content-security-policy", "data-through", "cache-control"):
        assert theirs.headers[name] == ours.headers[name]


@pytest.mark.slow
def test_without_plugins_there_are_titled_tables(database):
    with datasette(database) as client:
        assert client.get("/benefits").status_code == 200
        for name, title in titles().items():
            text = client.get(f"/benefits/{name}?_size=1").raise_for_status().text
            assert title in re.findall(r"<h1>(.*?)</h1>", text), name


def test_titles_of_tables_are_those_of_the_schema():
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))
    tables = metadata["databases"]["benefits"]["tables"]
    assert {name: tables[name]["title"] for name in titles()} == titles()


@pytest.mark.parametrize(
    "text, reason",
    [
        ("SELECT 1\n\n", "does not begin with '-- '"),
        ("-- title: a\n\nSELECT 1\n", "missing"),
        ("-- title: [\n\nSELECT 1\n", "while parsing a flow node"),
        ("-- one\n\nSELECT 1\n", "must be a mapping"),
        ("-- titel: a\n\nSELECT 1\n", "titel"),
    ],
)
def test_a_head_that_cannot_be_read_is_named(tmp_path, text, reason):
    (tmp_path / "some.sql").write_text(text, encoding="utf-8")
    with pytest.raises(BenefitsError, match="some.sql") as raised:
        read_answer(tmp_path / "some.sql")
    assert reason in str(raised.value) and "expected at its start" in str(raised.value)
