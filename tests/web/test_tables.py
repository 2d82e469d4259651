"""Datasette's own pages in our templates: tables, views, records, answers, the list of them, and
errors."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

CONFLICT = "/benefits/coverage/ca-medi-cal-adult-19-25-2026-07"
PAGES = [
    "/benefits",
    "/benefits/coverage",
    "/benefits/coverage?enrollment=open&_search=the&_sort_desc=valid_from&_facet=program",
    "/benefits/citations",
    "/benefits/changes",
    "/benefits/dataset_fields",
    "/benefits/coverage_rules",
    "/benefits/coverage?enrollment=no-such",
    "/benefits/coverage/il-hbia-adult-42-54-2022",
    CONFLICT,
    "/benefits/sources/il-health-benefits-immigrant-adults-faq",
    "/benefits/dataset_fields/coverage,note",
    "/benefits/coverage_on?as_of=2025-06-30&jurisdiction=IL",
    "/benefits/eligibility",
    "/benefits/evidence_for?table=coverage&record=il-hbia-adult-42-54-2022",
    "/benefits/survey_agreement?survey=single_state",
    "/benefits/search?q=illinois",
    "/benefits/nowhere",
    "/benefits?sql=select+1",
    "/benefits/coverage?_col=nope",
    "/benefits/coverage_on?as_of=x",
]


class Page(HTMLParser):
    """A page as a list of (tag, attributes), with the text inside each caption, heading,
    option and button."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in ("caption", "h1", "option", "button", "label", "summary"):
            self.open.append((tag, len(self.tags)))
            self.texts.append([tag, ""])

    def handle_endtag(self, tag):
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts[-1][1] += data

    def all(self, *names):
        return [a for t, a in self.tags if t in names]

    def said(self, tag):
        return [" ".join(text.split()) for t, text in self.texts if t == tag]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_plain_html_that_a_strict_policy_lets_through(site, path):
    text = site.get(path).text
    page = Page(text)
    assert not page.all("script", "style", "iframe", "object", "textarea")
    assert not [(t, a) for t, a in page.tags if any(k == "style" or k.startswith("on") for k in a)]
    assert not [
        a
        for a in page.all("a", "form", "link", "img")
        if re.match(
            r"(?i)javascript:|data:", a.get("href") or a.get("action") or a.get("src") or ""
        )
    ]
    assert len(page.said("h1")) == 1 and page.all("main") and page.all("html")[0]["lang"] == "en"
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert not re.search(r"Custom SQL|Run SQL|Traceback|/plugins/|/templates/|\.py\b", text)


@pytest.mark.parametrize("path", PAGES)
def test_every_form_control_has_a_label(site, path):
    text = site.get(path).text
    page = Page(text)
    labelled = {a["for"] for a in page.all("label") if "for" in a}
    for control in page.all("input", "select"):
        if control.get("type") == "hidden":
            continue
        within = (
            re.search(f'<label><input type="checkbox" name="{control["name"]}"', text)
            if control.get("type") == "checkbox"
            else None
        )
        assert control.get("id") in labelled or within, control


@pytest.mark.parametrize("path", PAGES)
def test_wide_tables_have_a_caption_and_scroll_in_a_named_box(site, path):
    page = Page(site.get(path).text)
    assert len(page.all("table")) == len(page.all("caption"))
    boxes = [a for a in page.all("div") if a.get("class") == "scroller"]
    assert len(boxes) == len(page.all("table"))
    assert all(b["tabindex"] == "0" and b["role"] == "region" and b["aria-label"] for b in boxes)


@pytest.mark.slow
def test_links_out_of_the_site_carry_no_address(site):
    for path in PAGES:
        for a in Page(site.get(path).text).all("a"):
            if a.get("href", "").startswith("http"):
                assert "noreferrer" in a.get("rel", ""), a


def test_a_table_says_how_many_rows_and_how_it_is_sorted(site, db):
    page = Page(site.get("/benefits/coverage?_sort_desc=valid_from").text)
    assert page.said("caption") == [
        f"Coverage rules: {db.execute('SELECT COUNT(*) FROM coverage').fetchone()[0]} rows sorted"
        " by valid_from descending (100 on this page)"
    ]
    assert [a["aria-sort"] for a in page.all("th") if "aria-sort" in a] == ["descending"]


def test_a_table_can_be_read_to_its_end(site, db):
    keys, path = [], "/benefits/coverage?enrollment=open&_sort=valid_from"
    while path:
        text = site.get(path).text
        keys += re.findall(r'<th scope="row"><a href="/benefits/coverage/([^"]+)"', text)
        following = re.search(r'<a href="([^"]+)" rel="next"', text)
        path = following and following[1].replace("&amp;", "&")
    assert keys and sorted(keys) == [
        r[0]
        for r in db.execute(
            "SELECT coverage FROM coverage WHERE enrollment = 'open' ORDER BY coverage"
        )
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/benefits/coverage?enrollment=open",
        "/benefits/coverage_rules",
        "/benefits/coverage_on?jurisdiction=IL",
        CONFLICT,
    ],
)
def test_the_data_links_of_a_page_give_its_data(site, path):
    found = [
        a["href"]
        for a in Page(site.get(path).text).all("a")
        if re.search(r"\.(json|csv)\?", a.get("href", ""))
        and a["href"].startswith(path.split("?")[0])
    ]
    assert len(found) >= 2
    assert all(site.get(href).status_code == 200 for href in found)


def test_facets_and_pages_stay_on_the_site_whatever_host_is_asked(site):
    text = site.get("/benefits/coverage?_facet=program", headers={"host": "elsewhere.example"}).text
    body = text[text.index("<main") :]
    assert "Filter by value" in body and "elsewhere.example" not in body


