"""Check a request before Datasette sees it.

Refused is what nobody who means well asks, and what Datasette would misread, ignore or fail on.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from datasette.filters import Filters
from datasette.utils import escape_fts, sqlite3, sqlite_timelimit, urlsafe_components

from benefits.web.refusals import NOTHING, TOO_LONG, Refused

Pairs = list[tuple[str, str]]  # the names and values of a query string

# Bounds on one request: 3,000 filters in one address took 7 seconds.
MAX_PATH, MAX_QUERY = 1_000, 2_000  # bytes
MAX_PARAMETERS, MAX_FILTERS, MAX_FACETS = 50, 10, 5
MAX_ROWS_OF_PAGE = 1_000
MAX_ROWS = 10_000  # of JSON, and of a CSV with labels at once

DOWNLOAD = "/benefits.db"

# Paths that nobody who means well asks for.
HOSTILE = re.compile(
    r"(?!/)|//"  # another host
    r"|/_|/-/(?!static/|health$)"  # what Datasette keeps for itself
    r"|.*([\x00-\x1f\x7f-\x9f\\]|/\.\.?(/|$))"  # control characters, another folder
    r"|/([^/]*/)?[^/]*~"  # a ~ where no name has one: a second address of an answer
    r"|/(-/)?static/(.*/)?([^/]*\.[^/]*/|[^/]{101})",  # below a file, or too long for a file
    re.DOTALL,
)
DATA = re.compile(
    r"/benefits(?:/([^/.]+)(?:/([^/]+?))?)?(?:\.(\w*))?"
)  # table or answer, row, form
# Tables that the site needs for itself: copies for full-text search, and earlier states of tables.
INTERNAL = re.compile(r"sqlite_.*|.*_fts(_.*)?|.*_known|search_index(_.*)?")

# Datasette's parameters that have a use, by what is asked for and its form. Datasette would ignore
# any other without a word. A page of a table leads to its JSON and CSV with all that it was asked
# for, so these take what only a page shows.
OF_ROWS = (
    r"size|sort(_desc)?|next|search(_\w+|mode)?|facet(_date|_size)?|no(facet|count|col)|col|labels?"
)
OF_FORM = r"sort_by_desc|filter_(column|op|value)(_[0-9]+)?"  # which the page turns into others
OF_JSON, OF_CSV = "shape|nl", "dl|header"
USED = {
    ("table", None): f"{OF_ROWS}|{OF_FORM}",
    ("table", "json"): f"{OF_ROWS}|{OF_JSON}",
    ("table", "csv"): f"{OF_ROWS}|stream|{OF_CSV}",
    ("row", "json"): f"{OF_JSON}|extras",
    ("answer", "json"): OF_JSON,
    ("answer", "csv"): OF_CSV,
    ("answer", None): "(hide|show)_sql",
}
KNOWN = re.compile(
    f"_({OF_ROWS}|{OF_FORM}|nosuggest|{OF_JSON}|json(_infinity)?|stream|{OF_CSV}"
    "|extras|show_hidden|(show|hide)_sql)"
)
# Its other parameters, which steer the server or have no use here. A name that is none of these is
# not Datasette's: on a page it came with the link.
STEERS = re.compile(
    r"_(ttl|trace|timelimit|where|through|fts_\w+|facet_array|extra|context|blob_\w+|method|sql"
    r"|debug|exact|sort_x)"
)
NAMES_A_COLUMN = {"_sort", "_sort_desc", "_facet", "_facet_date", "_col", "_nocol", "_label"}
ORDERS_OR_COUNTS = ("_sort", "_sort_desc", "_facet", "_facet_date")
# Ways to filter. No column holds a list.
LOOKUPS = [key for key, *_ in Filters([]).lookups() if not key.startswith("array")]
COMPARED = {"gt", "gte", "lt", "lte"}
WORDS = {"on", "off", "true", "false", "1", "0"}  # what Datasette takes for yes and no

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
NO_EFFECT = "The parameter {!r} has no effect on this address. Leave it out."
# A form sends one, and full-text search would fail on nothing.
EMPTY_SEARCH = re.compile(rb"_search(_\w+)?=?(\+|%20|%09)*")


def check(method: str, path: str, query: bytes, site) -> None:
    """Check a request. Raises Refused, which says what is accepted."""
    if method not in ("GET", "HEAD", "OPTIONS"):
        raise Refused(405, "This site is for reading: it answers GET, HEAD and OPTIONS.")
    check_path(path, query)
    pairs = parse_pairs(query)
    data = DATA.fullmatch(path)
    is_data = path.startswith("/answers/") or bool(data and path != DOWNLOAD)
    own = [name for name, _ in pairs if is_own(name) and (is_data or is_datasettes(name))]
    check_names(pairs, own)
    if is_data and len(pairs) - len(own) > MAX_FILTERS:
        raise Refused(400, f"Ask for at most {MAX_FILTERS} filters at once.")
    redirected = path != "/" and path.endswith("/")
    if path.startswith("/benefits/") and not data and not redirected:
        # No table has a dot in its name, and Datasette would ask for it all the same.
        raise Refused(404, NOTHING)
    if own and not (data and is_data) and not redirected:
        raise Refused(400, NO_EFFECT.format(own[0][:40]))
    if data and is_data:
        table, row, form = data.groups()
        check_data(table, row, form, pairs, site)


def is_own(name: str) -> bool:
    """Return whether a parameter is Datasette's and not a filter."""
    return name.startswith("_") and "__" not in name


