"""What nginx keeps, and what it must never keep."""

from __future__ import annotations

import re
import socket
import threading
import time

import httpx
import pytest
from servers import ANSWER, CANARY, DAY, DEPLOY, PAGE, client, get, lasting, proxy, raw

from benefits.answers import read_kinds
from benefits.web import guard, requests

pytestmark = pytest.mark.nginx

KEPT = [
    "/",
    PAGE,
    ANSWER,
    f"/answers/coverage_on/as_of={DAY}.json",
    f"/coverage?as_of={DAY}",
    "/static/site.css",
    "/changes.atom",
    "/benefits/coverage",
    "/openapi.json",
]


def ask_until_kept(c, address, headers):
    """Ask again until it comes from the cache, which nginx fills after the last byte."""
    end = time.monotonic() + 10
    while (answer := c.get(address, headers=headers)).headers["x-cache"] == "MISS":
        assert time.monotonic() < end, "never kept"
        time.sleep(0.05)
    return answer


@pytest.mark.parametrize("address", KEPT)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_was_asked_once_comes_from_the_cache_as_it_came_from_the_site(
    front, running, address, encoding
):
    asked = {"accept-encoding": encoding}
    with (
        client(front) as c,
        httpx.Client(
            base_url=f"http://127.0.0.1:{running[0][1]}", timeout=30, verify=False
        ) as site,
    ):
        first, second = c.get(address, headers=asked), ask_until_kept(c, address, asked)
        direct = site.get(address, headers=asked)
        assert second.headers["x-cache"] == "HIT" and first.headers["x-cache"] in ("MISS", "HIT")
        assert [r.status_code for r in (first, second, direct)] == [200] * 3
        assert first.text == second.text and len(second.text) == len(direct.text)
        assert lasting(first.headers) == lasting(second.headers) == lasting(direct.headers)
        head = c.head(address, headers=asked)
        assert (head.status_code, head.headers["x-cache"], head.content) == (
            200,
            "HIT",
            b"",
        ) and lasting(head.headers) == lasting(second.headers)
        known = c.get(address, headers=asked | {"if-none-match": second.headers["etag"]})
        assert (known.status_code, known.headers["x-cache"], known.content) == (
            304,
            "HIT",
            b"",
        ) and known.headers["etag"] == second.headers["etag"]
        assert {n: known.headers[n] for n in guard.HEADERS} == guard.HEADERS
        assert c.get(address, headers=asked | {"if-none-match": '"other"'}).status_code == 200


def every_address() -> list[tuple[str, str, bool]]:
    """An address with a question, for each answer and page that takes one; and whether the
    question is made of dates and codes alone."""
    plugins = read_kinds()
    of_the_dataset = re.compile(r"date|path|[a-z_]+\.[a-z_]+")
    found = []
    for path, takes in [(f"/benefits/{name}", t) for name, t in plugins["answers"].items()] + list(
        plugins["pages"].items()
    ):
        path = {
            "/jurisdictions/*": "/jurisdictions/IL",
            "/cases/*": "/cases/california-v-hhs",
            "/benefits/evidence_for": "/benefits/evidence_for.json",
        }.get(path, path)
        if takes and path != "/ask":
            found.append(
                (
                    path,
                    next(iter(takes)),
                    all(of_the_dataset.fullmatch(kind) for kind in takes.values()),
                )
            )
    return found


@pytest.mark.parametrize("path, parameter, kept", every_address(), ids=lambda v: str(v))
def test_only_questions_of_dates_and_codes_are_kept(front, path, parameter, kept):
    address = f"{path}?{parameter}="
    with client(front) as c:
        found = [c.get(address) for _ in range(2)]
    assert [r.status_code for r in found] == [200, 200], found[0].text
    assert [r.headers["x-cache"] for r in found] == (["MISS", "HIT"] if kept else ["BYPASS"] * 2)
    assert (address in front.kept()) == kept


NEVER_KEPT = [
    "/search?q=canary7f3",
    "/answers/search/q=canary7f3.json",
    "/answers/%73earch/q=canary7f3.json",
    "/answers/eligibility/age=50.json",
    "/benefits/eligibility.json?age=50",
    "/answers/status_on/as_of=2024-06-01,age=50.json",
    "/benefits/status_on.json?as_of=2024-06-01&age=50",
    "/%65ligibility?age=50",
    "/eligibility?age=50&pregnant=no",
    "/benefits/coverage?_search=canary7f3",
    "/benefits/coverage.json?note__contains=canary7f3",
    "/benefits/coverage%3F.json?_search=canary7f3",
    "/-/health",
    "/nothing/canary7f3",
    "/coverage?as_of=canary7f3",
]


