"""The outermost layer of the site: each request is checked, and each answer has the same headers.

Datasette sees an address and nothing of who asks: no header, no cookie, no client. Every refusal is
the same plain page.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re

from datasette import Response, hookimpl

from benefits.web.adapter import failed, is_adopted
from benefits.web.refusals import (
    NOTHING,
    ClientLeft,
    Refused,
    describe_exception,
    render_refusal,
    wait_for_leaving,
)
from benefits.web.requests import (
    DATA,
    DOWNLOAD,
    bounded_rows,
    check,
    plain_record,
    whole_table,
    without_tracking,
)
from benefits.web.site import Site

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Or a browser looks up the hosts of cited sources before anybody follows a link.
    "x-dns-prefetch-control": "off",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin",  # public data, for use from other sites
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Dataset-Version, Data-Through",
}
METHODS = {"allow": "GET, HEAD, OPTIONS"}
PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "If-None-Match",
    "access-control-max-age": "86400",
}
NO_STORE = {"cache-control": "no-store"}
AGAIN = {"retry-after": "5"}
HEALTH = "/-/health"
PART = 1 << 18  # bytes of the database sent at once
MAX_CSV = 32 << 20  # bytes of a CSV, which is gathered to know its length

LOCAL = re.compile(rb"/(?![/\\])[!-~]*")  # a Location on this site
NEXT = re.compile(rb'<(?!//)/[\w~./%?=&,*+-]*>; rel="next"')
PASSED = (b"content-type", b"content-length", b"content-disposition", b"location", b"link")


@hookimpl(tryfirst=True)
def handle_exception(exception):
    # Past Datasette's own handler, which prints what was asked, to the guard.
    raise exception


@hookimpl
def register_routes():
    return [(HEALTH + "$", health)]


async def health(datasette):
    sql = "SELECT version, data_through FROM dataset"
    rows = await datasette.get_database("benefits").execute(sql)
    return Response.json({"ok": True} | dict(rows.first()))


@hookimpl(trylast=True)  # the last wrapper is the outermost
def asgi_wrapper(datasette):
    return lambda app: Guard(app, datasette)


class Guard:
    """An ASGI application around Datasette's."""

    def __init__(self, app, datasette):
        self.app, self.datasette = app, datasette
        # Datasette makes an application for its own use before it has read its plugins.
        if is_adopted(datasette):
            self.site  # is read now, so that a database changed later is not taken for this one

    @functools.cached_property
    def site(self) -> Site:
        return Site(self.datasette)

    @functools.cached_property
    def headers(self) -> dict[str, str]:
        return HEADERS | {
            "accept-ranges": "none",
            "dataset-version": self.site.version,
            "data-through": self.site.through,
        }

    @functools.cached_property
    def lasting(self) -> dict[str, str]:
        age = self.datasette.setting("default_cache_ttl")
        return {"cache-control": f"public, max-age={age}"}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        await Exchange(self, scope, receive, send).answer()


