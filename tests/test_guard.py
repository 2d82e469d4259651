"""The outermost layer: headers on whatever is answered, what is closed, what is refused, and
that nothing asked is kept or shown."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import httpx
import pytest
from datasette.plugins import pm
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benefits.package import ROOT
from benefits.web import app as site_app
from benefits.web import guard

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


@pytest.fixture(scope="module")
def inside(database):
    """The guard around any application: status, headers and body."""
    site = site_app.datasette(database)
    (wrapper,) = [i.function for i in pm.hook.asgi_wrapper.get_hookimpls() if i.plugin is guard]
    wrap = wrapper(site)

    def ask(app=site.app(), method="GET", path=b"/", query=b"", headers=(), version="1.0"):
        ask.sent = sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": version,
            "method": method,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "headers": headers,
            "client": ("192.0.2.1", 1),
        }
        asyncio.run(wrap(app)(scope, None, send))
        return (
            sent[0]["status"],
            {n.decode(): v.decode("latin-1") for n, v in sent[0]["headers"]},
            b"".join(m["body"] for m in sent[1:]),
        )

    return ask


# ---- headers -------------------------------------------------------------------------------------

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


def test_a_database_cut_in_place_is_not_taken_for_the_whole(database, tmp_path):
    copy = tmp_path / "benefits.db"
    shutil.copy(database, copy)
    app = site_app.datasette(copy).app()
    os.truncate(copy, 100_000)
    answer = asyncio.run(
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a").get(
            "/benefits.db"
        )
    )
    assert (
        answer.status_code == 404
        and "changed while the site ran" in answer.text
        and "etag" not in answer.headers
    )


def test_health(site, package):
    assert site.get("/-/health").json() == {
        "ok": True,
        "version": package.descriptor["version"],
        "data_through": site.get("/").headers["data-through"],
    }


# ---- closed and refused --------------------------------------------------------------------------

CLOSED = (
    "plugins plugins.json versions settings metadata.json databases.json threads actor.json"
    " messages allow-debug permissions logout auth-token patterns config".split()
)
HOSTILE = [
    "//evil.example",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "/\\/evil.example/",
    "/%5Cevil.example/",
    "/%5cevil.example",
    "/a\\b",
    "/%2Fevil.example/",
    "/%00",
    "/benefits/coverage%00",
    "/a%0d%0aLocation:x",
    "/a%7f",
    "/%c2%80",
    "/../etc/passwd",
    "/benefits/../x",
    "/%2e%2e/x",
    "/static/%2e%2e%2fmetadata.yml",
    "/./x",
    "/static/..",
    "/%ff",
    "/%c3%28",
    "/%ed%a0%80",
    "http://evil.example",
    "https:evil",
    "*",
    "evil.example:80",
    "/_internal",
    "/_internal.db",
    "/-/",
    "/-/health/",
    "/-/static/../plugins",
    "/-/static/x%2f..%2f..%2fapp.py",
    "/b~65nefits",
    "/benefits/coverage~5Fon?as_of=junk",
    "/benefits.csv",
    "/benefits/coverage.exe",
    "/benefits/coverage.jsono",
    "/benefits/programs_fts_data.blob",
    "/benefits/coverage_on/1",
    "/benefits/nowhere/1",
    "/benefits/programs/a,b",
    "/benefits/dataset_codes/a",
    "/benefits/dataset_codes/a,b,c,d",
    "/benefits/coverage_rules/1",
    "/benefits/programs/~00",
    "/benefits/..%ef%bc%8f..%ef%bc%8fetc/passwd",
    "/benefits/a.b/1",
    "/static/site.css/",
    "/static/site.css/x",
    "/-/static/app.css/..;/x",
    "/static/" + "a" * 300,
    "/-/static/" + "%C3%A4" * 150 + ".css",
]


@pytest.mark.parametrize("target", HOSTILE + [f"/-/{name}" for name in CLOSED])
def test_there_is_nothing_there(site, target):
    status, headers, body = get(site, target)
    assert (
        status == (404 if target.startswith(("/", "*")) else 400)
        and "location" not in headers
        and b"evil.example" not in body
    )


def test_an_absolute_address_is_read_as_its_path(site):
    """As HTTP wants it; the host in it is nobody's."""
    (status, _, body), (_, _, home) = get(site, "http://evil.example/"), get(site, "/")
    assert status == 200 and body == home and b"evil.example" not in body


