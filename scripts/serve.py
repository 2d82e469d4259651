"""Verb: build/benefits.db + metadata.yml -> the site, as an ASGI application under uvicorn.

    python scripts/serve.py [--port 8001] [--host 127.0.0.1] [--workers 1] [--database build/benefits.db]

No access log: neither addresses nor questions are written anywhere.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import asyncio
import contextlib
import functools
import glob
import http.client
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

if __name__ in ("__main__", "__mp_main__"):
    # Datasette and what it needs import these wherever they find them, and the site uses neither: a third of the start.
    sys.modules |= dict.fromkeys(("numpy", "rich"))

import uvicorn
import yaml
from asgi_gzip import GZipMiddleware
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

import lane
from package import ROOT, built, sqlite_uri

SETTINGS = {
    "default_allow_sql": False,  # arbitrary SQL lets one reader stall the others; the database can be downloaded instead
    "num_sql_threads": 0,  # safe only with arbitrary SQL off, and twice as fast
    "max_returned_rows": 10_000,
    "sql_time_limit_ms": 3_000,  # of one statement; an honest one takes 60, and on a busy machine ten times that
    "facet_time_limit_ms": 1_000,
    "suggest_facets": False,
    "max_csv_mb": 0,
    "default_cache_ttl": 300,
    "template_debug": False,
    "trace_debug": False,
}


def site_metadata(database: Path, root: Path = ROOT) -> dict:
    """metadata.yml, completed by the SQL of the answers and by the descriptions that the database holds of itself."""
    metadata = yaml.load((root / "metadata.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    site = metadata["databases"]["benefits"]
    for name, query in site["queries"].items():
        query["sql"] = (root / "sql" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        query["hide_sql"] = True
    connection = sqlite3.connect(sqlite_uri(database), uri=True)
    connection.row_factory = sqlite3.Row
    try:
        d = connection.execute("SELECT * FROM dataset").fetchone()
        rights = {"license": d["licence"], "license_url": d["licence_url"], "source": f"Benefits dataset {d['version']}", "source_url": "/benefits/sources"}
        metadata |= rights
        site |= rights | {"description": d["description"]}
        for t in connection.execute("SELECT * FROM dataset_tables"):
            about = site["tables"].setdefault(t["table"], {})
            about |= rights | {"title": t["title"], "description": t["description"]}
            fields = connection.execute('SELECT field, description FROM dataset_fields WHERE "table" = ? ORDER BY position', [t["table"]])
            about["columns"] = {f["field"]: f["description"] for f in fields}
        for name, title, description in OWN_TABLES:
            site["tables"].setdefault(name, {}).update(rights | {"title": title, "description": description})
        for (name,) in connection.execute("SELECT name FROM sqlite_master"):
            if INTERNAL.fullmatch(name):  # not listed anywhere; plugins/guard.py answers 404
                site["tables"].setdefault(name, {}).update({"allow": False, "hidden": True})
    finally:
        connection.close()
    return metadata


INTERNAL = re.compile(r"sqlite_.*|.*_fts(_.*)?|.*_known|search_index(_.*)?")  # as in plugins/guard.py
ARRIVES = 10  # seconds in which a request arrives whole
STALLED = 20  # seconds in which a client takes at least something of its answer
ROWS_OF_CSV = 200_000  # of one pass; more are more passes
CONNECTIONS = 1_000  # open at once in one process
LEAVES = 3  # seconds in which answers end when the site ends
WORKER_STARTS = 60  # seconds; on a busy machine a worker needs more than 5 to start
OWN_TABLES = (
    ("dataset", "Dataset", "Title, version, licence, and the day through which the data goes."),
    ("dataset_tables", "Tables", "What one row of each table is, and the SHA-256 of its file."),
    ("dataset_fields", "Fields", "What each column of each table means."),
    ("dataset_codes", "Codes", "The codes of each code column, with labels."),
    ("coverage_rules", "Coverage rules with their programs", "Coverage rows joined with program and jurisdiction."),
    ("coverage_rules_known", "Coverage rules, in every state published", "Coverage rows joined with their program, with the days on which the dataset said so."),
    ("dated_changes", "Dated changes", "Everything that has a date: coverage that starts, changes or ends, roles and events."),
    ("survey_agreement_all", "Survey agreement", "What our rows say on each survey answer, and whether the two agree."),
    ("boundaries", "Boundaries", "The days on which an answer about a jurisdiction may change."),
    ("role_spans", "Roles with the latest day they may have begun", "Roles, and for a role of which only month or year is known its last day."),
)


class File(Database):
    """A database that is read from a file of any name."""

    def connect(self, write=False):
        connection = sqlite3.connect(sqlite_uri(self.path, "immutable=1"), uri=True, check_same_thread=False)
        self._all_file_connections.append(connection)
        return connection


    async def table_counts(self, limit=10):
        """Datasette would give up a count after 10 ms and show none."""
        return await super().table_counts(limit=self.ds.setting("sql_time_limit_ms"))


class Site(Datasette):
    def __setattr__(self, name, value):
        """Datasette keeps a copy of one setting, which differs for a whole CSV."""
        super().__setattr__("page_rows" if name == "max_returned_rows" else name, value)

    @property
    def max_returned_rows(self):
        return ROWS_OF_CSV if pm.get_plugin("guard.py").whole_csv.get() else self.page_rows

    def add_database(self, db, name=None, route=None):
        """Datasette would take a ?, # or % in the name of the file for a part of a URI."""
        return super().add_database(File(self, db.path, is_mutable=False) if db.path else db, name, route)

    def absolute_url(self, request, path):
        """Addresses without a host: a made-up Host header never comes back, and the site needs not know its name."""
        return path


