"""What a person finds in the dataset in one file, by mouse or by keyboard."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from benefits.package import ROOT
from worked_examples import examples

VIEWS = {
    "coverage": "",
    "coverage-of-one": "#coverage?as_of=2025-06-30&jurisdiction=IL",
    "roles": "#roles?court_case=california-v-hhs",
    "sharing": "#sharing?jurisdiction=CA&as_of=2026-01-06",
    "tables": "#tables",
    "table": "#tables/coverage?enrollment=open&sort=-valid_from",
    "record": "#record/absences/ma-no-adult-2024",
    "search": "#search?q=HBIA",
    "refused": "#coverage?as_of=2025-02-30&jurisdiction=XX",
    "nowhere": "#no/such%view",
}


ASKED = sorted({(e["as_of"], e["jurisdiction"], e["population"]) for e in examples("coverage")})


ASKED = ASKED[:: len(ASKED) // 30][:30]


@pytest.fixture
def visit(browser, file):
    """visit("#search?q=HBIA") -> the page in that view. Whatever it asks for besides itself,
    and whatever it complains of, fails the test."""
    asked, said, contexts = [], [], []

    def refuse(route):
        if route.request.url.split("#")[0] == file.as_uri():
            return route.continue_()
        asked.append(route.request.url)
        route.abort()

    def go(view="", **options):
        contexts.append(browser.new_context(**options))
        contexts[-1].route("**/*", refuse)
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri() + view)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("[role=status]")
        return page

    yield go
    for context in contexts:
        context.close()
    assert (asked, said) == ([], [])


def turn(page, view):
    """Follow an address of the page itself, as a link does."""
    page.evaluate(
        "view => new Promise(done => { addEventListener('hashchange', () => setTimeout(done), {"
        " once: true }); location.hash = view; })",
        view,
    )


def downloaded(page) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    return Path(download.value.path()).read_bytes()


def as_csv(rows) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue().encode()


def test_it_says_what_it_is(visit, db):
    about = db.execute("SELECT * FROM dataset").fetchone()
    for page in (visit(), visit(java_script_enabled=False)):
        text = page.inner_text("body")
        for said in (
            about["version"],
            about["data_through"],
            about["licence"],
            "Reference information, not legal advice",
            "works offline",
        ):
            assert said in text
    assert "JavaScript, which is switched off" in text


def test_who_is_covered_is_what_the_sql_says(visit, ask):
    assert len(ASKED) == 30
    page = visit()
    for as_of, jurisdiction, population in ASKED:
        turn(page, f"#coverage?as_of={as_of}&jurisdiction={jurisdiction}&population={population}")
        rows = ask("coverage_on", as_of=as_of, jurisdiction=jurisdiction, population=population)
        assert page.locator(".answer").all_inner_texts() == [r["in_words"] for r in rows]
        evidence = page.get_by_role("link", name="Evidence for").evaluate_all(
            "links => links.map(a => a.hash)"
        )
        assert evidence == [
            f"#record/{'coverage' if r['coverage'] else 'absences'}/{r['coverage'] or r['absence']}"
            for r in rows
            if r["coverage"] or r["absence"]
        ]
    assert downloaded(page) == as_csv(rows)


def test_the_form_asks_and_the_address_keeps_the_question(visit, ask):
    page = visit()
    assert page.locator(".place").count() == 51
    page.get_by_label("On the day").fill("2025-06-30")
    page.get_by_label("Jurisdiction").select_option("IL")
    page.get_by_label("Population").select_option("adult")
    rows = ask("coverage_on", as_of="2025-06-30", jurisdiction="IL", population="adult")
    assert page.get_by_role("status").inner_text() == f"{len(rows)} answers on 30 June 2025."
    page.reload()
    assert page.locator(".answer").all_inner_texts() == [r["in_words"] for r in rows]
    page.get_by_role("link", name="What may be shared").click()
    assert downloaded(page) == as_csv(ask("sharing_on", as_of="2025-06-30", jurisdiction="IL"))
    page.get_by_role("link", name="Who is in the case").click()
    assert downloaded(page) == as_csv(
        [
            r
            for r in ask("roles_on", as_of="2025-06-30", court_case="california-v-hhs")
            if r["jurisdiction"] == "IL"
        ]
    )


@pytest.mark.parametrize(
    "view, said",
    [
        ("as_of=2025-02-30", "2025-02-30"),
        ("jurisdiction=ZZ", "ZZ"),
        ("as_of=12025-01-01", "12025-01-01"),
    ],
)
def test_what_cannot_be_answered_is_refused(visit, view, said):
    page = visit("#coverage?" + view)
    assert said in page.locator(".problem").inner_text() and not page.locator(".place").count()
    assert page.get_by_role("button", name="Save as CSV").count() == 0


def test_a_day_that_is_not_complete_is_not_taken_for_another(visit):
    page = visit("#coverage?jurisdiction=IL")
    page.get_by_label("On the day").press("Delete")
    assert page.locator(".problem").count() == 1


def test_search_goes_over_everything(visit, db):
    page = visit()
    page.get_by_role("searchbox").fill("hbia")
    page.get_by_role("button", name="Go").click()
    first = page.locator(".results a").first
    assert first.inner_text() == "Health Benefits for Immigrant Adults (HBIA)"
    table = page.get_by_label("Table")
    for name in ("programs", "coverage", "sources", "citations"):
        table.select_option(name)
        assert page.locator(".results > li").count() > 0, name
    table.select_option("")
    page.get_by_label("Jurisdiction").select_option("CA")
    assert "0 records" in page.get_by_role("status").inner_text()
    page.get_by_label("Jurisdiction").select_option("IL")
    page.get_by_label("In force on the day").fill("2025-07-01")
    page.get_by_label("Table").select_option("coverage")
    ended = db.execute(
        "SELECT COUNT(*) FROM coverage WHERE program = 'il-hbia' AND valid_from <= '2025-07-01' AND"
        " (valid_to IS NULL OR valid_to > '2025-07-01')"
    ).fetchone()[0]
    assert page.locator(".results a[href*='/il-hbia-']").count() == ended == 0
    page.get_by_role("searchbox").fill("nothing-has-this")
    assert "0 records" in page.get_by_role("status").inner_text()


def test_every_fact_table_shows_the_citations_of_its_records(visit, package, ask, db):
    page = visit()
    for name, table in package.tables.items():
        if table.resource.get("fact"):
            record = db.execute(
                'SELECT record FROM citations WHERE "table" = ? ORDER BY relation, 1 LIMIT 1',
                [name],
            ).fetchone()[0]
            turn(page, f"#record/{name}/{record}")
            cited = ask("evidence_for", table=name, record=record)
            text = page.inner_text("main")
            assert page.locator(".evidence li").count() == len(cited) and all(
                c["title"] in text and c["locator"] in text for c in cited
            ), name
            assert ("Sources disagree" in text) == any(
                c["relation"] == "contradicts" for c in cited
            )


def test_a_table_saved_whole_is_the_file_of_the_package(visit, package):
    for name, table in package.tables.items():
        if (
            table.rows
        ):  # each in a page of its own: Chromium refuses the eleventh download of one page
            assert (
                downloaded(visit(f"#tables/{name}")) == (ROOT / "data" / f"{name}.csv").read_bytes()
            ), name


def test_a_table_is_narrowed_down_sorted_and_saved_as_shown(visit, package):
    page = visit("#tables/coverage")
    page.get_by_text("More filters").click()
    page.get_by_label("Enrollment", exact=True).select_option("closed_to_new")
    page.get_by_label("Jurisdiction").select_option("IL")
    page.get_by_role("button", name="Highest age").click()
    page.get_by_role("button", name="Highest age").click()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Highest age")
    of_illinois = [p["program"] for p in package.rows("programs") if p["jurisdiction"] == "IL"]
    rows = [
        r
        for r in package.rows("coverage")
        if r["enrollment"] == "closed_to_new" and r["program"] in of_illinois
    ]
    rows = sorted(rows, key=lambda r: (r["age_max"] is None, -(r["age_max"] or 0)))
    assert page.locator("tbody tr").count() == len(rows) > 0
    assert downloaded(page) == as_csv(rows)


def test_a_long_table_can_be_read_to_its_end(visit, package):
    page = visit("#tables/survey_answers")
    assert page.locator("tbody tr").count() == 100
    while page.get_by_role("button", name="Show more").count():
        page.get_by_role("button", name="Show more").click()
    assert page.locator("tbody tr").count() == len(package.rows("survey_answers"))


def test_no_cell_is_a_formula(visit):
    made = visit().evaluate(
        """csv(["a"], ["=1+1", "+1", "-1", "-x", "@x", "\\tx", -5, "a,b", 'say "x"',
                       "two\\nlines", null].map(a => ({ a })))"""
    )
    assert [r[0] if r else "" for r in csv.reader(io.StringIO(made))][1:] == [
        "'=1+1",
        "'+1",
        "-1",
        "'-x",
        "'@x",
        "'\tx",
        "-5",
        "a,b",
        'say "x"',
        "two\nlines",
        "",
    ]


def test_a_file_cut_off_says_so(browser, file, tmp_path):
    text = file.read_text(encoding="utf-8")
    at = text.index('id="data">') + 5000
    (tmp_path / "cut.html").write_text(
        text[:at] + text[text.index("</script>", at) :], encoding="utf-8"
    )
    page = browser.new_page()
    page.goto((tmp_path / "cut.html").as_uri())
    assert "could not be read" in page.get_by_role("alert").inner_text()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, scheme):
    page = visit(color_scheme=scheme)
    for name, view in VIEWS.items():
        turn(page, view or "#coverage")
        for details in page.locator("main details:not([open]) summary").all()[:3]:
            details.click()
        found = Axe().run(page)
        assert not found.response["violations"], (name, found.generate_report())


def test_a_narrow_screen_scrolls_one_way(visit):
    page = visit(viewport={"width": 360, "height": 740})
    for name, view in VIEWS.items():
        turn(page, view or "#coverage")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_all_of_it_works_with_keys_alone(visit):
    page = visit()

    def focused(of="textContent"):
        return page.evaluate(f"document.activeElement.{of}")

    def tab_to(name):
        for _ in range(60):
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{focused()} does not show that it has the focus"
            if name in (focused(), focused("id"), focused("name")):
                return
        raise AssertionError(f"{name} is not reached")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    page.keyboard.press("Enter")
    assert focused("id") == "content"
    tab_to("f-jurisdiction")
    page.keyboard.type("Illin")
    assert page.locator(".place h3").all_inner_texts() == ["Illinois"]
    tab_to("All Kids")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:focus:text-is('All Kids')")
    page.go_back()
    page.wait_for_selector("h1:focus:text-is('Who is covered on a date?')")
    assert page.locator(".place h3").all_inner_texts() == ["Illinois"]
    turn(page, "#tables/programs")
    tab_to("Funding")
    page.keyboard.press("Enter")
    assert focused() == "Funding ▲" and page.locator("th[aria-sort=ascending]").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert focused() == "Funding ▲"
