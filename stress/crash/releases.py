"""Kill releases."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benefits import verify
from benefits.reading import load
from stress.crash.kills import WORKERS
from stress.crash.packages import clone_repository, git
from stress.crash.tally import Tally
from stress.crash.verbs import (
    SMALL_RELEASE,
    differing,
    digests,
    duration,
    failure,
    kill_after,
)
from stress.kinds import kind

KEPT = ("data", "docs", "releases", "sql")  # folders that a release never changes
WHOLE_RELEASE = [sys.executable, "scripts/release.py", "make"]


@dataclass
class Clone:
    """A clone in which a release is made, and the digests that it had before."""

    root: Path
    version: str
    before: dict[str, str]

    @property
    def dist(self) -> Path:
        return self.root / "dist"

    def losses(self) -> tuple[str, list[str]]:
        """Return the outcome of a release that was stopped, and what it lost."""
        target, losses = self.dist / self.version, []
        if changed := differing(self.before, digests(self.root, *KEPT)):
            losses.append(f"changed by the release: {', '.join(changed)}")
        if dirty := git(self.root, "status", "--porcelain"):
            losses.append(f"the tree is dirty: {dirty}")
        if not target.exists():
            return "nothing released", losses
        return "released", losses + (
            verify.checksum_problems(target) or verify.cell_problems(target)
        )

    def unfinished(self) -> list[str]:
        """Return the names of folders that stopped releases left."""
        return sorted(p.name for p in self.dist.glob(".*")) if self.dist.exists() else []


def open_clone(root: Path) -> Clone:
    """Return a clone as it is now."""
    return Clone(root, load(root).descriptor["version"], digests(root, *KEPT))


@kind
def release_killed(folder: Path, args, r: random.Random) -> Tally:
    """Kill a release with a small site: dist/VERSION must be absent or complete."""
    return kill_releases(folder, SMALL_RELEASE, args.kills, r)


@kind
def whole_release_killed(folder: Path, args, r: random.Random) -> Tally:
    """Kill a release with the whole site, a few times."""
    return kill_releases(folder, WHOLE_RELEASE, args.whole, r) if args.whole else Tally()


def kill_releases(folder: Path, command: list[str], kills: int, r: random.Random) -> Tally:
    """Kill a release at moments spread over its duration, in several clones at the same time."""
    tally, origin = Tally(), clone_repository(folder / "origin")
    whole = duration(command, origin)
    expected = digests(origin, f"dist/{load(origin).descriptor['version']}")
    shutil.rmtree(origin / "dist")
    moments = [whole * (n + r.random()) / kills for n in range(kills)]
    r.shuffle(moments)

    def work(n: int) -> list[tuple[str, list[str]]]:
        git(folder, "clone", "--quiet", str(origin), str(folder / f"clone-{n}"))
        clone = open_clone(folder / f"clone-{n}")
        return list(kill_in_clone(clone, command, moments[n::WORKERS], expected))

    with ThreadPoolExecutor(WORKERS) as pool:
        for outcome, losses in (pair for pairs in pool.map(work, range(WORKERS)) for pair in pairs):
            tally.add(outcome, *losses)
    return tally


def kill_in_clone(
    clone: Clone, command: list[str], moments: list[float], expected: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """Kill a release at each moment, then let one end; yield each outcome and its losses."""
    for moment in moments:
        kill_after(command, moment, clone.root)
        yield clone.losses()
        shutil.rmtree(clone.dist / clone.version, ignore_errors=True)
    count = len(clone.unfinished())
    done = subprocess.run(command, cwd=clone.root, capture_output=True, text=True)
    differ = differing(expected, digests(clone.root, f"dist/{clone.version}"))
    loss = f"the next release differs: {', '.join(differ[:5])}" if differ else ""
    yield "released after that", [failure(done), loss]
    still = sorted(p.name for p in clone.dist.iterdir() if p.name != clone.version)
    yield (
        f"{count} folders left by killed releases, {len(still)} after the next release",
        [f"left for ever: {', '.join(still[:3])}"] if still else [],
    )
