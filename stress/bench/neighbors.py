"""Measure how hostile readers slow an honest one, compared with stock Datasette."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx

from benefits.web import server
from stress.bench.bench import Bench
from stress.bench.processes import free_port, running
from stress.bench.questions import (
    HOSTILE,
    JSON,
    STOCK_HOSTILE,
    STOCK_JSON,
    stock_command,
)

# Twelve clients that ask without a pause until there is something on standard input.
ATTACK = """
import asyncio, json, sys
port, paths = int(sys.argv[1]), json.loads(sys.argv[2])
count, stop = 0, asyncio.Event()

async def client(path):
    global count
    request = f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode()
    while not stop.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        while await reader.read(65536):
            pass
        writer.close()
        count += 1

async def main():
    clients = [asyncio.create_task(client(paths[i % len(paths)])) for i in range(12)]
    print("begun", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    stop.set()
    await asyncio.gather(*clients)
    print(count)

asyncio.run(main())
"""


@dataclass
class Neighbors:
    """Milliseconds, and how many requests were made.

    `alone` and `crowded` are the 99th percentile of an honest client without and with twelve
    hostile ones, which made `requests`; `failed` of the honest requests failed. `median` and
    `slow` are the median and the 99th percentile of one hostile answer.
    """

    alone: float
    crowded: float
    requests: int
    failed: int
    median: float
    slow: float

    def __str__(self) -> str:
        p99 = f"{self.crowded:.1f} ms (alone {self.alone:.1f} ms), {self.failed} failed"
        return f"{p99}; {self.requests:,} hostile requests"


def measure_neighbors(bench: Bench) -> None:
    """Measure an honest client with hostile neighbors, of the site and of stock Datasette."""
    with server.running(bench.database, "--workers", "2") as (port, _):
        time.sleep(5)  # by then the second process answers, too
        ours = attack(port, JSON, HOSTILE, bench.seconds)
    port = free_port()
    with running(stock_command(bench.place, port), port):
        stock = attack(port, STOCK_JSON, STOCK_HOSTILE, bench.seconds)
    bench.report.add(
        "hostile",
        "honest client's p99 with 12 hostile ones",
        str(ours),
        f"stock {stock}",
        f"{stock.crowded / ours.crowded:.0f}x faster",
        "< 50 ms",
        ours.crowded < 50 and not ours.failed,
    )
    bench.report.add(
        "hostile",
        "one hostile answer, p50 and p99",
        f"{ours.median:.1f} and {ours.slow:.1f} ms",
        f"stock {stock.median:.1f} and {stock.slow:.1f} ms",
        f"{stock.slow / ours.slow:.0f}x faster",
        "< 10 ms",
        ours.slow < 10,
    )


def attack(port: int, paths: list[str], hostile: list[str], seconds: int) -> Neighbors:
    """Ask honest paths alone, hostile ones one by one, and both at the same time."""
    alone, _ = ask_honestly(port, paths, seconds)
    each = ask_one_by_one(port, hostile, seconds)
    # The hostile clients have their own process: threads of this one would slow the honest client.
    with subprocess.Popen(
        [sys.executable, "-c", ATTACK, str(port), json.dumps(hostile)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as attackers:
        attackers.stdout.readline()
        crowded, failed = ask_honestly(port, paths, seconds)
        count, _ = attackers.communicate("stop")
    return Neighbors(alone, crowded, int(count), failed, statistics.median(each), p99(each))


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


def ask_honestly(port: int, paths: list[str], seconds: int) -> tuple[float, int]:
    """Ask one path after the other; return the p99 in milliseconds and the number that failed."""
    milliseconds, failed, until = [], 0, time.perf_counter() + 2 * seconds
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for path in paths * 1_000:
            start = time.perf_counter()
            failed += client.get(path).status_code != 200
            milliseconds.append((time.perf_counter() - start) * 1000)
            if time.perf_counter() > until:
                break
    return p99(milliseconds), failed


def ask_one_by_one(port: int, paths: list[str], seconds: int) -> list[float]:
    """Ask hostile paths one at a time over a plain socket; return the milliseconds of each."""
    milliseconds, until = [], time.perf_counter() + 2 * seconds
    for path in paths * 200:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            while connection.recv(65_536):
                pass
        milliseconds.append((time.perf_counter() - start) * 1000)
        if time.perf_counter() > until:
            break
    return milliseconds
