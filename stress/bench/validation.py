"""Measure `validate`, compared with frictionless."""

from __future__ import annotations

from stress.bench.bench import Bench
from stress.bench.processes import BIN, measure_least, verb_command


def measure_validation(bench: Bench) -> None:
    """Measure `validate` and `frictionless validate` at each size."""
    report = bench.report
    for n, rows in bench.rows.items():
        root, runs = bench.root_of(n), 3 if n < 100 else 1
        ours, memory = measure_least(verb_command("validate", "--root", root), runs)
        peer = [BIN / "frictionless", "validate", root / "datapackage.json"]
        theirs, other = measure_least(peer, runs)
        report.note("validate", rows, ours, memory)
        report.note("frictionless validate", rows, theirs, other)
        report.add(
            "validate",
            f"{rows:,} rows",
            f"{ours:.2f} s, {memory:.0f} MB",
            f"frictionless {theirs:.2f} s, {other:.0f} MB",
            f"{ours / theirs:.2f}x",
        )
        if n == 1:
            report.add("validate", "cold, our data", f"{ours:.2f} s", goal="< 3 s", met=ours < 3)
    report.add_growth("validate", "validate", "frictionless validate")
