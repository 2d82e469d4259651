"""What a filter of a feed names."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from icalendar import Calendar
from packages import ATOM, CASE, FILTERS, entries_in, events_in, links

from benefits.dated import key_of
from benefits.web import feeds


def listed(site, query: str) -> set[str]:
    """The keys of the dated changes that the answer `timeline` has for a filter."""
    given = dict(parse_qsl(query))
    population = given.pop("population", None)
    rows = site.get(f"/benefits/timeline.json?_shape=array&{urlencode(given)}").json()
    return {
        "/".join(key_of(c))
        for c in rows
        if c["record"] and (population is None or population in (c["populations"] or "").split())
    }


@pytest.mark.parametrize("query", FILTERS)
def test_a_feed_and_a_calendar_have_what_the_answer_has(site, query):
    kept = {
        key
        for key in entries_in(site.get(f"/changes.atom?{query}").content)
        if not key.startswith(("correction/", "release/"))
    }
    assert kept == listed(site, query)
    events = events_in(site.get(f"/changes.ics?{query}").content)
    held = {key for key, e in events.items() if str(e["status"]) != "CANCELLED"}
    assert held == {key.replace("/", "-") for key in kept}


@pytest.mark.slow
def test_a_filtered_feed_is_a_feed_of_its_own(site):
    feeds = [
        ElementTree.fromstring(site.get(f"/changes.atom?{query}").content) for query in FILTERS
    ]
    for what in (
        lambda f: f.findtext(f"{ATOM}id"),
        lambda f: f.findtext(f"{ATOM}title"),
        lambda f: links(f, "self")[0].get("href"),
        lambda f: links(f, "alternate")[0].get("href"),
    ):
        assert len(set(map(what, feeds))) == len(FILTERS)
    calendars = [Calendar.from_ical(site.get(f"/changes.ics?{query}").content) for query in FILTERS]
    assert (
        len({str(c["x-wr-calname"]) for c in calendars})
        == len({str(c["uid"]) for c in calendars})
        == len(FILTERS)
    )


@pytest.mark.parametrize("query", FILTERS)
def test_a_feed_leads_to_itself_and_to_its_page(site, query):
    content = site.get(f"/changes.atom?{query}").content
    feed = ElementTree.fromstring(content)
    (itself,), (page,) = links(feed, "self"), links(feed, "alternate")
    assert site.get(itself.get("href")).content == content
    assert (
        dict(parse_qsl(urlsplit(page.get("href")).query))
        == dict(parse_qsl(query))
        == dict(parse_qsl(urlsplit(itself.get("href")).query))
    )
    shown = site.get(page.get("href"))
    assert (
        shown.status_code == 200
        and f'href="{itself.get("href").replace("&", "&amp;")}"' in shown.text
    )


@pytest.mark.parametrize(
    "one, other",
    [
        ("jurisdiction=IL&population=adult", "population=adult&jurisdiction=IL"),
        ("jurisdiction=IL", "court_case=&jurisdiction=IL&population="),
        ("", "jurisdiction=&court_case="),
        (
            f"court_case={CASE}&population=adult&jurisdiction=CA",
            f"jurisdiction=CA&population=adult&court_case={CASE}",
        ),
    ],
)
def test_order_and_empty_parameters_make_no_second_feed(site, one, other):
    for path in ("/changes.atom", "/changes.ics"):
        assert site.get(f"{path}?{one}").content == site.get(f"{path}?{other}").content


def test_what_other_sites_add_to_links_makes_no_second_feed():
    added = {"utm_source": "mail", "population": "", "fbclid": "x", "jurisdiction": "IL"}
    assert feeds.chosen(added) == {"jurisdiction": "IL"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "query, words",
    [
        ("jurisdiction=IL", ["Illinois"]),
        ("jurisdiction=IL&population=adult", ["Illinois", "Adults"]),
        (f"court_case={CASE}", ["California v."]),
        ("", []),
    ],
)
def test_a_title_names_the_filter_in_words(site, query, words):
    atom = ElementTree.fromstring(site.get(f"/changes.atom?{query}").content).findtext(
        f"{ATOM}title"
    )
    name = str(Calendar.from_ical(site.get(f"/changes.ics?{query}").content)["x-wr-calname"])
    ics = name.replace("\\,", ",").replace(
        "\\;", ";"
    )  # the library leaves names that it does not know as they stand
    assert (
        atom == ics
        and atom.startswith("Benefits dataset: dated changes")
        and all(word in atom for word in words)
    )
    assert bool(words) or atom == "Benefits dataset: dated changes"


@pytest.mark.parametrize(
    "page, query",
    [
        ("/", ""),
        ("/on/2025-07-01/", ""),
        ("/changes", ""),
        (
            "/changes?jurisdiction=IL&court_case=&population=adult",
            "jurisdiction=IL&population=adult",
        ),
        ("/jurisdictions/IL", "jurisdiction=IL"),
        ("/on/2025-07-01/jurisdictions/TX", "jurisdiction=TX"),
        (f"/cases/{CASE}", f"court_case={CASE}"),
    ],
)
def test_a_page_tells_readers_of_its_feed(site, page, query):
    found = re.findall(
        r'<link rel="alternate" type="application/atom\+xml"\s+title="[^"]+"\s+href="([^"]+)">',
        site.get(page).text,
    )
    assert found == [("/changes.atom" + (f"?{query}" if query else "")).replace("&", "&amp;")]
    feed = ElementTree.fromstring(site.get(found[0].replace("&amp;", "&")).content)
    assert links(feed, "self")[0].get("href") == found[0].replace("&amp;", "&")
