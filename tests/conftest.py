"""What the tests share: the repository, a copy of the package to break, the built database, and
the served site."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from pathlib import Path

import frictionless
import httpx
import pytest

from benefits import reading, repository, sqlite
from benefits.answers import read_answers
from benefits.database import build as build_verb
from benefits.package import ROOT
from benefits.web import server as serve
from needs import (  # noqa: F401  hooks of pytest
    pytest_configure,
    pytest_itemcollected,
    pytest_runtest_setup,
    pytest_terminal_summary,
)
from support import copy_package

for name in set(os.environ) - set(repository.clean_environment()):
    del os.environ[name]  # what a hook tells git of another repository
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"):
    os.environ.pop(name, None)  # what `make test` tells the make that a test runs


def pytest_collection_modifyitems(items):
    """Begin with the files that have slow tests: processes that run last have little left to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


OUTCOMES: dict[str, str] = {}


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.nodeid] = report.outcome


def pytest_sessionfinish(session):
    """What each test said, for the page /promises of the site served from build/."""
    if hasattr(session.config, "workerinput"):
        return  # a process of pytest-xdist: all reports come to the one that started it
    if OUTCOMES and (ROOT / "build").is_dir():
        (ROOT / "build" / "test-results.json").write_text(
            json.dumps(OUTCOMES, indent=0, sort_keys=True) + "\n", encoding="utf-8"
        )


@pytest.fixture(scope="session", autouse=True)
def tables_read_once():
    """Let frictionless read a table again only if it, or one that it points to, has changed.

    It takes two seconds for the whole package, and hundreds of tests change one cell of it.
    """
    reports: dict[tuple, frictionless.Report] = {}
    validate = frictionless.Resource.validate

    def state(resource) -> tuple[str, bytes]:
        file = Path(resource.normpath).read_bytes()
        return json.dumps(resource.to_descriptor()), hashlib.sha256(file).digest()

    def validate_once(resource, *args, **options):
        keys = resource.schema.foreign_keys
        names = {resource.name, *(key["reference"]["resource"] or resource.name for key in keys)}
        tables = [resource.package.get_resource(name) for name in sorted(names)]
        key = (resource.name, repr(options), *map(state, tables))
        if key not in reports:
            reports[key] = validate(resource, *args, **options)
        return reports[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frictionless.Resource, "validate", validate_once)
        yield


@pytest.fixture(scope="session")
def package():
    return reading.load(ROOT)


@pytest.fixture
def broken(tmp_path):
    return copy_package(tmp_path / "package")


@pytest.fixture(scope="session")
def database(tmp_path_factory, package) -> Path:
    target = tmp_path_factory.mktemp("built") / "benefits.db"
    build_verb.build(package, package.digests(), target)
    return target


@pytest.fixture(scope="session")
def db(database):
    connection = sqlite3.connect(sqlite.sqlite_uri(database), uri=True)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def ask(db):
    """ask("coverage_on", as_of="2025-06-30", jurisdiction="IL") -> rows, by the SQL that the
    site runs."""
    answers = read_answers()

    def answer(name, **given):
        values = dict.fromkeys(answers[name].parameters, "") | given
        return [dict(r) for r in db.execute(answers[name].sql, values)]

    return answer


@pytest.fixture(scope="session")
def site(database, tmp_path_factory):
    """The served site over real HTTP: an httpx client whose base is its address, with `.log`
    the file of all it printed."""
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with (
        open(log, "w") as out,
        serve.running(database, log=out) as (port, _),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        client.log = log
        yield client
    assert "fault " not in log.read_text(), "the site had a fault of its own: " + log.read_text()
