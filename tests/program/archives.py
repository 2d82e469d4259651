"""Packages as folders and as zip files, to compare and to damage."""

from __future__ import annotations

from benefits import diff, reading


def between(old, new):
    return diff.compare(reading.load(old), reading.load(new))
