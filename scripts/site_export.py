"""Verb: build/benefits.db -> the site as plain files that any web server or CDN serves, byte for byte as the live site sends them.

    python scripts/site_export.py --out DIR [--database build/benefits.db]

Starts at the home page of every day on which something changes (and of the day through which the data goes) and follows every link of
the site that needs no question mark. What needs a question of the reader's own (a form) leads to 404.html, which says so.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sqlite3
from html import unescape
import sys
from pathlib import Path
from urllib.parse import unquote

from package import ROOT, built, run, sqlite_uri

LINK = re.compile(rb'(?:href|src)="(/[^"#?]*)"')
# A copy has no pages for single tables and rows: they are made to be sorted and filtered, which files cannot do.
LEFT_OUT = re.compile(r"/benefits(?:\.db)?$|/benefits/|/ask$|/search$|/eligibility$|/-/")
# What the page of the site that says "nothing here" sends its reader on to, and what this copy says instead.
SENDS_ON = re.compile(rb'(?<=<p>)Go on with the <a href="/benefits">.*?(?=</p>)')
COPY = b"""This is a copy of the site as plain files. It has a page for each day on which something changes, and no search, no tables to be filtered
and no questions of your own. Go on with the <a href="/">first page</a>.""".replace(b"\n", b" ")
DAYS = """
SELECT DISTINCT day FROM (
  SELECT valid_from AS day FROM coverage UNION SELECT valid_to FROM coverage UNION SELECT valid_from FROM absences UNION SELECT valid_to FROM absences
  UNION SELECT valid_from FROM roles UNION SELECT valid_to FROM roles UNION SELECT valid_from FROM order_terms UNION SELECT valid_to FROM order_terms
  UNION SELECT data_through FROM dataset)
WHERE day >= (SELECT complete_from FROM dataset) ORDER BY day"""


def place(path: str) -> str:
    """The file, inside the export, that a web server finds for an address."""
    name = unquote(path).lstrip("/")
    return name if re.search(r"\.(?:json|csv|atom|ics|css|svg|js|html|txt)$", name) else f"{name.rstrip('/')}/index.html".lstrip("/")


def days_of(database: Path) -> list[str]:
    """The days on which something changes, from the first that is complete on, and the day through which the data goes."""
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    try:
        return [r[0] for r in db.execute(DAYS)]
    finally:
        db.close()


class DeadLink(Exception):
    """A link of the site leads nowhere; the message is a sentence for a person."""


async def crawl(database: Path, root: Path, days: list[str], write) -> int:
    import serve

    site = serve.datasette(database, root)
    await site.invoke_startup()
    waiting = ["/", "/eligibility", "/search", "/static/site.css", "/openapi.json", *(f"/on/{day}/" for day in days)]
    seen, count = set(waiting), 0
    while waiting:
        path = waiting.pop()
        answer = await site.client.get(path)
        if answer.status_code != 200:
            raise DeadLink(f"{path} is linked and answers {answer.status_code}")
        write(place(path), answer.content)
        count += 1
        if answer.headers["content-type"].startswith("text/html"):
            for link in LINK.findall(answer.content):
                link = unescape(link.decode())
                if link not in seen and not LEFT_OUT.match(link):
                    seen.add(link)
                    waiting.append(link)
    answer = await site.client.get("/ask/nothing-here")
    write("404.html", SENDS_ON.sub(COPY, answer.content))
    return count + 1


def export(database: Path, out: Path, root: Path = ROOT, days: list[str] | None = None) -> int:
    """Write the site under `out`, with a page for each of `days` (all of `days_of` unless given); returns the number of files. Raises DeadLink."""

    def write(name: str, body: bytes) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    return asyncio.run(crawl(database, root, days_of(database) if days is None else days, write))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", type=Path, default=ROOT / "build" / "benefits.db")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        print(f"{args.out}: {export(built(args.database), args.out):,} files")
    except DeadLink as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
