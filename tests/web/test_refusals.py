"""What is closed, what is refused, and that a refusal says why."""

from __future__ import annotations

import html

import pytest
from requests_to_site import get

CLOSED = (
    "plugins plugins.json versions settings metadata.json databases.json threads actor.json"
    " messages allow-debug permissions logout auth-token patterns config".split()
)


HOSTILE = [
    "//evil.example",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "/\\/evil.example/",
    "/%5Cevil.example/",
    "/%5cevil.example",
    "/a\\b",
    "/%2Fevil.example/",
    "/%00",
    "/benefits/coverage%00",
    "/a%0d%0aLocation:x",
    "/a%7f",
    "/%c2%80",
    "/../etc/passwd",
    "/benefits/../x",
    "/%2e%2e/x",
    "/static/%2e%2e%2fmetadata.yml",
    "/./x",
    "/static/..",
    "/%ff",
    "/%c3%28",
    "/%ed%a0%80",
    "http://evil.example",
    "https:evil",
    "*",
    "evil.example:80",
    "/_internal",
    "/_internal.db",
    "/-/",
    "/-/health/",
    "/-/static/../plugins",
    "/-/static/x%2f..%2f..%2fapp.py",
    "/b~65nefits",
    "/benefits/coverage~5Fon?as_of=junk",
    "/benefits.csv",
    "/benefits/coverage.exe",
    "/benefits/coverage.jsono",
    "/benefits/programs_fts_data.blob",
    "/benefits/coverage_on/1",
    "/benefits/nowhere/1",
    "/benefits/programs/a,b",
    "/benefits/dataset_codes/a",
    "/benefits/dataset_codes/a,b,c,d",
    "/benefits/coverage_rules/1",
    "/benefits/programs/~00",
    "/benefits/..%ef%bc%8f..%ef%bc%8fetc/passwd",
    "/benefits/a.b/1",
    "/static/site.css/",
    "/static/site.css/x",
    "/-/static/app.css/..;/x",
    "/static/" + "a" * 300,
    "/-/static/" + "%C3%A4" * 150 + ".css",
]


@pytest.mark.parametrize("target", HOSTILE + [f"/-/{name}" for name in CLOSED])
def test_there_is_nothing_there(site, target):
    status, headers, body = get(site, target)
    assert (
        status == (404 if target.startswith(("/", "*")) else 400)
        and "location" not in headers
        and b"evil.example" not in body
    )


def test_an_absolute_address_is_read_as_its_path(site):
    """As HTTP wants it; the host in it is nobody's."""
    (status, _, body), (_, _, home) = get(site, "http://evil.example/"), get(site, "/")
    assert status == 200 and body == home and b"evil.example" not in body


