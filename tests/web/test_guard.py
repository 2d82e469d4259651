"""The outermost layer: what leaves, what an error of ours looks like, what the log holds."""

from __future__ import annotations

import re

import pytest
from datasette.app import Datasette
from datasette.plugins import pm
from requests_to_site import EVERYWHERE, get, raw


def answer_with(status=200, headers=(), error=None, start=True):
    async def app(scope, receive, send):
        assert scope["headers"] == [] and scope["client"] is None and scope["method"] == "GET"
        if start:
            await send(
                {
                    "type": "http.response.start",
                    "status": status,
                    "headers": [(b"content-type", b"text/html"), *headers],
                }
            )
        if error:
            raise error
        await send({"type": "http.response.body", "body": b"inside"})

    return app


def test_only_known_headers_leave(inside):
    app = answer_with(
        headers=[
            (b"Set-Cookie", b"a=b"),
            (b"Server", b"x"),
            (b"Cache-Control", b"max-age=9"),
            (b"Vary", b"Cookie"),
            (b"ETag", b"x"),
            (b"Link", b"</x>; rel=preload"),
        ]
    )
    status, headers, body = inside(app, headers=[(b"cookie", b"a=b"), (b"host", b"evil.example")])
    assert (
        (status, body) == (200, b"inside")
        and headers["cache-control"] == "public, max-age=300"
        and headers["etag"].startswith('W/"')
    )
    assert not {"set-cookie", "server", "link"} & set(headers)


@pytest.mark.parametrize(
    "app",
    [
        answer_with(500),
        answer_with(503),
        answer_with(error=ValueError("canary-zqx"), start=False),
        answer_with(error=RecursionError(), start=False),
        *(
            answer_with(302, [(b"location", to)])
            for to in (
                b"//evil.example",
                b"https://evil.example/",
                b"/\\evil.example",
                b"evil",
                b"/a\r\nSet-Cookie: a=b",
                b"",
            )
        ),
    ],
)
def test_a_fault_of_ours_is_told_as_ours(inside, app, caplog):
    status, headers, body = inside(app)
    assert status == 500 and EVERYWHERE.items() <= headers.items() and "location" not in headers
    assert b"<h1>This is our error</h1>" in body and b"<title>This is our error" in body
    assert (
        b"our error, not yours" in body
        and b"inside" not in body
        and b"canary" not in body
        and "canary" not in caplog.text
    )
    reference = re.search(rb"reference is (\w+)", body)[1].decode()
    assert f"fault {reference}" in caplog.text and "guard.py" in caplog.text


def test_a_fault_of_the_page_that_refuses_is_told_as_ours(inside, caplog, monkeypatch):
    async def broken(*args, **options):
        raise KeyError("canary")

    monkeypatch.setattr(Datasette, "render_template", broken)
    status, headers, body = inside(path=b"/nothing-here")
    assert status == 500 and EVERYWHERE.items() <= headers.items()
    assert b"our error, not yours" in body and b"canary" not in body + caplog.text.encode()
    assert "fault " in caplog.text


def test_an_answer_that_breaks_off_is_not_finished(inside):
    async def breaks_off(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a part", "more_body": True})
        raise ValueError

    assert inside(breaks_off, headers=[(b"host", b"a")], version="1.1")[2] == b"a part"
    assert inside.sent[-1]["more_body"], (
        "the server closes the connection, so that the part is not taken for the whole"
    )
    assert inside(breaks_off)[0] == 500, "HTTP/1.0 is told the length before anything is sent"


def test_an_answer_that_fails_before_its_first_byte_is_a_whole_500(inside):
    assert inside(answer_with(error=ValueError()))[0] == 500


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/benefits/coverage.json",
        "/benefits/coverage_on.csv",
        "/benefits/coverage.csv?_stream=on",
        "/benefits.db",
        "/static/site.css",
        "/nowhere",
    ],
)
def test_http_1_0_knows_no_chunks(site, address):
    status, headers, body = raw(site, f"GET {address} HTTP/1.0\r\n\r\n".encode())
    assert (
        status < 500
        and "transfer-encoding" not in headers
        and int(headers["content-length"]) == len(body) > 0
    )


def test_the_length_of_whole_answers_is_told(site):
    for address in (
        "/",
        "/benefits/coverage_on.json?_shape=array",
        "/static/site.css",
        "/benefits.db",
    ):
        (_, head, nothing), (_, headers, body) = (
            get(site, address, method=method) for method in (b"HEAD", b"GET")
        )
        assert (
            int(headers["content-length"]) == len(body)
            and nothing == b""
            and head.get("content-length") == headers["content-length"]
        )


def test_other_servers_may_let_other_bytes_through(inside):
    for path in (b"/\xff", b"/\x00", b"/a\r\nb", b"", b"/\xe2\x80\xae"):
        assert inside(path=path)[0] == 404
    assert inside(path=b"/benefits", query=b"a=\xff")[0] == 400
    assert inside(method="get")[0] == inside(method="\xff")[0] == 405


def test_the_guard_is_outermost(inside):
    outermost, *_ = pm.hook.asgi_wrapper.get_hookimpls()  # the first of this list wraps all others
    assert outermost.plugin_name == "benefits.web.guard"
    status, headers, body = inside(path=b"/benefits/coverage_on.json", query=b"as_of=junk")
    assert (
        status == 400 and b"which is not a date" in body and EVERYWHERE.items() <= headers.items()
    )


@pytest.mark.slow
def test_no_request_reaches_the_log(site):
    canary = "zqxlog"
    headers = [
        f"{name}: {canary}".encode()
        for name in (
            "Cookie",
            "User-Agent",
            "Referer",
            "Authorization",
            "X-Forwarded-For",
            "If-None-Match",
        )
    ]
    targets = [
        f"/{canary}",
        f"/benefits/{canary}",
        f"/benefits/coverage/{canary}",
        f"/benefits/coverage_on?as_of={canary}",
        f"/benefits/coverage?_sort={canary}",
        f"//{canary}",
        f"http://{canary}/",
    ]
    # These fail inside: in SQLite, in Datasette, in a CSV.
    targets += [
        f"/benefits/coverage.json?population__{op}={canary}"
        for op in ("arraycontains", "date", "in")
    ] + [f"/benefits/coverage.json?population__in=[{canary}"]
    targets += [
        f"/benefits/programs{form}?_search=%22{canary}&_searchmode=raw"
        for form in ("", ".json", ".csv")
    ] + [f"/benefits/coverage_rules.json?_next={canary}", f"/search?q=%22{canary}%00"]
    for target in targets:
        assert get(site, target, *headers)[0] < 500
    for request in (
        f"{canary}\r\n\r\n",
        f"GET /{canary} HTTP/1.1\r\n\r\n",
        f"{canary} / HTTP/1.1\r\nHost: {canary}\r\nConnection: close\r\n\r\n",
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection:"
            f" close\r\n\r\n{canary}\r\n"
        ),
    ):
        assert raw(site, request.encode())[0] in (400, 405)
    assert raw(
        site,
        b"GET /" + canary.encode() * 20_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )[0] in (400, 414)
    log = site.log.read_text()
    assert canary not in log and "Traceback" not in log and "sql" not in log.lower()
