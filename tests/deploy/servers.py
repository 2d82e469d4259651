"""nginx with the files of deploy/, before replicas of the site or a static copy."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from benefits import setup
from benefits.package import ROOT

DEPLOY = ROOT / "deploy"


DAY = "2026-01-06"


PAGE = f"/on/{DAY}/coverage"


ANSWER = f"/benefits/coverage_on.json?as_of={DAY}&jurisdiction=IL&_shape=array"


CANARY = "canary7f3"


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
    parts = shlex.split(line)  # before the words are replaced: a folder may have a space
    for old, new in words.items():
        parts = [part.replace(old, new) for part in parts]
    return parts


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
            "/usr/sbin/nginx": setup.find_tool("nginx"),
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
        """As docs/guides/serving.md says, and until the processes with the earlier
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
