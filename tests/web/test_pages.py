"""The task pages over HTTP: what they say, refuse, link to and keep in their address; the
search; valid HTML."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from benefits.answers import read_kinds
from benefits.web.place_pages import merge_bands
from page_list import CASE, PAGES, STATUS, answer, read


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_it_is(site, page):
    text = read(site, PAGES[page], STATUS.get(page, 200)).text
    assert "Reference information, not legal advice; the law changes. Data through" in text


TAKES = read_kinds()["pages"]


PLACE = {"/jurisdictions/*": "/jurisdictions/IL", "/cases/*": f"/cases/{CASE}"}


def misfits() -> list[tuple]:
    """(page, parameter, value): one value of the wrong kind for each parameter of each page."""
    wrong = {"date": "2025-02-30", "text": "a" * 101}
    return [
        (PLACE.get(path, path), name, wrong.get(kind, "no-such"))
        for path, takes in TAKES.items()
        for name, kind in takes.items()
    ]


@pytest.mark.parametrize("path, name, value", misfits())
def test_a_page_refuses_what_it_cannot_read(site, path, name, value):
    document = read(site, f"{path}?{name}={value}", 400)
    assert re.search(rf"\b{name}\b[^.]*\.( Accepted: .*\.)? Try again", document.text), (
        document.text
    )


@pytest.mark.parametrize("path", [PLACE.get(path, path) for path in TAKES if path != "/ask"])
def test_a_page_ignores_what_the_web_adds_to_addresses(site, path):
    assert site.get(f"{path}?fbclid=x&no_such=1&utm_source=a").content == site.get(path).content


@pytest.mark.parametrize(
    "path",
    [
        "/jurisdictions/ZZ",
        "/jurisdictions/il",
        "/jurisdictions",
        "/cases/roe-v-wade",
        "/on/2025-06-30/cases/roe-v-wade",
        "/evidence/coverage/no-such",
        "/evidence/sqlite_master/1",
        "/coverages",
    ],
)
def test_what_is_not_there_is_said(site, path):
    assert "home page" in read(site, path, 404).text


# Page -> a column of its answer, all of whose values the page shows.
SHOWN = {
    "home": "jurisdiction_name",
    "jurisdiction": "in_words",
    "jurisdiction-none": "in_words",
    "jurisdiction-dated": "in_words",
    "coverage": "jurisdiction_name",
    "coverage-compare": None,
    "eligibility-answer": "rules_met",
    "case": None,
    "case-sister": None,
    "claims": "statement",
    "surveys": None,
    "gaps": "note",
    "changes": "in_words",
    "codebook": "field",
    "search": "label",
    "evidence": "title",
}


@pytest.mark.parametrize("page", SHOWN)
def test_the_same_answer_as_data(site, page):
    document = read(site, PAGES[page])
    as_json = [href for href, said in document.links if said == "JSON"]
    as_csv = [href for href, said in document.links if said == "CSV"]
    assert as_json and len(as_json) == len(as_csv)
    for j, c in zip(as_json, as_csv, strict=True):
        rows = answer(site, j)
        lines = list(csv.DictReader(io.StringIO(site.get(c).text)))
        assert (
            rows
            and [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == lines
        ), j
        asked = dict(pair.split("=") for pair in re.findall(r"\w+=[\w-]+", j))
        assert all(
            str(row[name]) == value
            for row in rows
            for name, value in asked.items()
            if row.get(name)
        ), j
    if SHOWN[page]:
        rows = answer(site, as_json[0])
        if page == "jurisdiction":  # neighboring ages that say the same are one row there
            rows = merge_bands(rows)
        values = {row[SHOWN[page]] for row in rows if row[SHOWN[page]]}
        if page == "changes":  # the day and the place have their own elements
            values = {value.partition(": ")[2] for value in values}
        missing = {
            value
            for value in values
            if " ".join(value.replace("`", "").split()) not in document.text
        }
        assert not missing


@pytest.mark.parametrize("page", [p for p in PAGES if p not in ("home", "missing")])
def test_pages_and_feeds_do_not_depend_on_who_asks(site, page):
    path = PAGES[page]
    assert (
        site.get(path).content
        == site.get(
            path, headers={"host": "evil.example", "accept-language": "tlh", "cookie": "a=b"}
        ).content
    )


# Filtered pages: their data holds what they show, no more and no less.
FILTERED = [
    "/changes?population=child",
    "/changes?jurisdiction=IL&population=adult",
    f"/changes?court_case={CASE}",
    "/changes?jurisdiction=CA&court_case=california-v-usda",
    "/surveys?survey=cms_fcep_2025_04",
    "/on/2019-05-05/gaps",
]


@pytest.mark.parametrize("path", FILTERED)
def test_the_data_of_a_filtered_page_is_what_it_shows(site, path):
    document = read(site, path)
    [as_json] = [href for href, said in document.links if said == "JSON"]
    [as_csv] = [href for href, said in document.links if said == "CSV"]
    rows = answer(site, as_json)
    assert len(rows) == len(list(csv.DictReader(io.StringIO(site.get(as_csv).text))))
    for name, value in parse_qs(urlsplit(path).query).items():
        if name != "jurisdiction":  # an event of a case of the jurisdiction names none
            assert {r[name] for r in rows} == set(value)
    if path.startswith("/changes"):
        shown = len(re.findall(r"<li><time datetime", site.get(path).text))
        assert shown == len([r for r in rows if r["kind"] != "none"])


def test_maps_show_less_than_coverage_as_what_it_is(site):
    source = site.get("/on/2026-11-24/").text

    def tile(population, code):
        return re.search(
            rf'jurisdictions/{code}#{population}" tabindex="-1" aria-label="{code}: ([^"]+)"',
            source,
        )[1]

    assert tile("adult", "CO") == "Help with premiums only"
    assert tile("adult", "WA").startswith("Closed to new applicants")
    assert tile("child", "MA") == "Some kinds of care only"
    assert tile("child", "DC").startswith("Open, reduced benefits")
    assert tile("adult", "TX") == "None"


def test_not_knowing_is_said_in_the_heading(site):
    source = site.get("/eligibility?jurisdiction=VT&age=30&pregnant=postpartum").text
    assert re.search(
        r"<h2>Vermont, [^<]*: we could not confirm an answer for postpartum people</h2>", source
    )
    source = site.get("/eligibility?jurisdiction=TX&age=30").text
    assert re.search(r"<h2>Texas, [^<]*: no program found whose written rules are met</h2>", source)


@pytest.mark.parametrize(
    "page", ["jurisdiction", "jurisdiction-none", "eligibility-answer", "evidence", "gaps"]
)
def test_an_answer_says_when_it_was_last_checked(site, page):
    assert re.search(r"Last checked \d+ [A-Z][a-z]+ \d{4}\.", read(site, PAGES[page]).text)


def test_gaps_says_where_to_look_next(site):
    document = read(site, "/gaps")
    rows = site.get("/benefits/gaps.json?_shape=array").json()
    assert all(r["look_next"] in document.text for r in rows if r["look_next"])
    assert all(r["jurisdiction_name"] in document.text for r in rows if r["jurisdiction"])


def test_the_codebook_has_the_budget_of_each_kind_of_source(site, package):
    (kind,) = [f for f in package.tables["sources"].fields if f["name"] == "kind"]
    text = " ".join(read(site, "/codebook").text.split())
    for c in kind["categories"]:
        task = "dated, look for something newer" if c.get("dated") else "look again"
        assert f"{c['value']}: {c['label']} ({task} after {c['check_after_days']} days)" in text
