"""The outermost layer of the site. What comes in is checked before Datasette sees it; Datasette sees an address and nothing of who asks
(no header, no cookie, no client); what goes out has the same headers whatever happened, and every refusal is the same plain page.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import traceback
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote_to_bytes

from datasette import Response, hookimpl
from datasette.filters import Filters
from datasette.utils.asgi import Base400
from datasette.version import __version__
from datasette.views.base import DatasetteError

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-dns-prefetch-control": "off",  # or a browser looks up the hosts of cited sources before anybody follows a link
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin",  # public data, for use from other sites
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Dataset-Version, Data-Through",
}
METHODS = {"allow": "GET, HEAD, OPTIONS"}
PREFLIGHT = {"access-control-allow-methods": "GET, HEAD", "access-control-allow-headers": "If-None-Match", "access-control-max-age": "86400"}
NO_STORE = {"cache-control": "no-store"}
HEALTH, DOWNLOAD = "/-/health", "/benefits.db"
PART = 1 << 18  # bytes of the database sent at once
# All requests share one thread: 3,000 filters in one address took 7 seconds, 3,000 rows in one page 2.
MAX_PATH, MAX_QUERY, MAX_PARAMETERS, MAX_FILTERS, MAX_FACETS, MAX_ROWS_OF_PAGE = 1_000, 2_000, 50, 10, 5, 1_000

# Another host, another folder, control characters; what Datasette keeps for itself; and a ~ where no name has one, because that
# would be a second address of an answer.
HOSTILE = re.compile(r"(?!/)|//|/_|/-/(?!static/|health$)|.*([\x00-\x1f\x7f-\x9f\\]|/\.\.?(/|$))|/([^/]*/)?[^/]*~", re.DOTALL)
DATA = re.compile(r"/benefits(?:/([^/.]+)(?:/([^/]+?))?)?(?:\.(\w*))?")  # table or answer, row, form
# Datasette's own parameters that readers need. Not _ttl, _trace, _timelimit, _where, _through, _fts_table: they steer the server.
TAKEN = re.compile(
    r"_(shape|size|sort(_desc|_by_desc)?|next|search(_\w+|mode)?|facet(_date|_size)?|no(facet|count|suggest|col)|col|labels?|nl|json(_infinity)?|"
    r"stream|dl|header|extras|show_hidden|(show|hide)_sql|filter_(column|op|value)(_[0-9]+)?)"
)
NAMES_A_COLUMN = {"_sort", "_sort_desc", "_facet", "_facet_date", "_col", "_nocol", "_label"}
LOOKUPS = [key for key, *_ in Filters([]).lookups()]

LOCAL = re.compile(rb"/(?![/\\])[!-~]*")  # a Location on this site
NEXT = re.compile(rb'<(?!//)/[\w~./%?=&,*+-]*>; rel="next"')
NOTHING = "There is nothing at this address."
MISFIT = "This cannot be answered: a part of the address does not fit, such as a quotation mark that is not closed, or a page mark of another list."


class Refused(Base400):
    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


@hookimpl(tryfirst=True)
def handle_exception(exception):
    raise exception  # past Datasette's own handler, which prints what was asked, to the wrapper below


@hookimpl
def register_routes():
    return [(HEALTH + "$", health)]


async def health(datasette):
    found = await datasette.get_database("benefits").execute("SELECT version, data_through FROM dataset")
    return Response.json({"ok": True} | dict(found.first()))


@hookimpl(trylast=True)  # the last wrapper is the outermost
def asgi_wrapper(datasette):
    site = known(datasette)
    constant = HEADERS | {"dataset-version": site.version, "data-through": site.through}
    lasting = {"cache-control": f"public, max-age={datasette.setting('default_cache_ttl')}"}

    def wrap(app):
        async def guarded(scope, receive, send):
            if scope["type"] != "http":
                return await app(scope, receive, send)
            raw, query = scope["raw_path"].partition(b"?")[0], scope["query_string"]
            path = raw.decode("latin-1")
            tag = f'"{site.version}-{hashlib.sha256(site.edition + raw + b"?" + query).hexdigest()[:20]}"'
            started, held, parts = False, (), []

            async def start(status: int, headers: dict):
                nonlocal started
                started = True
                # Weak, because JSON says how long its query took.
                kept = NO_STORE if status >= 400 or path == HEALTH else lasting | ({"etag": "W/" + tag} if status in (200, 304) else {})
                headers = [(name.encode(), value.encode("latin-1")) for name, value in (constant | kept | headers).items()]
                await send({"type": "http.response.start", "status": status, "headers": headers})

            async def finish(body: bytes = b"", more: bool = False):
                await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": more})

            async def reply(message):
                nonlocal held
                if message["type"] == "http.response.body":
                    parts.append(message.get("body", b""))
                    more = message.get("more_body", False)
                    if more and scope["http_version"] == "1.0":
                        return  # HTTP/1.0 knows no chunks: what is of unknown length is sent when its length is known
                    body = b"".join(parts)
                    parts.clear()
                    if held:
                        await start(held[0], held[1] if more else {"content-length": str(len(body))} | held[1])
                        held = ()
                    return await finish(body, more)
                given = {name.lower(): value for name, value in message["headers"]}
                if message["status"] in (403, 404):
                    raise Refused(404, NOTHING)  # what static files answer with is a fragment
                if message["status"] >= 500 or not LOCAL.fullmatch(given.get(b"location", b"/")):
                    raise RuntimeError
                if not NEXT.fullmatch(given.get(b"link", b"")):
                    given.pop(b"link", None)  # made of the query as it came, and could send a browser to another host
                passed = (b"content-type", b"content-length", b"content-disposition", b"location", b"link")
                held = message["status"], {name.decode(): given[name].decode("latin-1") for name in passed if name in given}

            try:
                if sum(name == b"host" for name, _ in scope["headers"]) != 1 and scope["http_version"] == "1.1":
                    raise Refused(400, "A request needs one Host header.")  # or a cache in front may take it for another site's
                check(scope["method"], path, query, site)
                if scope["method"] == "OPTIONS":
                    await start(204, METHODS | PREFLIGHT | NO_STORE)
                    return await finish()
                had = b",".join(value for name, value in scope["headers"] if name == b"if-none-match").decode("latin-1").split(",")
                if tag in (one.strip().removeprefix("W/") for one in had):
                    await start(304, {})
                    return await finish()
                if path == DOWNLOAD:
                    return await download(site.file, site.size, reply)
                await app(scope | {"method": "GET", "headers": [], "client": None}, receive, reply)
            except Exception as exception:
                status, sentences = reasons(exception)
                if started:
                    return  # the server closes the connection, so that a part is not taken for the whole
                content_type, body = await refusal(datasette, path, status, sentences)
                with contextlib.suppress(Exception):  # a connection that broke meanwhile
                    await start(status, {"content-type": content_type, "content-length": str(len(body))} | (METHODS if status == 405 else {}))
                    await finish(body)

        return guarded

    return wrap


async def download(file, whole: int, send) -> None:
    """The database that this process reads. By its name Datasette would send the one that a build has put in its place meanwhile."""
    size, at = os.fstat(file.fileno()).st_size, 0
    if size != whole:
        raise Refused(404, "The database cannot be downloaded now: its file was changed while the site ran.")  # a part is not taken for the whole
    headers = [(b"content-type", b"application/octet-stream"), (b"content-disposition", b'attachment; filename="benefits.db"'), (b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while at < size:
        part = os.pread(file.fileno(), min(PART, size - at), at)
        if not part:
            raise EOFError  # cut in place meanwhile
        at += len(part)
        await send({"type": "http.response.body", "body": part, "more_body": at < size})


def known(datasette) -> SimpleNamespace:
    """What stays the same as long as the site runs."""
    database = datasette.get_database("benefits")
    connection = database.connect()
    version, through = connection.execute("SELECT version, data_through FROM dataset").fetchone()
    tables = {}
    for name, kind in connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
        found = connection.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", [name]).fetchall()
        columns, keys = [c for c, _ in found], [c for c, position in found if position]
        tables[name] = (columns, keys) if keys or kind == "view" else (columns + ["rowid"], ["rowid"])
    answers = datasette.metadata("queries", database="benefits") or {}
    forms = ({None, "csv"} | set(datasette.renderers)) - {"blob", "jsono"}
    # The edition stands for all that the site is made of: data, pages and code.
    digest = hashlib.sha256((__version__ + database.hash + json.dumps(datasette.metadata(), default=str)).encode())
    root = Path(datasette.plugins_dir).parent
    for pattern in ("plugins/*.py", "templates/**/*", "static/**/*", "docs/**/*", "build/test-results.json"):
        for file in sorted(f for f in root.glob(pattern) if f.is_file()):
            digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    file = open(database.path, "rb")  # for as long as the site runs
    return SimpleNamespace(version=version, through=through, tables=tables, answers=answers, forms=forms, edition=digest.digest(), file=file, size=os.fstat(file.fileno()).st_size)


def check(method: str, path: str, query: bytes, site) -> None:
    """Refuse what nobody who means well asks, and what Datasette would misread or fail on."""
    if method not in ("GET", "HEAD", "OPTIONS"):
        raise Refused(405, "This site is for reading: it answers GET, HEAD and OPTIONS.")
    if len(path) > MAX_PATH or len(query) > MAX_QUERY:
        raise Refused(414, f"This address is too long. A path can have {MAX_PATH} bytes, and what follows the question mark {MAX_QUERY}.")
    try:
        hostile = HOSTILE.match(unquote_to_bytes(path.encode("ascii")).decode())
    except UnicodeError:
        hostile = True
    if hostile:
        raise Refused(404, NOTHING)
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Refused(400, f"The query string cannot be read: it needs to be percent-encoded UTF-8 with at most {MAX_PARAMETERS} parameters.") from None
    own = [name for name, _ in pairs if name.startswith("_") and "__" not in name]
    if any(name == "sql" for name, _ in pairs):
        raise Refused(403, "This site takes no SQL. Download /benefits.db to run your own.")
    for name in own:
        if not TAKEN.fullmatch(name):
            raise Refused(400, f"The parameter {name[:40]!r} is not taken.")
    if sum(name.startswith("_facet") for name in own) > MAX_FACETS:
        raise Refused(400, f"Ask for at most {MAX_FACETS} facets at once.")
    if len(pairs) - len(own) > MAX_FILTERS:
        raise Refused(400, f"Ask for at most {MAX_FILTERS} filters at once.")
    if data := DATA.fullmatch(path):
        check_data(*data.groups(), pairs, site)


def check_data(table: str | None, row: str | None, form: str | None, pairs: list, site) -> None:
    is_table = table in site.tables and table not in site.answers
    if form not in (site.forms if table else (None, "json", "db")) or (row and not is_table):
        raise Refused(404, NOTHING)
    columns, keys = site.tables[table] if is_table else ([], [])
    shapes = ["arrays", "objects", "array", "arrayfirst"] + ["object"] * bool(keys)
    for name, value in pairs if table and form == "json" else ():
        if name == "_shape" and value not in shapes:  # Datasette says so with status 200
            raise Refused(400, f"Invalid _shape {value[:40]!r}. Accepted for {table}: {', '.join(shapes)}.")
    if not is_table:
        return
    if row and form and "%" in row:  # Datasette would lead to an address without its form
        raise Refused(404, "There is no such record. The address of one has any character but letters, digits, - and _ as ~ and its code.")
    if row and len(row.split(",")) != len(keys):
        raise Refused(404, f"There is no such record. The address of one in {table} is made of: {', '.join(keys) or 'nothing, because it is a view'}.")
    for name, value in () if row else pairs:
        column, lookup = (name.rsplit("__", 1) + ["exact"])[:2]
        if name in NAMES_A_COLUMN and (value or not name.startswith("_sort")):
            column, lookup = value, "exact"
        elif name.startswith("_search_"):
            column, lookup = name.removeprefix("_search_"), "exact"
        elif name == "_size" and not form and (value == "max" or (value.isdecimal() and int(value) > MAX_ROWS_OF_PAGE)):
            raise Refused(400, f"A page shows at most {MAX_ROWS_OF_PAGE} rows. Take the JSON or the CSV for more.")
        elif name.startswith("_") and "__" not in name:
            continue
        # SQLite takes an unknown column for a text, and Datasette skips an unknown lookup: both would answer another question.
        if column not in columns:
            raise Refused(400, f"{column[:40]!r} is not a column of {table}. Its columns: {', '.join(columns)}.")
        if lookup not in LOOKUPS:
            raise Refused(400, f"{lookup[:40]!r} is not a way to filter. Accepted: {', '.join(LOOKUPS)}.")


def reasons(exception: Exception) -> tuple[int, list[str]]:
    """Status and sentences for what went wrong. The log gets the place in the code, never what was asked."""
    if isinstance(exception, Base400):
        return exception.status, [NOTHING] if str(exception) in ("404", "Database not found", "Table not found") else str(exception).splitlines()
    if isinstance(exception, DatasetteError):
        return min(exception.status, 400), [MISFIT if exception.title else exception.message]  # a title comes with SQL
    places = [f"{Path(p.filename).name}:{p.lineno}" for p in traceback.extract_tb(exception.__traceback__)[:-4:-1]]
    logging.getLogger("uvicorn.error").error("%s at %s, answered 400", type(exception).__name__, " < ".join(places))
    return 400, [MISFIT]


async def refusal(datasette, path: str, status: int, sentences: list[str]) -> tuple[str, bytes]:
    """Content type and body, in the form that was asked for."""
    if path.endswith(".json"):
        said = {"ok": False, "error": " ".join(sentences), "status": status, "title": HTTPStatus(status).phrase}
        return "application/json; charset=utf-8", json.dumps(said).encode()
    if not path.endswith(".csv"):
        with contextlib.suppress(Exception):  # a fault in a template must not end in a 500
            await datasette.invoke_startup()
            page = await datasette.render_template("refusal.html", {"status": status, "problems": sentences, "again": re.sub("^/on/[^/]*|/and/[^/]*$", "", path) or "/" if status == 400 else None})
            return "text/html; charset=utf-8", page.encode()
    return "text/plain; charset=utf-8", ("\n".join(sentences) + "\n").encode()
