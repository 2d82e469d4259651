"""Compare the verbs and the site with other tools; write docs/quality/performance.md.

    python scripts/bench.py [--out docs/quality] [--only WORD ...] [--times 1 10 100] [--seconds 4]

Parts: validate, build, export, answers, http, hostile, start, release. All requests go to this
machine, each load ends after some seconds, and the peers get the same data in the same run. A goal
that is not met is shown as not met. Needs wrk and nginx (Debian packages), and a quarter of an hour
on two idle cores; `--times 1 10 100 1000` needs an hour and 24 GB of memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benefits.command import run
from benefits.package import ROOT
from benefits.sqlite import require_database
from stress.bench import PARTS, Bench, run_parts
from stress.bench.chart import draw_chart
from stress.bench.document import write_document
from stress.bench.processes import find_tool


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "quality")
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        choices=PARTS,
        metavar="WORD",
        help="parts to measure; nothing is written then",
    )
    parser.add_argument(
        "--times",
        type=int,
        nargs="*",
        default=[1, 10, 100],
        help="sizes of the package, in times our data (default 1 10 100)",
    )
    parser.add_argument("--seconds", type=int, default=4, help="length of each load (default 4)")
    parser.add_argument(
        "--requests",
        type=int,
        default=100_000,
        help="requests over which memory has to stay flat (default 100,000)",
    )
    args = parser.parse_args(argv)
    require_database(args.database)
    for tool in ("wrk", "nginx"):
        find_tool(tool)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, most))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), args.database, args.times, args.seconds, args.requests)
        run_parts(bench, args.only or list(PARTS))
    if not args.only:
        (args.out / "performance.svg").write_text(
            draw_chart(bench.report.seconds), encoding="utf-8"
        )
        (args.out / "performance.md").write_text(write_document(bench.report), encoding="utf-8")
    return 0


if __name__ == "__main__":
    run(main)
