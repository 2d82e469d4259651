"""The question is in the address of a page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from page_list import CASE, PAGES, Document, read


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
        ("compare=2025-01-01&page=/gaps&as_of=2024-02-01", "/on/2024-02-01/gaps"),
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "path",
    [
        "/on/2025-01-01/benefits/coverage",
        "/on/2025-01-01/benefits/coverage.csv",
        "/on/2025-01-01/benefits/programs.json",
        "/on/2025-01-01/benefits/coverage/il-hbia-adult-42-54-2022",
        "/on/2025-01-01/benefits",
        "/on/2025-01-01/benefits.db",
        "/on/2025-01-01/static/site.css",
        "/on/2025-01-01/-/health",
        "/on/2025-01-01/openapi.json",
        "/on/2025-01-01/nothing",
        "/answers/coverage.csv",
        "/answers/coverage/population=adult.json",
        "/answers/sources.json",
        "/answers/dataset.csv",
    ],
)
def test_only_what_takes_a_day_or_is_an_answer_has_a_second_address(site, path):
    """A table below /answers or /on would go past its checks, in part or without the day."""
    response = site.get(path)
    assert response.status_code == 404 and "nothing at this address" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/changes",
        "/claims",
        "/changes.atom",
        "/search",
        "/method",
        "/gaps/and/2024-01-01",
        "/jurisdictions/IL/and/2024-01-01",
    ],
)
def test_a_page_of_no_day_is_not_given_for_one(site, path):
    response = site.get("/on/2025-01-01" + path)
    assert (
        response.status_code == 404
        and f"Its address is {path.partition('/and')[0]}." in response.text
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/coverage",
        "/gaps",
        "/jurisdictions/IL",
        "/eligibility?age=30",
        "/benefits/coverage_on.json",
        "/benefits/gaps.csv",
    ],
)
def test_whatever_takes_a_day_has_an_address_for_it(site, path):
    assert site.get("/on/2025-01-01" + path).status_code == 200


def test_an_empty_day_is_compared_as_the_day_through_which_the_data_goes(site, db):
    (through,) = db.execute("SELECT data_through FROM dataset").fetchone()
    response = site.get("/ask?page=/coverage&as_of=&compare=2025-01-01")
    assert response.headers["location"] == f"/on/{through}/coverage/and/2025-01-01"
