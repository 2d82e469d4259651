"""Write the data package of a release as a zip, and describe its files for catalogs."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from benefits.export.catalogs import render_documents
from benefits.package import Package

IN_THE_PACKAGE = (
    "README.md",
    "LICENSE",
    "CITATION.cff",
    "CHANGELOG.md",
    "docs/reference/codebook.md",
    "docs/method/protocol.md",
    "docs/method/gaps.md",
)
EARLIEST_IN_A_ZIP = 315_532_800  # 1980-01-01, in seconds since 1970
OF_THE_ZIP = "ro-crate-metadata.json"  # the catalog document that stands in the zip


def write_package(package: Package, release: dict, out: Path, epoch: int) -> None:
    """Write benefits-VERSION.zip into a folder.

    `epoch` is the time of the commit, in seconds since 1970.
    """
    paths = ("datapackage.json", *(t.path for t in package.tables.values()), *IN_THE_PACKAGE)
    files = {path: (package.root / path).read_bytes() for path in paths}
    entries = [describe_file(path, raw) for path, raw in sorted(files.items())]
    files[OF_THE_ZIP] = render_documents(package, entries, release["date"])[OF_THE_ZIP]
    write_zip(out / f"benefits-{release['version']}.zip", files, epoch)


def write_zip(path: Path, files: dict[str, bytes], epoch: int) -> None:
    """Write files into a zip.

    They are stored, not deflated, so that no version of a compressor changes the bytes.
    """
    time = datetime.fromtimestamp(max(epoch, EARLIEST_IN_A_ZIP), tz=UTC).timetuple()[:6]
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, time)
            info.external_attr, info.create_system = 0o100644 << 16, 3
            archive.writestr(info, files[name])


def describe_file(path: str, raw: bytes) -> dict:
    """Return a file as catalogs describe it."""
    return {"path": path, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def write_catalogs(package: Package, release: dict, out: Path) -> None:
    """Write the catalog documents of the release folder; they skip the site."""
    site = out / "site"
    paths = [p for p in sorted(out.rglob("*")) if p.is_file() and not p.is_relative_to(site)]
    files = [describe_file(p.relative_to(out).as_posix(), p.read_bytes()) for p in paths]
    for name, document in render_documents(package, files, release["date"]).items():
        if name != OF_THE_ZIP:
            (out / name).write_bytes(document)
    shutil.copyfile(package.root / "CITATION.cff", out / "CITATION.cff")