REFUSED = [
    ("/benefits?sql=select+1", 403, "no SQL"),
    ("/benefits.json?sql=", 403, "no SQL"),
    ("/benefits/coverage?_where=1%3D1", 400, "_where"),
    ("/benefits/coverage.json?_through={}", 400, "_through"),
    ("/benefits/coverage?_ttl=1000000", 400, "_ttl"),
    ("/static/site.css?_ttl=0", 400, "_ttl"),
    ("/benefits/coverage?_trace=1", 400, "_trace"),
    ("/benefits/coverage_on?_timelimit=abc", 400, "_timelimit"),
    ("/benefits/coverage?_sql=1", 400, "_sql"),
    ("/benefits/coverage?_context=1", 400, "_context"),
    ("/benefits/coverage?_fts_table=x&_search=x", 400, "_fts_table"),
    ("/benefits/coverage?_sort=nope", 400, "'nope' is not a column of coverage"),
    ("/benefits/coverage.json?_sort_desc=nope", 400, "Its columns: coverage, program"),
    ("/benefits/coverage?_sort=coverage&_sort_desc=program", 400, "at the same time"),
    ("/benefits/coverage.csv?_facet=nope", 400, "'nope' is not a column"),
    ("/benefits/coverage?_facet=", 400, "'' is not a column"),
    ("/benefits/coverage?_facet={", 400, "'{' is not a column"),
    ("/benefits/coverage?_facet_size=%C2%B2", 400, "a whole number, or max"),
    ("/benefits/coverage?" + "&".join(["_facet=population"] * 6), 400, "at most 5 facets"),
    ("/benefits/coverage?" + "&".join(["population=adult"] * 11), 400, "at most 10 filters"),
    ("/benefits/coverage?" + "&".join(["_col=program"] * 51), 400, "at most 50 parameters"),
    ("/benefits/coverage?population=%ff", 400, "UTF-8"),
    ("/benefits/coverage.json?jurisdicton=IL", 400, "'jurisdicton' is not a column"),
    (
        "/benefits/coverage?age_min__greater=5",
        400,
        "'greater' is not a way to filter. Accepted: exact",
    ),
    ("/benefits/coverage?population__in=[", 400, "is no list"),
    ("/benefits/coverage?population__arraycontains=1", 400, "is not a way to filter"),
    ("/benefits/coverage?_col=nope", 400, "'nope' is not a column"),
    ("/benefits/programs?_search_nope=x", 400, "'nope' is not a column"),
    ("/benefits/programs?_search_jurisdiction=x", 400, "Cannot search by that column"),
    ("/benefits/programs?_search=%22&_searchmode=raw", 400, "no expression of full-text search"),
    ("/benefits/coverage_rules.json?_next=abc", 400, "no page mark"),
    ("/benefits/coverage_rules?_next=99999999999999999999", 400, "no page mark"),
    ("/benefits/dataset_codes.json?_next=a,b&_sort=code", 400, "no page mark"),
    ("/benefits/coverage?_size=abc", 400, "_size"),
    ("/benefits/coverage?_size=-1", 400, "_size"),
    ("/benefits/coverage.json?_size=10001", 400, "_size must be <= 10000"),
    ("/benefits/coverage?_size=max", 400, "at most 1000 rows"),
    ("/benefits/coverage.json?_shape=junk", 400, "Invalid _shape"),
    ("/benefits.json?_shape=array", 400, "has no effect"),
    ("/benefits/programs.json?_json_infinity=junk", 400, "on or off"),
    ("/benefits/programs.csv?_stream=on&_next=a", 400, "no page mark"),
    ("/benefits/coverage.json?_next=zzzz", 400, "no page mark"),
    ("/benefits/coverage_on.json?_size=2", 400, "has no effect"),
    ("/benefits/coverage_on.csv?_sort=program", 400, "has no effect"),
    ("/benefits/coverage_on.json?juristiction=IL", 400, "no parameter 'juristiction'"),
    ("/benefits/programs?_facet_date=name&_nocol=name", 400, "which is left out"),
    ("/benefits/coverage.json?age_min__gt=99999999999999999999", 400, "at most 18 digits"),
    ("/benefits/coverage.json?age_min__in=[99999999999999999999]", 400, "is no list"),
    ("/search?q=%00", 400, "NUL character"),
    ("/benefits/search_index_config.json", 404, "nothing at this address"),
    ("/benefits/search_index.csv", 404, "nothing at this address"),
    ("/benefits/coverage_known.json", 404, "nothing at this address"),
    ("/benefits/programs_fts_data", 404, "nothing at this address"),
    ("/benefits/coverage_rules_known", 404, "nothing at this address"),
]


