"""No request stops the others: what costs much is answered beside, in bounds, and slow clients
are let go."""

from __future__ import annotations

import asyncio
import sys
import types
from pathlib import Path

import httpx
import pytest
from waiting import alive, family, until

from benefits.package import ROOT
from benefits.web import app as site_app
from benefits.web import lane


@pytest.mark.parametrize(
    "address, much",
    [
        ("/", False),
        ("/jurisdictions/IL", False),
        ("/-/health", False),
        ("/benefits.db", False),
        ("/static/site.css", False),
        ("/benefits/coverage_on.json?as_of=2025-06-30&jurisdiction=IL&_shape=array", False),
        ("/answers/coverage_on/as_of=2025-07-01,jurisdiction=CA.json", False),
        ("/benefits/coverage_on.json?jurisdiction=", True),
        ("/benefits/coverage_on.json", True),
        ("/benefits/coverage_on?jurisdiction=IL", True),
        ("/benefits/coverage.json?jurisdiction=IL", True),
        ("/answers/sharing_on/as_of=2025-07-01.json", True),
        ("/answers/sharing_on/jurisdiction=IL.json", True),
        ("/benefits/coverage_on.csv?jurisdiction=IL", True),
        ("/answers/coverage_on/jurisdiction=CA.csv", True),
        ("/answers/coverage_on/jurisdiction=CA,jurisdiction=.json", True),
        ("/benefits/coverage_on.json?jurisdiction=IL&jurisdiction=", True),
        ("/benefits/coverage_on.json?jurisdiction=IL&%6Aurisdiction=", True),
        ("/benefits", True),
        ("/benefits.json", True),
        ("/benefits/citations.csv", True),
        ("/changes.ics", True),
        ("/on/2025-07-01/", True),
        ("/on/2025-07-01/coverage/and/2026-01-01", True),
        ("/?as_of=2025-07-01", True),
        ("/eligibility?age=30", True),
        ("/eligibility", False),
        ("/search?q=freeze", True),
        ("/claims?x=1", True),
        ("/jurisdictions/%49L", True),
        ("/evidence/coverage/il-hbia-adult-42-54-2022", True),
    ],
)
def test_what_costs_much(address, much):
    path, _, query = address.partition("?")
    assert lane.costs_much(path, query) is much


class Odd(lane.Lane):
    """A lane whose process runs other code."""

    def __init__(self, code):
        super().__init__(Path("none"))
        self.code, self.started, self.commands = code, 0, 0

    async def start(self):
        self.started += 1
        await super().start()

    def command(self, number):
        self.commands += 1
        ready = (
            f"import socket, sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "from benefits.web import worker\n"
            "s = worker.forked(socket.socket(fileno=int(sys.argv[1])))\n"
            "s.sendall(b'\\0\\0\\0\\1T'); s.recv(1)\n"
        )
        return [sys.executable, "-c", ready + self.code, str(number)]


SCOPE = {"path": "/benefits", "query_string": b""}


@pytest.mark.slow
@pytest.mark.parametrize(
    "code, expected",
    [("import time; time.sleep(60)", lane.TOO_DEAR), ("", lane.Ended)],
    ids=["never answers", "ends"],
)
def test_a_process_that_does_not_answer_is_replaced(monkeypatch, code, expected):
    monkeypatch.setattr(lane, "WORK", 1)

    async def ask():
        odd = Odd(code)
        running = asyncio.ensure_future(odd.run())
        try:
            for n in (2, 3):
                try:
                    found = await odd.answer(SCOPE, asyncio.Future())
                except lane.Ended:
                    found = lane.Ended
                assert found == expected
                await until(lambda: odd.started == n)
            assert odd.commands == 1  # each is forked from the one that has read the code
            running.cancel()
            odd.process.kill()
            odd.process.wait()
            odd.stop()
            await odd.ready()
            assert odd.commands == 2
        finally:
            running.cancel()
            odd.end()

    asyncio.run(ask())


@pytest.mark.slow
def test_work_ends_when_its_client_leaves(monkeypatch):
    """Neither bound on time would end it."""
    monkeypatch.setattr(lane, "WORK", 600)
    monkeypatch.setattr(lane, "WAIT", 600)

    async def ask():
        odd, gone = Odd("import time; time.sleep(600)"), asyncio.Future()
        running = asyncio.ensure_future(odd.run())
        try:
            answer = asyncio.ensure_future(odd.answer(SCOPE, gone))
            await until(lambda: odd.waiting.empty() and odd.started == 1 and odd.writer)
            [child] = family(odd.process.pid)
            gone.set_result(None)
            assert await answer is None
            await until(lambda: not alive(child) and odd.started == 2)
        finally:
            running.cancel()
            odd.end()

    asyncio.run(ask())


def test_cheap_requests_go_first_but_no_flood_of_them_makes_another_wait_for_ever(monkeypatch):
    clock = types.SimpleNamespace()
    monkeypatch.setattr(lane, "time", clock)

    async def order():
        odd, asked = Odd(""), []  # and nothing runs it
        odd.costs = {("/dear", False): 9, ("/cheap", False): 0.1, ("/fair", False): 0.4}
        for at, path in [(0, "/dear"), (0, "/cheap"), (2, "/fair"), (5, "/cheap"), (15, "/cheap")]:
            clock.monotonic = lambda at=at: at
            asked.append(
                asyncio.ensure_future(
                    odd.answer({"path": path, "query_string": b""}, asyncio.Future())
                )
            )
            await asyncio.sleep(0)
        return [odd.waiting.get_nowait()[3]["path"] for _ in asked]

    assert asyncio.run(order()) == ["/cheap", "/fair", "/cheap", "/dear", "/cheap"]


def test_only_so_many_wait_and_none_for_a_client_that_has_gone(monkeypatch):
    monkeypatch.setattr(lane, "WAITING", 2)

    async def ask():
        odd, gone = Odd(""), asyncio.Future()  # and nothing runs it
        waiting = [asyncio.ensure_future(odd.answer(SCOPE, gone)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await odd.answer(SCOPE, asyncio.Future()) == lane.BUSY
        gone.set_result(None)
        assert await asyncio.gather(*waiting) == [None, None]
        monkeypatch.setattr(lane, "WAITING", 9)
        monkeypatch.setattr(lane, "WAIT", 0.1)
        assert await odd.answer(SCOPE, asyncio.Future()) == lane.BUSY
        odd.held = lane.ANSWERS + 1
        assert await odd.answer(SCOPE, asyncio.Future()) == lane.BUSY

    asyncio.run(ask())


def test_a_busy_site_says_so_in_every_form(database, monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    front = lane.Front(site_app.single_application(database), database, lambda accepted: False)

    class Busy:
        held = 0

        async def answer(self, scope, gone):
            return lane.BUSY

    async def ask():
        front.lane, front.running = Busy(), asyncio.Future()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(front), base_url="http://a"
        ) as client:
            return [await client.get("/benefits/coverage" + form) for form in ("", ".json", ".csv")]

    for answer in asyncio.run(ask()):
        assert (
            answer.status_code == 503
            and answer.headers["retry-after"] == "5"
            and answer.headers["cache-control"] == "no-store"
        )
        assert lane.BUSY in answer.text and answer.headers["x-content-type-options"] == "nosniff"
