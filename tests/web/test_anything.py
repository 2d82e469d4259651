"""Random requests: none ends in an error of ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from requests_to_site import EVERYWHERE, INSIDE, get

SEGMENTS = [
    "benefits",
    "coverage",
    "coverage_on",
    "programs",
    "coverage_rules",
    "dataset_codes",
    "records",
    "programs_fts",
    "il-hbia",
    "IL",
    "-",
    "static",
    "site.css",
    "health",
    "..",
    ".",
    "",
    "_internal",
    ":memory:",
    "%2e%2e",
    "%5C",
    "%00",
    "%ff",
    "~00",
    "~2F",
    "a,b",
    "search",
    "jurisdictions",
    "cases",
    "evil.example",
]


NAMES = [
    "_shape",
    "_size",
    "_sort",
    "_sort_desc",
    "_next",
    "_facet",
    "_facet_date",
    "_facet_size",
    "_search",
    "_searchmode",
    "_search_name",
    "_col",
    "_nocol",
    "_label",
    "_labels",
    "_json",
    "_nl",
    "_stream",
    "_dl",
    "_filter_column",
    "_filter_op",
    "_filter_value",
    "_sort_by_desc",
    "_extras",
    "_where",
    "_ttl",
    "sql",
    "population",
    "population__in",
    "age_min__gt",
    "program__glob",
    "program__arraycontains",
    "name__like",
    "_x__exact",
    "as_of",
    "jurisdiction",
    "q",
    "age",
    "table",
    "record",
]


VALUES = [
    "",
    "1",
    "max",
    "abc",
    "-1",
    "99999999999999999999",
    "program",
    "coverage",
    "name",
    "on",
    "array",
    "object",
    "raw",
    "a,b",
    "$null,1",
    "[",
    "{",
    "%22",
    "%00",
    "%ff",
    "*",
    "NEAR(",
    "2025-06-30",
    "%C2%B2",
]


visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)


segments = st.sampled_from(SEGMENTS) | visible.map(lambda s: s.replace("?", "").replace("#", ""))


paths = st.builds(
    lambda s, form: "/" + "/".join(s) + form,
    st.lists(segments, max_size=4),
    st.sampled_from(["", ".json", ".csv", ".db", ".blob", "/", ".x"]),
)


data = st.builds(
    lambda t, row, form: f"/benefits/{t}{row}{form}",
    st.sampled_from(SEGMENTS[1:8]),
    st.sampled_from(["", "", "/il-hbia", "/a,b", "/1"]),
    st.sampled_from(["", ".json", ".csv"]),
)


queries = st.lists(
    st.builds(
        lambda n, v: f"{n}={v}", st.sampled_from(NAMES) | visible, st.sampled_from(VALUES) | visible
    ),
    max_size=4,
).map("&".join)


@pytest.mark.slow
@settings(
    max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS", b"POST", b"get"]),
    paths | data,
    queries | st.none(),
)
@example(b"GET", "/benefits/programs", "_facet_date=name&_nocol=name&_sort=name&_size=2")
def test_nothing_breaks(site, method, path, query):
    status, headers, body = get(
        site,
        path if query is None else f"{path}?{query}",
        b"Cookie: ds_messages=\xff",
        method=method,
    )
    assert 200 <= status < 500 and EVERYWHERE.items() <= headers.items()
    assert "set-cookie" not in headers and "server" not in headers
    # A backslash in the path could lead to another host; in the query it is a character.
    assert re.fullmatch(r"/([^/\\\s?][^\\\s?]*)?(\?\S*)?", headers.get("location", "/"))
    assert not any(word.encode() in body for word in INSIDE)