@pytest.mark.parametrize("address, status, why", REFUSED, ids=[f"{r[0][:70]}" for r in REFUSED])
def test_what_is_refused_says_why(site, address, status, why):
    response = site.get(address)
    assert response.status_code == status
    assert why in (response.json()["error"] if ".json" in address else html.unescape(response.text))


@pytest.mark.parametrize(
    "name", ["fbclid", "utm_source", "gclid", "msclkid", "mc_cid", "_ga", "igshid", "ref"]
)
@pytest.mark.parametrize(
    "address",
    [
        "/gaps",
        "/benefits/coverage_on.json",
        "/benefits/coverage.csv",
        "/benefits/programs.json?_size=1",
        "/",
    ],
)
def test_what_other_sites_add_to_links_changes_nothing(site, address, name):
    plain, added = (
        site.get(address),
        site.get(address + ("&" if "?" in address else "?") + name + "=x"),
    )
    assert (plain.status_code, added.status_code) == (200, 200) and plain.headers[
        "etag"
    ] == added.headers["etag"]


ASKED = {
    "_shape": "objects",
    "_size": "1",
    "_sort": "note",
    "_sort_desc": "note",
    "_sort_by_desc": "on",
    "_next": "1",
    "_facet": "enrollment",
    "_facet_date": "valid_from",
    "_facet_array": "note",
    "_facet_size": "1",
    "_search": "federal",
    "_search_note": "federal",
    "_searchmode": "raw",
    "_col": "note",
    "_nocol": "note",
    "_label": "program",
    "_labels": "on",
    "_json": "note",
    "_nl": "on",
    "_stream": "on",
    "_dl": "on",
    "_header": "off",
    "_extras": "foreign_key_tables",
    "_extra": "count",
    "_where": "0",
    "_through": "x",
    "_ttl": "1",
    "_trace": "1",
    "_timelimit": "1",
    "_fts_table": "x",
    "_fts_pk": "x",
    "_show_sql": "1",
    "_hide_sql": "1",
    "_show_hidden": "1",
    "_context": "1",
    "_json_infinity": "1",
    "_filter_column": "note",
    "_filter_op": "contains",
    "_filter_value": "x",
    "_nofacet": "1",
    "_nocount": "1",
    "_nosuggest": "1",
    "_blob_column": "note",
    "_blob_hash": "x",
    "_method": "x",
    "_sql": "1",
    "_debug": "1",
    "_exact": "1",
    "_sort_x": "1",
}
WHERE = [
    "/benefits/coverage",
    "/benefits/coverage.json",
    "/benefits/coverage.csv",
    "/benefits/coverage/il-hbia-adult-42-54-2022",
    "/benefits/coverage/il-hbia-adult-42-54-2022.json",
    "/benefits/coverage_on",
    "/benefits/coverage_on.json",
    "/benefits/coverage_on.csv",
    "/benefits",
    "/benefits.json",
    "/benefits.db",
    "/",
    "/coverage",
    "/search",
    "/jurisdictions/IL",
    "/changes.atom",
    "/openapi.json",
    "/on/2025-07-01/coverage",
    "/answers/coverage_on/as_of=2025-07-01.json",
    "/static/site.css",
]
HARMLESS = {
    "a page leads to its JSON and CSV with all that it was asked for, and these show no facets": {
        "csv": "_facet _facet_date _facet_size _nofacet _nocount",
    },
    "it steers another parameter, which is not given": {
        "": "_facet_size _searchmode _filter_op _filter_value",
        "csv": "_facet_size _searchmode _filter_op _filter_value",
        "json": "_facet_size _searchmode _filter_op _filter_value _nl",
    },
    "the site suggests no facets, so there is nothing to leave out": {
        "": "_nosuggest",
        "json": "_nosuggest",
        "csv": "_nosuggest",
    },
    "no column holds a list or an infinite number": {"json": "_json _json_infinity"},
    "the CSV of a table is whole in any case": {"csv": "_stream"},
}


