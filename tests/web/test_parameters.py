"""Datasette's parameters, and what other sites add to links."""

from __future__ import annotations

import re

import pytest
from requests_to_site import get

from benefits.answers import read_kinds
from benefits.web import requests

WEB = (
    "fbclid utm_source UTM_Campaign utm gclid gclsrc gad_source gad_campaignid wbraid msclkid "
    "ysclid yclid twclid ttclid ScCid rdt_cid irclickid dclid mc_cid mc_eid mkt_tok _ga _gl "
    "_gac_UA_1 igshid igsh ref ref_src hsa_cam pk_campaign mtm_kwd matomo_kwd itm_source "
    "at_medium trk trkCampaign spm ncid cid s_kwcid ef_id _ke _kx __s __hstc __hssc _hsenc "
    "hsCtaTracking _x_tr_sl _x_tr_pto __cf_chl_tk _pos _ss _fbp amp amp_js_v usqp elqTrackId "
    "sfmc_id dm_i mkevt smid si share srsltid ved fb_action_ids mibextid msockid"
).split()


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "/gaps",
        "/benefits/coverage_on.json",
        "/answers/coverage_on.csv",
        "/benefits/coverage.csv",
        "/benefits/programs.json?_size=1",
        "/",
        "/on/2025-07-01/coverage",
        "/changes.atom",
        "/changes.ics?jurisdiction=IL",
        "/static/icon.svg",
        "/benefits/programs",
    ],
)
def test_what_other_sites_add_to_links_changes_nothing(site, address):
    plain, sign = site.get(address), "&" if "?" in address else "?"
    assert plain.status_code == 200
    for name in [*WEB, "&".join(f"{name}=1" for name in WEB[:45])]:
        added = site.get(f"{address}{sign}{name}=x")
        assert (added.status_code, added.headers["etag"]) == (200, plain.headers["etag"]), name


@pytest.mark.parametrize(
    "address",
    [
        "/gaps",
        "/changes.atom",
        "/static/site.css",
        "/openapi.json",
        "/benefits.db",
        "/eligibility?age=30",
    ],
)
def test_a_page_takes_a_link_with_anything_that_is_not_its_own(site, address):
    """Nobody can list all that the web adds: what neither the page nor Datasette has is ignored."""
    sign = "&" if "?" in address else "?"
    many = "&".join(f"{n}_{k}=1" for k in range(7) for n in ("zz", "_zz", "__zz"))
    for added in ("", "newtracker=1&", "_newtracker=1&", "__newtracker=1&", many):
        assert site.head(f"{address}{sign}{added}").status_code == 200, added


def test_no_name_of_ours_is_taken_for_what_other_sites_add(db):
    added = requests.TRACKING
    named = {
        name for taken in read_kinds().values() for takes in taken.values() for name in takes
    } | set(ASKED)
    for (table,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    ).fetchall():
        named |= {
            row["name"] for row in db.execute(f'SELECT name FROM pragma_table_info("{table}")')
        }
    assert len(named) > 100 and not [name for name in named if added.fullmatch(name)]


ASKED = {
    "_shape": "objects",
    "_size": "1",
    "_sort": "note",
    "_sort_desc": "note",
    "_sort_by_desc": "on",
    "_next": "1",
    "_facet": "enrollment",
    "_facet_date": "valid_from",
    "_facet_array": "note",
    "_facet_size": "1",
    "_search": "federal",
    "_search_note": "federal",
    "_searchmode": "raw",
    "_col": "note",
    "_nocol": "note",
    "_label": "program",
    "_labels": "on",
    "_json": "note",
    "_nl": "on",
    "_stream": "on",
    "_dl": "on",
    "_header": "off",
    "_extras": "foreign_key_tables",
    "_extra": "count",
    "_where": "0",
    "_through": "x",
    "_ttl": "1",
    "_trace": "1",
    "_timelimit": "1",
    "_fts_table": "x",
    "_fts_pk": "x",
    "_show_sql": "1",
    "_hide_sql": "1",
    "_show_hidden": "1",
    "_context": "1",
    "_json_infinity": "1",
    "_filter_column": "note",
    "_filter_op": "contains",
    "_filter_value": "x",
    "_nofacet": "1",
    "_nocount": "1",
    "_nosuggest": "1",
    "_blob_column": "note",
    "_blob_hash": "x",
    "_method": "x",
    "_sql": "1",
    "_debug": "1",
    "_exact": "1",
    "_sort_x": "1",
}


