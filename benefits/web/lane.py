"""Answer expensive requests in a second process: the lane.

A site answers on one thread. A request for a whole table keeps that thread busy for a second, and
every other reader waits. So a request that may be expensive goes to the lane, which answers one
after another, the cheap ones first. Its process is ended when a request takes too long or when the
client leaves, and its memory is limited. The thread of the site only passes the answers on.

A third process has read all the code and waits. Each process that works is forked from it, because
starting one from nothing takes a second.
"""

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
from benefits.web.refusals import wait_for_leaving

# What the waiting process runs. Its first argument is the folder of the project.
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from benefits.web import worker; worker.main()"
)
START = 60  # seconds until the process can work
WORK = 5  # seconds of work on one request; then the process is ended
GRACE = 0.25  # seconds of work after the client has left: about what a new process costs
FAIR = 10  # seconds by which a request of a second or more lets cheaper ones go first
WAIT = 15  # seconds that a request waits for its turn and its answer
WAITING = 64  # requests that wait at the same time
ANSWERS = 96 << 20  # bytes of answers that slow clients have not read yet
MEMORY = 2 << 30  # bytes of address space of the process
PART = 1 << 16  # bytes that are sent at once
KEPT, KEPT_ONE = 32 << 20, 1 << 20  # bytes of the answers kept in memory, and of one of them
BUSY = "The site has too many large requests at the moment. Please try again in a few seconds."
TOO_DEAR = (
    "This question takes too long to answer. Ask for less, or take /benefits.db and ask it"
    " yourself."
)

# Pages that are the same for everybody: their address has no date, description or word of the
# reader's.
SAME = re.compile(
    r"/(coverage|gaps|surveys|changes(\.atom|\.ics)?|claims|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+"
    r"|openapi\.json|benefits(/\w+)?(\.json|\.csv)?)?"
)
LARGE = re.compile(
    r"/benefits(?!\.db$)([/.].*)?|/answers/.*|/on/.*|/evidence/.*|/changes\.(atom|ics)"
    r"|/openapi\.json",
    re.DOTALL,
)
# Pages that take a question. With one they are made again for each request.
ASKED = re.compile(
    r"/(coverage|gaps|surveys|changes|claims|search|eligibility"
    r"|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+)?"
)
NAMES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|(?<=jurisdictions/)[A-Z]{2}")
# What programs ask most: coverage_on of one place, which costs a millisecond. A second
# jurisdiction, written in any way, could mean all of them.
OF_ONE = re.compile(
    r"/(benefits/coverage_on\.json\?([^?%]*&)?|answers/coverage_on/([^?%]*,)?)"
    r"jurisdiction=[A-Z]{2}([&,][^?%]*|\.json)?"
)


# What the lane gets of a request, besides its headers.
OF_A_REQUEST = ("type", "http_version", "method", "scheme", "path", "raw_path", "query_string")


class Ended(Exception):
    """The process of the lane ended in the middle of an answer."""


def costs_much(path: str, query: str) -> bool:
    """Return whether a request may keep the thread busy for longer than others should wait."""
    # With a % any page can be written so that it is not found among those that are kept.
    if "%" in path or (query and ASKED.fullmatch(path)):
        return True
    if not LARGE.fullmatch(path):
        return False
    whole = f"{path}?{query}" if query else path
    one = OF_ONE.fullmatch(whole) and whole.count("jurisdiction") == 1
    return not one or (path.startswith("/answers/") and not path.endswith(".json"))


class Lane:
    """The second process, and the requests that wait for it."""

    def __init__(self, database: Path):
        self.database = database
        self.process: subprocess.Popen | None = None  # the one that waits and is forked
        self.control: Any = None  # the socket over which it gets its orders
        self.reader: Any = None
        self.writer: Any = None  # to the process that works; None if there is none
        self.waiting: asyncio.PriorityQueue = asyncio.PriorityQueue()  # by the time they are due
        self.numbers = itertools.count()  # of two that are due together the earlier comes first
        self.costs: dict[tuple, float] = {}  # seconds that a request of this kind took last time
        self.held = 0  # bytes of answers that slow clients have not read yet

    async def run(self) -> None:
        """Answer the requests that wait, as long as the site runs."""
        while True:
            with contextlib.suppress(Ended):  # the next request tries again, and gets the error
                await self.ready()
            *_, kind, scope, answer = await self.waiting.get()
            if answer.done():  # its client has left, or waited too long
                continue
            began, before = time.monotonic(), 0.0
            result: list[dict] | str | Ended
            try:
                await self.ready()
                result = await self.work(scope, answer)
            except (OSError, EOFError, Ended) as e:
                result = Ended()
                result.__cause__ = e
            if not isinstance(result, list):
                self.stop()
                before = self.costs.get(kind, 0)  # it did not run to its end
            self.costs[kind] = max(time.monotonic() - began, before)
            if answer.done():
                continue
            if isinstance(result, Ended):
                answer.set_exception(result)
            else:
                answer.set_result(result)

    async def work(self, scope: dict, answer) -> list[dict] | str:
        """Return the messages of an answer.

        Return a sentence if that takes too long or nobody waits for it any more.
        """
        task = asyncio.ensure_future(self.ask(scope))
        try:
            await asyncio.wait([task, answer], timeout=WORK, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                await asyncio.wait([task], timeout=GRACE)
            return task.result() if task.done() else TOO_DEAR
        finally:
            task.cancel()

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
            self.control, theirs = socket.socketpair()
            command = self.command(theirs.fileno())
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
            theirs.close()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"+"], [theirs.fileno()])
        self.reader, self.writer = await asyncio.open_connection(sock=ours)
        await read(self.reader)  # its message that it can work

    def command(self, number: int) -> list[str]:
        arguments = str(ROOT), str(number), str(Path(self.database).resolve())
        return [sys.executable, "-c", BEGIN, *arguments]

    def stop(self) -> None:
        """End the process that works, if any."""
        if self.writer:
            self.writer.close()
            self.writer = None
            with contextlib.suppress(OSError):  # both processes have ended already
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
        messages = []
        while message := await read(self.reader):
            messages.append(message)
        return messages

    async def answer(self, scope: dict, gone) -> list[dict] | str | None:
        """Return the messages of an answer.

        Return None if the client has left, and a sentence if there is no answer. Raises Ended.
        """
        if self.waiting.qsize() >= WAITING or self.held > ANSWERS:
            return BUSY
        # Each day and each place costs about the same.
        kind = NAMES.sub("*", scope["path"]), bool(scope["query_string"])
        if len(self.costs) > 2_000:
            self.costs.clear()
        future = asyncio.get_running_loop().create_future()
        # Each request has a time by which it should be answered, and the earliest is next. So a
        # cheap one goes before those that cost more, but no flood of cheap ones makes another wait
        # forever.
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


