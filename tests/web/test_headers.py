"""Headers on whatever is answered, entity tags and the download."""

from __future__ import annotations

import asyncio
import os
import shutil

import httpx
import pytest
from requests_to_site import EVERYWHERE, INSIDE, get, raw

from benefits.web import app as site_app

KINDS = [
    (200, "GET", "/"),
    (200, "GET", "/benefits"),
    (200, "GET", "/benefits/coverage"),
    (200, "GET", "/benefits/coverage.json"),
    (200, "GET", "/benefits/coverage.csv?_stream=on&_dl=on"),
    (200, "GET", "/benefits/coverage_on"),
    (200, "GET", "/benefits/coverage_on.json?_shape=array"),
    (200, "GET", "/benefits/jurisdictions/IL"),
    (200, "GET", "/benefits.db"),
    (200, "GET", "/static/site.css"),
    (200, "GET", "/-/static/app.css"),
    (200, "GET", "/-/health"),
    (200, "HEAD", "/benefits/coverage.json"),
    (204, "OPTIONS", "/benefits/coverage.json"),
    (302, "GET", "/benefits/coverage/"),
    (302, "GET", "/benefits/programs?_filter_column=name&_filter_op=exact&_filter_value=x"),
    (400, "GET", "/benefits/coverage_on?as_of=yesterday"),
    (400, "GET", "/benefits/coverage_on.json?as_of=yesterday"),
    (400, "GET", "/benefits/coverage_on.csv?as_of=yesterday"),
    (400, "GET", "/benefits/coverage.json?_shape=junk"),
    (400, "GET", "/benefits/coverage.json?_next=a,b,c"),
    (403, "GET", "/benefits?sql=select+1"),
    (404, "GET", "/nowhere"),
    (404, "GET", "/nowhere.json"),
    (404, "GET", "/benefits/nowhere.csv"),
    (404, "GET", "/static/nowhere.css"),
    (404, "GET", "/static/"),
    (404, "GET", "/-/plugins.json"),
    (405, "POST", "/benefits/coverage_on"),
    (405, "PROPFIND", "/benefits/coverage_on.json"),
    (414, "GET", "/benefits/coverage?_search=" + "a" * 2000),
    (414, "GET", "/" + "a" * 1001),
]


@pytest.mark.parametrize(
    "status, method, address", KINDS, ids=[f"{k[0]} {k[1]} {k[2][:60]}" for k in KINDS]
)
def test_headers_are_on_every_answer(site, package, status, method, address):
    response = site.request(
        method,
        address,
        headers={"Cookie": "ds_actor=x; ds_csrftoken=y", "Authorization": "Bearer x"},
    )
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert (
        response.headers["dataset-version"] == package.descriptor["version"]
        and response.headers["data-through"]
    )
    assert not {"set-cookie", "server", "x-powered-by"} & set(response.headers)
    assert response.headers.get("vary", "Accept-Encoding") == "Accept-Encoding"
    lasting = status < 400 and status != 204 and address != "/-/health"
    assert response.headers["cache-control"] == ("public, max-age=300" if lasting else "no-store")
    assert ("etag" in response.headers) == (status == 200 and lasting)
    assert not any(word in response.text for word in INSIDE)
    if status >= 400:
        form = address.partition("?")[0].rpartition(".")[2]
        assert response.headers["content-type"].split(";")[0] == {
            "json": "application/json",
            "csv": "text/plain",
        }.get(form, "text/html")
        assert response.json()["status"] == status if form == "json" else len(response.text) > 20
        assert (response.headers.get("allow") == "GET, HEAD, OPTIONS") == (status == 405)
    if method == "HEAD":
        assert response.content == b""