@pytest.mark.parametrize("address", WHERE)
def test_a_parameter_of_datasette_changes_the_answer_or_is_refused(site, address):
    form = address.rpartition(".")[2] if "." in address else ""
    harmless = {name for by_form in HARMLESS.values() for name in by_form.get(form, "").split()}
    plain = site.get(address)
    silent = set()
    for name, value in ASKED.items():
        answer = site.get(f"{address}?{name}={value}")
        assert answer.status_code in (200, 302, 400), name
        kept = [
            re.sub(rf"[?&](amp;)?{name}={re.escape(value)}|\"query_ms\": [0-9.e-]+", "", r.text)
            for r in (answer, plain)
        ]
        same = kept[0] == kept[1] and all(
            answer.headers.get(h) == plain.headers.get(h)
            for h in ("content-disposition", "content-type")
        )
        if answer.status_code == 200 and same:
            silent.add(name)
    assert silent <= harmless, silent - harmless


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/benefits/coverage",
        "/benefits/coverage.csv",
        "/benefits/coverage_on.json?jurisdiction=IL&_shape=array",
        "/benefits.db",
        "/static/site.css",
        "/nowhere",
        "/benefits/coverage?_x=1",
    ],
)
@pytest.mark.parametrize("accepted", ["gzip", "identity", "gzip;q=0", "br, gzip;q=0.5"])
def test_head_tells_what_get_tells(site, address, accepted):
    sent = [b"Accept-Encoding: " + accepted.encode(), b"Range: bytes=0-9"]
    (status, headers, body), (head_status, head, nothing) = (
        get(site, address, *sent, method=m) for m in (b"GET", b"HEAD")
    )
    assert (
        status == head_status
        and nothing == b""
        and status != 206
        and headers["accept-ranges"] == "none"
    )
    changing = {"date", "transfer-encoding"} | ({"etag"} if status >= 400 else set())
    assert {n: v for n, v in headers.items() if n not in changing} == {
        n: v for n, v in head.items() if n not in changing
    }
    assert int(headers.get("content-length", len(body))) == len(body)


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
@pytest.mark.parametrize(
    "nothing", ["_search=", "_search", "_search=+", "_search=%20+", "_search_title="]
)
def test_a_search_for_nothing_is_no_search(site, form, nothing):
    plain, searched = (
        site.get(f"/benefits/sources{form}?_size=2"),
        site.get(f"/benefits/sources{form}?_size=2&{nothing}"),
    )
    assert searched.status_code == 200 and plain.headers["etag"] == searched.headers["etag"]


