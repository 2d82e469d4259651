"""Programs that the suite needs are installed or named; what needs a missing one is counted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benefits import setup
from benefits.package import ROOT


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


BRINGS = (
    'case "$*" in *install*) printf "#!/bin/sh\\n" > "$BIN/chromium"; chmod +x "$BIN/chromium";;'
    " esac"
)


FAILS = (
    'case "$*" in *install*) echo "E: Unable to fetch some archives"; exit 100;; *) echo "W: no'
    ' network";; esac'
)


@pytest.mark.parametrize(
    "who, sudo, apt, ci, installed, said",
    [
        ("root", None, BRINGS, "", True, "Installing from Debian's packages: chromium"),
        (
            "user",
            'shift; exec "$@"',
            BRINGS,
            "",
            True,
            "Installing from Debian's packages: chromium",
        ),
        (
            "user",
            "exit 1",
            BRINGS,
            "",
            False,
            "sudo asks for a password or is not there. What needs them is left out",
        ),
        (
            "user",
            None,
            BRINGS,
            "",
            False,
            "sudo asks for a password or is not there. What needs them is left out",
        ),
        (
            "root",
            None,
            FAILS,
            "",
            False,
            "apt-get failed (Unable to fetch some archives). What needs them is left out",
        ),
        ("root", None, None, "", False, "there is no apt-get here. What needs them is left out"),
        ("root", None, FAILS, "true", False, None),
        ("user", None, BRINGS, "true", False, None),
        ("root", None, BRINGS, "true", True, "Installing from Debian's packages: chromium"),
    ],
)
def test_programs_are_installed_or_named(
    tmp_path, monkeypatch, capfd, who, sudo, apt, ci, installed, said
):
    folder = tmp_path / "bin"
    for name in ("env", "true", "sh", "chmod"):
        folder.mkdir(exist_ok=True)
        (folder / name).symlink_to(shutil.which(name))
    for name, text in (("sudo", sudo), ("apt-get", apt)):
        if text:
            program(folder, name, text)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("BIN", str(folder))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if who == "root" else 1000)
    command = ("" if who == "root" else "sudo ") + "apt-get install chromium"
    if said:
        setup.set_up_tools(["chromium"], True)
        told = capfd.readouterr().out
        assert said in told and (installed or command in told)
    else:
        with pytest.raises(
            setup.CannotSetUp, match="chromium cannot be installed: .*This brings them: " + command
        ):
            setup.set_up_tools(["chromium"], True)
    assert bool(setup.find_tool("chromium")) == installed


TESTS = """
import pytest
@pytest.mark.chromium
def test_a(): pass
@pytest.mark.chromium
@pytest.mark.wrk
def test_b(): pass
@pytest.fixture
def browser(): pass
def test_c(browser): pass
def test_d(): pass
@pytest.mark.skip(reason="for a reason of its own")
def test_e(): pass
"""


REFUSED = [
    (
        "CI is true, and this test needs what is not installed: chromium, wrk. This brings what is"
        " missing: "
    ),
    "apt-get install chromium wrk",
    "1 passed, 1 skipped, 3 errors",
]


@pytest.mark.slow
@pytest.mark.libatomic  # which is not in PATH, and would be counted too
@pytest.mark.parametrize(
    "env, words, code, said",
    [
        (
            {},
            [],
            0,
            [
                (
                    "3 tests were not run, for want of chromium (3), wrk (1). This brings what is"
                    " missing: "
                ),
                "apt-get install chromium wrk",
                "test_e (for a reason of its own)",
                "1 passed, 4 skipped",
            ],
        ),
        (
            {},
            ["-k", "test_a or test_d"],
            0,
            ["1 test was not run, for want of chromium (1)", "1 passed, 1 skipped"],
        ),
        ({}, ["-k", "test_d"], 0, ["1 passed"]),
        ({}, ["-m", "not browser"], 0, ["1 passed, 1 skipped, 3 deselected"]),
        (
            {},
            ["-n", "2"],
            0,
            [
                "3 tests were not run, for want of chromium (3), wrk (1). This brings",
                "test_e (for a reason of its own)",
                "1 passed, 4 skipped",
            ],
        ),
        ({"CI": "true"}, ["-n", "2"], 1, REFUSED),
        ({"CI": "true"}, [], 1, REFUSED),
        ({"CI": "true"}, ["-k", "test_d"], 0, ["1 passed"]),
        ({"PYTHONOPTIMIZE": "1"}, [], 4, ["PYTHONOPTIMIZE takes the checks out of the tests"]),
    ],
)
def test_what_needs_a_missing_program_is_left_out_and_counted(tmp_path, env, words, code, said):
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("from needs import *", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  browser: x\n  chromium: x\n  libatomic: x\n  wrk: x\n",
        encoding="utf-8",
    )
    paths = {"PATH": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "CI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=tmp_path,
        env=paths | env,
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code and all(s in printed for s in said), printed
    if code == 0:
        assert "passed" in printed.strip().splitlines()[-1]  # pytest's own line stays the last


def test_a_program_that_is_installed_but_hidden_is_told_as_that(tmp_path, monkeypatch, capfd):
    program(tmp_path, "apt-get", "exit 0")
    (tmp_path / "env").symlink_to(shutil.which("env"))
    (tmp_path / "sh").symlink_to(shutil.which("sh"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setitem(setup.TOOLS, "hidden", ("hidden-package", ("no-such-program",)))
    setup.set_up_tools(["hidden"], True)
    told = capfd.readouterr().out
    assert "hidden cannot be found, although apt-get says that it is installed" in told
    assert told.endswith("put that folder into PATH: dpkg -L hidden-package\n")
    assert "This brings them" not in told


def test_a_library_is_found_by_loading_it(monkeypatch):
    monkeypatch.setitem(setup.TOOLS, "none", ("libnone1", ("libnone.so.1",)))
    monkeypatch.setitem(setup.TOOLS, "c", ("libc6", ("libc.so.6",)))
    assert setup.missing_tools(["none", "c"]) == ["none"]


def test_every_program_has_a_marker_and_every_marker_a_program(pytestconfig):
    own = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    assert own >= set(setup.TOOLS)