class Exchange:
    """One request and its answer."""

    def __init__(self, guard: Guard, scope: dict, receive, send):
        self.guard, self.receive, self.send = guard, receive, send
        self.query = without_tracking(scope["query_string"])
        self.scope = scope | {"query_string": self.query}
        raw = scope["raw_path"].partition(b"?")[0]
        self.path = raw.decode("latin-1")
        self.tag = guard.site.tag(raw, self.query)
        self.whole = self.is_whole_table()
        self.started = False
        # Status and headers that Datasette gave and that are not sent yet.
        self.head: tuple[int, dict[str, str]] | None = None
        self.parts: list[bytes] = []
        self.matches_any = False  # If-None-Match: *
        self.not_modified = False
        self.errors: list[Exception] = []
        self.size = self.pause = 0
        self.gone: asyncio.Future = asyncio.Future()

    def is_whole_table(self) -> bool:
        """Return whether the CSV of a table is asked for: it is gathered to know its length."""
        match, site = DATA.fullmatch(self.path), self.guard.site
        return bool(
            match
            and match[3] == "csv"
            and not match[2]
            and match[1] in site.tables
            and match[1] not in site.answers
        )

    async def answer(self) -> None:
        """Answer the request: as Datasette does, with a refusal, or with an error of ours."""
        failed.set(self.errors)
        if self.whole and self.receive:
            self.gone = asyncio.ensure_future(wait_for_leaving(self.receive))
        try:
            await self.respond()
        except ClientLeft:
            return
        except Exception as exception:
            await self.refuse(exception)
        finally:
            self.gone.cancel()

    async def refuse(self, exception: Exception) -> None:
        # An error of ours is in the log from here on.
        status, sentences = describe_exception(exception)
        if self.started:
            return  # the server closes the connection, so that a part is not taken for the whole
        datasette = self.guard.datasette
        try:
            content_type, body = await render_refusal(datasette, self.path, status, sentences)
        except Exception as error:
            # The page that refuses fails itself: that is our error, and is told as plain text.
            status, sentences = describe_exception(error)
            content_type, body = "text/plain; charset=utf-8", (sentences[0] + "\n").encode()
        headers = {"content-type": content_type, "content-length": str(len(body))}
        headers |= METHODS if status == 405 else AGAIN if status == 503 else {}
        with contextlib.suppress(OSError):  # the connection may have broken
            await self.start(status, headers)
            await self.finish(body)

    async def respond(self) -> None:
        """Check the request, then let Datasette answer it. Raises what is wrong with either."""
        self.check()
        if self.scope["method"] == "OPTIONS":
            await self.start(204, METHODS | PREFLIGHT | NO_STORE)
            return await self.finish()
        tags = [tag.strip() for tag in self.header(b"if-none-match").split(",")]
        self.matches_any = "*" in tags
        if self.tag in (tag.removeprefix("W/") for tag in tags):
            await self.start(304, {})
            return await self.finish()
        site = self.guard.site
        if self.path == DOWNLOAD:
            return await download(site.file, site.size, self.reply)
        scope = plain_record(self.scope, site) | {"method": "GET", "headers": [], "client": None}
        if self.whole:
            scope |= {"query_string": whole_table(scope["query_string"])}
        elif DATA.fullmatch(self.path):
            scope |= {"query_string": bounded_rows(scope["query_string"])}
        await self.guard.app(scope, self.receive, self.reply)
        if self.whole and self.head:
            await self.send_gathered()

    def check(self) -> None:
        """Raise what the request is refused for."""
        if "benefits.fault" in self.scope:
            raise self.scope["benefits.fault"]
        if "benefits.refused" in self.scope:
            raise Refused(*self.scope["benefits.refused"])
        hosts = sum(name == b"host" for name, _ in self.scope["headers"])
        if hosts != 1 and self.scope["http_version"] == "1.1":
            # Or a cache in front may take it for another site's.
            raise Refused(400, "A request needs one Host header.")
        raw = plain_record(self.scope, self.guard.site)["raw_path"]
        path = raw.partition(b"?")[0].decode("latin-1")
        check(self.scope["method"], path, self.query, self.guard.site)

    def header(self, name: bytes) -> str:
        """Return the values of a header of the request, with commas between them."""
        return b",".join(v for n, v in self.scope["headers"] if n == name).decode("latin-1")

    # ---- what goes out ----------------------------------------------------------------------

    async def start(self, status: int, headers: dict) -> None:
        self.started = True
        if status >= 400 or self.path == HEALTH:
            caching = NO_STORE
        else:
            # Weak, because JSON says how long its query took.
            tag = {"etag": "W/" + self.tag} if status in (200, 304) else {}
            caching = self.guard.lasting | tag
        encoded = [
            (name.encode(), value.encode("latin-1"))
            for name, value in (self.guard.headers | caching | headers).items()
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def finish(self, body: bytes = b"", more: bool = False) -> None:
        body = b"" if self.scope["method"] == "HEAD" else body
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def send_gathered(self) -> None:
        """Send a table that was gathered."""
        if self.errors:
            # Datasette would write the error into the CSV and end it as if it were whole.
            raise self.errors[0]
        if self.matches_any:
            await self.start(304, {})
            return await self.finish()
        status, headers = self.head
        body = b"".join(self.parts)
        await self.start(status, {"content-length": str(len(body))} | headers)
        await self.finish(body)

    async def gather(self, body: bytes) -> None:
        """Keep a part of a table. Raises what ends Datasette's loop over its rows."""
        self.parts.append(body)
        self.size += len(body)
        if self.size > MAX_CSV:
            sentence = f"This CSV has more than {MAX_CSV >> 20} MB. Filter it, or take {DOWNLOAD}."
            self.fail(Refused(400, sentence))
        if self.size > self.pause:
            self.pause = self.size + PART
            await asyncio.sleep(0)  # lets other requests go on
            if self.gone.done():
                self.fail(ClientLeft())

    def fail(self, error: Exception) -> None:
        """Raise an error that is raised again when Datasette's loop, which it ends, returns."""
        self.errors.append(error)
        raise error

    async def reply(self, message: dict) -> None:
        """Take a message of Datasette's answer."""
        body = message["type"] == "http.response.body"
        if self.whole and body and self.head and self.head[0] == 200:
            return await self.gather(message.get("body", b""))
        if self.errors and self.head:
            # Of a count or a facet, which Datasette would leave out: a part is not the whole.
            raise self.errors[0]
        if body:
            await self.pass_body(message)
        else:
            self.head = message["status"], self.passed_headers(message)

    async def pass_body(self, message: dict) -> None:
        if self.not_modified:
            return
        self.parts.append(message.get("body", b""))
        more = message.get("more_body", False)
        if more and self.scope["http_version"] == "1.0":
            return  # HTTP/1.0 has no chunks: it is sent when its length is known
        body = b"".join(self.parts)
        self.parts.clear()
        if self.head:
            (status, headers), self.head = self.head, None
            if self.matches_any and status == 200:  # there is something, as the client wanted
                self.not_modified = True
                await self.start(304, {})
                return await self.finish()
            length = {} if more else {"content-length": str(len(body))}
            await self.start(status, length | headers)
        await self.finish(body, more)

    def passed_headers(self, message: dict) -> dict[str, str]:
        """Return the headers of Datasette's answer that go out. Raises Refused and RuntimeError."""
        headers = {name.lower(): value for name, value in message["headers"]}
        if message["status"] in (403, 404):
            raise Refused(404, NOTHING)  # what static files answer with is a fragment
        if message["status"] >= 500 or not LOCAL.fullmatch(headers.get(b"location", b"/")):
            raise RuntimeError
        if self.path.endswith(".csv") and message["status"] == 200:
            headers[b"content-type"] = b"text/csv; charset=utf-8"
        if not NEXT.fullmatch(headers.get(b"link", b"")):
            # Made of the query as it came, it could send a browser to another host.
            headers.pop(b"link", None)
        return {n.decode(): headers[n].decode("latin-1") for n in PASSED if n in headers}


async def download(file, whole: int, send) -> None:
    """Send the database that this process reads.

    By its name Datasette would send the one that a build may have put in its place.
    """
    size, at = os.fstat(file.fileno()).st_size, 0
    if size != whole:  # a part is not taken for the whole
        raise Refused(
            404, "The database cannot be downloaded now: its file was changed while the site ran."
        )
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-disposition", b'attachment; filename="benefits.db"'),
        (b"content-length", str(size).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while at < size:
        part = os.pread(file.fileno(), min(PART, size - at), at)
        if not part:
            raise EOFError  # the file was cut in place
        at += len(part)
        await send({"type": "http.response.body", "body": part, "more_body": at < size})
