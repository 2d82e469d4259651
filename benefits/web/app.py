"""The site as an ASGI application: Datasette with our metadata, settings, compression and guard."""

from __future__ import annotations

import glob
import os
import re
import sqlite3
import sys
from pathlib import Path

import yaml
from asgi_gzip import GZipMiddleware
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.sqlite import sqlite_uri
from benefits.web import guard, lane
from benefits.web.requests import DOWNLOAD, INTERNAL

SETTINGS = {
    # SQL of their own lets one reader stall the others; the database can be downloaded instead.
    "default_allow_sql": False,
    "num_sql_threads": 0,  # safe only without SQL of the readers' own, and twice as fast
    "max_returned_rows": 10_000,
    # Of one statement. An honest one takes 60, and on a busy machine ten times that.
    "sql_time_limit_ms": 3_000,
    "facet_time_limit_ms": 1_000,
    "suggest_facets": False,
    "max_csv_mb": 0,
    "default_cache_ttl": 300,
    "template_debug": False,
    "trace_debug": False,
}
ROWS_OF_CSV = 200_000  # of one pass; more are more passes
# Tables and views that are in no data file: name, title and description.
OWN_TABLES = (
    ("dataset", "Dataset", "Title, version, licence, and the day through which the data goes."),
    ("dataset_tables", "Tables", "What one row of each table is, and the SHA-256 of its file."),
    ("dataset_fields", "Fields", "What each column of each table means."),
    ("dataset_codes", "Codes", "The codes of each code column, with labels."),
    (
        "coverage_rules",
        "Coverage rules with their programs",
        "Coverage rows joined with program and jurisdiction.",
    ),
    (
        "coverage_rules_known",
        "Coverage rules, in every state published",
        "Coverage rows joined with their program, with the days on which the dataset said so.",
    ),
    (
        "dated_changes",
        "Dated changes",
        "Everything that has a date: coverage that starts, changes or ends, roles and events.",
    ),
    (
        "survey_agreement_all",
        "Survey agreement",
        "What our rows say on each survey answer, and whether the two agree.",
    ),
    ("boundaries", "Boundaries", "The days on which an answer about a jurisdiction may change."),
    (
        "role_spans",
        "Roles with the latest day they may have begun",
        "Roles, and for a role of which only month or year is known its last day.",
    ),
)


class Unguarded(BenefitsError):
    """The site would run without what checks its requests."""


class File(Database):
    """A database that is read from a file of any name."""

    def connect(self, write=False):
        uri = sqlite_uri(self.path, "immutable=1")
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._all_file_connections.append(connection)
        return connection

    async def table_counts(self, limit=10):
        """Count for as long as a statement may take. Datasette would give up after 10 ms."""
        return await super().table_counts(limit=self.ds.setting("sql_time_limit_ms"))


class Site(Datasette):
    """Datasette with addresses that name no host, and another bound for a whole CSV."""

    def __setattr__(self, name, value):
        # Datasette keeps a copy of one setting, which differs for a whole CSV.
        super().__setattr__("page_rows" if name == "max_returned_rows" else name, value)

    @property
    def max_returned_rows(self):
        return ROWS_OF_CSV if guard.whole_csv.get() else self.page_rows

    def add_database(self, db, name=None, route=None):
        # Datasette would take a ?, # or % in the name of the file for a part of a URI.
        file = File(self, db.path, is_mutable=False) if db.path else db
        return super().add_database(file, name, route)

    def absolute_url(self, request, path):
        # A made-up Host header never comes back, and the site needs not know its name.
        return path


