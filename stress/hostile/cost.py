"""Find the requests that cost most, and measure how they slow an honest reader."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from stress.hostile.case import Map, request
from stress.hostile.client import Answer, Connection
from stress.hostile.judge import faults_of

READERS = [
    "/benefits/coverage_on.json?as_of=2025-06-30&jurisdiction=IL&population=adult&_shape=array",
    "/jurisdictions/IL",
]
FLOOD = 12  # clients that ask for the worst at once
LONGEST = 3_000  # milliseconds of the worst request alone
SLOWEST_READER = 50  # milliseconds of an honest reader's p99 during the flood
COSTLY_AT_FIRST = [
    "/benefits/sharing_on",
    "/benefits/sharing_on.csv",
    "/benefits/citations.csv?_stream=on&_size=1&_sort=note",
]
FILTERS = "contains like notlike glob in notin endswith gt not".split()


def costly(r, site: Map) -> str:
    """Return an address that may cost much."""
    table = r.choice(list(site.tables))
    columns = site.tables[table]
    patterns = [
        "%".join("aeiou") * r.randint(1, 60),
        "%_" * r.randint(1, 200),
        "*a" * r.randint(1, 100),
        "a",
        ",".join("abcdefgh" * 50),
    ]
    query = []
    if r.random() < 0.3:  # seldom, since most filters find nothing and cost little
        for _ in range(r.randint(0, 10)):
            name = f"{r.choice(columns)}__{r.choice(FILTERS)}"
            query.append((name, r.choice(patterns)))
    if r.random() < 0.5:
        query += [("_facet", r.choice(columns)) for _ in range(r.randint(0, 5))]
    if r.random() < 0.6:
        query.append((r.choice(["_sort", "_sort_desc"]), r.choice(columns)))
    if r.random() < 0.2:
        query.append(("_search", r.choice(["a", "the of", "health OR a", "a* b*"])))
    form = r.choice([".json", ".csv", ""])
    if r.random() < 0.7:
        query.append(("_size", "max" if form else "1000"))
    if r.random() < 0.5:
        query.append(("_labels", "on"))
    if form == ".json":
        query.append(("_shape", r.choice(["array", "objects", "arrays"])))
    if form == ".csv":
        query.append(("_stream", "on"))
    if r.random() < 0.3:
        query.append(("_facet_size", "max"))
    if r.random() < 0.2:
        path, _ = r.choice([p for p in site.parameters if "{" not in p[0]])
        return path
    return f"/benefits/{table}{form}?{urlencode(query)}"


def timed(connection: Connection, target: str) -> tuple[float, Answer | None]:
    """Ask an address; return the milliseconds and the answer."""
    began = time.perf_counter()
    connection.send(request(target, b"Accept-Encoding: gzip"))
    answer = connection.answer()
    return (time.perf_counter() - began) * 1000, answer


def worst_of(
    port: int, site: Map, seed: int, count: int, usual: dict
) -> tuple[list[tuple[float, str]], list[str]]:
    """Return the milliseconds and addresses of a seeded search, slowest first, and its faults."""
    r, times, problems = random.Random(f"{seed} costly"), {}, []
    for target in [*COSTLY_AT_FIRST, *(costly(r, site) for _ in range(count))]:
        connection = Connection(port)
        milliseconds, answer = timed(connection, target)
        connection.close()
        faults = faults_of(answer, request(target), usual) if answer else ["no answer"]
        problems += [f"{fault}: {target}" for fault in faults]
        times[target] = milliseconds
    return sorted(((t, a) for a, t in times.items()), reverse=True), problems


def flood(port: int, targets: list[str], seconds: float) -> None:
    """Ask for the worst repeatedly, from many clients, each time with another address."""
    until = time.monotonic() + seconds

    def client(n: int) -> None:
        for i in itertools.count(n):
            if time.monotonic() > until:
                return
            target = targets[i % len(targets)]
            connection = Connection(port)
            mark = "&" if "?" in target else "?"
            timed(connection, f"{target}{mark}utm_term={i}")
            connection.close()

    with ThreadPoolExecutor(FLOOD) as pool:
        list(pool.map(client, range(FLOOD)))


def wait_during_flood(port: int, targets: list[str], seconds: float) -> dict[str, list[float]]:
    """Return the milliseconds that an honest reader waits for each address during a flood."""
    crowd = multiprocessing.get_context("spawn").Process(
        target=flood, args=(port, targets, seconds + 1)
    )
    crowd.start()
    time.sleep(1)
    times, until = {target: [] for target in READERS}, time.monotonic() + seconds
    connection = Connection(port)
    while time.monotonic() < until:
        for target in READERS:
            milliseconds, answer = timed(connection, target)
            if answer is None or answer.header("connection") == "close":
                connection = Connection(port)
            times[target].append(milliseconds)
            time.sleep(0.01)
    crowd.join()
    return times


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[int(len(values) * 0.99)]


def measure_worst(port: int, site: Map, seed: int, count: int, usual: dict) -> list[str]:
    """Print the worst requests and how they slow a reader; return what is wrong."""
    times, problems = worst_of(port, site, seed, count, usual)
    print(f"The slowest of {len(times):,} costly requests, ms:")
    for slowest, target in times[:20]:
        print(f"  {slowest:6.0f}  {target[:150]}")
    problems += [f"{t:.0f} ms: {target}" for t, target in times if t > LONGEST]
    worst = [target for _, target in times[:20]]
    for target, waits in wait_during_flood(port, worst, 10).items():
        figures = f"{statistics.median(waits):.1f} ms (median), {p99(waits):.1f} ms (p99)"
        print(f"With {FLOOD} clients of these, {target} took {figures}, of {len(waits):,}.")
        if p99(waits) > SLOWEST_READER:
            problems.append(f"an honest reader waits {p99(waits):.0f} ms (p99) for {target}")
    return problems
