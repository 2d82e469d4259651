"""Cases of the corpus: the bytes to send, and how many answers they may get."""

from __future__ import annotations

from dataclasses import dataclass

from stress import kinds


@dataclass(frozen=True)
class Case:
    """Bytes to send, and how many answers they may get.

    A `kept` case is one complete request on a connection that many cases share. Any other case has
    its own connection, on which an honest request follows, or which is `cut` after the last byte.
    `most` is an address with at least as many rows as this one may have.
    """

    sent: bytes
    kept: bool = True
    answers: tuple[int, int] = (1, 1)
    cut: bool = False
    most: str = ""


def request(
    target: str | bytes,
    *headers: bytes,
    method: bytes = b"GET",
    body: bytes = b"",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"Host: 127.0.0.1",
) -> bytes:
    """Return the bytes of a request."""
    target = target if isinstance(target, bytes) else target.encode()
    first = b" ".join([method, target, version])
    return b"\r\n".join([first, *([host] if host else []), *headers, b"", body])


HONEST = request("/-/health", b"Connection: close")


def kind(share: int):
    """Mark an endless generator of cases; `share` is its part of the corpus, in percent."""

    def mark(function):
        function.share = share
        return kinds.kind(function)

    return mark


@dataclass
class Map:
    """The addresses of the site: documented parameters, the columns of tables, and pages."""

    parameters: list[tuple[str, str]]
    tables: dict[str, list[str]]
    pages: list[str]
