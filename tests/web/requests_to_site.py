"""Requests as bytes and as ASGI, past what an HTTP client would send."""

from __future__ import annotations

import socket

from benefits.package import ROOT

EVERYWHERE = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-dns-prefetch-control": "off",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
}


INSIDE = ("Traceback", ".venv", "site-packages", str(ROOT))


def raw(site, request: bytes) -> tuple[int, dict, bytes]:
    """Status, headers and body of the answer to bytes that no client library would send."""
    with socket.create_connection(
        (site.base_url.host, site.base_url.port), timeout=30
    ) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return (
        int(status.split()[1]),
        {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)},
        body,
    )


def get(
    site, target: str | bytes, *headers: bytes, method: bytes = b"GET"
) -> tuple[int, dict, bytes]:
    target = target if isinstance(target, bytes) else target.encode("latin-1")
    return raw(
        site,
        b"\r\n".join(
            [
                method + b" " + target + b" HTTP/1.1",
                b"Host: evil.example",
                b"Connection: close",
                *headers,
                b"",
                b"",
            ]
        ),
    )
