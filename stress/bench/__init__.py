"""Measure how fast the verbs and the site are, compared with other tools in the same run.

Only loopback is asked, each load is bounded in time, and the peers get the same data. A goal that
is not met is shown as not met.
"""

from __future__ import annotations

from stress.bench.answers import measure_answers
from stress.bench.bench import Bench
from stress.bench.build import measure_build
from stress.bench.exports import measure_exports
from stress.bench.http import measure_http
from stress.bench.neighbors import measure_neighbors
from stress.bench.release import measure_release
from stress.bench.start import measure_start
from stress.bench.validation import measure_validation

BY_SIZE = {
    "validate": measure_validation,
    "build": measure_build,
    "export": measure_exports,
    "answers": measure_answers,
}
PARTS = BY_SIZE | {
    "http": measure_http,
    "hostile": measure_neighbors,
    "start": measure_start,
    "release": measure_release,
}


def run_parts(bench: Bench, names: list[str]) -> None:
    """Measure parts, in this order."""
    if BY_SIZE.keys() & set(names):
        bench.grow()
    for name in names:
        PARTS[name](bench)
