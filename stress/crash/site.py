"""Replace, cut and remove the database while the site runs."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from benefits.web import server
from stress import hostile
from stress.crash.packages import copy_package
from stress.crash.tally import Tally
from stress.crash.verbs import run_verb
from stress.kinds import kind

REQUESTS = 120
DISTURBED_AT = 40  # the request before which the database is disturbed
ADDRESSES = [
    "/benefits/jurisdictions.json?_shape=array&_size=max",
    "/benefits/coverage_on.json?jurisdiction=IL&_shape=array",
    "/benefits/dataset.json?_shape=array",
    "/-/health",
    "/",
    "/benefits/jurisdictions/IL",
    "/coverage",
    "/benefits.db",
]


@kind
def database_replaced(folder: Path, args, r: random.Random) -> Tally:
    """Replace, remove and cut the database of the running site while it is read.

    Every answer must be of one edition, with its tag.
    """
    tally, package = Tally(), copy_package(folder / "one")
    run_verb("validate", "--root", package)
    run_verb("build", "--root", package)
    database, other = package / "build" / "benefits.db", folder / "other.db"
    kept = folder / "kept.db"
    shutil.copy(database, kept)
    shutil.copy(database, other)
    with contextlib.closing(sqlite3.connect(other)) as db, db:
        db.execute("UPDATE jurisdictions SET name = 'Replaced ' || name")
        db.execute("UPDATE dataset SET version = '99.0.0'")
    for name, disturb in (
        ("replaced", lambda: replace(database, other)),
        ("removed", database.unlink),
        ("cut", lambda: os.truncate(database, 100_000)),
    ):
        replace(database, kept)
        with open(folder / "log", "w") as log, server.running(database, log=log) as (port, process):
            ask_on(port, name, disturb, tally)
            if process.poll() is not None:
                tally.add(f"{name}: server ended", f"{name}: the server did not live on")
    return tally


def replace(database: Path, other: Path) -> None:
    """Replace a database by another, atomically."""
    temporary = database.with_name("temporary")
    shutil.copy(other, temporary)
    os.replace(temporary, database)


def ask_on(port: int, name: str, disturb: Callable[[], None], tally: Tally) -> None:
    """Ask each address repeatedly, before and after the database is disturbed."""
    first = {address: comparable(ask(port, address)) for address in ADDRESSES}
    for n in range(REQUESTS):
        if n == DISTURBED_AT:
            disturb()
        address = ADDRESSES[n % len(ADDRESSES)]
        answer = ask(port, address)
        if not isinstance(answer, hostile.Answer):
            tally.add(f"{name}: no answer", f"{name}: {address} gets no answer: {answer}")
        elif answer.status >= 500:
            tally.add(f"{name}: {answer.status}", f"{name}: {address} answers {answer.status}")
        elif comparable(answer) == first[address]:
            tally.add(f"{name}: the edition it began with")
        elif answer.status >= 400:
            tally.add(f"{name}: refused")
        else:
            tags = f"ETag {answer.header('etag')}, first {first[address][1]}"
            tally.add(
                f"{name}: another edition", f"{name}: {address} gives another edition, {tags}"
            )


def ask(port: int, address: str) -> hostile.Answer | Exception | None:
    """Return the answer of an address, or why there is none."""
    try:
        connection = hostile.Connection(port)
        connection.send(hostile.request(address, b"Connection: close"))
        return connection.answer()
    except (hostile.Odd, OSError) as e:
        return e


def comparable(answer: hostile.Answer) -> tuple[int, str, bytes]:
    """Return what two answers of one edition have in common."""
    body = re.sub(rb'"query_ms": [0-9.]+', b"", answer.body)
    return answer.status, answer.header("etag"), body
