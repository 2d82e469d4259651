"""A client of raw sockets, since a client library would correct what it sends."""

from __future__ import annotations

import contextlib
import re
import select
import socket
from dataclasses import dataclass

from benefits.errors import BenefitsError
from stress.hostile.case import request

PATIENCE = 20  # seconds until an answer counts as missing
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)")


@dataclass
class Answer:
    """An answer in HTTP; the names of its headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header; empty if there is none."""
        return next((v for n, v in self.headers if n == name), "")


class Odd(Exception):
    """The bytes that came back are not an answer in HTTP; the message says why."""


class CutOff(Odd):
    """The answer stops before its end."""


class Connection:
    """A connection to the site: `got` holds bytes that have arrived and are not parsed yet."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got, self.ended = b"", False

    def close(self) -> None:
        self.socket.close()

    def receive(self) -> None:
        """Wait for the next bytes; set `ended` when the other side has closed."""
        try:
            part = self.socket.recv(1 << 18)
        except ConnectionError:
            part = b""
        self.ended = not part
        self.got += part

    def send(self, data: bytes) -> None:
        """Send while reading: otherwise both sides might wait for each other."""
        view = memoryview(data)
        self.socket.setblocking(False)
        try:
            while view and not self.ended:
                readable, writable, _ = select.select([self.socket], [self.socket], [], PATIENCE)
                if readable:
                    self.receive()
                elif writable:
                    view = view[self.socket.send(view[: 1 << 16]) :]
                else:
                    raise TimeoutError
        except ConnectionError:
            pass  # a server may close early; its answer is judged anyway
        finally:
            self.socket.settimeout(PATIENCE)

    def silent(self) -> bool:
        """Return whether nothing has arrived since the last answer."""
        return not self.got and not select.select([self.socket], [], [], 0)[0]

    def cut(self) -> None:
        """Close this side."""
        with contextlib.suppress(OSError):  # the other side has closed it
            self.socket.shutdown(socket.SHUT_WR)

    def to_the_end(self, patience: float) -> None:
        """Read until the other side closes.

        With a short patience this side closes when nothing has arrived for so many seconds.
        """
        while not self.ended:
            if patience < PATIENCE and not select.select([self.socket], [], [], patience)[0]:
                self.cut()
                patience = PATIENCE
            self.receive()

    def answer(self, head: bool = False) -> Answer | None:
        """Return the next answer; None if the other side closed instead. Raises Odd.

        The answer to a HEAD request (`head`) has no body.
        """
        while b"\r\n\r\n" not in self.got and not self.ended:
            self.receive()
        if not self.got:
            return None
        top, gap, self.got = self.got.partition(b"\r\n\r\n")
        if not gap:
            raise Odd(f"is no answer: {top[:200]!r}")
        first, *lines = top.split(b"\r\n")
        if not (match := re.fullmatch(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [ -~]*", first)):
            raise Odd(f"begins with {first[:200]!r}")
        fields = [FIELD.fullmatch(line) for line in lines]
        if not all(fields):
            raise Odd(f"has the header line {lines[fields.index(None)][:200]!r}")
        headers = [(f[1].decode().lower(), f[2].decode("latin-1")) for f in fields]
        answer = Answer(int(match[1]), headers, b"")
        if answer.status == 100:
            return self.answer(head)
        if head or answer.status in (204, 304):
            if answer.header("connection") == "close":
                self.got = b""  # a body without a length, which nobody reads
        elif answer.header("transfer-encoding") == "chunked":
            answer.body = self.chunks()
        else:
            answer.body = self.exactly(int(answer.header("content-length")))
        return answer

    def chunks(self) -> bytes:
        """Read a body in chunks, to its end."""
        body = b""
        while size := int(self.until(b"\r\n"), 16):
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Odd("has a chunk that does not end where it says")
        if self.until(b"\r\n"):
            raise Odd("has something after its last chunk")
        return body

    def exactly(self, size: int) -> bytes:
        """Read and return a number of bytes."""
        parts = [self.got[:size]]
        self.got, missing = self.got[size:], size - len(parts[0])
        while missing:
            self.receive()
            if self.ended:
                raise CutOff(f"ends {missing:,} bytes early")
            parts.append(self.got[:missing])
            self.got, missing = self.got[missing:], missing - len(parts[-1])
        return b"".join(parts)

    def until(self, mark: bytes) -> bytes:
        """Return the bytes up to a mark, and read past it."""
        while mark not in self.got:
            self.receive()
            if self.ended:
                raise CutOff("ends in the middle of a chunk")
        before, _, self.got = self.got.partition(mark)
        return before


def ask(port: int, target: str) -> Answer:
    """Return the answer of an address that must answer. Raises BenefitsError."""
    connection = Connection(port)
    connection.send(request(target, b"Connection: close"))
    answer = connection.answer()
    connection.close()
    if answer is None or answer.status != 200:
        raise BenefitsError(f"{target} does not answer")
    return answer
