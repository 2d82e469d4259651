"""Sites of packages with changes, and what their feeds and calendars hold."""

from __future__ import annotations

import csv
import zipfile
from xml.etree import ElementTree

import pytest
from packages import EARLIER, FILTERS, built, describe, edit

from support import copy_package


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """The package as it stands, as a release 9.8.0, whatever of it is released."""
    folder = copy_package(tmp_path_factory.mktemp("base") / "package")
    release = {"version": "9.8.0", "date": EARLIER, "level": "minor"}
    edit(folder, "releases", lambda rows: rows + [release])
    describe(folder, version="9.8.0", data_through=EARLIER)
    return folder


@pytest.fixture(scope="session")
def before(base):
    return built(base)


@pytest.fixture(scope="session")
def events(base):
    with open(base / "data" / "events.csv", newline="", encoding="utf-8") as file:
        return {row["event"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def kept(base, tmp_path_factory):
    """The folder releases/ with the package of 9.8.0, stored as a release stores it."""
    folder = tmp_path_factory.mktemp("kept") / "releases"
    folder.mkdir()
    with zipfile.ZipFile(folder / "9.8.0.zip", "w") as archive:
        for file in [base / "datapackage.json", *sorted((base / "data").glob("*.csv"))]:
            archive.write(file, file.relative_to(base).as_posix())
    return folder


@pytest.fixture(scope="session", params=FILTERS)
def feed(request, site):
    answer = site.get(f"/changes.atom?{request.param}")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


@pytest.fixture(scope="session", params=FILTERS)
def ics(request, site):
    answer = site.get(f"/changes.ics?{request.param}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return answer.content
