"""Verb: how fast all this is, beside other tools on the same machine in the same run; writes docs/performance.md and docs/performance.svg.

    python scripts/bench.py [--out docs] [--only WORD ...] [--times 1 10 100] [--seconds 4]

Parts: validate, build, export, answers, http, hostile, start, release. Only loopback is asked, each load is bounded in time, and the peers get the
same data. A goal that is not met is shown as not met. Needs wrk and nginx (Debian packages); a quarter of an hour on two idle cores, and with
`--times 1 10 100 1000` an hour and 24 GB of memory.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import contextlib
import cProfile
import csv
import io
import json
import math
import os
import platform
import pstats
import re
import resource
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

import export
import faults
import serve
from package import ROOT, Package, built, load, run, settle, sqlite_uri

BIN = Path(sys.executable).parent
ENV = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as an installed program runs, with compiled bytecode
CLIENTS = 8

# What readers ask, on many days so that nothing is asked twice in a row.
DAYS = [f"{year}-{month:02}-{day:02}" for year in (2024, 2025, 2026) for month in range(1, 12) for day in (3, 11, 19, 27)]
PLACES = ("CA", "IL", "TX", "MN", "NY", "DC", "WI", "FL")
PAGES = [f"/on/{d}{p}" for d in DAYS for p in ("/", "/coverage", "/cases/california-v-hhs", *(f"/jurisdictions/{j}" for j in PLACES))]
ONE = [f"/benefits/coverage_on.json?as_of={d}&jurisdiction={j}&_shape=array" for d in DAYS for j in PLACES]
JSON = ONE + [f"/benefits/sharing_on.json?as_of={d}&jurisdiction={j}&data_element=address&_shape=array" for d in DAYS for j in PLACES]
JSON += [f"/benefits/roles_on.json?as_of={d}&court_case=california-v-hhs&_shape=array" for d in DAYS]

# Each answer as a reader asks it, and as a whole.
ASKED = {
    "coverage_on": ({"as_of": "2025-06-30", "jurisdiction": "IL"}, {"as_of": "2025-06-30"}),
    "roles_on": ({"as_of": "2025-09-15", "court_case": "cedc-v-bessent"}, {"as_of": "2025-09-15"}),
    "sharing_on": ({"as_of": "2026-01-06", "jurisdiction": "CA"}, {"as_of": "2026-01-06"}),
    "eligibility": ({"as_of": "2025-06-30", "jurisdiction": "IL", "age": "50"}, {"as_of": "2025-06-30"}),
    "timeline": ({"jurisdiction": "CA"}, {}),
    "evidence_for": ({"table": "coverage", "record": "il-hbia-adult-42-54-2022"}, {}),
    "history_of": ({"table": "coverage", "record": "il-hbia-adult-42-54-2022"}, {}),
    "survey_agreement": ({"survey": "kff_2024_03"}, {}),
    "gaps": ({"as_of": "2025-06-30"}, {}),
    "search": ({"q": "illinois"}, {}),
}


@dataclass
class Line:
    """One line of the table: a figure, the peer's, what the goal is, and whether it is met (None where there is none)."""

    part: str
    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


LINES: list[Line] = []
CURVES: dict[str, list[tuple[int, float]]] = {}  # seconds by rows
MEMORY: dict[str, list[tuple[int, float]]] = {}  # megabytes by rows


def tell(*args, **kwargs) -> None:
    LINES.append(Line(*args, **kwargs))
    line = LINES[-1]
    print(f"{line.part:9} {line.what}: {line.ours}" + (f"; peer {line.peer}" if line.peer else "") + (f"; {line.ratio}" if line.ratio else "") + (f" (goal {line.goal}: {'met' if line.met else 'not met'})" if line.goal else ""), flush=True)