WHERE = [
    "/benefits/coverage",
    "/benefits/coverage.json",
    "/benefits/coverage.csv",
    "/benefits/coverage/il-hbia-adult-42-54-2022",
    "/benefits/coverage/il-hbia-adult-42-54-2022.json",
    "/benefits/coverage_on",
    "/benefits/coverage_on.json",
    "/benefits/coverage_on.csv",
    "/benefits",
    "/benefits.json",
    "/benefits.db",
    "/",
    "/coverage",
    "/search",
    "/jurisdictions/IL",
    "/changes.atom",
    "/openapi.json",
    "/on/2025-07-01/coverage",
    "/answers/coverage_on/as_of=2025-07-01.json",
    "/static/site.css",
]


HARMLESS = {
    "a page leads to its JSON and CSV with all that it was asked for, and these show no facets": {
        "csv": "_facet _facet_date _facet_size _nofacet _nocount",
    },
    "it steers another parameter, which is not given": {
        "": "_facet_size _searchmode _filter_op _filter_value",
        "csv": "_facet_size _searchmode _filter_op _filter_value",
        "json": "_facet_size _searchmode _filter_op _filter_value _nl",
    },
    "the site suggests no facets, so there is nothing to leave out": {
        "": "_nosuggest",
        "json": "_nosuggest",
        "csv": "_nosuggest",
    },
    "no column holds a list or an infinite number": {"json": "_json _json_infinity"},
    "the CSV of a table is whole in any case": {"csv": "_stream"},
}


@pytest.mark.slow
@pytest.mark.parametrize("address", WHERE)
def test_a_parameter_of_datasette_changes_the_answer_or_is_refused(site, address):
    form = address.rpartition(".")[2] if "." in address else ""
    harmless = {name for by_form in HARMLESS.values() for name in by_form.get(form, "").split()}
    plain = site.get(address)
    silent = set()
    for name, value in ASKED.items():
        answer = site.get(f"{address}?{name}={value}")
        assert answer.status_code in (200, 302, 400), name
        kept = [
            re.sub(rf"[?&](amp;)?{name}={re.escape(value)}|\"query_ms\": [0-9.e-]+", "", r.text)
            for r in (answer, plain)
        ]
        same = kept[0] == kept[1] and all(
            answer.headers.get(h) == plain.headers.get(h)
            for h in ("content-disposition", "content-type")
        )
        if answer.status_code == 200 and same:
            silent.add(name)
    assert silent <= harmless, silent - harmless


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/benefits/coverage",
        "/benefits/coverage.csv",
        "/benefits/coverage_on.json?jurisdiction=IL&_shape=array",
        "/benefits.db",
        "/static/site.css",
        "/nowhere",
        "/benefits/coverage?_x=1",
    ],
)
@pytest.mark.parametrize("accepted", ["gzip", "identity", "gzip;q=0", "br, gzip;q=0.5"])
def test_head_tells_what_get_tells(site, address, accepted):
    sent = [b"Accept-Encoding: " + accepted.encode(), b"Range: bytes=0-9"]
    (status, headers, body), (head_status, head, nothing) = (
        get(site, address, *sent, method=m) for m in (b"GET", b"HEAD")
    )
    assert (
        status == head_status
        and nothing == b""
        and status != 206
        and headers["accept-ranges"] == "none"
    )
    changing = {"date", "transfer-encoding"} | ({"etag"} if status >= 400 else set())
    assert {n: v for n, v in headers.items() if n not in changing} == {
        n: v for n, v in head.items() if n not in changing
    }
    assert int(headers.get("content-length", len(body))) == len(body)


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
@pytest.mark.parametrize(
    "nothing", ["_search=", "_search", "_search=+", "_search=%20+", "_search_title="]
)
def test_a_search_for_nothing_is_no_search(site, form, nothing):
    plain, searched = (
        site.get(f"/benefits/sources{form}?_size=2"),
        site.get(f"/benefits/sources{form}?_size=2&{nothing}"),
    )
    assert searched.status_code == 200 and plain.headers["etag"] == searched.headers["etag"]


@pytest.mark.parametrize(
    "words",
    [
        "%22",
        "*",
        "%22%22",
        "a%00b",
        "(",
        "^",
        "-",
        "%C2%A0",
        "%E2%80%8B",
        "a+OR",
        "NEAR(",
        "'",
        "%3A",
    ],
)
@pytest.mark.parametrize("mode", ["", "&_searchmode=raw"])
def test_any_search_is_answered_or_refused(site, words, mode):
    for table in ("sources", "jurisdictions", "populations"):
        assert site.get(f"/benefits/{table}.json?_search={words}{mode}").status_code in (200, 400)
