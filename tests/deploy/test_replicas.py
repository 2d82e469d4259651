"""A replica is lost, and a release is switched."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from servers import ANSWER, CANARY, PAGE, Readers, client, lasting, proxy, replicas

from benefits.database import build
from benefits.reading import load
from benefits.web import adapter, guard
from support import copy_package

pytestmark = pytest.mark.nginx


def soon_old(text: str) -> str:
    """The configuration, but that what is kept is old after a second and not after five minutes."""
    return text.replace(
        "proxy_ignore_headers Vary;",
        "proxy_ignore_headers Vary Cache-Control; proxy_cache_valid 200 1s;",
    )


def test_lost_replicas_fail_no_request_and_what_is_kept_outlives_them_all(database, tmp_path):
    numbers = itertools.count()
    with (
        replicas(database, database) as both,
        proxy(tmp_path, both, edit=soon_old) as it,
        client(it) as c,
    ):
        with Readers(
            it.base,
            lambda: (f"/benefits/search.json?q=health{next(numbers)}" for _ in itertools.count()),
        ) as readers:
            readers.more(40)
            both[0][0].kill()
            readers.more(80)
        assert not readers.failed and not readers.broken

        fresh = c.get(PAGE)
        assert fresh.headers["x-cache"] == "MISS"
        time.sleep(2.1)
        assert (
            c.get(PAGE).headers["x-cache"] == "STALE"
        )  # the reader does not wait while the replica is asked
        until = time.monotonic() + 10
        while (found := c.get(PAGE)).headers["x-cache"] != "HIT":
            assert time.monotonic() < until
        assert found.text == fresh.text

        both[1][0].kill()
        both[1][0].wait()
        time.sleep(2.1)
        for _ in range(20):
            old = c.get(PAGE)
            assert (old.status_code, old.headers["x-cache"], old.text) == (
                200,
                "STALE",
                fresh.text,
            ) and lasting(old.headers) == lasting(fresh.headers)

        for form, content_type in (
            ("", "text/html"),
            (".json", "application/json"),
            (".csv", "text/plain"),
        ):  # a refusal is no CSV
            with client(it, "127.0.0.66") as far:
                gone = far.get(f"/benefits/search{form}?q={CANARY}")
            assert (
                gone.status_code,
                gone.headers["cache-control"],
                gone.headers["content-type"],
            ) == (502, "no-store", content_type + "; charset=utf-8")
            assert {n: gone.headers[n] for n in guard.HEADERS} == guard.HEADERS and gone.headers[
                "retry-after"
            ] == "60"
            assert "does not answer at the moment" in gone.text
        assert gone.text.count("\n") == 1
    assert (
        CANARY.encode() not in it.written()
        and b"127.0.0.66" not in it.written()
        and not (tmp_path / "said").read_bytes()
    )


def test_another_release_is_served_at_once_and_so_is_the_one_before(database, running, tmp_path):
    earlier, root = tmp_path / "earlier" / "benefits.db", copy_package(tmp_path / "package")
    descriptor = json.loads((root / "datapackage.json").read_text(encoding="utf-8"))
    (root / "datapackage.json").write_text(
        json.dumps(descriptor | {"version": "0.9.9"}), encoding="utf-8"
    )
    package = load(root)
    build.build(package, package.digests(), earlier)
    version = adapter.site_metadata(database)["source"].split()[-1]
    with replicas(earlier) as old, proxy(tmp_path, running, name="now") as it, client(it) as c:
        it.release(
            "before",
            **{
                "default 1.0.0": "default before",
                "127.0.0.1:8101": f"127.0.0.1:{old[0][1]}",
                "127.0.0.1:8102": f"127.0.0.1:{old[0][1]}",
            },
        )

        def served():
            found = [
                c.get(a, headers={"connection": "close"}) for a in (PAGE, ANSWER) for _ in range(3)
            ]
            assert {r.status_code for r in found} == {200}
            return {r.headers["dataset-version"] for r in found}, [
                r.headers["x-cache"] for r in found
            ]

        assert served() == ({version}, ["MISS", "HIT", "HIT"] * 2)
        with Readers(
            it.base, lambda: itertools.cycle([PAGE, ANSWER, "/benefits/search.json?q=health"])
        ) as readers:
            readers.more(30)
            it.switch("before")
            assert served()[0] == {
                "0.9.9"
            }  # though what is kept of the other release is not yet old
            readers.more(30)
            it.switch("now")
            assert served() == ({version}, ["HIT"] * 6)
            readers.more(30)
        assert not readers.failed and not readers.broken
        assert {v for _, v in readers.seen} == {version, "0.9.9"}
