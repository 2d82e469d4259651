"""Measure the site over HTTP, compared with stock Datasette and with nginx."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benefits.export import static_copy
from benefits.package import ROOT
from benefits.web import server
from stress.bench.bench import Bench
from stress.bench.load import CLIENTS, Load, send_load
from stress.bench.processes import find_tool, free_port, running
from stress.bench.questions import (
    COVERAGE,
    JSON,
    PAGES,
    STOCK_JSON,
    STOCK_TABLE,
    stock_command,
)

HELLO = """
import uvicorn
head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
async def app(scope, receive, send):
    await send(head)
    await send({"type": "http.response.body", "body": b"hello"})
quick = {"loop": "uvloop", "http": "httptools", "lifespan": "off"}
uvicorn.run(app, port=%d, access_log=False, log_level="error", **quick)
"""

PLAIN = """
pid nginx.pid;
worker_processes 2;
events {}
http {
  access_log off;
  sendfile on;
  keepalive_requests 100000;
  default_type text/html;
  client_body_temp_path t1;
  proxy_temp_path t2;
  fastcgi_temp_path t3;
  uwsgi_temp_path t4;
  scgi_temp_path t5;
  server { listen 127.0.0.1:%d; root %s; }
}
"""


def measure_http(bench: Bench) -> None:
    """Measure answers and pages with one and two processes, and with nginx of deploy/."""
    seconds, port = bench.seconds, free_port()
    with running(stock_command(bench.place, port), port):
        canned = send_load(port, STOCK_JSON, seconds)
        table = send_load(port, STOCK_TABLE, seconds)
    port = free_port()
    with running([sys.executable, "-c", HELLO % port], port):
        floor = send_load(port, ["/"], seconds)
        what = "floor: one process of uvicorn that says hello"
        bench.report.add("http", what, str(floor))
    for workers in (1, 2):
        measure_site(bench, workers, canned, table)
    measure_nginx(bench)


def measure_site(bench: Bench, workers: int, canned: Load, table: Load) -> None:
    """Measure the site with some processes, compared with stock Datasette."""
    with server.running(bench.database, "--workers", str(workers)) as (port, _):
        # The second process starts after the first one answers.
        time.sleep(5 if workers > 1 else 0.2)
        send_load(port, PAGES[:50], 1)
        answers = send_load(port, JSON, bench.seconds)
        pages = send_load(port, PAGES, bench.seconds)
    name = f"{CLIENTS} clients, {workers} process{'es' if workers > 1 else ''}"
    met = answers.rate >= 4 * canned.rate and answers.p99 < 15
    bench.report.add(
        "http",
        f"answers as JSON, {name}",
        str(answers),
        f"stock canned query {canned}",
        f"{answers.rate / canned.rate:.1f}x",
        **({"goal": ">= 4x, p99 < 15 ms", "met": met} if workers > 1 else {}),
    )
    met = pages.rate >= 5 * table.rate
    bench.report.add(
        "http",
        f"task pages, uncached, {name}",
        str(pages),
        f"stock table HTML {table}",
        f"{pages.rate / table.rate:.1f}x",
        **({"goal": ">= 5x", "met": met} if workers > 1 else {}),
    )


# ---- nginx ----


@dataclass
class Round:
    """One load, and one on a plain file of the same size at nearly the same time."""

    load: Load
    base: Load

    @property
    def share(self) -> float:
        return self.load.rate / self.base.rate


def measure_nginx(bench: Bench) -> None:
    """Measure nginx as deploy/ sets it up, compared with a plain file of the same size."""
    page, answer = "/on/2025-07-01/coverage", COVERAGE[100]
    site, files = bench.place / "site", bench.place / "plain"
    static_copy.export(bench.database, site, ROOT, days=["2025-07-01"])
    with server.running(bench.database) as (one, _), server.running(bench.database) as (two, _):
        files.mkdir()
        for name, path in (("page", page), ("answer", answer)):
            plain = {"accept-encoding": "identity"}
            body = httpx.get(f"http://127.0.0.1:{one}{path}", headers=plain).content
            (files / name).write_bytes(body)
        ports = {"127.0.0.1:8101": f"127.0.0.1:{one}", "127.0.0.1:8102": f"127.0.0.1:{two}"}
        replicas = release_conf("release-replicas.conf", ports)
        copied = release_conf("release-static.conf", {"/srv/benefits/dist/1.0.0/site": str(site)})
        with (
            plain_nginx(bench.place / "n1", files) as plain_port,
            nginx(bench.place / "n2", "replicas", replicas) as cache_port,
            nginx(bench.place / "n3", "static", copied) as static_port,
        ):
            targets = {
                "a page from the cache of deploy/": (cache_port, page, "/page"),
                "an answer as JSON from the cache of deploy/": (cache_port, answer, "/answer"),
                "a page of the static copy by deploy/": (static_port, page, "/page"),
            }
            rounds = measure_rounds(plain_port, targets, bench.seconds)
    for what, three in rounds.items():
        median = sorted(three, key=lambda r: r.share)[1]
        bench.report.add(
            "http",
            what,
            str(median.load),
            f"nginx, a plain file of that size {median.base.rate:,.0f}/s",
            f"{100 * median.share:.0f}%",
            ">= 90%",
            median.share >= 0.9,
        )


def measure_rounds(
    plain_port: int, targets: dict[str, tuple[int, str, str]], seconds: int
) -> dict[str, list[Round]]:
    """Measure the targets in turn, three times, so that the machine is the same for all."""
    rounds: dict[str, list[Round]] = {what: [] for what in targets}
    for _ in range(3):
        base = {name: send_load(plain_port, [name], seconds) for name in ("/page", "/answer")}
        for what, (port, path, name) in targets.items():
            rounds[what].append(Round(send_load(port, [path], seconds), base[name]))
    return rounds


def release_conf(name: str, changes: dict[str, str]) -> str:
    """Return a file of deploy/ with the addresses and folders of this run."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx(folder: Path, form: str, release: str) -> Iterator[int]:
    """Run nginx with one configuration of deploy/; yield its port."""
    port, conf = free_port(), folder / "etc"
    (conf / "releases").mkdir(parents=True)
    for file in (ROOT / "deploy").glob("*.conf"):
        shutil.copy(file, conf)
    (conf / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n")
    (conf / "current.conf").write_text(release)
    with running_nginx(folder, conf / f"{form}.conf", port):
        yield port


@contextlib.contextmanager
def plain_nginx(folder: Path, files: Path) -> Iterator[int]:
    """Run nginx over a folder of files; yield its port."""
    port, conf = free_port(), folder / "plain.conf"
    folder.mkdir()
    conf.write_text(PLAIN % (port, files))
    with running_nginx(folder, conf, port):
        yield port


@contextlib.contextmanager
def running_nginx(folder: Path, conf: Path, port: int) -> Iterator[None]:
    """Run nginx with a configuration, in a folder of its own."""
    (folder / "run").mkdir()
    settings = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    where = ["-e", "stderr", "-p", folder / "run", "-c", conf]
    with running([find_tool("nginx"), *where, "-g", settings], port):
        yield
