"""Clients that send nothing, read nothing or leave, and how the site ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from waiting import alive, family

from benefits.package import ROOT
from benefits.web import lane
from benefits.web import server as serve
from stress import hostile

HEAVY = [
    "/benefits/sharing_on",
    "/benefits/citations.csv?_sort=note&_stream=on&_size=1",
    "/benefits/citations.json?_size=max&_labels=on",
    "/benefits.db",
]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_ends_the_site_while_it_answers(database, workers):
    with serve.running(database, "--workers", workers) as (port, process):
        assert (
            httpx.get(
                f"http://127.0.0.1:{port}/benefits/programs.json?_size=1", timeout=60
            ).status_code
            == 200
        )
        below = family(process.pid)
        assert len(below) >= int(workers)
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in HEAVY * 3]
        for client, address in zip(clients, HEAVY * 3):
            client.sendall(hostile.request(address))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=8)
        until = time.monotonic() + 3
        while (left := [p for p in below if alive(p)]) and time.monotonic() < until:
            time.sleep(0.05)
        assert not left
        for client in clients:
            client.close()


@pytest.mark.slow
def test_work_over_http_ends_when_its_client_leaves(database):
    """A stopped process stands for work without end, and no bound on time ends it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    code = (
        "import sys; from pathlib import Path; from benefits.web import lane, server; "
        "lane.WORK = lane.WAIT = 600; "
        "sys.exit(server.serve(Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]), 1))"
    )
    command = [sys.executable, "-c", code, str(database), str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout.readline().startswith(b"Serving on")
            where, address = f"http://127.0.0.1:{port}", "/benefits/citations.csv?_sort=note"
            for head in ({}, {"Expect": "100-continue"}):
                assert (
                    httpx.get(where + "/benefits/programs.csv?_size=1", timeout=60).status_code
                    == 200
                )
                [[at_work]] = [family(child) for child in family(process.pid) if family(child)]
                os.kill(at_work, signal.SIGSTOP)
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.sendall(
                        hostile.request(address, *(f"{n}: {v}".encode() for n, v in head.items()))
                    )
                    # it has been read by now
                    assert httpx.get(where + "/-/health").status_code == 200
                assert (
                    httpx.get(where + "/benefits/programs.csv?_size=2", timeout=60).status_code
                    == 200
                )
                assert not alive(at_work)
        finally:
            process.terminate()


@pytest.mark.slow
def test_clients_that_send_nothing_or_too_slowly_are_let_go(site):
    begun = {
        "nothing": b"",
        "half a head": b"GET / HTTP/1.1\r\nHost: a\r\n",
        "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
        "after an answer": b"GET /-/health HTTP/1.1\r\nHost: a\r\n\r\n",
    }
    where = (site.base_url.host, site.base_url.port)
    clients = {name: socket.create_connection(where, timeout=1) for name in begun}
    for name, client in clients.items():
        client.sendall(begun[name])
    until, ended = time.monotonic() + 3 * serve.ARRIVES, set()
    while len(ended) < len(clients) and time.monotonic() < until:
        for name in set(clients) - ended:
            try:
                if name not in ("nothing", "after an answer"):
                    clients[name].sendall(b"x")  # a byte now and then gives no more time
                clients[name].settimeout(0.2)
                while data := clients[name].recv(65536):
                    pass
                ended |= {name} if data == b"" else set()
            except TimeoutError:
                pass
            except ConnectionError:
                ended.add(name)
        assert site.get("/-/health").status_code == 200
    assert ended == set(clients)


@pytest.mark.slow
def test_clients_that_do_not_read_hold_no_memory_and_nobody(database):
    with (
        serve.running(database) as (port, process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as reader,
    ):
        reader.get("/jurisdictions/IL")
        before = hostile.resident(process.pid)
        clients = []
        for _ in range(100):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(hostile.request("/benefits.db"))
            clients.append(client)
        for _ in range(20):
            assert reader.get("/jurisdictions/IL").status_code == 200
        assert (
            hostile.resident(process.pid) < before + 100
        )  # MB; the file is 8 MB, so 100 copies are 800
        for client in clients:
            client.close()


class Pipe:
    """A transport that takes nothing."""

    def __init__(self, sizes):
        self.sizes, self.aborted = list(sizes), False

    def get_write_buffer_size(self):
        return self.sizes.pop(0)

    def is_closing(self):
        return False

    def write(self, data):
        pass

    def abort(self):
        self.aborted = True


@pytest.mark.parametrize(
    "sizes, aborted", [([9, 9], True), ([9, 5, 5], True), ([9, 5, 0], False), ([0, 0], False)]
)
def test_a_client_that_takes_nothing_of_its_answer_is_let_go(monkeypatch, sizes, aborted):
    monkeypatch.setattr(serve, "STALLED", 0.02)

    async def send():
        whole = serve.Transport(Pipe(sizes))
        whole.write(b"x")
        await asyncio.sleep(0.3)
        return whole.transport

    pipe = asyncio.run(send())
    assert pipe.aborted is aborted and not pipe.sizes


def test_too_many_connections_are_told(monkeypatch):
    monkeypatch.setattr(serve, "CONNECTIONS", 0)
    sent = []
    protocol = serve.Protocol.__new__(serve.Protocol)
    protocol.connections = {1}
    monkeypatch.setattr(
        serve.HttpToolsProtocol,
        "connection_made",
        lambda self, transport: setattr(self, "transport", transport),
    )
    monkeypatch.setattr(serve, "Transport", lambda transport: transport)

    class Wire:
        write = staticmethod(sent.append)
        close = staticmethod(lambda: sent.append("closed"))

    monkeypatch.setattr(serve.guard, "HEADERS", {"x": "y"})
    protocol.connection_made(Wire())
    assert (
        sent[0].startswith(b"HTTP/1.1 503 ")
        and b"Too many connections" in sent[0]
        and sent[1] == "closed"
    )


@pytest.mark.slow
def test_no_request_takes_long_and_honest_readers_do_not_wait(database):
    """Within the bounds that the site enforces; `make hostile` holds closer ones."""
    with serve.running(database) as (port, _):
        site = hostile.map_of(port)
        found, problems = hostile.worst_of(
            port, site, 1, 60, dict(hostile.ask(port, "/-/health").headers)
        )
        assert not problems and found[0][0] < 1_000 * (lane.WORK + lane.WAIT), found[:3]
        for taken in hostile.wait_during_flood(
            port, [target for _, target in found[:12]], 4
        ).values():
            assert hostile.p99(taken) < 1_000 * lane.WORK
