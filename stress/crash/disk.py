"""Run verbs on a full disk, and on a read-only one."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benefits.package import ROOT
from stress.crash.packages import (
    clone_repository,
    copy_package,
    edit,
    mix,
    outdate,
    prepare_arguments,
)
from stress.crash.releases import open_clone
from stress.crash.tally import Tally
from stress.crash.verbs import (
    SMALL_RELEASE,
    differing,
    digests,
    message_problem,
    run_verb,
    verb_command,
)
from stress.kinds import kind

BLOCK = 4096  # bytes; a file takes a multiple of it on a disk


def own_mounts() -> bool:
    """Return whether this process has its own mounts."""
    try:
        return os.readlink("/proc/self/ns/mnt") != os.readlink(f"/proc/{os.getppid()}/ns/mnt")
    except PermissionError:
        return True


@contextlib.contextmanager
def mounted(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small disk in memory."""
    place.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m"]
    subprocess.run(["mount", *options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def run_with_free(
    disk: Path, command: list[str], free: int, cwd: Path
) -> subprocess.CompletedProcess:
    """Run a command with `free` bytes left on the disk."""
    ballast = disk / "ballast"
    space = os.statvfs(disk)
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(space.f_bavail * space.f_bsize - free, 1))
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(cwd)}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    ballast.unlink()
    return done


def room_of(folder: Path) -> int:
    """Return the bytes that the files of a folder take on a disk."""
    sizes = (p.stat().st_size for p in folder.rglob("*") if p.is_file())
    return sum(-(-size // BLOCK) * BLOCK for size in sizes)


@kind
def disk_full(folder: Path, args, r: random.Random) -> Tally:
    """Run each verb on a disk with so little space that each of its steps fails once.

    It must end with a sentence, with the old files, and with nothing half-written.
    """
    tally = Tally()
    with mounted(folder / "disk", 64) as disk:
        fill_for_verbs(disk, folder, r, tally)
    with mounted(folder / "release", 256) as disk:
        fill_for_release(disk, tally)
    return tally


def fill_for_verbs(disk: Path, folder: Path, r: random.Random, tally: Tally) -> None:
    """Run each verb except the release with several amounts of free space."""
    package, out = copy_package(disk / "one"), disk / "out"
    database = package / "build" / "benefits.db"
    exporting = verb_command("export", "--database", database, "--out", out)
    run_verb("validate", "--root", package)
    run_verb("build", "--root", package)
    run_verb("export", "--database", database, "--out", out)
    size, exported = (
        database.stat().st_size,
        sum(p.stat().st_size for p in out.rglob("*") if p.is_file()),
    )
    shutil.rmtree(out)
    building = [int(size * r.uniform(0, 1.9)) for _ in range(10)]
    parts = [int(exported * r.random()) for _ in range(8)]
    for name, command, rooms, ready in (
        ("validate", verb_command("validate", "--root", package), [0], None),
        ("build", verb_command("build", "--root", package), [0, *building], None),
        ("sort", verb_command("canonical", "--root", package), [0, BLOCK], mix_citations),
        ("describe", verb_command("describe", "--root", package), [0, BLOCK], mix_back),
        ("export", exporting, [0, *parts], None),
    ):
        if ready:
            ready(package)
        before = digests(package)
        for free in rooms:
            done = run_with_free(disk, command, free, folder)
            half = differing(before, digests(package))
            shutil.rmtree(out, ignore_errors=True)
            if done.returncode == 0:
                tally.add(f"{name} had room")
                before = digests(package)
                continue
            where, problem = f"{name} with {free:,} bytes free", message_problem(done)
            tally.add(
                f"{name} refused",
                f"{where}: {problem}" if problem else "",
                f"{where} changed or left {', '.join(half)}" if half else "",
            )


def mix_citations(package: Path) -> None:
    """Change the order of the citations, so that `make sort` has work."""
    mix(package, "citations")


def mix_back(package: Path) -> None:
    """Sort the citations again, and give `make describe` work."""
    mix(package, "citations")
    outdate(package)


def fill_for_release(disk: Path, tally: Tally) -> None:
    """Make a release with several shares of the space that it needs."""
    clone = open_clone(clone_repository(disk / "clone"))
    subprocess.run(SMALL_RELEASE, cwd=clone.root, capture_output=True, check=True)
    size = room_of(clone.dist)
    shutil.rmtree(clone.dist)
    for share in (0, 0.02, 0.2, 0.4, 0.6, 0.8, 0.95):
        done = run_with_free(disk, SMALL_RELEASE, int(size * share), clone.root)
        outcome, losses = clone.losses()
        losses += [f"left: {name}" for name in clone.unfinished()[:1]]
        shutil.rmtree(clone.dist, ignore_errors=True)
        had_room = "had room, which it should not have had"
        problem = message_problem(done) if done.returncode else had_room
        tally.add(
            "release refused" if outcome == "nothing released" else outcome,
            *(f"release with {share:.0%} of its room: {p}" for p in [problem, *losses] if p),
        )


@kind
def read_only(folder: Path, args, r: random.Random) -> Tally:
    """Run each verb in a folder that cannot be written."""
    tally = Tally()
    with mounted(folder / "disk", 256) as disk:
        package, mixed = copy_package(disk / "one"), copy_package(disk / "mixed")
        clone = clone_repository(disk / "clone")
        edit(package)
        run_verb("validate", "--root", package)
        outdate(package)
        mix_citations(mixed)
        database = ROOT / "build" / "benefits.db"
        commands = {
            "validate": verb_command("validate", "--root", package),
            "build": verb_command("build", "--root", package),
            "sort": verb_command("canonical", "--root", mixed),
            "describe": verb_command("describe", "--root", package),
            "prepare": verb_command("release", "--root", package, *prepare_arguments(package)),
            "make": verb_command("release", "--root", clone, "make"),
            "export": verb_command("export", "--database", database, "--out", disk / "out"),
        }
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        before = digests(disk)
        for name, command in commands.items():
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
            problem = message_problem(done)
            tally.add(f"{name} refused", f"{name}: {problem}" if problem else "")
        if differing(before, digests(disk)):
            tally.add("changed", "a folder that cannot be written was changed")
    return tally
