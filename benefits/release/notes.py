"""Write the notes of a release, as Markdown and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from benefits import diff, version
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
    text = "\n".join(note_lines(package, release, change)) + "\n"
    (out / "release-notes.md").write_text(text, encoding="utf-8")
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    (out / "release-notes.json").write_text(text, encoding="utf-8")


def note_lines(package: Package, release: dict, change: diff.Difference | None) -> list[str]:
    """Return the notes as lines of Markdown."""
    lines = [
        f"# {package.descriptor['title']}, {release['version']}",
        "",
        f"Released {release['date']}, data through {package.descriptor['data_through']}.",
        "",
    ]
    if change is None:
        return [*lines, "The first release." if release["level"] == "first" else "As released."]
    with diff.open_package(str(version.last_release(package.root))) as before:
        lines += ["```text", diff.as_text(change, before, package).rstrip(), "```"]
    changes = [c for c in package.rows("changes") if c["version"] == release["version"]]
    reasons = sorted({c["reason"] for c in changes if c["reason"]})
    return [*lines, "", "## Reasons", "", *(f"- {reason}" for reason in reasons)]
