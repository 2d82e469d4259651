"""Limits, refusals and headers of nginx."""

from __future__ import annotations

import contextlib
import re
import socket
import time

import pytest
from servers import CANARY, DEPLOY, client, get, raw

from benefits.web import guard

pytestmark = pytest.mark.nginx

REFUSED = [
    (405, get(b"/", method=b"POST"), "text/html"),
    (405, get(b"/benefits/coverage_on.json", method=b"PROPFIND"), "application/json"),
    (405, get(b"/benefits/coverage_on.csv", method=b"DELETE"), "text/plain"),
    (405, get(b"/", method=b"TRACE"), "text/html"),
    (400, get(b"evil.example:443", method=b"CONNECT"), "text/html"),
    (413, get(b"/", b"Content-Length: 2000") + b"x" * 2000, "text/html"),
    (414, get(b"/search?q=" + CANARY.encode() + b"a" * 9000), "text/html"),
    (400, get(b"/", b"Cookie: " + CANARY.encode() + b"a" * 9000), "text/html"),
    (400, get(b"/", *[b"Cookie: " + CANARY.encode() + b"a" * 7000] * 5), "text/html"),
    (400, get(b"/", host=b"X: " + CANARY.encode()), "text/html"),
    (400, get(b"/", b"Host: two.example"), "text/html"),
    (400, get(b"/", host=b"Host: ev/il"), "text/html"),
    (
        400,
        get(b"/", b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n",
        "text/html",
    ),
    (400, get(b"/", b"Content-Length: 1", b"Content-Length: 2") + b"x", "text/html"),
    (400, get(b"/", b"Content-Length: -1"), "text/html"),
    (400, get(b"/../../etc/passwd?" + CANARY.encode()), "text/html"),
    (400, get(b"/%00" + CANARY.encode()), "text/html"),
    (400, get(b"/a b?" + CANARY.encode()), "text/html"),
    (400, CANARY.encode() + b"\r\n\r\n", "text/html"),
    (400, get(b"/?" + CANARY.encode()).replace(b"HTTP/1.1", b"HTTP/9.1"), "text/html"),
    (400, b"\x16\x03\x01" + CANARY.encode() + b"\r\n\r\n", "text/html"),
]


@pytest.mark.parametrize("form", ["front", "static"])
@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_nginx_refuses_is_refused_as_the_site_refuses(request, form, number):
    status, asked, content_type = REFUSED[number]
    at = request.getfixturevalue(form)
    ((found, headers, body),) = raw(at.port, asked, source="127.0.0.66")
    assert found == status
    assert {n: headers[n] for n in guard.HEADERS} == guard.HEADERS
    assert (headers["cache-control"], headers["content-type"]) == (
        "no-store",
        content_type + "; charset=utf-8",
    ) and "location" not in headers
    assert ("allow" in headers) == (status == 405)
    assert b"evil" not in body and b"nginx" not in body and headers["server"] == "nginx"
    assert CANARY.encode() not in at.written() and b"127.0.0.66" not in at.written()


HOSTILE = [
    b"/..;/",
    b"//evil.example",
    b"//evil.example/..",
    b"/%5cevil.example",
    b"/\\evil.example",
    b"/%2f%2fevil.example",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/benefits//evil.example/",
    b"http://evil.example/",
    b"http://evil.example//evil.example/",
    b"/%0d%0aLocation:%20http://evil.example",
    b"/?a=%0d%0aLocation:%20http://evil.example",
    b"/benefits/",
    b"/on",
    b"/static/",
    b"/-/refused.html",
    b"/.git/config",
    b"*",
]


MADE_UP = [
    b"X-Forwarded-Host: evil.example",
    b"X-Forwarded-For: 127.0.0.1",
    b"X-Forwarded-Proto: https",
    b"Forwarded: host=evil.example",
    b"X-Accel-Redirect: /etc/passwd",
    b"X-Original-URL: //evil.example",
    b"X-HTTP-Method-Override: POST",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
]


@pytest.mark.parametrize("form", ["front", "static"])
@pytest.mark.parametrize("target", HOSTILE)
def test_nothing_hostile_leads_elsewhere_or_breaks_the_site(request, form, target):
    for status, headers, body in raw(
        request.getfixturevalue(form).port,
        get(target),
        get(target, *MADE_UP),
        get(target, method=b"HEAD"),
    ):
        assert status in (200, 301, 302, 400, 404), status
        assert re.match(r"/(?![/\\])", headers.get("location", "/")) and "set-cookie" not in headers
        assert (
            not [n for n, value in headers.items() if "evil" in value and n != "location"]
            and b"root:" not in body
        )
        assert {n: headers[n] for n in guard.HEADERS} == guard.HEADERS


@pytest.mark.parametrize("form", ["front", "static"])
def test_a_smuggled_request_is_not_answered(request, form):
    at = request.getfixturevalue(form)
    smuggled = b"GET /search?q=smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (
        [b"Content-Length: " + str(len(smuggled)).encode()],
        [b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: xchunked"],
        [b"Transfer-Encoding : chunked"],
    ):
        with socket.create_connection(("127.0.0.1", at.port), timeout=30) as connection:
            body = (
                smuggled
                if b"Length" in headers[0]
                else b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)
            )
            connection.sendall(
                b"\r\n".join([b"GET / HTTP/1.1", b"Host: x", *headers, b"", b""]) + body
            )
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.count(b"HTTP/1.1 ") == 1 and answer[9:12] in (b"200", b"400", b"501")