# A child begins as a copy of its parent, whose memory is counted as the child's. So a small process starts the command and tells of it.
STARTER = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, flush=True)
sys.stderr.buffer.write(done.stderr)
sys.exit(done.returncode)
"""


def process(command: list) -> tuple[float, float]:
    """Seconds of a command from its start to its end, and megabytes at most of the largest of its processes. Raises RuntimeError if it fails."""
    done = subprocess.run([sys.executable, "-S", "-c", STARTER, *map(str, command)], capture_output=True, text=True, env=ENV)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))[:200]} failed: {done.stderr[-300:]}")
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def least(command: list, times: int = 3) -> tuple[float, float]:
    return min(process(command) for _ in range(times))


def growth(points: list[tuple[int, float]]) -> float:
    """The exponent k of y = c * rows^k, over the last two sizes: 1 is linear. Sorting alone has 1.1 between a hundred thousand rows and a million."""
    (a, s), (b, t) = points[-2:]
    return math.log(t / s) / math.log(b / a)


def note(name: str, rows: int, seconds: float, megabytes: float | None = None) -> None:
    CURVES.setdefault(name, []).append((rows, seconds))
    if megabytes is not None:
        MEMORY.setdefault(name, []).append((rows, megabytes))


def tell_growth(part: str, name: str, peer: str, what: str = "growth") -> None:
    """How a verb grows in time and memory, beside its peer; silent where only one size was measured."""
    if len(CURVES[name]) > 1:
        memory = f" in time, rows^{growth(MEMORY[name]):.2f} in memory" if name in MEMORY else ""
        k = growth(CURVES[name])
        tell(part, what, f"rows^{k:.2f}{memory}", f"{peer} rows^{growth(CURVES[peer]):.2f}" if peer in CURVES else "", goal="linear", met=k < 1.1)


# ---- validate and build ---------------------------------------------------------------------------------------------


def validate_part(roots: dict[int, Path], rows: dict[int, int]) -> None:
    for n, root in roots.items():
        ours, memory = least([sys.executable, ROOT / "scripts" / "validate.py", "--root", root], 3 if n < 100 else 1)
        theirs, other = least([BIN / "frictionless", "validate", root / "datapackage.json"], 3 if n < 100 else 1)
        note("validate", rows[n], ours, memory)
        note("frictionless validate", rows[n], theirs, other)
        tell("validate", f"{rows[n]:,} rows", f"{ours:.2f} s, {memory:.0f} MB", f"frictionless {theirs:.2f} s, {other:.0f} MB", f"{ours / theirs:.2f}x", "<= 1.3x", ours / theirs <= 1.3)
        if n == 1:
            tell("validate", "cold, our data", f"{ours:.2f} s", goal="< 1 s", met=ours < 1)
    tell_growth("validate", "validate", "frictionless validate")


def schema_of(database: Path, tables: list[str]) -> tuple[list[str], list[str]]:
    """The SQL that makes the tables of the package, and that of their indexes and full-text tables, as our build has them."""
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    db.close()
    make = [sql for kind, name, _, sql in found if kind == "table" and name in tables]
    after = [sql for kind, _, table, sql in found if kind == "index" and table in tables]
    for kind, name, _, sql in found:
        if kind == "table" and name.endswith("_fts") and name.removesuffix("_fts") in tables:
            after += [sql, f"INSERT INTO [{name}]([{name}]) VALUES ('rebuild')"]
    return make, after


def bare(package: Package, database: Path, target: Path) -> float:
    """Seconds of csv and executemany, with the same tables, keys, indexes and full text and the same pragmas, a check of the foreign keys, and all of it on the disk at the end."""
    make, after = schema_of(database, list(package.tables))
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    db = sqlite3.connect(target, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "cache_size = -65536"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN")
    for sql in make:
        db.execute(sql)
    for name, table in package.tables.items():
        with open(package.root / table.path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            next(reader)
            db.executemany(f"INSERT INTO [{name}] VALUES ({', '.join('?' * len(table.columns))})", ([c or None for c in row] for row in reader))
    for sql in after:
        db.execute(sql)
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_key_check").fetchall()
    db.close()
    settle(target)
    return time.perf_counter() - start


def database_of(root: Path) -> Path:
    """The database of a package, which is validated and built if no part before has done it."""
    if not (root / "build" / "benefits.db").exists():
        build_verb(root)
    return root / "build" / "benefits.db"


def build_verb(root: Path) -> tuple[float, float]:
    """Seconds and megabytes of the verb, on a package that is validated first if no part before has done it."""
    if not (root / "build" / "validated.json").exists():
        process([sys.executable, ROOT / "scripts" / "validate.py", "--root", root])
    return process([sys.executable, ROOT / "scripts" / "build.py", "--root", root])


def build_part(roots: dict[int, Path], rows: dict[int, int], place: Path) -> None:
    import build

    for n, root in roots.items():
        times = 3 if n < 100 else 1
        _, memory = build_verb(root)

        def ours() -> float:
            start = time.perf_counter()
            package = load(root, only=())
            build.build(package, build.validated(package), place / "ours.db")
            return time.perf_counter() - start

        package = load(root, only=())
        theirs = min(bare(package, database_of(root), place / "bare.db") for _ in range(times))
        del package
        taken = min(ours() for _ in range(times))
        note("build", rows[n], taken, memory)
        note("csv and executemany", rows[n], theirs)
        tell("build", f"{rows[n]:,} rows, in process", f"{taken:.2f} s, the verb {memory:.0f} MB", f"csv and executemany {theirs:.2f} s", f"{taken / theirs:.2f}x", "<= 1.5x", taken / theirs <= 1.5)
        for made in ("ours.db", "bare.db"):
            (place / made).unlink()
    tell_growth("build", "build", "csv and executemany")
    size = 10 if 10 in roots else max(roots)
    root, package = roots[size], load(roots[size], only=())
    with cProfile.Profile() as profile:
        build.build(package, build.validated(package), place / "ours.db")
    tell("build", f"{rows[size]:,} rows, where the time goes (cProfile)", spent(profile))
    ours, _ = least([sys.executable, ROOT / "scripts" / "build.py", "--root", root])
    for name, peer in (("sqlite-utils insert --csv", with_sqlite_utils), ("csvs-to-sqlite", with_csvs_to_sqlite), ("frictionless publish", with_frictionless), ("DuckDB", with_duckdb)):
        try:
            theirs = peer(package, place)
        except Exception as e:  # a peer that fails on this data is told, not hidden
            tell("build", f"{rows[size]:,} rows, the whole verb", f"{ours:.2f} s", f"{name} failed: {type(e).__name__} {' '.join(str(e).split())[:60]}")
            continue
        goal = {"goal": ">= 5x faster", "met": theirs >= 5 * ours} if name in ("sqlite-utils insert --csv", "frictionless publish") else {}
        tell("build", f"{rows[size]:,} rows, the whole verb", f"{ours:.2f} s", f"{name} {theirs:.2f} s", f"{theirs / ours:.1f}x faster", **goal)


def spent(profile: cProfile.Profile) -> str:
    """The parts of the build by their share of its time."""
    found = {name: taken[3] for (file, _, name), taken in pstats.Stats(profile).stats.items() if file.endswith(("build.py", "package.py")) or "executescript" in name}
    parts = {"tables, keys and indexes": "make_table", "SQL of sql/ and full text": "<method 'executescript' of 'sqlite3.Connection' objects>", "citations of records and earlier states, as the process beside gives them": "make_derived",
             "waiting for that process": "result", "onto the disk": "settle", "the description": "describe"}
    return ", ".join(f"{what} {100 * found.get(name, 0) / found['build']:.0f}%" for what, name in parts.items())


def with_csvs_to_sqlite(package: Package, place: Path) -> float:
    """Untyped, without keys and full text."""
    (place / "csvs.db").unlink(missing_ok=True)
    return process([BIN / "csvs-to-sqlite", *(package.root / t.path for t in package.tables.values()), place / "csvs.db"])[0]


def with_sqlite_utils(package: Package, place: Path) -> float:
    """Untyped, with primary keys."""
    target = place / "sqlite-utils.db"
    target.unlink(missing_ok=True)
    return sum(process([BIN / "sqlite-utils", "insert", target, n, package.root / t.path, "--csv", *(x for k in t.primary_key for x in ("--pk", k))])[0] for n, t in package.tables.items())


PUBLISH = """
import json, sys
from frictionless import Package
descriptor, root, target = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
for resource in descriptor["resources"]:
    for field in resource["schema"]["fields"]:
        field["constraints"] = {k: v for k, v in field.get("constraints", {}).items() if k == "required"}
