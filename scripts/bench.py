"""Verb: how fast the site is, beside stock Datasette on the same database in the same run; writes build/bench.md.

    python scripts/bench.py [--database build/benefits.db]

One reader at a time, on loopback, bounded: each address is asked 31 times by one connection, the first answer (cold) and the median of
the others are told. Stock Datasette runs with its own settings and templates, and the same queries.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from package import ROOT, run

TIMES = 30
OURS = {
    "home page": "/",
    "jurisdiction": "/on/2025-07-01/jurisdictions/CA",
    "coverage on a day": "/on/2025-07-01/coverage",
    "case": "/on/2025-09-15/cases/california-v-hhs",
    "eligibility": "/eligibility?jurisdiction=IL&age=50&as_of=2025-06-30",
    "coverage_on, JSON": "/benefits/coverage_on.json?as_of=2025-07-01&jurisdiction=CA",
    "sharing_on, JSON": "/benefits/sharing_on.json?as_of=2026-01-06&jurisdiction=CA",
    "table, JSON": "/benefits/coverage.json?_size=100",
    "table, HTML": "/benefits/coverage",
}
STOCK = {name: path for name, path in OURS.items() if path.startswith("/benefits/")}


@contextmanager
def served(command: list[str], port: int):
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            started = time.perf_counter()
            while True:
                try:
                    client.get("/benefits.json")
                    break
                except httpx.TransportError:
                    if server.poll() is not None or time.perf_counter() - started > 30:
                        raise SystemExit("error: the server did not start: " + " ".join(command)) from None
                    time.sleep(0.02)
            yield client, time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def times(client, path: str) -> tuple[float, float, int]:
    """Milliseconds cold, median milliseconds after, and bytes as sent."""
    taken = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        with client.stream("GET", path) as answer:
            sent = sum(len(part) for part in answer.iter_raw())
            answer.raise_for_status()
        taken.append((time.perf_counter() - start) * 1000)
    return taken[0], statistics.median(taken[1:]), sent


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.md")
    args = parser.parse_args(argv)
    import serve

    port, stock_port = free_port(), free_port()
    ours = [sys.executable, str(ROOT / "scripts" / "serve.py"), "--port", str(port), "--database", str(args.database)]
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder) / "metadata.json"
        queries = {n: {"sql": q["sql"]} for n, q in serve.site_metadata(args.database)["databases"]["benefits"]["queries"].items()}
        metadata.write_text(json.dumps({"databases": {"benefits": {"queries": queries}}}))
        stock = [sys.executable, "-m", "datasette", "-i", str(args.database), "-m", str(metadata), "-p", str(stock_port)]
        with served(ours, port) as (client, start):
            found = {name: times(client, path) for name, path in OURS.items()}
            weight = sum(times(client, path)[2] for path in ("/", "/static/site.css", "/static/icon.svg"))
        with served(stock, stock_port) as (client, stock_start):
            beside = {name: times(client, path) for name, path in STOCK.items()}
    lines = [f"Measured on {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; one reader, loopback.", "",
             f"Start to first answer: {start:.2f} s (stock {stock_start:.2f} s). Home page with its style sheet and icon: {weight / 1000:.1f} KB sent.", "",
             "| address | cold, ms | median, ms | KB sent | stock median, ms | times as fast |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, (cold, median, sent) in found.items():
        other = beside.get(name)
        lines.append(f"| {name} | {cold:.1f} | {median:.1f} | {sent / 1000:.1f} | {f'{other[1]:.1f}' if other else ''} | {f'{other[1] / median:.1f}' if other else ''} |")
    args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    run(main)
