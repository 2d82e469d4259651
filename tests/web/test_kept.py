"""Answers that are kept, and statements that take too long."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from benefits.web import app as site_app
from benefits.web import lane, requests


def test_kept_answers_are_the_answers(site):
    for address in ("/jurisdictions/IL", "/benefits/coverage", "/benefits/coverage.json?", "/"):
        for accepted in ("gzip", "identity"):
            first, second = (
                site.get(address, headers={"accept-encoding": accepted}) for _ in range(2)
            )
            assert (
                first.content == second.content and first.headers["etag"] == second.headers["etag"]
            )
            assert second.headers.get("content-encoding", "identity") == accepted
        # JSON says how long its query took: made anew, it would have another length now and then.
        for _ in range(20):
            head = site.head(address, headers={"accept-encoding": "identity"})
            assert (
                head.content == b""
                and head.headers["content-length"] == second.headers["content-length"]
            )
            assert head.headers["etag"] == second.headers["etag"]
        assert (
            site.get(address, headers={"if-none-match": second.headers["etag"]}).status_code == 304
        )


def test_no_header_makes_the_site_make_a_kept_answer_anew(database):
    """The thread of the site makes each page once, however it is asked for, and the process
    beside makes the others."""
    made, beside = [], []

    async def app(scope, receive, send):
        made.append(scope["path"])
        headers = [(b"content-length", b"1"), (b"etag", b'W/"tag"')]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    class Beside(lane.Front):
        async def answer_in_lane(self, scope, key, receive, send):
            beside.append(scope["path"])

    async def ask():
        front, sent = Beside(app, database, lambda accepted: False), []

        async def send(message):
            sent.append(message)

        async def get(*headers, method="GET", version="1.1", path="/coverage"):
            scope = {
                "type": "http",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "method": method,
            }
            await front(scope | {"http_version": version, "headers": list(headers)}, None, send)

        host = (b"host", b"a")
        await get(host, method="HEAD")
        await get(host, (b"if-none-match", b"*"))
        assert (made, beside) == ([], ["/coverage"] * 2)
        await get(host, (b"if-none-match", b'"other"'))
        await get(host, (b"if-none-match", b'x"tag"'))
        await get(host, method="HEAD")
        await get(version="1.0")
        assert made == ["/coverage"] and len(beside) == 2
        assert [m.get("status", m.get("body")) for m in sent] == [
            200,
            b"x",
            200,
            b"x",
            200,
            b"",
            200,
            b"x",
        ]
        await get(host, (b"if-none-match", b'"a", W/"tag"'))
        # which is told that nothing has changed, and makes nothing
        assert made == ["/coverage"] * 2

    asyncio.run(ask())


def test_an_answer_without_its_body_is_not_kept(site):
    assert site.head("/benefits/programs.json").content == b""
    assert site.get("/benefits/programs.json").json()["rows"]
    assert site.head("/gaps").content == b""
    assert "<h1>" in site.get("/gaps").text


def test_what_a_reader_describes_is_not_kept(database):
    front = lane.Front(None, database, lambda accepted: False)
    for address, kept in [
        ("/coverage", True),
        ("/benefits/coverage", True),
        ("/eligibility", False),
        ("/search", False),
        ("/on/2025-07-01/coverage", False),
        ("/answers/eligibility/age=30.json", False),
        ("/benefits/programs/il-hbia", False),
    ]:
        scope = {"method": "GET", "http_version": "1.1", "headers": [(b"host", b"a")]}
        assert (front.key(scope, address, "") is not None) is kept, address
        assert front.key(scope, address, "age=30") is None


@pytest.mark.slow
def test_a_statement_over_its_time_is_told_and_never_left_out(database):
    """Of rows, of a count, of a facet, of a CSV, of an answer, of a page."""
    site = site_app.datasette(database)
    site.executor = None  # no threads: a limit set for one statement must not meet another
    app = site.app()

    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://a"
        ) as client:
            assert (await client.get("/benefits/coverage.json?_facet=program")).status_code == 200
            database, found = site.get_database("benefits"), []
            for slow in ("order by", "select count(*) from", "group by", "WITH"):
                whole = database.execute_fn

                async def limited(fn, slow=slow, whole=whole):
                    names = dict(zip(fn.__code__.co_freevars, fn.__closure__ or ()))
                    sql, before = (
                        names["sql"].cell_contents if "sql" in names else "",
                        site.sql_time_limit_ms,
                    )
                    site.sql_time_limit_ms = 0 if slow in sql else before
                    try:
                        return await whole(fn)
                    finally:
                        site.sql_time_limit_ms = before

                database.execute_fn = limited
                found.append([await client.get(a) for a in ADDRESSES[slow]])
                database.execute_fn = whole
            return found

    for answers in asyncio.run(ask()):
        for answer in answers:
            assert (answer.status_code, "takes too long" in answer.text) == (400, True), (
                answer.url,
                answer.text[:300],
            )


ADDRESSES = {
    "order by": [
        "/benefits/coverage.json",
        "/benefits/coverage",
        "/benefits/coverage.csv?_sort=note",
    ],
    "select count(*) from": ["/benefits/coverage.json", "/benefits/coverage"],
    "group by": [
        "/benefits/coverage.json?_facet=program",
        "/benefits/coverage?_facet=program",
        "/benefits/coverage?_facet_date=valid_from",
    ],
    "WITH": [
        "/benefits/coverage_on.json",
        "/benefits/coverage_on.csv",
        "/benefits/coverage_on.json?_shape=array",
        "/benefits/coverage_on",
    ],
}


@pytest.mark.slow
def test_a_csv_of_many_rows_comes_in_few_parts(database):
    """Datasette sends it row by row. Each part costs the thread of the site something."""

    async def ask():
        beside = lane.Lane(database)
        try:
            await beside.ready()
            scope = {
                "type": "http",
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "query_string": b"",
                "headers": [(b"host", b"a")],
                "client": None,
            }
            return await beside.ask(
                scope
                | {
                    "path": "/benefits/sharing_on.csv",
                    "raw_path": b"/benefits/sharing_on.csv",
                }
            )
        finally:
            beside.end()

    found = asyncio.run(ask())
    body = b"".join(m.get("body", b"") for m in found)
    assert body.count(b"\n") > 500 and len(found) <= 3 + len(body) // lane.PART


@pytest.mark.parametrize(
    "query", ["", "?_size=max", "?_sort=name", "?_sort_desc=jurisdiction&name__contains=a"]
)
def test_a_whole_csv_is_one_pass(database, monkeypatch, query):
    """And not one for each page, which would sort the table again each time."""
    site, pages = site_app.datasette(database), []
    monkeypatch.setattr(requests, "MAX_ROWS", 7)
    whole = site.get_database("benefits").execute

    async def counted(sql, *args, **kwargs):
        pages.extend(["page"] * sql.startswith("select program, "))
        return await whole(sql, *args, **kwargs)

    monkeypatch.setattr(site.get_database("benefits"), "execute", counted)

    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(site.app()), base_url="http://a"
        ) as client:
            there = "/benefits/programs.csv" + query
            one, passes = (await client.get(there)).text, len(pages)
            page = (await client.get("/benefits/programs.json?_size=max")).json()["rows"]
            monkeypatch.setattr(site, "max_returned_rows", 7)
            return one, passes, page, (await client.get(there)).text, len(pages)

    one, passes, page, by_pages, more = asyncio.run(ask())
    assert one == by_pages and one.count("\n") > 20 and len(page) == 7
    assert passes == 1 and more > 4
