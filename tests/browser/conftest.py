"""Chromium, and the pages of the served site in it."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from benefits import setup


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