Package.from_descriptor(descriptor, basepath=root).publish("sqlite:///" + target)
"""


def with_frictionless(package: Package, place: Path) -> float:
    """With types and keys; without bounds and patterns, on which its SQL breaks."""
    (place / "published.db").unlink(missing_ok=True)
    return process([sys.executable, "-c", PUBLISH, package.root / "datapackage.json", package.root, place / "published.db"])[0]


def with_duckdb(package: Package, place: Path) -> float:
    import duckdb

    (place / "duck.db").unlink(missing_ok=True)
    start = time.perf_counter()
    db = duckdb.connect(str(place / "duck.db"))
    for name, table in package.tables.items():
        types = {f["name"]: {"integer": "BIGINT", "date": "DATE"}.get(f["type"], "VARCHAR") for f in table.fields}
        db.execute(f"CREATE TABLE \"{name}\" AS FROM read_csv('{package.root / table.path}', header = true, columns = {types!r}, nullstr = '', delim = ',', quote = '\"', escape = '\"')")
    db.close()
    return time.perf_counter() - start


# ---- export ---------------------------------------------------------------------------------------------------------


def export_part(roots: dict[int, Path], rows: dict[int, int], place: Path) -> None:
    for n, root in roots.items():
        database, out = database_of(root), place / "exported"

        def ours(*only: str) -> tuple[float, float]:
            shutil.rmtree(out, ignore_errors=True)
            return process([sys.executable, ROOT / "scripts" / "export.py", "--database", database, "--out", out, *(["--only", *only] if only else [])])

        with_duckdb(load(root, only=()), place)
        for only, name, peer, held in ((("csv",), "csv and sqlite3", PLAIN_EXPORT, database), (("csv", "json", "parquet"), "DuckDB", DUCKDB_EXPORT, place / "duck.db")):
            taken, memory = ours(*only)
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            theirs, other = process([sys.executable, "-c", peer, held, out])
            what = f"export as {', '.join(only)}"
            note(what, rows[n], taken, memory)
            note(f"{name}, {what}", rows[n], theirs, other)
            tell("export", f"{rows[n]:,} rows, as {', '.join(only)}", f"{taken:.2f} s, {memory:.0f} MB", f"{name} {theirs:.2f} s, {other:.0f} MB", f"{taken / theirs:.1f}x")
        if n <= 10:  # of a workbook all is in memory, and a sheet ends at a million rows
            taken, memory = ours()
            note("export in all formats", rows[n], taken, memory)
            tell("export", f"{rows[n]:,} rows, in all formats", f"{taken:.2f} s, {memory:.0f} MB")
    for what, peer in (("export as csv", "csv and sqlite3"), ("export as csv, json, parquet", "DuckDB"), ("export in all formats", "")):
        tell_growth("export", what, f"{peer}, {what}", what + ", growth")


PLAIN_EXPORT = """
import csv, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for (name,) in db.execute('SELECT "table" FROM dataset_tables').fetchall():
    found = db.execute(f'SELECT * FROM "{name}" ORDER BY 1')
    with open(f"{sys.argv[2]}/{name}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\\n")
        out.writerow([c[0] for c in found.description])
        out.writerows(found)