@pytest.mark.parametrize("form", ["front", "static"])
def test_too_many_requests_from_one_address_are_refused_and_others_answered(request, form):
    """A burst of 200 and 50 a second are answered; the machine itself, and another address,
    are not limited by it."""
    at = request.getfixturevalue(form)
    ask = b"HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n"
    many = (
        ask % f"/changes.atom?{'' if form == 'static' else 'jurisdiction='}".encode() * 700
        + ask.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % b"/x.json"
    )

    def statuses(source):
        with socket.create_connection(
            ("127.0.0.1", at.port), timeout=30, source_address=(source, 0)
        ) as connection:
            connection.sendall(many)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return re.findall(rb"^HTTP/1.1 (\d+)", answer, re.MULTILINE), answer

    found, answer = statuses("127.0.0.66")
    assert set(found) == {b"200", b"429"} and found[:200] == [b"200"] * 200 and found[-1] == b"429"
    last = dict(
        line.lower().split(": ", 1)
        for line in answer.decode().rstrip().split("\r\n\r\n")[-1].split("\r\n")[1:]
    )
    assert (
        last["content-type"] == "application/json; charset=utf-8"
        and last["cache-control"] == "no-store"
        and last["retry-after"] == "5"
    )
    assert {n: last[n] for n in guard.HEADERS} == {n: v.lower() for n, v in guard.HEADERS.items()}
    assert set(statuses("127.0.0.1")[0]) == {b"200", b"404"}
    with client(at, "127.0.0.67") as other:
        assert other.get("/").status_code == 200
    assert b"127.0.0.66" not in at.written()


def test_too_many_connections_from_one_address_are_refused(front):
    """200 answers under way at once; the 201st is refused, and by nothing but this: the
    requests come slowly enough for the other limit."""
    with client(front) as c:
        c.get("/benefits.db", headers={"accept-encoding": "identity"})
    with contextlib.ExitStack() as held:
        given = []
        for number in range(210):
            if number == 150:
                time.sleep(1.5)
            connection = held.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.bind(("127.0.0.68", 0))
            connection.settimeout(30)
            connection.connect(("127.0.0.1", front.port))
            connection.sendall(b"GET /benefits.db HTTP/1.1\r\nHost: x\r\n\r\n")
            given.append(connection.recv(12)[9:])
    assert given == [b"200"] * 200 + [b"429"] * 10


def test_nothing_is_written_but_what_is_kept(front):
    """After all the tests above: the files nginx has, and no more in them than addresses
    that anybody may ask."""
    files = [f.relative_to(front.run).parts[0] for f in front.run.rglob("*") if f.is_file()]
    assert set(files) == {"nginx.pid", "cache"}
    assert (
        not [
            a
            for a in front.kept()
            if CANARY in a or re.search("eligibility.*age|search.*q=.|_search", a)
        ]
        and front.kept()
    )
    assert not (front.run.parent / "said").read_bytes()
    assert {oct(f.stat().st_mode)[-3:] for f in (front.run / "cache").rglob("*")} == {"700", "600"}
    logs = {
        f.name: re.findall(
            r"^\s*((?:access|error)_log .*);", f.read_text(encoding="utf-8"), re.MULTILINE
        )
        for f in DEPLOY.glob("*.conf")
    }
    emerg = ["error_log stderr emerg"]  # "alert" still names who asked and what
    assert {name: lines for name, lines in logs.items() if lines} == {
        "common.conf": ["access_log off"],
        "replicas.conf": emerg,
        "static.conf": emerg,
    }


def test_headers_of_nginx_are_those_of_the_site():
    common, headers = (
        (DEPLOY / name).read_text(encoding="utf-8") for name in ("common.conf", "headers.conf")
    )
    (sources,) = re.findall(r'^map "" \$csp_sources {\s*default "(.*)";\s*}$', common, re.M)
    written = dict(
        re.findall(
            r'^add_header ([a-z-]+) "?([^"$]*?)"? always;$',
            headers.replace("$csp_sources", sources),
            re.MULTILINE,
        )
    )
    assert written == guard.HEADERS
