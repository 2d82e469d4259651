"""Serve the site with uvicorn. Neither addresses nor questions are written anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.web import guard
from benefits.web.app import Unguarded, answers_with_guard, application, datasette

ARRIVES = 10  # seconds in which a request arrives whole
STALLED = 20  # seconds in which a client takes at least something of its answer
CONNECTIONS = 1_000  # open at once in one process
LEAVES = 3  # seconds in which answers end when the site ends
WORKER_STARTS = 60  # seconds; on a busy machine a worker needs more than uvicorn's 5
GATHERED = 65_536  # bytes of an answer that are sent at once


class CannotListen(BenefitsError):
    """The address cannot be used. The message is a sentence."""


class Transport:
    """A connection on which the head of an answer and its body leave in one piece.

    A process that dies between the two would leave a proxy with a head that cannot be taken back,
    where it could have asked another process.
    """

    def __init__(self, transport):
        self.transport, self.held, self.left, self.watch = transport, [], 0, None

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def write(self, data: bytes):
        if not self.held:
            asyncio.get_running_loop().call_soon(self.flush)
        self.held.append(data)
        if sum(map(len, self.held)) > GATHERED:  # an answer in many parts stays small in memory
            self.flush()

    def flush(self):
        data, self.held = b"".join(self.held), []
        if data and not self.transport.is_closing():
            self.transport.write(data)
            if not self.watch:
                self.left = self.transport.get_write_buffer_size()
                self.watch = asyncio.get_running_loop().call_later(STALLED, self.check_progress)

    def check_progress(self):
        """End a connection whose client has taken nothing since the last look."""
        before, self.left, self.watch = self.left, self.transport.get_write_buffer_size(), None
        if not self.left:
            return
        if self.left >= before:
            return self.transport.abort()
        self.watch = asyncio.get_running_loop().call_later(STALLED, self.check_progress)

    def close(self):
        self.flush()
        self.transport.close()


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, with a bound on connections and on the time of requests and answers."""

    deadline = None

    def connection_made(self, transport):
        super().connection_made(Transport(transport))
        if len(self.connections) > CONNECTIONS:
            sentence = "Too many connections. Please try again in a few seconds.\n"
            return self.refuse("503 Service Unavailable", sentence, {"retry-after": "5"})
        self.start_deadline()

    def connection_lost(self, exc):
        self.stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data):
        if self.deadline is None and not self.transport.is_closing():
            self.start_deadline()
        super().data_received(data)

    def on_headers_complete(self):
        # No body is needed, and a look whether the client is there would ask for one.
        self.expect_100_continue = False
        super().on_headers_complete()

    def on_message_complete(self):
        self.stop_deadline()
        super().on_message_complete()

    def start_deadline(self):
        self.deadline = asyncio.get_running_loop().call_later(ARRIVES, self.end_slow)

    def stop_deadline(self):
        if self.deadline:
            self.deadline.cancel()
        self.deadline = None

    def end_slow(self):
        self.transport.transport.abort()

    def _unsupported_upgrade_warning(self):
        # Nothing after a request to upgrade can be read, so its answer is the last.
        self.cycle.keep_alive = False

    def send_400_response(self, msg):
        """Refuse what is not HTTP, which never reaches the guard, with the guard's headers."""
        if self.cycle and not self.cycle.response_complete:
            # What came before it is answered to its end, and is the last.
            self.cycle.keep_alive = False
            self.pipeline.clear()
            return self.transport.pause_reading()
        self.refuse("400 Bad Request", msg, {})

    def refuse(self, status: str, sentence: str, more: dict[str, str]):
        headers = guard.HEADERS | {
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(sentence)),
            "cache-control": "no-store",
            "connection": "close",
        }
        lines = [f"{name}: {value}" for name, value in (headers | more).items()]
        head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""])
        self.transport.write((head + sentence).encode())
        self.transport.close()


class Worker(Process):
    """A process that answers, which is asked whether it lives without waiting for the answer."""

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
    """uvicorn's supervisor, which hears SIGTERM while a worker starts, and ends one that hangs."""

    def start_worker(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker

    def init_processes(self) -> None:
        self.processes = [self.start_worker() for _ in range(self.processes_num)]

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
            self.processes[i] = self.start_worker()

    def join_all(self) -> None:
        until = time.monotonic() + LEAVES + 2
        for worker in self.processes:
            worker.process.join(max(0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.kill()
            worker.join()


def serve(database: Path, host: str, port: int, workers: int) -> int:
    """Serve until the process is told to end, and return its exit code.

    Raises Unguarded and CannotListen.
    """
    listening = listen(host, port)
    site = datasette(database)
    # A worker that cannot start would be started again and again.
    if workers > 1 and not asyncio.run(answers_with_guard(site.app())):
        raise Unguarded("the guard of the site does not answer")
    config = uvicorn.Config(
        functools.partial(application, database),
        factory=True,
        workers=workers,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LEAVES,
        timeout_keep_alive=ARRIVES,
        proxy_headers=False,
        log_level="warning",
    )
    threading.Thread(target=announce, args=(host, port), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        if workers > 1:
            supervisor = Workers(config, [listening])
            supervisor.run()
            return int(any(w.exitcode == STARTUP_FAILURE for w in supervisor.processes))
        else:
            server = uvicorn.Server(config)
            server.run([listening])
            return 0 if server.started else 1
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raises CannotListen."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as e:
        reason = getattr(e, "strerror", None) or e
        sentence = f"cannot listen on {host}:{port} ({reason})"
        raise CannotListen(f"{sentence}: choose another port, as in PORT=8002 make serve") from e
    return listening


def announce(host: str, port: int) -> None:
    """Say that the site serves, once it answers. Runs in its own thread."""
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", guard.HEALTH)
                if connection.getresponse().status == 200:
                    break
        time.sleep(0.05)
    print(f"Serving on http://{host}:{port}/ (Ctrl-C ends it)", flush=True)


@contextlib.contextmanager
def running(database: Path, *options: str, log=subprocess.DEVNULL):
    """Run the site in its own process on a free port: yields (port, process) once it answers.

    `log` gets what it prints. Raises RuntimeError if it ends or is silent for 30 seconds.
    """
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    script = str(ROOT / "scripts" / "serve.py")
    command = [sys.executable, script, "--port", str(port), "--database", str(database), *options]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(port, process, " ".join(command))
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(port: int, process: subprocess.Popen, command: str) -> None:
    """Wait until a server takes connections. Raises RuntimeError."""
    for _ in range(3_000):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        if process.poll() is not None:
            raise RuntimeError(f"the site ended before it answered: {command}")
        time.sleep(0.01)
    raise RuntimeError(f"the site did not start in 30 seconds: {command}")
