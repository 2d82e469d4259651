"""Write the notes of a release, as Markdown and as JSON, under three headings.

They are what is scheduled, what changed in the world and in the data, and what else a reader should
know. What is new in the world is told apart from what the dataset corrected.
"""

from __future__ import annotations

import json
from pathlib import Path

from benefits import diff, version
from benefits.dated import (
    COMMENTARY,
    PAST,
    SHOWN,
    TO_COME,
    DatedChanges,
    Key,
    day_in_words,
    heading_of,
)
from benefits.package import Package


def write_notes(
    package: Package, release: dict, change: diff.Difference | None, commit: str, out: Path
) -> None:
    """Write release-notes.md and release-notes.json into a folder.

    `release` is the row of data/releases.csv, `change` what changed since the last release.
    """
    if change is not None and change.new_version == change.old_version:
        change = None
    about = {
        "version": release["version"],
        "date": release["date"],
        "level": release["level"],
        "data_through": package.descriptor["data_through"],
        "commit": commit,
        "difference": None if change is None else diff.as_json(change),
    }
    if change is None:
        listed = news_of(package, None)
        lines = first_lines(release, listed)
    else:
        with diff.open_package(str(version.last_release(package.root))) as before:
            listed = news_of(package, before)
            lines = note_lines(package, release, listed, diff.as_text(change, before, package))
    about |= {
        "changes_to_come": listed[TO_COME],
        "changes_of_the_past": listed[PAST],
        "commentary": listed[COMMENTARY],
    }
    text = "\n".join([*head_lines(package, release), *lines]) + "\n"
    (out / "release-notes.md").write_text(text, encoding="utf-8")
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    (out / "release-notes.json").write_text(text, encoding="utf-8")


def head_lines(package: Package, release: dict) -> list[str]:
    """Return the title and the dates of a release."""
    return [
        f"# {package.descriptor['title']}, {release['version']}",
        "",
        f"Released {release['date']}, data through {package.descriptor['data_through']}.",
        "",
    ]


def first_lines(release: dict, listed: dict[str, list[str]]) -> list[str]:
    """Return the notes of a release that is compared with none: what is scheduled."""
    said = "The first release." if release["level"] == "first" else "As released."
    coming = section(TO_COME, listed[TO_COME], "Nothing is scheduled in the sources read.")
    return [said, "", *coming[:-1]]


def note_lines(
    package: Package, release: dict, listed: dict[str, list[str]], difference: str
) -> list[str]:
    """Return the notes as lines of Markdown. `difference` is that of the data, as text."""
    changes = [c for c in package.rows("changes") if c["version"] == release["version"]]
    reasons = sorted({c["reason"] for c in changes if c["reason"]})
    return [
        *section(TO_COME, listed[TO_COME], "Nothing new is scheduled in the sources read."),
        f"## {PAST}",
        "",
        "### In the world",
        "",
        "What this release is the first to say, or says in other words.",
        "",
        *bullets(listed[PAST], "Nothing new."),
        "",
        "### In the data",
        "",
        "```text",
        difference.rstrip(),
        "```",
        "",
        "### Reasons for corrections",
        "",
        *bullets(reasons, "Nothing was corrected."),
        "",
        f"## {COMMENTARY}",
        "",
        "Reports and statements that are new here. They change no rule.",
        "",
        *bullets(listed[COMMENTARY], "None."),
    ]


def section(heading: str, sentences: list[str], otherwise: str) -> list[str]:
    """Return a heading of Markdown with a list below it."""
    return [f"## {heading}", "", *bullets(sentences, otherwise), ""]


def bullets(sentences: list[str], otherwise: str) -> list[str]:
    """Return sentences as a list of Markdown, or a sentence that says that there are none."""
    return [f"- {sentence}" for sentence in sentences] or [otherwise]


def news_of(package: Package, before: Package | None) -> dict[str, list[str]]:
    """Return by heading what a package says of dated changes that the one before did not say.

    A change that was scheduled then and is past now counts as said again.
    """
    through = package.descriptor["data_through"]
    sql = DatedChanges.of_package(package)
    now = dated(sql, package)
    then = {} if before is None else dated(sql, before)
    through_then = "" if before is None else before.descriptor["data_through"]
    places = {j["jurisdiction"]: j["name"] for j in package.rows("jurisdictions")}
    news: dict[str, list[str]] = {TO_COME: [], PAST: [], COMMENTARY: []}
    for key, change in sorted(now.items(), key=lambda item: (item[1]["date"], item[0])):
        came = before is not None and through_then < change["date"] <= through
        if came or key not in then or sentence(then[key], places) != sentence(change, places):
            news[heading_of(change, through)].append(sentence(change, places))
    return news


def dated(sql: DatedChanges, package: Package) -> dict[Key, dict]:
    """Return the dated changes of a package by key."""
    return sql.apply({t: package.rows(t) for t in SHOWN})


def sentence(change: dict, places: dict[str, str]) -> str:
    """Return a dated change in words, as the answers say it."""
    place = f", {places[change['jurisdiction']]}" if change["jurisdiction"] else ""
    return f"{day_in_words(change['date'], change['date_precision'])}{place}: {change['in_words']}"
