"""A visit asks nobody else and leaves nothing behind; pages print; pictures of the main pages."""

from __future__ import annotations

import re

import pytest
from reader import WIDE, go

from benefits.package import ROOT
from page_list import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_elsewhere_or_stored(visit, name):
    page = visit(viewport=WIDE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    go(page, name)
    assert {re.sub(r"^http://127\.0\.0\.1:\d+", "", url) for url in asked} <= {
        PAGES[name],
        *(f"/static/{name}.css" for name in ("site", "tables", "pages")),
        "/static/icon.svg",
    }
    assert page.context.cookies() == []
    assert page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, (await"
        " indexedDB.databases()).length, (await caches.keys()).length]"
    ) == [0, 0, 0, 0]
    assert (
        page.evaluate(
            "document.scripts.length + document.querySelectorAll('[style], style, iframe,"
            " [onclick]').length"
        )
        == 0
    )


@pytest.mark.parametrize(
    "path", ["/jurisdictions/CA", "/jurisdictions/IL", "/on/2025-06-30/jurisdictions/IL"]
)
def test_a_jurisdiction_prints_on_few_pages(visit, path):
    page = visit(viewport=WIDE)
    page.goto(path)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="Letter"))) in (1, 2, 3)


MAIN = [
    "home",
    "jurisdiction",
    "jurisdiction-dated",
    "coverage",
    "coverage-compare",
    "eligibility-answer",
    "case",
    "changes",
    "search",
    "table",
    "answer",
    "evidence",
]


@pytest.mark.parametrize("width", [1280, 360])
def test_pictures(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    for name in MAIN:
        go(page, name)
        picture = page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert int.from_bytes(picture[16:20], "big") == width
