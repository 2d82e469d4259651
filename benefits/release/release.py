"""A prepared, committed package -> dist/VERSION/, whole or not at all.

`make` refuses a dirty tree, faults, a version that the changes do not allow, and a version that
exists. Everything is made beside and renamed at the end: a release that is killed leaves nothing
that looks released. docs/guides/releasing.md has the commands in order."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benefits import canonical, diff, history, periods, repository, verify, version
from benefits import documents as describe
from benefits.database import build
from benefits.export import catalogs
from benefits.export import formats as export
from benefits.export import one_file as browser
from benefits.export import static_copy as site_export
from benefits.files import atomic_write, remove_stale
from benefits.package import WRITTEN_BY_THE_RELEASE, Package
from benefits.periods import is_iso_date
from benefits.reading import load
from benefits.validation import check

IN_THE_PACKAGE = (
    "README.md",
    "LICENSE",
    "CITATION.cff",
    "CHANGELOG.md",
    "docs/reference/codebook.md",
    "docs/method/protocol.md",
    "docs/method/gaps.md",
)


class Refused(Exception):
    """The release cannot be made; the message is a sentence for a person."""


# ---- prepare -------------------------------------------------------------------------------------


def prepare(root: Path, day: str, today: str) -> str:
    """Write what changed since the last release into data/changes.csv, with its reasons, and
    the release into data/releases.csv."""
    given = root / "releases" / "reasons.csv"
    for path in (*(root / "data" / f"{table}.csv" for table in WRITTEN_BY_THE_RELEASE), given):
        remove_stale(path)
    package = whole(root)
    name = package.descriptor["version"]
    problems, change = version.problems_of(package)
    # One that was killed has written the release and not the changes: it is done again.
    begun = next((r for r in package.rows("releases") if r["version"] == name), None)
    if begun and (
        change is None or change.level == "none" or not unwritten(package, change, begun)
    ):
        raise Refused(f"version {name} is prepared already")
    problems += day_problems(package, day, today)
    if problems:
        raise Refused("\n".join(problems))
    if change is not None and change.level == "none":
        raise Refused(f"nothing changed since {change.old_version}")
    made = (
        [] if change is None else history.change_rows(change, name, day, version.reasons(root)[0])
    )
    releases = [
        {"version": name, "date": day, "level": "first" if change is None else change.level}
    ]
    texts = {}
    for table, rows in zip(WRITTEN_BY_THE_RELEASE, (releases, made)):
        kept = [r for r in package.rows(table) if r["version"] != name]
        texts[package.tables[table].path] = canonical.canonical(
            replace(package.tables[table], rows=kept + rows)
        )
    check_result(package, texts)
    for name_of_file, text in texts.items():
        with atomic_write(root / name_of_file) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
    given.parent.mkdir(exist_ok=True)
    with atomic_write(given) as beside:  # last: until then it can be done again
        beside.write_text(",".join(version.REASONS) + "\n", encoding="utf-8")
    return f"{name}: {len(made):,} changes written"


def day_problems(package: Package, day: str, today: str) -> list[str]:
    """Why a release of the package cannot have this day, as sentences."""
    name, found = package.descriptor["version"], []
    accepted = "expected a day as YYYY-MM-DD, after the last release and not after today"
    if not is_iso_date(day):
        return [f"--date is {day!r}, {accepted}"]
    others = [r for r in package.rows("releases") if r["version"] != name]
    last = max(others, key=lambda r: history.order(r["version"]), default=None)
    if last and day <= max(r["date"] for r in others):
        found.append(
            f"--date is {day}, and {last['version']} was released on {last['date']}: {accepted}"
        )
    if last and history.order(name) <= history.order(last["version"]):
        found.append(
            f"datapackage.json: version {name} is not after {last['version']}, which is released:"
            " raise it"
        )
    if day > today:
        found.append(
            f"--date is {day}, and today is {today}: {accepted} (--today says which day it is)"
        )
    if not periods.EARLIEST <= day <= periods.LATEST:
        found.append(
            f"--date is {day}, not between {periods.EARLIEST} and {periods.LATEST}: {accepted}"
        )
    if day < package.descriptor["data_through"]:
        found.append(
            f"--date is {day}, before data_through {package.descriptor['data_through']}: release"
            " later, or correct data_through"
        )
    return found


def check_result(package: Package, texts: dict[str, str]) -> None:
    """Validate the package as it would be with these files, before one is written. Raises
    Refused."""
    with tempfile.TemporaryDirectory() as place:
        for path in ("datapackage.json", *(t.path for t in package.tables.values())):
            target = Path(place) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if path in texts:
                target.write_text(texts[path], encoding="utf-8", newline="")
            else:
                shutil.copyfile(package.root / path, target)
        faults = check.package_faults(load(Path(place)))
    if faults:
        told = "\n".join(map(str, faults[:20]))
        raise Refused(
            f"nothing was written, since the result would have {len(faults)} faults; correct the"
            f" data or releases/reasons.csv:\n{told}"
        )


def whole(root: Path) -> Package:
    package = load(root)
    faults = check.package_faults(package)
    if faults:
        raise Refused(
            f"the package has {len(faults)} faults, the first: {faults[0]}; run make check"
        )
    return package


# ---- make ----------------------------------------------------------------------------------------


def make(root: Path, say) -> Path:
    """Build the release of the committed package into dist/VERSION. Raises Refused."""
    changed = repository.uncommitted(root)
    if changed:
        named = ", ".join(changed[:5]) + (
            f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        )
        raise Refused(
            f"the tree has changes that are not committed ({named}): commit or remove them first"
        )
    say("validate")
    package = whole(root)
    name = package.descriptor["version"]
    target = root / "dist" / name
    if target.exists():
        raise Refused(f"dist/{name} exists: a release is made once")
    release = next((r for r in package.rows("releases") if r["version"] == name), None)
    if release is None:
        raise Refused(
            f"version {name} is not prepared: python scripts/release.py prepare --date YYYY-MM-DD,"
            " then commit"
        )
    problems, change = version.problems_of(package)
    problems += [f"{n} is out of date: make describe" for n in describe.outdated_documents(package)]
    if change is not None and change.new_version != change.old_version:
        problems += unwritten(package, change, release)
    if problems:
        raise Refused("\n".join(problems))
    _, epoch = repository.head(root)
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    kept_problem(root, package, release, epoch)
    target.parent.mkdir(exist_ok=True)
    with atomic_write(target) as beside:
        beside.mkdir()
        say("build the database")
        build.build(package, package.digests(), beside / "benefits.db")
        say("export CSV, JSON, JSON Lines, Parquet, XLSX")
        export.export(beside / "benefits.db", beside)
        say("write the one-file browser")
        (beside / "benefits.html").write_bytes(browser.page(beside / "benefits.db"))
        say("write notes and the data package")
        notes(root, package, release, change, beside)
        pack(root, package, release, beside, epoch)
        say("export the static site")
        site_export.export(beside / "benefits.db", beside / "site", root)
        write_catalogs(package, release, beside)
        say("write checksums")
        names = sorted(p.relative_to(beside).as_posix() for p in beside.rglob("*") if p.is_file())
        (beside / verify.SUMS).write_text(
            "".join(
                f"{hashlib.sha256((beside / n).read_bytes()).hexdigest()}  {n}\n" for n in names
            ),
            encoding="utf-8",
        )
        say("read every format back")
        problems = verify.checksum_problems(beside) + verify.cell_problems(beside)
        if problems:
            raise Refused("the release does not hold together:\n" + "\n".join(problems))
    return target


def kept_problem(root: Path, package: Package, release: dict, epoch: int) -> None:
    """Raise Refused where this version is kept in releases/ with other bytes than would be
    made now."""
    name = release["version"]
    kept = root / "releases" / f"{name}.zip"
    if not kept.is_file():
        return
    with tempfile.TemporaryDirectory() as place:
        pack(root, package, release, Path(place), epoch)
        same = (Path(place) / f"benefits-{name}.zip").read_bytes() == kept.read_bytes()
    if not same:
        raise Refused(
            f"releases/{name}.zip is kept, and this commit would make other bytes for it: a version"
            " is made once, from its own commit. For a new release raise `version` in"
            " datapackage.json, run release.py prepare, commit, and make it"
            " (docs/guides/releasing.md)"
        )


def unwritten(package: Package, change: diff.Difference, release: dict) -> list[str]:
    """Return a sentence unless data/changes.csv says exactly what differs from the last release."""

    def key(c: dict) -> tuple:
        return c["table"], c["record"], c["field"], c["old"], c["new"]

    expected = history.change_rows(change, release["version"], release["date"], {})
    rows = [c for c in package.rows("changes") if c["version"] == release["version"]]
    if sorted(map(key, expected), key=repr) == sorted(map(key, rows), key=repr):
        return []
    return [
        "data/changes.csv does not say what changed: the data was edited after it was prepared; "
        "take the prepared rows back and prepare again"
    ]


def notes(
    root: Path, package: Package, release: dict, change: diff.Difference | None, out: Path
) -> None:
    about = {
        "version": release["version"],
        "date": release["date"],
        "level": release["level"],
        "data_through": package.descriptor["data_through"],
        "commit": repository.head(root)[0],
    }
    text = [
        f"# {package.descriptor['title']}, {release['version']}",
        "",
        f"Released {release['date']}, data through {about['data_through']}.",
        "",
    ]
    if change is None or change.new_version == change.old_version:
        text += ["The first release." if release["level"] == "first" else "As released."]
        difference = None
    else:
        difference = diff.as_json(change)
        with diff.open_package(str(version.last_release(root))) as before:
            text += ["```text", diff.as_text(change, before, package).rstrip(), "```"]
        why = sorted(
            {
                c["reason"]
                for c in package.rows("changes")
                if c["version"] == release["version"] and c["reason"]
            }
        )
        text += ["", "## Reasons", "", *(f"- {r}" for r in why)]
    (out / "release-notes.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    (out / "release-notes.json").write_text(
        json.dumps(about | {"difference": difference}, indent=2, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )


def pack(root: Path, package: Package, release: dict, out: Path, epoch: int) -> None:
    """The data package as a zip: stored, not deflated, so that no version of a compressor
    changes its bytes."""
    files = {"datapackage.json": (root / "datapackage.json").read_bytes()}
    files |= {t.path: (root / t.path).read_bytes() for t in package.tables.values()}
    files |= {n: (root / n).read_bytes() for n in IN_THE_PACKAGE}
    crate = catalogs.documents(
        package, [described(n, raw) for n, raw in sorted(files.items())], release["date"]
    )["ro-crate-metadata.json"]
    write_zip(
        out / f"benefits-{release['version']}.zip", files | {"ro-crate-metadata.json": crate}, epoch
    )


def write_zip(path: Path, files: dict[str, bytes], epoch: int) -> None:
    when = datetime.fromtimestamp(max(epoch, 315_532_800), tz=UTC).timetuple()[:6]
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, when)
            info.external_attr, info.create_system = 0o100644 << 16, 3
            archive.writestr(info, files[name])


def described(name: str, raw: bytes) -> dict:
    return {"path": name, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def write_catalogs(package: Package, release: dict, out: Path) -> None:
    listed = [
        p for p in sorted(out.rglob("*")) if p.is_file() and not p.is_relative_to(out / "site")
    ]
    files = [described(p.relative_to(out).as_posix(), p.read_bytes()) for p in listed]
    for name, document in catalogs.documents(package, files, release["date"]).items():
        if name != "ro-crate-metadata.json":  # which is in the zip, for what the zip holds
            (out / name).write_bytes(document)
    shutil.copyfile(package.root / "CITATION.cff", out / "CITATION.cff")
