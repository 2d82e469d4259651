"""nginx before replicas, and before a static copy."""

from __future__ import annotations

import gzip
import json

import pytest
from servers import DAY, Nginx, proxy, replicas

from benefits.export import static_copy as site_export
from benefits.package import ROOT
from support import all_but_few


@pytest.fixture(scope="session")
def running(database):
    with replicas(database, database) as both:
        yield both


@pytest.fixture(scope="session")
def front(running, tmp_path_factory):
    with proxy(tmp_path_factory.mktemp("front"), running) as it:
        yield it


@pytest.fixture(scope="session")
def static(database, tmp_path_factory):
    """nginx with a copy of the site for one day and one state, made as a release makes it."""
    folder = tmp_path_factory.mktemp("static")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_export, "LEFT_OUT", all_but_few(DAY))
        site_export.export(database, folder / "site", days=[DAY])
    for file in [f for f in (folder / "site").rglob("*") if f.is_file()]:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
    it = Nginx("static", folder)
    it.site = folder / "site"
    about = json.loads((ROOT / "datapackage.json").read_text(encoding="utf-8"))
    words = {"dataset-version 1.0.0": f"dataset-version {about['version']}"}
    words |= {"data-through 2026-11-24": f"data-through {about['data_through']}"}
    it.release("1.0.0", **{"/srv/benefits/dist/1.0.0/site": str(it.site)} | words)
    it.start("1.0.0")
    yield it
    it.stop()
