"""The feed follows RFC 4287, as an XML parser reads it."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from packages import ATOM, instants, links


def only(feed, name):
    return len(feed.findall(ATOM + name)) == 1


def texts(feed):
    return [
        e
        for e in feed.iter()
        if e.tag.removeprefix(ATOM) in ("title", "subtitle", "summary", "rights")
    ]


RFC_4287 = [
    ("4.1.1 the root is a feed", lambda feed, entries: feed.tag == f"{ATOM}feed"),
    (
        "4.1.1 one id, title and updated",
        lambda feed, entries: all(only(feed, n) for n in ("id", "title", "updated")),
    ),
    (
        "4.1.1 an author, for all entries",
        lambda feed, entries: bool(feed.findtext(f"{ATOM}author/{ATOM}name")),
    ),
    (
        "4.1.1 one link to itself and one to its page",
        lambda feed, entries: len(links(feed, "self")) == len(links(feed, "alternate")) == 1,
    ),
    (
        "4.1.1 entries stand last",
        lambda feed, entries: (
            "entry"
            not in [c.tag.removeprefix(ATOM) for c in list(feed)[: len(feed) - len(entries)]]
        ),
    ),
    (
        "4.1.2 one id, title and updated",
        lambda feed, entries: all(only(e, n) for e in entries for n in ("id", "title", "updated")),
    ),
    (
        "4.1.2 at most one published and summary",
        lambda feed, entries: all(
            len(e.findall(ATOM + n)) <= 1 for e in entries for n in ("published", "summary")
        ),
    ),
    (
        "4.1.2 a link to a page where there is no content",
        lambda feed, entries: all(len(links(e, "alternate")) == 1 for e in entries),
    ),
    (
        "4.2.6 an id is an absolute IRI",
        lambda feed, entries: all(
            re.fullmatch(r"tag:benefits-dataset,2026:[\w/?&=.~-]+", e.text, re.ASCII)
            for e in feed.iter(f"{ATOM}id")
        ),
    ),
    (
        "4.2.6 ids differ",
        lambda feed, entries: len({e.text for e in feed.iter(f"{ATOM}id")}) == len(entries) + 1,
    ),
    (
        "3.3 times are RFC 3339 with a zone",
        lambda feed, entries: all(
            re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", t) and datetime.fromisoformat(t)
            for t in instants(feed)
        ),
    ),
    (
        "4.2.9 nothing is published after it was updated",
        lambda feed, entries: all(
            e.findtext(f"{ATOM}published") <= e.findtext(f"{ATOM}updated") for e in entries
        ),
    ),
    (
        "4.2.15 the feed is as new as its newest entry",
        lambda feed, entries: (
            not entries
            or feed.findtext(f"{ATOM}updated") == max(e.findtext(f"{ATOM}updated") for e in entries)
        ),
    ),
    (
        "3.1 text is text",
        lambda feed, entries: all(
            e.text and not len(e) and e.get("type", "text") == "text" for e in texts(feed)
        ),
    ),
    (
        "4.2.7 links have an address and a type",
        lambda feed, entries: all(
            e.get("href", "").startswith("/") and "/" in e.get("type", "")
            for e in feed.iter(f"{ATOM}link")
        ),
    ),
    (
        "4.2.2 a category has a term",
        lambda feed, entries: all(e.get("term") for e in feed.iter(f"{ATOM}category")),
    ),
    (
        "6.4 no element of another vocabulary",
        lambda feed, entries: all(e.tag.startswith(ATOM) for e in feed.iter()),
    ),
    ("a reader copes with its length", lambda feed, entries: len(entries) <= 500),
]


@pytest.mark.parametrize("holds", [r[1] for r in RFC_4287], ids=[r[0] for r in RFC_4287])
def test_atom(feed, holds):
    assert holds(feed, feed.findall(f"{ATOM}entry"))
