"""Make a release: fill dist/VERSION/ from the committed package.

The release is made in a temporary folder, which is renamed at the end: a release that is killed
leaves nothing that looks released.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from benefits import diff, repository, verify
from benefits.database.build import build
from benefits.documents import outdated_documents
from benefits.export import formats, one_file, static_copy
from benefits.files import atomic_write
from benefits.package import Package
from benefits.release.archive import write_catalogs, write_package
from benefits.release.notes import write_notes
from benefits.release.source import Refused, change_problems, find_release, load_valid
from benefits.version import version_problems

Say = Callable[[str], None]


def make(root: Path, say: Say) -> Path:
    """Make the release of the committed package, and return its folder dist/VERSION.

    `say` gets the name of each step. Raises BenefitsError, mostly Refused.
    """
    require_committed(root)
    say("validate")
    package = load_valid(root)
    version = package.descriptor["version"]
    target = root / "dist" / version
    if target.exists():
        raise Refused(f"dist/{version} exists: a release is made once")
    release, change = require_prepared(package)
    commit, epoch = repository.read_head(root)
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    require_same_archive(package, release, epoch)
    target.parent.mkdir(exist_ok=True)
    with atomic_write(target) as folder:
        folder.mkdir()
        try:
            write_data(package, folder, say)
            say("write notes and the data package")
            write_notes(package, release, change, commit, folder)
            write_package(package, release, folder, epoch)
            say("export the static site")
            static_copy.export(folder / "benefits.db", folder / "site", root)
            write_catalogs(package, release, folder)
            say("write checksums")
            write_checksums(folder)
            say("read every format back")
            problems = verify.checksum_problems(folder) + verify.cell_problems(folder)
        except sqlite3.Error as e:
            raise Refused(str(e)) from e
        if problems:
            raise Refused("the release does not hold together:\n" + "\n".join(problems))
    return target


# ---- what a release needs ----------------------------------------------------------------------


def require_committed(root: Path) -> None:
    """Raise Refused if the tree differs from the commit."""
    if paths := repository.uncommitted_paths(root):
        names = ", ".join(paths[:5])
        if len(paths) > 5:
            names += f" and {len(paths) - 5} more"
        raise Refused(
            f"the tree has changes that are not committed ({names}): commit or remove them first"
        )


def require_prepared(package: Package) -> tuple[dict, diff.Difference | None]:
    """Return the row of the release and its change. Raises Refused unless it is prepared."""
    version = package.descriptor["version"]
    release = find_release(package, version)
    if release is None:
        raise Refused(
            f"version {version} is not prepared: python scripts/release.py prepare --date"
            " YYYY-MM-DD, then commit"
        )
    problems, change = version_problems(package)
    problems += [f"{name} is out of date: make describe" for name in outdated_documents(package)]
    if change is not None and change.new_version != change.old_version:
        problems += change_problems(package, change, release)
    if problems:
        raise Refused("\n".join(problems))
    return release, change


def require_same_archive(package: Package, release: dict, epoch: int) -> None:
    """Raise Refused if releases/ has this version with other bytes than it would get now."""
    version = release["version"]
    path = package.root / "releases" / f"{version}.zip"
    if not path.is_file():
        return
    with tempfile.TemporaryDirectory() as place:
        write_package(package, release, Path(place), epoch)
        same = (Path(place) / f"benefits-{version}.zip").read_bytes() == path.read_bytes()
    if not same:
        raise Refused(
            f"releases/{version}.zip is kept, and this commit would make other bytes for it: a"
            " version is made once, from its own commit. For a new release raise `version` in"
            " datapackage.json, run release.py prepare, commit, and make it"
            " (docs/guides/releasing.md)"
        )


# ---- what a release holds ----------------------------------------------------------------------


def write_data(package: Package, folder: Path, say: Say) -> None:
    """Write the database and every format of its tables."""
    database = folder / "benefits.db"
    say("build the database")
    build(package, package.digests(), database)
    say("export CSV, JSON, JSON Lines, Parquet, XLSX")
    formats.export(database, folder)
    say("write the one-file browser")
    (folder / "benefits.html").write_bytes(one_file.render_page(database))


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of every file of the release."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / verify.SUMS).write_text("".join(lines), encoding="utf-8")
