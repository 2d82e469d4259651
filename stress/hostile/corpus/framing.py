"""Requests that hide others, several in one, none at all, huge, cut off, or with changed bytes."""

from __future__ import annotations

from functools import partial

from stress.hostile.case import Case, kind, request

HIDDEN = request("/benefits/coverage_on.json?as_of=junk")


# With this length the hidden request is the body of the first.
LENGTHS = [
    b"Content-Length: %d" % len(HIDDEN),
    b"Content-Length:\t%d" % len(HIDDEN),
    b"content-length: 0%d" % len(HIDDEN),
]

# Invalid lengths and encodings, and pairs that contradict each other.
BAD_LENGTHS = [
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: +5",
    b"Content-Length: -1",
    b"Content-Length: 5, 6",
    b"Content-Length: 0x5",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length: \xd9\xa2",
    b"Content-Length: 5 5",
    b"Content-Length : 5",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
    b"Transfer-Encoding:\x0bchunked",
    b"X: a\r\n Transfer-Encoding: chunked",
    b"X: a\nTransfer-Encoding: chunked",
    b"Transfer-Encoding\x00: chunked",
    b'Transfer-Encoding: "chunked"',
]

CHUNKS = [
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
]

BAD_CHUNKS = [
    b"z\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhelloX\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\na",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n",
    b"\r\n\r\n",
    b"5;" + b"a" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"0\r\n" + b"X: y\r\n" * 2_000 + b"\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
]


@kind(4)
def smuggling(r, site):
    """Hide a second request in the first; it may get an answer only if its length allows it."""
    while True:
        method, target = r.choice([b"GET", b"POST", b"OPTIONS"]), r.choice(site.pages)
        send, chunked = partial(request, target, method=method), b"Transfer-Encoding: chunked"
        long = b"Content-Length: 1000000"
        yield r.choice(
            [
                lambda: Case(send(r.choice(LENGTHS), body=HIDDEN), kept=False),
                lambda: Case(send(r.choice(BAD_LENGTHS), body=HIDDEN), kept=False, answers=(1, 2)),
                lambda: Case(send(chunked, body=r.choice(CHUNKS)), kept=False),
                lambda: Case(send(chunked, body=r.choice(BAD_CHUNKS)), kept=False, answers=(1, 2)),
                lambda: Case(
                    send(long, body=b"a" * r.randint(0, 5000)),
                    kept=False,
                    cut=True,
                    answers=(0, 1),
                ),
            ]
        )()


@kind(3)
def pipelines(r, site):
    """Send several requests without waiting for an answer."""
    while True:
        count = r.randint(2, 12)
        whole = b"".join(request(r.choice(site.pages)) for _ in range(count))
        yield r.choice(
            [
                lambda: Case(whole, kept=False, answers=(count, count)),
                lambda: Case(whole + b"GARBAGE\r\n\r\n", kept=False, answers=(1, count + 1)),
                lambda: Case(b"\r\n\r\n" + request(r.choice(site.pages)), kept=False),
                lambda: Case(
                    request(r.choice(site.pages), b"Connection: close") + whole, kept=False
                ),
                lambda: Case(
                    request(r.choice(site.pages), version=b"HTTP/1.0") + whole, kept=False
                ),
                lambda: Case(
                    request(
                        r.choice(site.pages),
                        b"Upgrade: websocket",
                        b"Connection: Upgrade",
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                        b"Sec-WebSocket-Version: 13",
                    ),
                    kept=False,
                ),
            ]
        )()


NOT_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"GET /\r\n\r\n",
    b"GET / \r\n\r\n",
    b"\x05\x01\x00",
    b"SSH-2.0-x\r\n",
    b"\r\n" * 2000,
    b"\x00" * 5000,
    b"",
    b"GET",
    b"HELO a\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\rHost: a\r\r",
    b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
]


@kind(2)
def not_http(r, site):
    """Send bytes that are not a request, which may get no answer."""
    while True:
        yield Case(
            r.choice(NOT_HTTP) if r.random() < 0.6 else r.randbytes(r.randint(1, 3000)),
            kept=False,
            answers=(0, 3),
            cut=r.random() < 0.5,
        )


@kind(1)
def huge(r, site):
    """Send requests that are far too large."""
    while True:
        yield from r.sample(
            [
                Case(request(b"/" + b"a" * 1_000_000), kept=False),
                Case(request(b"/search?q=" + b"a" * 1_000_000), kept=False),
                Case(request("/", *(b"X-%d: a" % i for i in range(10_000))), kept=False),
                Case(request("/", b"X: " + b"a" * 65_536), kept=False),
                Case(request("/", b"A" * 65_536 + b": a"), kept=False),
                Case(request("/", b"Cookie: " + b"a=b;" * 250_000), kept=False),
                Case(
                    request("/", b"Content-Length: 3000000", body=b"a" * 3_000_000),
                    kept=False,
                    answers=(1, 2),
                ),
                Case(
                    request("/", b"Content-Length: 3000000", method=b"POST", body=b"a" * 3_000_000),
                    kept=False,
                    answers=(1, 2),
                ),
                Case(request("/", host=b"Host: " + b"a" * 500_000), kept=False),
                Case(request("/", version=b"HTTP/1.1" + b"1" * 100_000), kept=False),
                Case(
                    request(
                        "/",
                        b"Transfer-Encoding: chunked",
                        body=b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n",
                    ),
                    kept=False,
                    answers=(1, 2),
                ),
                Case(
                    b"".join(request("/-/nothing") for _ in range(300)),
                    kept=False,
                    answers=(300, 300),
                ),
            ],
            12,
        )


@kind(3)
def broken_off(r, site):
    """Cut a request after any byte. uvicorn closes then, and may send no answer."""
    while True:
        whole = (
            request(r.choice(site.pages), b"Content-Length: 10", body=b"0123456789")
            if r.random() < 0.3
            else request(r.choice(site.pages))
        )
        yield Case(whole[: r.randint(1, len(whole))], kept=False, answers=(0, 1), cut=True)


@kind(5)
def mutated(r, site):
    """Change, remove, repeat or insert bytes of an honest request."""
    while True:
        sent = bytearray(
            request(
                r.choice(site.pages),
                b"Accept: */*",
                b"Accept-Encoding: gzip",
                b'If-None-Match: "x"',
                b"Cookie: a=b",
                b"User-Agent: x",
            )
        )
        for _ in range(r.randint(1, 6)):
            at = r.randrange(len(sent))
            change = r.randrange(4)
            sent[at : at + (change != 3)] = [
                bytes([r.randrange(256)]),
                b"",
                bytes(sent[at : at + 9]),
                r.randbytes(r.randint(1, 4)),
            ][change]
        yield Case(bytes(sent), kept=False, answers=(0, 3))
