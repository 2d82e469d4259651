"""What readers do and meet in a browser: each task by keyboard and by pointer, wide and narrow,
without JavaScript; accessibility; reflow; print; and that a visit asks nobody else and leaves
nothing behind. Pictures of the pages go to build/screenshots/."""

from __future__ import annotations

import pytest
from reader import NARROW, WIDE, go

from page_list import CASE

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
    said = "Health Benefits for Immigrant Adults ends for adults 42 to 64"
    change = page.locator(".changes li", has_text=said)
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
        " 42 to 64" in page.locator("main").inner_text()
    )
    reader.date(page.get_by_label("On the day"), "2025-07-01")
    reader.press(page.get_by_role("button", name="Show"))
    assert at(page, "/on/2025-07-01/jurisdictions/IL")
    assert "ages 42 to 64" not in page.locator("main table").first.inner_text()


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
            'document.querySelectorAll(\'[tabindex]:not([tabindex="0"], [tabindex="-1"])\').length'
        )
        == 0
    )
    go(page, name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
