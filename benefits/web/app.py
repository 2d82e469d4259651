"""The site as an ASGI application: Datasette with our metadata, settings, compression and guard."""

from __future__ import annotations

import glob
import os
import re
import sys
from pathlib import Path

from asgi_gzip import GZipMiddleware
from datasette.app import Datasette
from datasette.plugins import pm

from benefits.errors import BenefitsError
from benefits.package import ROOT
from benefits.web import guard, lane
from benefits.web.adapter import SETTINGS, File, adopt
from benefits.web.requests import DOWNLOAD


class Unguarded(BenefitsError):
    """The site would run without what checks its requests."""


def datasette(database: Path, root: Path = ROOT) -> Datasette:
    """Return Datasette with our pages. Raises Unguarded if its plugins are not there."""
    site = Datasette(
        [],
        settings=SETTINGS,
        template_dir=str(root / "templates"),
        plugins_dir=glob.escape(str(root / "plugins")),  # Datasette takes it for a pattern
        static_mounts=[("static", str(root / "static"))],
    )
    site.remove_database("_memory")
    site.add_database(File(site, str(database), is_mutable=False), "benefits")
    adopt(site, root)
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