def is_datasettes(name: str) -> bool:
    """Return whether Datasette has a parameter of this name."""
    return bool(KNOWN.fullmatch(name) or STEERS.fullmatch(name))


def check_path(path: str, query: bytes) -> None:
    if len(path) > MAX_PATH or len(query) > MAX_QUERY:
        sentence = (
            f"This address is too long. A path can have {MAX_PATH} bytes, "
            f"and what follows the question mark {MAX_QUERY}."
        )
        raise Refused(414, sentence)
    try:
        hostile = bool(HOSTILE.match(unquote_to_bytes(path.encode("ascii")).decode()))
    except UnicodeError:
        hostile = True
    if hostile:
        raise Refused(404, NOTHING)


def parse_pairs(query: bytes) -> Pairs:
    """Return the names and values of a query string. Raises Refused."""
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        sentence = (
            "The query string cannot be read: it needs to be percent-encoded UTF-8 "
            f"with at most {MAX_PARAMETERS} parameters."
        )
        raise Refused(400, sentence) from None


def check_names(pairs: Pairs, own: list[str]) -> None:
    """Check the names of parameters, and how many there are."""
    if any(name == "sql" for name, _ in pairs):
        raise Refused(403, "This site takes no SQL. Download /benefits.db to run your own.")
    for name in own:
        if not KNOWN.fullmatch(name):
            raise Refused(400, f"Unknown parameter {name[:40]!r}. Leave it out.")
    if sum(name.startswith("_facet") for name in own) > MAX_FACETS:
        raise Refused(400, f"Ask for at most {MAX_FACETS} facets at once.")


def check_data(table: str | None, row: str | None, form: str | None, pairs: Pairs, site) -> None:
    """Check a request for a table, a row, an answer or, with no table, the list of all."""
    is_table = table in site.tables and table not in site.answers
    if table and not is_table and table not in site.answers:
        raise Refused(404, NOTHING)
    kind = "database" if not table else "answer" if not is_table else "row" if row else "table"
    check_own(kind, form, pairs)
    if form not in (site.forms if table else (None, "json", "db")) or (row and not is_table):
        raise Refused(404, NOTHING)
    columns, keys = site.tables[table] if is_table else ([], [])
    if table and form == "json":
        check_shape(table, keys, pairs)
    if kind == "row":
        check_row(table, row, form, keys)
    if kind == "table":
        for name, value in pairs:
            check_filter(table, form, columns, name, value)
        check_columns_shown(pairs, keys, columns, site.sorted.get(table))
        check_page_mark(table, keys, pairs, site)
        check_search(table, pairs, site)


def check_own(kind: str, form: str | None, pairs: Pairs) -> None:
    """Refuse what Datasette would ignore, and what it would fail on."""
    for name, value in pairs:
        if name in ("_labels", "_nl", "_json_infinity") and value.lower() not in WORDS:
            raise Refused(400, f"{name} is {value[:40]!r}. Accepted: on or off.")
        if name == "_facet_size" and value != "max" and not re.fullmatch("[0-9]{1,4}", value):
            raise Refused(400, f"_facet_size is {value[:40]!r}. Accepted: a whole number, or max.")
        # Pages link to the CSV of an answer with this parameter, which is true of it.
        all_rows = (kind, form, name, value) == ("answer", "csv", "_size", "max")
        used = re.fullmatch(f"_({USED.get((kind, form), '')})", name)
        if is_own(name) and not used and not all_rows:
            raise Refused(400, NO_EFFECT.format(name[:40]))