class Front:
    """The outermost application: it has the answers that are kept, then the lane, then the site."""

    def __init__(self, app, database: Path, takes_gzip):
        self.app, self.database, self.takes_gzip = app, database, takes_gzip
        self.lane: Any = None  # both are made when the site starts
        self.running: Any = None
        self.kept: OrderedDict[tuple, list[dict]] = OrderedDict()
        self.size = 0  # bytes of the bodies that are kept

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.live(scope, receive, send)
        path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        key, method = self.key(scope, path, query), scope["method"]
        tags = b",".join(v for n, v in scope["headers"] if n == b"if-none-match").split(b",")
        tags = {tag.strip().removeprefix(b"W/") for tag in tags}
        if key in self.kept and not tags & {b"*", self.tag_of(key)}:
            self.kept.move_to_end(key)
            head, body = self.kept[key]
            return await pass_on([head, body | {"body": b""} if method == "HEAD" else body], send)
        # An answer without a body is not kept, so its page is made again each time.
        much = costs_much(path, query) or (key and (b"*" in tags or method == "HEAD"))
        if method != "GET":
            key = None  # those who ask for the whole answer must not get one without a body
        if method not in ("GET", "HEAD") or not much:
            return await self.app(scope, receive, self.keeping(key, send) if key else send)
        await self.answer_in_lane(scope, key, receive, send)

    def tag_of(self, key) -> bytes:
        """Return the entity tag of an answer that is kept, without the mark of a weak one."""
        return dict(self.kept[key][0]["headers"])[b"etag"].removeprefix(b"W/")

    async def live(self, scope, receive, send):
        """Run the site and its lane from start to end."""

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

    async def answer_in_lane(self, scope, key, receive, send) -> None:
        """Let the lane answer, and pass its answer on as fast as the client reads it."""
        plain = {name: scope[name] for name in OF_A_REQUEST}
        plain |= {"headers": [(bytes(n), bytes(v)) for n, v in scope["headers"]], "client": None}
        gone = asyncio.ensure_future(wait_for_leaving(receive))
        try:
            if self.running.done():
                self.running.result()  # raises what ended it
            answer = await self.lane.answer(plain, gone)
            if answer is None:
                return
            if isinstance(answer, str):
                refused = {"benefits.refused": (503, answer)}
                return await self.app(scope | refused, receive, send)
            size = sum(len(message.get("body", b"")) for message in answer)
            self.keep(key, answer)
            self.lane.held += size
            try:
                await pass_on(answer, send)
            finally:
                self.lane.held -= size
        except Ended as e:
            await self.app(scope | {"benefits.fault": e}, receive, send)
        finally:
            gone.cancel()

    def key(self, scope, path: str, query: str) -> tuple[str, bool] | None:
        """Return the key under which an answer is kept; None if it is not kept."""
        hosts = sum(name == b"host" for name, _ in scope["headers"])
        if hosts != 1 and scope["http_version"] == "1.1":
            return None
        if scope["method"] not in ("GET", "HEAD") or query or not SAME.fullmatch(path):
            return None
        accepted = b",".join(v for n, v in scope["headers"] if n == b"accept-encoding")
        return path, self.takes_gzip(accepted.decode("latin-1"))

    def keeping(self, key, send):
        """Return a `send` that keeps the answer as well."""
        answer = []

        async def send_and_keep(message):
            answer.append(message)
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.keep(key, answer)

        return send_and_keep

    def keep(self, key, answer: list[dict]) -> None:
        """Keep an answer if it is whole and not large, in place of those used least recently."""
        is_whole = (
            len(answer) == 2
            and answer[0]["status"] == 200
            and b"content-length" in dict(answer[0]["headers"])
        )
        if not key or not is_whole or key in self.kept or len(answer[1]["body"]) > KEPT_ONE:
            return
        self.kept[key] = answer
        self.size += len(answer[1]["body"])
        while self.size > KEPT:
            _, old = self.kept.popitem(last=False)
            self.size -= len(old[1]["body"])


async def pass_on(messages: list[dict], send) -> None:
    """Send messages in parts, each when the client has read the one before it."""
    for message in messages:
        body = message.get("body", b"")
        if len(body) <= PART:
            await send(message)
            continue
        for at in range(0, len(body), PART):
            more = at + PART < len(body) or message.get("more_body", False)
            await send(
                {"type": "http.response.body", "body": body[at : at + PART], "more_body": more}
            )
