"""Parameters in any combination, addresses of other sites, and markup."""

from __future__ import annotations

from urllib.parse import quote

from stress.hostile.case import Case, kind, request

PARAMETERS = """
_shape _size _sort _sort_desc _next _facet _facet_date _facet_array _facet_size _search
_searchmode _col _nocol _label _labels _json _nl _stream _dl _header _extras _where _through
_ttl _trace _timelimit _fts_table _fts_pk _show_sql _hide_sql _context _json_infinity
_filter_column _filter_op _filter_value _sort_by_desc _nofacet _nocount _nosuggest sql _sql
_method _debug
""".split()


VALUES = [
    "",
    "1",
    "0",
    "-1",
    "max",
    "on",
    "off",
    "array",
    "object",
    "objects",
    "arrays",
    "arrayfirst",
    "raw",
    "99999999999999999999",
    "-9223372036854775809",
    "1e309",
    "NaN",
    "0x10",
    "true",
    "null",
    "[]",
    "{}",
    "[1]",
    '{"a":[' * 20,
    "coverage",
    "population",
    "name",
    "a,b",
    "a" * 500,
    "%",
    "*",
    "(" * 200,
    "AND",
    "NEAR(",
    "^",
    "2025-06-30",
    "9999-12-31",
    "0000-00-00",
    "\n",
    "\r\nSet-Cookie: a=b",
    "//evil.example",
    "javascript:alert(1)",
]


def extremes(r, site) -> list[str]:
    """Return queries with too many or too long parameters, and invalid ones."""
    return [
        "&" * r.randint(1, 1900),
        "=" * 500,
        "?" * 500,
        ";".join(["a=b"] * 300),
        "&".join(f"a{i}" for i in range(400)),
        "&".join(["_facet=population"] * 40),
        "&".join(["population=adult"] * 90),
        "a[b][c]=1",
        "a=b#c",
        "_col=" + "&_col=".join(site.tables["coverage"]) * 3,
        "%",
        "%2",
        "%zz=%zz",
        "a=" + "%41" * 600,
        "q=" + "a+" * 900,
        "_search=" + "a*+" * 600,
        "_search=" + "%22" * 300,
        "population__in=" + ",".join(["a"] * 900),
        "population__in=" + "[" * 1500,
        "note__like=" + "%25_" * 300,
        "note__glob=" + "*a" * 500 + "&_searchmode=raw",
        "as_of=" + "9" * 1900,
    ]


@kind(10)
def odd_queries(r, site):
    """Mix parameters of Datasette and of ours, too many, too long, too deep."""
    while True:
        form = r.choice([".json", ".csv", "", ".db", ".atom", ".jsono", ".blob", "/"])
        path = r.choice(
            [
                f"/benefits/{r.choice(list(site.tables))}{form}",
                *site.pages,
                r.choice(site.parameters)[0].replace("{key}", "1"),
            ]
        )
        names = [
            r.choice(PARAMETERS) if r.random() < 0.7 else r.choice(site.parameters)[1]
            for _ in range(r.randint(1, 5))
        ]
        query = "&".join(
            f"{quote(n)}={quote(r.choice(VALUES), safe=r.choice(['', '/:{}[](),*']))}"
            for n in names
        )
        yield Case(
            request(f"{path}?" + r.choice([query] * 12 + extremes(r, site))),
            kept="[" not in path,
        )


AWAY = [
    "//evil.example",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example/",
    "/%2fevil.example/",
    "///evil.example/%2e%2e",
    "https://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "/%09/evil.example/",
    "%09//evil.example",
    "/%0d%0aLocation:%20https://evil.example/",
    "/%0aSet-Cookie:a=b",
    "/evil.example%2f..",
    "//evil.example%00.127.0.0.1/",
    "/@evil.example/",
    "//a@evil.example/",
    "/;@evil.example/",
    "/.evil.example/",
]


@kind(5)
def redirects(r, site):
    """Put the address of another site wherever a redirect could use it."""
    while True:
        there = r.choice(AWAY)
        yield Case(
            request(
                r.choice(
                    [
                        there,
                        there + "/",
                        f"/benefits/coverage/?{there}",
                        f"/benefits{there}/",
                        f"/ask?as_of=2025-07-01&page={quote(there, safe='')}",
                        f"/ask?page={there}",
                        f"/ask?as_of={there}",
                        f"/ask?jurisdiction={there}&page=coverage",
                        f"/benefits/programs?_filter_column={quote(there, safe='')}"
                        "&_filter_op=exact&_filter_value=x",
                        f"/benefits/programs?_sort_by_desc=on&_sort=name&_next={there}",
                        f"/on/2025-07-01{there}",
                        f"/on/{there}",
                        f"/-/{there}",
                        f"/static/{there}",
                        f"/answers/{there}/x.json",
                        f"/jurisdictions/IL/?{there}",
                        f"/on/2025-07-01/and{there}",
                        f"/benefits/coverage/{there}/",
                        f"/ask?compare={there}&as_of=2025-07-01&page=coverage",
                    ]
                ),
                r.choice(
                    [
                        b"X-Forwarded-Host: evil.example",
                        b"X-Original-URL: //evil.example",
                        b"Forwarded: host=evil.example",
                        b"Referer: https://evil.example/",
                    ]
                ),
            ),
            kept=False,
        )


@kind(3)
def markup(r, site):
    """Put markup into everything that a page could repeat."""
    shapes = [
        '"><zqx onload=1>',
        "'><zqx>",
        "</title><zqx>",
        "</script><zqx>",
        "<zqx/src=//evil.example>",
        "{{7*7}}<zqx>",
        "--><zqx>",
        "<zqx\x0b>",
        "&#60;zqx><zqx>",
    ]
    while True:
        word = quote(r.choice(shapes), safe="")
        path, name = r.choice(site.parameters)
        page = path.replace("{key}", "1").rpartition(".")[0] or path
        yield Case(
            request(
                r.choice(
                    [
                        f"{page}?{name}={word}",
                        f"{page}?{word}=1",
                        f"/{word}",
                        f"/search?q={word}",
                        f"/ask?page={word}",
                        f"/eligibility?age={word}",
                        f"/benefits/{word}",
                        f"{page}?_facet={word}",
                        f"/cases/{word}",
                        f"/on/{word}/",
                    ]
                )
            )
        )