REFUSED = [
    ("/benefits?sql=select+1", 403, "no SQL"),
    ("/benefits.json?sql=", 403, "no SQL"),
    ("/benefits/coverage?_where=1%3D1", 400, "_where"),
    ("/benefits/coverage.json?_through={}", 400, "_through"),
    ("/benefits/coverage?_ttl=1000000", 400, "_ttl"),
    ("/static/site.css?_ttl=0", 400, "_ttl"),
    ("/benefits/coverage?_trace=1", 400, "_trace"),
    ("/benefits/coverage_on?_timelimit=abc", 400, "_timelimit"),
    ("/benefits/coverage?_sql=1", 400, "_sql"),
    ("/benefits/coverage?_context=1", 400, "_context"),
    ("/benefits/coverage?_fts_table=x&_search=x", 400, "_fts_table"),
    ("/benefits/coverage?_sort=nope", 400, "'nope' is not a column of coverage"),
    ("/benefits/coverage.json?_sort_desc=nope", 400, "Its columns: coverage, program"),
    ("/benefits/coverage?_sort=coverage&_sort_desc=program", 400, "at the same time"),
    ("/benefits/coverage.csv?_facet=nope", 400, "'nope' is not a column"),
    ("/benefits/coverage?_facet=", 400, "'' is not a column"),
    ("/benefits/coverage?_facet={", 400, "'{' is not a column"),
    ("/benefits/coverage?_facet_size=%C2%B2", 400, "a whole number, or max"),
    ("/benefits/coverage?" + "&".join(["_facet=population"] * 6), 400, "at most 5 facets"),
    ("/benefits/coverage?" + "&".join(["population=adult"] * 11), 400, "at most 10 filters"),
    ("/benefits/coverage?" + "&".join(["_col=program"] * 51), 400, "at most 50 parameters"),
    ("/benefits/coverage?population=%ff", 400, "UTF-8"),
    ("/benefits/coverage.json?jurisdicton=IL", 400, "'jurisdicton' is not a column"),
    (
        "/benefits/coverage?age_min__greater=5",
        400,
        "'greater' is not a way to filter. Accepted: exact",
    ),
    ("/benefits/coverage?population__in=[", 400, "is no list"),
    ("/benefits/coverage?population__arraycontains=1", 400, "is not a way to filter"),
    ("/benefits/coverage?_col=nope", 400, "'nope' is not a column"),
    ("/benefits/programs?_search_nope=x", 400, "'nope' is not a column"),
    ("/benefits/programs?_search_jurisdiction=x", 400, "Cannot search by that column"),
    ("/benefits/programs?_search=%22&_searchmode=raw", 400, "no expression of full-text search"),
    ("/benefits/coverage_rules.json?_next=abc", 400, "no page mark"),
    ("/benefits/coverage_rules?_next=99999999999999999999", 400, "no page mark"),
    ("/benefits/dataset_codes.json?_next=a,b&_sort=code", 400, "no page mark"),
    ("/benefits/coverage?_size=abc", 400, "_size"),
    ("/benefits/coverage?_size=-1", 400, "_size"),
    ("/benefits/coverage.json?_size=10001", 400, "_size must be <= 10000"),
    ("/benefits/coverage?_size=max", 400, "at most 1000 rows"),
    ("/benefits/coverage.json?_shape=junk", 400, "Invalid _shape"),
    ("/benefits.json?_shape=array", 400, "has no effect"),
    ("/benefits/programs.json?_json_infinity=junk", 400, "on or off"),
    ("/benefits/programs.csv?_stream=on&_next=a", 400, "no page mark"),
    ("/benefits/coverage.json?_next=zzzz", 400, "no page mark"),
    ("/benefits/coverage_on.json?_size=2", 400, "has no effect"),
    ("/benefits/coverage_on.csv?_sort=program", 400, "has no effect"),
    ("/benefits/coverage_on.json?juristiction=IL", 400, "no parameter 'juristiction'"),
    ("/benefits/programs?_facet_date=name&_nocol=name", 400, "which is left out"),
    ("/benefits/coverage.json?age_min__gt=99999999999999999999", 400, "at most 18 digits"),
    ("/benefits/coverage.json?age_min__in=[99999999999999999999]", 400, "is no list"),
    ("/search?q=%00", 400, "NUL character"),
    (
        "/benefits/dataset_fields.json?_search=income",
        400,
        "dataset_fields has no full-text search. Look for",
    ),
    ("/benefits/coverage_rules?_search_name=care", 400, "has no full-text search"),
    ("/benefits/coverage.csv?_nocol=coverage", 400, "belongs to the key"),
    ("/benefits/events.json?_nocol=date&_size=2", 400, "sorted by date, which is left out"),
    ("/benefits/changes.json?_col=version", 400, "sorted by date, which is left out"),
    ("/benefits/coverage/none.json", 404, "Its table lists the keys"),
    ("/benefits/coverage_on.json?_size=3", 400, "Leave it out."),
    ("/benefits/search_index_config.json", 404, "nothing at this address"),
    ("/benefits/search_index.csv", 404, "nothing at this address"),
    ("/benefits/coverage_known.json", 404, "nothing at this address"),
    ("/benefits/programs_fts_data", 404, "nothing at this address"),
    ("/benefits/coverage_rules_known", 404, "nothing at this address"),
]


@pytest.mark.parametrize("address, status, why", REFUSED, ids=[f"{r[0][:70]}" for r in REFUSED])
def test_what_is_refused_says_why(site, address, status, why):
    response = site.get(address)
    assert response.status_code == status
    assert why in (response.json()["error"] if ".json" in address else html.unescape(response.text))
