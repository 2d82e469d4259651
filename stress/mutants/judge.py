"""Make mutants and judge what `validate` says of each."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benefits.package import ROOT, Fault, Package
from benefits.reading import load
from benefits.validation import check
from stress.mutants import KINDS
from stress.mutants.mutant import Mutant, Unfit

TRIES = 20  # draws of a kind until it is taken to have no place

_package: Package | None = None  # of a process: the package as it is, read once
_root: Path | None = None  # of a process: the folder of its copies


@dataclass
class Score:
    """How many mutants of each kind were made and caught, and the others: kind, seed, what, why."""

    made: Counter = field(default_factory=Counter)
    caught: Counter = field(default_factory=Counter)
    survivors: list[tuple[str, int, str, str]] = field(default_factory=list)

    @property
    def unmade(self) -> list[str]:
        """The kinds for which no place was found."""
        return [name for name in KINDS if not self.made[name]]


def score_mutants(count: int, seed: int, jobs: int) -> Score:
    """Make and judge `count` mutants in `jobs` processes, the kinds in turn."""
    score = Score()
    for name, seed_, what, verdict in verdicts(count, seed, jobs):
        if verdict == "unfit":
            continue
        score.made[name] += 1
        score.caught[name] += not verdict
        if verdict:
            score.survivors.append((name, seed_, what, verdict))
    return score


def verdicts(count: int, seed: int, jobs: int) -> Iterator[tuple[str, int, str, str]]:
    """Yield what `judge` returns for each mutant."""
    names = list(KINDS)
    draws = [(names[i % len(names)], seed + i // len(names)) for i in range(count)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as parent:
        # Forked, so that what a test replaced in this process is replaced in the others, too.
        with ProcessPoolExecutor(jobs, get_context("fork"), begin, (parent,)) as pool:
            yield from pool.map(judge, draws, chunksize=4)


def begin(parent: str) -> None:
    """Prepare a process: read the package and make the folder of its copies."""
    global _package, _root
    _root = Path(tempfile.mkdtemp(dir=parent))
    _package = load(ROOT)


def restore(root: Path) -> None:
    """Make a copy valid again."""
    shutil.rmtree(root / "data", ignore_errors=True)
    shutil.copytree(ROOT / "data", root / "data")
    shutil.copy(ROOT / "datapackage.json", root)


def judge(draw: tuple[str, int]) -> tuple[str, int, str, str]:
    """Return the kind, the seed, what was changed, and the verdict on one mutant.

    The verdict is "" when it was caught, "unfit" when no place was found, else what went wrong.
    """
    name, seed = draw
    restore(_root)
    mutant = make_mutant(name, seed, _package, _root)
    if mutant is None:
        return name, seed, "", "unfit"
    try:
        faults = check.package_faults(load(_root))
    except Exception as e:  # that validate raises is what this looks for
        return name, seed, mutant.what, f"traceback: {type(e).__name__}: {str(e)[:200]}"
    return name, seed, mutant.what, missing_name(mutant, faults)


def make_mutant(name: str, seed: int, package: Package, root: Path) -> Mutant | None:
    """Corrupt a copy; None where no place was found."""
    r = random.Random(f"{name} {seed}")
    for _ in range(TRIES):
        try:
            return KINDS[name](package, root, r)
        except Unfit:
            continue
    return None


def missing_name(mutant: Mutant, faults: list[Fault]) -> str:
    """Return what the faults do not name of a mutant; empty if they name all of it."""
    in_file = [f for f in faults if f.file == mutant.file]
    in_row = [f for f in in_file if is_of_row(f, mutant) and mutant.rule in (None, f.rule)]
    if any(mutant.field is None or f.field == mutant.field for f in in_row):
        return ""
    if not faults:
        missing = "no fault"
    elif not in_file:
        missing = "the file is not named"
    elif not in_row:
        missing = "the row is not named"
    else:
        missing = "the field is not named"
    place = f"{mutant.file} [{mutant.key}] {mutant.field}"
    example = faults[0] if faults else "-"
    return f"{missing}; expected {place}; {len(faults)} faults, such as {example}"


def is_of_row(fault: Fault, mutant: Mutant) -> bool:
    """Tell whether a fault names the row of a mutant; a long key may be cut short."""
    if mutant.key is None or fault.key == mutant.key:
        return True
    return bool(fault.key) and mutant.key.startswith(fault.key)
