"""Whole tables, keys with dots, redirects, pages of JSON."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from requests_to_site import get, raw


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


@pytest.mark.slow
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