"""

DUCKDB_EXPORT = """
import duckdb, sys
db = duckdb.connect(sys.argv[1], read_only=True)
for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall():
    for form, how in (("csv", "HEADER"), ("json", "FORMAT json, ARRAY true"), ("parquet", "FORMAT parquet, COMPRESSION zstd")):
        db.execute(f"COPY (FROM \\"{name}\\" ORDER BY 1) TO '{sys.argv[2]}/{name}.{form}' ({how})")
"""


# ---- answers --------------------------------------------------------------------------------------------------------


def p50(ask, times: int) -> float:
    """Milliseconds, the median."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def answers_part(roots: dict[int, Path], rows: dict[int, int], place: Path) -> None:
    queries = {name: (ROOT / "sql" / "queries" / f"{name}.sql").read_text(encoding="utf-8") for name in ASKED}
    parameters = {name: re.findall(r"(?<![:\w]):(\w+)", re.sub(r"--.*", "", sql)) for name, sql in queries.items()}
    for n, root in roots.items():
        database = database_of(root)
        duck = in_duckdb(database, place)
        db = sqlite3.connect(sqlite_uri(database, "immutable=1"), uri=True)
        for name, (part, whole) in ASKED.items():
            def ask(given):
                return db.execute(queries[name], dict.fromkeys(parameters[name], "") | given).fetchall()

            limit = 5 if n == 1 else 50
            one, found = p50(lambda: ask(part), 50 if n == 1 else 9), len(ask(part))
            note(f"answer {name}", rows[n], one / 1000)
            peer, ratio = "", ""
            if name != "search":
                theirs = p50(lambda: duck(name, **part), 5)
                note(f"{name} in DuckDB", rows[n], theirs / 1000)
                peer, ratio = f"DuckDB over Parquet {theirs:.1f} ms", f"{theirs / one:.1f}x faster"
            goal = {"goal": f"< {limit} ms", "met": one < limit} if n in (1, 100) else {}
            tell("answers", f"{name}, {rows[n]:,} rows in all, {found:,} found", f"{one:.2f} ms", peer, ratio, **goal)
            if n == 1:
                all_of = p50(lambda: ask(whole), 9)
                tell("answers", f"{name} asked for all, {len(ask(whole)):,} found", f"{all_of:.2f} ms")
        db.close()
    for name in ASKED:
        tell_growth("answers", f"answer {name}", f"{name} in DuckDB", f"{name}, growth")


