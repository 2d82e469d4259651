"""The dataset in one file, and Chromium that opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import run


@pytest.fixture(scope="session")
def file(database, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "benefits.html"
    done = run("browser", "--out", out, "--database", database)
    assert done.returncode == 0, done.stderr
    return out
