"""The static copy: read whole by a reader who knows nothing of how it was made; and what becomes
of a page."""

from __future__ import annotations

import re
import shutil

import pytest

from benefits.export import static_copy as site_export
from benefits.package import ROOT
from copies import faults, names_at_fault


@pytest.fixture(scope="module")
def days(database) -> list[str]:
    """Every eighth of the days on which something changes, and the last: a copy of all takes
    minutes, and `make release` makes one and follows its links."""
    days = site_export.days_of(database)
    return [*days[::8], days[-1]]


@pytest.fixture(scope="module")
def copy(database, days, tmp_path_factory):
    target = tmp_path_factory.mktemp("copy") / "site"
    others = rf"|/on/(?!{'|'.join(days)})|/answers/(?!evidence_for)(?!.*={'|.*='.join(days)})"
    with pytest.MonkeyPatch.context() as patch:
        left_out = re.compile(site_export.LEFT_OUT.pattern + others)
        patch.setattr(site_export, "LEFT_OUT", left_out)
        site_export.export(database, target, days=days)
    return target


@pytest.mark.slow
def test_every_link_of_the_copy_leads_somewhere_in_the_copy(copy):
    files = [f for f in copy.rglob("*") if f.is_file()]
    assert len(files) > 1_500 and {
        "index.html",
        "404.html",
        "README.txt",
        "changes.atom",
        "changes.ics",
    } <= {f.name for f in files}
    assert faults(copy) == []


def test_each_day_on_which_something_changes_has_a_page(copy, database, days):
    assert len(site_export.days_of(database)) > 20
    assert all((copy / "on" / day / "index.html").is_file() for day in days)


def test_the_copy_says_what_it_needs(copy):
    for name in ("404.html", "README.txt"):
        text = (copy / name).read_text(encoding="utf-8")
        assert "root of a host name" in " ".join(text.split()) and "opened from a disk" in " ".join(
            text.split()
        )
    assert "This copy of the site has no forms." in (copy / "index.html").read_text(
        encoding="utf-8"
    )


def test_every_page_of_the_copy_leads_to_the_feed(copy):
    for name in (
        "index.html",
        "jurisdictions/IL/index.html",
        "cases/california-v-hhs/index.html",
        "changes/index.html",
    ):
        text = (copy / name).read_text(encoding="utf-8")
        assert text.count('type="application/atom+xml"') == 1 and 'href="/changes.atom"' in text


PAGES = [
    ("a link to a table", '<p>All <a href="/benefits/coverage">rows</a>.</p>', "<p>All rows.</p>"),
    ("a question", '<a href="/coverage?as_of=2025-01-01">then</a>', "then"),
    (
        "a link with a span",
        '<a class="x" href="/benefits/a/b">a<span> b</span></a>',
        "a<span> b</span>",
    ),
    (
        "a link that stays",
        '<a href="/evidence/coverage/x#y">Evidence</a>',
        '<a href="/evidence/coverage/x#y">Evidence</a>',
    ),
    (
        "another site",
        '<a href="https://x.example/?q=1">x</a>',
        '<a href="https://x.example/?q=1">x</a>',
    ),
    ("a place on the page", '<a href="#roles">Roles</a>', '<a href="#roles">Roles</a>'),
    (
        "an item of the menu",
        '<nav><ul><li><a href="/eligibility">E</a></li><li><a href="/gaps">G</a></li></ul></nav>',
        '<nav><ul><li><a href="/gaps">G</a></li></ul></nav>',
    ),
    (
        "an item of a text",
        '<ul class="targets"><li><a href="/benefits/a/b">a/b</a></li></ul>',
        '<ul class="targets"><li>a/b</li></ul>',
    ),
    (
        "a list of links that all go",
        '<ul class="links no-print"><li><a href="/benefits/a">a</a></li></ul>',
        "",
    ),
    (
        "data that is not there",
        '<p class="no-print">List as <a href="/benefits/a.csv">CSV</a>.</p>',
        "",
    ),
    (
        "data that is there",
        '<p class="no-print"><a href="/answers/gaps.csv">CSV</a></p>',
        '<p class="no-print"><a href="/answers/gaps.csv">CSV</a></p>',
    ),
    (
        "the search",
        '<form class="search" action="/search" method="get"><input name="q"></form>',
        "",
    ),
    (
        "a form for a day",
        '<form class="ask" action="/ask" method="get">\n<button>Show</button></form>',
        site_export.NO_DAY,
    ),
    (
        "two of them",
        '<form class="ask" action="/ask"></form>|<form class="ask" action="/ask"></form>',
        site_export.NO_DAY + "|",
    ),
    ("a filter", '<form class="ask" action="/surveys" method="get"></form>', site_export.NO_FORM),
    (
        "a feed of its own",
        (
            '<link rel="alternate" type="application/atom+xml" title="x"'
            ' href="/changes.atom?jurisdiction=IL">'
        ),
        site_export.WHOLE_FEED,
    ),
    (
        "the head",
        (
            '<link rel="alternate" type="application/json" href="/benefits/a.json">\n<link'
            ' href="/static/site.css">'
        ),
        '<link href="/static/site.css">',
    ),
]


