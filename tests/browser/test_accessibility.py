"""Everyone can use the pages: axe, narrow screens, large targets, contrast, more than color."""

from __future__ import annotations

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from reader import WIDE, go

from page_list import PAGES

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


RUN = """async (scheme) => {
  document.querySelectorAll('details').forEach(d => d.open = true);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
  const rules = {'target-size': {enabled: true}};
  // Only colors differ in the dark scheme.
  const runOnly = scheme === 'dark' ? {type: 'rule', values: ['color-contrast']} : tags;
  const found = await axe.run(document, {runOnly, rules, resultTypes: ['violations']});
  const told = n => n.html.slice(0, 200) + ' ' + n.failureSummary;
  return found.violations.map(
    v => [v.id, v.impact, v.nodes.length, v.nodes.slice(0, 3).map(told)]);
}"""


@pytest.fixture(scope="module", params=["light", "dark"])
def examined(request, browser, site):
    """A page that axe-core can be run in; only here is the policy on content set aside,
    because it forbids scripts."""
    context = browser.new_context(
        base_url=str(site.base_url), bypass_csp=True, color_scheme=request.param, viewport=WIDE
    )
    context.add_init_script(AXE)
    page = context.new_page()
    page.scheme = request.param
    page.violations = lambda: page.evaluate(RUN, request.param)
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(examined, name):
    go(examined, name)
    found = examined.violations()
    assert not found, json.dumps(found, indent=1)


def test_axe_finds_what_is_wrong(examined):
    go(examined, "promises")
    examined.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/x.png\"><p"
        ' style="color:#888;background:#999">Faint</p>\')'
    )
    kinds = {violation[0] for violation in examined.violations()}
    assert "color-contrast" in kinds and ("image-alt" in kinds or examined.scheme == "dark")


@pytest.mark.parametrize("name", PAGES)
def test_fits_a_narrow_screen_and_twice_the_size(visit, name):
    page = visit(viewport={"width": 320, "height": 640})
    go(page, name)
    for width in (320, 640):  # 640 pixels are 1280 at twice the size
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # What stays wider than the screen scrolls in a box of its own, with a name, that the
        # keyboard reaches.
        assert page.evaluate(
            """[...document.querySelectorAll('main *')]
            .filter(e => e.scrollWidth > e.clientWidth + 1
                && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))
            .every(e => e.tagName === 'PRE' || e.tabIndex === 0 && e.getAttribute('aria-label'))"""
        )


def test_targets_are_large_enough_for_a_finger(visit):
    page = visit(viewport={"width": 320, "height": 640}, bypass_csp=True)
    for name in PAGES:
        go(page, name)
        small = page.evaluate(
            """[...document.querySelectorAll(
                'button, input:not([type=hidden]), select, summary, nav a, .maps a, .links a')]
            .filter(e => e.checkVisibility())
            .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.height < 23.9 || box.width < 23.9)
            .map(([html]) => html)"""
        )
        assert not small, (name, small)


CONTRAST = """() => {
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = color => color.match(/[0-9.]+/g).slice(0, 3).map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05);
  return [...document.querySelectorAll('.maps a')].map(tile => {
    const behind = [...tile.querySelectorAll('rect')].map(r => getComputedStyle(r).fill)
      .filter(fill => fill.startsWith('rgb')).at(-1);
    const text = getComputedStyle(tile.querySelector('text')).fill;
    const [low, high] = [light(behind), light(text)].sort((a, b) => a - b);
    return high / low;
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_on_the_maps_can_be_read(visit, scheme):
    """axe-core does not measure text in pictures."""
    page = visit(color_scheme=scheme)
    page.goto("/")
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) == 5 * 51 and min(ratios) >= 4.5


@pytest.mark.parametrize("name", ["home", "jurisdiction", "coverage", "case"])
def test_no_state_is_told_by_color_alone(visit, name):
    """Every state has a word, and in pictures a pattern too: open and none differ by
    brightness, the rest by what is drawn on them."""
    page = visit(viewport=WIDE)
    go(page, name)
    words = (
        r"(Open( up to a cap)?|Closed to new applicants|Varies by age|None|Could not confirm"
        r"|Help with premiums only|Some kinds of care only|Enjoined|Permitted|Unclear"
        r"|Not restricted by this case)"
    )
    cells = page.locator(".state").all_text_contents()
    assert all(re.match(words, " ".join(cell.split())) for cell in cells)
    tiles = page.evaluate(
        "[...document.querySelectorAll('.maps a')].map(a => [a.getAttribute('aria-label'),"
        " a.querySelector('rect').getAttribute('fill') ||"
        " a.querySelector('rect').getAttribute('class')])"
    )
    drawn = {
        "Open": "s-open",
        "None": "s-none",
        "Open up to a cap": "url(#p-capped)",
        "Closed to new applicants": "url(#p-closed)",
        "Could not confirm": "url(#p-unknown)",
        "Varies by age": "url(#p-varies)",
    }
    drawn |= {
        "Help with premiums only": "url(#p-premium)",
        "Some kinds of care only": "url(#p-partial)",
    }
    assert all(
        drawn[re.sub(r" \([a-z ]+\)$", "", label.split(": ")[1]).removesuffix(", reduced benefits")]
        == fill
        for label, fill in tiles
    )
    assert bool(tiles) == (name == "home") and (cells or name == "home")
    assert not page.evaluate(
        "[...document.querySelectorAll('[fill^=\"url(#\"]')].filter(e =>"
        " !document.getElementById(e.getAttribute('fill').slice(5, -1))).length"
    )
