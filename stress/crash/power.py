"""Run verbs on a disk that loses its power."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benefits.errors import BenefitsError
from stress.crash.kills import WORKERS
from stress.crash.packages import Job, clone_repository, git, jobs
from stress.crash.releases import Clone, open_clone
from stress.crash.tally import Tally
from stress.crash.verbs import SMALL_RELEASE, digests, duration, verb_command
from stress.kinds import kind

EXT4_SHUTDOWN = 0x8004587D  # the request to a file system to stop all writing
AT_ONCE = struct.pack("I", 2)  # without writing the log first
COMMIT = 1.5  # seconds until the disk has written the names, even if not yet the bytes


class Disk:
    """A disk that can lose its power.

    With these options its file system writes the names of files long before their bytes.
    """

    options = "loop,noauto_da_alloc,commit=1"

    def __init__(self, place: Path, megabytes: int):
        self.place, self.image = place, place.with_name(f"{place.name}.img")
        place.mkdir(parents=True)
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run([find_tool("mkfs.ext4"), "-q", "-F", str(self.image)], check=True)

    def __enter__(self) -> Disk:
        self.mount()
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)

    def mount(self) -> None:
        command = ["mount", "-o", self.options, str(self.image), str(self.place)]
        subprocess.run(command, check=True)

    def cut(self) -> None:
        """Cut the power."""
        disk = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(disk, EXT4_SHUTDOWN, AT_ONCE)
        os.close(disk)

    def restart(self) -> None:
        """Restore the power."""
        for _ in range(100):  # it is busy until a killed process has ended
            if not subprocess.run(["umount", str(self.place)], capture_output=True).returncode:
                break
            time.sleep(0.05)
        self.mount()


def find_tool(name: str) -> str:
    """Return the path of a program that is often only in root's PATH. Raises BenefitsError."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        raise BenefitsError(
            f"{name} is not installed. On Debian and Ubuntu: apt-get install e2fsprogs"
        )
    return path


def cut_after(command: list[str], seconds: float, cwd: Path, disk: Disk) -> int | None:
    """Start a verb, cut the power after some seconds; return its exit code if it had ended."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        start_new_session=True,
    )
    time.sleep(seconds)
    code = process.poll()
    disk.cut()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return code


@kind
def power_cut(folder: Path, args, r: random.Random) -> Tally:
    """Cut the power at random moments, and shortly after the end.

    Every file must be the old one or the new one, and the new one if its verb had ended.
    """
    tally = Tally()
    try:
        with Disk(folder / "first", 16):
            pass
    except (OSError, subprocess.CalledProcessError) as e:
        tally.losses.append(
            "nothing was cut, so this shows nothing: "
            f"a disk image can be mounted by root only ({e})"
        )
        return tally

    def work(job: Job) -> list[tuple[str, list[str]]]:
        moments = random.Random(f"{args.seed} {job.name}")
        return list(cut_verb(job, args.kills // 10, folder, moments))

    with ThreadPoolExecutor(WORKERS) as pool:
        rounds = pool.map(work, jobs(folder, tally))
        for outcome, losses in (pair for pairs in rounds for pair in pairs):
            tally.add(outcome, *losses)
    for outcome, losses in cut_releases(args.whole, folder, r):
        tally.add(outcome, *losses)
    return tally


def cut_verb(
    job: Job, times: int, folder: Path, moments: random.Random
) -> Iterator[tuple[str, list[str]]]:
    """Cut the power during a verb; yield each outcome and its losses."""
    with Disk(folder / f"{job.name}-disk", 96) as disk:
        package = disk.place / "one"
        shutil.copytree(job.start, package)
        command = verb_command(job.name, "--root", package, *job.arguments)
        whole = duration(command, folder)
        for _ in range(times):
            shutil.rmtree(package)
            shutil.copytree(job.start, package)
            os.sync()
            code = cut_after(command, moments.uniform(0, whole + COMMIT), folder, disk)
            disk.restart()
            now = digests(package)
            if code == 0:
                outcome = "had ended"
            else:
                outcome = "had changed all" if now == job.after else "stopped"
            yield f"{job.name} {outcome}", cut_losses(job, package, now, code == 0)


def cut_losses(job: Job, package: Path, now: dict[str, str], ended: bool) -> list[str]:
    """Return what a verb lost in a power cut, and in the next run."""
    allowed = (job.after,) if ended else (job.before, job.after)
    when = f"{job.name}, {'ended and ' if ended else ''}cut"
    losses = [
        f"{when}: {file} is neither the old one nor the new one"
        for file in job.before.keys() | job.after.keys()
        if all(now.get(file) != state.get(file) for state in allowed)
    ]
    again = f"{job.name} cut and run again"
    if message := job.run(package):
        losses.append(f"{again}: {message}")
    return losses + [
        f"{again} leaves {file}" for file in digests(package).keys() - job.after.keys()
    ]


def cut_releases(times: int, folder: Path, r: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Cut the power during a release; yield each outcome and its losses."""
    origin = open_clone(clone_repository(folder / "origin"))
    whole = duration(SMALL_RELEASE, origin.root)
    for n in range(times):
        with Disk(folder / f"release-disk-{n}", 256) as disk:
            clone = Clone(disk.place / "clone", origin.version, origin.before)
            git(folder, "clone", "--quiet", str(origin.root), str(clone.root))
            os.sync()
            moment = r.uniform(whole / 2, whole + COMMIT)
            code = cut_after(SMALL_RELEASE, moment, clone.root, disk)
            disk.restart()
            # Git does not wait for the bytes of its own files, which are not judged here.
            shutil.rmtree(clone.root / ".git")
            shutil.copytree(origin.root / ".git", clone.root / ".git")
            outcome, losses = clone.losses()
            if code == 0 and outcome != "released":
                losses.append("a release had ended and is not there")
            yield f"release cut: {outcome}", losses