@pytest.mark.parametrize("page, wanted", [p[1:] for p in PAGES], ids=[p[0] for p in PAGES])
def test_a_page_without_a_server(page, wanted):
    assert site_export.without_server(page) == wanted


def test_a_copy_without_a_page_has_a_feed_that_leads_to_the_changes(monkeypatch):
    entry = '<link rel="alternate" type="text/html" href="/evidence/events/%s" />'
    monkeypatch.setattr(site_export, "LEFT_OUT", site_export.re.compile("/evidence/events/b"))
    found = site_export.feed_without_server(entry % "a" + entry % "b")
    assert found == entry % "a" + '<link rel="alternate" type="text/html" href="/changes" />'


@pytest.mark.slow
@pytest.mark.parametrize(
    "added, sentence",
    [
        ('<a href="/cases/no-such-case">x</a>', "/cases/no-such-case is linked and answers 404"),
        ('<a href="/gaps#no-such-place">x</a>', "/gaps#no-such-place is linked on /promises"),
        ('<img src="picture.svg" alt="">', "/promises links picture.svg"),
    ],
)
def test_a_dead_link_ends_the_export(database, tmp_path, monkeypatch, added, sentence):
    root = tmp_path / "root"
    for folder in ("templates", "plugins", "static", "sql", "docs"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "metadata.yml", root)
    page = root / "templates" / "task" / "promises.html"
    page.write_text(
        page.read_text(encoding="utf-8").replace(
            "{% block content %}", "{% block content %}" + added
        ),
        encoding="utf-8",
    )
    few = (
        r"|/on/|/evidence/|/answers/|/jurisdictions/|/cases/(?!no-such)"
        r"|/(?:claims|surveys|coverage|codebook|method)"
    )
    monkeypatch.setattr(
        site_export, "LEFT_OUT", site_export.re.compile(site_export.LEFT_OUT.pattern + few)
    )
    with pytest.raises(site_export.DeadLink, match=sentence):
        site_export.export(database, tmp_path / "site", root, days=[])


@pytest.mark.parametrize(
    "names, said",
    [
        (["a/b:c.json"], "no name on Windows"),
        (["con.html"], "no name on Windows"),
        (["a./b"], "no name on Windows"),
        (["x?y"], "no name on Windows"),
        (["a/B.html", "a/b.html"], "differ in case alone"),
        (["A/x", "a/y"], "differ in case alone"),
        (["é.html"], "not plain ASCII"),
        (["a" * 200], "too long"),
    ],
)
def test_a_bad_name_is_seen(names, said):
    assert any(said in sentence for sentence in names_at_fault(names))


@pytest.mark.parametrize(
    "files, said",
    [
        ({"index.html": '<a href="/x">x</a>'}, "links /x, which is not there"),
        ({"index.html": '<a href="#x">x</a>'}, "links #x, which has no such place"),
        (
            {"index.html": '<a href="/a#y">x</a>', "a/index.html": '<p id="x">'},
            "links /a#y, which has no such place",
        ),
        (
            {"index.html": '<a href="/a?b=c">x</a>', "a/index.html": ""},
            "links /a?b=c, which is not there",
        ),
        ({"index.html": "<form></form>"}, "has a form"),
        ({"a.atom": '<feed xmlns="x"><link href="/evidence/x"/></feed>'}, "links /evidence/x"),
        ({"a.ics": "URL:/evid\r\n ence/x\r\n"}, "links /evidence/x"),
        ({"a.css": "p { background: url('/x.svg') }"}, "links /x.svg"),
    ],
)
def test_a_fault_of_a_copy_is_seen(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert any(said in sentence for sentence in faults(tmp_path))