def check_shape(table: str, keys: list[str], pairs: Pairs) -> None:
    shapes = ["arrays", "objects", "array", "arrayfirst"] + ["object"] * bool(keys)
    for name, value in pairs:
        if name == "_shape" and value not in shapes:  # Datasette says so with status 200
            accepted = ", ".join(shapes)
            raise Refused(400, f"Invalid _shape {value[:40]!r}. Accepted for {table}: {accepted}.")


def check_row(table: str, row: str, form: str | None, keys: list[str]) -> None:
    if form and "%" in row:  # Datasette would lead to an address without its form
        sentence = (
            "There is no such record. The address of one has any character but letters, digits, "
            "- and _ as ~ and its code."
        )
        raise Refused(404, sentence)
    if len(row.split(",")) != len(keys):
        parts = ", ".join(keys) or "nothing, because it is a view"
        sentence = f"There is no such record. The address of one in {table} is made of: {parts}."
        raise Refused(404, sentence)


def check_filter(table: str, form: str | None, columns: list[str], name: str, value: str) -> None:
    """Check a filter, or a parameter of Datasette's that names a column.

    SQLite takes an unknown column for a text, and Datasette skips an unknown way to filter: both
    would answer another question.
    """
    column, lookup = (name.rsplit("__", 1) + ["exact"])[:2]
    if name in NAMES_A_COLUMN and (value or not name.startswith("_sort")):
        column, lookup = value, "exact"
    elif name.startswith("_search_"):
        column, lookup = name.removeprefix("_search_"), "exact"
    elif name == "_size" and value.isdecimal() and int(value) > MAX_ROWS:
        raise Refused(400, f"_size must be <= {MAX_ROWS}. Take the CSV for all rows.")
    elif name == "_size" and not form and is_too_large(value):
        sentence = (
            f"A page shows at most {MAX_ROWS_OF_PAGE} rows. Take the JSON or the CSV for more."
        )
        raise Refused(400, sentence)
    elif is_own(name):
        return
    if column not in columns:
        accepted = ", ".join(columns)
        sentence = f"{column[:40]!r} is not a column of {table}. Its columns: {accepted}."
        raise Refused(400, sentence)
    if lookup not in LOOKUPS:
        accepted = ", ".join(LOOKUPS)
        raise Refused(400, f"{lookup[:40]!r} is not a way to filter. Accepted: {accepted}.")
    check_value(name, lookup, value)


def is_too_large(size: str) -> bool:
    return size == "max" or (size.isdecimal() and int(size) > MAX_ROWS_OF_PAGE)


def check_columns_shown(
    pairs: Pairs, keys: list[str], columns: list[str], usual: str | None
) -> None:
    """Refuse to sort or count by a column that is left out: Datasette fails on it."""
    chosen = {value for name, value in pairs if name == "_col"}
    shown = chosen | set(keys) if any(name == "_col" for name, _ in pairs) else set(columns)
    shown -= {value for name, value in pairs if name == "_nocol"}
    for name, value in pairs:
        if name == "_nocol" and value in keys:
            sentence = f"{value[:40]!r} belongs to the key, which every row has."
            raise Refused(400, f"{sentence} Leave it out of _nocol.")
    is_sorted = any(name in ("_sort", "_sort_desc") and value for name, value in pairs)
    if usual and not is_sorted and usual not in shown:
        sentence = f"The rows are sorted by {usual}, which is left out."
        raise Refused(400, f"{sentence} Keep it, or sort by another with _sort.")
    for name, value in pairs:
        if name in ORDERS_OR_COUNTS and value and value not in shown:
            raise Refused(400, f"{name} needs the column {value[:40]!r}, which is left out.")


def check_value(name: str, lookup: str, value: str) -> None:
    """Refuse a value that the way to filter cannot read."""
    if lookup in COMPARED and value.isdigit() and not re.fullmatch("[0-9]{1,18}", value):
        accepted = "Accepted: a number of at most 18 digits, or text."
        raise Refused(400, f"{name[:40]} is {value[:40]!r}. {accepted}")
    if lookup not in ("in", "notin") or not value.startswith("["):
        return
    try:
        values = json.loads(value)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        accepted = "Accepted: values between commas, or a JSON list of texts."
        raise Refused(400, f"{name[:40]} is no list. {accepted}")