def site_metadata(database: Path, root: Path = ROOT) -> dict:
    """Return metadata.yml with the SQL of the answers and what the database says of itself."""
    metadata = yaml.load((root / "metadata.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    site = metadata["databases"]["benefits"]
    for name, query in site["queries"].items():
        query["sql"] = (root / "sql" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        query["hide_sql"] = True
    connection = sqlite3.connect(sqlite_uri(database), uri=True)
    connection.row_factory = sqlite3.Row
    try:
        dataset = connection.execute("SELECT * FROM dataset").fetchone()
        rights = {
            "license": dataset["licence"],
            "license_url": dataset["licence_url"],
            "source": f"Benefits dataset {dataset['version']}",
            "source_url": "/benefits/sources",
        }
        metadata |= rights
        site |= rights | {"description": dataset["description"]}
        describe_tables(connection, site["tables"], rights)
    finally:
        connection.close()
    return metadata


def describe_tables(connection: sqlite3.Connection, tables: dict, rights: dict) -> None:
    """Add title, description and columns of each table to its metadata."""
    for table in connection.execute("SELECT * FROM dataset_tables"):
        about = tables.setdefault(table["table"], {})
        about |= rights | {"title": table["title"], "description": table["description"]}
        sql = 'SELECT field, description FROM dataset_fields WHERE "table" = ? ORDER BY position'
        fields = connection.execute(sql, [table["table"]])
        about["columns"] = {field["field"]: field["description"] for field in fields}
    for name, title, description in OWN_TABLES:
        about = tables.setdefault(name, {})
        about |= rights | {"title": title, "description": description}
    for (name,) in connection.execute("SELECT name FROM sqlite_master"):
        if INTERNAL.fullmatch(name):  # not listed anywhere; the guard answers 404
            tables.setdefault(name, {}).update({"allow": False, "hidden": True})


def datasette(database: Path, root: Path = ROOT) -> Datasette:
    """Return Datasette with our pages. Raises Unguarded if its plugins are not there."""
    site = Site(
        [],
        immutables=[str(database)],
        metadata=site_metadata(database, root),
        settings=SETTINGS,
        template_dir=str(root / "templates"),
        plugins_dir=glob.escape(str(root / "plugins")),  # Datasette takes it for a pattern
        static_mounts=[("static", str(root / "static"))],
    )
    site.plugins_dir = str(root / "plugins")
    files = sorted(file.name for file in (root / "plugins").glob("*.py"))
    missing = [name for name in files if not pm.has_plugin(name)]
    guards = [hook for hook in pm.hook.asgi_wrapper.get_hookimpls() if hook.plugin is guard]
    if missing or not guards:
        names = ", ".join(missing) or "the guard"
        raise Unguarded(f"the site does not start without its plugins: {names}")
    return site


class Compressed:
    """An ASGI application with gzip for whom it suits.

    The database is never compressed: that would take too long.
    """

    def __init__(self, app):
        self.app, self.zipped = app, GZipMiddleware(app, compresslevel=6)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        head = scope["method"] == "HEAD"

        async def send_varying(message):
            if message["type"] == "http.response.start":
                others = [(n, v) for n, v in message["headers"] if n.lower() != b"vary"]
                message = message | {"headers": [*others, (b"vary", b"Accept-Encoding")]}
            await send(message)

        async def send_head(message):
            if message["type"] == "http.response.body":
                message = message | {"body": b""}
            await send_varying(message)

        accepted = b",".join(v for n, v in scope["headers"] if n == b"accept-encoding")
        if scope["path"] == DOWNLOAD or not takes_gzip(accepted.decode("latin-1")):
            return await self.app(scope, receive, send_varying)
        # HEAD is answered as GET is, which only the whole answer shows.
        scope = scope | {
            "method": "GET" if head else scope["method"],
            "headers": [*scope["headers"], (b"accept-encoding", b"gzip")],
        }
        await self.zipped(scope, receive, send_head if head else send_varying)


def takes_gzip(accepted: str) -> bool:
    """Return whether an Accept-Encoding header takes gzip, as RFC 9110 weighs it.

    A weight that cannot be read is none.
    """
    weights = {}
    for one in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        weight = next((p[2:].strip() for p in parameters if p.startswith("q=")), "1")
        weights[name] = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0))) > 0


def application(database: Path):
    """Return the site as an ASGI application that answers large requests in a second process."""
    return lane.Front(single_application(database), database, takes_gzip)


def single_application(database: Path):
    """Return the site as an ASGI application that answers all requests in its own process."""
    # Datasette writes failed SQL to stderr, with the values asked for. uvicorn's log keeps the
    # real one.
    sys.stderr = open(os.devnull, "w")
    return Compressed(StartsGuarded(datasette(database).app()))


class StartsGuarded:
    """An ASGI application that starts only if an answer of it has the headers of the guard."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan" and not await answers_with_guard(self.app):
            await receive()
            message = "the guard of the site does not answer"
            return await send({"type": "lifespan.startup.failed", "message": message})
        await self.app(scope, receive, send)


async def answers_with_guard(app) -> bool:
    """Return whether an answer of `app` has the headers of the guard."""
    messages = []

    async def keep(message):
        messages.append(message)

    request = {
        "type": "http",
        "http_version": "1.0",
        "method": "GET",
        "scheme": "http",
        "path": guard.HEALTH,
        "raw_path": guard.HEALTH.encode(),
        "query_string": b"",
        "headers": [],
        "client": None,
    }
    await app(request, None, keep)
    names = {name.decode() for name, _ in messages[0]["headers"]}
    return messages[0]["status"] == 200 and set(guard.HEADERS) <= names
