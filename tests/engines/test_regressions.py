"""The regressions of docs/guides/panel.md run as they stand, and find the effect that they made."""

from __future__ import annotations

import csv
import re
import subprocess
import sys

import pytest

from benefits.export import panel
from benefits.package import ROOT

GUIDE = (ROOT / "docs" / "guides" / "panel.md").read_text(encoding="utf-8")
[IN_PYTHON] = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
[IN_R] = re.findall(r"```r\n(.*?)```", GUIDE, re.S)
[ASKED] = re.findall(r"/benefits/panel\.csv\?(\S+)\"\n```", GUIDE)


@pytest.fixture(scope="module")
def folder(ask, tmp_path_factory):
    """A folder with the file that the guide lets its reader download."""
    place = tmp_path_factory.mktemp("reader")
    rows = ask("panel", **dict(pair.split("=") for pair in ASKED.split("&")))
    with open(place / "panel-30.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return place


def judge(done: subprocess.CompletedProcess):
    assert done.returncode == 0 and not done.stderr, done.stderr
    places, effect = done.stdout.splitlines()
    assert re.fullmatch(r"treatment changes in: [A-Z]{2}(, [A-Z]{2})* ?", places)
    estimate, made = re.fullmatch(r"effect: ([0-9.]+) \(made with ([0-9]+)\)", effect).groups()
    assert abs(float(estimate) - float(made)) < 0.25


def test_in_python(folder):
    words = [sys.executable, "-W", "error", "-c", IN_PYTHON]
    judge(subprocess.run(words, cwd=folder, capture_output=True, text=True))


@pytest.mark.rscript
def test_in_r(folder):
    (folder / "panel.R").write_text(IN_R, encoding="utf-8")
    words = ["Rscript", "--vanilla", "panel.R"]
    judge(subprocess.run(words, cwd=folder, capture_output=True, text=True))


def test_every_column_and_status_is_described(ask):
    described = GUIDE.partition("## What can mislead")[0]
    for name in panel.COLUMNS:
        assert f"`{name}`" in described, name
    for status in {row["status"] for row in ask("panel") + ask("panel", age="30")}:
        assert f"| `{status}` |" in described, status
