"""Unpack the zip of a package, and refuse one that is damaged or malicious."""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from benefits.errors import BenefitsError

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# Text shrinks to a tenth at best; a zip that grows much more is made to fill a disk.
MAX_GROWTH, SMALL = 50, 10_000_000
# At most ten parts of at most 60 characters, none empty or a single dot: every disk can hold it.
PLAIN_NAME = re.compile(r"(?:(?!\./)[^/]{1,60}/){0,9}(?:(?!\.$)[^/]{1,60})?", re.DOTALL)
# What Python's zipfile raises besides BadZipFile if a zip is damaged.
DAMAGED = (
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    OSError,
)


class NoPackage(BenefitsError):
    """A name leads to nothing that can be read as a package."""


def unpack(path: Path, folder: str | Path, name: str) -> None:
    """Write the files of a zip into a folder. Raises NoPackage, which calls the zip `name`."""
    todo = "take the file again from where the release is published, or from the repository"
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            problem = zip_problem(archive, path.stat().st_size)
            if not problem and (bad := archive.testzip()):
                problem = f"is a damaged zip ({bad!r} is not whole)"
        except zipfile.BadZipFile as e:
            problem = f"is no zip or a damaged one ({e})"
        except DAMAGED as e:
            problem = f"is a damaged zip ({str(e) or type(e).__name__})"
        if problem:
            raise NoPackage(f"{name} {problem}: {todo}")
        archive.extractall(folder)  # an error here, such as a full disk, is not one of the zip


def zip_problem(archive: zipfile.ZipFile, size: int) -> str:
    """Return why a zip of `size` bytes cannot be unpacked safely, as a clause; empty if it can."""
    entries, names = archive.infolist(), set()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_GROWTH * size + SMALL:
        return f"would unpack to {total:,} bytes from {size:,}"
    for entry in entries:
        if problem := entry_problem(entry):
            return problem
        if entry.filename in names:
            return f"holds {entry.filename!r} twice"
        names.add(entry.filename)
    files = {name for name in names if not name.endswith("/")}
    folders = {str(folder) for name in names for folder in PurePosixPath(name + "x").parents}
    if both := sorted(files & folders):
        return f"holds {both[0]!r} as a file and as a folder"
    return "" if "datapackage.json" in files else "holds no datapackage.json"


def entry_problem(entry: zipfile.ZipInfo) -> str:
    """Return why a file of a zip cannot be unpacked safely, as a clause; empty if it can."""
    name = entry.orig_filename
    if name.startswith("/") or ".." in name.split("/") or any(c in name for c in "\\:\0"):
        return f"holds the name {name!r}, which leads out of it"
    if not PLAIN_NAME.fullmatch(name):
        return f"holds {name[:80]!r}, which is no plain name of a file"
    if entry.flag_bits & 0x1:
        return f"holds {entry.filename!r} encrypted"
    if entry.compress_type not in METHODS:
        method = entry.compress_type
        return f"holds {entry.filename!r} compressed by method {method}, which is not known"
    return ""
