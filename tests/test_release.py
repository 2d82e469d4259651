"""Releases: refused when they should be, whole or not at all, and the same bytes wherever they are made.

They are made in clones of the last commit. So that this takes a minute and not ten, the static site is made for one day only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT, run

ONE_DAY = "import sys; sys.path.insert(0, 'scripts'); import release, site_export; site_export.days_of = lambda database: ['2026-01-06']; release.run(lambda: release.main(['make']))"


def git(*args, cwd=ROOT):
    return subprocess.run(["git", *args], cwd=cwd, capture_output=True, text=True, check=True).stdout.strip()


def clone(target):
    git("clone", "--quiet", str(ROOT), str(target))
    git("config", "user.name", "Test", cwd=target)
    git("config", "user.email", "test@example.org", cwd=target)
    return target


def version_of(target):
    import package

    return package.load(target).descriptor["version"]


def prepared(target):
    """The clone with its version prepared and committed, if it is not yet."""
    done = run("release", "--root", target, "prepare", "--date", "2026-11-24")
    if "is prepared already" not in done.stderr:
        assert done.returncode == 0, done.stderr
        subprocess.run([sys.executable, "scripts/describe.py"], cwd=target, check=True, capture_output=True)
        git("commit", "--quiet", "-am", "Prepare", cwd=target)
    return target


def make(target, **env):
    return subprocess.run([sys.executable, "-c", ONE_DAY], cwd=target, capture_output=True, text=True, env=os.environ | env)


def sums(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return prepared(clone(tmp_path_factory.mktemp("release") / "one"))


@pytest.fixture(scope="module")
def released(origin):
    done = make(origin, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    return origin / "dist" / version_of(origin)


def test_what_a_release_holds(released):
    name = released.name
    held = {p.name for p in released.iterdir()}
    assert {f"benefits-{name}.zip", "benefits.db", "benefits.xlsx", "benefits.html", "csv", "json", "jsonl", "parquet", "site", "SHA256SUMS", "release-notes.md", "release-notes.json", "croissant.json", "data.json", ".zenodo.json", "CITATION.cff"} <= held
    assert [p.name for p in released.parent.iterdir()] == [name]


def test_same_bytes_in_another_clone(origin, released, tmp_path):
    other = tmp_path / "a folder" / "elsewhere"
    other.parent.mkdir()
    git("clone", "--quiet", str(origin), str(other))
    umask = os.umask(0o077)
    try:
        done = make(other, TZ="Pacific/Auckland", LC_ALL="tr_TR.UTF-8", PYTHONHASHSEED="2")
    finally:
        os.umask(umask)
    assert done.returncode == 0, done.stderr
    assert sums(other / "dist" / released.name) == sums(released)


def test_verify_sees_a_changed_byte_and_a_changed_cell(released, tmp_path):
    copy = tmp_path / released.name
    shutil.copytree(released, copy, ignore=shutil.ignore_patterns("site"))
    sums_file = copy / "SHA256SUMS"
    kept = [line for line in sums_file.read_text().splitlines() if "  site/" not in line]
    sums_file.write_text("\n".join(kept) + "\n")
    assert run("verify", copy).returncode == 0
    path = copy / "json" / "jurisdictions.json"
    path.write_text(path.read_text().replace('"06"', '"6"'))
    assert "json/jurisdictions.json differs from its checksum" in run("verify", copy).stdout
    changed = hashlib.sha256(path.read_bytes()).hexdigest()
    sums_file.write_text("\n".join(f"{changed}  json/jurisdictions.json" if line.endswith("  json/jurisdictions.json") else line for line in kept) + "\n")
    assert "json: table jurisdictions does not hold the cells" in run("verify", copy).stdout


def test_a_release_is_made_once(origin, released):
    done = make(origin)
    assert done.returncode == 1 and "exists: a release is made once" in done.stderr


def test_a_dirty_tree_is_refused(origin):
    (origin / "new-file").write_text("x")
    try:
        assert "not committed" in run("release", "--root", origin, "make").stderr
    finally:
        (origin / "new-file").unlink()


def test_a_killed_release_leaves_nothing_that_looks_released(origin, tmp_path):
    other = tmp_path / "killed"
    git("clone", "--quiet", str(origin), str(other))
    for wait in (1.5, 4, 7):
        process = subprocess.Popen([sys.executable, "-c", ONE_DAY], cwd=other, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [p.name for p in (other / "dist").glob("[!.]*")] == []


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20261124"])
def test_a_release_has_a_day(origin, day):
    done = run("release", "--root", origin, "prepare", "--date", day)
    assert done.returncode == 1 and "expected a day as YYYY-MM-DD" in done.stderr
