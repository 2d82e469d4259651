"""Make mutants, and judge what `validate` says about each."""

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

TRIES = 20  # draws until a kind counts as one without a place

_package: Package | None = None  # in a worker: the package, read once
_root: Path | None = None  # in a worker: the folder of its copy


@dataclass
class Score:
    """How many mutants of each kind were tried and caught, and those that survived.

    A survivor is (kind, seed, what was changed, verdict).
    """

    tried: Counter = field(default_factory=Counter)
    caught: Counter = field(default_factory=Counter)
    survivors: list[tuple[str, int, str, str]] = field(default_factory=list)

    @property
    def impossible(self) -> list[str]:
        """Return the kinds for which no place was found."""
        return [name for name in KINDS if not self.tried[name]]


def score_mutants(count: int, seed: int, jobs: int) -> Score:
    """Make and judge `count` mutants in `jobs` processes, the kinds in turn."""
    score = Score()
    for name, seed_, what, verdict in verdicts(count, seed, jobs):
        if verdict == "unfit":
            continue
        score.tried[name] += 1
        score.caught[name] += not verdict
        if verdict:
            score.survivors.append((name, seed_, what, verdict))
    return score


def verdicts(count: int, seed: int, jobs: int) -> Iterator[tuple[str, int, str, str]]:
    """Yield what `judge` returns for each mutant."""
    names = list(KINDS)
    draws = [(names[i % len(names)], seed + i // len(names)) for i in range(count)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as parent:
        # A forked process keeps what a test has replaced in this one.
        with ProcessPoolExecutor(jobs, get_context("fork"), begin, (parent,)) as pool:
            yield from pool.map(judge, draws, chunksize=4)


def begin(parent: str) -> None:
    """Prepare a worker: read the package and create the folder of its copy."""
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

    The verdict is "" if it was caught, "unfit" if no place was found, else what is wrong.
    """
    name, seed = draw
    restore(_root)
    mutant = make_mutant(name, seed, _package, _root)
    if mutant is None:
        return name, seed, "", "unfit"
    try:
        faults = check.package_faults(load(_root))
    except Exception as e:  # an error of validate is a survivor
        return name, seed, mutant.what, f"traceback: {type(e).__name__}: {str(e)[:200]}"
    return name, seed, mutant.what, missing_name(mutant, faults)


def make_mutant(name: str, seed: int, package: Package, root: Path) -> Mutant | None:
    """Corrupt a copy, and return the mutant; None if no place was found."""
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
    """Return whether a fault names the row of a mutant; a long key may be cut off."""
    if mutant.key is None or fault.key == mutant.key:
        return True
    return bool(fault.key) and mutant.key.startswith(fault.key)