class Whole:
    """A connection on which the head of an answer and its body leave in one piece: a process that dies between the two would leave a proxy
    with a head that cannot be taken back, where it could have asked another."""

    def __init__(self, transport):
        self.transport, self.held, self.left, self.watch = transport, [], 0, None

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def write(self, data: bytes):
        if not self.held:
            asyncio.get_running_loop().call_soon(self.flush)
        self.held.append(data)
        if sum(map(len, self.held)) > 65_536:  # an answer in many parts is not gathered in memory
            self.flush()

    def flush(self):
        data, self.held = b"".join(self.held), []
        if data and not self.transport.is_closing():
            self.transport.write(data)
            if not self.watch:
                self.left = self.transport.get_write_buffer_size()
                self.watch = asyncio.get_running_loop().call_later(STALLED, self.stalled)

    def stalled(self):
        """End a connection whose client has taken nothing since the last look."""
        before, self.left, self.watch = self.left, self.transport.get_write_buffer_size(), None
        if not self.left:
            return
        if self.left >= before:
            return self.transport.abort()
        self.watch = asyncio.get_running_loop().call_later(STALLED, self.stalled)

    def close(self):
        self.flush()
        self.transport.close()


class Protocol(HttpToolsProtocol):
    """uvicorn's, with a bound on connections, and on the time in which a request arrives and an answer is taken."""

    deadline = None

    def connection_made(self, transport):
        super().connection_made(Whole(transport))
        if len(self.connections) > CONNECTIONS:
            return self.refuse("503 Service Unavailable", "Too many connections. Please try again in a few seconds.\n", {"retry-after": "5"})
        self.expect()

    def connection_lost(self, exc):
        self.forget()
        super().connection_lost(exc)

    def data_received(self, data):
        if self.deadline is None and not self.transport.is_closing():
            self.expect()
        super().data_received(data)

    def on_headers_complete(self):
        self.expect_100_continue = False  # no body is needed, and a look whether the client is there would ask for one
        super().on_headers_complete()

    def on_message_complete(self):
        self.forget()
        super().on_message_complete()

    def expect(self):
        self.deadline = asyncio.get_running_loop().call_later(ARRIVES, self.too_slow)

    def forget(self):
        if self.deadline:
            self.deadline.cancel()
        self.deadline = None

    def too_slow(self):
        self.transport.transport.abort()

    def _unsupported_upgrade_warning(self):
        """Nothing after a request to upgrade can be read, so its answer is the last on the connection."""
        self.cycle.keep_alive = False

    def send_400_response(self, msg):
        """What is not HTTP never reaches plugins/guard.py, and is refused with its headers here."""
        if self.cycle and not self.cycle.response_complete:  # what came before it is answered to its end, and is the last
            self.cycle.keep_alive = False
            self.pipeline.clear()
            return self.transport.pause_reading()
        self.refuse("400 Bad Request", msg, {})

    def refuse(self, status, msg, more):
        headers = pm.get_plugin("guard.py").HEADERS | {
            "content-type": "text/plain; charset=utf-8", "content-length": str(len(msg)), "cache-control": "no-store", "connection": "close"
        } | more
        self.transport.write("\r\n".join([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", msg]).encode())
        self.transport.close()


class Worker(Process):
    """One of uvicorn's processes that answer, asked whether it lives without waiting for what it says."""

    asked = None  # when it was asked and has not answered yet

    def ping(self, timeout: float = WORKER_STARTS) -> bool:
        """Return whether the last question is answered, or not older than `timeout` seconds."""
        try:
            if self.asked is None:
                self.parent_conn.send(b"ping")
                self.asked = time.monotonic()
            if self.parent_conn.poll():
                self.parent_conn.recv()
                self.asked = None
        except (OSError, EOFError):
            return False
        return self.asked is None or time.monotonic() - self.asked < timeout


class Workers(Multiprocess):
    """uvicorn's supervisor, which hears SIGTERM while a worker starts, and ends with a worker that hangs."""

    def started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker

    def init_processes(self) -> None:
        self.processes = [self.started() for _ in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        for i, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if worker.is_alive(WORKER_STARTS):
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:  # and would fail again
                self.should_exit.set()
                return
            self.processes[i] = self.started()

    def join_all(self) -> None:
        until = time.monotonic() + LEAVES + 2
        for worker in self.processes:
            worker.process.join(max(0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.kill()
            worker.join()


def datasette(database: Path, root: Path = ROOT) -> Datasette:
    site = Site(
        [],
        immutables=[str(database)],
        metadata=site_metadata(database, root),
        settings=SETTINGS,
        template_dir=str(root / "templates"),
        plugins_dir=glob.escape(str(root / "plugins")),  # Datasette takes it for a pattern
        static_mounts=[("static", str(root / "static"))],
    )
    site.plugins_dir = str(root / "plugins")
    missing = [file.name for file in sorted((root / "plugins").glob("*.py")) if not pm.has_plugin(file.name)]
    guards = [hook for hook in pm.hook.asgi_wrapper.get_hookimpls() if hook.plugin_name == "guard.py"]
    if missing or not guards:
        raise Unguarded(f"the site does not start without its plugins: {', '.join(missing) or 'guard.py'}")
    return site


class Unguarded(RuntimeError):
    """The site would run without what checks its requests."""


def compressed(app):
    """`app` with gzip for whom it suits. The database is never compressed on the fly."""
    zipped = GZipMiddleware(app, compresslevel=6)

    async def answered(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)

        async def varying(message):
            if message["type"] == "http.response.start":
                others = [(n, v) for n, v in message["headers"] if n.lower() != b"vary"]
                message = message | {"headers": [*others, (b"vary", b"Accept-Encoding")]}
            await send(message)

        accepted = b",".join(v for n, v in scope["headers"] if n == b"accept-encoding").decode("latin-1")
        if scope["path"] == "/benefits.db" or not takes_gzip(accepted):
            return await app(scope, receive, varying)
        head = scope["method"] == "HEAD"  # is told what GET is told, which only its whole answer shows

        async def without_body(message):
            await varying(message | {"body": b""} if message["type"] == "http.response.body" else message)

        asked = scope | {"method": "GET" if head else scope["method"], "headers": [*scope["headers"], (b"accept-encoding", b"gzip")]}
        return await zipped(asked, receive, without_body if head else varying)

    return answered


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip, as RFC 9110 weighs it. A weight that cannot be read is none."""
    weights = {}
    for one in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        weight = next((p[2:].strip() for p in parameters if p.startswith("q=")), "1")
        weights[name] = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0))) > 0


def application(database: Path):
    """Return the site as an ASGI application that answers large requests in a process beside it."""
    return lane.Front(alone(database), database, takes_gzip)


def alone(database: Path):
    """Return the site as an ASGI application, for a process that does nothing else."""
    sys.stderr = open(os.devnull, "w")  # Datasette writes failed SQL there, with the values asked for; uvicorn's log keeps the real one
    return compressed(guarded(datasette(database).app()))


def guarded(app):
    """`app`, which fails to start unless a request to it comes back with the headers of the guard."""

    async def started(scope, receive, send):
        if scope["type"] == "lifespan":
            if not await answers_with_guard(app):
                await receive()
                return await send({"type": "lifespan.startup.failed", "message": "the guard of the site does not answer"})
        return await app(scope, receive, send)

    return started


async def answers_with_guard(app) -> bool:
    """Return whether an answer of `app` has the headers of the guard."""
    sent = []

    async def keep(message):
        sent.append(message)

    probe = {"type": "http", "http_version": "1.0", "method": "GET", "scheme": "http", "path": "/-/health", "raw_path": b"/-/health", "query_string": b"", "headers": [], "client": None}
    await app(probe, None, keep)
    names = {name.decode() for name, _ in sent[0]["headers"]}
    return sent[0]["status"] == 200 and set(pm.get_plugin("guard.py").HEADERS) <= names


@contextlib.contextmanager
def running(database: Path, *options: str, log=subprocess.DEVNULL):
    """The site in a process of its own on a free port, for tests and measurements: yields (port, process) once it answers.
    `log` gets what it prints. Raises RuntimeError if it ends or is silent for 30 seconds."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts" / "serve.py"), "--port", str(port), "--database", str(database), *options]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(3_000):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if process.poll() is not None:
                raise RuntimeError("the site ended before it answered: " + " ".join(command))
            time.sleep(0.01)
        else:
            raise RuntimeError("the site did not start in 30 seconds: " + " ".join(command))
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=30)


def whole_number(name: str, text: str, most: int) -> int:
    """The number that an argument gives; otherwise the verb ends with a sentence and exit code 1."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= most):
        raise SystemExit(f"error: {name} is {text!r}, expected a whole number from 1 to {most:,}")
    return int(text)


def announce(host: str, port: int) -> None:
    """Say that the site serves, once it answers. Runs in a thread of its own beside the site."""
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/-/health")
                if connection.getresponse().status == 200:
                    break
        time.sleep(0.05)
    print(f"Serving on http://{host}:{port}/ (Ctrl-C ends it)", flush=True)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="8001")
    parser.add_argument("--workers", default="1", help="processes that answer; one for each core serves the most readers")
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    args.port, args.workers = whole_number("the port", args.port, 65_535), whole_number("the number of workers", args.workers, 256)
    built(args.database)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((args.host, args.port))
    except (OSError, UnicodeError) as e:
        print(f"error: cannot listen on {args.host}:{args.port} ({getattr(e, 'strerror', None) or e}): choose another port, as in PORT=8002 make serve", file=sys.stderr)
        return 1
    try:
        site = datasette(args.database)
        if args.workers > 1 and not asyncio.run(answers_with_guard(site.app())):  # a worker that cannot start would be started again and again
            raise Unguarded("the guard of the site does not answer")
    except Unguarded as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        functools.partial(application, args.database), factory=True, workers=args.workers, loop="uvloop", http=Protocol, ws="none", lifespan="on",
        access_log=False, server_header=False, timeout_graceful_shutdown=LEAVES, timeout_keep_alive=ARRIVES, proxy_headers=False, log_level="warning",
    )
    threading.Thread(target=announce, args=(args.host, args.port), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        if args.workers > 1:
            workers = Workers(config, [listening])
            workers.run()
            return int(any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes))
        else:
            server = uvicorn.Server(config)
            server.run([listening])
            return 0 if server.started else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
