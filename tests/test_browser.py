"""What readers do and meet in a browser: each task by keyboard and by pointer, wide and narrow,
without JavaScript; accessibility; reflow; print; and that a visit asks nobody else and leaves
nothing behind. Pictures of the pages go to build/screenshots/."""

from __future__ import annotations

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from conftest import ROOT
from playwright.sync_api import sync_playwright
from test_pages import CASE, PAGES, STATUS

from benefits import setup

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=setup.find_tool("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """visit(**options) -> a page of a new context. What it asks of another host is stopped
    and fails the test, as does what a page complains of, such as a style that the policy on
    content refuses."""
    here, contexts, elsewhere, complaints = str(site.base_url), [], [], []

    def checked(route):
        if route.request.url.startswith(here):
            return route.continue_()
        elsewhere.append(route.request.url)
        return route.abort()

    def new(**options):
        context = browser.new_context(base_url=here, reduced_motion="reduce", **options)
        context.route("**/*", checked)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if "status of 40" not in message.text else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert not elsewhere and not complaints


def go(page, name: str) -> None:
    assert page.goto(PAGES[name]).status == STATUS.get(name, 200)


# ---- tasks ---------------------------------------------------------------------------------------

FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  // The browser's own button in a field for a date, with the browser's own ring.
  const inside = !e.matches(':focus');
  const shown = inside || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const seen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [e.tagName, shown, seen];
}"""


class Pointer:
    """A mouse, or a finger where the screen takes touch; counts the taps."""

    def __init__(self, page, touch: bool):
        self.page, self.touch, self.taps = page, touch, 0

    def press(self, locator):
        self.taps += 1
        locator.tap() if self.touch else locator.click()

    def write(self, field, text):
        self.press(field)
        field.fill(text)

    date = write

    def choose(self, field, label):
        field.select_option(label=label)


class Keyboard:
    """Tab, letters and Enter, nothing else. Every stop on the way has to show its focus, on
    the screen."""

    def __init__(self, page):
        self.page = page

    def reach(self, locator):
        for _ in range(300):
            self.page.keyboard.press("Tab")
            if locator.evaluate("e => e === document.activeElement"):
                tag, shown, on_screen = self.page.evaluate(FOCUS)
                assert shown and on_screen, (tag, shown, on_screen)
                return
        raise AssertionError(f"the Tab key does not lead to {locator}")

    def press(self, locator):
        self.reach(locator)
        self.page.keyboard.press("Enter")

    def write(self, field, text):
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def date(self, field, text):
        self.reach(field)
        year, month, day = text.split("-")
        self.page.keyboard.type(month + day + year)

    def choose(self, field, label):
        self.reach(field)
        self.page.keyboard.type(label)


@pytest.fixture(params=["pointer-wide", "pointer-narrow", "keyboard-wide", "keyboard-narrow"])
def reader(request, visit):
    """Somebody without JavaScript, on the home page."""
    narrow = request.param.endswith("narrow")
    page = visit(
        java_script_enabled=False,
        viewport=NARROW if narrow else WIDE,
        has_touch=narrow,
        locale="en-US",
    )
    page.goto("/")
    return Pointer(page, narrow) if request.param.startswith("pointer") else Keyboard(page)


def at(page, path: str) -> bool:
    page.wait_for_url("**" + path)
    return True


def test_what_changed_for_adults_in_illinois_in_july_2025_and_on_what_authority(reader):
    page = reader.page
    if isinstance(reader, Pointer):
        reader.press(
            page.get_by_role("group", name="Adults:", exact=False).first.locator(
                "a[aria-label^='IL:']"
            )
        )
    else:
        reader.choose(page.get_by_label("Go to a jurisdiction"), "Illinois")
        reader.press(page.get_by_role("button", name="Open"))
    page.wait_for_url("**/jurisdictions/IL*")
    reader.press(
        page.get_by_role("navigation", name="On this page").get_by_role("link", name="Changes")
    )
    change = page.locator(".changes li", has_text="adults 42 to 54: coverage ends")
    assert change.locator("time").inner_text() == "1 July 2025"
    reader.press(change.get_by_role("link", name="Evidence"))
    assert at(page, "/evidence/coverage/il-hbia-adult-42-54-2024#evidence-valid_to")
    end = page.locator("#evidence-valid_to")
    assert (
        "2025-07-01" in end.inner_text()
        and "Illinois Department of Healthcare and Family Services"
        in end.locator("xpath=following-sibling::ul[1]").inner_text()
    )
    assert 0 <= end.bounding_box()["y"] < page.viewport_size["height"]
    assert isinstance(reader, Keyboard) or reader.taps == 3


def test_change_the_date(reader):
    page = reader.page
    reader.date(page.get_by_label("Show the day"), "2025-06-30")
    reader.press(page.get_by_role("button", name="Show"))
    assert (
        at(page, "/on/2025-06-30/")
        and "Coverage on 30 June 2025" in page.locator("main").inner_text()
    )
    reader.choose(page.get_by_label("Go to a jurisdiction"), "Illinois")
    reader.press(page.get_by_role("button", name="Open"))
    assert at(page, "/on/2025-06-30/jurisdictions/IL")
    assert (
        "Closed to new applicants; people already enrolled regardless of immigration status, ages"
        " 42 to 54" in page.locator("main").inner_text()
    )
    reader.date(page.get_by_label("On the day"), "2025-07-01")
    reader.press(page.get_by_role("button", name="Show"))
    assert at(page, "/on/2025-07-01/jurisdictions/IL")
    assert "ages 42 to 54" not in page.locator("main table").first.inner_text()


def test_compare_two_days(reader):
    page = reader.page
    reader.press(page.get_by_role("link", name="Who is covered?"))
    reader.date(page.get_by_label("On the day"), "2025-06-30")
    reader.date(page.get_by_label("Compare with"), "2025-07-01")
    reader.press(page.get_by_role("button", name="Show"))
    assert (
        at(page, "/on/2025-06-30/coverage/and/2025-07-01")
        and "1 of 255 answers differ" in page.locator("main").inner_text()
    )


def test_which_rules_a_person_would_meet(reader):
    page = reader.page
    reader.press(
        page.get_by_role("navigation", name="Site").get_by_role("link", name="Eligibility")
    )
    reader.choose(page.get_by_label("Jurisdiction"), "Illinois")
    reader.write(page.get_by_label("Age in years"), "50")
    reader.date(page.get_by_label("On the day"), "2025-06-30")
    reader.write(page.get_by_label("US dollars a year"), "15000")
    reader.press(page.get_by_role("button", name="Show rules met"))
    page.wait_for_url("**/eligibility?*jurisdiction=IL*")
    text = page.locator("main").inner_text()
    assert "rules met only by people already enrolled" in text and "95.8% of poverty" in text
    assert page.get_by_label("Age in years").input_value() == "50"


def test_who_is_in_the_case_and_what_may_be_shared(reader):
    page = reader.page
    reader.press(page.get_by_role("link", name="Who is in the case?"))
    reader.date(page.get_by_label("Parties on the day"), "2026-01-06")
    reader.press(page.get_by_role("button", name="Show"))
    assert (
        at(page, f"/on/2026-01-06/cases/{CASE}")
        and "Parties on 6 January 2026" in page.locator("main").inner_text()
    )
    reader.press(page.locator("main").get_by_role("link", name="California", exact=True))
    assert at(page, "/on/2026-01-06/jurisdictions/CA")
    reader.press(page.get_by_role("link", name="Data sharing"))
    address = page.locator(".matrix tr", has_text="Address").locator("td")
    assert [
        cell.split()[1 if cell[0] in "\u25a0\u25a1" else 0] for cell in address.all_inner_texts()
    ] == ["Permitted", "Enjoined", "Enjoined", "Enjoined"]
    why = address.first.get_by_role("link", name="why")
    reason = page.locator(why.get_attribute("href"))
    reader.press(why)  # the reason stands on the same page
    assert at(page, "/on/2026-01-06/jurisdictions/CA" + why.get_attribute("href"))
    assert "lets the agencies share this" in reason.inner_text() and reason.is_visible()
    reader.press(reason.get_by_role("link", name="Evidence"))
    page.wait_for_url("**/evidence/order_terms/*")
    assert (
        "primary" in page.locator("main").inner_text()
        or "secondary" in page.locator("main").inner_text()
    )


def test_search(reader):
    page = reader.page
    reader.write(page.get_by_label("Search"), "HBIA")
    reader.press(page.get_by_role("button", name="Go", exact=True))
    page.wait_for_url("**/search?q=HBIA")
    reader.press(page.locator("main ol a").first)
    assert (
        at(page, "/jurisdictions/IL#il-hbia")
        and page.locator("#il-hbia").inner_text() == "Health Benefits for Immigrant Adults (HBIA)"
    )


@pytest.mark.parametrize("name", ["home", "jurisdiction", "coverage", "table"])
def test_the_tab_key_goes_through_the_page_in_its_order(visit, name):
    page = visit(viewport=WIDE)
    go(page, name)
    page.evaluate(
        "window.stops = []; document.addEventListener('focusin', e => stops.push(e.target))"
    )
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("e => e === document.activeElement && e.getBoundingClientRect().left >= 0")
    for _ in range(60):
        page.keyboard.press("Tab")
        tag, shown, on_screen = page.evaluate(FOCUS)
        if tag == "BODY":  # the end of the page
            break
        assert shown and on_screen
    assert page.evaluate(
        "stops.every((e, i) => !i || e === stops[i - 1] || stops[i - 1].compareDocumentPosition(e)"
        " & 4)"
    )
    assert (
        page.evaluate(
            'document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length'
        )
        == 0
    )
    go(page, name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


# ---- accessibility -------------------------------------------------------------------------------

RUN = """async () => {
  document.querySelectorAll('details').forEach(d => d.open = true);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
  const rules = {'target-size': {enabled: true}};
  const found = await axe.run(document, {runOnly: tags, rules, resultTypes: ['violations']});
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
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(examined, name):
    go(examined, name)
    found = examined.evaluate(RUN)
    assert not found, json.dumps(found, indent=1)


def test_axe_finds_what_is_wrong(examined):
    go(examined, "promises")
    examined.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/x.png\"><p"
        ' style="color:#888;background:#999">Faint</p>\')'
    )
    assert {violation[0] for violation in examined.evaluate(RUN)} >= {"image-alt", "color-contrast"}


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
        r"(Open( up to a cap)?|Closed to new applicants|None|Could not confirm|Help with premiums"
        r" only|Some kinds of care only|Enjoined|Permitted|Unclear|Not restricted by this case)"
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
    }
    drawn |= {
        "Help with premiums only": "url(#p-premium)",
        "Some kinds of care only": "url(#p-partial)",
    }
    assert all(
        drawn[label.split(": ")[1].removesuffix(" (reported)").removesuffix(", reduced benefits")]
        == fill
        for label, fill in tiles
    )
    assert bool(tiles) == (name == "home") and (cells or name == "home")
    assert not page.evaluate(
        "[...document.querySelectorAll('[fill^=\"url(#\"]')].filter(e =>"
        " !document.getElementById(e.getAttribute('fill').slice(5, -1))).length"
    )


# ---- a visit asks nobody else and leaves nothing behind ------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_elsewhere_or_stored(visit, name):
    page = visit(viewport=WIDE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    go(page, name)
    assert {re.sub(r"^http://127\.0\.0\.1:\d+", "", url) for url in asked} <= {
        PAGES[name],
        "/static/site.css",
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


# ---- print and pictures --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/jurisdictions/CA", "/jurisdictions/IL", "/on/2025-06-30/jurisdictions/IL"]
)
def test_a_jurisdiction_prints_on_two_sheets(visit, path):
    page = visit(viewport=WIDE)
    page.goto(path)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="Letter"))) in (1, 2)


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