@pytest.mark.parametrize("address", NEVER_KEPT)
def test_what_describes_a_person_or_is_typed_freely_is_never_kept(front, address):
    with client(front) as c:
        assert {c.get(address).headers["x-cache"] for _ in range(2)} <= {"BYPASS", "MISS"}
    assert address not in front.kept() and CANARY.encode() not in front.written()


def test_readers_cannot_multiply_what_is_kept(front):
    address = "/jurisdictions/WY"
    accepted = [
        "gzip",
        "GZIP",
        "gzip, deflate, br",
        "br;q=1.0, gzip;q=0.8, *;q=0.1",
        "deflate,gzip;q=1.0",
        "gzip;q=0.001",
    ]
    plain = ["", "identity", "gzip;q=0", "gzip;q=0.0", "br", "xgzip", "gzipx", "*", "a" * 2000]
    with client(front) as c:
        for encoding, sent in [(e, "gzip") for e in accepted] + [(e, None) for e in plain]:
            answer = c.get(
                address,
                headers={
                    "accept-encoding": encoding,
                    "cookie": f"a={encoding[:9]}",
                    "accept-language": encoding[:9],
                    "origin": "http://x",
                },
            )
            assert answer.headers.get("content-encoding") == sent, encoding
    assert sorted(
        re.findall(rb"^KEY: (.*) /jurisdictions/WY[?]$", front.written(), re.MULTILINE)
    ) == [b"1.0.0 ", b"1.0.0 gzip"]


def test_what_other_sites_add_to_links_is_known_to_nginx_as_to_the_site():
    for name in ("common.conf", "replicas.conf"):
        text = (DEPLOY / name).read_text(encoding="utf-8")
        assert requests.ADDED in re.sub(r"\s", "", text), name  # wrapped, under (?x)


def test_what_other_sites_add_to_links_does_not_fill_the_cache(front):
    with client(front) as c:
        plain = c.get("/jurisdictions/NV")
        for n, added in enumerate(
            ["fbclid=1", "fbclid=2", "utm_source=a&utm_medium=b", "gclid", "&gclid=x&"]
        ):
            answer = c.get(f"/jurisdictions/NV?{added}")
            assert (answer.status_code, answer.text, answer.headers["x-cache"]) == (
                200,
                plain.text,
                "HIT",
            ), added
            mixed = c.get(f"/coverage?as_of={DAY}&{added}")
            assert mixed.status_code == 200 and mixed.headers["x-cache"] == "BYPASS", added
    kept = re.findall(rb"^KEY: .* (/.*)$", front.written(), re.MULTILINE)
    assert not [k for k in kept if b"clid" in k or b"utm_" in k]


def test_strangers_are_not_told_what_others_asked(front):
    with client(front) as near, client(front, "127.0.0.2") as far:
        near.get(PAGE)
        answer = far.get(PAGE)
    assert answer.status_code == 200 and "x-cache" not in answer.headers


def test_a_replica_is_told_the_address_and_nothing_of_who_asks(tmp_path):
    """What arrives at a replica, byte for byte."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, got = listening.getsockname()[1], []

        def replica():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    got.append(connection.recv(65536))
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )

        threading.Thread(target=replica, daemon=True).start()
        with proxy(tmp_path, [(None, port), (None, port)]) as it:
            hidden = [
                b"Cookie: a=b",
                b"User-Agent: x",
                b"Referer: http://x",
                b"Authorization: Basic x",
                b"X-Forwarded-For: 192.0.2.1",
                b"Range: bytes=0-1",
                b"Accept-Encoding: gzip",
                b"Content-Length: 3",
            ]
            raw(it.port, get(b"/search?q=a%20b&_x=//c", *hidden) + b"abc", source="127.0.0.9")
            raw(
                it.port,
                get(b"/%2e/a", *hidden) + b"abc",
                get(b"/a", method=b"HEAD"),
                get(b"/b", method=b"OPTIONS"),
            )
        listening.shutdown(socket.SHUT_RDWR)
    lines = [request.decode().split("\r\n") for request in got]
    assert [sorted(line.lower() for line in rest if line) for _, *rest in lines] == [
        ["accept-encoding: gzip", "host: benefits"]
    ] * 2 + [["host: benefits"]] * 2
    assert [first for first, *_ in lines] == [
        f"{what} HTTP/1.1"
        for what in ("GET /search?q=a%20b&_x=//c", "GET /%2e/a", "GET /a", "OPTIONS /b")
    ]
