"""A reader of a static copy who knows nothing of how it was made: each link of each file, offline.

Pages are read by the parser of the standard library, feeds by an XML parser, style sheets by their
url().
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

BASE = "http://copy.example"
LINKS = {"href", "src", "action", "formaction", "data", "poster", "cite", "xlink:href"}
WINDOWS = re.compile(
    r'[<>:"\\|?*\x00-\x1f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)', re.IGNORECASE
)


class Page(HTMLParser):
    """The links, places and controls of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.controls: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in LINKS and value is not None:
                self.links.append(value)
            elif name == "srcset":
                self.links += [part.split()[0] for part in (value or "").split(",")]
            elif name == "id":
                self.places.add(value)
        if tag in ("form", "input", "select", "button", "textarea", "script"):
            self.controls.add(tag)


def file_for(root: Path, path: str) -> Path | None:
    """The file that a web server sends for a path: itself, or index.html in the folder."""
    name = unquote(path).lstrip("/")
    found = [root / name, root / name / "index.html"]
    return next((f for f in found if f.is_file()), None)


def links_of(name: str, text: str) -> tuple[list[str], Page | None]:
    if name.endswith(".html"):
        page = Page(text)
        return page.links, page
    if name.endswith((".atom", ".svg")):
        return [
            v
            for e in ElementTree.fromstring(text).iter()
            for n, v in e.items()
            if n.endswith("href")
        ], None
    if name.endswith(".css"):
        return re.findall(r"url\(\s*['\"]?([^'\")]+)", text), None
    if name.endswith(".ics"):
        unfolded = re.sub(r"\r?\n ", "", text)
        return re.findall(r"^(?:URL|SOURCE|ATTACH)[^:]*:(.+)$", unfolded, re.MULTILINE), None
    return [], None


def faults(root: Path) -> list[str]:
    """A sentence for each link, control and file name of the copy under `root` that is wrong."""
    found, places, wanted = [], {}, {}
    files = sorted(f for f in root.rglob("*") if f.is_file())
    for file in files:
        name = file.relative_to(root).as_posix()
        if not name.endswith((".html", ".atom", ".svg", ".css", ".ics")):
            continue
        links, page = links_of(name, file.read_text(encoding="utf-8"))
        if page:
            places[file] = page.places
            found += [
                f"{name} has a {control}, which needs a server" for control in sorted(page.controls)
            ]
        at = f"{BASE}/{name.removesuffix('index.html')}"
        for link in set(links):
            there = urlsplit(urljoin(at, link))
            if f"{there.scheme}://{there.netloc}" != BASE:
                continue
            target = file_for(root, there.path)
            if target is None or there.query:
                found.append(f"{name} links {link}, which is not there")
            elif there.fragment:
                wanted.setdefault(
                    (target, unquote(there.fragment)),
                    f"{name} links {link}, which has no such place",
                )
    found += [
        sentence
        for (target, place), sentence in wanted.items()
        if place not in places.get(target, ())
    ]
    return found + names_at_fault([f.relative_to(root).as_posix() for f in files])


def names_at_fault(names: list[str]) -> list[str]:
    """A sentence for each name that Windows or a web server takes for another, or refuses."""
    found = [
        f"{name} is no name on Windows"
        for name in names
        if any(WINDOWS.search(part) for part in name.split("/"))
    ]
    found += [f"{name} is too long" for name in names if len(name) > 180]
    found += [
        f"{name} is not plain ASCII"
        for name in names
        if not name.isascii() or "%" in name or "#" in name
    ]
    seen: dict[str, str] = {}
    for name in names:
        for part in [name, *(p.as_posix() for p in Path(name).parents)]:
            if seen.setdefault(part.lower(), part) != part:
                found.append(f"{part} and {seen[part.lower()]} differ in case alone")
    return found
