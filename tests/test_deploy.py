"""The configuration in deploy/, with a real nginx: in front of real replicas of the site, and with
its static copy.

Replicas and nginx are started by the commands of the systemd units. All of nginx's files lie in
one folder, as on a server."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import yaml
from conftest import ROOT, copy_package

from benefits import setup
from benefits.database import build
from benefits.export import static_copy as site_export
from benefits.reading import load
from benefits.web import app as site_app
from benefits.web import guard, requests

DEPLOY = ROOT / "deploy"
DAY = "2026-01-06"
PAGE = f"/on/{DAY}/coverage"
ANSWER = f"/benefits/coverage_on.json?as_of={DAY}&jurisdiction=IL&_shape=array"
CANARY = "canary7f3"
pytestmark = pytest.mark.nginx
OF_THE_CONNECTION = {
    "date",
    "server",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "x-cache",
    "accept-ranges",
}


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def command(unit: str, **words: str) -> list[str]:
    """The command of a systemd unit, with words of it replaced."""
    (line,) = re.findall(
        "^ExecStart=(.*)$", (DEPLOY / unit).read_text(encoding="utf-8"), re.MULTILINE
    )
    for old, new in words.items():
        line = line.replace(old, new)
    return shlex.split(line)


def answers(port: int, within: float = 20) -> None:
    until = time.monotonic() + within
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, f"nothing listens on {port}"
            time.sleep(0.02)


@contextlib.contextmanager
def replicas(*databases: Path):
    """A replica for each database, started by the command of benefits@.service: (process,
    port) each."""
    started = []
    try:
        for database, port in zip(databases, free_ports(len(databases))):
            words = {
                "/srv/benefits/at/%i/.venv/bin/python": sys.executable,
                "/srv/benefits/at/%i": str(ROOT),
                "%i": str(port),
            }
            started.append(
                (
                    subprocess.Popen(
                        [*command("benefits@.service", **words), "--database", str(database)],
                        stdout=subprocess.DEVNULL,
                    ),
                    port,
                )
            )
        for _, port in started:
            answers(port)
        yield started
    finally:
        for process, _ in started:
            process.kill()
            process.wait()


class Nginx:
    """nginx with one of the two forms. `conf` is what stands in /etc/benefits on a server,
    `run` the prefix, the only place it writes to."""

    def __init__(
        self,
        form: str,
        folder: Path,
        edit=lambda text: text,
        listen=lambda port: f"listen 127.0.0.1:{port};\n",
    ):
        self.conf, self.run, self.form = folder / "etc", folder / "run", form
        (self.conf / "releases").mkdir(parents=True)
        self.run.mkdir()
        for file in DEPLOY.glob("*.conf"):
            (self.conf / file.name).write_text(
                edit(file.read_text(encoding="utf-8")), encoding="utf-8"
            )
        (self.port,) = free_ports(1)
        (self.conf / "listen.conf").write_text(listen(self.port), encoding="utf-8")
        self.base = f"http://127.0.0.1:{self.port}"

    def release(self, name: str, **words: str) -> None:
        """A release, described by a copy of the sample."""
        text = (self.conf / f"release-{self.form}.conf").read_text(encoding="utf-8")
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        (self.conf / "releases" / f"{name}.conf").write_text(text, encoding="utf-8")

    def point(self, name: str) -> None:
        subprocess.run(
            ["ln", "-sfn", f"releases/{name}.conf", str(self.conf / "current.conf")], check=True
        )

    def command(self, *more: str) -> list[str]:
        words = {
            "/usr/sbin/nginx": NGINX,
            "%t/benefits": str(self.run),
            "/etc/benefits": str(self.conf),
            "%i": self.form,
        }
        if os.geteuid() == 0:
            words["daemon off;"] = (
                "daemon off; user root;"  # the folders of a test are closed to others
            )
        return [*command("benefits-nginx@.service", **words), *more]

    def start(self, name: str) -> None:
        self.point(name)
        self.said = open(self.run.parent / "said", "wb")
        self.process = subprocess.Popen(self.command(), stdout=self.said, stderr=self.said)
        answers(self.port)

    def switch(self, name: str) -> None:
        """As docs/serving.md says, and until the processes with the earlier
        configuration are gone."""
        before = self.workers()
        self.point(name)
        subprocess.run(self.command("-t", "-q"), check=True, capture_output=True)
        subprocess.run(self.command("-s", "reload"), check=True, capture_output=True)
        until = time.monotonic() + 20
        while not self.workers() or self.workers() & before:
            assert time.monotonic() < until, "nginx did not take the new configuration"
            time.sleep(0.02)

    def workers(self) -> set[str]:
        return set(
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        self.said.close()

    def written(self) -> bytes:
        """All that is in any file nginx wrote, with its name, and all it printed."""
        files = [
            f for f in self.run.parent.rglob("*") if f.is_file() and self.conf not in f.parents
        ]
        return b"\n".join(str(f).encode() + b"\n" + f.read_bytes() for f in files)

    def kept(self) -> set[str]:
        """The addresses that the cache has something for."""
        return {
            line.split()[-1]
            for line in re.findall(r"^KEY: (.*)$", self.written().decode("latin-1"), re.MULTILINE)
        }


@pytest.fixture(scope="module", autouse=True)
def needed(database):
    global NGINX, HEADERS
    site_app.datasette(database)  # which loads the plugins
    HEADERS = guard.HEADERS
    NGINX = setup.find_tool("nginx")


@contextlib.contextmanager
def proxy(folder: Path, running, name: str = "1.0.0", **options):
    """nginx in front of two replicas, serving them as the release `name`."""
    it = Nginx("replicas", folder, **options)
    it.release(
        name,
        **{
            "default 1.0.0": f"default {name}",
            "127.0.0.1:8101": f"127.0.0.1:{running[0][1]}",
            "127.0.0.1:8102": f"127.0.0.1:{running[1][1]}",
        },
    )
    it.start(name)
    try:
        yield it
    finally:
        it.stop()


@pytest.fixture(scope="module")
def running(database):
    with replicas(database, database) as both:
        yield both


@pytest.fixture(scope="module")
def front(running, tmp_path_factory):
    with proxy(tmp_path_factory.mktemp("front"), running) as it:
        yield it


@pytest.fixture(scope="module")
def static(database, tmp_path_factory):
    """nginx with a copy of the site for one day and one state, made as a release makes it."""
    folder = tmp_path_factory.mktemp("static")
    few = (
        r"|/(?:evidence/|answers/evidence_for/)(?!.*il-hbia-adult)"
        r"|/on/(?!DAY/(?:$|coverage|gaps|jurisdictions/IL|cases/california-v-hhs$))"
        r"|/answers/(?!evidence_for)(?!.*=DAY)"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            site_export,
            "LEFT_OUT",
            re.compile(site_export.LEFT_OUT.pattern + few.replace("DAY", DAY)),
        )
        site_export.export(database, folder / "site", days=[DAY])
    for file in [f for f in (folder / "site").rglob("*") if f.is_file()]:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
    it = Nginx("static", folder)
    it.site = folder / "site"
    about = json.loads((ROOT / "datapackage.json").read_text(encoding="utf-8"))
    words = {"dataset-version 1.0.0": f"dataset-version {about['version']}"}
    words |= {"data-through 2026-11-24": f"data-through {about['data_through']}"}
    it.release("1.0.0", **{"/srv/benefits/dist/1.0.0/site": str(it.site)} | words)
    it.start("1.0.0")
    yield it
    it.stop()


def client(at, source: str = "127.0.0.1") -> httpx.Client:
    return httpx.Client(
        base_url=at.base,
        timeout=30,
        transport=httpx.HTTPTransport(local_address=source, verify=False),
    )


def raw(port: int, *requests: bytes, source: str = "127.0.0.1") -> list[tuple[int, dict, bytes]]:
    """Status, headers and body of the answers to bytes that no client library would send,
    one connection each."""
    given = []
    for request in requests:
        with socket.create_connection(
            ("127.0.0.1", port), timeout=30, source_address=(source, 0)
        ) as connection:
            connection.sendall(request)
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).removeprefix(
                b"HTTP/1.1 100 Continue\r\n\r\n"
            )
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        given.append(
            (
                int(status.split()[1]),
                {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)},
                body,
            )
        )
    return given


def get(
    target: bytes, *headers: bytes, method: bytes = b"GET", host: bytes = b"Host: evil.example"
) -> bytes:
    return b"\r\n".join(
        [method + b" " + target + b" HTTP/1.1", host, b"Connection: close", *headers, b"", b""]
    )


def lasting(headers) -> dict:
    return {name: value for name, value in headers.items() if name not in OF_THE_CONNECTION}


# ---- the cache -----------------------------------------------------------------------------------

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
        first, second = c.get(address, headers=asked), c.get(address, headers=asked)
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
        assert {n: known.headers[n] for n in HEADERS} == HEADERS
        assert c.get(address, headers=asked | {"if-none-match": '"other"'}).status_code == 200


def every_address() -> list[tuple[str, str, bool]]:
    """An address with a question, for each answer and page that takes one; and whether the
    question is made of dates and codes alone."""
    plugins = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))["plugins"]
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
    added = requests.TRACKING.pattern
    assert added in (DEPLOY / "common.conf").read_text(encoding="utf-8") and added in (
        DEPLOY / "replicas.conf"
    ).read_text(encoding="utf-8")


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


# ---- a replica lost, and a release switched ------------------------------------------------------


class Readers:
    """Readers who ask without pause, each request on a connection of its own, while
    something happens to the site."""

    def __init__(self, base: str, addresses):
        self.base, self.addresses, self.seen, self.failed, self.broken, self.stopped = (
            base,
            addresses,
            [],
            [],
            [],
            threading.Event(),
        )

    def ask(self):
        with httpx.Client(
            base_url=self.base, timeout=30, headers={"connection": "close"}, verify=False
        ) as c:
            for address in itertools.takewhile(
                lambda _: not self.stopped.is_set(), self.addresses()
            ):
                try:
                    answer = c.get(address)
                    self.seen.append((answer.status_code, answer.headers.get("dataset-version")))
                    if answer.status_code != 200:
                        self.failed.append((address, answer.status_code))
                except httpx.HTTPError as e:
                    (self.broken if "complete message body" in str(e) else self.failed).append(
                        (address, repr(e))
                    )

    def more(self, count: int) -> None:
        until, wanted = time.monotonic() + 30, len(self.seen) + count
        while len(self.seen) < wanted:
            assert time.monotonic() < until and not self.failed, self.failed[:5]
            time.sleep(0.01)

    def __enter__(self):
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


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
            assert {n: gone.headers[n] for n in HEADERS} == HEADERS and gone.headers[
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
    version = site_app.site_metadata(database)["source"].split()[-1]
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


# ---- limits, refusals, headers -------------------------------------------------------------------

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
    assert {n: headers[n] for n in HEADERS} == HEADERS
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
        assert {n: headers[n] for n in HEADERS} == HEADERS


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
    assert {n: last[n] for n in HEADERS} == {n: v.lower() for n, v in HEADERS.items()}
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
    written = dict(
        re.findall(
            r'^add_header ([a-z-]+) "?([^"$]*?)"? always;$',
            (DEPLOY / "headers.conf").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert written == HEADERS


# ---- the static copy -----------------------------------------------------------------------------


def test_every_file_of_the_copy_is_answered_as_the_site_answers(static, site):
    files = [
        f.relative_to(static.site).as_posix()
        for f in static.site.rglob("*")
        if f.is_file() and f.suffix != ".gz" and f.name not in ("404.html", "README.txt")
    ]
    assert len(files) > 40
    compared = {*HEADERS, "content-type", "cache-control", "dataset-version", "data-through"}
    with client(static) as c:
        for name in files:
            address = "/" + name.removesuffix("index.html")
            for address in (
                {address, address.rstrip("/") or "/"}
                if not name.startswith(f"on/{DAY}/index")
                else {address}
            ):
                for encoding in ("gzip", "identity"):
                    live, copy = (
                        s.get(address, headers={"accept-encoding": encoding}) for s in (site, c)
                    )
                    if live.is_redirect or live.status_code == 404 and address.endswith("/"):
                        continue  # an address with a slash too many
                    assert (address, copy.status_code, copy.headers.get("content-encoding")) == (
                        address,
                        200,
                        "gzip" if encoding == "gzip" else None,
                    )
                    assert {n: copy.headers.get(n) for n in compared} == {
                        n: live.headers.get(n) for n in compared
                    }
                    assert copy.content == (static.site / name).read_bytes()
            assert (
                c.get(
                    address,
                    headers={"if-none-match": copy.headers["etag"], "accept-encoding": "identity"},
                ).status_code
                == 304
            )
            assert c.head(address).content == b""


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/nothing.json",
        "/nothing.csv",
        f"/on/{DAY}/nothing",
        "/static/",
        "/answers",
        "/on",
        "/-/plugins",
    ],
)
def test_what_the_copy_lacks_is_refused_as_the_site_refuses(static, site, address):
    with client(static) as c:
        live, copy = site.get(address), c.get(address)
    assert copy.status_code == live.status_code == 404
    assert {n: copy.headers.get(n) for n in [*HEADERS, "content-type", "cache-control"]} == {
        n: live.headers.get(n) for n in [*HEADERS, "content-type", "cache-control"]
    }
    assert "There is nothing at this address." in copy.text and "location" not in copy.headers


def test_the_copy_gives_no_answer_to_a_question_it_cannot_read(static):
    with client(static) as c:
        for address in (
            "/coverage?as_of=2020-01-01",
            "/search?q=health",
            "/eligibility?age=50",
            f"{PAGE}?compare=2025-01-01",
            "/ask?as_of=2025-01-01",
        ):
            answer = c.get(address)
            assert (
                answer.status_code == 404
                and "This is a copy of the site as plain files." in answer.text
                and "answers and tables" not in answer.text
            )
        assert c.get("/coverage?").status_code == 200
        for added in ("fbclid=x", "utm_source=a&gclid=b", "fbclid"):
            assert (
                c.get(f"/coverage?{added}").text == c.get("/coverage").text
                and c.get(f"/coverage?{added}").status_code == 200
            )
        assert c.get("/coverage?fbclid=x&as_of=2020-01-01").status_code == 404


@pytest.mark.parametrize(
    "added", ["utm_source=mail", "fbclid=IwAR0", "utm_source=a&utm_medium=b&gclid=c", "mc_cid=1&"]
)
def test_the_copy_ignores_what_other_sites_add_to_links(static, added):
    with client(static) as c:
        for address in ("/coverage", "/changes.atom"):
            assert c.get(f"{address}?{added}").content == c.get(address).content
            assert c.get(f"{address}?{added}&as_of=2020-01-01").status_code == 404
        assert c.get(f"/coverage?as_of=2020-01-01&{added}").status_code == 404


def test_preflight_is_answered_by_both(static, front):
    with client(static) as s, client(front) as f:
        copy, live = (
            c.options(
                "/openapi.json",
                headers={"origin": "https://x.example", "access-control-request-method": "GET"},
            )
            for c in (s, f)
        )
    assert copy.status_code == live.status_code == 204 and lasting(copy.headers) == {
        n: v for n, v in lasting(live.headers).items() if n != "vary"
    }


@pytest.mark.openssl
@pytest.mark.curl
def test_over_tls(running, tmp_path):
    """The listen.conf of docs/serving.md, with a certificate made here; and plain HTTP on
    its port is refused without a word of nginx's."""
    (tmp_path / "tls").mkdir()
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(
        [
            *openssl,
            "-keyout",
            str(tmp_path / "tls" / "key.pem"),
            "-out",
            str(tmp_path / "tls" / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (sample,) = re.findall(
        r"```nginx\n(listen 443.*?)```",
        (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    with proxy(
        tmp_path / "site",
        running,
        listen=lambda port: (
            sample.replace("listen 443", f"listen 127.0.0.1:{port}")
            .replace("listen [::]:443 ssl http2;\n", "")
            .replace("/etc/benefits", str(tmp_path))
        ),
    ) as it:
        with httpx.Client(
            base_url=it.base.replace("http:", "https:"),
            verify=ssl.create_default_context(cafile=tmp_path / "tls" / "fullchain.pem"),
        ) as c:
            answer = c.get(PAGE)
        assert answer.status_code == 200 and {n: answer.headers[n] for n in HEADERS} == HEADERS
        asked = [
            "curl",
            "-sS",
            "--http2",
            "--cacert",
            str(tmp_path / "tls" / "fullchain.pem"),
            "-o",
            "/dev/null",
            "-w",
            "%{http_version} %{http_code}",
        ]
        assert (
            subprocess.run(
                [*asked, it.base.replace("http:", "https:") + PAGE],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            == "2 200"
        )
        ((status, headers, body),) = raw(it.port, get(b"/"))
        assert (
            (status, headers["cache-control"]) == (400, "no-store")
            and b"nginx" not in body
            and {n: headers[n] for n in HEADERS} == HEADERS
        )


def test_another_copy_is_served_at_once_and_so_is_the_one_before(static, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("Another release")
    static.release(
        "0.9.0",
        **{
            "/srv/benefits/dist/1.0.0/site": str(other),
            "dataset-version 1.0.0": "dataset-version 0.9.0",
        },
    )
    with Readers(static.base, lambda: itertools.repeat("/")) as readers, client(static) as c:
        readers.more(30)
        first, version = c.get("/").text, c.get("/").headers["dataset-version"]
        static.switch("0.9.0")
        answer = c.get("/")
        assert (answer.text, answer.headers["dataset-version"]) == ("Another release", "0.9.0")
        readers.more(30)
        static.switch("1.0.0")
        assert c.get("/").text == first
    assert (
        not readers.failed
        and not readers.broken
        and {v for _, v in readers.seen} == {version, "0.9.0"}
    )
