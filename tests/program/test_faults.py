"""What verbs leave when they are killed or the disk refuses: small versions of `make faults`,
which does it hundreds of times."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from benefits.files import atomic_write
from benefits.package import ROOT
from support import run

SMALL = 2_000  # bytes that a file may have: less than any that a verb writes


def files(root) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_swept_and_what_a_live_one_makes_is_not(tmp_path):
    dead, alive = tmp_path / f".x.csv.{gone()}", tmp_path / f".x.csv.{os.getppid()}"
    other = tmp_path / f".y.csv.{gone()}"
    for left in (dead, alive, other):
        left.write_text("half")
    with atomic_write(tmp_path / "x.csv") as beside:
        beside.write_text("whole")
    assert files(tmp_path) == {"x.csv": b"whole", alive.name: b"half", other.name: b"half"}


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    (tmp_path / "x.csv").write_text("old")
    with pytest.raises(ValueError), atomic_write(tmp_path / "x.csv") as beside:
        beside.write_text("half")
        raise ValueError
    assert files(tmp_path) == {"x.csv": b"old"}


@pytest.mark.parametrize("folder", [False, True])
def test_bytes_are_on_the_disk_before_they_have_the_name(tmp_path, monkeypatch, folder):
    """A power cut between the two would leave an empty file under the name (`make faults`
    pulls the plug of a real file system)."""
    done, of = [], lambda opened: os.readlink(f"/proc/self/fd/{opened}")
    for name, what in (
        ("fsync", of),
        ("sync", lambda: "all"),
        ("replace", lambda _, path: str(path)),
    ):
        real = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda *args, name=name, what=what, real=real: (
                done.append((name, what(*args))),
                real(*args),
            )[1],
        )
    with atomic_write(tmp_path / "x") as beside:
        beside.mkdir() if folder else beside.write_text("whole")
    assert done == [
        ("sync", "all") if folder else ("fsync", str(beside)),
        ("replace", str(tmp_path / "x")),
        ("fsync", str(tmp_path)),
    ]


@pytest.fixture
def disturbed(broken):
    """A valid package that was built, with a file that `sort` would write and documents that
    `describe` would."""
    assert (
        run("validate", "--root", broken).returncode == 0
        and run("build", "--root", broken).returncode == 0
    )
    for folder in ("reference", "method"):
        (broken / "docs" / folder).mkdir(parents=True)
    for name in ("docs/reference/codebook.md", "docs/method/gaps.md", "CITATION.cff"):
        (broken / name).write_text("old\n")
    return broken


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["build", "canonical", "describe"])
def test_a_disk_that_is_full_is_told_and_loses_nothing(disturbed, verb):
    """A limit on the size of a file, which anybody may set, refuses what a full disk would."""
    if verb == "canonical":
        path = disturbed / "data" / "citations.csv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([lines[0], *reversed(lines[1:])]))
    before = files(disturbed)
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / f"{verb}.py"), "--root", str(disturbed)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (
        done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    ), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert files(disturbed) == before
