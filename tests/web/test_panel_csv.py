"""One request gives the whole panel, and a page shows the first rows of it."""

from __future__ import annotations

import csv
import io

import pytest

from benefits.web.adapter import SHOWN


@pytest.fixture(scope="module")
def answer(ask):
    return ask("panel")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("address", ["/benefits/panel.csv", "/answers/panel.csv"])
def test_one_request_gives_every_row_as_csv(site, answer, address, encoding):
    response = site.get(address, headers={"accept-encoding": encoding}).raise_for_status()
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    found = list(csv.DictReader(io.StringIO(response.text, newline="")))
    wanted = [{k: "" if v is None else str(v) for k, v in row.items()} for row in answer]
    assert found == wanted


@pytest.mark.slow
def test_one_request_gives_every_row_as_json(site, answer):
    assert site.get("/benefits/panel.json?_shape=array").json() == answer
    found = site.get("/benefits/panel.json?_shape=objects").json()
    assert found["rows"] == answer and not found["truncated"]


@pytest.mark.slow
def test_a_panel_of_ten_years_is_one_request_too(site):
    """What the dataset has in a few years, and twice what it has now."""
    asked = "first=2015-01&last=2024-12"
    response = site.get(f"/benefits/panel.csv?{asked}").raise_for_status()
    assert response.text.count("\r\n") == 1 + 255 * 120


@pytest.mark.slow
def test_the_page_shows_the_first_rows_and_says_how_many_there_are(site, answer):
    page = site.get("/benefits/panel").raise_for_status().text
    assert f"This page shows the first {SHOWN} of {len(answer):,} rows." in page
    assert page.count("<tr>") == 1 + SHOWN
    few = site.get("/benefits/panel?jurisdiction=IL&population=adult").text
    assert "This page shows" not in few and few.count("<tr>") > 20
    # The request after a page has all rows again.
    assert len(site.get("/benefits/panel.json?_shape=array").json()) == len(answer)


def test_age_and_months_are_asked_for_in_the_address(site, ask):
    asked = {"population": "adult", "age": "30", "first": "2024-05", "last": "2024-07-31"}
    path = ",".join(f"{k}={v}" for k, v in asked.items())
    assert site.get(f"/answers/panel/{path}.json").json() == ask("panel", **asked)


@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize(
    "value",
    ["2024", "2024-13", "2024-5", "1989-12", "2040-01", "2024-02-30", "May 2024", "٢٠٢٤-٠١"],
)
def test_what_is_no_month_is_refused(site, name, value):
    response = site.get("/benefits/panel.csv", params={name: value})
    assert response.status_code == 400
    assert name in response.text and "1990-01 to 2039-12" in response.text


def test_months_have_a_field_of_their_own(site):
    page = site.get("/benefits/panel?jurisdiction=IL&first=2024-05-01").text
    assert '<label for="ask-first">First month</label>' in page
    assert '<input id="ask-first" type="month" name="first" value="2024-05">' in page