@pytest.mark.slow
def test_questions_offer_dates_codes_and_ranges(site, db):
    page = Page(site.get("/benefits/sharing_on?jurisdiction=CA&as_of=2026-01-06").text)
    names = {a["name"]: a for a in page.all("input", "select")}
    assert names["as_of"]["type"] == "date" and names["as_of"]["value"] == "2026-01-06"
    assert {"Illinois", "Address", "People unlawfully present"} <= set(page.said("option"))
    offered = {a["value"] for a in page.all("option")}
    for table, column in (
        ("jurisdictions", "jurisdiction"),
        ("data_elements", "data_element"),
        ("person_classes", "person_class"),
    ):
        assert {r[0] for r in db.execute(f'SELECT "{column}" FROM "{table}"')} <= offered
    assert [a["value"] for a in page.all("option") if "selected" in a] == ["CA"]
    assert page.said("button") == ["Go", "Ask"]
    record = next(
        a
        for a in Page(site.get("/benefits/evidence_for?table=claims").text).all("input")
        if a["name"] == "record"
    )
    assert record["maxlength"] == "100" and "list" not in record
    age = next(
        a for a in Page(site.get("/benefits/eligibility").text).all("input") if a["name"] == "age"
    )
    assert (age["type"], age["min"], age["max"]) == ("number", "0", "120")


def test_a_record_shows_its_citations_with_both_sides_of_a_conflict(site, ask):
    text = site.get(CONFLICT).text
    cited = ask("evidence_for", table="coverage", record=CONFLICT.rsplit("/", 1)[1])
    disputed = {c["relation"] for c in cited if c["field"] == "benefit_scope"}
    assert {"supports", "contradicts"} <= disputed
    assert text.count('<li><span class="tag">') == len(cited)
    for relation in ("supports", "contradicts", "differs"):
        shown = text.count(f">{relation.capitalize()}</span>")
        assert shown == sum(c["relation"] == relation for c in cited)
    assert (
        "Sources disagree" in text
        and 'id="evidence-benefit_scope"' in text
        and 'href="#evidence-benefit_scope"' in text
    )
    for c in cited:
        assert f'href="/benefits/sources/{c["source"]}"' in text


def test_what_differs_for_a_known_reason_is_no_doubt(site, db):
    """A source that says something else for a known reason is shown, and is not called a doubt."""
    table, record = db.execute(
        'SELECT "table", record FROM citations GROUP BY 1, 2'
        " HAVING SUM(relation = 'differs') > 0 AND SUM(relation = 'contradicts') = 0 LIMIT 1"
    ).fetchone()
    text = site.get(f"/benefits/{table}/{record}").text
    assert "The value is not in" in text and "Sources disagree" not in text


def test_every_fact_table_shows_citations_on_its_records(site, package, db):
    for name, table in package.tables.items():
        if table.resource.get("fact"):
            record = db.execute(
                'SELECT record FROM citations WHERE "table" = ? ORDER BY 1 LIMIT 1', [name]
            ).fetchone()[0]
            assert ">Supports</span>" in site.get(f"/benefits/{name}/{record}").text, name


def test_a_record_explains_its_columns_and_leads_on(site):
    text = site.get("/benefits/coverage/il-hbia-adult-42-54-2022").text
    assert (
        "Lowest age covered, in whole years, inclusive." in text
        and "Open to new applicants" in text
    )
    assert (
        '<a href="/benefits/programs/il-hbia">Health Benefits for Immigrant Adults (HBIA)</a>'
        in text
    )
    assert re.search(
        r'<a href="/benefits/coverage\?program=il-hbia">\d+ rows? of Coverage rules</a>',
        site.get("/benefits/programs/il-hbia").text,
    )
    assert (
        'href="/benefits/absences/ak-no-adult-2024"'
        in site.get("/benefits/citations?record=ak-no-adult-2024").text
    )


def test_long_text_is_shown_whole(site, db):
    table, record, citations = db.execute(
        'SELECT "table", record, citations FROM record_citations WHERE "table" = \'coverage\' ORDER'
        " BY length(citations) DESC"
    ).fetchone()
    jurisdiction = db.execute(
        "SELECT jurisdiction FROM coverage_rules WHERE coverage = ?", [record]
    ).fetchone()[0]
    day = db.execute("SELECT valid_from FROM coverage WHERE coverage = ?", [record]).fetchone()[0]
    text = site.get(f"/benefits/coverage_on?jurisdiction={jurisdiction}&as_of={day}").text
    assert citations in text.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


def test_the_list_of_data_has_answers_then_tables_then_the_download(site, package, db):
    text = site.get("/benefits").text
    assert text.index('id="queries"') < text.index('id="tables"') < text.index('id="download"')
    for name, table in package.tables.items():
        assert f'<a href="/benefits/{name}">{table.resource["title"]}</a>' in text
    n = db.execute("SELECT COUNT(*) FROM citations").fetchone()[0]
    assert f"{n:,} rows. What one source says" in text and "Who is covered on a date?" in text
    assert 'href="/benefits.db"' in text and "MB" in text and "_fts" not in text


@pytest.mark.parametrize(
    "path, status",
    [
        ("/benefits/nowhere", 404),
        ("/benefits/coverage/nowhere", 404),
        ("/benefits?sql=select+1", 403),
        ("/benefits/coverage?_col=nope", 400),
    ],
)
def test_errors_say_what_happened_and_where_to_go(site, path, status):
    response = site.get(path)
    assert response.status_code == status and re.search(
        r'class="note problem">\s*<li>.+</li>', response.text
    )
    assert {"/benefits", "/search", "/"} <= {
        a["href"] for a in Page(response.text[response.text.index("<main") :]).all("a")
    }
