"""Send the corpus over several connections at the same time."""

from __future__ import annotations

import base64
import threading
import time
import zlib
from collections import Counter, defaultdict

from stress.hostile.case import HONEST, Case, request
from stress.hostile.client import PATIENCE, Answer, Connection, CutOff, Odd
from stress.hostile.judge import faults_of, rows

SOON = 0.5  # seconds until a request that may be incomplete is cut off


class Attack:
    """Send cases over several connections at the same time, and collect the results."""

    def __init__(self, port: int, usual: dict):
        self.port, self.usual = port, usual
        self.lock, self.local = threading.Lock(), threading.local()
        self.sent: Counter = Counter()  # cases, by kind
        self.statuses: dict[str, Counter] = defaultdict(Counter)  # by kind
        self.slowest: Counter = Counter()  # milliseconds, by kind
        self.faults: list[tuple[str, str, bytes]] = []  # kind, what is wrong, what was sent
        self.most: dict[str, int] = {}  # rows, by address

    def one(self, job: tuple[str, Case]) -> None:
        """Send one case and judge its answers."""
        name, case = job
        started = time.perf_counter()
        try:
            answers, problems = self.kept(case) if case.kept else self.alone(case)
        except Odd as e:
            answers, problems = [], [f"the answer {e}"]
        except TimeoutError:
            answers, problems = [], [f"nothing came within {PATIENCE} seconds"]
        except OSError as e:
            answers, problems = [], [f"no connection: {e.strerror or e}"]
        milliseconds = (time.perf_counter() - started) * 1000
        for answer in answers:
            problems += faults_of(answer, case.sent, self.usual)
        if case.most and answers and not problems:
            count, most = rows(answers[0]), self.most_rows(case.most)
            if count > most:
                problems.append(f"found {count} rows where plain words find {most}")
        with self.lock:
            self.sent[name] += 1
            self.statuses[name].update([a.status for a in answers] or ["none"])
            self.slowest[name] = max(self.slowest[name], milliseconds)
            self.faults += [(name, problem, case.sent) for problem in problems]

    def kept(self, case: Case) -> tuple[list[Answer], list[str]]:
        """Send a case on the shared connection of this thread; return its answer and problems."""
        open_ = getattr(self.local, "connection", None)
        problems = []
        if open_ is not None and not open_.silent():
            open_.receive()
            if open_.got:
                problems.append(f"the answer before this one went on: {open_.got[:100]!r}")
            open_ = None
        fresh = open_ is None
        open_ = open_ or Connection(self.port)
        open_.send(case.sent)
        answer = open_.answer()
        if answer is None and not fresh:  # closed as idle while this was sent
            open_ = Connection(self.port)
            open_.send(case.sent)
            answer = open_.answer()
        self.local.connection = (
            None if answer is None or answer.header("connection") == "close" else open_
        )
        return [answer] if answer else [], problems if answer else problems + ["no answer"]

    def alone(self, case: Case) -> tuple[list[Answer], list[str]]:
        """Send a case on its own connection; return its answers and problems."""
        connection = Connection(self.port)
        try:
            connection.send(case.sent if case.cut else case.sent + HONEST)
            if case.cut:
                connection.cut()
            connection.to_the_end(PATIENCE if case.answers[0] else SOON)
            answers = []
            try:
                while answer := connection.answer(case.sent.startswith(b"HEAD ") and not answers):
                    answers.append(answer)
            except CutOff:
                # To the site a client that has closed its side looks like one that has left, and
                # an answer to that one may stop.
                if not case.cut:
                    raise
        finally:
            connection.close()
        low, high = case.answers
        if answers and not case.cut:  # the last is of the honest request that was sent after it
            if answers[-1].body.startswith(b'{"ok": true, "version"'):
                answers.pop()
            elif low == high and answers[-1].header("connection") != "close":
                return answers, ["the honest request after it got no answer"]
        if low <= len(answers) <= high:
            return answers, []
        expected = f"{low} to {high}" if high > low else f"{low}"
        return answers, [f"{len(answers)} answers, expected {expected}"]

    def most_rows(self, target: str) -> int:
        """Return the number of rows of an address, which is asked once."""
        if target not in self.most:
            answers, _ = self.kept(Case(request(target)))
            self.most[target] = rows(answers[0])
        return self.most[target]


def slow(attack: Attack) -> None:
    """Send endless headers, and leave large answers unread, while an honest reader asks."""
    pages = ["/", "/benefits/coverage_on.json", "/static/site.css"]
    name, connections = "slow", [Connection(attack.port) for _ in range(150)]
    for c in connections[:100]:
        c.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    for c in connections[100:]:
        c.send(request("/benefits.db"))
    for i in range(100):
        attack.one((name, Case(request(pages[i % len(pages)]))))
        for c in connections[:100]:
            c.send(b"X")
    for c in connections:
        c.close()


def reproduced(sent: bytes) -> str:
    """Return a Python expression for the bytes."""
    if len(sent) <= 2000:
        return repr(sent)
    return f"zlib.decompress(base64.b64decode({base64.b64encode(zlib.compress(sent, 9))!r}))"
