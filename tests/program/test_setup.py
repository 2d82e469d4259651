"""The virtual environment is made once and again when it is out of date."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benefits import refresh, setup
from benefits.package import ROOT
from support import run


@pytest.mark.slow
def test_a_venv_that_is_not_whole_is_made_anew_and_one_that_is_stays(tmp_path, monkeypatch, capfd):
    root = tmp_path / "here"
    root.mkdir()
    (root / "lock.txt").write_text("# nothing\n", encoding="utf-8")

    def set_up(place: Path = root) -> str:
        monkeypatch.setattr(setup, "ROOT", place)
        setup.set_up_venv(place / ".venv", ["lock.txt"])
        return capfd.readouterr().out

    assert "what is needed" in set_up()
    record, odd = root / ".venv" / "installed.json", root / ".venv" / "left-by-the-earlier"
    odd.touch()
    assert set_up() == "" and odd.exists()
    (root / "lock.txt").write_text("# other\n", encoding="utf-8")
    assert (
        "what changed" in set_up() and odd.exists()
    )  # the lock file changed: installed into what is there
    record.unlink()  # as when pip is killed
    assert "what is needed" in set_up() and not odd.exists()
    moved = root.rename(tmp_path / "there")
    assert "what is needed" in set_up(moved)
    record = moved / ".venv" / "installed.json"
    for name, value in (("python", "3.9.0 /usr"), ("place", "/elsewhere"), ("files", [])):
        assert setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))
        kept = record.read_text(encoding="utf-8")
        record.write_text(json.dumps(json.loads(kept) | {name: value}), encoding="utf-8")
        assert not setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))
        record.write_text(kept, encoding="utf-8")
    python = moved / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python0")  # as when the system's Python was replaced
    assert not setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))


@pytest.mark.slow
def test_an_installation_that_fails_leaves_no_record_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    (tmp_path / "lock.txt").write_text(
        "no-such-package==1.0\n", encoding="utf-8"
    )  # without a hash: refused
    with pytest.raises(setup.CannotSetUp, match="lock.txt cannot be installed into .venv: "):
        setup.set_up_venv(tmp_path / ".venv", ["lock.txt"])
    assert not (tmp_path / ".venv" / "installed.json").exists()


@pytest.mark.parametrize(
    "name, value",
    [
        ("PIP_USER", "1"),
        ("PIP_TARGET", "/tmp/x"),
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PYTHONHOME", "/tmp"),
        ("PYTHONPATH", "/tmp"),
        ("PYTHONOPTIMIZE", "2"),
    ],
)
def test_settings_of_the_caller_do_not_reach_pip(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert setup.clean_environment().get(name) in (None, "0")


def older_copy(root):
    """`cp -p` of an older file over a data file: its time goes back."""
    path = root / "data" / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(" of ", " on ", 1), encoding="utf-8")
    os.utime(path, (1, 1))


def change(name):
    def edit(root):
        with open(root / name, "ab") as file:
            file.write(b"\n")

    return edit


@pytest.mark.parametrize(
    "edit, stale",
    [
        (lambda root: [os.utime(p) for p in root.rglob("*.csv")], False),
        (change("scripts/serve.py"), False),
        (older_copy, True),
        (change("benefits/history.py"), True),
        (change("benefits/validation/text.py"), True),
        (change("benefits/package.py"), True),
        (change("metadata.yml"), True),
        (change("requirements/site.txt"), True),
        (change("build/benefits.db"), True),
        (lambda root: (root / "build" / "benefits.db").unlink(), True),
        (lambda root: (root / "build" / "validated.json").unlink(), True),
        (lambda root: (root / "data" / "more.csv").touch(), True),
        (lambda root: (root / "data" / "claims.csv").unlink(), True),
        (lambda root: (root / "sql" / "views" / "zz.sql").touch(), True),
        (lambda root: next((root / "sql" / "views").glob("*.sql")).unlink(), True),
    ],
)
def test_what_is_made_again_depends_on_contents_alone(tree, edit, stale):
    (tree / "build").mkdir()
    for name in ("benefits.db", "validated.json"):
        (tree / "build" / name).write_text("made", encoding="utf-8")
    before = refresh.state(tree)
    edit(tree)
    assert (refresh.state(tree) != before) == stale


@pytest.mark.slow
def test_build_is_done_once_and_again_after_an_older_file(tree):
    def build():
        return subprocess.run(
            ["make", f"PY={sys.executable}", "build"], cwd=tree, capture_output=True, text=True
        )

    first = build()
    assert first.returncode == 0 and "rows" in first.stdout, first.stderr
    assert build().stdout == "build/benefits.db is up to date\n"
    older_copy(tree)
    again = build()
    assert again.returncode == 0 and "up to date" not in again.stdout, again.stderr
    (tree / "build" / "benefits.db").write_bytes(b"")
    assert (
        "up to date" not in build().stdout and (tree / "build" / "benefits.db").stat().st_size > 0
    )


@pytest.mark.slow
def test_a_build_that_fails_is_tried_again(tree):
    change("data/sources.csv")(tree)  # a blank line at the end
    for _ in range(2):
        done = subprocess.run(
            ["make", f"PY={sys.executable}", "build"], cwd=tree, capture_output=True, text=True
        )
        assert done.returncode == 2 and "data/sources.csv" in done.stdout
    assert not (tree / "build" / "made-from.json").exists()


@pytest.mark.slow
def test_make_runs_one_target_at_a_time(tree):
    path = tree / "data" / "sources.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(head + "".join(reversed(rows)), encoding="utf-8")
    done = subprocess.run(
        ["make", "-j4", f"PY={sys.executable}", "sort", "build", "check"],
        cwd=tree,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_text(encoding="utf-8").splitlines(keepends=True) == [head, *rows]


def test_help_lists_the_targets():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"serve", "test", "build", "check", "sort", "release", "help", "clean"} <= listed


@pytest.mark.slow
@pytest.mark.git
def test_a_checkout_with_converted_line_ends_is_whole(tmp_path):
    target = tmp_path / "clone"
    subprocess.run(
        ["git", "-c", "core.autocrlf=true", "clone", "--quiet", str(ROOT), str(target)],
        check=True,
        capture_output=True,
    )
    held = [
        p for p in target.rglob("*") if p.is_file() and ".git" not in p.relative_to(target).parts
    ]
    assert [p for p in held if b"\r\n" in p.read_bytes() and p.suffix not in (".zip", ".png")] == []
    assert all(
        (target / "releases" / p.name).read_bytes() == p.read_bytes()
        for p in (ROOT / "releases").glob("*.zip")
    )
    done = run("validate", "--root", target)
    assert done.returncode == 0, done.stdout
