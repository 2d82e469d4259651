"""Measure how soon a built site answers, and how much memory it needs."""

from __future__ import annotations

import statistics
import time

import httpx

from benefits.web import server
from stress.bench.bench import Bench
from stress.bench.load import send_load
from stress.bench.processes import free_port, resident, running, verb_command
from stress.bench.questions import (
    COVERAGE,
    JSON,
    PAGES,
    STOCK_JSON,
    STOCK_TABLE,
    stock_command,
)


def measure_start(bench: Bench) -> None:
    """Measure the first answer, and memory before and after many requests."""
    ours, stock = [], []
    for _ in range(5):
        port = free_port()
        command = verb_command("serve", "--port", port, "--database", bench.database)
        ours.append(first_answer(command, port, COVERAGE[0]))
        port = free_port()
        command = stock_command(bench.place, port)
        stock.append(first_answer(command, port, "/fixtures/some.json?state=CA"))
    seconds, other = statistics.median(ours), statistics.median(stock)
    bench.report.add(
        "start",
        "first answer of a built site",
        f"{seconds:.2f} s",
        f"stock Datasette {other:.2f} s",
        f"{seconds / other:.2f}x",
        "< 0.5 s",
        seconds < 0.5,
    )
    measure_memory(bench)


def first_answer(command: list, port: int, path: str) -> float:
    """Start a server and ask once; return the seconds until the answer."""
    start = time.perf_counter()
    with running(command, port):
        httpx.get(f"http://127.0.0.1:{port}{path}")
        return time.perf_counter() - start


def measure_memory(bench: Bench) -> None:
    """Measure the memory of one process before and after many requests."""
    with server.running(bench.database) as (port, process):
        paths = JSON + PAGES[:200]
        before, after, count = memory_of(port, process.pid, paths, bench.requests)
    port = free_port()
    with running(stock_command(bench.place, port), port) as process:
        paths, fewer = [*STOCK_JSON, STOCK_TABLE[0]], bench.requests // 20
        one, other, stock_count = memory_of(port, process.pid, paths, fewer)
    bench.report.add(
        "start",
        f"memory of a process, before and after {count:,} requests",
        f"{before:.0f} and {after:.0f} MB",
        f"stock Datasette {one:.0f} and {other:.0f} MB, {stock_count:,} requests",
        goal="< 150 MB, within 10%",
        met=after < 150 and after <= 1.1 * before,
    )


def memory_of(port: int, pid: int, paths: list[str], requests: int) -> tuple[float, float, int]:
    """Return megabytes before and after at least `requests` requests, and their number."""
    send_load(port, paths, 6)
    before, count = resident(pid), 0
    while count < requests:
        count += int(send_load(port, paths, 5).rate * 5)
    return before, resident(pid), count
