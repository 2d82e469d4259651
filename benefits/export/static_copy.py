"""Write the site as plain files that any web server or CDN serves.

The export starts at the home page of every day on which something changes (and of the day through
which the data goes) and follows every link without a query string, in pages, the feed and the style
sheet. A page is what the live site sends, except for what needs a server: forms become a sentence,
and links to what the copy lacks become plain words. Every link of the copy, with its #place, must
lead somewhere in the copy; otherwise the export fails.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri
from benefits.web import app

# A copy has no pages of tables and rows: they are there to be sorted and filtered, which needs a
# server.
LEFT_OUT = re.compile(r"/benefits(?:\.db)?$|/benefits/|/ask$|/search$|/eligibility$|/-/")
# Where the site's page for an unknown address leads, and the text of the copy in its place.
SENDS_ON = re.compile(r'(?<=<p>)Go on with the <a href="/benefits">.*?(?=</p>)')
COPY = (
    "This is a copy of the site as plain files. It has a page for each day on which something"
    " changes, and no search, no tables to be filtered and no questions of your own. It works at"
    " the root of a host name, such as https://benefits.example/, not in a folder of another site"
    ' and not opened from a disk. Go on with the <a href="/">first page</a>.'
)
README = """A copy of the site of the Benefits dataset as plain files.

Let a web server serve this folder at the root of a host name: for a try,

    python -m http.server --bind 127.0.0.1

and open http://127.0.0.1:8000/ in a browser. Links begin with a slash, so that the copy works \
neither
in a folder of another site nor opened from a disk. A server finds ADDRESS/index.html for \
ADDRESS, and
sends 404.html for what is not there.

