"""No request stops the others: what costs much is answered beside, in bounds, and slow clients are let go."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import httpx
import hostile
import lane
import pytest
import serve

HEAVY = ["/benefits/sharing_on", "/benefits/citations.csv?_sort=note&_stream=on&_size=1", "/benefits/citations.json?_size=max&_labels=on", "/benefits.db"]


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
        ready = f"import socket, sys; sys.path.insert(0, {str(Path(lane.__file__).parent)!r}); import lane; "
        ready += "s = lane.forked(socket.socket(fileno=int(sys.argv[1]))); s.sendall(b'\\0\\0\\0\\1T'); s.recv(1); "
        return [sys.executable, "-c", ready + self.code, str(number)]


SCOPE = {"path": "/benefits", "query_string": b""}


@pytest.mark.parametrize("code, expected", [("import time; time.sleep(60)", lane.TOO_DEAR), ("", lane.Ended)], ids=["never answers", "ends"])
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


async def until(true) -> None:
    """Return when something is so."""
    for _ in range(3_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not within 30 seconds")


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
            asked.append(asyncio.ensure_future(odd.answer({"path": path, "query_string": b""}, asyncio.Future())))
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
    front = lane.Front(serve.alone(database), database, lambda accepted: False)

    class Busy:
        held = 0

        async def answer(self, scope, gone):
            return lane.BUSY

    async def ask():
        front.lane, front.running = Busy(), asyncio.Future()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://a") as client:
            return [await client.get("/benefits/coverage" + form) for form in ("", ".json", ".csv")]

    for answer in asyncio.run(ask()):
        assert answer.status_code == 503 and answer.headers["retry-after"] == "5" and answer.headers["cache-control"] == "no-store"
        assert lane.BUSY in answer.text and answer.headers["x-content-type-options"] == "nosniff"


def test_kept_answers_are_the_answers(site):
    for address in ("/jurisdictions/IL", "/benefits/coverage", "/benefits/coverage.json?", "/"):
        for accepted in ("gzip", "identity"):
            first, second = (site.get(address, headers={"accept-encoding": accepted}) for _ in range(2))
            assert first.content == second.content and first.headers["etag"] == second.headers["etag"]
            assert second.headers.get("content-encoding", "identity") == accepted
        for _ in range(20):  # JSON says how long its query took: made anew, it would have another length now and then
            head = site.head(address, headers={"accept-encoding": "identity"})
            assert head.content == b"" and head.headers["content-length"] == second.headers["content-length"]
            assert head.headers["etag"] == second.headers["etag"]
        assert site.get(address, headers={"if-none-match": second.headers["etag"]}).status_code == 304


def test_no_header_makes_the_site_make_a_kept_answer_anew(database):
    """The thread of the site makes each page once, however it is asked for, and the process beside makes the others."""
    made, beside = [], []

    async def app(scope, receive, send):
        made.append(scope["path"])
        headers = [(b"content-length", b"1"), (b"etag", b'W/"tag"')]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    class Beside(lane.Front):
        async def beside(self, scope, key, receive, send):
            beside.append(scope["path"])

    async def ask():
        front, sent = Beside(app, database, lambda accepted: False), []

        async def send(message):
            sent.append(message)

        async def get(*headers, method="GET", version="1.1", path="/coverage"):
            scope = {"type": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "method": method}
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
        assert [m.get("status", m.get("body")) for m in sent] == [200, b"x", 200, b"x", 200, b"", 200, b"x"]
        await get(host, (b"if-none-match", b'"a", W/"tag"'))
        assert made == ["/coverage"] * 2  # which is told that nothing has changed, and makes nothing

    asyncio.run(ask())


def test_an_answer_without_its_body_is_not_kept(site):
    assert site.head("/benefits/programs.json").content == b""
    assert site.get("/benefits/programs.json").json()["rows"]
    assert site.head("/gaps").content == b""
    assert "<h1>" in site.get("/gaps").text


def test_what_a_reader_describes_is_not_kept(database):
    front = lane.Front(None, database, lambda accepted: False)
    for address, kept in [("/coverage", True), ("/benefits/coverage", True), ("/eligibility", False), ("/search", False), ("/on/2025-07-01/coverage", False),
                          ("/answers/eligibility/age=30.json", False), ("/benefits/programs/il-hbia", False)]:  # fmt: skip
        scope = {"method": "GET", "http_version": "1.1", "headers": [(b"host", b"a")]}
        assert (front.key(scope, address, "") is not None) is kept, address
        assert front.key(scope, address, "age=30") is None


def test_a_statement_over_its_time_is_told_and_never_left_out(database):
    """Of rows, of a count, of a facet, of a CSV, of an answer, of a page."""
    site = serve.datasette(database)
    site.executor = None  # no threads: a limit set for one statement must not meet another
    app = site.app()

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            assert (await client.get("/benefits/coverage.json?_facet=program")).status_code == 200
            database, found = site.get_database("benefits"), []
            for slow in ("order by", "select count(*) from", "group by", "WITH"):
                whole = database.execute_fn

                async def limited(fn, slow=slow, whole=whole):
                    names = dict(zip(fn.__code__.co_freevars, fn.__closure__ or ()))
                    sql, before = names["sql"].cell_contents if "sql" in names else "", site.sql_time_limit_ms
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
            assert (answer.status_code, "takes too long" in answer.text) == (400, True), (answer.url, answer.text[:300])


ADDRESSES = {
    "order by": ["/benefits/coverage.json", "/benefits/coverage", "/benefits/coverage.csv?_sort=note"],
    "select count(*) from": ["/benefits/coverage.json", "/benefits/coverage"],
    "group by": ["/benefits/coverage.json?_facet=program", "/benefits/coverage?_facet=program", "/benefits/coverage?_facet_date=valid_from"],
    "WITH": ["/benefits/coverage_on.json", "/benefits/coverage_on.csv", "/benefits/coverage_on.json?_shape=array", "/benefits/coverage_on"],
}


def test_a_csv_of_many_rows_comes_in_few_parts(database):
    """Datasette sends it row by row. Each part costs the thread of the site something."""
    async def ask():
        beside = lane.Lane(database)
        try:
            await beside.ready()
            scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "query_string": b"", "headers": [(b"host", b"a")], "client": None}
            return await beside.ask(scope | {"path": "/benefits/sharing_on.csv", "raw_path": b"/benefits/sharing_on.csv"})
        finally:
            beside.end()

    found = asyncio.run(ask())
    body = b"".join(m.get("body", b"") for m in found)
    assert body.count(b"\n") > 500 and len(found) <= 3 + len(body) // lane.PART


@pytest.mark.parametrize("query", ["", "?_size=max", "?_sort=name", "?_sort_desc=jurisdiction&name__contains=a"])
def test_a_whole_csv_is_one_pass(database, monkeypatch, query):
    """And not one for each page, which would sort the table again each time."""
    site, pages = serve.datasette(database), []
    monkeypatch.setattr(site, "max_returned_rows", 7)
    whole = site.get_database("benefits").execute

    async def counted(sql, *args, **kwargs):
        pages.extend(["page"] * sql.startswith("select program, "))
        return await whole(sql, *args, **kwargs)

    monkeypatch.setattr(site.get_database("benefits"), "execute", counted)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site.app()), base_url="http://a") as client:
            there = "/benefits/programs.csv" + query
            one, passes = (await client.get(there)).text, len(pages)
            page = (await client.get("/benefits/programs.json?_size=max")).json()["rows"]
            monkeypatch.setattr(serve, "ROWS_OF_CSV", 7)
            return one, passes, page, (await client.get(there)).text, len(pages)

    one, passes, page, by_pages, more = asyncio.run(ask())
    assert one == by_pages and one.count("\n") > 20 and len(page) == 7
    assert passes == 1 and more > 4


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_ends_the_site_while_it_answers(database, workers):
    with serve.running(database, "--workers", workers) as (port, process):
        assert httpx.get(f"http://127.0.0.1:{port}/benefits/programs.json?_size=1", timeout=60).status_code == 200
        below = family(process.pid)
        assert len(below) >= int(workers)
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in HEAVY * 3]
        for client, address in zip(clients, HEAVY * 3):
            client.sendall(hostile.request(address))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=8)
        until = time.monotonic() + 3
        while (left := [p for p in below if alive(p)]) and time.monotonic() < until:
            time.sleep(0.05)
        assert not left
        for client in clients:
            client.close()


def test_work_over_http_ends_when_its_client_leaves(database):
    """A stopped process stands for work without end, and no bound on time ends it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    code = "import lane, serve, sys; lane.WORK = lane.WAIT = 600; sys.exit(serve.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--port", str(port), "--database", str(database)]
    environment = os.environ | {"PYTHONPATH": str(Path(lane.__file__).parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout.readline().startswith(b"Serving on")
            where, address = f"http://127.0.0.1:{port}", "/benefits/citations.csv?_sort=note"
            for head in ({}, {"Expect": "100-continue"}):
                assert httpx.get(where + "/benefits/programs.csv?_size=1", timeout=60).status_code == 200
                [[at_work]] = [family(child) for child in family(process.pid) if family(child)]
                os.kill(at_work, signal.SIGSTOP)
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.sendall(hostile.request(address, *(f"{n}: {v}".encode() for n, v in head.items())))
                    assert httpx.get(where + "/-/health").status_code == 200  # it has been read by now
                assert httpx.get(where + "/benefits/programs.csv?_size=2", timeout=60).status_code == 200
                assert not alive(at_work)
        finally:
            process.terminate()


def family(pid: int) -> list[int]:
    """All processes below one."""
    children = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [p for c in children for p in family(c)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_clients_that_send_nothing_or_too_slowly_are_let_go(site):
    begun = {
        "nothing": b"",
        "half a head": b"GET / HTTP/1.1\r\nHost: a\r\n",
        "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
        "after an answer": b"GET /-/health HTTP/1.1\r\nHost: a\r\n\r\n",
    }
    where = (site.base_url.host, site.base_url.port)
    clients = {name: socket.create_connection(where, timeout=1) for name in begun}
    for name, client in clients.items():
        client.sendall(begun[name])
    until, ended = time.monotonic() + 3 * serve.ARRIVES, set()
    while len(ended) < len(clients) and time.monotonic() < until:
        for name in set(clients) - ended:
            try:
                if name not in ("nothing", "after an answer"):
                    clients[name].sendall(b"x")  # a byte now and then gives no more time
                clients[name].settimeout(0.2)
                while data := clients[name].recv(65536):
                    pass
                ended |= {name} if data == b"" else set()
            except TimeoutError:
                pass
            except ConnectionError:
                ended.add(name)
        assert site.get("/-/health").status_code == 200
    assert ended == set(clients)


def test_clients_that_do_not_read_hold_no_memory_and_nobody(database):
    with serve.running(database) as (port, process), httpx.Client(base_url=f"http://127.0.0.1:{port}") as reader:
        reader.get("/jurisdictions/IL")
        before = hostile.resident(process.pid)
        clients = []
        for _ in range(100):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(hostile.request("/benefits.db"))
            clients.append(client)
        for _ in range(20):
            assert reader.get("/jurisdictions/IL").status_code == 200
        assert hostile.resident(process.pid) < before + 100  # MB; the file is 8 MB, so 100 copies are 800
        for client in clients:
            client.close()


class Pipe:
    """A transport that takes nothing."""

    def __init__(self, sizes):
        self.sizes, self.aborted = list(sizes), False

    def get_write_buffer_size(self):
        return self.sizes.pop(0)

    def is_closing(self):
        return False

    def write(self, data):
        pass

    def abort(self):
        self.aborted = True


@pytest.mark.parametrize("sizes, aborted", [([9, 9], True), ([9, 5, 5], True), ([9, 5, 0], False), ([0, 0], False)])
def test_a_client_that_takes_nothing_of_its_answer_is_let_go(monkeypatch, sizes, aborted):
    monkeypatch.setattr(serve, "STALLED", 0.02)

    async def send():
        whole = serve.Whole(Pipe(sizes))
        whole.write(b"x")
        await asyncio.sleep(0.3)
        return whole.transport

    pipe = asyncio.run(send())
    assert pipe.aborted is aborted and not pipe.sizes


def test_too_many_connections_are_told(monkeypatch):
    monkeypatch.setattr(serve, "CONNECTIONS", 0)
    sent = []
    protocol = serve.Protocol.__new__(serve.Protocol)
    protocol.connections = {1}
    monkeypatch.setattr(serve.HttpToolsProtocol, "connection_made", lambda self, transport: setattr(self, "transport", transport))
    monkeypatch.setattr(serve, "Whole", lambda transport: transport)

    class Wire:
        write = staticmethod(sent.append)
        close = staticmethod(lambda: sent.append("closed"))

    monkeypatch.setattr(serve.pm, "get_plugin", lambda name: type("Guard", (), {"HEADERS": {"x": "y"}}))
    protocol.connection_made(Wire())
    assert sent[0].startswith(b"HTTP/1.1 503 ") and b"Too many connections" in sent[0] and sent[1] == "closed"


def test_no_request_takes_long_and_honest_readers_do_not_wait(database):
    """Within the bounds that the site enforces, however busy the machine is; scripts/hostile.py holds closer ones."""
    with serve.running(database) as (port, _):
        site = hostile.map_of(port)
        found, problems = hostile.worst_of(port, site, 1, 60, dict(hostile.ask(port, "/-/health").headers))
        assert not problems and found[0][0] < 1_000 * (lane.WORK + lane.WAIT), found[:3]
        for taken in hostile.beside_the_worst(port, [target for _, target in found[:12]], 4).values():
            assert hostile.p99(taken) < 1_000 * lane.WORK
