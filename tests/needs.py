"""Tests that need a program which this machine lacks: left out as a group and counted in the
last lines; with CI=true an error."""

from __future__ import annotations

import functools

import pytest

from benefits import setup

# Tests that use one of these fixtures need its program, or are slow because it is; other tests say
# so by a marker of that name.
FIXTURES = {
    "browser": ("chromium", "libatomic"),
    # A release, a static copy, all formats, the dataset in one file, feeds after a correction.
    **dict.fromkeys(("origin", "copy", "exported", "whole", "file", "spans", "revised"), ("slow",)),
}
REASON = "needs what is not installed: "


def needed(item) -> list[str]:
    """The programs that a test needs."""
    return sorted({mark.name for mark in item.iter_markers() if mark.name in setup.TOOLS})


def pytest_itemcollected(item):
    """A fixture's programs become markers, so that -m knows them; and `browser` is every
    test that opens one."""
    for name in {
        tool for fixture in getattr(item, "fixturenames", ()) for tool in FIXTURES.get(fixture, ())
    }:
        item.add_marker(name)
    if item.get_closest_marker("chromium"):
        item.add_marker("browser")


def pytest_configure(config):
    if not __debug__:
        raise pytest.UsageError(
            "PYTHONOPTIMIZE takes the checks out of the tests: run them without it, as `make test`"
            " does"
        )


@functools.cache
def absent() -> set[str]:
    return set(setup.missing_tools(setup.TOOLS))


@pytest.hookimpl(tryfirst=True)  # before any fixture is made
def pytest_runtest_setup(item):
    lacking = [tool for tool in needed(item) if tool in absent()]
    if lacking and setup.in_ci():
        pytest.fail(
            f"CI is true, and this test {REASON}{', '.join(lacking)}. {bring(lacking)}",
            pytrace=False,
        )
    if lacking:
        pytest.skip(REASON + ", ".join(lacking))


def bring(tools) -> str:
    return (
        f"This brings what is missing: {setup.install_command([setup.TOOLS[t][0] for t in tools])}"
    )


def told(left_out: dict[str, list[str]]) -> str:
    """How many tests need what is missing, and the one command that brings it."""
    tools = sorted({tool for lacking in left_out.values() for tool in lacking})
    counts = ", ".join(
        f"{tool} ({sum(tool in lacking for lacking in left_out.values())})" for tool in tools
    )
    count = f"{len(left_out)} test{'s were' if len(left_out) != 1 else ' was'}"
    return f"{count} not run, for want of {counts}. {bring(tools)}"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """Counted from the reports, which is all that comes here from the processes of pytest-xdist."""
    left_out = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(REASON):
            left_out[report.nodeid] = reason.removeprefix(REASON).split(", ")
        else:
            terminalreporter.write_line(f"not run: {report.nodeid} ({reason})")
    if left_out:
        terminalreporter.write_line(told(left_out), yellow=True)
