"""A copy of what the database is made from."""

from __future__ import annotations

import shutil

import pytest

from benefits.package import ROOT

PARTS = (
    "benefits",
    "data",
    "sql",
    "templates",
    "profiles",
    "scripts",
    "docs",
    "releases",
    "metadata.yml",
    "datapackage.json",
    "requirements",
    "Makefile",
    "CITATION.cff",
)


@pytest.fixture
def tree(tmp_path):
    """What the database is made from, to be edited."""
    root = tmp_path / "tree"
    root.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, root / name)
    return root