def check_page_mark(table: str, keys: list[str], pairs: Pairs, site) -> None:
    """Refuse a _next that leads to no row of this list."""
    parameters = dict(pairs)
    mark = parameters.get("_next")
    if not mark:
        return
    if keys:
        parts = urlsafe_components(mark)
        sorted_ = parameters.get("_sort") or parameters.get("_sort_desc") or table in site.sorted
        fits = len(parts) == len(keys) + bool(sorted_) and is_row(table, keys, parts, site)
    else:
        fits = bool(re.fullmatch("[0-9]{1,9}", mark))
    if not fits:
        raise Refused(400, "_next is no page mark of this list. Take it from the page before.")


def is_row(table: str, keys: list[str], parts: list[str], site) -> bool:
    where = " AND ".join(f'"{key}" = ?' for key in keys)
    sql = f'SELECT 1 FROM "{table}" WHERE {where}'
    return site.connection.execute(sql, parts[-len(keys) :]).fetchone() is not None


def check_search(table: str, pairs: Pairs, site) -> None:
    """Refuse a search that full-text search cannot read."""
    raw = dict(pairs).get("_searchmode") == "raw"
    sql = "SELECT 1 FROM sqlite_master WHERE name = ?"
    has_search = site.connection.execute(sql, [f"{table}_fts"]).fetchone()
    for name, value in pairs:
        if name.startswith("_search") and not has_search:
            sentence = f"{table} has no full-text search."
            raise Refused(400, f"{sentence} Look for part of a text with COLUMN__contains=TEXT.")
        if name == "_search" or name.startswith("_search_"):
            try_search(table, name, value if raw else escape_fts(value), raw, site)


def try_search(table: str, name: str, words: str, raw: bool, site) -> None:
    sql = f'SELECT 1 FROM "{table}_fts" WHERE "{table}_fts" MATCH ? LIMIT 1'
    try:
        with sqlite_timelimit(site.connection, 500):
            site.connection.execute(sql, [words]).fetchone()
    except sqlite3.OperationalError as e:
        if e.args == ("interrupted",):
            raise Refused(400, TOO_LONG) from None
        how = "Leave _searchmode out to look for words." if raw else "Search for words."
        sentence = f"{name[:40]} is no expression of full-text search. {how}"
        raise Refused(400, sentence) from None


# ---- the request as Datasette gets it ---------------------------------------------------------


def without_tracking(query: bytes) -> bytes:
    """Return the query without what other sites add to links, and without an empty search."""
    pairs = query.split(b"&")
    kept = [
        pair
        for pair in pairs
        if not TRACKING.fullmatch(pair.partition(b"=")[0].decode("latin-1"))
        and not EMPTY_SEARCH.fullmatch(pair)
    ]
    return query if len(kept) == len(pairs) else b"&".join(kept)


def whole_table(query: bytes) -> bytes:
    """Return the query of a CSV, changed so that it holds all rows unless a number is asked for."""
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    parameters = dict(pairs)
    kept = [(name, value) for name, value in pairs if name != "_stream"]
    if parameters.get("_size") in (None, "", "max") and not parameters.get("_next"):
        kept = [(name, value) for name, value in kept if name not in ("_size", "_next")]
        # Labels of many rows at once would be more values than SQLite takes in one statement.
        size = str(MAX_ROWS) if parameters.keys() & {"_label", "_labels"} else "max"
        kept += [("_stream", "on"), ("_size", size)]
    return urlencode(kept).encode()


def bounded_rows(query: bytes) -> bytes:
    """Return the query of a table, changed so that the most rows are MAX_ROWS."""
    return re.sub(rb"(^|&)_size=max(?=&|$)", rb"\1_size=%d" % MAX_ROWS, query)


def plain_record(scope: dict, site) -> dict:
    """Return the scope with the address of a record as Datasette writes it: a dot as ~2E."""
    path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
    match = re.fullmatch(r"/benefits/([^/.]+)/([^/]+)", path)
    if not match or match[1] not in site.tables or "." not in match[2]:
        return scope
    row, _, form = match[2].rpartition(".")
    form = f".{form}" if form in site.forms else ""
    row = (row if form else match[2]).replace(".", "~2E")
    path = f"/benefits/{match[1]}/{row}{form}"
    return scope | {"path": path, "raw_path": path.encode("latin-1")}
