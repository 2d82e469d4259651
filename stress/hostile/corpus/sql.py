"""SQL in the place of a value or a name."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from stress.hostile.case import Case, kind, request

FRAGMENTS = [
    "'",
    '"',
    "')--",
    "' OR '1'='1",
    "' OR 1=1 --",
    '" OR ""="',
    "x' UNION SELECT sql FROM sqlite_master --",
    "x') UNION ALL SELECT name, name FROM sqlite_master --",
    "'; DROP TABLE coverage; --",
    "1; ATTACH DATABASE '/etc/passwd' AS x",
    "' || (SELECT group_concat(name) FROM sqlite_master) || '",
    "') OR EXISTS(SELECT 1) OR ('",
    "x' AND randomblob(100000000) --",
    "CAST(x AS INTEGER)",
    "load_extension('x')",
    "\\' OR 1=1 --",
    "' OR 1 GLOB 1 --",
    "x' LIMIT -1 --",
    "') OR ('' = '",
    "/* */ OR 1",
    "' OR rowid IS NOT NULL --",
    "zqx\x00' OR 1=1",
    "ʼ OR 1=1",
    "[sqlite_master]",
    "`x` OR 1",
    ":as_of",
    "?1",
    "@x",
    "$x",
    "x'; PRAGMA writable_schema = 1; --",
    "'+OR+1=1--",
    "%27 OR 1=1 --",
    "' OR 'x' LIKE '%",
    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r) SELECT * FROM r",
]

LOOKUPS = [
    "",
    "__exact",
    "__contains",
    "__startswith",
    "__endswith",
    "__in",
    "__notin",
    "__arraycontains",
    "__glob",
    "__isnull",
    "__date",
]


def address(path: str, query: dict[str, str]) -> str:
    """Return a path with a query."""
    return f"{path}?{urlencode(query)}"


def honest(name: str, parameter: str, fragment: str) -> dict[str, str]:
    """Return a parameter with plain words, which finds at least as many rows as the fragment may.

    The honest words of a search are the fragment's own. A page mark goes on after any text.
    Anything else is compared with a value that is nowhere.
    """
    if name == "_next":
        return {}
    if name in ("_search", "q"):
        return {parameter: " ".join(re.findall(r"\w+", fragment.replace("\0", " ")))}
    return {parameter: "zzz-no-such-value"}


@kind(34)
def sql_in_values(r, site):
    """Put each fragment into each documented parameter, and into every filter of a table."""
    while True:
        for fragment in r.sample(FRAGMENTS, len(FRAGMENTS)):
            for path, name in r.sample(site.parameters, len(site.parameters)):
                plain = name.startswith("_") or r.random() < 0.6
                parameter = name if plain else name + r.choice(LOOKUPS)
                path_, json = path.replace("{key}", "1"), path.endswith(".json")
                shape = {"_shape": "array"} if json and name != "_shape" else {}
                most = ""
                if json and not parameter.endswith(("__date", "__isnull")):
                    most = address(path_, shape | honest(name, parameter, fragment))
                yield Case(request(address(path_, shape | {parameter: fragment})), most=most)


@kind(7)
def sql_in_names(r, site):
    """Put fragments in the place of names: of a column, a key, a page, or several."""
    while True:
        fragment, table = r.choice(FRAGMENTS), r.choice(list(site.tables))
        column = r.choice(site.tables[table])
        code = quote(fragment, safe="")
        tilde = "".join(
            c if c.isalnum() and c.isascii() else f"~{ord(c):02X}" for c in fragment if ord(c) < 256
        )
        yield Case(
            request(
                r.choice(
                    [
                        f"/benefits/{table}.json?{code}=1",
                        f"/benefits/{table}.json?{code}__exact=1",
                        f"/benefits/{table}.json?{column}__{code}=1",
                        f"/benefits/{table}.json?_sort={code}",
                        f"/benefits/{table}.json?_facet={code}",
                        f"/benefits/{table}.json?_col={code}",
                        f"/benefits/{table}.csv?_sort_desc={code}",
                        f"/benefits/{table}?_search_{code}=x",
                        f"/benefits/{table}.json?_next={code}",
                        f"/benefits/{table}?_filter_column={code}&_filter_op=exact"
                        f"&_filter_value={code}",
                        f"/benefits/{table}/{code}",
                        f"/benefits/{table}/{tilde}.json",
                        f"/benefits/{code}",
                        f"/benefits/{code}.json",
                        f"/on/{code}/coverage",
                        f"/answers/coverage_on/as_of={code},jurisdiction={code}.json",
                        f"/jurisdictions/{code}",
                        f"/cases/{code}",
                        f"/benefits/coverage_on.csv?as_of={code}&population={code}",
                        f"/benefits/{table}.json?_search={code}&_searchmode=raw",
                        f"/records/{code}/{code}",
                    ]
                )
            )
        )
