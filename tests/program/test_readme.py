"""What the README shows is what happens: its examples run, and the output it prints is the real
one."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import pytest

from benefits.package import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory, database):
    """The repository as a reader has it after `make build`."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("data", "sql"):
        (root / name).symlink_to(ROOT / name)
    (root / "build").mkdir()
    (root / "build" / "benefits.db").symlink_to(database)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("number", range(sum(language == "python" for language, _ in BLOCKS)))
def test_python_examples_run(checkout, number):
    code = [text for language, text in BLOCKS if language == "python"][number]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    if "sharing_on" in code:
        assert done.stdout.strip() == "['permitted']"
    if "pandas" in code:
        assert "il-hbia-adult-42-54-2024 closed_to_new" in done.stdout


@pytest.mark.curl
def test_curl_examples_answer(site):
    [code] = [text for language, text in BLOCKS if language == "sh" and "curl" in text]
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            code.replace("http://127.0.0.1:8001", str(site.base_url)),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "il-hbia" in done.stdout and "No program regardless of immigration status" in done.stdout


def test_the_printed_output_is_the_real_one(ask):
    [(asked, printed)] = re.findall(r"<!-- output: (.*?) -->\n```json\n(.*?)```", README, re.S)
    name, *pairs = asked.split()
    wanted = dict(p.split("=") for p in pairs)
    row_filter = {k: wanted.pop(k) for k in ("program", "age_min")}
    [row] = [r for r in ask(name, **wanted) if all(str(r[k]) == v for k, v in row_filter.items())]
    shown = json.loads(printed)
    assert shown == {k: row[k] for k in shown}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()


@pytest.mark.slow
def test_generated_documents_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "describe.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "canonical.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_completeness(database):
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "scripts" / "completeness.py"),
            "--database",
            str(database),
            "--at",
            "2027-12-31",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "0 unexplained" in done.stdout and "coverage/" in done.stdout.split("Due on 2027-12-31")[1]
    )


def test_each_promise_names_a_test_that_exists():
    with open(ROOT / "docs" / "quality" / "promises.csv", newline="", encoding="utf-8") as file:
        for promise in csv.DictReader(file):
            path, _, name = promise["test"].partition("::")
            assert (ROOT / path).is_file() and (
                not name or f"def {name}(" in (ROOT / path).read_text()
            ), promise
