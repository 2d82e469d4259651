"""One address of every type of page, and how a page is read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

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


def answer(site, address: str) -> list[dict]:
    found = site.get(address).json()
    return found if isinstance(found, list) else found["rows"]


def eligibility(site, **asked):
    return re.sub(r"\s+", " ", read(site, "/eligibility?" + urlencode(asked)).text)