def test_what_is_not_http_gets_them_too(site):
    for request in (
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"HELLO / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        status, headers, body = raw(site, request)
        assert (
            status == 400
            and EVERYWHERE.items() <= headers.items()
            and headers["cache-control"] == "no-store"
        )
        assert body == b"Invalid HTTP request received."


@pytest.mark.parametrize(
    "target", ["/benefits/sources?_size=100", "/on/2025-07-01/coverage", "/benefits/coverage.csv"]
)
def test_what_is_not_http_does_not_cut_the_answer_before_it(site, target):
    whole = get(site, target)[2]
    status, headers, body = raw(
        site, f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n".encode()
    )
    assert status == 200 and int(headers["content-length"]) <= len(body) and body.startswith(whole)


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"], ids=["none", "two"])
def test_a_request_has_one_host(site, hosts):
    status, _, body = raw(site, b"GET / HTTP/1.1\r\nConnection: close\r\n" + hosts + b"\r\n")
    assert status == 400 and b"one Host header" in body


def test_preflight(site):
    headers = site.options(
        "/benefits/coverage.json",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "GET"},
    ).headers
    assert (
        headers["access-control-allow-methods"] == "GET, HEAD"
        and headers["access-control-allow-headers"] == "If-None-Match"
    )
    assert (
        "ETag" in headers["access-control-expose-headers"]
        and "access-control-allow-credentials" not in headers
    )


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/benefits/coverage.json",
        "/benefits/coverage.csv",
        "/static/site.css",
        "/benefits.db",
        "/benefits/coverage_on?jurisdiction=IL",
    ],
)
def test_an_unchanged_answer_is_not_sent_again(site, address):
    first, second = site.get(address), site.get(address)
    etag = first.headers["etag"]
    assert etag == second.headers["etag"] and etag.startswith(
        'W/"' + first.headers["dataset-version"]
    )
    for tags in (etag, etag.removeprefix("W/"), f'"other", {etag}'):
        response = site.get(address, headers={"If-None-Match": tags})
        assert (
            response.status_code == 304
            and response.content == b""
            and "content-type" not in response.headers
        )
        assert (
            response.headers["etag"] == etag
            and response.headers["cache-control"] == "public, max-age=300"
        )
        assert EVERYWHERE.items() <= dict(response.headers).items()
    assert site.get(address, headers={"If-None-Match": "*"}).status_code == 304
    for tags in ('"other"', etag[:-2] + '"', "junk"):
        assert site.get(address, headers={"If-None-Match": tags}).status_code == 200


def test_etags_follow_the_site_and_the_address(site, inside):
    of = [
        site.get(a).headers["etag"]
        for a in (
            "/benefits/coverage.json",
            "/benefits/coverage",
            "/benefits/coverage.json?_size=1",
            "/benefits/coverage.json?_size=2",
        )
    ]
    assert len(set(of)) == 4
    assert inside(path=b"/benefits/coverage.json")[1]["etag"] == of[0], (
        "another process of the same site gives another"
    )


def test_the_database_downloaded_is_the_one_that_answers(database, tmp_path):
    """A build puts another in its place while the site runs."""
    copy = tmp_path / "benefits.db"
    shutil.copy(database, copy)
    site = site_app.datasette(copy)
    app = site.app()
    copy.unlink()
    copy.write_bytes(b"another")
    answer = asyncio.run(
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a").get(
            "/benefits.db"
        )
    )
    assert answer.content == database.read_bytes() and answer.headers["content-length"] == str(
        len(answer.content)
    )


@pytest.mark.parametrize(
    "size, status, sentence",
    [(100_000, 500, "This is our error"), (20_000_000, 404, "changed while the site ran")],
)
def test_a_database_changed_in_place_is_not_taken_for_the_whole(
    database, tmp_path, size, status, sentence
):
    """Of one that was cut not even the page of a refusal can be made."""
    copy = tmp_path / "benefits.db"
    shutil.copy(database, copy)
    app = site_app.datasette(copy).app()
    os.truncate(copy, size)
    answer = asyncio.run(
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a").get(
            "/benefits.db"
        )
    )
    assert answer.status_code == status and sentence in answer.text
    assert "etag" not in answer.headers and b"SQLite format" not in answer.content


def test_health(site, package):
    assert site.get("/-/health").json() == {
        "ok": True,
        "version": package.descriptor["version"],
        "data_through": site.get("/").headers["data-through"],
    }
