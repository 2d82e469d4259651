"""What a person at a browser does, by mouse or by keyboard."""

from __future__ import annotations

from page_list import PAGES, STATUS

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def go(page, name: str) -> None:
    assert page.goto(PAGES[name]).status == STATUS.get(name, 200)