def in_duckdb(database: Path, place: Path):
    """`ask` of the recipe in docs/analysis.md, over the Parquet files of the database."""
    folder = place / "reader"
    shutil.rmtree(folder, ignore_errors=True)
    export.export(database, folder / "dist" / "VERSION", ["parquet"])
    [recipe] = re.findall(r"## DuckDB\n.*?```python\n(.*?)```", (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8"), re.S)
    names: dict = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        exec(recipe.replace('Path("dist/VERSION")', f"Path({str(folder / 'dist' / 'VERSION')!r})"), names)
    return names["ask"]


# ---- over HTTP ------------------------------------------------------------------------------------------------------

LUA = """
local paths = {%s}
local n = %d
request = function() n = n %% #paths + 1 return wrk.format("GET", paths[n]) end
"""


def load_of(port: int, paths: list[str], seconds: int, clients: int = CLIENTS, gzip: bool = False) -> tuple[float, float, float, int]:
    """Requests a second, p50 and p99 in milliseconds, and how many failed, of a closed loop of `clients` that go through `paths`."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % (", ".join(json.dumps(p) for p in paths), 0))
        script.flush()
        command = [needed("wrk"), "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", script.name, *(["-H", "Accept-Encoding: gzip"] if gzip else []), f"http://127.0.0.1:{port}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    at = {share: float(value) * unit[u] for share, value, u in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", said, re.M)}
    bad = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said) + re.findall(r"(?:connect|read|write|timeout) (\d+)", said)))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), at["50"], at["99"], bad


def needed(tool: str) -> str:
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin")
    if not found:
        raise SystemExit(f"error: {tool} is not installed. On Debian and Ubuntu: apt-get install wrk nginx-light")
    return found


@contextlib.contextmanager
def running(command: list, port: int):
    """A peer in a process of its own, once it answers."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)
    try:
        for _ in range(2_000):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if process.poll() is not None:
                raise SystemExit("error: it ended before it answered: " + " ".join(map(str, command)))
            time.sleep(0.01)
        yield process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fixtures(place: Path) -> tuple[Path, Path]:
    """A database as Datasette's own fixtures are, 10,000 rows of one table, and a canned query of 60 rows of it."""
    database, metadata = place / "fixtures.db", place / "fixtures.json"
    if not database.exists():
        db = sqlite3.connect(database)
        db.execute("CREATE TABLE facetable (pk INTEGER PRIMARY KEY, created TEXT, planet_int INTEGER, on_earth INTEGER, state TEXT, city TEXT, neighborhood TEXT, tags TEXT, n REAL)")
        made = ((i, f"2019-01-{i % 28 + 1:02} 08:00:00", i % 3, i % 2, PLACES[i % 8], f"city {i % 40}", f"neighborhood {i}", '["tag1", "tag2"]', i / 7) for i in range(10_000))
        db.executemany("INSERT INTO facetable VALUES (?,?,?,?,?,?,?,?,?)", made)
        db.commit()
        db.close()
        metadata.write_text(json.dumps({"databases": {"fixtures": {"queries": {"some": {"sql": "select pk, state, city, neighborhood from facetable where state = :state order by pk limit 60"}}}}}))
    return database, metadata


HELLO = """
import uvicorn
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})
uvicorn.run(app, port=%d, access_log=False, log_level="error", loop="uvloop", http="httptools", lifespan="off")
"""


def rate(found: tuple) -> str:
    return f"{found[0]:,.0f}/s, p50 {found[1]:.1f} ms, p99 {found[2]:.1f} ms, {found[3]} failed"


def http_part(database: Path, place: Path, seconds: int) -> None:
    stock_db, stock_metadata = fixtures(place)
    port = free_port()
    with running([BIN / "datasette", "-i", stock_db, "-m", stock_metadata, "-p", port], port):
        canned = load_of(port, STOCK_JSON, seconds)
        table = load_of(port, [f"/fixtures/facetable?state={p}" for p in PLACES], seconds)
    port = free_port()
    with running([sys.executable, "-c", HELLO % port], port):
        tell("http", "floor: one process of uvicorn that says hello", rate(load_of(port, ["/"], seconds)))
    for workers in (1, 2):
        with serve.running(database, "--workers", str(workers)) as (port, _):
            time.sleep(5 if workers > 1 else 0.2)  # the second worker starts after the first answers, and slowly where its files were not read lately
            load_of(port, PAGES[:50], 1)
            name = f"{workers} process{'es' if workers > 1 else ''}"
            found = load_of(port, JSON, seconds)
            goal = {"goal": ">= 4x, p99 < 15 ms", "met": found[0] >= 4 * canned[0] and found[2] < 15} if workers > 1 else {}
            tell("http", f"answers as JSON, {CLIENTS} clients, {name}", rate(found), f"stock canned query {rate(canned)}", f"{found[0] / canned[0]:.1f}x", **goal)
            found = load_of(port, PAGES, seconds)
            goal = {"goal": ">= 5x", "met": found[0] >= 5 * table[0]} if workers > 1 else {}
            tell("http", f"task pages, uncached, {CLIENTS} clients, {name}", rate(found), f"stock table HTML {rate(table)}", f"{found[0] / table[0]:.1f}x", **goal)
    nginx_part(database, place, seconds)


@contextlib.contextmanager
def nginx(folder: Path, form: str, release: str, listen: str = ""):
    """nginx with one form of deploy/, or with the whole configuration `listen`; yields its port."""
    port, conf, prefix = free_port(), folder / "etc", folder / "run"
    (conf / "releases").mkdir(parents=True)
    prefix.mkdir()
    for file in (ROOT / "deploy").glob("*.conf"):
        shutil.copy(file, conf)
    (conf / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n")
    (conf / "current.conf").write_text(release)
    if form == "plain":
        (conf / "plain.conf").write_text(listen % port)
    user = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    with running([needed("nginx"), "-e", "stderr", "-p", prefix, "-c", conf / f"{form}.conf", "-g", user], port):
        yield port


PLAIN = """pid nginx.pid; worker_processes 2; events {} http { access_log off; sendfile on; keepalive_requests 100000; default_type text/html;
client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; server { listen 127.0.0.1:%%d; root %s; } }"""


def nginx_part(database: Path, place: Path, seconds: int) -> None:
    import site_export

    page, answer = "/on/2025-07-01/coverage", ONE[100]
    site = place / "site"
    site_export.export(database, site, ROOT, days=["2025-07-01"])
    with serve.running(database) as (one, _), serve.running(database) as (two, _):
        sent = {path: httpx.get(f"http://127.0.0.1:{one}{path}", headers={"accept-encoding": "identity"}).content for path in (page, answer)}
        files = place / "plain"
        files.mkdir()
        for name, body in zip(("page", "answer"), sent.values()):
            (files / name).write_bytes(body)
        release = (ROOT / "deploy" / "release-replicas.conf").read_text().replace("127.0.0.1:8101", f"127.0.0.1:{one}").replace("127.0.0.1:8102", f"127.0.0.1:{two}")
        copied = (ROOT / "deploy" / "release-static.conf").read_text().replace("/srv/benefits/dist/1.0.0/site", str(site))
        with nginx(place / "n1", "plain", "", PLAIN % files) as plain, nginx(place / "n2", "replicas", release) as cached, nginx(place / "n3", "static", copied) as static:
            rounds = {"page": [], "answer": [], "static": []}
            for _ in range(3):  # in turn, so that all meet the same machine
                base = {name: load_of(plain, [f"/{name}"], seconds)[0] for name in ("page", "answer")}
                rounds["page"].append(load_of(cached, [page], seconds) + (base["page"],))
                rounds["answer"].append(load_of(cached, [answer], seconds) + (base["answer"],))
                rounds["static"].append(load_of(static, [page], seconds) + (base["page"],))
    for name, what in (("page", "a page from the cache of deploy/"), ("answer", "an answer as JSON from the cache of deploy/"), ("static", "a page of the static copy by deploy/")):
        *found, base = sorted(rounds[name], key=lambda r: r[0] / r[-1])[1]  # the median round
        tell("http", what, rate(tuple(found)), f"nginx, a plain file of that size {base:,.0f}/s", f"{100 * found[0] / base:.0f}%", ">= 90%", found[0] >= 0.9 * base)


# ---- hostile neighbours, start, memory ------------------------------------------------------------------------------

MANY = "&".join(f"program=x{i}" for i in range(3_000))
STOCK_JSON = [f"/fixtures/some.json?state={p}&_shape=array" for p in PLACES]
STOCK_HOSTILE = [f"/fixtures/facetable?{MANY.replace('program', 'city')}", "/fixtures/facetable?" + "&".join(["_facet=neighborhood"] * 200), "/fixtures/facetable?pk__gt=junk", "/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 900, "/fixtures/nowhere.json?x=" + "b" * 1_900]
HOSTILE = [f"/benefits/coverage?{MANY}", "/benefits/citations?" + "&".join(["_facet=source"] * 200), "/benefits/coverage_on?as_of=junk", "/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 900, "/benefits/nowhere.json?x=" + "b" * 1_900]


# Twelve clients that ask without a pause until they are told to stop.
ATTACK = """
import asyncio, json, sys
port, paths = int(sys.argv[1]), json.loads(sys.argv[2])
count, told = 0, asyncio.Event()

async def client(path):
    global count
    while not told.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
        while await reader.read(65536):
            pass
        writer.close()
        count += 1

async def main():
    clients = [asyncio.create_task(client(paths[i % len(paths)])) for i in range(12)]
    print("begun", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    told.set()
    await asyncio.gather(*clients)
    print(count)

asyncio.run(main())
"""


@dataclass
class Beside:
    """Milliseconds of an honest client's 99th percentile alone and beside twelve hostile ones, how many requests these made meanwhile, how many
    of the honest ones failed, and what one hostile answer takes, the median and the 99th percentile."""

    alone: float
    beside: float
    requests: int
    failed: int
    median: float
    slow: float


def beside_hostile(port: int, paths: list[str], attack: list[str], seconds: int) -> Beside:
    def honest() -> tuple[float, int]:
        taken, failed, until = [], 0, time.perf_counter() + 2 * seconds
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for path in paths * 1_000:
                start = time.perf_counter()
                failed += client.get(path).status_code != 200
                taken.append((time.perf_counter() - start) * 1000)
                if time.perf_counter() > until:
                    break
        return statistics.quantiles(taken, n=100)[98], failed

    alone, _ = honest()
    each, until = [], time.perf_counter() + 2 * seconds
    for path in attack * 200:  # one at a time, by a plain socket: what an answer costs the site
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            while connection.recv(65_536):
                pass
        each.append((time.perf_counter() - start) * 1000)
        if time.perf_counter() > until:
            break
    # In a process of their own: twelve threads beside the honest client would make each other wait, not the site.
    with subprocess.Popen([sys.executable, "-c", ATTACK, str(port), json.dumps(attack)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as attackers:
        attackers.stdout.readline()
        beside, failed = honest()
        count, _ = attackers.communicate("stop")
    return Beside(alone, beside, int(count), failed, statistics.median(each), statistics.quantiles(each, n=100)[98])


def hostile_part(database: Path, place: Path, seconds: int) -> None:
    stock_db, stock_metadata = fixtures(place)
    with serve.running(database, "--workers", "2") as (port, _):
        time.sleep(5)
        ours = beside_hostile(port, JSON, HOSTILE, seconds)
    port = free_port()
    with running([BIN / "datasette", "-i", stock_db, "-m", stock_metadata, "-p", port], port):
        stock = beside_hostile(port, STOCK_JSON, STOCK_HOSTILE, seconds)
    said = lambda x: f"{x.beside:.1f} ms (alone {x.alone:.1f} ms), {x.failed} failed; {x.requests:,} hostile requests"  # noqa: E731
    tell("hostile", "honest client's p99 beside 12 hostile ones", said(ours), f"stock {said(stock)}", f"{stock.beside / ours.beside:.0f}x faster", "< 50 ms", ours.beside < 50 and not ours.failed)
    tell("hostile", "one hostile answer, p50 and p99", f"{ours.median:.1f} and {ours.slow:.1f} ms", f"stock {stock.median:.1f} and {stock.slow:.1f} ms", f"{stock.slow / ours.slow:.0f}x faster", "< 10 ms", ours.slow < 10)


def resident(pid: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def first_answer(command: list, port: int, path: str) -> float:
    start = time.perf_counter()
    with running(command, port):
        httpx.get(f"http://127.0.0.1:{port}{path}")
        return time.perf_counter() - start


def start_part(database: Path, place: Path, requests: int) -> None:
    stock_db, stock_metadata = fixtures(place)
    ours, stock = [], []
    for _ in range(5):
        port = free_port()
        ours.append(first_answer([sys.executable, ROOT / "scripts" / "serve.py", "--port", port, "--database", database], port, ONE[0]))
        port = free_port()
        stock.append(first_answer([BIN / "datasette", "-i", stock_db, "-m", stock_metadata, "-p", port], port, "/fixtures/some.json?state=CA"))
    taken, other = statistics.median(ours), statistics.median(stock)
    tell("start", "first answer of a built site", f"{taken:.2f} s", f"stock Datasette {other:.2f} s", f"{taken / other:.2f}x", "< 0.5 s", taken < 0.5)

    def memory(port: int, pid: int, paths: list[str], requests: int) -> tuple[float, float, int]:
        load_of(port, paths, 6)
        before, asked = resident(pid), 0
        while asked < requests:
            asked += int(load_of(port, paths, 5)[0] * 5)
        return before, resident(pid), asked

    with serve.running(database) as (port, process):
        before, after, asked = memory(port, process.pid, JSON + PAGES[:200], requests)
    port = free_port()
    with running([BIN / "datasette", "-i", stock_db, "-m", stock_metadata, "-p", port], port) as process:
        one, other, fewer = memory(port, process.pid, [*STOCK_JSON, "/fixtures/facetable?state=CA"], requests // 20)
    tell("start", f"memory of a process, before and after {asked:,} requests", f"{before:.0f} and {after:.0f} MB", f"stock Datasette {one:.0f} and {other:.0f} MB, {fewer:,} requests", goal="< 150 MB, within 10%", met=after < 150 and after <= 1.1 * before)


def release_part(database: Path, place: Path) -> None:
    import duckdb
    import pandas
    import polars

    clone = faults.clone_of(place / "clone")
    taken, memory = process([sys.executable, ROOT / "scripts" / "release.py", "--root", clone, "make"])
    [folder] = (clone / "dist").iterdir()
    tell("release", f"all formats, the site and the catalogs, read back: {sum(p.is_file() for p in folder.rglob('*')):,} files", f"{taken:.1f} s, {memory:.0f} MB", goal="< 60 s", met=taken < 60)
    for name, read in (("pandas", pandas.read_parquet), ("polars", polars.read_parquet), ("DuckDB", lambda f: duckdb.sql(f"SELECT * FROM '{f}'").fetchall())):
        start = time.perf_counter()
        for file in (folder / "parquet").glob("*.parquet"):
            read(file)
        taken = time.perf_counter() - start
        tell("release", f"{name} opens every table", f"{taken:.2f} s", goal="< 1 s", met=taken < 1)


# ---- what is written ------------------------------------------------------------------------------------------------


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def document() -> str:
    judged = [line for line in LINES if line.met is not None]
    text = ["# Performance", "", "Written by `make bench`; not by hand. All figures are of one run on one machine, beside other tools on the same data:", "", machine() + ".", "",
            f"{sum(line.met for line in judged)} of {len(judged)} goals are met in this run. Ratios travel from machine to machine, absolute figures do not.", ""
            "Stock Datasette runs one process, as it does by itself, over a table of 10,000 rows with the columns of its own fixtures, which are not in its package.", ""]
    for part in dict.fromkeys(line.part for line in LINES):
        text += [f"## {part.capitalize()}", "", "| what | ours | beside | ratio | goal | |", "| --- | --- | --- | --- | --- | --- |"]
        text += [f"| {x.what} | {x.ours} | {x.peer} | {x.ratio} | {x.goal} | {'' if x.met is None else 'met' if x.met else '**not met**'} |" for x in LINES if x.part == part]
        text += [""]
    if CURVES:
        text += ["## Growth", "", "Seconds by rows, both logarithmic: a straight line at 45 degrees is linear. The larger packages are made by `scripts/grow.py`.", "", "![Seconds by rows for each verb, its peer and each answer](performance.svg)", ""]
    return "\n".join(text)


def plot() -> str:
    """The curves as SVG: seconds by rows, both logarithmic."""
    curves = {name: points for name, points in CURVES.items() if len(points) > 1 and "DuckDB" not in name}
    xs, ys = [x for p in curves.values() for x, _ in p], [y for p in curves.values() for _, y in p]
    x0, x1, y0, y1 = math.log10(min(xs)), math.log10(max(xs)), math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def at(x, y):
        return 70 + 480 * (math.log10(x) - x0) / (x1 - x0), 20 + 380 * (y1 - math.log10(y)) / (y1 - y0)

    drawn = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 450" font-family="sans-serif" font-size="12" fill="#333">', "<title>Seconds by rows</title>", '<rect width="800" height="450" fill="#fff"/>']
    for power in range(y0, y1 + 1):
        _, y = at(min(xs), 10**power)
        drawn.append(f'<path d="M70 {y:.1f}H550" stroke="#ddd"/><text x="62" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>')
    for x in sorted(set(xs)):
        drawn.append(f'<text x="{at(x, 1)[0]:.1f}" y="420" text-anchor="middle">{x:,}</text>')
    drawn.append('<text x="310" y="440" text-anchor="middle">rows</text>')
    for i, (name, points) in enumerate(sorted(curves.items(), key=lambda c: -c[1][-1][1])):
        peer = name.startswith(("frictionless", "csv and"))
        colour = "#777" if peer else f"hsl({i * 47 % 360} 60% 38%)"
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*p) for p in points))
        label = 30 + i * min(24, 400 / len(curves))
        x, y = at(*points[-1])
        dashes = ' stroke-dasharray="5 4"' if peer else ""
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        drawn.append(f'<path d="M{x:.1f} {y:.1f}L600 {label:.1f}" stroke="{colour}" stroke-width=".5" opacity=".6"/><text x="605" y="{label + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*drawn, "</svg>"]) + "\n"


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--only", nargs="*", default=[], help="parts to measure; nothing is written then")
    parser.add_argument("--times", type=int, nargs="*", default=[1, 10, 100], help="sizes of the package, in times our data (default 1 10 100)")
    parser.add_argument("--seconds", type=int, default=4, help="length of each load (default 4)")
    parser.add_argument("--requests", type=int, default=100_000, help="requests over which memory has to stay flat (default 100,000)")
    args = parser.parse_args(argv)
    built(args.database)
    needed("wrk"), needed("nginx")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place, roots, rows = Path(name), {}, {}
        parts = args.only or ["validate", "build", "export", "answers", "http", "hostile", "start", "release"]
        if {"validate", "build", "export", "answers"} & set(parts):
            for n in args.times:
                roots[n] = place / f"times-{n}"
                process([sys.executable, ROOT / "scripts" / "grow.py", "--times", str(n), "--out", roots[n]])
                rows[n] = sum(file.read_bytes().count(b"\n") - 1 for file in (roots[n] / "data").glob("*.csv"))
        for part in parts:
            {"validate": lambda: validate_part(roots, rows), "build": lambda: build_part(roots, rows, place), "export": lambda: export_part(roots, rows, place), "answers": lambda: answers_part(roots, rows, place),
             "http": lambda: http_part(args.database, place, args.seconds), "hostile": lambda: hostile_part(args.database, place, args.seconds),
             "start": lambda: start_part(args.database, place, args.requests), "release": lambda: release_part(args.database, place)}[part]()
    if not args.only:
        (args.out / "performance.svg").write_text(plot(), encoding="utf-8")
        (args.out / "performance.md").write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    run(main)