@pytest.mark.parametrize(
    "words",
    [
        "%22",
        "*",
        "%22%22",
        "a%00b",
        "(",
        "^",
        "-",
        "%C2%A0",
        "%E2%80%8B",
        "a+OR",
        "NEAR(",
        "'",
        "%3A",
    ],
)
@pytest.mark.parametrize("mode", ["", "&_searchmode=raw"])
def test_any_search_is_answered_or_refused(site, words, mode):
    for table in ("sources", "jurisdictions", "populations"):
        assert site.get(f"/benefits/{table}.json?_search={words}{mode}").status_code in (200, 400)


FOLDERS = ["C# [1] 50%41?", "a;b 'c'", "ä*", "-x", 'new\nline"']


def copied(folder):
    """The site in a folder of another name."""
    for name in ("benefits", "scripts", "plugins", "templates", "static", "sql", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("metadata.yml", "datapackage.json", "README.md", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    return folder


def served_from(folder, database, *options):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (folder / "build").mkdir(exist_ok=True)
    shutil.copy(database, folder / "build" / "benefits.db")
    command = [
        sys.executable,
        "./scripts/serve.py",
        "--port",
        str(port),
        "--database",
        "./build/benefits.db",
        *options,
    ]
    return port, subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("name", FOLDERS)
def test_the_site_serves_from_a_folder_of_any_name(database, tmp_path, name):
    port, process = served_from(copied(tmp_path / name), database)
    try:
        assert "Serving on" in process.stdout.readline()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                answers = [
                    httpx.get(f"http://127.0.0.1:{port}{a}", timeout=30)
                    for a in (
                        "/",
                        "/benefits/coverage.json",
                        "/static/site.css",
                        "/benefits.db",
                        "/jurisdictions/IL",
                        "/benefits/programs",
                    )
                ]
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        assert [a.status_code for a in answers] == [200] * 6 and all(
            EVERYWHERE.items() <= dict(a.headers).items() for a in answers
        )
        assert httpx.get(f"http://127.0.0.1:{port}/benefits?sql=select+1").status_code == 403
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


NO_GUARD = {
    "missing": ("plugins/site.py", None),
    "empty": ("plugins/site.py", ""),
    "broken": ("plugins/site.py", "import no_such_guard"),
    "missing in the library": ("benefits/web/guard.py", None),
    "without its wrapper": ("benefits/web/guard.py", "HEADERS = {'x-guard': 'y'}\nfailed = None\n"),
    "one that lets all through": (
        "benefits/web/guard.py",
        (
            "import contextvars\nfrom datasette import hookimpl\nHEADERS = {'x-guard': 'y'}\nfailed"
            " = contextvars.ContextVar('f', default=None)\n@hookimpl\ndef"
            " asgi_wrapper(datasette):\n    return lambda app: app\n"
        ),
    ),
}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("what", NO_GUARD)
def test_the_site_does_not_start_without_its_guard(database, tmp_path, what, workers):
    folder = copied(tmp_path / "site")
    file, text = NO_GUARD[what]
    (folder / file).unlink()
    if text is not None:
        (folder / file).write_text(text, encoding="utf-8")
    port, process = served_from(folder, database, "--workers", workers)
    try:
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode and "guard" in said


@pytest.mark.parametrize(
    "query",
    ["", "?_stream=on", "?_size=max", "?_sort=note", "?_stream=on&_size=&_sort_desc=program"],
)
def test_the_csv_of_a_table_is_the_whole_table(site, db, query):
    (_, head, _), (_, headers, body) = (
        get(site, "/benefits/coverage.csv" + query, method=m) for m in (b"HEAD", b"GET")
    )
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert {r["coverage"] for r in rows} == {
        r[0] for r in db.execute("SELECT coverage FROM coverage")
    }
    assert len(rows) == len({r["coverage"] for r in rows})
    assert headers["content-type"] == "text/csv; charset=utf-8" and int(
        headers["content-length"]
    ) == len(body)
    assert head["content-length"] == headers["content-length"]


def test_a_csv_of_a_named_number_of_rows_has_that_number(site):
    assert (
        len(
            list(
                csv.DictReader(
                    io.StringIO(site.get("/benefits/coverage.csv?_size=2&_stream=on").text)
                )
            )
        )
        == 2
    )


def test_a_key_may_have_dots(site):
    for form in ("", ".json"):
        assert site.get("/benefits/releases/1.0.0" + form).status_code == 200


def test_redirects_stay_here(site):
    for target in (
        "/benefits/coverage/",
        "/benefits/coverage/?a=//evil.example",
        "/:memory:/evil.example",
        "/evil.example/",
        "/%2Fx/",
        "/a%20b/",
        "/benefits/programs?_filter_column=//evil.example&_filter_op=exact",
        "/benefits/programs?_sort_by_desc=on&_sort=name&_next=//evil.example",
    ):
        status, headers, _ = get(site, target)
        assert status in (301, 302, 400, 404) and re.fullmatch(
            r"/[^/\\\s][^\\\s]*", headers.get("location", "/x")
        ), target
    assert get(site, "/benefits/coverage/?_size=1")[1]["location"] == "/benefits/coverage?_size=1"


@pytest.mark.parametrize(
    "header",
    [
        b"Cookie: \xff\xfe",
        b"Cookie: ds_messages=\x80; ds_actor=junk",
        b"Authorization: \xff",
        b"If-None-Match: \xff",
        b"Range: bytes=9-1",
        b"Accept: \xff",
        b"Upgrade: h2c",
        b"X-Forwarded-Proto: junk",
        b"X-Forwarded-For: junk",
        b"Content-Length: 0",
        b"Expect: 100-continue",
    ],
)
def test_headers_of_a_request_change_nothing(site, header):
    status, _, body = get(site, "/benefits/coverage.json?_shape=array&_size=1", header)
    assert status == 200 and b"coverage" in body


@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example:1", b"\xff\xfe", b"a b", b"<script>", b""]
)
def test_the_host_is_repeated_nowhere(site, host):
    for target in (
        "/",
        "/benefits",
        "/benefits/coverage",
        "/benefits/coverage.json?_size=1&_facet=population",
        "/benefits/coverage/",
        "/benefits/jurisdictions/IL",
        "/nowhere",
        "/benefits/coverage_on.json",
    ):
        status, headers, body = raw(
            site,
            b"GET %b HTTP/1.1\r\nHost: %b\r\nX-Forwarded-Host: evil.example\r\nConnection:"
            b" close\r\n\r\n" % (target.encode(), host),
        )
        assert status < 500 and b"evil.example" not in body and "evil.example" not in repr(headers)
        assert b"localhost" not in body and "localhost" not in repr(headers)


def test_pages_of_json_follow_each_other(site):
    first = site.get("/benefits/coverage.json?_size=1")
    address = first.json()["next_url"]
    assert address.startswith("/benefits/coverage.json?") and first.links["next"]["url"] == address
    assert site.get(address).json()["rows"] != first.json()["rows"]


def test_a_link_header_cannot_be_made_up(site):
    for address in (
        "/benefits/coverage?a,<//evil.example>;rel=preload",
        "/benefits/coverage_on?_size=1>;rel=preload,<//evil.example",
        "/?<//evil.example>;rel=preconnect",
    ):
        assert "link" not in get(site, address)[1]


def test_no_link_of_a_page_is_refused(site):
    for page in (
        "/benefits",
        "/benefits/coverage?_facet=population",
        "/benefits/coverage_on?jurisdiction=IL",
        "/benefits/jurisdictions/IL",
        "/benefits/dataset_codes",
    ):
        for href in {
            html.unescape(h)
            for h in re.findall(r'<a[^>]* href="(/benefits[^"]*)"', site.get(page).text)
        }:
            assert site.head(href).status_code < 400, (page, href)


# ---- the last net --------------------------------------------------------------------------------


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
    assert (
        b"our error" in body
        and b"inside" not in body
        and b"canary" not in body
        and "canary" not in caplog.text
    )
    reference = re.search(rb"reference is (\w+)", body)[1].decode()
    assert f"fault {reference}" in caplog.text and "guard.py" in caplog.text


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
    assert [i.plugin_name for i in pm.hook.asgi_wrapper.get_hookimpls()][0] == "guard.py", (
        "the first of this list wraps all others"
    )
    status, headers, body = inside(path=b"/benefits/coverage_on.json", query=b"as_of=junk")
    assert (
        status == 400 and b"which is not a date" in body and EVERYWHERE.items() <= headers.items()
    )


# ---- the log -------------------------------------------------------------------------------------


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


# ---- anything at all -----------------------------------------------------------------------------

SEGMENTS = [
    "benefits",
    "coverage",
    "coverage_on",
    "programs",
    "coverage_rules",
    "dataset_codes",
    "records",
    "programs_fts",
    "il-hbia",
    "IL",
    "-",
    "static",
    "site.css",
    "health",
    "..",
    ".",
    "",
    "_internal",
    ":memory:",
    "%2e%2e",
    "%5C",
    "%00",
    "%ff",
    "~00",
    "~2F",
    "a,b",
    "search",
    "jurisdictions",
    "cases",
    "evil.example",
]
NAMES = [
    "_shape",
    "_size",
    "_sort",
    "_sort_desc",
    "_next",
    "_facet",
    "_facet_date",
    "_facet_size",
    "_search",
    "_searchmode",
    "_search_name",
    "_col",
    "_nocol",
    "_label",
    "_labels",
    "_json",
    "_nl",
    "_stream",
    "_dl",
    "_filter_column",
    "_filter_op",
    "_filter_value",
    "_sort_by_desc",
    "_extras",
    "_where",
    "_ttl",
    "sql",
    "population",
    "population__in",
    "age_min__gt",
    "program__glob",
    "program__arraycontains",
    "name__like",
    "_x__exact",
    "as_of",
    "jurisdiction",
    "q",
    "age",
    "table",
    "record",
]
VALUES = [
    "",
    "1",
    "max",
    "abc",
    "-1",
    "99999999999999999999",
    "program",
    "coverage",
    "name",
    "on",
    "array",
    "object",
    "raw",
    "a,b",
    "$null,1",
    "[",
    "{",
    "%22",
    "%00",
    "%ff",
    "*",
    "NEAR(",
    "2025-06-30",
    "%C2%B2",
]
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
segments = st.sampled_from(SEGMENTS) | visible.map(lambda s: s.replace("?", "").replace("#", ""))
paths = st.builds(
    lambda s, form: "/" + "/".join(s) + form,
    st.lists(segments, max_size=4),
    st.sampled_from(["", ".json", ".csv", ".db", ".blob", "/", ".x"]),
)
data = st.builds(
    lambda t, row, form: f"/benefits/{t}{row}{form}",
    st.sampled_from(SEGMENTS[1:8]),
    st.sampled_from(["", "", "/il-hbia", "/a,b", "/1"]),
    st.sampled_from(["", ".json", ".csv"]),
)
queries = st.lists(
    st.builds(
        lambda n, v: f"{n}={v}", st.sampled_from(NAMES) | visible, st.sampled_from(VALUES) | visible
    ),
    max_size=4,
).map("&".join)


@settings(
    max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS", b"POST", b"get"]),
    paths | data,
    queries | st.none(),
)
@example(b"GET", "/benefits/programs", "_facet_date=name&_nocol=name&_sort=name&_size=2")
def test_nothing_breaks(site, method, path, query):
    status, headers, body = get(
        site,
        path if query is None else f"{path}?{query}",
        b"Cookie: ds_messages=\xff",
        method=method,
    )
    assert 200 <= status < 500 and EVERYWHERE.items() <= headers.items()
    assert "set-cookie" not in headers and "server" not in headers
    assert re.fullmatch(r"/([^/\\\s][^\\\s]*)?", headers.get("location", "/"))
    assert not any(word.encode() in body for word in INSIDE)