The copy has a page and the data for each day on which something changes. It has no forms, no search
and no tables to be filtered. /changes.atom is the feed and /changes.ics the calendar of all \
changes;
feeds of one jurisdiction or case need the site itself.
"""
# What replaces a form. The search on every page is removed without a sentence.
FORM = re.compile(r'<form class="(\w+)" action="([^"]*)".*?</form>', re.DOTALL)
NO_DAY = (
    '<p class="no-print">This copy of the site has no forms. The <a href="/changes">dated'
    " changes</a> lead to each jurisdiction on each day on which something changes.</p>"
)
NO_FORM = '<p class="no-print">This copy of the site has no forms: it shows the whole list.</p>'
# Forms and links are never nested. In a list of links those that lead nowhere are removed; in a
# text their words stay.
LISTS = re.compile(r'<(nav|footer)\b.*?</\1>|<ul class="links[^"]*">.*?</ul>\n?', re.DOTALL)
EMPTY = re.compile(r'<ul class="links[^"]*">\s*</ul>\n?')
ANCHOR = re.compile(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
ITEM = re.compile(r'<li>\s*<a [^>]*?href="([^"]*)"[^>]*>[^<]*</a>\s*</li>\n?')
AS_DATA = re.compile(r'<p class="no-print">(?:(?!</p>).)*</p>', re.DOTALL)
HEAD_LINK = re.compile(r'<link [^>]*?href="([^"]*)"[^>]*>\n?')
FEED = re.compile(r'<link rel="alternate" type="application/atom\+xml"[^>]*>')
WHOLE_FEED = (
    '<link rel="alternate" type="application/atom+xml" title="Benefits dataset: dated changes" '
    'href="/changes.atom">'
)
FEED_LINK = re.compile(r'(<link [^>]*href=")([^"]*)')
LINK = re.compile(r'(?:href|src|action)="([^"]*)"|url\(["\']?([^"\')]*)')
ID = re.compile(r'\sid="([^"]*)"')
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:")
DAYS = """
SELECT day FROM (SELECT day FROM boundaries UNION SELECT data_through FROM dataset)
WHERE day >= (SELECT complete_from FROM dataset) ORDER BY day"""


def place(path: str) -> str:
    """Return the file of the export that a web server sends for an address."""
    name = unquote(path).lstrip("/")
    return (
        name
        if re.search(r"\.(?:json|csv|atom|ics|css|svg|js|html|txt)$", name)
        else f"{name.rstrip('/')}/index.html".lstrip("/")
    )


def days_of(database: Path) -> list[str]:
    """Return the days on which something changes, and the day through which the data goes.

    They begin with the day from which the data is complete.
    """
    db = sqlite3.connect(sqlite_uri(database, "mode=ro"), uri=True)
    try:
        return [r[0] for r in db.execute(DAYS)]
    finally:
        db.close()


class DeadLink(BenefitsError):
    """A link of the copy leads nowhere."""


# ---- a page of the copy ------------------------------------------------------------------------


def lacks(link: str) -> bool:
    """Return whether a link in the HTML of a page leads to what the copy does not have."""
    if OUTSIDE.match(link) or link.startswith("#"):
        return False
    path, _, _ = unescape(link).partition("#")
    return "?" in path or bool(LEFT_OUT.match(path))


def without_server(page: str) -> str:
    """Return a page of the site without what needs a server."""
    page = FEED.sub(WHOLE_FEED, page)
    page = HEAD_LINK.sub(lambda m: "" if lacks(m[1]) else m[0], page)
    page = FORM.sub(instead_of_form, page)
    first, sentence, rest = page.partition(NO_DAY)
    page = first + sentence + rest.replace(NO_DAY, "")  # a page may have two such forms
    page = LISTS.sub(lambda m: EMPTY.sub("", ITEM.sub(linked_item, m[0])), page)
    page = AS_DATA.sub(lambda m: "" if any(map(lacks, links_in(m[0]))) else m[0], page)
    return ANCHOR.sub(lambda m: m[2] if lacks(m[1]) else m[0], page)


def feed_without_server(feed: str) -> str:
    """Return a feed in which links to what the copy lacks lead to the page of all changes."""
    return FEED_LINK.sub(lambda m: m[1] + ("/changes" if lacks(m[2]) else m[2]), feed)


def linked_item(item: re.Match) -> str:
    """Return an item of a list of links; empty if it leads nowhere."""
    return "" if lacks(item[1]) else item[0]


def instead_of_form(form: re.Match) -> str:
    """Return what replaces a form."""
    if form[1] == "search":
        return ""
    return NO_DAY if form[2] == "/ask" else NO_FORM


WITHOUT_SERVER = {"text/html": without_server, "application/atom+xml": feed_without_server}


def links_in(text: str) -> list[str]:
    """Return the links of a page, a feed or a style sheet."""
    return [a or b for a, b in LINK.findall(text) if a or b]


# ---- the crawl ---------------------------------------------------------------------------------


class Places:
    """The places in pages: those that links lead to, and those that exist."""

    def __init__(self):
        self.linked: dict[tuple[str, str], str] = {}  # (path, place): the first page that links it
        self.existing: dict[str, frozenset[str]] = {}  # by path

    def add_page(self, path: str, text: str) -> list[str]:
        """Add the places of a page and those it links; return the paths it links."""
        self.existing[path] = frozenset(map(unescape, ID.findall(text)))
        paths = []
        for link in map(unescape, links_in(text)):
            if OUTSIDE.match(link):
                continue
            target, _, place = link.partition("#")
            paths += [target] if target else []
            if place:
                self.linked.setdefault((target or path, unquote(place)), path)
        return paths

    def missing(self) -> list[str]:
        """Return a sentence for each link to a place that does not exist."""
        return [
            f"{path}#{place} is linked on {page}, and that page has no such place"
            for (path, place), page in sorted(self.linked.items())
            if place not in self.existing.get(path, ())
        ]


async def crawl(database: Path, root: Path, days: list[str], write) -> int:
    """Write every page of the copy with `write(name, bytes)`, and return the number of files."""
    site = app.datasette(database, root)
    await site.invoke_startup()
    waiting = ["/", "/static/site.css", "/openapi.json", "/changes.atom", "/changes.ics"]
    waiting += [f"/on/{day}/" for day in days]
    seen, places = set(waiting), Places()
    while waiting:
        path = waiting.pop()
        answer = await site.client.get(path)
        if answer.status_code != 200:
            raise DeadLink(f"{path} is linked and answers {answer.status_code}")
        kind, body = answer.headers["content-type"].partition(";")[0], answer.content
        if kind in WITHOUT_SERVER:
            body = WITHOUT_SERVER[kind](body.decode()).encode()
        write(place(path), body)
        if kind in ("text/html", "application/atom+xml", "text/css", "image/svg+xml"):
            for link in places.add_page(path, body.decode()):
                if not link.startswith("/") or lacks(link):
                    raise DeadLink(f"{path} links {link}, which the copy lacks")
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)
    if missing := places.missing():
        raise DeadLink("\n".join(missing))
    write("404.html", (await missing_page(site)).encode())
    write("README.txt", README.encode())
    return len(seen) + 2


async def missing_page(site) -> str:
    """Return the page for an unknown address. Raises DeadLink if the site's page has changed."""
    answer = await site.client.get("/ask/nothing-here")
    page, count = SENDS_ON.subn(COPY, answer.text)
    if answer.status_code != 404 or count != 1:
        raise DeadLink("the page that says 'nothing here' has no sentence that sends its reader on")
    return without_server(page)


def export(database: Path, out: Path, root: Path = ROOT, days: list[str] | None = None) -> int:
    """Write the site under `out`, and return the number of files. Raises DeadLink.

    It has the pages of each of `days` (default: those of `days_of`).
    """

    def write(name: str, body: bytes) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    return asyncio.run(crawl(database, root, days_of(database) if days is None else days, write))
