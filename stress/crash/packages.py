"""Make packages and clones to work on, with work for each verb."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benefits import diff, version
from benefits.errors import BenefitsError
from benefits.files import csv_text
from benefits.package import ROOT, Version
from benefits.reading import load
from stress.crash.tally import Tally
from stress.crash.verbs import digests, run_verb


def copy_package(folder: Path) -> Path:
    """Copy the package, without the verbs."""
    folder.mkdir(parents=True)
    for file in ("datapackage.json", "CITATION.cff"):
        shutil.copy(ROOT / file, folder)
    for part in ("data", "docs", "releases"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


def git(root: Path, *args: str) -> str:
    """Run git in a folder, and return what it prints."""
    who = ["-c", "user.name=Crash", "-c", "user.email=crash@example.org"]
    command = ["git", "-C", str(root), *who, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def clone_repository(folder: Path) -> Path:
    """Clone the last commit and prepare its next version, since a version is released only once."""
    git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    raise_version(folder)
    if message := run_verb("release", "--root", folder, *prepare_arguments(folder)):
        if "is prepared already" not in message:
            raise BenefitsError(f"the last commit cannot be prepared for a release: {message}")
        return folder
    run_verb("describe", "--root", folder)
    git(folder, "commit", "--quiet", "-am", "Prepare")
    return folder


def next_day(root: Path) -> str:
    """Return the first day on which the next release is allowed."""
    package = load(root, only=("releases",))
    days = [package.descriptor["data_through"], *(r["date"] for r in package.rows("releases"))]
    return (date.fromisoformat(max(days)) + timedelta(days=1)).isoformat()


def prepare_arguments(root: Path) -> list[str]:
    """Return the arguments by which the package is prepared for its next release."""
    return ["prepare", "--date", next_day(root), "--today", next_day(root)]


def raise_version(root: Path) -> None:
    """Give the package a version that is not kept yet, and a change that needs it."""
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    if (root / "releases" / f"{descriptor['version']}.zip").is_file():
        descriptor["version"] = str(Version.parse(descriptor["version"]).increment("patch"))
        descriptor["description"] += " Again."
        text = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")


# ---- work for the verbs ----


@dataclass
class Job:
    """A verb that has work on a package: its arguments, and the digests before and after it."""

    name: str
    start: Path
    arguments: list[str]
    before: dict[str, str]
    after: dict[str, str]

    def run(self, root: Path) -> str:
        """Run the verb on a package; return what it fails with, unless its work is done."""
        message = run_verb(self.name, "--root", root, *self.arguments)
        return "" if "is prepared already" in message else message


def jobs(folder: Path, tally: Tally) -> list[Job]:
    """Run each verb except `release make` without disturbance; return its work."""
    rows = []
    for name, arguments, ready in (
        ("validate", [], lambda root: None),
        ("build", [], lambda root: run_verb("validate", "--root", root)),
        ("canonical", [], lambda root: mix(root, "programs", "claims")),
        ("describe", [], outdate),
        ("release", prepare_arguments(ROOT), edit),
    ):
        start, done = copy_package(folder / f"{name}-start"), folder / f"{name}-done"
        ready(start)
        shutil.copytree(start, done)
        if message := run_verb(name, "--root", done, *arguments):
            tally.add("broken", f"{name} fails without any disturbance: {message}")
            continue
        rows.append(Job(name, start, arguments, digests(start), digests(done)))
    return rows


def mix(root: Path, *tables: str) -> None:
    """Reverse the rows of tables, so that `make sort` has work."""
    for table in tables:
        path = root / "data" / f"{table}.csv"
        head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(head + "".join(reversed(rows)), encoding="utf-8", newline="")


def outdate(root: Path) -> None:
    """Replace the documents, so that `make describe` has work."""
    for name in ("docs/reference/codebook.md", "docs/method/gaps.md", "CITATION.cff"):
        (root / name).write_text("old\n", encoding="utf-8")


def edit(root: Path) -> None:
    """Change a fact, with its reason and the version that it needs: ready to be prepared."""
    package = load(root)
    table = package.tables["programs"]
    path, name = root / table.path, table.rows[0]["name"]
    text = path.read_text(encoding="utf-8").replace(name, name + " II", 1)
    path.write_text(text, encoding="utf-8", newline="")
    place = ("programs", table.key_of(table.rows[0]), "name")
    reasons = version.read_reasons(root)[0] | {place: "It has a second name."}
    text = csv_text(version.REASONS, ([*where, why] for where, why in reasons.items()))
    (root / "releases" / "reasons.csv").write_text(text, encoding="utf-8", newline="")
    with diff.open_package(str(last_release(root))) as before:
        smallest = diff.compare(before, load(root)).smallest_version
    now = package.descriptor["version"]
    if Version.parse(now) < Version.parse(smallest):
        path = root / "datapackage.json"
        text = path.read_text(encoding="utf-8")
        text = text.replace(f'"version": "{now}"', f'"version": "{smallest}"', 1)
        path.write_text(text, encoding="utf-8")


def last_release(root: Path) -> Path:
    """Return the zip of the last release; without one nothing can be prepared."""
    path = version.last_release(root)
    if path is None:
        raise BenefitsError("releases/ is empty, so no change to it can be prepared")
    return path
