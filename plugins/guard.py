"""The outermost layer of the site. What comes in is checked before Datasette sees it; Datasette sees an address and nothing of who asks
(no header, no cookie, no client); what goes out has the same headers whatever happened, and every refusal is the same plain page.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import hashlib
import json
import logging
import os
import re
import traceback
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.filters import Filters
from datasette.utils import escape_fts, sqlite3, sqlite_timelimit, urlsafe_components
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
AGAIN = {"retry-after": "5"}
HEALTH, DOWNLOAD = "/-/health", "/benefits.db"
PART = 1 << 18  # bytes of the database sent at once
# All requests share one thread: 3,000 filters in one address took 7 seconds, 3,000 rows in one page 2.
MAX_PATH, MAX_QUERY, MAX_PARAMETERS, MAX_FILTERS, MAX_FACETS, MAX_ROWS_OF_PAGE = 1_000, 2_000, 50, 10, 5, 1_000

# Another host, another folder, control characters; what Datasette keeps for itself; and a ~ where no name has one, because that
# would be a second address of an answer. And something below a file, or a name longer than a file system takes.
HOSTILE = re.compile(r"(?!/)|//|/_|/-/(?!static/|health$)|.*([\x00-\x1f\x7f-\x9f\\]|/\.\.?(/|$))|/([^/]*/)?[^/]*~|/(-/)?static/(.*/)?([^/]*\.[^/]*/|[^/]{101})", re.DOTALL)
DATA = re.compile(r"/benefits(?:/([^/.]+)(?:/([^/]+?))?)?(?:\.(\w*))?")  # table or answer, row, form
# Datasette's own parameters that readers need. Not _ttl, _trace, _timelimit, _where, _through, _fts_table: they steer the server.
TAKEN = re.compile(
    r"_(shape|size|sort(_desc|_by_desc)?|next|search(_\w+|mode)?|facet(_date|_size)?|no(facet|count|suggest|col)|col|labels?|nl|json(_infinity)?|"
    r"stream|dl|header|extras|show_hidden|(show|hide)_sql|filter_(column|op|value)(_[0-9]+)?)"
)
# Its other parameters, which steer the server or have no use here. A name that is none of these is
# not Datasette's: on a page it came with the link.
STEERS = re.compile(
    r"_(ttl|trace|timelimit|where|through|fts_\w+|facet_array|extra|context|blob_\w+|method|sql|debug|"
    r"exact|sort_x)"
)
NAMES_A_COLUMN = {"_sort", "_sort_desc", "_facet", "_facet_date", "_col", "_nocol", "_label"}
LOOKUPS = [key for key, *_ in Filters([]).lookups() if not key.startswith("array")]  # no column holds a list

LOCAL = re.compile(rb"/(?![/\\])[!-~]*")  # a Location on this site
NEXT = re.compile(rb'<(?!//)/[\w~./%?=&,*+-]*>; rel="next"')
NOTHING = "There is nothing at this address."
LISTED = "The answers and tables are listed at /benefits, and for programs in /openapi.json."
NO_RECORD = (
    "There is no such record. Its table lists the keys there are: the address without what follows the"
    " last slash."
)
DATASETTE_SAYS = {
    "404": NOTHING,
    "Database not found": NOTHING,
    "Table not found": NOTHING,
    "Record not found": NO_RECORD,
}
MAX_CSV = 32 << 20  # bytes of a CSV, which is gathered to know its length
failed = contextvars.ContextVar("failed", default=None)  # where a request gathers the statements that failed
whole_csv = contextvars.ContextVar("whole_csv", default=False)  # whether a request is for all rows of a table, in one pass
TOO_LONG = "This question takes too long to answer. Ask for less, or take /benefits.db and ask it yourself."
# Tables that the site needs for itself: copies for full-text search, and earlier states of the tables.
INTERNAL = re.compile(r"sqlite_.*|.*_fts(_.*)?|.*_known|search_index(_.*)?")
WORDS = {"on", "off", "true", "false", "1", "0"}  # what Datasette takes for yes and no
COMPARED = {"gt", "gte", "lt", "lte"}
# What mail, search, social, advertising and translation services add to links. No column and no
# parameter has such a name.
ADDED = (
    r"utm[_-]?\w*|_?[a-z_]*cl(k|ic|ick)?_?id|[gw]braid|gclsrc|(hsa|pk|mtm|matomo|piwik|itm|"
    r"stm|mkt|mc|ml|gad|gaa|ga|gs|fb|oly|vero|wt|at|tw|pf_rd|pd_rd|hs|hss|sc|elq|cvo|rdt|bsft|"
    r"guce|amp|iterable|sfmc|email|ck|dm|ig|nr|ref|s_kw|_x_tr|_ga|_gac|_gl|_bta|_branch|_sm|"
    r"_hs|__hs|__cf_chl|__twitter)_\w*|_?_hs\w+|hsctatracking|li_fat_id|igsh(id)?|srsltid|"
    r"mibextid|epik|wickedid|vgo_ee|xtor|spm|scm|usqp|guccounter|trk\w*|track(ing)?_?id|"
    r"elq\w+|s_(kw)?cid|ef_id|(sc|[cnoi])?cid|cmp(id)?|mk[a-z]{3}|campaign_?id|ad(set|"
    r"group)?_?id|sm(id|typ)|ref(errer)?|si|share(_?id)?|ved|ei|sca_esv|sxsrf|tblci|zanpid|"
    r"tduid|ttc|amp|msockid|sourceid|_?bhlid|_ga|_gl|_gac|_fb[cp]|_openstat|_k[ex]|__s|_(pos|"
    r"psq|ss|sid|fid|sp|cldee|unique_id|[rtdv])"
)
TRACKING = re.compile(f"(?i:{ADDED})")


EMPTY_SEARCH = re.compile(rb"_search(_\w+)?=?(\+|%20|%09)*")  # Datasette would hand nothing to full-text search, which fails


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
    constant = HEADERS | {"accept-ranges": "none", "dataset-version": site.version, "data-through": site.through}
    lasting = {"cache-control": f"public, max-age={datasette.setting('default_cache_ttl')}"}

    def wrap(app):
        async def guarded(scope, receive, send):
            if scope["type"] != "http":
                return await app(scope, receive, send)
            raw, query = scope["raw_path"].partition(b"?")[0], without_tracking(scope["query_string"])
            scope = scope | {"query_string": query}
            path = raw.decode("latin-1")
            tag = f'"{site.version}-{hashlib.sha256(site.edition + raw + b"?" + query).hexdigest()[:20]}"'
            started, held, parts, star = False, (), [], False
            errors, size, pause = [], 0, 0
            failed.set(errors)
            whole_csv.set(False)
            table_csv = DATA.fullmatch(path)
            whole = table_csv and table_csv[3] == "csv" and not table_csv[2] and table_csv[1] in site.tables and table_csv[1] not in site.answers
            gone = asyncio.ensure_future(leaves(receive)) if whole and receive else asyncio.Future()

            async def start(status: int, headers: dict):
                nonlocal started
                started = True
                # Weak, because JSON says how long its query took.
                kept = NO_STORE if status >= 400 or path == HEALTH else lasting | ({"etag": "W/" + tag} if status in (200, 304) else {})
                headers = [(name.encode(), value.encode("latin-1")) for name, value in (constant | kept | headers).items()]
                await send({"type": "http.response.start", "status": status, "headers": headers})

            async def finish(body: bytes = b"", more: bool = False):
                await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": more})

            async def finish_whole():
                body = b"".join(parts)
                await start(304 if star else held[0], {} if star else {"content-length": str(len(body))} | held[1])
                await finish(b"" if star else body)

            async def gather(body: bytes):
                nonlocal size, pause
                parts.append(body)
                size += len(body)
                if size > MAX_CSV:
                    errors.append(Refused(400, f"This CSV has more than {MAX_CSV >> 20} MB. Filter it, or take /benefits.db."))
                    raise errors[0]
                if size > pause:
                    pause = size + PART
                    await asyncio.sleep(0)  # the others' turn
                    if gone.done():
                        errors.append(ClientLeft())
                        raise errors[0]  # ends Datasette's loop, and is raised again when that returns

            async def reply(message):
                nonlocal held, parts
                if whole and message["type"] == "http.response.body" and held and held[0] == 200:
                    return await gather(message.get("body", b""))
                if errors and held:  # a count or a facet that Datasette would leave out: a part is not the whole
                    raise errors[0]
                if message["type"] == "http.response.body":
                    if parts is None:
                        return
                    parts.append(message.get("body", b""))
                    more = message.get("more_body", False)
                    if more and scope["http_version"] == "1.0":
                        return  # HTTP/1.0 knows no chunks: what is of unknown length is sent when its length is known
                    body = b"".join(parts)
                    parts.clear()
                    if held and star and held[0] == 200:  # what is there has not changed from whatever the client has
                        await start(304, {})
                        held, parts = (), None
                        return await finish()
                    if held:
                        await start(held[0], held[1] if more else {"content-length": str(len(body))} | held[1])
                        held = ()
                    return await finish(body, more)
                given = {name.lower(): value for name, value in message["headers"]}
                if message["status"] in (403, 404):
                    raise Refused(404, NOTHING)  # what static files answer with is a fragment
                if message["status"] >= 500 or not LOCAL.fullmatch(given.get(b"location", b"/")):
                    raise RuntimeError
                if path.endswith(".csv") and message["status"] == 200:
                    given[b"content-type"] = b"text/csv; charset=utf-8"
                if not NEXT.fullmatch(given.get(b"link", b"")):
                    given.pop(b"link", None)  # made of the query as it came, and could send a browser to another host
                passed = (b"content-type", b"content-length", b"content-disposition", b"location", b"link")
                held = message["status"], {name.decode(): given[name].decode("latin-1") for name in passed if name in given}

            try:
                if "benefits.fault" in scope:
                    raise scope["benefits.fault"]
                if "benefits.refused" in scope:
                    raise Refused(*scope["benefits.refused"])
                if sum(name == b"host" for name, _ in scope["headers"]) != 1 and scope["http_version"] == "1.1":
                    raise Refused(400, "A request needs one Host header.")  # or a cache in front may take it for another site's
                check(scope["method"], plain_record(scope, site)["raw_path"].partition(b"?")[0].decode("latin-1"), query, site)
                if scope["method"] == "OPTIONS":
                    await start(204, METHODS | PREFLIGHT | NO_STORE)
                    return await finish()
                had = b",".join(value for name, value in scope["headers"] if name == b"if-none-match").decode("latin-1").split(",")
                if "*" in (one.strip() for one in had):
                    star = True
                if tag in (one.strip().removeprefix("W/") for one in had):
                    await start(304, {})
                    return await finish()
                if path == DOWNLOAD:
                    return await download(site.file, site.size, reply)
                scope = plain_record(scope, site)
                if whole:
                    scope = scope | {"query_string": whole_table(scope["query_string"])}
                    asked = dict(parse_qsl(scope["query_string"].decode()))
                    # Labels of many rows at once would be more values than SQLite takes in one statement.
                    whole_csv.set("_stream" in asked and not asked.keys() & {"_label", "_labels"})
                await app(scope | {"method": "GET", "headers": [], "client": None}, receive, reply)
                if whole and held:  # gathered, and nothing sent yet
                    if errors:
                        raise errors[0]  # Datasette would write the error into the CSV and end it as if it were whole
                    await finish_whole()
            except ClientLeft:
                return
            except Exception as exception:
                status, sentences = reasons(exception)  # and a fault of ours is in the log from here on
                if started:
                    return  # the server closes the connection, so that a part is not taken for the whole
                content_type, body = await refusal(datasette, path, status, sentences)
                with contextlib.suppress(Exception):  # a connection that broke meanwhile
                    await start(status, {"content-type": content_type, "content-length": str(len(body))} | (METHODS if status == 405 else AGAIN if status == 503 else {}))
                    await finish(body)

            finally:
                gone.cancel()

        return guarded

    return wrap


async def leaves(receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


def whole_table(query: bytes) -> bytes:
    """The query of a CSV, so that it holds all rows in as few passes as there can be, unless it asks for a number of rows."""
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    given = dict(pairs)
    kept = [(name, value) for name, value in pairs if name != "_stream"]
    if given.get("_size") in (None, "", "max") and not given.get("_next"):
        kept = [(name, value) for name, value in kept if name not in ("_size", "_next")] + [("_stream", "on"), ("_size", "max")]
    return urlencode(kept).encode()


def plain_record(scope: dict, site) -> dict:
    """The scope with the address of a record as Datasette writes it: a dot in a key as ~2E."""
    found = re.fullmatch(r"/benefits/([^/.]+)/([^/]+)", scope["raw_path"].partition(b"?")[0].decode("latin-1"))
    if not found or found[1] not in site.tables or "." not in found[2]:
        return scope
    row, _, form = found[2].rpartition(".")
    form = f".{form}" if form in site.forms else ""
    row = (row if form else found[2]).replace(".", "~2E")
    path = f"/benefits/{found[1]}/{row}{form}"
    return scope | {"path": path, "raw_path": path.encode("latin-1")}


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
        if INTERNAL.fullmatch(name):
            continue
        tables[name] = (columns, keys) if keys or kind == "view" else (columns + ["rowid"], ["rowid"])
    answers = datasette.metadata("queries", database="benefits") or {}
    forms = ({None, "csv"} | set(datasette.renderers)) - {"blob", "jsono"}
    # The edition stands for all that the site is made of: data, pages and code.
    digest = hashlib.sha256((__version__ + database.hash + json.dumps(datasette.metadata(), default=str)).encode())
    root = Path(__file__).resolve().parent.parent
    for pattern in ("plugins/*.py", "templates/**/*", "static/**/*", "docs/**/*", "build/test-results.json"):
        for file in sorted(f for f in root.glob(pattern) if f.is_file()):
            digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    file = open(database.path, "rb")  # for as long as the site runs
    described = (datasette.metadata("databases") or {}).get("benefits", {}).get("tables", {})
    by_default = {name: about.get("sort") or about.get("sort_desc") for name, about in described.items()}
    by_default = {name: column for name, column in by_default.items() if column}
    return SimpleNamespace(sorted=by_default, connection=connection, version=version, through=through, tables=tables, answers=answers, forms=forms, edition=digest.digest(), file=file, size=os.fstat(file.fileno()).st_size)


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
    data = DATA.fullmatch(path)
    is_data = path.startswith("/answers/") or bool(data and path != DOWNLOAD)
    own = [name for name, _ in pairs if name.startswith("_") and "__" not in name and (is_data or TAKEN.fullmatch(name) or STEERS.fullmatch(name))]
    if any(name == "sql" for name, _ in pairs):
        raise Refused(403, "This site takes no SQL. Download /benefits.db to run your own.")
    for name in own:
        if not TAKEN.fullmatch(name):
            raise Refused(400, f"Unknown parameter {name[:40]!r}. Leave it out.")
    if sum(name.startswith("_facet") for name in own) > MAX_FACETS:
        raise Refused(400, f"Ask for at most {MAX_FACETS} facets at once.")
    if is_data and len(pairs) - len(own) > MAX_FILTERS:
        raise Refused(400, f"Ask for at most {MAX_FILTERS} filters at once.")
    redirected = path != "/" and path.endswith("/")
    if path.startswith("/benefits/") and not data and not redirected:
        raise Refused(404, NOTHING)  # no table has a dot in its name, and Datasette would ask for it all the same
    if own and not (data and is_data) and not redirected:
        raise Refused(400, f"The parameter {own[0][:40]!r} has no effect on this address. Leave it out.")
    if data and is_data:
        check_data(*data.groups(), pairs, site)


def check_data(table: str | None, row: str | None, form: str | None, pairs: list, site) -> None:
    is_table = table in site.tables and table not in site.answers
    if table and not is_table and table not in site.answers:
        raise Refused(404, NOTHING)
    check_own(table, row, form, pairs, is_table)
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
        check_value(name, lookup, value)
    if not row:
        check_columns_shown(pairs, keys, columns, site.sorted.get(table))
        check_page_mark(table, keys, pairs, site)
        check_search(table, pairs, site)


def check_columns_shown(pairs: list, keys: list, columns: list, usual: str | None) -> None:
    """Refuse to sort or count by a column that is left out: Datasette fails on it."""
    chosen = {value for name, value in pairs if name == "_col"} | set(keys)
    shown = chosen if any(name == "_col" for name, _ in pairs) else set(columns)
    shown = shown - {value for name, value in pairs if name == "_nocol"}
    for name, value in pairs:
        if name == "_nocol" and value in keys:
            said = f"{value[:40]!r} belongs to the key, which every row has. Leave it out of _nocol."
            raise Refused(400, said)
    sorted_by = any(name in ("_sort", "_sort_desc") and value for name, value in pairs)
    if usual and not sorted_by and usual not in shown:
        said = f"The rows are sorted by {usual}, which is left out. Keep it, or sort by another with _sort."
        raise Refused(400, said)
    for name, value in pairs:
        if name in ("_sort", "_sort_desc", "_facet", "_facet_date") and value and value not in shown:
            raise Refused(400, f"{name} needs the column {value[:40]!r}, which is left out.")


# Datasette's parameters that have a use, by what is asked for and its form. It would ignore any other without a word.
# A page of a table leads to its JSON and CSV with all that it was asked for, so these take what only a page shows.
OF_ROWS = (
    r"size|sort(_desc)?|next|search(_\w+|mode)?|facet(_date|_size)?|no(facet|count|col)|col|labels?"
)
OF_FORM = r"sort_by_desc|filter_(column|op|value)(_[0-9]+)?"  # which the page turns into others
OF_JSON, OF_CSV = "shape|nl", "dl|header"
USED = {
    ("table", None): f"{OF_ROWS}|{OF_FORM}", ("table", "json"): f"{OF_ROWS}|{OF_JSON}", ("table", "csv"): f"{OF_ROWS}|stream|{OF_CSV}",
    ("row", "json"): f"{OF_JSON}|extras", ("answer", "json"): OF_JSON, ("answer", "csv"): OF_CSV, ("answer", None): "(hide|show)_sql",
}  # fmt: skip


def check_own(table, row, form, pairs: list, is_table: bool) -> None:
    """Refuse what Datasette would ignore, and what it would fail on."""
    for name, value in pairs:
        if name in ("_labels", "_nl", "_json_infinity") and value.lower() not in WORDS:
            raise Refused(400, f"{name} is {value[:40]!r}. Accepted: on or off.")
        if name == "_facet_size" and value != "max" and not re.fullmatch("[0-9]{1,4}", value):
            raise Refused(400, f"_facet_size is {value[:40]!r}. Accepted: a whole number, or max.")
        if name.startswith("_") and "__" not in name:
            kind = "database" if not table else "answer" if not is_table else "row" if row else "table"
            all_rows = kind == "answer" and form == "csv" and (name, value) == ("_size", "max")  # what pages link to, and true
            if not re.fullmatch(f"_({USED.get((kind, form), '')})", name) and not all_rows:
                raise Refused(400, f"The parameter {name[:40]!r} has no effect on this address. Leave it out.")


def check_value(name: str, lookup: str, value: str) -> None:
    """Refuse a value that the way to filter cannot read."""
    if lookup in COMPARED and value.isdigit() and not re.fullmatch("[0-9]{1,18}", value):
        raise Refused(400, f"{name[:40]} is {value[:40]!r}. Accepted: a number of at most 18 digits, or text.")
    if lookup not in ("in", "notin") or not value.startswith("["):
        return
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Refused(400, f"{name[:40]} is no list. Accepted: values between commas, or a JSON list of texts.")


def check_page_mark(table: str, keys: list, pairs: list, site) -> None:
    """Refuse a _next that leads to no row of this list."""
    given = dict(pairs)
    mark = given.get("_next")
    if not mark:
        return
    if keys:
        parts = urlsafe_components(mark)
        by = given.get("_sort") or given.get("_sort_desc") or table in site.sorted
        fits = len(parts) == len(keys) + bool(by)
        if fits:
            where = " AND ".join(f'"{key}" = ?' for key in keys)
            found = site.connection.execute(f'SELECT 1 FROM "{table}" WHERE {where}', parts[-len(keys):])
            fits = found.fetchone() is not None
    else:
        fits = re.fullmatch("[0-9]{1,9}", mark)
    if not fits:
        raise Refused(400, "_next is no page mark of this list. Take it from the page before.")


def check_search(table: str, pairs: list, site) -> None:
    """Refuse a search that full-text search cannot read."""
    raw = dict(pairs).get("_searchmode") == "raw"
    has = site.connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [f"{table}_fts"]).fetchone()
    for name, value in pairs:
        if name.startswith("_search") and not has:
            said = f"{table} has no full-text search. Look for part of a text with COLUMN__contains=TEXT."
            raise Refused(400, said)
        if name == "_search" or name.startswith("_search_"):
            try:
                with sqlite_timelimit(site.connection, 500):
                    site.connection.execute(f'SELECT 1 FROM "{table}_fts" WHERE "{table}_fts" MATCH ? LIMIT 1', [value if raw else escape_fts(value)]).fetchone()
            except sqlite3.OperationalError as e:
                if e.args == ("interrupted",):
                    raise Refused(400, TOO_LONG) from None
                how = "Leave _searchmode out to look for words." if raw else "Search for words."
                raise Refused(400, f"{name[:40]} is no expression of full-text search. {how}") from None


def without_tracking(query: bytes) -> bytes:
    """Return the query without the parameters that other sites add to links, and without a search for nothing, which a form sends."""
    pairs = query.split(b"&")
    kept = [pair for pair in pairs if not TRACKING.fullmatch(pair.partition(b"=")[0].decode("latin-1")) and not EMPTY_SEARCH.fullmatch(pair)]
    return query if len(kept) == len(pairs) else b"&".join(kept)


def reasons(exception: Exception) -> tuple[int, list[str]]:
    """Status and sentences for what went wrong. Only what is known to be the reader's is told as the reader's."""
    if isinstance(exception, Base400):
        said = DATASETTE_SAYS.get(str(exception))
        return exception.status, [said] if said else str(exception).splitlines()
    if isinstance(exception, QueryInterrupted) or getattr(exception, "title", "") == "SQL Interrupted":
        return 400, [TOO_LONG]
    own = isinstance(exception, DatasetteError) and not exception.title
    if own and (exception.status < 500 or exception.message.startswith("Cannot ")):
        return min(exception.status, 400), [exception.message]
    return 500, [f"This is our error, not yours. Its reference is {record(exception)}."]


def record(exception: BaseException) -> str:
    """Write where a fault arose to the log, and return its reference: the same for the same place.

    The log gets types, files and lines. A message or a value could hold what was asked.
    """
    lines, one, seen = [], exception, set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        places = traceback.extract_tb(one.__traceback__)
        lines += [f"{type(one).__name__} at", *(f"  {p.filename}:{p.lineno} in {p.name}" for p in places[-15:])]
        one = one.__cause__ or one.__context__
    reference = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:10]
    logging.getLogger("uvicorn.error").error("fault %s\n%s", reference, "\n".join(lines))
    return reference


async def refusal(datasette, path: str, status: int, sentences: list[str]) -> tuple[str, bytes]:
    """Content type and body, in the form that was asked for."""
    if sentences == [NOTHING] and path.endswith((".json", ".csv")):
        sentences = [NOTHING, LISTED]  # as the links of the page do
    if path.endswith(".json"):
        said = {"ok": False, "error": " ".join(sentences), "status": status, "title": HTTPStatus(status).phrase}
        return "application/json; charset=utf-8", json.dumps(said).encode()
    if not path.endswith(".csv"):
        try:
            await datasette.invoke_startup()
            page = await datasette.render_template("refusal.html", {"status": status, "problems": sentences, "again": re.sub("^/on/[^/]*|/and/[^/]*$", "", path) or "/" if status == 400 else None})
            return "text/html; charset=utf-8", page.encode()
        except Exception as fault:  # of the page that refuses: the same sentences go out as plain text
            record(fault)
    return "text/plain; charset=utf-8", ("\n".join(sentences) + "\n").encode()
