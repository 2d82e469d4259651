"""The second process of the site, which answers what costs much: see lane.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import marshal
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

from benefits.web import app as site_app
from benefits.web.lane import MEMORY, PART, read


async def work(connection: socket.socket, app) -> None:
    """Answer the requests that come over `connection`, until it ends."""
    reader, writer = await asyncio.open_connection(sock=connection)
    sent: asyncio.Queue[dict] = asyncio.Queue()
    events = iter([{"type": "lifespan.startup"}])

    async def begin():
        for event in events:
            return event
        await asyncio.Event().wait()

    living = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}}, begin, sent.put)
    )
    if (await sent.get())["type"] != "lifespan.startup.complete":
        raise SystemExit(1)

    async def never():
        await asyncio.Event().wait()

    def write(message) -> None:
        data = marshal.dumps(message)
        writer.write(struct.pack("!I", len(data)) + data)

    gathered = bytearray()

    async def send(message):
        message = dict(message)
        if "headers" in message:
            message["headers"] = [(bytes(n), bytes(v)) for n, v in message["headers"]]
            gathered.clear()
        # Datasette sends a CSV row by row, and each message costs the site some time.
        elif message["type"] == "http.response.body":
            gathered.extend(message.get("body", b""))
            if message.get("more_body") and len(gathered) < PART:
                return
            message["body"] = bytes(gathered)
            gathered.clear()
        write(message)
        await writer.drain()

    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # the site has ended
        write(True)
        while True:
            await app(await read(reader), never, send)
            write(None)
            await writer.drain()
    living.cancel()


def forked(control: socket.socket) -> socket.socket:
    """Fork a process for each connection that comes over `control`, and return it there.

    Each takes the place of the process before.
    """
    child = 0
    while True:
        word, connections, *_ = socket.recv_fds(control, 1, 1)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
        if not word:  # the site has ended
            raise SystemExit
        if connections:
            connection = socket.socket(fileno=connections[0])
            child = os.fork()
            if not child:
                control.close()
                return connection
            connection.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the site ends it
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(OSError):
        os.nice(5)  # readers of small pages come first
    handler = logging.StreamHandler(sys.stderr)  # before the site takes stderr away from Datasette
    handler.setFormatter(logging.Formatter("%(levelname)s:     %(message)s"))
    logging.getLogger("uvicorn.error").addHandler(handler)
    connection = forked(socket.socket(fileno=int(sys.argv[2])))
    # Made after the fork: SQLite forbids to use a connection in a forked process.
    asyncio.run(work(connection, site_app.single_application(Path(sys.argv[3]))))
