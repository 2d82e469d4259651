"""Releases: refused when they should be, whole or not at all, and the same bytes wherever they are
made.

They are made in clones of the last commit. So that this takes a minute and not ten, the static
site is made for one day only."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from benefits import reading
from benefits.package import ROOT
from benefits.release import archive
from stress.crash import packages as faults
from support import all_but_few, copy_package, run

pytestmark = pytest.mark.git
ONE_DAY = f"""
import re, sys
sys.path.insert(0, ".")
from benefits.export import static_copy
from scripts import release
static_copy.days_of = lambda database: ["2026-01-06"]
static_copy.LEFT_OUT = re.compile({all_but_few("2026-01-06").pattern!r})
release.run(lambda: release.main(["make"]))
"""


def git(*args, cwd=ROOT):
    return subprocess.run(
        ["git", *args], cwd=cwd, capture_output=True, text=True, check=True
    ).stdout.strip()


def clone(target):
    git("clone", "--quiet", str(ROOT), str(target))
    git("config", "user.name", "Test", cwd=target)
    git("config", "user.email", "test@example.org", cwd=target)
    return target


def version_of(target):
    return reading.load(target).descriptor["version"]


def prepared(target):
    """The clone with a next version prepared and committed."""
    faults.raise_version(target)
    done = run("release", "--root", target, *faults.prepare_arguments(target))
    assert done.returncode == 0 or "is prepared already" in done.stderr, done.stderr
    subprocess.run(
        [sys.executable, "scripts/describe.py"], cwd=target, check=True, capture_output=True
    )
    git("commit", "--quiet", "--allow-empty", "-am", "Prepare", cwd=target)
    return target


def make(target, **env):
    return subprocess.run(
        [sys.executable, "-c", ONE_DAY],
        cwd=target,
        capture_output=True,
        text=True,
        env=os.environ | env,
    )


def sums(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return prepared(clone(tmp_path_factory.mktemp("release") / "one"))


@pytest.fixture(scope="module")
def kept(origin, tmp_path_factory):
    """A clone that keeps the zip of its version."""
    target = tmp_path_factory.mktemp("kept") / "one"
    keep(origin, target, later=0)
    return target


@pytest.fixture(scope="module")
def released(kept):
    done = make(kept, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    return kept / "dist" / version_of(kept)


def test_what_a_release_holds(released):
    name = released.name
    held = {p.name for p in released.iterdir()}
    assert {
        f"benefits-{name}.zip",
        "benefits.db",
        "benefits.xlsx",
        "benefits.html",
        "csv",
        "json",
        "jsonl",
        "parquet",
        "site",
        "SHA256SUMS",
        "release-notes.md",
        "release-notes.json",
        "croissant.json",
        "data.json",
        ".zenodo.json",
        "CITATION.cff",
    } <= held
    assert [p.name for p in released.parent.iterdir()] == [name]


def test_a_kept_version_is_made_again_with_its_own_bytes(kept, released):
    name = released.name
    zipped = (kept / "releases" / f"{name}.zip").read_bytes()
    assert (released / f"benefits-{name}.zip").read_bytes() == zipped


@pytest.mark.slow
def test_same_bytes_in_another_clone(kept, released, tmp_path):
    other = tmp_path / "a folder" / "elsewhere"
    other.parent.mkdir()
    git("clone", "--quiet", str(kept), str(other))
    umask = os.umask(0o077)
    try:
        done = make(other, TZ="Pacific/Auckland", LC_ALL="tr_TR.UTF-8", PYTHONHASHSEED="2")
    finally:
        os.umask(umask)
    assert done.returncode == 0, done.stderr
    assert sums(other / "dist" / released.name) == sums(released)


@pytest.mark.slow
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
    sums_file.write_text(
        "\n".join(
            (
                f"{changed}  json/jurisdictions.json"
                if line.endswith("  json/jurisdictions.json")
                else line
            )
            for line in kept
        )
        + "\n"
    )
    assert "json: table jurisdictions does not hold the cells" in run("verify", copy).stdout


@pytest.mark.slow
def test_a_release_is_made_once(kept, released):
    done = make(kept)
    assert done.returncode == 1 and "exists: a release is made once" in done.stderr


@pytest.mark.slow
def test_a_dirty_tree_is_refused(origin):
    (origin / "new-file").write_text("x")
    try:
        assert "not committed" in run("release", "--root", origin, "make").stderr
    finally:
        (origin / "new-file").unlink()


@pytest.mark.slow
def test_a_killed_release_leaves_nothing_that_looks_released(origin, tmp_path):
    other = tmp_path / "killed"
    git("clone", "--quiet", str(origin), str(other))
    for wait in (1.5, 4, 7):
        process = subprocess.Popen(
            [sys.executable, "-c", ONE_DAY],
            cwd=other,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [p.name for p in (other / "dist").glob("[!.]*")] == []


ODD_DAYS = [
    "yesterday",
    "2026-02-30",
    "2027-02-29",
    "20261124",
    "2026-W48-4",
    "2026-1-2",
    " 2026-11-26",
    "２０２６-11-26",
    "0001-01-01",
    "9999-12-31",
    "2026-11-23",
    "2026-11-24",
    "2026-11-27",
]


@pytest.mark.slow
@pytest.mark.parametrize("day", ODD_DAYS)
def test_a_release_has_a_day_after_the_last_and_not_after_today(day, tmp_path):
    target = copy_package(tmp_path / "package")
    shutil.copytree(ROOT / "releases", target / "releases")
    faults.raise_version(target)
    before = sums(target)
    done = run("release", "--root", target, "prepare", "--date", day, "--today", "2026-11-26")
    assert (
        done.returncode == 1
        and done.stderr.startswith("error: --date is ")
        and "expected a day as YYYY-MM-DD" in done.stderr
    )
    assert "Traceback" not in done.stderr and sums(target) == before


@pytest.mark.slow
def test_prepare_refuses_a_reason_that_validate_would(tmp_path):
    target = copy_package(tmp_path / "package")
    shutil.copytree(ROOT / "releases", target / "releases")
    faults.raise_version(target)
    (target / "releases" / "reasons.csv").write_text(
        "table,record,field,reason\nprograms,x,*,=1+1\n"
    )
    done = run(
        "release", "--root", target, "prepare", "--date", "2026-11-26", "--today", "2026-11-26"
    )
    assert (
        done.returncode == 1
        and "releases/reasons.csv:2 [programs/x/*]: reason '=1+1' begins as" in done.stderr
    )


def keep(origin, target, later):
    """A clone with the zip of its version kept, in a commit that is `later` seconds after
    the one it was made from."""
    git("clone", "--quiet", str(origin), str(target))
    package, epoch = reading.load(target), int(git("log", "-1", "--format=%ct", cwd=target))
    name = package.descriptor["version"]
    [row] = [r for r in package.rows("releases") if r["version"] == name]
    archive.write_package(package, row, target / "releases", epoch)
    kept = (target / "releases" / f"benefits-{name}.zip").rename(
        target / "releases" / f"{name}.zip"
    )
    git("add", "releases", cwd=target)
    who = {
        f"GIT_{w}_{p}": v
        for w in ("AUTHOR", "COMMITTER")
        for p, v in (
            ("NAME", "Test"),
            ("EMAIL", "test@example.org"),
            ("DATE", f"{epoch + later} +0000"),
        )
    }
    subprocess.run(
        ["git", "commit", "--quiet", "-m", "Keep"], cwd=target, check=True, env=os.environ | who
    )
    return kept


@pytest.mark.slow
def test_a_kept_version_is_not_made_with_other_bytes(origin, tmp_path):
    kept = keep(origin, tmp_path / "later", later=60)
    done = run("release", "--root", tmp_path / "later", "make")
    assert (
        done.returncode == 1
        and f"releases/{kept.name} is kept" in done.stderr
        and not (tmp_path / "later" / "dist").exists()
    )


@pytest.mark.parametrize("kept", [True, False])
def test_a_version_is_raised_only_when_it_is_kept(kept, tmp_path):
    target = copy_package(tmp_path / "package")
    before = (target / "datapackage.json").read_bytes()
    name = version_of(target)
    (target / "releases").mkdir()
    if kept:
        (target / "releases" / f"{name}.zip").touch()
    faults.raise_version(target)
    assert ((target / "datapackage.json").read_bytes() == before) is not kept
    assert (version_of(target) == name) is not kept and faults.next_day(target) > reading.load(
        target
    ).rows("releases")[-1]["date"]
