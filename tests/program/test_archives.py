"""Damaged archives are refused in a sentence."""

from __future__ import annotations

import errno
import io
import warnings
import zipfile

import pytest

from benefits import diff
from benefits.package import ROOT
from support import run


def patched(raw, at, value):
    return raw[:at] + value + raw[at + len(value) :]


def every_entry(raw, local, central, value):
    """The zip with `value` at this offset of each local and central header."""
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = raw.find(signature)
        while at >= 0:
            raw = patched(raw, at + offset, value)
            at = raw.find(signature, at + 4)
    return raw


def made_zip(names, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as z:
        warnings.simplefilter("ignore")  # a name given twice
        for name, text in names:
            z.writestr(name, text)
    return out.getvalue()


KEPT = (ROOT / "releases" / "0.9.0.zip").read_bytes()


DAMAGED = {
    "no zip": (b"hello", "is no zip"),
    "empty": (b"", "is no zip"),
    "cut": (KEPT[: len(KEPT) // 2], "is no zip"),
    "encrypted": (every_entry(KEPT, 6, 8, b"\x01"), "encrypted"),
    "unknown method": (every_entry(KEPT, 8, 10, b"\x63"), "method 99"),
    "bomb": (
        made_zip([("datapackage.json", "0" * 50_000_000)], zipfile.ZIP_DEFLATED),
        "would unpack to 50,000,000",
    ),
    "leads out": (made_zip([("datapackage.json", "{}"), ("../x", "x")]), "leads out"),
    "absolute": (made_zip([("datapackage.json", "{}"), ("/x", "x")]), "leads out"),
    "twice": (made_zip([("datapackage.json", "{}"), ("datapackage.json", "{}")]), "twice"),
    "file and folder": (
        made_zip([("datapackage.json", "{}"), ("data", "x"), ("data/a.csv", "x")]),
        "holds 'data' as a file and as a folder",
    ),
    "a dot": (made_zip([("datapackage.json", "{}"), (".", "x")]), "no plain name"),
    "an empty part": (
        made_zip([("datapackage.json", "{}"), ("data//a.csv", "x")]),
        "no plain name",
    ),
    "long name": (made_zip([("datapackage.json", "{}"), ("a" * 256, "x")]), "no plain name"),
    "deep": (made_zip([("datapackage.json", "{}"), ("a/" * 3_000 + "a", "x")]), "no plain name"),
    "descriptor is a folder": (made_zip([("datapackage.json/", "")]), "no datapackage.json"),
    "no descriptor": (made_zip([("data/a.csv", "x")]), "no datapackage.json"),
    "descriptor is a list": (made_zip([("datapackage.json", "[]")]), "not a readable package"),
}


def test_a_full_disk_is_not_told_as_a_damaged_zip(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "whole.zip"
    path.write_bytes(made_zip([("datapackage.json", "{}")]))
    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    with pytest.raises(OSError, match="No space left"):
        diff.unpack(path, tmp_path / "out", "whole.zip")


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_archive_is_named_in_a_sentence(what, tmp_path):
    raw, said = DAMAGED[what]
    path = tmp_path / "1.0.0.zip"
    path.write_bytes(raw)
    with pytest.raises(diff.NoPackage, match="1.0.0.zip") as refused, diff.open_package(str(path)):
        pass
    assert said in str(refused.value)


@pytest.mark.slow
def test_verbs_on_a_damaged_archive_end_without_a_traceback(broken):
    (broken / "releases").mkdir()
    (broken / "releases" / "1.0.0.zip").write_bytes(DAMAGED["encrypted"][0])
    for done in (run("diff", broken / "releases" / "1.0.0.zip"), run("version", "--root", broken)):
        assert (
            done.returncode == 1 and "encrypted" in done.stderr and "Traceback" not in done.stderr
        )


def test_a_flipped_byte_anywhere_is_unpacked_or_refused(tmp_path):
    small = made_zip(
        [("datapackage.json", "{}" * 40), ("data/a.csv", "a\n" * 99)], zipfile.ZIP_DEFLATED
    )
    path, refused = tmp_path / "small.zip", 0
    for at in range(len(small)):
        path.write_bytes(patched(small, at, bytes([small[at] ^ 0xFF])))
        try:
            diff.unpack(path, tmp_path / "out" / str(at), "small.zip")
        except diff.NoPackage:
            refused += 1
    assert refused > len(small) / 2
