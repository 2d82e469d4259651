"""Attack the site once, and report the result."""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benefits.web import server
from stress.hostile import KINDS
from stress.hostile.attack import Attack, slow
from stress.hostile.case import Map
from stress.hostile.client import ask
from stress.hostile.cost import measure_worst
from stress.hostile.site import documented, map_of, resident

ROUNDS = 8
# The largest allowed ratio of memory in the last quarter of the rounds to that in the second.
FLAT = 1.10
CONNECTIONS = 4


@dataclass
class Result:
    """The result of an attack: memory in megabytes after each round, and the log."""

    attack: Attack
    memory: list[float]
    alive: bool
    log: str

    def problems(self) -> list[str]:
        """Return what is wrong with the server as a whole."""
        quarter = ROUNDS // 4
        before, after = max(self.memory[quarter : 2 * quarter]), max(self.memory[-quarter:])
        problems = [] if self.alive else ["the server did not live on"]
        if after > before * FLAT:
            growth = f"from {before:.0f} MB in the second quarter to {after:.0f} MB in the last"
            problems.append(f"memory grew {growth}")
        if "Traceback" in self.log:
            problems.append("the log has a traceback")
        if "fault " in self.log:
            problems.append("the site had a fault of its own: " + self.log)
        return problems

    def table(self) -> list[str]:
        """Return a line for each kind of request."""
        attack = self.attack
        lines = ["| kind | requests | statuses | faults | slowest, ms |"]
        lines.append("| --- | ---: | --- | ---: | ---: |")
        for name, count in attack.sent.items():
            by_status = sorted(attack.statuses[name].items(), key=str)
            statuses = ", ".join(f"{status} {n:,}" for status, n in by_status)
            faults = sum(kind == name for kind, _, _ in attack.faults)
            slowest = f"{attack.slowest[name]:.0f}" if attack.slowest[name] else ""
            cells = name, f"{count:,}", statuses, str(faults), slowest
            lines.append("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|")
        return lines

    def summary(self, seed: int) -> str:
        """Return a summary in one line."""
        total = sum(self.attack.sent.values())
        memory = ", ".join(f"{megabytes:.0f}" for megabytes in self.memory)
        median = statistics.median(self.attack.slowest.values())
        return (
            f"{total:,} requests, seed {seed}. Memory after each round, MB: {memory}. "
            f"Median of the slowest: {median:.0f} ms."
        )


def attack_site(database: Path, count: int, seed: int) -> Result:
    """Serve a database on a free port, and send it the corpus and the requests of schemathesis."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        with (
            open(Path(folder) / "log", "w") as log,
            server.running(database, log=log) as (port, process),
        ):
            site = map_of(port)
            attack = Attack(port, dict(ask(port, "/-/health").headers))
            memory = send_corpus(attack, site, count, seed, process.pid)
            slow(attack)
            problems = measure_worst(port, site, seed, min(count, 300), attack.usual)
            attack.faults += [("costly", problem, b"") for problem in problems]
            attack.sent["schemathesis"], problems = documented(port, seed, folder)
            attack.faults += [("schemathesis", problem, b"") for problem in problems]
            alive = process.poll() is None and b'"ok": true' in ask(port, "/-/health").body
        return Result(attack, memory, alive, (Path(folder) / "log").read_text())


def send_corpus(attack: Attack, site: Map, count: int, seed: int, pid: int) -> list[float]:
    """Send the corpus in rounds that each hold every kind; return the memory after each."""
    streams = {
        name: make(random.Random(f"{seed} {name}"), site) for name, (_, make) in KINDS.items()
    }
    memory = []
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for n in range(ROUNDS):
            for name, (share, _) in KINDS.items():
                whole = count * share // 100 + 1
                part = whole * (n + 1) // ROUNDS - whole * n // ROUNDS
                cases = ((name, case) for case in itertools.islice(streams[name], part))
                list(pool.map(attack.one, cases))
            memory.append(resident(pid))
    return memory
