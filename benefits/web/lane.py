"""What costs much is answered beside: by a second process, one request after another, cheap ones
first.

A site answers on one thread. A request for a whole table keeps that thread for a second, and every
other reader waits. So a request that may cost much goes to the lane. It has a bound on time that
nothing in it can escape, because its process is ended, and a bound on memory. It ends when its
client leaves. The thread of the site only passes its answers on.

A process that has read all code waits beside as well, and each process that works is forked from
it: a new one takes a fraction of the second that it takes to start from nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import marshal
import re
import socket
import struct
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from benefits.package import ROOT

# What the second process runs, with the folder of the project as its first argument.
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from benefits.web import worker; worker.main()"
)
START = 60  # seconds until the process of the lane can work
WORK = 5  # seconds of work on one request in the lane, then its process is ended
GRACE = 0.25  # seconds of work on a request whose client has gone: about what a new process costs
FAIR = 10  # seconds by which a request that costs a second or more lets cheaper ones go before it
WAIT = 15  # seconds that a request waits for its turn and its answer
WAITING = 64  # requests that wait at the same time
ANSWERS = 96 << 20  # bytes of answers that slow clients have not taken yet
MEMORY = 2 << 30  # bytes of addresses that the lane may have
PART = 1 << 16
KEPT, KEPT_ONE = 32 << 20, 1 << 20  # bytes of answers kept in memory, and of one of them
BUSY = "The site has too many large requests at the moment. Please try again in a few seconds."
TOO_DEAR = (
    "This question takes too long to answer. Ask for less, or take /benefits.db and ask it"
    " yourself."
)

# Pages that show the same to everybody: no date, description or word of a reader's own is in their
# address.
SAME = re.compile(
    r"/(coverage|gaps|surveys|changes(\.atom|\.ics)?|claims|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+"
    r"|openapi\.json|benefits(/\w+)?(\.json|\.csv)?)?"
)
LARGE = re.compile(
    r"/benefits(?!\.db$)([/.].*)?|/answers/.*|/on/.*|/evidence/.*|/changes\.(atom|ics)"
    r"|/openapi\.json",
    re.DOTALL,
)
# Pages that take a question of the reader's own: with one they are made anew for each request.
ASKED = re.compile(
    r"/(coverage|gaps|surveys|changes|claims|search|eligibility"
    r"|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+)?"
)
NAMES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|(?<=jurisdictions/)[A-Z]{2}")
# What programs ask most, of one place, costs a millisecond. A second jurisdiction, written in any
# way, could mean all of them.
OF_ONE = re.compile(
    r"/(benefits/coverage_on\.json\?([^?%]*&)?|answers/coverage_on/([^?%]*,)?)"
    r"jurisdiction=[A-Z]{2}([&,][^?%]*|\.json)?"
)


class Ended(Exception):
    """The process of the lane ended in the middle of an answer."""


def costs_much(path: str, query: str) -> bool:
    """Return whether a request may keep a thread for longer than others should wait."""
    # any page may be written with %, and is then not seen to be kept
    if "%" in path or (query and ASKED.fullmatch(path)):
        return True
    if not LARGE.fullmatch(path):
        return False
    whole = f"{path}?{query}" if query else path
    one = OF_ONE.fullmatch(whole) and whole.count("jurisdiction") == 1
    return not one or (path.startswith("/answers/") and not path.endswith(".json"))


class Lane:
    """The process beside, and the requests that wait for it."""

    def __init__(self, database: Path):
        self.database = database
        self.process: subprocess.Popen | None = None  # from which each one that works is forked
        self.control: Any = None  # the socket over which it is told to fork
        self.reader: Any = None
        self.writer: Any = None  # to the process that works, None if there is none
        self.waiting: asyncio.PriorityQueue = asyncio.PriorityQueue()  # by the time they are due
        self.numbers = (
            itertools.count()
        )  # so that of two that are due together the earlier is first
        self.costs: dict[tuple, float] = {}  # seconds that a kind of request took the last time
        self.held = 0  # bytes of answers that slow clients have not taken yet

    async def run(self) -> None:
        """Answer what waits, as long as the site runs."""
        while True:
            with contextlib.suppress(Ended):  # a request that then comes tries again, and is told
                await self.ready()
            *_, kind, scope, answer = await self.waiting.get()
            if answer.done():  # its client has gone, or waited too long
                continue
            began, before = time.monotonic(), 0.0
            found: list[dict] | str | Ended
            try:
                await self.ready()
                found = await self.work(scope, answer)
            except (OSError, EOFError, Ended) as e:
                found = Ended()
                found.__cause__ = e
            if not isinstance(found, list):
                self.stop()
                before = self.costs.get(kind, 0)  # it was not seen to its end
            self.costs[kind] = max(time.monotonic() - began, before)
            if answer.done():
                continue
            if isinstance(found, Ended):
                answer.set_exception(found)
            else:
                answer.set_result(found)

    async def work(self, scope: dict, answer) -> list[dict] | str:
        """What the process says; a sentence if that takes too long, or nobody waits for
        the answer any more."""
        asked = asyncio.ensure_future(self.ask(scope))
        try:
            await asyncio.wait([asked, answer], timeout=WORK, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                await asyncio.wait([asked], timeout=GRACE)
            return asked.result() if asked.done() else TOO_DEAR
        finally:
            asked.cancel()

    async def ready(self) -> None:
        """Start the process unless it runs. Raises Ended if it does not start."""
        if self.writer is None:
            try:
                await asyncio.wait_for(self.start(), START)
            except (TimeoutError, OSError, EOFError) as e:
                self.end()
                raise Ended from e

    async def start(self) -> None:
        if self.process and self.process.poll() is not None:
            self.end()
        if not self.process:
            self.control, its = socket.socketpair()
            command = self.command(its.fileno())
            self.process = subprocess.Popen(
                command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL
            )
            its.close()
        mine, its = socket.socketpair()
        with its:
            socket.send_fds(self.control, [b"+"], [its.fileno()])
        self.reader, self.writer = await asyncio.open_connection(sock=mine)
        await read(self.reader)  # what it says when it can work

    def command(self, number: int) -> list[str]:
        arguments = str(ROOT), str(number), str(Path(self.database).resolve())
        return [sys.executable, "-c", BEGIN, *arguments]

    def stop(self) -> None:
        """End the process that works, if any."""
        if self.writer:
            self.writer.close()
            self.writer = None
            with contextlib.suppress(OSError):  # it has ended with the one that it came from
                self.control.send(b"-")

    def end(self) -> None:
        """End both processes."""
        self.stop()
        if self.process:
            self.control.close()
            try:
                self.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    async def ask(self, scope: dict) -> list[dict]:
        data = marshal.dumps(scope)
        self.writer.write(struct.pack("!I", len(data)) + data)
        await self.writer.drain()
        found = []
        while message := await read(self.reader):
            found.append(message)
        return found

    async def answer(self, scope: dict, gone) -> list[dict] | str | None:
        """The messages of an answer; None if the client has gone; a sentence if there is
        no answer. Raises Ended."""
        if self.waiting.qsize() >= WAITING or self.held > ANSWERS:
            return BUSY
        # each day and place costs about the same
        kind = NAMES.sub("*", scope["path"]), bool(scope["query_string"])
        if len(self.costs) > 2_000:
            self.costs.clear()
        future = asyncio.get_running_loop().create_future()
        # Each request has a time by which it should be answered, and the first of these times is
        # next. So a cheap one goes before those that cost more, and no flood of cheap ones makes
        # another wait for ever.
        due = time.monotonic() + FAIR * min(self.costs.get(kind, 0.1), 1)
        self.waiting.put_nowait((due, next(self.numbers), kind, scope, future))
        await asyncio.wait([future, gone], timeout=WAIT, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        future.cancel()
        return None if gone.done() else BUSY


async def read(reader) -> Any:
    (size,) = struct.unpack("!I", await reader.readexactly(4))
    return marshal.loads(await reader.readexactly(size))


async def left(receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Front:
    """What every request meets first: answers that are kept, then the lane for what costs
    much, then the site itself."""

    def __init__(self, app, database: Path, takes_gzip):
        self.app, self.database, self.takes_gzip = app, database, takes_gzip
        self.lane: Any = None  # both are made when the site starts
        self.running: Any = None
        self.kept: OrderedDict[tuple, list[dict]] = OrderedDict()
        self.size = 0  # bytes of the bodies that are kept

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.live(scope, receive, send)
        path, query = (
            scope["raw_path"].partition(b"?")[0].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
        )
        key = self.key(scope, path, query)
        had = b",".join(v for n, v in scope["headers"] if n == b"if-none-match").split(b",")
        had = {one.strip().removeprefix(b"W/") for one in had}
        if key in self.kept and not had & {
            b"*",
            dict(self.kept[key][0]["headers"])[b"etag"].removeprefix(b"W/"),
        }:
            self.kept.move_to_end(key)
            head, body = self.kept[key]
            return await pass_on(
                [head, body | {"body": b""} if scope["method"] == "HEAD" else body], send
            )
        # A page that is not kept by its answer, because that has no body, is made anew each time.
        much = costs_much(path, query) or (key and (b"*" in had or scope["method"] == "HEAD"))
        if scope["method"] != "GET":
            key = None  # an answer without its body is not kept for those who ask for all of it
        if scope["method"] not in ("GET", "HEAD") or not much:
            return await self.app(scope, receive, self.keeping(key, send) if key else send)
        await self.beside(scope, key, receive, send)

    async def live(self, scope, receive, send):
        async def started(message):
            if message["type"] == "lifespan.startup.complete":
                self.lane = Lane(self.database)
                self.running = asyncio.ensure_future(self.lane.run())
            await send(message)

        try:
            await self.app(scope, receive, started)
        finally:
            if self.running:
                self.running.cancel()
                self.lane.end()

    async def beside(self, scope, key, receive, send) -> None:
        """Let the lane answer, and pass its answer on as fast as the client takes it."""
        plain = {
            n: scope[n]
            for n in (
                "type",
                "http_version",
                "method",
                "scheme",
                "path",
                "raw_path",
                "query_string",
            )
        }
        plain |= {"headers": [(bytes(n), bytes(v)) for n, v in scope["headers"]], "client": None}
        gone = asyncio.ensure_future(left(receive))
        try:
            if self.running.done():
                self.running.result()  # raises what ended it
            found = await self.lane.answer(plain, gone)
            if found is None:
                return
            if isinstance(found, str):
                refused = {"benefits.refused": (503, found)}
                return await self.app(scope | refused, receive, send)
            size = sum(len(m.get("body", b"")) for m in found)
            self.keep(key, found)
            self.lane.held += size
            try:
                await pass_on(found, send)
            finally:
                self.lane.held -= size
        except Ended as e:
            await self.app(scope | {"benefits.fault": e}, receive, send)
        finally:
            gone.cancel()

    def key(self, scope, path: str, query: str):
        hosts = sum(n == b"host" for n, _ in scope["headers"])
        if (
            (hosts != 1 and scope["http_version"] == "1.1")
            or scope["method"] not in ("GET", "HEAD")
            or query
            or not SAME.fullmatch(path)
        ):
            return None
        accepted = b",".join(v for n, v in scope["headers"] if n == b"accept-encoding").decode(
            "latin-1"
        )
        return path, self.takes_gzip(accepted)

    def keeping(self, key, send):
        """`send`, which keeps the answer as well."""
        found = []

        async def sent(message):
            found.append(message)
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.keep(key, found)

        return sent

    def keep(self, key, found: list[dict]) -> None:
        whole = (
            len(found) == 2
            and found[0]["status"] == 200
            and b"content-length" in dict(found[0]["headers"])
        )
        if not key or not whole or key in self.kept or len(found[1]["body"]) > KEPT_ONE:
            return
        self.kept[key] = found
        self.size += len(found[1]["body"])
        while self.size > KEPT:
            _, old = self.kept.popitem(last=False)
            self.size -= len(old[1]["body"])


async def pass_on(found: list[dict], send) -> None:
    """Send messages in parts, each when the one before it has gone."""
    for message in found:
        body = message.get("body", b"")
        if len(body) <= PART:
            await send(message)
            continue
        for at in range(0, len(body), PART):
            more = at + PART < len(body) or message.get("more_body", False)
            await send(
                {"type": "http.response.body", "body": body[at : at + PART], "more_body": more}
            )
